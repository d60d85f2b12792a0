"""References that lead nowhere, files that nothing lists, things that exist twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from posixpath import dirname, join, normpath
from typing import Any

from bench.plants.ground import Ground, Plant, plants, value_at_any
from gitops_guard.model import collected
from gitops_guard.model.resource import FieldPath, FileKind, Resource, SourceFile
from gitops_guard.model.workload import template_path, value_at


def _names(ground: Ground) -> set[tuple[str, str]]:
    return {(resource.id.kind, resource.id.name) for resource in ground.tree.resources}


def _renamed(ground: Ground, found: Iterable[tuple[Resource, FieldPath, str]]) -> Iterator[Plant | None]:
    """Each reference to something that the repository defines gets a name that it does not define."""
    names = _names(ground)
    for resource, path, kind in found:
        value = value_at_any(resource.body, path)
        may_lack = value_at_any(resource.body, (*path[:-1], "optional")) is True
        if isinstance(value, str) and (kind, value) in names and not may_lack:
            yield ground.rewritten(resource, path, f"{value}-gone")


def _pod_references(resource: Resource) -> Iterator[tuple[FieldPath, str]]:
    template = template_path(resource.id)
    spec = value_at(resource.body, (*template, "spec")) if template is not None else None
    if template is None or not isinstance(spec, dict):
        return
    yield (*template, "spec", "serviceAccountName"), "ServiceAccount"
    for number in range(len(spec.get("volumes") or ())):
        volume = (*template, "spec", "volumes", number)
        yield (*volume, "configMap", "name"), "ConfigMap"
        yield (*volume, "secret", "secretName"), "Secret"
        yield (*volume, "persistentVolumeClaim", "claimName"), "PersistentVolumeClaim"


@plants("dangling-reference", "volume or service account of a workload")
def _(ground: Ground) -> Iterator[Plant | None]:
    yield from _renamed(ground, ((r, path, kind) for r in ground.of_kind() for path, kind in _pod_references(r)))


@plants("dangling-reference", "environment of a container")
def _(ground: Ground) -> Iterator[Plant | None]:
    found = []
    for resource, path, container in ground.containers():
        for number in range(len(container.get("env") or ())):
            source = (*path, "env", number, "valueFrom")
            found.append((resource, (*source, "secretKeyRef", "name"), "Secret"))
            found.append((resource, (*source, "configMapKeyRef", "name"), "ConfigMap"))
        for number in range(len(container.get("envFrom") or ())):
            found.append((resource, (*path, "envFrom", number, "configMapRef", "name"), "ConfigMap"))
            found.append((resource, (*path, "envFrom", number, "secretRef", "name"), "Secret"))
    yield from _renamed(ground, found)


def _workload_labels(ground: Ground) -> list[dict[str, Any]]:
    found = []
    for resource in ground.tree.resources:
        path = template_path(resource.id)
        labels = value_at(resource.body, (*path, "metadata", "labels")) if path is not None else None
        if isinstance(labels, dict):
            found.append(labels)
    return found


@plants("dangling-reference", "selector of a Service")
def _(ground: Ground) -> Iterator[Plant | None]:
    labels = _workload_labels(ground)
    for resource in ground.of_kind("Service"):
        selector = value_at(resource.body, ("spec", "selector"))
        if isinstance(selector, dict) and any(selector.items() <= each.items() for each in labels):
            key, value = next(iter(selector.items()))
            planted = ground.rewritten(resource, ("spec", "selector", key), f"{value}-gone")
            line = resource.locate(("spec", "selector"), key=True).line
            yield planted and Plant(planted.files, planted.expected | {(resource.location.file, line)})


@plants("dangling-reference", "named target port of a Service")
def _(ground: Ground) -> Iterator[Plant | None]:
    labels = _workload_labels(ground)
    for resource in ground.of_kind("Service"):
        selector = value_at(resource.body, ("spec", "selector"))
        if isinstance(selector, dict) and any(selector.items() <= each.items() for each in labels):
            for number, port in enumerate(value_at(resource.body, ("spec", "ports")) or ()):
                if isinstance(port.get("targetPort"), str) and not port["targetPort"].isdigit():
                    yield ground.rewritten(resource, ("spec", "ports", number, "targetPort"), "gone")


_SHORT = 4  # letters; one less makes another word of such a name
_FIELDS: tuple[tuple[str, FieldPath, str], ...] = (
    ("HorizontalPodAutoscaler", ("spec", "scaleTargetRef", "name"), "Deployment"),
    ("RoleBinding", ("roleRef", "name"), "Role"),
    ("ClusterRoleBinding", ("roleRef", "name"), "ClusterRole"),
    ("RoleBinding", ("subjects", 0, "name"), "ServiceAccount"),
    ("ClusterRoleBinding", ("subjects", 0, "name"), "ServiceAccount"),
    ("Ingress", ("spec", "rules", 0, "http", "paths", 0, "backend", "service", "name"), "Service"),
    ("HTTPRoute", ("spec", "rules", 0, "backendRefs", 0, "name"), "Service"),
    ("Certificate", ("spec", "issuerRef", "name"), "ClusterIssuer"),
    ("ExternalSecret", ("spec", "secretStoreRef", "name"), "ClusterSecretStore"),
)
_FLUX_FIELDS: tuple[tuple[str, FieldPath, str], ...] = (
    ("HelmRelease", ("spec", "chart", "spec", "sourceRef", "name"), "HelmRepository"),
    ("HelmRelease", ("spec", "chartRef", "name"), "OCIRepository"),
    ("HelmRelease", ("spec", "valuesFrom", 0, "name"), "ConfigMap"),
    ("HelmRelease", ("spec", "valuesFrom", 0, "name"), "Secret"),
    ("HelmRelease", ("spec", "dependsOn", 0, "name"), "HelmRelease"),
    ("Kustomization", ("spec", "dependsOn", 0, "name"), "Kustomization"),
    ("Kustomization", ("spec", "sourceRef", "name"), "GitRepository"),
    ("Kustomization", ("spec", "sourceRef", "name"), "OCIRepository"),
)


def _fields(ground: Ground, wanted: Iterable[tuple[str, FieldPath, str]]) -> Iterator[tuple[Resource, FieldPath, str]]:
    for kind, path, target in wanted:
        for resource in ground.of_kind(kind):
            yield resource, path, target


@plants("dangling-reference", "one object of Kubernetes to another")
def _(ground: Ground) -> Iterator[Plant | None]:
    yield from _renamed(ground, _fields(ground, _FIELDS))


@plants("dangling-reference", "one object of Flux to another")
def _(ground: Ground) -> Iterator[Plant | None]:
    yield from _renamed(ground, _fields(ground, _FLUX_FIELDS))


def kustomizations(ground: Ground) -> Iterator[tuple[SourceFile, dict[str, Any]]]:
    for file in ground.files_of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
        if len(file.documents) == 1 and isinstance(file.documents[0].body, dict):
            yield file, file.documents[0].body


def listed(ground: Ground, *keys: str) -> Iterator[tuple[SourceFile, str, int, int, str]]:
    """Kustomization, path, line and column of each entry, and what it names; entries are lines of their own."""
    for file, body in kustomizations(ground):
        for key in keys:
            entries = body.get(key)
            for number, value in enumerate(entries if isinstance(entries, list) else ()):
                place = ground.entry(file, (key, number))
                if place is not None and isinstance(value, str) and "://" not in value:
                    yield file, *place, normpath(join(dirname(file.path), value))


def _is_there(ground: Ground, path: str) -> bool:
    return path in ground.files or f"{path}/kustomization.yaml" in ground.files


@plants("missing-file", "a resource by another name")
def _(ground: Ground) -> Iterator[Plant | None]:
    for _, path, line, _, named in listed(ground, "resources", "components", "patchesStrategicMerge"):
        if _is_there(ground, named):
            text = ground.lines(path)[line - 1].rstrip().rstrip("'\"")
            quote = "'" if "'" in text else '"' if '"' in text else ""
            stem, dot, ending = text.rpartition(".y")
            renamed = f"{stem}-gone{dot}{ending}" if dot else f"{text}-gone"
            yield ground.instead(path, line, f"{renamed}{quote} «")


@plants("missing-file", "a resource that is removed")
def _(ground: Ground) -> Iterator[Plant | None]:
    for _, path, line, _, named in listed(ground, "resources"):
        if named in ground.files:
            yield Plant({named: None}, frozenset({(path, line)}))


@plants("missing-file", "a patch by another name")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file, body in kustomizations(ground):
        for number, patch in enumerate(body.get("patches") or ()):
            if isinstance(patch, dict) and isinstance(patch.get("path"), str):
                yield ground.rewritten(file, ("patches", number, "path"), f"gone-{patch['path'].rpartition('/')[2]}")


@plants("missing-file", "a file of a generator")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file, body in kustomizations(ground):
        if body.get("resources") and "configMapGenerator" not in body:
            text = "configMapGenerator:\n- name: settings\n  files:\n  - settings/gone.json «"
            yield ground.appended(file.path, text, document=False)


@plants("unlisted-file", "an entry that is removed")
def _(ground: Ground) -> Iterator[Plant | None]:
    """Of files that nothing else mentions, such as a workflow that edits one."""
    manifests = {resource.location.file for resource in ground.of_kind()}
    entries = list(listed(ground, "resources", "components"))
    for file, path, line, _, named in entries:
        others = [each for each in entries if each[0] is file]
        is_once = sum(each[4] == named for each in entries) == 1
        told = "/".join(named.split("/")[-2:]).encode()
        is_told = any(told in data for other, data in ground.files.items() if not other.endswith("kustomization.yaml"))
        if named in manifests and dirname(named) == dirname(path) and len(others) > 1 and is_once and not is_told:
            yield Plant(ground.instead(path, line).files, frozenset({(named, 0)}))


@plants("unlisted-file", "a new file")
def _(ground: Ground) -> Iterator[Plant | None]:
    manifests = {resource.location.file for resource in ground.of_kind()}
    for file, path, _, _, named in listed(ground, "resources"):
        if named in manifests and dirname(named) == dirname(path):
            text = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: planted\n"
            added = join(dirname(file.path), "planted-account.yaml")
            yield Plant({added: text.encode()}, frozenset({(added, 0)}))


def _patches(ground: Ground) -> Iterator[tuple[SourceFile, int, dict[str, Any]]]:
    """Of kustomizations: what a component patches, only those know that use it."""
    for file, body in kustomizations(ground):
        patches = body.get("patches") if file.kind is FileKind.KUSTOMIZATION else None
        for number, patch in enumerate(patches if isinstance(patches, list) else ()):
            if isinstance(patch, dict):
                yield file, number, patch


@plants("ghost-patch", "target by another name")
def _(ground: Ground) -> Iterator[Plant | None]:
    names = {name for _, name in _names(ground)}
    for file, number, patch in _patches(ground):
        name = value_at(patch, ("target", "name"))
        if isinstance(name, str) and name in names:
            planted = ground.rewritten(file, ("patches", number, "target", "name"), f"{name}-gone")
            yield planted and Plant(planted.files, planted.expected | _lines(file, ("patches", number)))


def _lines(file: SourceFile, path: FieldPath) -> frozenset[tuple[str, int]]:
    """Where a patch begins, and where its target does."""
    places = (file.locate(0, path), file.locate(0, (*path, "target"), key=True), file.locate(0, (*path, "path")))
    return frozenset((place.file, place.line) for place in places)


@plants("ghost-patch", "patch of a file for another name")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file, number, patch in _patches(ground):
        if isinstance(patch.get("path"), str) and "target" not in patch:
            path = normpath(join(dirname(file.path), patch["path"]))
            yield _other_name(ground, path, _lines(file, ("patches", number)))


def _other_name(ground: Ground, path: str, also: frozenset[tuple[str, int]]) -> Plant | None:
    file = next((each for each in ground.tree.files if each.path == path), None)
    name = value_at(file.documents[0].body, ("metadata", "name")) if file is not None and file.documents else None
    if file is None or not isinstance(name, str) or len(file.documents) != 1:
        return None
    planted = ground.rewritten(file, ("metadata", "name"), f"{name}-gone")
    return planted and Plant(planted.files, planted.expected | also | {(path, 0)})


@plants("ghost-patch", "patch in a kustomization for nothing")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file, body in kustomizations(ground):
        entries = body.get("resources")
        if entries and not {"patches", "generators", "helmCharts"} & body.keys() and _is_known(ground, file, entries):
            text = (
                "patches: «\n- target: «\n    kind: Deployment «\n    name: planted «\n"
                "  patch: | «\n    - op: replace\n      path: /spec/replicas\n      value: 3"
            )
            yield ground.appended(file.path, text, document=False)


def _is_known(ground: Ground, file: SourceFile, entries: list[Any]) -> bool:
    """Whether all that a kustomization collects lies in files beside it."""
    folder = dirname(file.path)
    return all(isinstance(entry, str) and normpath(join(folder, entry)) in ground.files for entry in entries)


def _alone(ground: Ground, *kinds: str) -> Iterator[Resource]:
    """Resources that are the only one of their file, with a name and in a YAML file."""
    for resource in ground.of_kind(*kinds):
        file = resource.location.file
        if resource.id.name and sum(other.location.file == file for other in ground.tree.resources) == 1:
            yield resource


@plants("duplicate-resource", "twice in one file")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in _alone(ground):
        old = ground.files[resource.location.file]
        text = old.decode(errors="replace").strip().removeprefix("---\n")
        if "---" not in text:
            planted = ground.appended(resource.location.file, text)
            first = old.rstrip(b"\n").count(b"\n") + 2
            lines = range(first, first + text.count("\n") + 2)
            yield Plant(planted.files, frozenset((resource.location.file, line) for line in lines))


@plants("duplicate-resource", "a copy that the same kustomization lists")
def _(ground: Ground) -> Iterator[Plant | None]:
    alone = {resource.location.file for resource in _alone(ground)}
    for _, path, line, _, named in listed(ground, "resources"):
        if named in alone and dirname(named) == dirname(path):
            yield _copied(ground, named, path, line)


def _copied(ground: Ground, named: str, path: str, line: int) -> Plant:
    """A copy of *named* beside the kustomization *path*, listed in a line behind *line*."""
    copy = join(dirname(path), f"planted-{named.rpartition('/')[2]}")
    text = ground.lines(path)[line - 1]
    entry = f"{text[: len(text) - len(text.lstrip())]}- {copy.rpartition('/')[2]}"
    listed = ground.instead(path, line, text, entry)
    return Plant({**listed.files, copy: ground.files[named]}, frozenset({(copy, 0), (named, 0)}))


@plants("duplicate-resource", "a copy in another app of the cluster")
def _(ground: Ground) -> Iterator[Plant | None]:
    """Apps that Flux deploys side by side into one namespace."""
    deployed = {
        str(value_at(ks.body, ("spec", "path"))).removeprefix("./"): value_at(ks.body, ("spec", "targetNamespace"))
        for ks in ground.of_kind("Kustomization")
    }
    alone = {resource.location.file for resource in _alone(ground, "HelmRelease", "ExternalSecret", "ConfigMap")}
    entries = [each for each in listed(ground, "resources") if each[4] in alone]
    last = {each[1]: each for each in entries}
    for _, path, _, _, named in entries:
        for other, (_, _, line, _, _) in last.items():
            namespaces = {deployed.get(dirname(path)), deployed.get(dirname(other))}
            if other != path and len(namespaces) == 1 and None not in namespaces:
                yield _copied(ground, named, other, line)
                break


_HPA = """apiVersion: autoscaling/v2 «
kind: HorizontalPodAutoscaler
metadata:
  name: planted «
spec: «
  scaleTargetRef: «
    apiVersion: apps/v1
    kind: Deployment
    name: {name} «
  minReplicas: 2
  maxReplicas: 4"""


@plants("hpa-replicas", "replicas of what is scaled")
def _(ground: Ground) -> Iterator[Plant | None]:
    autoscalers = ground.of_kind("HorizontalPodAutoscaler")
    target = ("spec", "scaleTargetRef", "name")
    scaled = {(dirname(each.location.file), value_at(each.body, target)) for each in autoscalers}
    for resource in ground.of_kind("Deployment"):
        place = dirname(resource.location.file), resource.id.name
        if place in scaled and "replicas" not in resource.body["spec"]:
            yield ground.into(resource, ("spec",), "replicas: 3 «")


@plants("hpa-replicas", "an autoscaler for what has replicas")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("Deployment"):
        if value_at(resource.body, ("spec", "replicas")):
            namespace = f"metadata:\n  namespace: {resource.id.namespace}\n" if resource.id.namespace else "metadata:\n"
            text = _HPA.format(name=resource.id.name).replace("metadata:\n", namespace)
            planted = ground.appended(resource.location.file, text)
            place = resource.locate(("spec", "replicas"), key=True)
            yield Plant(planted.files, planted.expected | {(place.file, place.line)})


def _in_created(ground: Ground) -> Iterator[tuple[Resource, str]]:
    """Resources in a namespace that the repository creates, and that no kustomization sets, also none far above."""
    defined = {resource.id.name for resource in ground.of_kind("Namespace")}
    layers = collected.of(ground.tree)
    for resource in ground.of_kind():
        if resource.id.namespace in defined and resource.id.kind != "Namespace":
            above = layers.around(resource.location.file).above
            if not any(layer.texts("namespace") for layer in above):
                yield resource, resource.id.namespace


@plants("namespace-missing", "a resource in a namespace that nothing creates")
def _(ground: Ground) -> Iterator[Plant | None]:
    """Where nearly all namespaces come with the cluster, as in a collection of examples, another one may as well."""
    defined = {resource.id.name for resource in ground.of_kind("Namespace")}
    named = {resource.id.namespace for resource in ground.of_kind() if resource.id.namespace}
    if len(named & defined) >= len(named - defined):
        for resource, namespace in _in_created(ground):
            yield ground.rewritten(resource, ("metadata", "namespace"), f"{namespace}-gone")


@plants("namespace-missing", "a namespace that is misspelt")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource, namespace in _in_created(ground):
        if len(namespace) > _SHORT:
            yield ground.rewritten(resource, ("metadata", "namespace"), namespace[:-3] + namespace[-2:])


@plants("namespace-missing", "namespace of a kustomization")
def _(ground: Ground) -> Iterator[Plant | None]:
    defined = {resource.id.name for resource in ground.of_kind("Namespace")}
    renamed = {dirname(each.location.file) for each in ground.of_kind("Namespace")}
    for file, body in kustomizations(ground):
        entries = body.get("resources") if dirname(file.path) not in renamed else None
        if body.get("namespace") in defined and isinstance(entries, list) and _is_known(ground, file, entries):
            yield ground.rewritten(file, ("namespace",), f"{body['namespace']}-gone")


@plants("namespace-missing", "namespace that Flux deploys to")
def _(ground: Ground) -> Iterator[Plant | None]:
    defined = {resource.id.name for resource in ground.of_kind("Namespace")}
    for resource in ground.of_kind("Kustomization", "HelmRelease"):
        if value_at(resource.body, ("spec", "targetNamespace")) in defined:
            yield ground.rewritten(resource, ("spec", "targetNamespace"), "gone-and-nowhere")
