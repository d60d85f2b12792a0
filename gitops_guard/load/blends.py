"""Folders and files that hold several environments side by side, so that they are deployed together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from posixpath import basename, dirname
from typing import Final, NamedTuple

from gitops_guard.load import environments
from gitops_guard.load.environments import Word
from gitops_guard.model import workload
from gitops_guard.model.listing import BUILT, bodies, local_paths
from gitops_guard.model.resource import FieldPath, FileKind, Resource, Tree

# What runs or serves an app. A list of namespaces, rights or Applications for all environments is no such thing.
_SERVING: Final = workload.KINDS | {
    "HelmRelease", "HorizontalPodAutoscaler", "HTTPRoute", "Ingress", "PersistentVolumeClaim", "PodDisruptionBudget",
    "Service",
}  # fmt: skip
# Told by their namespace alone: what is called `cluster-prod` may be what a tool knows of that cluster.
_DATA: Final = frozenset({"ConfigMap", "ExternalSecret", "SealedSecret", "Secret"})
_KINDS: Final = _SERVING | _DATA
_SURE: Final = ("prod", "prd", "stag", "stg", "uat")  # in every word that is an environment for sure
# `test` beside `production` is an environment; by itself it may be a test.
_ALSO: Final = frozenset({"test", "acceptance", "integration", "development", "quality"})


class Blend(NamedTuple):
    """Two resources that are twins but for their environment. *path* is where *second* tells its own."""

    first: Resource
    second: Resource
    path: FieldPath
    environments: tuple[str, str]
    in_one_file: bool


class _Told(NamedTuple):
    resource: Resource
    word: Word
    path: FieldPath


_Key = tuple[str, str, str]


def find(tree: Tree) -> Iterator[Blend]:
    """One for each folder that belongs to no environment and holds twins of two."""
    builders: _Builders | None = None
    for folder, resources in _shared_folders(tree).items():
        groups: dict[_Key, list[_Told]] = defaultdict(list)
        for resource in resources:
            for key, told in _told(resource):
                groups[key].append(told)
        builders = builders or _Builders(tree)
        blends = [blend for group in groups.values() for blend in _of_group(folder, group, builders)]
        if blends:
            yield min(blends, key=lambda blend: (blend.second.location, blend.first.location))


def _shared_folders(tree: Tree) -> dict[str, list[Resource]]:
    """The folders of no environment in which a name may tell one for sure, and what is in them."""
    found: dict[str, list[Resource]] = defaultdict(list)
    names: dict[str, list[str]] = defaultdict(list)
    folders: dict[str, str | None] = {}  # of a file; None where it belongs to an environment
    for resource in tree.resources:
        if resource.id.kind not in _KINDS:
            continue
        file = resource.location.file
        if file not in folders:
            folder = dirname(file)
            app = tree.app_of(f"{folder}/kustomization.yaml".lstrip("/"))
            folders[file] = folder if app is not None and not app.environment else None
            names[folder].append(basename(file))
        shared = folders[file]
        if shared is not None:
            found[shared].append(resource)
            names[shared] += resource.id.namespace, resource.id.name
    return {folder: resources for folder, resources in found.items() if _may_be_sure(names[folder])}


def _may_be_sure(names: list[str]) -> bool:
    text = " ".join(names).lower()
    return any(part in text for part in _SURE)


def _told(resource: Resource) -> Iterator[tuple[_Key, _Told]]:
    """How a resource tells its environment: by the name of its file, its namespace, its own name."""
    file = basename(resource.location.file).rpartition(".")[0]
    names: list[tuple[str, str, FieldPath]] = [("namespace", resource.id.namespace, ("metadata", "namespace"))]
    if resource.id.kind in _SERVING:
        names += ("file", file, ()), ("name", resource.id.name, ("metadata", "name"))
    for how, name, path in names:
        word = environments.find(name) if name else None
        if word is not None and word.where != "ring" and _counts(word):
            yield (how, resource.id.kind, word.rest), _Told(resource, word, path)


def _counts(word: Word) -> bool:
    return word.is_sure or word.is_plain or environments.canonical(word.text) in _ALSO


def _of_group(folder: str, group: list[_Told], builders: _Builders) -> Iterator[Blend]:
    by_environment: dict[str, _Told] = {}
    for told in group:
        by_environment.setdefault(environments.canonical(told.word.text), told)
    if not any(told.word.is_sure for told in by_environment.values()):
        return
    for first, second in combinations(by_environment.values(), 2):
        files = first.resource.location.file, second.resource.location.file
        if builders.are_together(folder, *files):
            texts = first.word.text, second.word.text
            yield Blend(first.resource, second.resource, second.path, texts, files[0] == files[1])


class _Builders:
    """Which kustomizations name a file."""

    def __init__(self, tree: Tree) -> None:
        self._of: dict[str, set[str]] = defaultdict(set)
        self._folders: set[str] = set()
        for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
            self._folders.add(dirname(file.path))
            for _, body in bodies(file):
                for path in local_paths(dirname(file.path), body, BUILT):
                    self._of[path].add(file.path)

    def are_together(self, folder: str, one: str, other: str) -> bool:
        """Whether two files of a folder reach a cluster at once: by one kustomization, or with all of the folder."""
        if one == other:
            return True
        builders, others = self._of.get(one, set()), self._of.get(other, set())
        if builders or others:
            return not builders.isdisjoint(others)
        return folder not in self._folders
