"""Environments are told apart in more than one way, or not at all, so that nobody can see what production gets.

One folder for each environment, all of them on one branch, shows what differs, lets one pull request promote a change,
and needs no merges between branches. Each of these is reported once for its cause:

- environments that are branches: sources of Flux or Argo CD for one repository, or values of the generators of an
  ApplicationSet, that differ only in their branch;
- several environments in one folder or file: `deployment-prod.yaml` beside `deployment-staging.yaml`, or twins in the
  namespaces `shop-prod` and `shop-staging`, that reach a cluster together;
- a path to files of another environment: `../staging` in a kustomization of production, a Flux Kustomization, an Argo
  CD Application or the values files of a HelmRelease of production that names staging's;
- the namespace of another environment: `shop-staging` in the folder of production;
- manifests that lie beside the folders of environments, in none of them, and that nothing refers to;
- an app that lacks one environment which the apps beside it have, three of them for each that differs. The option
  `only` says where that is meant so; without production, which a new app may not have reached, it is an `info`;
- two conventions side by side: folders named for an environment (`apps/production`) and folders with its name as a
  suffix (`shop-production`).

Bases, components, and what a kustomization, a Flux Kustomization or an Argo CD Application refers to are shared on
purpose. Not reported either: lists of namespaces, rights, sources or Applications for all environments; what deploys to
another cluster or is called for the environment that it names; a place that names several other environments; canary,
preview, sandbox and demo environments that are made from another one, and a test environment that is made from that for
development; the namespaces of a cluster that holds several environments. Where names mislead, `layout` in the
configuration says which paths belong to which environment.

Source: https://fluxcd.io/flux/guides/repository-structure/,
https://codefresh.io/blog/stop-using-branches-deploying-different-gitops-environments/

## Fails

```yaml title="apps/production/kustomization.yaml"
namespace: shop-staging  # finding
resources:
  - shop.yaml
  - ../staging/ingress.yaml  # finding
```

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

```yaml title="apps/staging/ingress.yaml"
apiVersion: v1
kind: ServiceAccount
metadata: {name: ingress, namespace: shop}
```

```yaml title="apps/cart/cart.yaml"
apiVersion: v1  # finding
kind: ServiceAccount
metadata: {name: cart, namespace: shop}
```

```yaml title="reports.yaml"
apiVersion: v1
kind: ConfigMap
metadata:
  name: reports
  namespace: reports-production
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: reports
  namespace: reports-staging  # finding
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
from posixpath import dirname, join
from typing import Final

from gitops_guard.load import blends, crossings, environments, foreign_namespaces, gaps
from gitops_guard.load.branches import environments_by_branch
from gitops_guard.load.layout import APP_FOLDERS, CLUSTER_FOLDERS, OVERLAY_FOLDERS, SHARED_FOLDERS
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.listing import BUILT, bodies, local_paths
from gitops_guard.model.resource import App, FileKind, Resource, SourceFile, Tree
from gitops_guard.model.rule import Option, Options, Topic, tree_rule
from gitops_guard.model.source import deployed_folders

# What is not deployed, or serves all environments, when it lies beside them.
_APART: Final = (
    SHARED_FOLDERS
    | APP_FOLDERS
    | CLUSTER_FOLDERS
    | {"bootstrap", "ci", "docs", "e2e", "example", "examples", "hack", "platform", "policies", "samples", "scripts"}
    | {"schemas", "system", "test", "tests", "tools"}
)


_EACH_ITS_OWN: Final = "a change there reaches both at once"
_OPTIONS: Final = {
    "only": Option(
        {},
        "Apps that are meant to be in some environments only: `{mail-catcher: [staging]}`.",
        {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    )
}

Said = tuple[Resource | SourceFile, Problem]


@tree_rule(Severity.WARNING, topic=Topic.ENVIRONMENTS, whole=True, options=_OPTIONS)
def environment_layout(tree: Tree, options: Options) -> Iterator[Said]:
    yield from _branches(tree)
    yield from _blends(tree)
    yield from _crossings(tree)
    yield from _gaps(tree, options["only"])
    placed = [app for app in tree.apps if app.environment]
    yield from _outside(tree, [*placed, *_kustomized(tree)])
    if placed:
        yield from _mixed(tree, placed)


def _kustomized(tree: Tree) -> Iterator[App]:
    """The apps of kustomizations in an environment: such an overlay may hold patches, and no resource."""
    found = (tree.app_of(file.path) for file in tree.of_kind(FileKind.KUSTOMIZATION))
    return (app for app in found if app is not None and app.environment)


def _branches(tree: Tree) -> Iterator[Said]:
    for found in environments_by_branch(tree):
        first = next(branch for branch in found if branch.environment)
        listed = ", ".join(f"`{name}`" for name in sorted({branch.name for branch in found}))
        message = f"environments are branches of one repository ({listed}); give each a folder on one branch"
        yield first.resource, Problem(first.path, message)


def _crossings(tree: Tree) -> Iterator[Said]:
    for found in crossings.references(tree):
        message = f"this is in {found.environment}, and `{found.text}` belongs to {found.other}: {_EACH_ITS_OWN}"
        yield found.subject, Problem(found.path, message, at=found.at)
    for found in foreign_namespaces.find(tree):
        message = f"this is in {found.environment}, and the namespace `{found.text}` is called for {found.other}"
        yield found.subject, Problem(found.path, message, at=found.at)


def _blends(tree: Tree) -> Iterator[Said]:
    for blend in blends.find(tree):
        one, other = (resource.location.file for resource in (blend.first, blend.second))
        names = " and ".join(blend.environments)
        if blend.in_one_file:
            message = f"{names} are in one file (`{blend.first.id}`, `{blend.second.id}`); give each a folder"
        else:
            message = f"{names} are in one folder (`{one}`, `{other}`) and are deployed together; give each a folder"
        yield blend.second, Problem(blend.path, message)


def _gaps(tree: Tree, only: Mapping[str, object]) -> Iterator[Said]:
    for gap in gaps.find(tree, only):
        has = ", ".join(gap.has)
        message = (
            f"`{gap.app}` is in {has}, and not in {gap.missing} as {gap.others} apps beside it are; "
            f"if it is meant so, say `only: {{{gap.app}: [{has}]}}`"
        )
        # A new app is on its way to production most of the time.
        severity = Severity.INFO if gap.missing == "production" else None
        yield gap.file, Problem((), message, severity=severity)


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
    found = set(deployed_folders(tree))
    for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
        for _, body in bodies(file):
            found.update(local_paths(dirname(file.path), body, (*BUILT, "crds")))
    return frozenset(found - {""})


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
