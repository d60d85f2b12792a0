"""The source of an application and its build lie beside the manifests from which an agent deploys it.

Every commit to the code is one to the configuration, and the other way round: a build that writes the new tag back
starts the next build, who may merge code may change production, a rollback of one takes the other along, and the
history does not tell what was deployed when. Argo CD's own best practices name a repository for each.

Found where a Flux Kustomization or an Argo CD Application deploys a folder of this very repository, which holds
manifests, and an application is built here, too: a Dockerfile beside its source (`go.mod`, `package.json`, `pom.xml`
…). That alone is an `info`, since a repository for everything is a choice; it is a warning where CI of this repository
pushes commits to it, or a Flux ImageUpdateAutomation does. There is one finding for a repository, at the first such
`path`.

Not reported are repositories of applications that bring manifests for others to use: no agent's resource in them names
these folders. Whether a source is this repository is not known offline: the folder that it names has to be here.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/

## Fails

```yaml title="argocd/shop.yaml"
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop
spec:
  project: default
  destination: {namespace: shop, server: https://kubernetes.default.svc}
  source:
    repoURL: https://git.example/shop.git
    targetRevision: 1.4.2
    path: deploy # finding
  syncPolicy:
    automated: {selfHeal: true, prune: true}
```

```yaml title="deploy/settings.yaml"
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
```

```yaml title="Dockerfile"
FROM docker.io/library/golang:1.24
```

```yaml title="go.mod"
module example.com/shop
```

## Passes

```yaml title="argocd/shop.yaml"
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop
spec:
  project: default
  destination: {namespace: shop, server: https://kubernetes.default.svc}
  source:
    repoURL: https://git.example/shop.git
    targetRevision: 1.4.2
    path: deploy
  syncPolicy:
    automated: {selfHeal: true, prune: true}
```

```yaml title="deploy/settings.yaml"
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from posixpath import dirname, normpath
from typing import Final

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FieldPath, Resource, SourceFile, Tree
from gitops_guard.model.rule import Options, Topic, tree_rule
from gitops_guard.model.workload import value_at

_BUILD: Final = re.compile(
    r"(?:Dockerfile|Containerfile)(?:\.(?!md$|txt$)[\w.-]{1,60})?|[\w-]{1,60}\.(?:Dockerfile|dockerfile)"
)
_SOURCES: Final = frozenset(
    {"go.mod", "package.json", "pom.xml", "build.gradle", "build.gradle.kts", "Cargo.toml", "requirements.txt",
     "pyproject.toml", "setup.py", "Pipfile", "Gemfile", "composer.json", "mix.exs", "build.sbt", "CMakeLists.txt"}
)  # fmt: skip
_SOURCE_ENDINGS: Final = (".csproj", ".fsproj", ".sln")
_PUSHING: Final = re.compile(
    r"(?:stefanzweifel/git-auto-commit-action|EndBug/add-and-commit|ad-m/github-push-action|actions-js/push)\b"
)
_FIX: Final = "keep the manifests in a repository of their own, and let the build propose the new version there"


@tree_rule(Severity.WARNING, topic=Topic.DELIVERY, whole=True)
def app_source_mixed(tree: Tree, _: Options) -> Iterator[tuple[Resource | SourceFile, Problem]]:
    build = _built_here(tree)
    if build is None:
        return
    for resource, path, folder in _deployed(tree):
        if not _holds_manifests(tree, folder):
            continue
        writer = _writer(tree)
        message = f"`{folder}` is deployed from the repository in which an application is built ({build})"
        if writer:
            message += f", and {writer} writes back to it"
        severity = None if writer else Severity.INFO
        yield resource, Problem(path, message, fix=_FIX, severity=severity)
        return


def _built_here(tree: Tree) -> str | None:
    """The Dockerfile of an application whose source lies beside it."""
    folders: set[str] = set()
    builds: list[str] = []
    for file in tree.files:
        folder, _, name = file.path.rpartition("/")
        if name in _SOURCES or name.endswith(_SOURCE_ENDINGS):
            folders.add(folder)
        elif "ockerfile" in name or "ontainerfile" in name:
            builds.append(file.path)
    found = (path for path in builds if dirname(path) in folders and _BUILD.fullmatch(path.rpartition("/")[2]))
    return next((f"`{path}`" for path in found), None)


def _deployed(tree: Tree) -> Iterator[tuple[Resource, FieldPath, str]]:
    """The folders that resources of Flux and Argo CD name, with the field that does."""
    for resource in tree.resources:
        for path in _paths(resource):
            value = _value(resource, path)
            if isinstance(value, str) and value and not is_placeholder(value):
                folder = normpath(value.lstrip("/") or ".")
                if folder != "." and not folder.startswith(".."):
                    yield resource, path, folder


def _paths(resource: Resource) -> Iterator[FieldPath]:
    group, kind = resource.id.group, resource.id.kind
    if kind == "Kustomization" and group == "kustomize.toolkit.fluxcd.io":
        yield ("spec", "path")
    elif group == "argoproj.io" and kind in ("Application", "ApplicationSet"):
        spec: FieldPath = ("spec",) if kind == "Application" else ("spec", "template", "spec")
        yield (*spec, "source", "path")
        several = value_at(resource.body, (*spec, "sources"))
        for number in range(len(several) if isinstance(several, list) else 0):
            yield (*spec, "sources", number, "path")


def _value(resource: Resource, path: FieldPath) -> object:
    value: object = resource.body
    for step in path:
        if isinstance(value, Mapping) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _holds_manifests(tree: Tree, folder: str) -> bool:
    return any(resource.location.file.startswith(f"{folder}/") for resource in tree.resources)


def _writer(tree: Tree) -> str:
    """What pushes commits to this repository, "" where nothing does."""
    for resource in tree.resources:
        if resource.id.kind == "ImageUpdateAutomation" and resource.id.group == "image.toolkit.fluxcd.io":
            return f"the ImageUpdateAutomation `{resource.id.name}`"
    from gitops_guard.model import ci, workflows

    repository = ci.Repository(tree)
    for workflow in workflows.workflows(tree):
        for job in workflow.jobs:
            if any(_PUSHING.match(step.uses) for step in ci.steps(job, repository) if step.uses):
                return f"the job `{job.name}` of {job.file.path}"
            for run in ci.runs(job, repository, ("git",)):
                if _pushes(run.command.words):
                    return f"the job `{job.name}` of {job.file.path}"
    return ""


def _pushes(words: tuple[str, ...]) -> bool:
    """Whether a command pushes a branch; a tag changes no manifest."""
    if words[:1] != ("git",) or "push" not in words[1:6]:
        return False
    return not any(word == "--tags" or "refs/tags" in word for word in words)
