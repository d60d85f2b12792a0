"""Things that wait for each other, or for what comes after them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from posixpath import dirname, join, relpath

from bench.plants.ground import Ground, Plant, plants
from bench.plants.integrity import kustomizations, listed
from gitops_guard.model.resource import FileKind, Resource
from gitops_guard.model.workload import value_at

_DEPENDING = ("Kustomization", "HelmRelease")


@plants("dependency-cycle", "what another one waits for waits for it")
def _(ground: Ground) -> Iterator[Plant | None]:
    for kind in _DEPENDING:
        of_kind = list(ground.of_kind(kind))
        names = Counter(resource.id.name for resource in of_kind)  # two of a name are those of two clusters
        known = {resource.id.name: resource for resource in of_kind if names[resource.id.name] == 1}
        for resource in known.values():
            entries = value_at(resource.body, ("spec", "dependsOn"))
            for number, entry in enumerate(entries if isinstance(entries, list) else ()):
                other = known.get(entry.get("name", ""))
                if other is not None and "dependsOn" not in other.body["spec"]:
                    yield _waits(ground, other, resource, number)


def _waits(ground: Ground, other: Resource, resource: Resource, number: int) -> Plant | None:
    namespace = resource.id.namespace or _namespace_above(ground, resource.location.file)
    text = f"dependsOn:\n- name: {resource.id.name} «"
    if namespace:
        text += f"\n  namespace: {namespace}"
    planted = ground.behind(other, ("spec", "interval"), text)
    place = resource.locate(("spec", "dependsOn", number, "name"), key=True)
    is_below = place.file == other.location.file and resource.location.line > other.location.line
    also = {(place.file, place.line + (text.count("\n") + 1 if is_below else 0))}
    return planted and Plant(planted.files, planted.expected | also)


def _namespace_above(ground: Ground, path: str) -> str:
    """The namespace that the nearest kustomization above a file sets."""
    folder = dirname(path)
    while folder:
        for file, body in kustomizations(ground):
            if dirname(file.path) == folder and isinstance(body.get("namespace"), str):
                return str(body["namespace"])
        folder = dirname(folder)
    return ""


@plants("dependency-cycle", "one that waits for itself")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind(*_DEPENDING):
        if "toolkit.fluxcd.io" in resource.id.group and "dependsOn" not in (resource.body.get("spec") or {}):
            text = f"dependsOn:\n- name: {resource.id.name} «"
            yield ground.behind(resource, ("spec", "interval"), text)


_WAVES = """apiVersion: v1
kind: {kind}
metadata:
  name: planted
  annotations:
    argocd.argoproj.io/sync-wave: "5" «
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: planted
  annotations:
    argocd.argoproj.io/sync-wave: "1" «
spec:
  selector:
    matchLabels: {{app: planted}}
  template:
    metadata:
      labels: {{app: planted}}
    spec:
      {needs}
      containers:
      - name: planted
        image: ghcr.io/example/planted:1.4.2
"""
_NEEDED = {
    "ServiceAccount": "serviceAccountName: planted «",
    "ConfigMap": "volumes: [{name: it, configMap: {name: planted}}] «",
    "PersistentVolumeClaim": "volumes: [{name: it, persistentVolumeClaim: {claimName: planted}}] «",
}


@plants("dependency-cycle", "a wave that needs what a later one brings")
def _(ground: Ground) -> Iterator[Plant | None]:
    for number, (file, path, line, _, named) in enumerate(listed(ground, "resources")):
        is_built = file.kind is FileKind.KUSTOMIZATION  # of a component, another one decides
        if is_built and named in ground.files and dirname(named) == dirname(path):
            kind = sorted(_NEEDED)[number % len(_NEEDED)]
            waves = join(dirname(path), "planted-waves.yaml")
            added = ground.added(waves, _WAVES.format(kind=kind, needs=_NEEDED[kind]))
            text = ground.lines(path)[line - 1]
            edited = ground.instead(path, line, text, f"{text.partition('- ')[0]}- planted-waves.yaml")
            yield Plant({**edited.files, **added.files}, added.expected)


@plants("dependency-cycle", "a base that lists its overlay")
def _(ground: Ground) -> Iterator[Plant | None]:
    known = {dirname(file.path): file for file, _ in kustomizations(ground) if file.kind is FileKind.KUSTOMIZATION}
    for file, path, line, _, named in listed(ground, "resources"):
        base = known.get(named)
        entries = value_at(base.documents[0].body, ("resources",)) if base is not None else None
        place = ground.entry(base, ("resources", 0)) if base is not None and isinstance(entries, list) else None
        if base is not None and base is not file and entries and place is not None:
            text = ground.lines(base.path)[place[1] - 1]
            back = f"{text.partition('- ')[0]}- {relpath(dirname(path), named)} «"
            planted = ground.instead(base.path, place[1], back, text)
            yield Plant(planted.files, planted.expected | {(path, line)})
