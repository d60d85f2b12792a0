"""A login to a cluster is in Git, or in the hands of CI.

A kubeconfig with a key or a token opens the cluster to everybody who has ever cloned the repository. A pipeline that
logs in is a way into the cluster past every review: whoever may change the workflow, or one of the actions that it
uses, has what the login has. The agent takes from Git, from within; so CI needs no login at all.

Found as errors are kubeconfigs whose users have a key, a token or a password, also as the text of a field of a
ConfigMap or of another resource, and tokens of service accounts in files of any kind. Found as warnings are steps of CI
that hold a login: secrets named like a kubeconfig (`secrets.KUBE_CONFIG`), `aws eks update-kubeconfig`, `gcloud
container clusters get-credentials`, `az aks get-credentials`, `oc login`, `argocd login`, `kubectl config
set-credentials`, a kubeconfig that a step writes, and the actions and tasks that do the same. In a job in which nothing
deploys they are an `info`: reading is less, but the login mostly may do more.

Of CI are judged repositories that have an agent (any resource of Flux or an Application of Argo CD) or keep several
environments or clusters as folders.

Not reported are jobs that make their own cluster, jobs for previews of a pull request and for tests by their name,
placeholders and ciphers, certificates alone, and users that get their token from a program (`exec`) or a file outside.
Secrets are `plaintext-secret`'s.

Source: https://opengitops.dev/#principles

## Fails

```yaml title="clusters/production.yaml"
apiVersion: v1
kind: Config
clusters:
  - name: production
    cluster: {server: https://203.0.113.7:6443}
users:
  - name: admin
    user:
      token: k3jx0v8qzn2m5r7t  # finding
```

```yaml title=".github/workflows/deploy.yaml"
on:
  push:
    branches: [main]
jobs:
  deploy:
    runs-on: ubuntu-latest
    env:
      KUBE_CONFIG: ${{ secrets.KUBE_CONFIG }}  # finding
    steps:
      - run: |
          mkdir -p ~/.kube
          echo "$KUBE_CONFIG" | base64 -d > ~/.kube/config # finding
```

## Passes

```yaml title="clusters/production.yaml"
apiVersion: v1
kind: Config
clusters:
  - name: production
    cluster: {server: https://203.0.113.7:6443}
users:
  - name: admin
    user:
      exec:
        apiVersion: client.authentication.k8s.io/v1
        command: kubelogin
  - name: templated
    user:
      token: ${TOKEN}
```

```yaml title=".github/workflows/test.yaml"
on: [pull_request]
jobs:
  end-to-end:
    runs-on: ubuntu-latest
    steps:
      - run: kind create cluster
      - run: kind get kubeconfig > ~/.kube/config
```
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FieldPath, FileKind, Location, Resource, SourceFile, Tree
from gitops_guard.model.rule import Options, Topic, tree_rule
from gitops_guard.model.workload import value_at

if TYPE_CHECKING:
    from gitops_guard.model.ci import Job, Repository, Run, Step
    from gitops_guard.model.resource import Document

_USER_SECRETS: Final = ("token", "password", "client-key-data")
_PROVIDER_SECRETS: Final = ("access-token", "id-token", "refresh-token", "client-secret")
_OMITTED: Final = frozenset({"DATA+OMITTED", "REDACTED"})  # `kubectl config view` writes them
_KUBECONFIG_NAME: Final = re.compile(
    r"(?:.{0,300}/)?[^/]{0,100}(?:kubeconfig|admin\.conf|\.kube/config)$", re.IGNORECASE
)
_TOKEN_START: Final = b"eyJhbGciOi"  # `{"alg":`
_TOKEN: Final = re.compile(rb"(?<![\w-])eyJhbGciOi[\w-]{5,400}\.(eyJ[\w-]{20,4000})\.[\w-]{20,1000}")
_EMBEDDED: Final = re.compile(rb"""kind[\\"']{0,2}[ ]?:[ ]?[\\"']{0,2}Config(?![\w-])""")  # the text of a field
_ACCOUNT: Final = (b"kubernetes/serviceaccount", b'"kubernetes.io"', b"system:serviceaccount:")
_SECRET_NAME: Final = re.compile(
    r"secrets(?:\.|\[')(\w{0,60}?(?:KUBE_?CONF|KUBE_?TOKEN|KUBERNETES_TOKEN|K8S_TOKEN|KUBE_?CERT|ARGO_?CD_\w{0,40}?"
    r"(?:TOKEN|PASSWORD)|OPENSHIFT_TOKEN)\w{0,60})",
    re.IGNORECASE,
)
_CONNECTIONS: Final = ("kubernetesServiceConnection", "kubernetesServiceEndpoint")
_FIX_FILE: Final = "revoke this login, it stays in the history; keep kubeconfigs out of Git or encrypt them (SOPS)"
_FIX_CI: Final = "let CI write to Git, and the agent in the cluster take it from there"


@tree_rule(
    Severity.ERROR,
    topic=Topic.DELIVERY,
    excerpt=False,
    left="CI beside an agent that is not among the files, and logins in scripts",
)
def cluster_credentials(tree: Tree, _: Options) -> Iterator[tuple[Resource | SourceFile, Problem]]:
    embedding: set[str] = set()
    for file in tree.files:
        if file.kind is FileKind.OTHER_YAML:
            yield from _in_kubeconfig(file)
        elif file.kind is FileKind.NOT_YAML and file.data and _KUBECONFIG_NAME.match(file.path):
            from gitops_guard.load import manifests

            read = manifests.read(file.path, file.data)
            yield from _in_kubeconfig(
                SourceFile(file.path, file.kind, read.documents, data=file.data, source=read.source)
            )
        elif b"users" in file.data and _EMBEDDED.search(file.data):
            embedding.add(file.path)
        if _TOKEN_START in file.data and not any(_is_of_secret(document.body) for document in file.documents):
            yield from _tokens(file)
    if embedding:
        for resource in tree.resources:
            if resource.location.file in embedding and resource.id.kind != "Secret":
                yield from _in_texts(resource)
    yield from _in_ci(tree)


def _in_kubeconfig(file: SourceFile) -> Iterator[tuple[SourceFile, Problem]]:
    for document, problem in _of_users(file.documents):
        yield file, replace(problem, at=file.locate(document, problem.path))


def _of_users(documents: Iterable[Document]) -> Iterator[tuple[int, Problem]]:
    for document in documents:
        body = document.body
        if not isinstance(body, Mapping) or body.get("kind") != "Config" or not isinstance(body.get("users"), list):
            continue
        for number, entry in enumerate(body["users"]):
            user = value_at(entry, ("user",))
            if isinstance(user, Mapping):
                for path in _secrets(user):
                    if problem := _in_user(("users", number, "user", *path), value_at(user, path)):
                        yield document.index, problem


def _in_texts(resource: Resource) -> Iterator[tuple[Resource, Problem]]:
    """Kubeconfigs that are the text of a field, each login in its own line."""
    from gitops_guard.load import manifests

    for path, text in _texts(resource.body):
        read = manifests.read(resource.location.file, text.encode("utf-8", "surrogatepass"))
        if read.source is None:
            continue
        for document, problem in _of_users(read.documents):
            line = read.source.locate(document, problem.path).line - 1
            yield resource, replace(problem, path=path, at=resource.inside(path, line))


def _texts(body: object) -> Iterator[tuple[FieldPath, str]]:
    """The texts in a body that may be a kubeconfig; each part of it is visited once, also where it contains itself."""
    waiting: list[tuple[FieldPath, object]] = [((), body)]
    seen: set[int] = set()
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, str):
            if "users" in node and _EMBEDDED.search(node.encode("utf-8", "replace")):
                yield path, node
        elif isinstance(node, dict | list) and id(node) not in seen:
            seen.add(id(node))
            entries = node.items() if isinstance(node, dict) else enumerate(node)
            waiting += [((*path, key), value) for key, value in entries]


def _secrets(user: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    yield from ((key,) for key in _USER_SECRETS if key in user)
    if "auth-provider" in user:
        yield from (("auth-provider", "config", key) for key in _PROVIDER_SECRETS)


def _in_user(path: FieldPath, value: object) -> Problem | None:
    if not isinstance(value, str | int) or value == "" or value in _OMITTED or is_placeholder(str(value)):
        return None
    from gitops_guard.model import sensitive

    digest = sensitive.fingerprint(str(value).encode("utf-8", "surrogatepass"))
    if sensitive.is_dummy(str(value)):
        message = f"`{path[-1]}` of a kubeconfig holds a dummy (SHA-256 {digest}…); somebody will fill it in here"
        return Problem(path, message, fix=_FIX_FILE, severity=Severity.WARNING)
    return Problem(path, f"`{path[-1]}` of a kubeconfig opens the cluster (SHA-256 {digest}…)", fix=_FIX_FILE)


def _is_of_secret(body: object) -> bool:
    return isinstance(body, Mapping) and body.get("kind") in ("Secret", "List", "SecretList")


def _tokens(file: SourceFile) -> Iterator[tuple[SourceFile, Problem]]:
    from base64 import urlsafe_b64decode

    from gitops_guard.model import sensitive

    for match in _TOKEN.finditer(file.data):
        payload = match.group(1)
        try:
            claims = urlsafe_b64decode(payload + b"=" * (-len(payload) % 4))
        except ValueError:
            continue
        if not any(mark in claims for mark in _ACCOUNT):
            continue
        begin = file.data.rfind(b"\n", 0, match.start()) + 1
        line = file.data.count(b"\n", 0, begin) + 1
        column = len(file.data[begin : match.start()].decode("utf-8", "replace")) + 1
        message = f"the token of a service account opens the cluster (SHA-256 {sensitive.fingerprint(match.group())}…)"
        yield file, Problem((), message, fix=_FIX_FILE, at=Location(file.path, line, column))


def _in_ci(tree: Tree) -> Iterator[tuple[SourceFile, Problem]]:
    from gitops_guard.model import beside_agent, ci

    repository = ci.Repository(tree)
    seen: set[Location] = set()
    for job in beside_agent.jobs(tree):
        for file, problem in _of_job(job, repository):
            if problem.at is not None and problem.at not in seen:
                seen.add(problem.at)
                yield file, problem


def _of_job(job: Job, repository: Repository) -> Iterator[tuple[SourceFile, Problem]]:
    from gitops_guard.model import beside_agent, ci, delivery

    runs = list(ci.runs(job, repository, delivery.WORDS))
    steps = list(ci.steps(job, repository))
    held = [*_of_variables(job), *(it for step in steps for it in _of_step(step)), *_of_runs(runs)]
    if not held or delivery.is_on_own_cluster(job, runs, repository):
        return
    acting = [run for run in runs if delivery.login(run.command) or delivery.deployment(run.command)]
    used = [step for step in steps if step.uses and delivery.deploying_action(step.uses, step.settings)]
    if beside_agent.is_thrown_away(job, acting, used) and not any(
        beside_agent.is_for_production(run.command.words) for run in acting
    ):
        return
    deploys = bool(used) or any(delivery.deployment(run.command) for run in runs)
    for file, path, place, what in held:
        message = f"the job `{job.name}` holds a login to a cluster: {what}"
        severity = Severity.WARNING if deploys else Severity.INFO
        yield file, Problem(path, message, fix=_FIX_CI, at=place, severity=severity)


_Held = tuple[SourceFile, FieldPath, Location, str]


def _of_variables(job: Job) -> Iterator[_Held]:
    """Secrets in the variables of a job and of its workflow."""
    names = [(str(name), found) for name, value in job.variables.items() if (found := _secret_in(name, value))]
    if not names:
        return
    body = next((document.body for document in job.file.documents if document.index == job.document), None)
    for name, found in names:
        own: FieldPath = (*job.path, "env", name)
        path = own if value_at(body, own) is not None else ("env", name)
        yield job.file, path, job.file.locate(job.document, path), f"`{name}` from {found}"


def _of_step(step: Step) -> Iterator[_Held]:
    from gitops_guard.model import delivery

    logs_in = bool(step.uses) and delivery.login_action(step.uses)
    if logs_in:
        yield step.file, step.path, step.place("uses"), f"`{step.uses.partition('@')[0]}`"
    # What a login is given belongs to the login.
    for key, values in (("env", step.variables), ("with", {} if logs_in else step.settings)):
        for name, value in values.items():
            if found := _secret_in(name, value):
                yield step.file, (*step.path, key, name), step.place(key, name), f"`{name}` from {found}"
    for name in () if logs_in else _CONNECTIONS:
        if isinstance(step.settings.get(name), str):
            yield step.file, (*step.path, "inputs", name), step.place("inputs", name), f"`{name}`"
    for script in step.scripts:
        if "secrets" in script.text:
            for match in _SECRET_NAME.finditer(script.text):
                yield script.file, script.path or (), script.place(match.start()), f"`secrets.{match.group(1)}`"


def _secret_in(name: object, value: object) -> str:
    """What secret a variable gets that is named like a kubeconfig, or is so itself; "" for all others."""
    if not isinstance(value, str) or "secrets" not in value:
        return ""
    match = _SECRET_NAME.search(value)
    if match:
        return f"`secrets.{match.group(1)}`"
    is_kubeconfig = "kubeconfig" in str(name).lower().replace("_", "").replace("-", "")
    return "a secret" if is_kubeconfig else ""


def _of_runs(runs: list[Run]) -> Iterator[_Held]:
    from gitops_guard.model import delivery

    for run in runs:
        if what := delivery.login(run.command):
            yield run.script.file, run.script.path or (), run.location, what
