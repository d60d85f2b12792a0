"""What a kustomization builds: the files that it takes in, directly or through other kustomizations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from posixpath import dirname, join, normpath
from typing import Any, Final

from gitops_guard.load.names import KUSTOMIZATION_NAMES
from gitops_guard.model.resource import FieldPath, FileKind, SourceFile, Tree

_BUILT: Final = ("resources", "bases", "components")
_ALSO_READ: Final = (
    "crds", "configurations", "transformers", "generators", "patches", "patchesStrategicMerge", "patchesJson6902",
    "replacements", "configMapGenerator", "secretGenerator", "helmCharts",
)  # fmt: skip


class Kustomized:
    """The kustomizations of a tree, by folder."""

    def __init__(self, tree: Tree) -> None:
        self.files = {file.path: file for file in tree.files}
        self._folders = {dirname(file.path): file for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT)}

    def of_folder(self, folder: str) -> SourceFile | None:
        return self._folders.get(folder)

    def takes_in(self, file: SourceFile) -> list[SourceFile]:
        """All files that the kustomization *file* is built of, itself left out, the nearest first."""
        found: dict[str, SourceFile] = {}
        waiting = [file]
        seen = {file.path}
        while waiting:
            current = waiting.pop(0)
            for _, path in entries(current, _BUILT):
                taken = self._folders.get(path) or self.files.get(path)
                if taken is not None and taken.path not in seen:
                    seen.add(taken.path)
                    found[taken.path] = taken
                    if taken.path.rpartition("/")[2] in KUSTOMIZATION_NAMES:
                        waiting.append(taken)
        return list(found.values())


def entries(file: SourceFile, fields: tuple[str, ...] = _BUILT) -> Iterator[tuple[tuple[int, FieldPath], str]]:
    """((document, field), path from the root) of what a kustomization names in lists of paths."""
    folder = dirname(file.path)
    for document in file.documents:
        if not isinstance(document.body, Mapping):
            continue
        for field in fields:
            for place, entry in _named(document.body.get(field), (field,)):
                if entry and "://" not in entry and "\n" not in entry and "?" not in entry:
                    is_beside = folder and "/" not in entry and entry[0] != "."  # most are: 2 ms of 3,000 resources
                    yield (document.index, place), f"{folder}/{entry}" if is_beside else normpath(join(folder, entry))


def all_entries(file: SourceFile) -> Iterator[tuple[tuple[int, FieldPath], str]]:
    """Also patches, the files of generators and the values files of charts."""
    yield from entries(file, (*_BUILT, *_ALSO_READ))


def _named(value: object, inside: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    for number, entry in enumerate(value if isinstance(value, list) else ()):
        if isinstance(entry, str):
            yield (*inside, number), entry
        elif isinstance(entry, Mapping):
            yield from _in_entry(entry, (*inside, number))


def _in_entry(entry: Mapping[str, Any], inside: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    """`path` of a patch; `files` and `envs` of a generator; values files of a chart."""
    for field in ("path", "env", "valuesFile"):
        if isinstance(entry.get(field), str):
            yield (*inside, field), entry[field]
    for field in ("files", "envs", "additionalValuesFiles"):
        listed = entry.get(field)
        for number, name in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(name, str):
                yield (*inside, field, number), name.rpartition("=")[2]
