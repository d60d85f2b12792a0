"""What is parked: a kustomization names it in a comment (`# - thanos`), and nothing else delivers it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from posixpath import dirname, join, normpath

from gitops_guard.model import collected
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FileKind, SourceFile, Tree
from gitops_guard.model.source import Deployment, deployed_folders, deployments


class Parked:
    """The parked files and folders of a tree; none where a program fills in what is delivered."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def holds(self, path: str) -> bool:
        """Whether a file is parked, or lies in a folder that is."""
        if not self._roots or not any(_is_in(path, root) for root in self._roots):
            return False
        return not self._is_delivered(path)

    def _is_delivered(self, path: str) -> bool:
        """Whether something that is not parked takes the file in."""
        if any(_is_in(path, entry.folder) and self._is_commented(entry.folder) for entry in self._active):
            return True
        known = collected.of(self._tree)
        if not self._is_commented(dirname(path)):
            return any(path in layer.entries for layer in known.layers.values())
        return any(not self._is_commented(layer.folder) for layer in known.around(path).above)

    def _is_commented(self, folder: str) -> bool:
        return any(_is_in(folder, root) for root in self._roots)

    @cached_property
    def _deployed(self) -> Sequence[Deployment]:
        return deployments(self._tree)

    @cached_property
    def _active(self) -> Sequence[Deployment]:
        """What is deployed by resources that do not lie in a comment's file or folder themselves."""
        return [entry for entry in self._deployed if not _is_any(entry.resource.location.file, self._commented)]

    @cached_property
    def _commented(self) -> frozenset[str]:
        if any(map(is_placeholder, deployed_folders(self._tree))):
            return frozenset()
        paths = {path for file in self._tree.files for path in (file.path, dirname(file.path))}
        kustomizations = self._tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT)
        return frozenset(path for file in kustomizations for path in _commented(file) if path in paths)

    @cached_property
    def _roots(self) -> frozenset[str]:
        """Those of the comments, and the folders that only resources in them deploy."""
        active = {entry.folder for entry in self._active} if self._commented else set()
        by_parked = {entry.folder for entry in self._deployed} - active if self._commented else set()
        return (self._commented | by_parked) - {""}


def _commented(file: SourceFile) -> Iterator[str]:
    """The paths of the list entries that stand in comments."""
    if b"#" not in file.data:
        return
    folder = dirname(file.path)
    for line in file.data.split(b"\n"):
        text = line.strip()
        if not text.startswith(b"#"):
            continue
        entry = text.lstrip(b"# ").decode("utf-8", "replace")
        words = entry.removeprefix("- ").split()
        is_entry = entry.startswith("- ") and bool(words) and (len(words) == 1 or words[1].startswith("#"))
        if is_entry and ":" not in words[0] and len(words[0]) < 300:
            yield normpath(join(folder, words[0].strip("\"'")))


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/") or not folder


def _is_any(path: str, folders: frozenset[str]) -> bool:
    return any(_is_in(path, folder) for folder in folders)
