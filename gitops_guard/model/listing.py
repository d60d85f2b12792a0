"""What kustomizations list: which of their fields name files and folders, and where in the repository these are."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from posixpath import join, normpath
from typing import Any, Final

from gitops_guard.model.once import per_tree
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FieldPath, FileKind, SourceFile, Tree

NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
BUILT: Final = ("resources", "bases", "components")  # a folder among them is built
PATCHES: Final = ("patches", "patchesStrategicMerge", "patchesJson6902")
GENERATORS: Final = {"configMapGenerator": "ConfigMap", "secretGenerator": "Secret"}
NAMING: Final = (
    *BUILT, "crds", "configurations", "transformers", "generators", "validators", *PATCHES, "replacements", "openapi",
    *GENERATORS, "helmCharts",
)  # fmt: skip
_ONE_FILE: Final = ("path", "env", "valuesFile")
_SEVERAL_FILES: Final = ("files", "envs", "additionalValuesFiles")
NAMING_INSIDE: Final = (*_ONE_FILE, *_SEVERAL_FILES)  # in the entries of NAMING
# What kustomize fetches: a scheme, ssh, `//` or `?ref=` of go-getter, or a host where a folder could stand.
_REMOTE: Final = re.compile(r"\w+://|git@|\w+::|.*//|.*\?|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/(?!.*\.(?:ya?ml|json)$)")


class Listing:
    """The files of a tree by their path, and its kustomizations by their folder, the root as ""."""

    def __init__(self, tree: Tree) -> None:
        self.files = {file.path: file for file in tree.files}
        self.kustomizations: dict[str, SourceFile] = {}
        self._listed: dict[str, list[tuple[FieldPath, SourceFile]]] = {}
        for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
            folder, _, name = file.path.rpartition("/")
            if name in NAMES:
                self.kustomizations.setdefault(folder, file)

    def below(
        self, kustomization: SourceFile, enters: Callable[[SourceFile], bool] = lambda _: True
    ) -> Iterator[tuple[FieldPath, SourceFile]]:
        """Each file below, kustomizations among them, with the entry of *kustomization* through which it comes.

        The nearest come first. Files that *enters* refuses are left out, and so is what comes through them alone.
        Circles end.
        """
        seen = {kustomization.path}
        waiting = list(self._built_by(kustomization))
        for path, file in waiting:  # grows while it is walked
            if file.path not in seen and enters(file):
                seen.add(file.path)
                yield path, file
                waiting += ((path, below) for _, below in self._built_by(file))

    def _built_by(self, file: SourceFile) -> list[tuple[FieldPath, SourceFile]]:
        folder, _, name = file.path.rpartition("/")
        if name not in NAMES:
            return []
        if file.path not in self._listed:
            self._listed[file.path] = list(self._entries(folder, file))
        return self._listed[file.path]

    def _entries(self, folder: str, file: SourceFile) -> Iterator[tuple[FieldPath, SourceFile]]:
        for _, body in bodies(file):
            for path, entry in named(body, BUILT):
                target = local_path(folder, entry)
                if target is not None and (found := self.kustomizations.get(target) or self.files.get(target)):
                    yield path, found

    def patched_by(self) -> dict[str, list[str]]:
        """The kustomizations that name a patch, by the path of the patch."""
        found: dict[str, list[str]] = {}
        for folder, file in self.kustomizations.items():
            for _, body in bodies(file):
                for _, entry in named(body, PATCHES):
                    if (path := local_path(folder, entry)) is not None:
                        found.setdefault(path, []).append(file.path)
        return found


of_tree: Final = per_tree(Listing)


def bodies(file: SourceFile | None) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The documents of a kustomization with their numbers."""
    for document in file.documents if file is not None else ():
        if isinstance(document.body, Mapping):
            yield document.index, document.body


def named(body: Mapping[str, Any], fields: Iterable[str] = NAMING) -> Iterator[tuple[FieldPath, str]]:
    """All that a kustomization names in some fields, with the place where it does; patches may be texts."""
    for field in fields:
        value = body.get(field)
        if isinstance(value, list):
            for number, entry in enumerate(value):
                if isinstance(entry, str):
                    yield (field, number), entry
                elif isinstance(entry, Mapping):
                    yield from _in_entry(entry, (field, number))
        elif isinstance(value, Mapping):
            yield from _in_entry(value, (field,))


def _in_entry(entry: Mapping[str, Any], inside: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    """`path` of a patch; `files` and `envs` of a generator; values files of a chart."""
    for field in _ONE_FILE:
        if isinstance(entry.get(field), str):
            yield (*inside, field), entry[field]
    for field in _SEVERAL_FILES:
        for number, name in texts_at(entry.get(field)):
            yield (*inside, field, number), name.rpartition("=")[2] if field == "files" else name


def texts_at(value: object) -> Iterator[tuple[int, str]]:
    """The texts in a list, with their numbers."""
    for number, entry in enumerate(value if isinstance(value, list) else ()):
        if isinstance(entry, str):
            yield number, entry


def texts(value: object) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def entries(value: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The maps in a list, with their numbers."""
    for number, entry in enumerate(value if isinstance(value, list) else ()):
        if isinstance(entry, Mapping):
            yield number, entry


def is_remote(entry: str) -> bool:
    return _REMOTE.match(entry) is not None


@lru_cache(maxsize=16_384)  # each entry is looked at by each rule, and from each that collects it
def local_path(folder: str, entry: str) -> str | None:
    """The path from the root, "" for the root itself; None for what is fetched, computed or outside."""
    if not entry or "\n" in entry or is_placeholder(entry) or is_remote(entry):
        return None
    path = normpath(join(folder, entry))
    return None if path.startswith(("..", "/")) else "" if path == "." else path


def local_paths(folder: str, body: Mapping[str, Any], keys: Iterable[str]) -> Iterator[str]:
    for key in keys:
        for entry in texts(body.get(key)):
            path = local_path(folder, entry)
            if path is not None:
                yield path


def lying_below(ordered: Sequence[str], folder: str) -> Iterator[str]:
    """Those of the *ordered* paths that lie below *folder*."""
    inside = f"{folder}/" if folder else ""
    for number in range(bisect_left(ordered, inside), len(ordered)):
        if not ordered[number].startswith(inside):
            return
        yield ordered[number]
