"""CustomResourceDefinitions of the tree itself, read when a resource of their group is met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gitops_guard.load import classify, manifests
from gitops_guard.load.references import References

CRD_MARK = b"CustomResourceDefinition"


class CrdIndex:
    """Knows which files may hold definitions by a look at their bytes; parses one when its group is asked for."""

    def __init__(self, files: Iterable[tuple[str, bytes]], known: References) -> None:
        self._files = [
            (path, data) for path, data in files if CRD_MARK in data and classify.by_name(path, known) is None
        ]
        self._bodies: dict[str, list[Mapping[str, Any]]] = {}

    def __call__(self, group: str, kind: str) -> Sequence[Mapping[str, Any]]:
        """Bodies of the definitions of *group* and *kind*, in the order of their paths."""
        if not group or not self._files:
            return ()
        name = group.encode()
        found: list[Mapping[str, Any]] = []
        for path, data in self._files:
            if name in data:
                found.extend(body for body in self._read(path, data) if _defines(body, group, kind))
        return found

    def _read(self, path: str, data: bytes) -> list[Mapping[str, Any]]:
        if path not in self._bodies:
            documents = manifests.read(path, data).documents
            self._bodies[path] = [body for document in documents for body in _definitions(document.body)]
        return self._bodies[path]


def _definitions(body: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(body, dict):
        return
    if body.get("kind") == "CustomResourceDefinition":
        yield body
    elif isinstance(body.get("items"), list):
        for item in body["items"]:
            yield from _definitions(item)


def _defines(body: Mapping[str, Any], group: str, kind: str) -> bool:
    spec = body.get("spec")
    names = spec.get("names") if isinstance(spec, dict) else None
    return (
        isinstance(names, dict) and isinstance(spec, dict) and (spec.get("group"), names.get("kind")) == (group, kind)
    )
