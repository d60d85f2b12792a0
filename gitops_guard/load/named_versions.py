"""Which version of what a file names: images, charts, sources, values. What several environments name is compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from gitops_guard.load import environments, inline
from gitops_guard.load.inline import Inline
from gitops_guard.model import image, workload
from gitops_guard.model.resource import FieldPath, FileKind, Location, Resource, ResourceId, SourceFile
from gitops_guard.model.source import argo_sources
from gitops_guard.model.workload import value_at

KINDS: Final = workload.KINDS | {"HelmRelease", "HelmChart", "OCIRepository", "GitRepository", "Application"}
_BUILDS: Final = frozenset({FileKind.KUSTOMIZATION, FileKind.COMPONENT})
_VALUES: Final = frozenset({FileKind.HELM_VALUES, FileKind.OTHER_YAML})
_REMOTE_REF: Final = re.compile(r"[?&]ref=([^&\s]{1,128})")
_ENDINGS: Final = (".yaml", ".yml", ".json")
_DEEPEST: Final = 8  # of a tag in values; deeper ones are data of something else
_MOST: Final = 20_000  # nodes of one file of values
_IMAGE_FIELD: Final = "image"
_VERSION_FIELDS: Final = frozenset(
    {
        ("spec", "chart", "spec", "version"), ("spec", "ref", "tag"), ("spec", "ref", "semver"),
        ("spec", "source", "targetRevision"),
    }
)  # fmt: skip
_WORTH_READING: Final = re.compile(r"image|tag|version|semver|targetRevision")

Slot = tuple[str, ...]


class Named(NamedTuple):
    """*slot* is where the version stands, the same in all environments; *image* the name of the image, if it is one.

    *label* tells a person what it is. *subject*, *document* and *path* say where it is; *inline* where it is a text in
    a field of that file.
    """

    slot: Slot
    image: str
    label: str
    text: str
    subject: Resource | SourceFile
    document: int
    path: FieldPath
    inline: Inline | None = None

    def locate(self) -> Location:
        if self.inline is not None:
            return self.inline.locate(self.path)
        if isinstance(self.subject, Resource):
            return self.subject.locate(self.path)
        return self.subject.locate(self.document, self.path)


class _Found(NamedTuple):
    """A version and where in its body it stands."""

    path: FieldPath
    slot: Slot
    label: str
    text: str
    image: str = ""


def of_file(file: SourceFile) -> Iterator[Named]:
    """What kustomizations, patches and values name. Manifests are resources; see `of_resource`."""
    for document in file.documents:
        for found in _of_body(file, document.body):
            yield Named(found.slot, found.image, found.label, found.text, file, document.index, found.path)
        if file.kind in _BUILDS and isinstance(document.body, Mapping):
            yield from _of_inline_patches(file, document.index, document.body)


def of_resource(resource: Resource) -> Iterator[Named]:
    if resource.id.kind in KINDS:
        for found in _of_object(resource.id, resource.body):
            yield Named(found.slot, found.image, found.label, found.text, resource, resource.document, found.path)


def _of_inline_patches(file: SourceFile, document: int, body: Mapping[str, Any]) -> Iterator[Named]:
    for path, text, target in _inline_patches(body):
        if _WORTH_READING.search(text) is None:
            continue
        for patch in inline.documents(file, document, path, text):
            for found in _of_patch(patch.body, target):
                yield Named(found.slot, found.image, found.label, found.text, file, document, found.path, patch)


def _inline_patches(body: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str, tuple[str, str]]]:
    """(field, text, kind and name of the target)."""
    for field in ("patches", "patchesJson6902"):
        for number, entry in _mappings(body.get(field)):
            if isinstance(entry.get("patch"), str):
                target = entry.get("target")
                kind, name = value_at(target, ("kind",)), value_at(target, ("name",))
                yield (field, number, "patch"), entry["patch"], (str(kind or ""), str(name or ""))
    merged = body.get("patchesStrategicMerge")
    for number, text in enumerate(merged if isinstance(merged, list) else ()):
        if isinstance(text, str) and "\n" in text:
            yield ("patchesStrategicMerge", number), text, ("", "")


def _of_patch(body: object, target: tuple[str, str]) -> Iterator[_Found]:
    if isinstance(body, Mapping):
        yield from _of_object(_identify(body), body)
    elif isinstance(body, list):
        yield from _of_operations(body, target)


def _of_operations(operations: list[Any], target: tuple[str, str]) -> Iterator[_Found]:
    """What a JSON6902 patch sets, as if it stood in the *target* itself."""
    kind, name = target[0], environments.bare(target[1])
    for number, operation in _mappings(operations):
        pointer, value = operation.get("path"), operation.get("value")
        if not isinstance(pointer, str) or not isinstance(value, str):
            continue
        parts = tuple(pointer.split("/")[1:])
        at = (number, "value")
        if parts[-1:] == (_IMAGE_FIELD,):
            yield from _reference(at, (kind, name, *parts), value)
        elif parts in _VERSION_FIELDS:
            slot = ("HelmRelease", name, "chart") if parts[1] == "chart" else (kind, name, parts[-1])
            yield _Found(at, slot, f"`{pointer}`", value)
        elif parts[:2] == ("spec", "values") and parts[-1] in ("tag", "imageTag"):
            yield _Found(at, ("HelmRelease", name, "values", *parts[2:]), f"`{pointer}`", value)


def _of_body(file: SourceFile, body: object) -> Iterator[_Found]:
    if file.kind is FileKind.JSON_PATCH and isinstance(body, list):
        yield from _of_operations(body, ("", file.path.rpartition("/")[2]))
    if not isinstance(body, Mapping):
        return
    if file.kind in _BUILDS:
        yield from _of_kustomization(body)
    elif file.kind is FileKind.STRATEGIC_PATCH:
        yield from _of_object(_identify(body), body)
    elif file.kind is FileKind.HELM_CHART:
        yield from _of_chart(body)
    elif file.kind in _VALUES:
        name = file.path.rpartition("/")[2]
        stem = next((name.removesuffix(ending) for ending in _ENDINGS if name.endswith(ending)), name)
        yield from _of_values(body, ("values", environments.bare(stem)), ())


def _identify(body: Mapping[str, Any]) -> ResourceId:
    version, name = body.get("apiVersion"), value_at(body, ("metadata", "name"))
    group = version.rpartition("/")[0] if isinstance(version, str) else ""
    kind = body.get("kind")
    return ResourceId(group, kind if isinstance(kind, str) else "", "", name if isinstance(name, str) else "")


def _of_kustomization(body: Mapping[str, Any]) -> Iterator[_Found]:
    for number, entry in _mappings(body.get("images")):
        name, tag = entry.get("name"), entry.get("newTag")
        if isinstance(name, str) and isinstance(tag, str) and not entry.get("digest"):
            yield _Found(("images", number, "newTag"), ("images", name), f"`{name}`", tag, name)
    for number, entry in _mappings(body.get("helmCharts")):
        name, version = entry.get("name"), entry.get("version")
        if isinstance(name, str) and isinstance(version, str):
            slot = ("helmCharts", name, environments.bare(str(entry.get("releaseName", ""))))
            yield _Found(("helmCharts", number, "version"), slot, f"the chart `{name}`", version)
    for field in ("resources", "bases", "components"):
        entries = body.get(field)
        for number, entry in enumerate(entries if isinstance(entries, list) else ()):
            yield from _remote((field, number), entry)


def _remote(path: FieldPath, entry: object) -> Iterator[_Found]:
    """`https://example.com/team/repository//folder?ref=v1.2.3`; what could be a password is not shown."""
    if not isinstance(entry, str) or "ref=" not in entry:
        return
    address, match = entry.partition("?")[0], _REMOTE_REF.search(entry)
    if match is not None and "/" in address:
        label = "/".join([part for part in address.rpartition("@")[2].split("/") if part][-2:])
        yield _Found(path, ("remote", address), f"`{label}`", match[1])


def _of_object(resource: ResourceId, body: Mapping[str, Any]) -> Iterator[_Found]:
    name = environments.bare(resource.name)
    match resource.kind:
        case "HelmRelease":
            yield from _of_release(name, resource.name, body)
        case "HelmChart":
            yield from _text(body, ("spec", "version"), ("HelmChart", name), f"the chart of `{resource.name}`")
        case "OCIRepository" | "GitRepository":
            for field in ("tag", "semver"):
                slot = (resource.kind, name, field)
                yield from _text(body, ("spec", "ref", field), slot, f"the source `{resource.name}`")
        case "Application":
            yield from _of_application(name, resource.name, body)
        case _:
            yield from _of_containers(name, resource, body)


def _of_containers(name: str, resource: ResourceId, body: Mapping[str, Any]) -> Iterator[_Found]:
    for path, container in workload.containers(resource, body):
        reference = container.get(_IMAGE_FIELD)
        if isinstance(reference, str):
            slot = (resource.kind, name, str(container.get("name")))
            yield from _reference((*path, _IMAGE_FIELD), slot, reference)


def _reference(path: FieldPath, slot: Slot, reference: str) -> Iterator[_Found]:
    parsed = image.parse(reference)  # a digest beside the tag pins what the tag says
    if parsed.tag:
        yield _Found(path, slot, f"`{parsed.name}`", parsed.tag, parsed.name)


def _of_release(name: str, shown: str, body: Mapping[str, Any]) -> Iterator[_Found]:
    chart = value_at(body, ("spec", "chart", "spec", "chart"))
    label = f"the chart `{chart}`" if isinstance(chart, str) else f"the chart of `{shown}`"
    yield from _text(body, ("spec", "chart", "spec", "version"), ("HelmRelease", name, "chart"), label)
    yield from _of_values(value_at(body, ("spec", "values")), ("HelmRelease", name, "values"), ("spec", "values"))


def _of_application(name: str, shown: str, body: Mapping[str, Any]) -> Iterator[_Found]:
    spec = body.get("spec")
    single = isinstance(spec, Mapping) and isinstance(spec.get("source"), Mapping)
    for number, source in enumerate(argo_sources(spec)):
        inside: FieldPath = ("spec", "source")
        if not single or number:
            inside = ("spec", "sources", number - single)
        chart = source.get("chart")
        label = f"the chart `{chart}`" if isinstance(chart, str) else f"the source of `{shown}`"
        slot = ("Application", name, str(chart or source.get("repoURL")))
        for found in _text(source, ("targetRevision",), slot, label):
            yield found._replace(path=(*inside, *found.path))
        helm = value_at(source, ("helm",))
        if isinstance(helm, Mapping):
            yield from _of_helm(helm, (*slot, "values"), (*inside, "helm"))


def _of_helm(helm: Mapping[str, Any], slot: Slot, inside: FieldPath) -> Iterator[_Found]:
    yield from _of_values(helm.get("valuesObject"), slot, (*inside, "valuesObject"))
    for number, entry in _mappings(helm.get("parameters")):
        name, value = entry.get("name"), entry.get("value")
        if isinstance(name, str) and isinstance(value, str) and name.endswith((".tag", "imageTag")):
            yield _Found((*inside, "parameters", number, "value"), (*slot, *name.split(".")), f"`{name}`", value)


def _of_chart(body: Mapping[str, Any]) -> Iterator[_Found]:
    for number, entry in _mappings(body.get("dependencies")):
        name, version = entry.get("name"), entry.get("version")
        if isinstance(name, str) and isinstance(version, str):
            slot = ("dependencies", name, environments.bare(str(entry.get("alias", ""))))
            yield _Found(("dependencies", number, "version"), slot, f"the chart `{name}`", version)


def _of_values(values: object, slot: Slot, inside: FieldPath) -> Iterator[_Found]:
    """Tags of images: `tag` beside `repository` or below a key that ends in `image`, and `image: name:tag`."""
    waiting: list[tuple[Any, FieldPath]] = [(values, ())]
    seen = 0
    while waiting and seen < _MOST:
        node, path = waiting.pop()
        seen += 1
        if isinstance(node, Mapping):
            for field, text, label, name in _tags(node, path):
                yield _Found((*inside, *path, field), (*slot, *map(str, path), field), label, text, name)
            inner: Any = node.items()
        elif isinstance(node, list):
            inner = enumerate(node)
        else:
            continue
        if len(path) < _DEEPEST:
            waiting.extend((child, (*path, key)) for key, child in inner if isinstance(child, Mapping | list))


def _tags(node: Mapping[str, Any], path: FieldPath) -> Iterator[tuple[str, str, str, str]]:
    """(field, version, label, name of the image) of one mapping."""
    repository = node.get("repository")
    is_image = bool(path) and str(path[-1]).lower().endswith("image")
    tag = node.get("tag")
    if is_image or isinstance(repository, str):
        shown = repository if isinstance(repository, str) else ".".join(map(str, path))
        if isinstance(tag, str | int | float) and not isinstance(tag, bool):  # Helm writes 1.10 as 1.1, and so does str
            yield "tag", str(tag).partition("@")[0], f"`{shown}`", ""
    for field in ("imageTag", "image_tag"):
        if isinstance(node.get(field), str):
            yield field, node[field], f"`{'.'.join(map(str, (*path, field)))}`", ""
    reference = node.get(_IMAGE_FIELD)
    if isinstance(reference, str):
        for found in _reference((), (), reference):
            yield _IMAGE_FIELD, found.text, found.label, ""


def _text(body: object, path: FieldPath, slot: Slot, label: str) -> Iterator[_Found]:
    text = value_at(body, path)
    if isinstance(text, str):
        yield _Found(path, slot, label, text)


def _mappings(entries: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, Mapping):
            yield number, entry
