"""What a command or a step of CI does to a cluster: deploys to it, makes a throw-away one, logs in to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from gitops_guard.model.ci import Job, Repository, Run, called, steps
from gitops_guard.model.shell import Command, program

PROGRAMS: Final = (
    "kubectl", "oc", "helm", "helmfile", "argocd", "flux", "skaffold", "kapp", "timoni", "tk", "werf", "kluctl", "kn",
    "devspace",
)  # fmt: skip
_CHANGES: Final = frozenset(
    {"apply", "create", "replace", "patch", "delete", "edit", "set", "scale", "autoscale", "annotate", "label",
     "expose", "rollout", "new-app"}
)  # fmt: skip
_HELM_CHANGES: Final = frozenset({"install", "upgrade", "uninstall", "delete", "del", "rollback"})
_ARGO_CHANGES: Final = frozenset(
    {"create", "delete", "set", "unset", "patch", "sync", "rollback", "terminate-op", "delete-resource",
     "patch-resource", "edit", "actions"}
)  # fmt: skip
_SIMPLE: Final[Mapping[str, frozenset[str]]] = {
    "helmfile": frozenset({"apply", "sync", "destroy", "delete"}),
    "skaffold": frozenset({"run", "deploy", "apply", "delete", "dev"}),
    "kapp": frozenset({"deploy", "delete"}),
    "timoni": frozenset({"apply", "delete"}),
    "tk": frozenset({"apply", "delete", "prune"}),
    "werf": frozenset({"converge", "dismiss"}),
    "kluctl": frozenset({"deploy", "delete", "prune"}),
    "devspace": frozenset({"deploy", "purge"}),
}
# What nobody declares in Git, so that nothing differs from it afterwards; and what only looks.
_NOT_DECLARED: Final[Mapping[str, frozenset[str]]] = {
    "delete": frozenset({"pod", "pods", "po"}),
    "create": frozenset({"token", "job"}),
}
_LOOKS: Final = frozenset({"status", "history", "view-last-applied", "list"})
_FLUX_CHANGES: Final = frozenset({"create", "delete", "suspend", "resume"})
_DRY: Final = re.compile(r"--(?:server-)?dry-run(?:=(?!none\b|false\b).*)?|--diff-run|--export|--local|--help|-h")
_DRY_VARIABLE: Final = re.compile(r"\$\{?\w{0,60}(?:DRY|dry)")
# Options with a value behind a blank, which stand before the verb.
_VALUED: Final = frozenset(
    {"-n", "-s", "-v", "-l", "-f", "-e", "-c", "--namespace", "--context", "--cluster", "--user", "--kubeconfig",
     "--server", "--token", "--as", "--as-group", "--kube-context", "--kube-token", "--kube-apiserver",
     "--request-timeout", "--certificate-authority", "--client-certificate", "--client-key", "--environment", "--file",
     "--selector", "--auth-token", "--server-crt", "--config", "--registry-config", "--timeout", "--helm-binary",
     "--kube-version", "--cache-dir", "--profile", "--filename", "--default-repo", "--tls-server-name"}
)  # fmt: skip
_LOCAL: Final = re.compile(
    r"(?:kind|k3d|minikube|docker-desktop|docker-for-desktop|microk8s|rancher-desktop|orbstack)\b"
)

_CLUSTERS: Final = frozenset(
    {
        "kind",
        "k3d",
        "minikube",
        "k3s",
        "microk8s",
        "kwok",
        "kwokctl",
        "kubesolo",
        "vcluster",
        "ctlptl",
        "k0s",
        "envtest",
    }
)
_TARGETS: Final = frozenset({"make", "task", "just", "mage"})
_TESTS: Final = frozenset({"e2e", "integration", "acceptance", "cluster"})
_PARTS: Final = re.compile(r"[a-z0-9]+")
_MAKING: Final = frozenset({"create", "start", "apply", "server", "install", "up", "get", "load"})
_CLOUD_MADE: Final = (
    ("gcloud", "clusters", "create"), ("gcloud", "clusters", "create-auto"), ("eksctl", "create", "cluster"),
    ("az", "aks", "create"), ("doctl", "cluster", "create"), ("civo", "kubernetes", "create"),
    ("replicated", "cluster", "create"), ("openshift-install", "create", "cluster"), ("rosa", "create", "cluster"),
)  # fmt: skip
_CALLERS: Final = frozenset(
    {"make", "task", "just", "mage", "earthly", "nix", "npm", "yarn", "go", "tilt", "gradle", "mvn"}
)

# Names in lower case, without version: actions, orbs, pipes, tasks of Azure and Tekton, steps of Jenkins, plugins of
# Drone. No regular expressions: compiling them cost more than all the rest.
_DEPLOY_ACTIONS: Final = frozenset(
    {"argocd-task-sync-and-wait", "atlassian/aws-eks-kubectl-run", "atlassian/azure-aks-deploy",
     "atlassian/azure-aks-helm-deploy", "atlassian/google-gke-kubectl-run", "atlassian/kubectl-run",
     "aws-eks/update-container-image", "azure/k8s-create-secret", "azure/k8s-deploy",
     "bitovi/github-actions-deploy-eks-helm", "deliverybot/helm", "drone-gke", "drone-helm", "drone-helm3",
     "drone-kubernetes", "gke-deploy", "helm-upgrade-from-repo", "helm-upgrade-from-source", "helm/delete-helm-release",
     "helm/install-helm-chart", "helm/upgrade-helm-chart", "helmdeploy", "koslib/helm-eks-action",
     "kubernetes/create-or-update-resource", "kubernetes/delete-resource", "kubernetes/update-container-image",
     "kubernetesdeploy", "kubernetesmanifest", "omegion/argocd-app-actions", "openshift.apply", "openshift.create",
     "vimeda/helm"}
)  # fmt: skip
_AZURE_KUBERNETES: Final = "Kubernetes@"  # too common a word without the version of a task
# Actions that are a program: what they do stands in their arguments.
_PROGRAM_ACTIONS: Final[Mapping[str, str]] = {
    "actions-hub/kubectl": "kubectl", "steebchen/kubectl": "kubectl", "kodermax/kubectl-aws-eks": "kubectl",
    "danielr1996/kubectl-action": "kubectl", "clowdhaus/argo-cd-action": "argocd",
}  # fmt: skip
_READING: Final = frozenset(
    {"bake", "template", "lint", "package", "save", "init", "get", "describe", "logs", "login", "logout", "version",
     "diff", "wait", "explain", "ls", "top"}
)  # fmt: skip
_LOGIN_ACTIONS: Final = frozenset(
    {"actions-hub/kubectl", "atlassian/aws-eks-kubectl-run", "atlassian/azure-aks-deploy",
     "atlassian/azure-aks-helm-deploy", "atlassian/google-gke-kubectl-run", "atlassian/kubectl-run",
     "aws-eks/update-kubeconfig-with-authenticator", "azure/aks-set-context", "azure/k8s-set-context",
     "danielr1996/kubectl-action", "gcp-gke/update-kubeconfig-with-credentials",
     "google-github-actions/get-gke-credentials", "kodermax/kubectl-aws-eks", "kubeconfigcontent", "kubeconfigfile",
     "kubernetes/install-kubeconfig", "openshift.withcluster", "redhat-actions/oc-login", "steebchen/kubectl",
     "tale/kubectl-action", "teleport-actions/auth-k8s", "withkubeconfig", "withkubecredentials"}
)  # fmt: skip
_LOGINS: Final = tuple(
    tuple(line.split())
    for line in (
        "argocd login",
        "aws eks update-kubeconfig",
        "az aks get-credentials",
        "civo kubernetes config",
        "doctl k8s cluster kubeconfig",
        "doctl kubernetes cluster kubeconfig save",
        "eksctl utils write-kubeconfig",
        "gcloud container clusters get-credentials",
        "gcloud container fleet memberships get-credentials",
        "ibmcloud cluster config",
        "kubectl config set-credentials",
        "linode-cli lke kubeconfig-view",
        "oc login",
        "oci ce cluster create-kubeconfig",
        "rancher login",
        "scw k8s kubeconfig install",
        "tsh kube login",
        "vultr-cli kubernetes config",
    )
)
_LOGIN_PROGRAMS: Final = frozenset(words[0] for words in _LOGINS)
# What a text has to hold to be of interest at all.
WORDS: Final = (
    *PROGRAMS,
    *sorted(_TESTS),
    *sorted(_CLUSTERS),
    *sorted(_LOGIN_PROGRAMS - set(PROGRAMS)),
    "kubeconfig",
    ".kube",
    "KUBECONFIG",
)


class Deployment(NamedTuple):
    """*what* names the command without its arguments; *is_nudge*: it only hurries an agent that takes from Git."""

    what: str
    is_nudge: bool = False


def deployment(command: Command) -> Deployment | None:
    """What a command changes in a cluster, None where it changes nothing."""
    if not command.words:
        return None
    name = program(command.words[0])
    if name not in PROGRAMS or _is_dry(command.words):
        return None
    verbs = _verbs(command.words)
    if not verbs or _is_local(command.words):
        return None
    if name in ("kubectl", "oc"):
        return _of_kubectl(name, verbs)
    if name == "argocd":
        return _of_argo(verbs)
    if name == "flux":
        return _of_flux(verbs)
    if name == "helm":
        verb = verbs[1] if verbs[0] == "secrets" and len(verbs) > 1 else verbs[0]
        return Deployment(f"helm {verb}") if verb in _HELM_CHANGES else None
    if name == "timoni" and verbs[0] == "bundle":
        verbs = verbs[1:]
    if name == "kn":
        return Deployment("kn service") if verbs[0] == "service" and _CHANGES.intersection(verbs[1:2]) else None
    return Deployment(f"{name} {verbs[0]}") if verbs and verbs[0] in _SIMPLE.get(name, ()) else None


def _of_kubectl(name: str, verbs: list[str]) -> Deployment | None:
    verb, *following = verbs
    target = following[0].partition("/")[0].lower() if following else ""
    if verb == "auth" and target == "reconcile":
        return Deployment(f"{name} auth reconcile")
    if verb not in _CHANGES or target in _LOOKS:
        return None
    if verb in ("delete", "create") and target in _NOT_DECLARED[verb]:
        return None
    return Deployment(f"{name} rollout {target}" if verb == "rollout" and target else f"{name} {verb}")


def _of_argo(verbs: list[str]) -> Deployment | None:
    group, verb = verbs[0], verbs[1] if len(verbs) > 1 else ""
    if group in ("app", "appset", "proj", "repo", "cluster") and verb in (*_ARGO_CHANGES, "add", "rm"):
        return Deployment(f"argocd {group} {verb}", is_nudge=group == "app" and verb == "sync")
    return None


def _of_flux(verbs: list[str]) -> Deployment | None:
    if verbs[0] == "reconcile":
        return Deployment("flux reconcile", is_nudge=True)
    return Deployment(f"flux {verbs[0]}") if verbs[0] in _FLUX_CHANGES else None


def _verbs(words: tuple[str, ...]) -> list[str]:
    """The first plain words behind the program: the verb, and what it is about."""
    found: list[str] = []
    skip = False
    for word in words[1:]:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word in _VALUED
        else:
            found.append(word)
            if len(found) == 3:
                break
    return found


def _is_dry(words: tuple[str, ...]) -> bool:
    for number, word in enumerate(words):
        if word.startswith("-") and _DRY.fullmatch(word):
            following = words[number + 1] if number + 1 < len(words) else ""
            return following not in ("none", "false")
        if "$" in word and _DRY_VARIABLE.search(word):
            return True
    return False


def _is_local(words: tuple[str, ...]) -> bool:
    """Whether the command names a cluster that runs on this very machine."""
    for number, word in enumerate(words[:-1]):
        if word in ("--context", "--kube-context", "--kubeconfig") and _names_local(words[number + 1]):
            return True
    return any(
        word.startswith(("--context=", "--kube-context=", "--kubeconfig=")) and _names_local(word.partition("=")[2])
        for word in words
    )


def _names_local(value: str) -> bool:
    return _LOCAL.match(program(value)) is not None


def makes_cluster(command: Command) -> bool:
    """Whether a command makes a cluster for this job, or calls something whose name says so."""
    words = command.words
    if not words:
        return False
    name = program(words[0])
    if name in _CLUSTERS:
        return len(words) > 1 and not _MAKING.isdisjoint(words[1:4])
    if name in ("curl", "wget"):
        return any("get.k3s.io" in word for word in words)
    if name == "docker":
        return any(word.startswith(("rancher/k3s", "kindest/node")) for word in words)
    if name in _CALLERS or words[0].startswith((".", "/")) or words[0].endswith(".sh"):
        return any(_is_named_so(word) for word in words[:4])
    return _follows(words, _CLOUD_MADE)


def _is_named_so(word: str) -> bool:
    """`kind-up`, `./hack/k3d.sh`; not `--kind` and `KIND=Deployment`, which are about something else."""
    return (
        len(word) < 200
        and not word.startswith("-")
        and "=" not in word
        and not _CLUSTERS.isdisjoint(_PARTS.findall(word.lower()))
    )


def is_cluster_action(uses: str) -> bool:
    """Whether an action, an orb, a service makes a cluster: `helm/kind-action`, `rancher/k3s:v1`."""
    parts = _PARTS.findall(uses.partition("@")[0].lower()[:200])
    if not _CLUSTERS.isdisjoint(parts) or "kindest" in parts:
        return True
    return "cluster" in parts and ("create" in parts or "setup" in parts) and "kubernetes" not in parts


def deploying_action(uses: str, settings: Mapping[str, Any]) -> str:
    """What an action, a task, an orb, a pipe deploys with; "" where it does not, or only reads."""
    name = uses.partition("@")[0] if "/" in uses else uses
    if name.lower() in _PROGRAM_ACTIONS:
        given = " ".join(str(settings.get(key) or "") for key in ("command", "args", "options")).split()
        found = deployment(Command((_PROGRAM_ACTIONS[name.lower()], *given), ()))
        return f"{name} ({found.what})" if found is not None else ""
    if not uses.startswith(_AZURE_KUBERNETES) and _DEPLOY_ACTIONS.isdisjoint(_names(uses)):
        return ""
    verb = next((settings[key] for key in ("command", "action", "KUBECTL_COMMAND") if key in settings), "")
    if isinstance(verb, str) and verb.split()[:1] and verb.split()[0].lower() in _READING:
        return ""
    is_dry = any(str(settings.get(key)).lower() in ("true", "client", "server") for key in ("dry-run", "dryRun"))
    return "" if is_dry else name


def is_on_own_cluster(job: Job, found: Iterable[Run], repository: Repository) -> bool:
    """Whether a job makes the cluster that it works on."""
    if any(is_cluster_action(image) for image in job.images):
        return True
    if any(step.uses and is_cluster_action(step.uses) for step in steps(job, repository)):
        return True
    runs = list(found)
    if any(makes_cluster(run.command) for run in runs):
        return True
    return any(_may_make_one(run, repository) for run in runs) and not any(login(run.command) for run in runs)


def _may_make_one(run: Run, repository: Repository) -> bool:
    """Whether nobody can read what a command does, and its name is that of a test on a cluster: `make e2e-setup`."""
    words = run.command.words
    if not words:
        return False
    name = called(words)
    if name.endswith((".sh", ".bash")):
        if repository.script(name, run.step.folder, run.script.file.path) is not None:
            return False
        return not repository.is_complete or _is_test(name)
    return program(words[0]) in _TARGETS and any(_is_test(word) for word in words[1:4])


def _is_test(word: str) -> bool:
    return len(word) < 200 and not _TESTS.isdisjoint(_PARTS.findall(word.lower()))


def login_action(uses: str) -> bool:
    """Whether an action gives the steps behind it access to a cluster."""
    return not _LOGIN_ACTIONS.isdisjoint(_names(uses))


def _names(uses: str) -> tuple[str, str]:
    """The name of an action without its version, and the last part of that: `registry.example/drone-helm3:1`."""
    name = uses[:300].partition("@")[0].lower()
    folder, slash, last = name.rpartition("/")
    last = last.partition(":")[0]
    return f"{folder}{slash}{last}", last


def login(command: Command) -> str:
    """The name of a command that gives the job access to a cluster; "" for all others."""
    words = command.words
    for target in command.writes:
        if _is_kubeconfig(target):
            return "a kubeconfig that the step writes"
    if not words:
        return ""
    name = program(words[0])
    if name not in _LOGIN_PROGRAMS or "--help" in words:
        return ""
    plain = _verbs_all(words)
    for wanted in _LOGINS:
        if wanted[0] == name and _in_order(wanted[1:], plain):
            return f"`{' '.join(wanted)}`"
    return ""


def _is_kubeconfig(target: str) -> bool:
    lowered = target[:300].lower()
    if ".kube/config" in lowered or lowered.startswith(("$kubeconfig", "${kubeconfig")):
        return True
    return lowered.removesuffix(".yaml").removesuffix(".yml").endswith("kubeconfig")


def _verbs_all(words: Iterable[str]) -> list[str]:
    return [word for word in words if not word.startswith("-")][1:8]


def _follows(words: tuple[str, ...], known: tuple[tuple[str, ...], ...]) -> bool:
    name = program(words[0])
    plain = _verbs_all(words)
    return any(wanted[0] == name and _in_order(wanted[1:], plain) for wanted in known)


def _in_order(wanted: tuple[str, ...], words: list[str]) -> bool:
    at = 0
    for word in words:
        at += at < len(wanted) and word == wanted[at]
    return at == len(wanted)
