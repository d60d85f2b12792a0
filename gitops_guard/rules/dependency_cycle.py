"""Things wait for each other in a circle, or for something that comes after them, so none of them is ever deployed.

Flux starts nothing whose `dependsOn` is not ready, so two that depend on each other, or one that depends on itself,
wait for ever. Kustomize refuses a kustomization that contains itself, and one that lists a folder above its own. Argo
CD applies wave after wave and waits until each is healthy: what needs a ConfigMap, Secret, ServiceAccount or volume
claim of a later wave of the same app keeps that wave from ever coming.

Judged are `dependsOn` of Flux Kustomizations and of HelmReleases, in the namespaces that kustomizations give them;
`resources`, `bases` and `components` of kustomizations; and `argocd.argoproj.io/sync-wave` within what one
kustomization collects or one folder holds that Argo CD deploys as it is. Hooks and optional references are left alone,
and so are namespaces and definitions, which Argo CD moves before what needs them (gitops-engine, `sync_tasks.go`). Each
circle is reported once, at the entry that closes it: mostly that of what most others depend on.

Source: https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies,
https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/

## Fails

```yaml title="clusters/a/apps.yaml"
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: infrastructure, namespace: flux-system}
spec:
  interval: 10m
  prune: true
  path: ./infrastructure
  sourceRef: {kind: GitRepository, name: home}
  dependsOn:
    - name: apps  # finding
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  prune: true
  path: ./apps
  sourceRef: {kind: GitRepository, name: home}
  dependsOn:
    - name: infrastructure
```

```yaml title="shop/base/kustomization.yaml"
resources:
  - ../extra
```

```yaml title="shop/extra/kustomization.yaml"
resources:
  - ../base  # finding
```

```yaml title="cart/kustomization.yaml"
resources:
  - cart.yaml
```

```yaml title="cart/cart.yaml"
apiVersion: v1
kind: ServiceAccount
metadata:
  name: cart
  annotations: {argocd.argoproj.io/sync-wave: "2"}
---
apiVersion: v1
kind: Pod
metadata:
  name: cart
  annotations:
    argocd.argoproj.io/sync-wave: "1"  # finding
spec:
  serviceAccountName: cart
  containers: []
```

## Passes

```yaml title="clusters/a/apps.yaml"
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  prune: true
  path: ./apps
  sourceRef: {kind: GitRepository, name: home}
  dependsOn:
    - name: infrastructure
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: infrastructure, namespace: flux-system}
spec:
  interval: 10m
  prune: true
  path: ./infrastructure
  sourceRef: {kind: GitRepository, name: home}
```
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from posixpath import commonpath, dirname
from typing import Any, Final, NamedTuple

from gitops_guard.model import collected, kustomization
from gitops_guard.model.circle import circles
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.kustomization import Kustomizations, Member, Name, member_of
from gitops_guard.model.listing import bodies, entries, local_path
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FieldPath, FileKind, Resource, SourceFile, Tree
from gitops_guard.model.rule import Options, Profile, Topic, tree_rule
from gitops_guard.model.source import deployments
from gitops_guard.model.workload import containers, template_path, value_at

_WAITING: Final = {"Kustomization": "kustomize.toolkit.fluxcd.io", "HelmRelease": "helm.toolkit.fluxcd.io"}
_WAVE: Final = "argocd.argoproj.io/sync-wave"
_HOOKS: Final = ("argocd.argoproj.io/hook", "helm.sh/hook")
_MANY: Final = 2_000  # resources of one name that a dependency may mean


@tree_rule(Severity.ERROR, topic=Topic.INTEGRITY, profile=Profile.MINIMAL, whole=True)
def dependency_cycle(tree: Tree, _: Options) -> Iterator[tuple[Resource | SourceFile, Problem]]:
    kustomizations = kustomization.of_tree(tree)
    yield from _of_flux(tree, kustomizations)
    yield from _of_kustomizations(kustomizations)
    yield from _of_waves(tree, kustomizations)


class _Edge(NamedTuple):
    field: FieldPath
    target: int  # the number of a resource among those that wait


def _of_flux(tree: Tree, kustomizations: Kustomizations) -> Iterator[tuple[Resource, Problem]]:
    waiting = [r for r in tree.resources if _WAITING.get(r.id.kind) == r.id.group]
    if not any(value_at(resource.body, ("spec", "dependsOn")) for resource in waiting):
        return
    edges = _edges(waiting, _delivered(waiting, kustomizations))
    needed: dict[int, int] = {}
    for found in edges.values():
        for target in {edge.target for edge in found}:
            needed[target] = needed.get(target, 0) + 1
    for circle in circles({number: [edge.target for edge in found] for number, found in edges.items()}):
        steps = [*pairwise(circle), (circle[-1], circle[0])]
        start, end = max(reversed(steps), key=lambda step: _strangeness(step, needed, edges, waiting))
        field = next(edge.field for edge in edges[start] if edge.target == end)
        turned = [*circle[circle.index(end) :], *circle[: circle.index(end)]]
        yield waiting[start], Problem(field, _circle_message([waiting[number] for number in turned]))


def _strangeness(
    step: tuple[int, int], needed: Mapping[int, int], edges: Mapping[int, list[_Edge]], waiting: list[Resource]
) -> tuple[int, int, bool]:
    """How little a dependency fits: of what many depend on, on what few do; of what has no other; on what comes later.

    The last holds within one file, where people write first what the rest is built on.
    """
    start, end = step
    is_forward = start < end and waiting[start].location.file == waiting[end].location.file
    return needed[start] - needed[end], len(edges[end]) - len(edges[start]), is_forward


def _circle_message(circle: list[Resource]) -> str:
    names = [resource.id.name for resource in circle]
    if len(names) == 1:
        return f"`{names[0]}` depends on itself and never becomes ready"
    quoted = [f"`{name}`" for name in names]
    shown = quoted if len(names) <= 6 else [*quoted[:3], "…", *quoted[-2:]]
    return f"dependencies in a circle, none of which becomes ready: {' → '.join([*shown, quoted[0]])}"


def _delivered(waiting: list[Resource], kustomizations: Kustomizations) -> list[set[Name]]:
    """The names that each has in the end: by each kustomization that no other collects, or as they are written."""
    numbers = {id(resource): number for number, resource in enumerate(waiting)}
    found: list[set[Name]] = [set() for _ in waiting]
    for folder in kustomizations.roots():
        for member in kustomizations.build(folder).members:
            if member.kind in _WAITING and id(member.resource) in numbers:
                found[numbers[id(member.resource)]].add(member.names[-1])
    return [names or {Name(r.id.namespace, r.id.name)} for names, r in zip(found, waiting, strict=True)]


def _edges(waiting: list[Resource], delivered: list[set[Name]]) -> dict[int, list[_Edge]]:
    named: dict[tuple[str, Name], list[int]] = {}
    for number, names in enumerate(delivered):
        for name in names:
            named.setdefault((waiting[number].id.kind, name), []).append(number)
    edges: dict[int, list[_Edge]] = {}
    for number, resource in enumerate(waiting):
        edges[number] = []
        for index, entry in entries(value_at(resource.body, ("spec", "dependsOn"))):
            wanted, space = entry.get("name"), entry.get("namespace")
            if not isinstance(wanted, str) or is_placeholder(wanted):
                continue
            spaces = {space} if isinstance(space, str) and space else {name.namespace for name in delivered[number]}
            for at in sorted(spaces):
                target = _nearest(resource, named.get((resource.id.kind, Name(at, wanted)), [])[:_MANY], waiting)
                if target is not None:
                    edges[number].append(_Edge(("spec", "dependsOn", index, "name"), target))
    return edges


def _nearest(resource: Resource, candidates: list[int], waiting: list[Resource]) -> int | None:
    """Of several of one name, each on a cluster of its own, the one that lies nearest."""
    if len(candidates) < 2:
        return candidates[0] if candidates else None
    own = resource.location.file
    return max(candidates, key=lambda number: _shared(own, waiting[number].location.file))


def _shared(one: str, other: str) -> int:
    """How near two files are; the same file is nearest."""
    return len(one) + 1 if one == other else len(commonpath((f"/{dirname(one)}", f"/{dirname(other)}")))


def _of_kustomizations(kustomizations: Kustomizations) -> Iterator[tuple[SourceFile, Problem]]:
    needs: dict[str, list[str]] = {}
    fields: dict[tuple[str, str], tuple[int, FieldPath]] = {}
    for folder, file in kustomizations.files.items():
        needs[folder] = []
        for document, field, path in _listed(folder, file):
            if path not in kustomizations.files:
                continue
            needs[folder].append(path)
            fields.setdefault((folder, path), (document, field))
    for (folder, path), (document, field) in fields.items():
        if path != folder and (not path or folder.startswith(f"{path}/")) and folder not in needs[path]:
            file = kustomizations.files[folder]
            message = f"`{path or '.'}` lies above this kustomization, which kustomize refuses as a circle"
            yield file, Problem(field, message, at=file.locate(document, field))
    for circle in circles(needs):
        document, field = fields[circle[-1], circle[0]]
        file = kustomizations.files[circle[-1]]
        quoted = [f"`{folder or '.'}`" for folder in circle]
        names = quoted if len(circle) <= 6 else [*quoted[:3], "…", *quoted[-2:]]
        message = f"the kustomization contains itself: {' → '.join([*names, names[0]])}"
        yield file, Problem(field, message, at=file.locate(document, field))


def _listed(folder: str, file: SourceFile) -> Iterator[tuple[int, FieldPath, str]]:
    for document, body in bodies(file):
        for key in ("resources", "bases", "components"):
            value = body.get(key)
            for number, entry in enumerate(value if isinstance(value, list) else ()):
                path = local_path(folder, entry) if isinstance(entry, str) else None
                if path is not None:
                    yield document, (key, number), path


def _of_waves(tree: Tree, kustomizations: Kustomizations) -> Iterator[tuple[Resource, Problem]]:
    mark = _WAVE.encode()
    if not any(mark in file.data for file in tree.files):
        return
    changing = (FileKind.KUSTOMIZATION, FileKind.COMPONENT, FileKind.STRATEGIC_PATCH, FileKind.JSON_PATCH)
    patching = frozenset(file.path for file in tree.of_kind(*changing) if b"sync-wave" in file.data)
    told: set[int] = set()
    for folder in kustomizations.roots():
        build = kustomizations.build(folder)
        found = list(_contradicted(build.members, told))
        if found and not build.is_labelled and patching and _is_patched(tree, build.members, patching):
            continue
        yield from found
    plain = {entry.folder for entry in deployments(tree) if entry.field[0] == "spec" and "helm" not in entry.spec}
    by_folder: dict[str, list[Member]] = {}
    for resource in tree.resources:
        at = dirname(resource.location.file)
        if at in plain and at not in kustomizations.files:
            by_folder.setdefault(at, []).append(member_of(resource))
    for members in by_folder.values():
        yield from _contradicted(members, told)


def _is_patched(tree: Tree, members: Iterable[Member], patching: frozenset[str]) -> bool:
    """Whether a kustomization or patch that has a part in *members* may give them other waves."""
    layers = collected.of(tree)
    for path in {member.resource.location.file for member in members if member.resource is not None}:
        for layer in layers.around(path).layers:
            own = layer.file.path if layer.file is not None else ""
            if own in patching or not patching.isdisjoint(layer.patches):
                return True
    return False


def _contradicted(members: Iterable[Member], told: set[int]) -> Iterator[tuple[Resource, Problem]]:
    """Each resource once, for the first thing that it needs and that comes in a later wave only."""
    waves: dict[tuple[str, Name], int] = {}
    known = [member for member in members if not any(hook in member.annotations for hook in _HOOKS)]
    if not any(_WAVE in member.annotations for member in known):
        return
    for member in known:
        wave = _wave(member)
        for name in member.names:
            for key in _keys(member, name):
                waves[key] = min(wave, waves.get(key, wave))
    for member in known:
        resource = member.resource
        if resource is None or id(resource) in told:
            continue
        own, space = _wave(member), member.names[-1].namespace
        for kind, needed in _needs(resource):
            later = waves.get((kind, Name(space, needed)), own)
            if later > own:
                told.add(id(resource))
                place = ("metadata", "annotations", _WAVE)
                message = f"wave {own} needs {kind} `{needed}`, which comes in wave {later} only"
                yield resource, Problem(place, message)
                break


def _keys(member: Member, name: Name) -> Iterator[tuple[str, Name]]:
    """What others may need *member* for."""
    if not member.group:
        yield member.kind, Name(name.namespace, name.name)
    if member.kind in ("ExternalSecret", "SealedSecret"):
        target = value_at(member.resource.body, ("spec", "target", "name")) if member.resource else None
        yield "Secret", Name(name.namespace, target if isinstance(target, str) else name.name)


def _wave(member: Member) -> int:
    try:
        return int(member.annotations.get(_WAVE, 0))
    except (TypeError, ValueError, OverflowError):
        return 0


def _needs(resource: Resource) -> Iterator[tuple[str, str]]:
    """Kind and name of what has to be there before *resource* is healthy."""
    template = template_path(resource.id)
    if template is None or resource.id.kind == "CronJob" or value_at(resource.body, ("spec", "replicas")) == 0:
        return  # healthy without a Pod
    spec = value_at(resource.body, (*template, "spec"))
    if not isinstance(spec, Mapping):
        return
    yield from _named("ServiceAccount", spec, "serviceAccountName")
    for _, volume in entries(spec.get("volumes")):
        yield from _of_volume(volume)
    for _, container in containers(resource.id, resource.body):
        for _, source in entries(container.get("envFrom")):
            yield from _required("ConfigMap", source.get("configMapRef"))
            yield from _required("Secret", source.get("secretRef"))
        for _, variable in entries(container.get("env")):
            yield from _required("ConfigMap", value_at(variable, ("valueFrom", "configMapKeyRef")))
            yield from _required("Secret", value_at(variable, ("valueFrom", "secretKeyRef")))


def _of_volume(volume: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _required("ConfigMap", volume.get("configMap"))
    yield from _required("Secret", volume.get("secret"), "secretName")
    yield from _required("PersistentVolumeClaim", volume.get("persistentVolumeClaim"), "claimName")
    for _, source in entries(value_at(volume, ("projected", "sources"))):
        yield from _required("ConfigMap", source.get("configMap"))
        yield from _required("Secret", source.get("secret"))


def _required(kind: str, reference: object, field: str = "name") -> Iterator[tuple[str, str]]:
    if isinstance(reference, Mapping) and not reference.get("optional"):
        yield from _named(kind, reference, field)


def _named(kind: str, body: Mapping[str, Any], field: str) -> Iterator[tuple[str, str]]:
    name = body.get(field)
    if isinstance(name, str) and name:
        yield kind, name
