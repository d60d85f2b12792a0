"""An autoscaler scales a workload whose `replicas` are set in Git too.

Each sync of an agent, or each `kubectl apply`, sets the number from Git, and the autoscaler sets its own again: under
load, Pods are stopped and started each time. Leave `replicas` out of what an autoscaler scales.

Found is the number in the manifest of the workload, in a patch and in the field `replicas` of a kustomization, where
the same build delivers the autoscaler: a HorizontalPodAutoscaler or a ScaledObject of KEDA. Not found is a number that
a patch of the build takes out, an autoscaler that it deletes, one whose bounds leave no other number, and what the
agent was told to leave alone: `ignoreDifferences` of Argo CD, `kustomize.toolkit.fluxcd.io/ssa` of Flux.

Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#migrating-deployments-and-statefulsets-to-horizontal-autoscaling

## Fails

```yaml title="apps/shop/deployment.yaml"
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2  # finding
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers: [{name: shop, image: "shop:1.0"}]
```

```yaml title="apps/shop/hpa.yaml"
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec:
  maxReplicas: 5
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
```

```yaml title="apps/shop/kustomization.yaml"
resources: [deployment.yaml, hpa.yaml]
replicas:
  - name: shop
    count: 3  # finding
```

## Passes

```yaml title="apps/shop/deployment.yaml"
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers: [{name: shop, image: "shop:1.0"}]
```

```yaml title="apps/shop/hpa.yaml"
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec:
  maxReplicas: 5
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
```
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import dirname, normpath
from typing import Any, Final, TypeGuard

from gitops_guard.load import inline
from gitops_guard.load.inline import Inline
from gitops_guard.model import collected, listing
from gitops_guard.model.collected import Layer
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.listing import PATCHES
from gitops_guard.model.producer import family
from gitops_guard.model.resource import FieldPath, Location, Resource, SourceFile, Tree
from gitops_guard.model.rule import Options, Topic, tree_rule
from gitops_guard.model.source import argo_sources
from gitops_guard.model.workload import value_at

Found = Iterator[tuple[Resource | SourceFile, Problem]]
_FIX: Final = "leave `replicas` out"
_REPLICAS: Final = ("spec", "replicas")
_SCALERS: Final = {("autoscaling", "HorizontalPodAutoscaler"): "", ("keda.sh", "ScaledObject"): "Deployment"}
_BOUNDS: Final = (("minReplicas", "maxReplicas"), ("minReplicaCount", "maxReplicaCount"))
_REMOVED: Final = re.compile(
    rb"replicas: {1,9}(?:null\b|~)"
    rb"|op: {0,9}[\"']?remove[\"']?\s{1,99}path: {0,9}[\"']?/spec/replicas\b"
    rb"|path: {0,9}[\"']?/spec/replicas[\"']?\s{1,99}op: {0,9}[\"']?remove\b"
)
_DELETED: Final = re.compile(rb"\$patch: *[\"']?delete")


@dataclass(frozen=True, slots=True)
class _Scaled:
    """An autoscaler and the name of what it scales."""

    scaler: Resource
    kind: str
    name: str

    def says(self, what: str) -> str:
        scales = f"`{self.scaler.id}` scales `{self.kind} {self.name}`"
        return f"{scales}, and {what}: each apply takes back what the autoscaler chose"

    def leaves_open(self, replicas: int) -> bool:
        """Whether the autoscaler may choose another number."""
        spec = self.scaler.body.get("spec")
        return not any(value_at(spec, (low,)) == value_at(spec, (high,)) == replicas for low, high in _BOUNDS)


@tree_rule(Severity.WARNING, topic=Topic.INTEGRITY, whole=True)
def hpa_replicas(tree: Tree, _: Options) -> Found:
    scaled: dict[tuple[str, str], list[_Scaled]] = {}
    for resource in tree.resources:
        for one in _scaled(resource):
            scaled.setdefault((one.kind, one.name), []).append(one)
    if not scaled:
        return
    builds = _Builds(tree)
    told: set[Location] = set()
    for workload in tree.resources:
        for one in builds.scalers(scaled.get((workload.id.kind, workload.id.name), ()), workload):
            for subject, problem in builds.problems(one, workload):
                at = problem.at or subject.locate(0, problem.path) if isinstance(subject, SourceFile) else None
                at = at or workload.locate(problem.path)
                if at not in told:
                    told.add(at)
                    yield subject, problem


def _scaled(resource: Resource) -> Iterator[_Scaled]:
    kind = _SCALERS.get((resource.id.group, resource.id.kind))
    target = value_at(resource.body, ("spec", "scaleTargetRef")) if kind is not None else None
    if isinstance(target, Mapping):
        named, name = target.get("kind") or kind, target.get("name")
        if isinstance(named, str) and isinstance(name, str) and named and name:
            yield _Scaled(resource, named, name)


def _is_below(path: str, other: str) -> bool:
    """Whether *path* is in the folder of *other* or below it, but not merely both in the repository."""
    folder = dirname(other)
    return dirname(path) == folder or (folder != "" and path.startswith(f"{folder}/"))


class _Builds:
    """What is built together, and what patches of a build say of `replicas`."""

    def __init__(self, tree: Tree) -> None:
        self.collected = collected.of(tree)
        self.files = listing.of_tree(tree).files
        self.ignoring = sorted(set(_ignoring(tree)))
        self._inlined: dict[tuple[str, int, FieldPath], Sequence[Inline]] = {}

    def scalers(self, scaled: Iterable[_Scaled], workload: Resource) -> Iterator[_Scaled]:
        """Those that are delivered with *workload*, one for each build."""
        told: set[int] = set()
        for one in scaled:
            build = id(self.collected.around(one.scaler.location.file).above)
            if build not in told and self.are_together(one.scaler, workload):
                if self.is_left_alone(workload):
                    return
                told.add(build)
                yield one

    def is_left_alone(self, workload: Resource) -> bool:
        """Whether Flux or Argo CD were told to leave alone what others set."""
        if "kustomize.toolkit.fluxcd.io/ssa" in workload.annotations:
            return True
        above = self.collected.around(workload.location.file).above if self.ignoring else ()
        places = [f"{dirname(workload.location.file)}/", *(f"{layer.folder}/" for layer in above)]
        return any(not folder or place.startswith(f"{folder}/") for folder in self.ignoring for place in places)

    def are_together(self, scaler: Resource, workload: Resource) -> bool:
        if scaler.id.namespace and workload.id.namespace and scaler.id.namespace != workload.id.namespace:
            return False
        here, there = scaler.location.file, workload.location.file
        if here == there:
            return True
        above, other = self.collected.around(here).above, self.collected.around(there).above
        if above or other:
            return not {layer.folder for layer in above}.isdisjoint(layer.folder for layer in other)
        return _is_below(here, there) or _is_below(there, here)

    def problems(self, one: _Scaled, workload: Resource) -> Found:
        with_scaler = {layer.folder for layer in self.collected.around(one.scaler.location.file).above}
        above = [layer for layer in self.collected.around(workload.location.file).above if layer.folder in with_scaler]
        texts = [file.data for layer in above for file in self._patching(layer)]
        if any(
            _REMOVED.search(text) or (_DELETED.search(text) and one.scaler.id.kind.encode() in text) for text in texts
        ):
            return
        replicas = value_at(workload.body, _REPLICAS)
        if _is_number(replicas) and one.leaves_open(replicas):
            yield workload, Problem(_REPLICAS, one.says("`replicas` is set in Git"), fix=_FIX)
        for layer in above:
            yield from _by_field(layer, one)
            if any(b"replicas" in file.data for file in self._patching(layer)):
                yield from self._by_patch(layer, one)

    def _patching(self, layer: Layer) -> Iterator[SourceFile]:
        for path in layer.patches:
            if path in self.files:
                yield self.files[path]
        if layer.file is not None:
            yield layer.file

    def _by_patch(self, layer: Layer, one: _Scaled) -> Found:
        if layer.file is None:
            return
        for document in layer.file.documents:
            for key in PATCHES:
                listed = value_at(document.body, (key,))
                for number, entry in enumerate(listed if isinstance(listed, list) else ()):
                    yield from self._of_entry(layer, document.index, (key, number), entry, one)

    def _inline(self, file: SourceFile, document: int, at: FieldPath, text: str) -> Sequence[Inline]:
        key = file.path, document, at
        if key not in self._inlined:
            self._inlined[key] = tuple(inline.documents(file, document, at, text))
        return self._inlined[key]

    def _of_entry(self, layer: Layer, document: int, at: FieldPath, entry: object, one: _Scaled) -> Found:
        file, text = layer.file, entry
        if isinstance(entry, Mapping):
            path, text = entry.get("path"), entry.get("patch")
            if isinstance(path, str):
                text = path
            else:
                at = (*at, "patch")
        if file is None or not isinstance(text, str):
            return
        target = entry.get("target") if isinstance(entry, Mapping) else None
        named = self.files.get(normpath(f"{dirname(file.path)}/{text}") if "\n" not in text else "")
        if named is not None:
            for inner in named.documents:
                for field in _sets(inner.body, target, one):
                    place = named.locate(inner.index, field)
                    yield named, Problem(field, one.says("a patch sets `replicas`"), fix=_FIX, at=place)
        elif "replicas" in text:
            for patch in self._inline(file, document, at, text):
                for field in _sets(patch.body, target, one):
                    yield file, Problem(at, one.says("a patch sets `replicas`"), fix=_FIX, at=patch.locate(field))


def _by_field(layer: Layer, one: _Scaled) -> Found:
    for document in layer.file.documents if layer.file is not None else ():
        listed = value_at(document.body, ("replicas",))
        for number, entry in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(entry, Mapping) and entry.get("name") == one.name and layer.file is not None:
                count, path = entry.get("count"), ("replicas", number, "count")
                if _is_number(count) and one.leaves_open(count):
                    at = layer.file.locate(document.index, path)
                    yield layer.file, Problem(path, one.says("the kustomization sets `replicas`"), fix=_FIX, at=at)


def _sets(body: object, target: object, one: _Scaled) -> Iterator[FieldPath]:
    """Where a patch sets the replicas of what *one* scales."""
    if isinstance(body, list):
        for number, change in enumerate(body):
            if (
                isinstance(change, Mapping)
                and change.get("path") == "/spec/replicas"
                and change.get("op") in ("add", "replace")
                and _is_number(change.get("value"))
                and one.leaves_open(change["value"])
                and _means(target, one)
            ):
                yield (number, "value")
    elif isinstance(body, Mapping):
        replicas = value_at(body, _REPLICAS)
        is_it = body.get("kind") == one.kind and value_at(body, ("metadata", "name")) == one.name
        if (
            _is_number(replicas)
            and one.leaves_open(replicas)
            and (is_it or (target is not None and _means(target, one)))
        ):
            yield _REPLICAS


def _means(target: object, one: _Scaled) -> bool:
    """Whether the target of a patch selects it; a pattern or a label may select others."""
    if not isinstance(target, Mapping) or "labelSelector" in target or "annotationSelector" in target:
        return False
    return target.get("kind") in (None, one.kind) and target.get("name") in (None, one.name)


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _ignoring(tree: Tree) -> Iterator[str]:
    """The folders of Argo CD Applications that leave `replicas` alone; "" where the folder is not known."""
    for resource in tree.resources:
        if family(resource.id.group) != "argoproj.io" or resource.id.kind not in ("Application", "ApplicationSet"):
            continue
        path: FieldPath = ("spec",) if resource.id.kind == "Application" else ("spec", "template", "spec")
        spec = value_at(resource.body, path)
        listed = value_at(spec, ("ignoreDifferences",))
        for entry in listed if isinstance(listed, list) else ():
            if "spec/replicas" in str(value_at(entry, ("jsonPointers",))) or "spec.replicas" in str(
                value_at(entry, ("jqPathExpressions",))
            ):
                yield from _folders(argo_sources(spec))


def _folders(sources: list[Mapping[str, Any]]) -> Iterator[str]:
    for source in sources:
        folder = source.get("path")
        yield (
            normpath(folder.strip("/")) if isinstance(folder, str) and folder.strip("/.") and "{{" not in folder else ""
        )
