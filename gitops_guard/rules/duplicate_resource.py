"""The same resource is defined twice in what is deployed as one.

The one that is applied last wins, kustomize refuses to build, and whoever edits the other changes nothing. A resource
is the same when group, kind, namespace and name are the same; the version of its API does not matter.

Reported are two definitions in one file, in files that one kustomization or component collects, and in a folder that a
Flux Kustomization or an Argo CD Application deploys as it is. Bases and overlays repeat names on purpose and are not
reported, nor are alternatives that lie side by side and that nothing deploys together.

Two owners of one resource are reported too: Flux Kustomizations, or Argo CD Applications, that one root of this
repository leads to, and so one cluster gets. They overwrite each other for ever where the definitions differ, and
whoever is removed first takes the resource along. Each pair of owners is told once; it is a warning where both
definitions are the same. Namespaces are left out, which apps declare together on purpose, and so is what only one of
two clusters gets, names that are computed later, and what is annotated as shared
(`kustomize.toolkit.fluxcd.io/ssa`, `…/reconcile: disabled`).

Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/resource/

## Fails

```yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data: {level: info}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings  # finding
data: {level: debug}
```

```yaml title="shop/kustomization.yaml"
resources:
  - account.yaml
  - deployment.yaml
```

```yaml title="shop/account.yaml"
apiVersion: v1
kind: ServiceAccount
metadata:
  name: shop
```

```yaml title="shop/deployment.yaml"
apiVersion: v1
kind: ServiceAccount
metadata:
  name: shop  # finding
```

## Passes

```yaml title="shop/base/account.yaml"
apiVersion: v1
kind: ServiceAccount
metadata:
  name: shop
```

```yaml title="shop/other/account.yaml"
apiVersion: v1
kind: ServiceAccount
metadata:
  name: shop
```
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gitops_guard.model import kustomization
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.kustomization import Member
from gitops_guard.model.listing import PATCHES, bodies, local_paths
from gitops_guard.model.owner import Owner, clusters, owners
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FileKind, Location, Resource, ResourceId, SourceFile, Tree
from gitops_guard.model.rule import Options, Topic, tree_rule
from gitops_guard.model.source import deployed_folders

# What a kustomization does to the things it collects so that their ids or their number change.
_CHANGES = ("namespace", "namePrefix", "nameSuffix", *PATCHES)


@tree_rule(Severity.ERROR, topic=Topic.INTEGRITY, whole=True)
def duplicate_resource(tree: Tree, _: Options) -> Iterator[tuple[Resource, Problem]]:
    told: set[frozenset[Location]] = set()
    yield from _together(tree, told)
    yield from _of_two_owners(tree, told)


def _together(tree: Tree, told: set[frozenset[Location]]) -> Iterator[tuple[Resource, Problem]]:
    by_file = _repeated(tree)
    if not by_file:
        return
    for resources in by_file.values():
        yield from _twice(resources, "in one file", told)
    collecting = tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT)
    kustomizations = {file.path.rpartition("/")[0]: file for file in collecting}
    for folder, file in kustomizations.items():
        files = _collected(folder, kustomizations)
        yield from _twice(_resources(files, by_file), f"both collected by {file.path}", told)
    for folder in sorted(deployed_folders(tree)):
        if folder not in kustomizations:
            inside = [path for path in by_file if path.rpartition("/")[0] == folder]
            yield from _twice(_resources(inside, by_file), f"both deployed with the folder `{folder}`", told)


def _repeated(tree: Tree) -> dict[str, list[Resource]]:
    """The resources whose id stands in the tree more than once, by file. A `generateName` is no id."""
    by_file: dict[str, list[Resource]] = {}
    for found in tree.by_id().values():
        if len(found) > 1 and found[0].id.name:
            for resource in found:
                by_file.setdefault(resource.location.file, []).append(resource)
    return by_file


def _twice(
    resources: Iterable[Resource], how: str, told: set[frozenset[Location]]
) -> Iterator[tuple[Resource, Problem]]:
    """Each pair is told once, and each resource is at fault once, whoever else collects it."""
    first: dict[ResourceId, Resource] = {}
    for resource in resources:
        other = first.setdefault(resource.id, resource)
        here, pair = frozenset({resource.location}), frozenset({resource.location, other.location})
        if other is resource or here in told or pair in told:
            continue
        told.update((here, pair))
        place = f"{other.location.file}:{other.location.line}"
        message = f"`{resource.id}` is already defined in {place}, {how}"
        yield resource, Problem(("metadata", "name"), message, fix="delete one of the two, or rename it")


def _resources(files: Iterable[str], by_file: Mapping[str, list[Resource]]) -> Iterator[Resource]:
    for file in files:
        yield from by_file.get(file, ())


def _collected(folder: str, kustomizations: Mapping[str, SourceFile]) -> list[str]:
    """The files that a kustomization collects, itself or through others that leave ids as they are.

    Each folder is visited once: circles end, and a folder that many collect costs no more.
    """
    found: list[str] = []
    seen = {folder}
    waiting = _listed(folder, kustomizations[folder])
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        nested = kustomizations.get(path)
        if nested is None:
            found.append(path)
        elif not any(key in body for _, body in bodies(nested) for key in _CHANGES):
            waiting += _listed(path, nested)
    return found


def _listed(folder: str, file: SourceFile) -> list[str]:
    """What a kustomization lists, the last first."""
    return [path for _, body in bodies(file) for path in local_paths(folder, body, ("resources", "bases"))][::-1]


_SHARED = ("kustomize.toolkit.fluxcd.io/ssa", "kustomize.toolkit.fluxcd.io/reconcile")


def _of_two_owners(tree: Tree, told: set[frozenset[Location]]) -> Iterator[tuple[Resource, Problem]]:
    pairs: set[frozenset[int]] = set()
    for cluster in clusters(owners(tree, kustomization.of_tree(tree))):
        first: dict[ResourceId, tuple[Owner, Member]] = {}
        for owner in cluster:
            for resource_id, member in owner.ids():
                if member.kind == "Namespace" or not resource_id.name or is_placeholder("/".join(resource_id)):
                    continue
                other = first.setdefault(resource_id, (owner, member))
                pair = frozenset({id(owner.resource), id(other[0].resource)})
                if other[0].resource is not owner.resource and pair not in pairs:
                    found = list(_owned_twice(resource_id, (owner, member), other, told))
                    if found:
                        pairs.add(pair)
                    yield from found


def _owned_twice(
    resource_id: ResourceId, later: tuple[Owner, Member], earlier: tuple[Owner, Member], told: set[frozenset[Location]]
) -> Iterator[tuple[Resource, Problem]]:
    one, other = later[1].resource, earlier[1].resource
    if any(mark in member.annotations for _, member in (later, earlier) for mark in _SHARED):
        return
    names = [f"{owner.resource.id.kind} `{owner.resource.id.name}`" for owner, _ in (earlier, later)]
    both = f"`{resource_id}` is applied to one cluster by {names[0]} and by {names[1]}"
    if one is None or other is None or one is other:
        severity = Severity.WARNING if one is other else None
        yield later[0].resource, Problem((*later[0].deployment.field, "path"), both, severity=severity)
    elif frozenset({one.location}) not in told and frozenset({one.location, other.location}) not in told:
        place = f"{other.location.file}:{other.location.line}"
        severity = Severity.WARNING if one.body == other.body else None
        yield one, Problem(("metadata", "name"), f"{both}; the other definition is in {place}", severity=severity)
