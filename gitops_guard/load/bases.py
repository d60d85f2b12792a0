"""What a kustomization builds on, through all the kustomizations between, and what it patches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from posixpath import dirname, join, normpath
from typing import Any, Final

from gitops_guard.load.names import KUSTOMIZATION_NAMES
from gitops_guard.model.resource import FieldPath, FileKind, SourceFile, Tree

_BUILT: Final = ("resources", "components", "bases")
_PATCHES: Final = ("patches", "patchesStrategicMerge", "patchesJson6902")


def patched_by(tree: Tree) -> dict[str, list[str]]:
    """The kustomizations that name a patch, by the path of the patch."""
    found: dict[str, list[str]] = {}
    for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
        for document in file.documents:
            for entry in _entries(document.body, _PATCHES):
                path = entry.get("path") if isinstance(entry, Mapping) else entry
                if isinstance(path, str) and "\n" not in path:
                    found.setdefault(normpath(join(dirname(file.path), path)), []).append(file.path)
    return found


def _entries(body: object, fields: tuple[str, ...]) -> Iterator[Any]:
    for field in fields:
        entries = body.get(field) if isinstance(body, Mapping) else None
        yield from entries if isinstance(entries, list) else ()


class Bases:
    def __init__(self, tree: Tree) -> None:
        self._files = {file.path: file for file in tree.files}
        self._folders = {
            dirname(path): file for path, file in self._files.items() if path.rpartition("/")[2] in KUSTOMIZATION_NAMES
        }

    def below(
        self, kustomization: SourceFile, enters: Callable[[SourceFile], bool]
    ) -> Iterator[tuple[FieldPath, SourceFile]]:
        """Each file below, kustomizations among them, with the entry of *kustomization* through which it comes.

        Files that *enters* refuses are left out, and so is what comes through them alone. Circles end.
        """
        seen = {kustomization.path}
        for path, file in self._listed(kustomization):
            stack = [file]
            while stack:
                one = stack.pop()
                if one.path in seen or not enters(one):
                    continue
                seen.add(one.path)
                yield path, one
                stack.extend(below for _, below in self._listed(one))

    def _listed(self, file: SourceFile) -> Iterator[tuple[FieldPath, SourceFile]]:
        folder, _, name = file.path.rpartition("/")
        if name not in KUSTOMIZATION_NAMES:
            return
        for document in file.documents:
            body = document.body if isinstance(document.body, Mapping) else {}
            for field in _BUILT:
                entries = body.get(field)
                for number, entry in enumerate(entries if isinstance(entries, list) else ()):
                    if isinstance(entry, str) and "\n" not in entry:
                        target = normpath(join(folder, entry))
                        found = self._folders.get("" if target == "." else target) or self._files.get(target)
                        if found is not None:
                            yield (field, number), found
