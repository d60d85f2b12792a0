"""Environments are told apart in more than one way, or not at all, so that nobody can see what production gets.

One folder for each environment, all of them on one branch, shows what differs, lets one pull request promote a change,
and needs no merges between branches. Three things are reported, each once for its cause:

- manifests that lie beside the folders of environments, in none of them, and that nothing refers to;
- environments that are branches: Flux or Argo CD sources of one repository that differ only in their branch;
- two conventions side by side: folders named for an environment (`apps/production`) and folders with its name as a
  suffix (`shop-production`).

Bases, components, and what a kustomization, a Flux Kustomization or an Argo CD Application refers to are shared on
purpose. Where names mislead, `layout` in the configuration says which paths belong to which environment.

Source: https://fluxcd.io/flux/guides/repository-structure/,
https://codefresh.io/blog/stop-using-branches-deploying-different-gitops-environments/

## Fails

```yaml title="apps/production/shop.yaml"
apiVersion: v1
kind: ServiceAccount
metadata: {name: shop, namespace: shop}
```

```yaml title="apps/staging/shop.yaml"
apiVersion: v1
kind: ServiceAccount
metadata: {name: shop, namespace: shop}
```

```yaml title="apps/cart/cart.yaml"
apiVersion: v1  # finding
kind: ServiceAccount
metadata: {name: cart, namespace: shop}
```

```yaml title="sources.yaml"
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: shop-production, namespace: flux-system}
spec:
  interval: 5m
  url: https://github.com/example/shop
  ref:
    branch: production  # finding
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: shop-staging, namespace: flux-system}
spec:
  interval: 5m
  url: https://github.com/example/shop
  ref:
    branch: staging
```

## Passes

```yaml title="apps/base/shop/kustomization.yaml"
resources: [account.yaml]
```

```yaml title="apps/base/shop/account.yaml"
apiVersion: v1
kind: ServiceAccount
metadata: {name: shop}
```

```yaml title="apps/production/kustomization.yaml"
resources: [../base/shop]
namespace: shop
```

```yaml title="apps/staging/kustomization.yaml"
resources: [../base/shop]
namespace: shop-staging
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from posixpath import dirname, join, normpath
from typing import Any, Final, NamedTuple

from gitops_guard.load import environments
from gitops_guard.load.layout import APP_FOLDERS, CLUSTER_FOLDERS, OVERLAY_FOLDERS, SHARED_FOLDERS
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import App, FieldPath, FileKind, Resource, Tree
from gitops_guard.model.rule import Options, tree_rule
from gitops_guard.model.source import argo_sources, deployed_folders
from gitops_guard.model.workload import value_at

# What is not deployed, or serves all environments, when it lies beside them.
_APART: Final = (
    SHARED_FOLDERS
    | APP_FOLDERS
    | CLUSTER_FOLDERS
    | {"bootstrap", "ci", "docs", "e2e", "example", "examples", "hack", "platform", "policies", "samples", "scripts"}
    | {"schemas", "system", "test", "tests", "tools"}
)


@tree_rule(Severity.WARNING, whole=True)
def environment_layout(tree: Tree, _: Options) -> Iterator[tuple[Resource, Problem]]:
    yield from _branches(tree)
    placed = [app for app in tree.apps if app.environment]
    if placed:
        yield from _outside(tree, placed)
        yield from _mixed(tree, placed)


class _Branch(NamedTuple):
    resource: Resource
    path: FieldPath
    name: str


def _branches(tree: Tree) -> Iterator[tuple[Resource, Problem]]:
    """Sources of one repository and one path whose branches are named for different environments."""
    groups: dict[tuple[str, ...], list[_Branch]] = {}
    for resource in tree.resources:
        if resource.id.kind in ("GitRepository", "Application"):
            for key, branch in _sources(resource):
                groups.setdefault(key, []).append(branch)
    for found in groups.values():
        names = sorted({branch.name for branch in found})
        if len({environments.canonical(name) for name in names if _is_environment(name)}) < 2:
            continue
        first = next(branch for branch in found if _is_environment(branch.name))
        listed = ", ".join(f"`{name}`" for name in names)
        message = f"environments are branches of one repository ({listed}); give each a folder on one branch"
        yield first.resource, Problem(first.path, message)


def _sources(resource: Resource) -> Iterator[tuple[tuple[str, ...], _Branch]]:
    spec = resource.body.get("spec")
    if not isinstance(spec, Mapping):
        return
    match resource.id.group, resource.id.kind:
        case "source.toolkit.fluxcd.io", "GitRepository":
            branch = value_at(spec, ("ref", "branch"))
            if isinstance(branch, str):
                yield ("flux", _repository(spec.get("url"))), _Branch(resource, ("spec", "ref", "branch"), branch)
        case "argoproj.io", "Application":
            if len(argo_sources(spec)) == 1 and isinstance(spec.get("source"), Mapping):
                yield from _argo_source(resource, spec["source"])


def _argo_source(resource: Resource, source: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], _Branch]]:
    branch = source.get("targetRevision")
    if isinstance(branch, str) and "chart" not in source:
        key = ("argo", _repository(source.get("repoURL")), str(source.get("path")))
        yield key, _Branch(resource, ("spec", "source", "targetRevision"), branch)


def _repository(url: object) -> str:
    return str(url).lower().removesuffix("/").removesuffix(".git")


def _is_environment(branch: str) -> bool:
    word = environments.find(branch.rpartition("/")[2])
    return word is not None and (word.where in ("exact", "ring") or word.is_sure)


def _outside(tree: Tree, placed: list[App]) -> Iterator[tuple[Resource, Problem]]:
    """One finding for each folder: its first resource."""
    holders = _holders(placed)
    if not holders:
        return
    referred: frozenset[str] | None = None
    seen: set[str] = set()
    for resource in tree.resources:
        app = resource.app
        if app is None or app.environment or app.cluster or app.renderer == "helm":
            continue
        folder = dirname(resource.location.file)
        if folder in seen:
            continue
        seen.add(folder)
        holder = next((above for above in (folder, dirname(folder)) if above in holders), None)
        if holder is None:
            continue
        if not _APART.isdisjoint(folder.removeprefix(holder).split("/")):
            continue
        if referred is None:
            referred = _referred(tree)
        if not any(above in referred for above in (resource.location.file, *_above(folder))):
            yield resource, Problem((), _outside_message(folder, sorted(holders[holder])))


def _holders(placed: list[App]) -> dict[str, set[str]]:
    """The folders that hold a folder for each of at least two environments, with those folders.

    The folder of overlays is none: overlays are also named for what they are (`overlays/aws`).
    """
    found: dict[str, set[str]] = {}
    for app in placed:
        if app.cluster:
            continue
        for folder in _above(app.path):
            if folder.rpartition("/")[2] == app.environment:
                found.setdefault(dirname(folder), set()).add(folder)
    return {
        holder: folders
        for holder, folders in found.items()
        if holder.rpartition("/")[2] not in OVERLAY_FOLDERS and len({_canonical(folder) for folder in folders}) > 1
    }


def _canonical(folder: str) -> str:
    return environments.canonical(folder.rpartition("/")[2])


def _outside_message(folder: str, beside: list[str]) -> str:
    where = f"`{folder}`" if folder else "the top folder"
    named = ", ".join(f"`{name}`" for name in beside[:3])
    return (
        f"the manifests in {where} belong to no environment, and nothing refers to them; "
        f"environments are {named}{' …' if len(beside) > 3 else ''}"
    )


def _referred(tree: Tree) -> frozenset[str]:
    """Files and folders that a kustomization, a Flux Kustomization or an Argo CD Application names."""
    found = set(deployed_folders(tree)) - {""}
    for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
        folder = dirname(file.path)
        for document in file.documents:
            for key in ("resources", "bases", "components", "crds"):
                entries = document.body.get(key) if isinstance(document.body, Mapping) else None
                for entry in entries if isinstance(entries, list) else ():
                    if isinstance(entry, str) and "://" not in entry and "\n" not in entry:
                        found.add(normpath(join(folder, entry)))
    return frozenset(found)


def _above(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = dirname(folder)


def _mixed(tree: Tree, placed: list[App]) -> Iterator[tuple[Resource, Problem]]:
    """Folders named for environments and folders with an environment as suffix, each for two environments or more."""
    exact: dict[str, str] = {}
    suffixed: dict[str, dict[str, str]] = {}
    for app in placed:
        if app.cluster:
            continue
        for folder in _above(app.path):
            name = folder.rpartition("/")[2]
            word = environments.find(name) if app.environment in name else None
            if word is None or environments.canonical(app.environment) != environments.canonical(word.text):
                continue
            if word.where == "exact":
                exact[folder] = environments.canonical(word.text)
            elif word.where == "last":
                rest = join(dirname(folder), word.rest)
                suffixed.setdefault(rest, {})[folder] = environments.canonical(word.text)
    twins = sorted(folder for folders in suffixed.values() if len(set(folders.values())) > 1 for folder in folders)
    if not twins or len(set(exact.values())) < 2:
        return
    fewer, more = sorted((twins, sorted(exact)), key=len)
    message = f"environments are told in two ways: by folders such as `{more[0]}` and by folders such as `{fewer[0]}`"
    inside = (resource for resource in tree.resources if resource.location.file.startswith(f"{fewer[0]}/"))
    for resource in inside:
        yield resource, Problem((), f"{message}; one way for all is easier to read")
        return
