"""Which versions of sources the patches of a Tree set: those of files, and those that stand in kustomizations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gitops_guard.load import inline
from gitops_guard.model.resource import FieldPath, FileKind, Tree
from gitops_guard.model.workload import value_at

CHART_VERSION: Final[FieldPath] = ("spec", "chart", "spec", "version")
_FIELDS: Final[Mapping[str, FieldPath]] = {
    "HelmRelease": CHART_VERSION,
    "OCIRepository": ("spec", "ref"),
    "GitRepository": ("spec", "ref"),
    "Application": ("spec", "source", "targetRevision"),
}
_ENDINGS: Final = ("/chart/spec", "/chart/spec/version", "/spec/ref", "/targetRevision")


def versions(tree: Tree) -> Iterator[tuple[str, str]]:
    """(kind, name) of what a patch gives a version to; "" where the patch does not say which it is."""
    names = {(resource.id.kind, resource.id.name) for resource in tree.resources if resource.id.kind in _FIELDS}
    for file in tree.of_kind(FileKind.STRATEGIC_PATCH, FileKind.JSON_PATCH):
        for document in file.documents:
            yield from _set_by(document.body, names)
    for body in _kustomized(tree):
        for patch in [*_list(body.get("patches")), *_list(body.get("patchesStrategicMerge"))]:
            text = patch.get("patch") if isinstance(patch, Mapping) else patch
            if isinstance(text, str) and ("ersion" in text or "ref" in text):
                for document in inline.read(text).documents:
                    yield from _set_by(document.body, names)


def _kustomized(tree: Tree) -> Iterator[Mapping[str, Any]]:
    for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
        yield from (document.body for document in file.documents if isinstance(document.body, Mapping))
    for resource in tree.resources:
        spec = resource.body.get("spec")
        if resource.id.kind == "Kustomization" and isinstance(spec, Mapping):
            yield spec


def _set_by(body: object, names: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    if isinstance(body, list):
        paths = (operation.get("path") for operation in body if isinstance(operation, Mapping))
        if any(isinstance(path, str) and (path.endswith(_ENDINGS) or "/spec/ref/" in path) for path in paths):
            yield "", ""
    elif isinstance(body, Mapping):
        kind, name = str(body.get("kind")), str(value_at(body, ("metadata", "name")))
        if kind in _FIELDS and value_at(body, _FIELDS[kind]):
            yield kind, name if (kind, name) in names else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
