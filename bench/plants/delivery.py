"""How changes reach the cluster: pipelines that deploy, agents that are told not to, environments that mix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bench.plants.ground import Ground, Plant, plants
from gitops_guard.model.resource import FileKind, Resource, SourceFile
from gitops_guard.model.workload import value_at

_TEST_CLUSTERS = (b"kind", b"k3d", b"k3s", b"minikube")
_FOR_TESTS = ("test", "e2e", "smoke", "preview", "review")  # what such a job deploys is thrown away
_ANYWHERE = frozenset({("*", 0)})


def _workflows(ground: Ground) -> Iterator[tuple[SourceFile, Mapping[str, Any]]]:
    """Workflows of GitHub that start no cluster of their own."""
    for file in ground.files_of_kind(FileKind.CI_WORKFLOW):
        body = file.documents[0].body if file.documents else None
        is_plain = not any(name in file.data for name in _TEST_CLUSTERS)
        if file.path.startswith(".github/workflows/") and isinstance(body, dict) and is_plain:
            yield file, body


def _step(ground: Ground, snippet: str) -> Iterator[Plant | None]:
    """A step more, in front of the last one of each job, beside an agent."""
    for file, body in _workflows(ground):
        jobs = body.get("jobs")
        for name, job in jobs.items() if isinstance(jobs, dict) else ():
            steps = job.get("steps") if isinstance(job, dict) else None
            if not isinstance(steps, list) or not steps or any(word in name for word in _FOR_TESTS):
                continue
            line = file.locate(0, ("jobs", name, "steps", len(steps) - 1)).line
            text = ground.lines(file.path)[line - 1]
            indent = len(text) - len(text.lstrip())
            if text[indent:].startswith("- "):
                yield ground.beside_agent(ground.before(file.path, line, indent, snippet))


def _each(rule: str, forms: Mapping[str, str]) -> None:
    for form, snippet in forms.items():

        @plants(rule, form)
        def _(ground: Ground, snippet: str = snippet) -> Iterator[Plant | None]:
            yield from _step(ground, snippet)


_each(
    "ci-deploys-directly",
    {
        "kubectl apply": "- name: Deploy\n  run: kubectl apply -f deploy/ «",
        "helm upgrade": "- name: Deploy\n  run: |\n    echo deploying\n    helm upgrade --install shop ./chart «",
        "kubectl set image": '- run: | «\n    kubectl -n shop set image deploy/shop shop="$IMAGE" «',
        "argocd app sync": "- run: argocd app sync shop --prune «",
        "flux reconcile": "- run: flux reconcile kustomization apps --with-source «",
        "kustomize and kubectl": "- run: kustomize build overlays/production | kubectl apply -f - «",
        "a command in a variable": "- run: | «\n    KUBECTL=kubectl\n    $KUBECTL rollout restart deploy/shop «",
        "a deploy action": "- uses: azure/k8s-deploy@v5 «\n  with:\n    manifests: deploy/",
    },
)


@plants("ci-deploys-directly", "a script that a step calls")
def _(ground: Ground) -> Iterator[Plant | None]:
    script = ground.added("hack/planted.sh", "#!/bin/sh\nset -e\nkubectl apply -k overlays/production «\n")
    for plant in _step(ground, "- run: ./hack/planted.sh «"):
        yield plant and Plant({**plant.files, **script.files}, plant.expected | script.expected)


_PIPELINES = {
    "ci/deploy-task.yaml": (
        "apiVersion: tekton.dev/v1\nkind: Task\nmetadata:\n  name: deploy\nspec:\n  steps:\n  - name: deploy\n"
        "    image: bitnami/kubectl:1.31.0\n    script: |\n      #!/bin/sh\n      kubectl apply -f deploy/ «\n"
    ),
    ".gitlab-ci.yml": "deploy:\n  stage: deploy\n  script:\n    - kubectl apply -f deploy/ «\n",
    "azure-pipelines.yml": "trigger: [main]\nsteps:\n- script: helm upgrade --install shop ./chart «\n",
    ".circleci/config.yml": (
        "version: 2.1\njobs:\n  deploy:\n    docker: [{image: 'cimg/base:2024.01'}]\n    steps:\n    - checkout\n"
        "    - run: kubectl apply -f deploy/ «\nworkflows:\n  main:\n    jobs: [deploy]\n"
    ),
    "Jenkinsfile": "pipeline {\n  agent any\n  stages {\n    stage('Deploy') {\n      steps {\n"
    "        sh 'kubectl apply -f deploy/' «\n      }\n    }\n  }\n}\n",
}


def _pipelines(rule: str, texts: Mapping[str, str]) -> None:
    for path, text in texts.items():

        @plants(rule, f"pipeline in {path}")
        def _(ground: Ground, path: str = path, text: str = text) -> Iterator[Plant | None]:
            if path not in ground.files:
                yield ground.beside_agent(ground.added(path, text))


_pipelines("ci-deploys-directly", _PIPELINES)
_pipelines(
    "cluster-credentials",
    {
        ".gitlab-ci.yml": "deploy:\n  script:\n    - aws eks update-kubeconfig --name production «\n"
        "    - kubectl apply -f deploy/\n",
        "Jenkinsfile": "pipeline {\n  agent any\n  stages {\n    stage('Deploy') {\n      steps {\n"
        "        withKubeConfig([credentialsId: 'production']) { «\n          sh 'kubectl apply -f deploy/' «\n"
        "        }\n      }\n    }\n  }\n}\n",
    },
)
_each(
    "cluster-credentials",
    {
        "a kubeconfig that a step writes": '- run: | «\n    mkdir -p ~/.kube\n    echo "$KUBE" > ~/.kube/config «',
        "a secret in the environment of a step": "- run: kubectl get pods\n  env: «\n"
        "    KUBECONFIG_DATA: ${{ secrets.KUBECONFIG_PRODUCTION }} «",
        "argocd login": "- run: argocd login argocd.example.com --username ci --password $PASSWORD «",
    },
)


_LABELS = b"""name: labels
on:
  pull_request:
jobs:
  label:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/labeler@v5
"""


_HOOKS = (".pre-commit-config.yaml", ".pre-commit-config.yml")
_NOTICE = "stages: [notify]\nnotice:\n  stage: notify\n  script:\n    - echo merged\n  only: [main]\n"


def _without_hooks(ground: Ground) -> dict[str, bytes | None]:
    """Hooks of pre-commit go too: its service runs them on pull requests, without a workflow."""
    return dict.fromkeys(path for path in ground.files if path in _HOOKS)


@plants("validation-missing", "workflows that do something else")
def _(ground: Ground) -> Iterator[Plant | None]:
    found = [path for path in ground.files if path.startswith(".github/workflows/")]
    if found:
        yield Plant(_without_hooks(ground) | dict.fromkeys(found[1:]) | {found[0]: _LABELS}, _ANYWHERE)


@plants("validation-missing", "a pipeline of GitLab that does something else")
def _(ground: Ground) -> Iterator[Plant | None]:
    found = [path for path in ground.files if path.startswith(".github/")]
    planted = ground.added(".gitlab-ci.yml", _NOTICE)
    if any(path.endswith("kustomization.yaml") for path in ground.files):
        yield Plant(_without_hooks(ground) | dict.fromkeys(found) | dict(planted.files), _ANYWHERE)


@plants("validation-missing", "workflows that run for no pull request")
def _(ground: Ground) -> Iterator[Plant | None]:
    edited = _without_hooks(ground)
    for path, data in ground.files.items():
        if path.startswith(".github/workflows/"):
            without = [line for line in data.split(b"\n") if not line.strip().startswith(b"- pull_request")]
            edited[path] = (
                b"\n".join(without)
                .replace(b"pull_request_target", b"release")
                .replace(b"pull_request:", b"release:")
                .replace(b"pull_request", b"release")
                .replace(b"push:", b"workflow_dispatch:")
            )
    if any(edited.values()):
        yield Plant(edited, _ANYWHERE)


def _flux(ground: Ground, *kinds: str) -> Iterator[Resource]:
    for resource in ground.of_kind(*kinds):
        if resource.id.group.endswith(".toolkit.fluxcd.io"):
            yield resource


@plants("sync-disabled", "suspended")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in _flux(ground, "Kustomization", "HelmRelease", "GitRepository", "HelmRepository", "OCIRepository"):
        if "suspend" not in resource.body["spec"]:
            yield ground.behind(resource, ("spec", "interval"), "suspend: true «")


@plants("sync-disabled", "without pruning")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in _flux(ground, "Kustomization"):
        if value_at(resource.body, ("spec", "prune")) is True:
            line = resource.locate(("spec", "prune"), key=True)
            text = ground.lines(line.file)[line.line - 1]
            if text.strip() == "prune: true":
                yield ground.instead(line.file, line.line, text.replace("true", "false «"))


@plants("sync-disabled", "drift of everything ignored")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in _flux(ground, "HelmRelease"):
        if "driftDetection" not in resource.body["spec"]:
            text = 'driftDetection: «\n  mode: enabled\n  ignore: «\n  - paths: [""] «'
            yield ground.behind(resource, ("spec", "interval"), text)


_APPLICATION = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: planted
  namespace: argocd
spec: «
  project: default
  source:
    repoURL: https://github.com/example/shop
    path: deploy
    targetRevision: 1.4.2
  destination:
    server: https://kubernetes.default.svc
    namespace: planted"""
_POLICIES = {
    "Argo CD: by hand": "",
    "Argo CD: without self-heal": "\n  syncPolicy: «\n    automated: «\n      prune: true\n      selfHeal: false «",
    "Argo CD: without pruning": "\n  syncPolicy: «\n    automated: «\n      selfHeal: true\n      prune: false «",
    "Argo CD: differences of everything ignored": (
        "\n  syncPolicy:\n    automated: {prune: true, selfHeal: true}\n"
        '  ignoreDifferences: «\n  - group: "*" «\n    kind: "*" «\n    jsonPointers: «\n    - /spec «'
    ),
}


def _applications(form: str, policy: str) -> None:
    @plants("sync-disabled", form)
    def _(ground: Ground) -> Iterator[Plant | None]:
        for path in dict.fromkeys(r.location.file for r in ground.of_kind("Namespace", "Kustomization", "Deployment")):
            text = _APPLICATION + policy
            yield ground.appended(path, text if not policy else text.replace("spec: «", "spec:"))


for _form, _policy in _POLICIES.items():
    _applications(_form, _policy)


@plants("app-source-mixed", "a service with its build")
def _(ground: Ground) -> Iterator[Plant | None]:
    """One place: the repository as a whole is at fault."""
    sources = {
        "Dockerfile": 'FROM golang:1.24\nCOPY . /src\nRUN cd /src && go build -o /app ./cmd/app\nCMD ["/app"]\n',
        "go.mod": "module example.com/app\n\ngo 1.24\n",
        "cmd/app/main.go": "package main\n\nfunc main() {}\n",
        "internal/store/store.go": "package store\n",
    }
    paths = (str(value_at(each.body, ("spec", "path"))).removeprefix("./") for each in _flux(ground, "Kustomization"))
    is_deployed = any(file.startswith(f"{path}/") for path in paths for file in ground.files)
    if is_deployed and not any(path.endswith(("Dockerfile", ".go", "package.json")) for path in ground.files):
        for folder in ("", "services/planted/"):
            files: dict[str, bytes | None] = {f"{folder}{path}": text.encode() for path, text in sources.items()}
            yield Plant(files, _ANYWHERE | {(path, 0) for path in files})


_BRANCHES = "\n---\n".join(
    f"""apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: planted-{name}
  namespace: flux-system
spec:
  interval: 5m
  url: https://github.com/example/planted
  ref:
    branch: {name} «"""
    for name in ("staging", "production")
)


@plants("environment-layout", "environments that are branches")
def _(ground: Ground) -> Iterator[Plant | None]:
    for path in dict.fromkeys(r.location.file for r in ground.of_kind("GitRepository", "Kustomization", "Namespace")):
        yield ground.appended(path, _BRANCHES)


def _sides(ground: Ground) -> Iterator[tuple[str, str]]:
    """Kustomizations of two environments side by side, the later one first."""
    for path in ground.files:
        if path.endswith("/production/kustomization.yaml"):
            other = path.replace("/production/", "/staging/")
            if other in ground.files:
                yield path, other
                yield other, path


@plants("environment-layout", "an overlay that refers to another environment")
def _(ground: Ground) -> Iterator[Plant | None]:
    for path, other in _sides(ground):
        file = next(each for each in ground.tree.files if each.path == path)
        resources = value_at(file.documents[0].body, ("resources",)) if file.documents else None
        place = ground.entry(file, ("resources", 0)) if resources else None
        if place is not None:
            text = ground.lines(path)[place[1] - 1]
            entry = f"{text.partition('- ')[0]}- ../{other.split('/')[-2]} «"
            yield ground.instead(path, place[1], text, entry)


@plants("environment-layout", "manifests in none of the environments")
def _(ground: Ground) -> Iterator[Plant | None]:
    found = (path.rpartition("/production/")[0] for path, _ in _sides(ground) if "/production/" in path)
    for holder in dict.fromkeys(folder for folder in found if not folder.endswith("overlays")):
        for name in ("cart", "payments", "reports"):
            text = f"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n  namespace: {name}\n"
            added = f"{holder}/{name}/{name}.yaml"
            yield Plant({added: text.encode()}, frozenset({(added, 0)}))


@plants("environment-layout", "the namespace of another environment")
def _(ground: Ground) -> Iterator[Plant | None]:
    for path, other in _sides(ground):
        folder, name = path.rpartition("/")[0], other.split("/")[-2]
        text = f"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: planted\n  namespace: shop-{name} «\n"
        yield ground.added(f"{folder}/planted-account.yaml", text)


_MARKS = {
    "Flux: a resource that is not reconciled": "kustomize.toolkit.fluxcd.io/reconcile: disabled",
    "Flux: a resource that is ignored": "kustomize.toolkit.fluxcd.io/ssa: Ignore",
}


def _marked(form: str, mark: str) -> None:
    @plants("sync-disabled", form)
    def _(ground: Ground) -> Iterator[Plant | None]:
        for resource in ground.of_kind("Deployment", "ConfigMap", "Service", "ServiceAccount"):
            if not resource.annotations:
                yield ground.behind(resource, ("metadata", "name"), f"annotations:\n  {mark} «")


for _form, _mark in _MARKS.items():
    _marked(_form, _mark)


_SET = """apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata:
  name: planted
  namespace: argocd
spec:
  generators:
  - list:
      elements:
      - cluster: production
  template:
    metadata:
      name: "planted-{{cluster}}"
    spec:
      project: default
      source:
        repoURL: https://github.com/example/shop
        path: deploy
        targetRevision: 1.4.2
      destination:
        name: "{{cluster}}"
        namespace: planted
      syncPolicy:
        automated:
          prune: true
          selfHeal: false «"""


@plants("sync-disabled", "Argo CD: an ApplicationSet without self-heal")
def _(ground: Ground) -> Iterator[Plant | None]:
    for path in dict.fromkeys(r.location.file for r in ground.of_kind("Namespace", "Kustomization", "Deployment")):
        yield ground.appended(path, _SET)


_TWINS = "\n---\n".join(
    f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: planted\n  namespace: planted-{name} «\ndata: {{level: info}}"
    for name in ("production", "staging")
)


@plants("environment-layout", "two environments in one file")
def _(ground: Ground) -> Iterator[Plant | None]:
    for folder in dict.fromkeys(
        r.location.file.rpartition("/")[0] for r in ground.of_kind("Deployment", "HelmRelease")
    ):
        plant = ground.added(f"{folder}/planted.yaml".lstrip("/"), _TWINS + "\n")
        yield Plant(plant.files, plant.expected | {(path, 0) for path, _ in plant.expected})
