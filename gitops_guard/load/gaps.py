"""Environments that an app lacks and those beside it have."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from gitops_guard.load import environments
from gitops_guard.load.layout import OVERLAY_FOLDERS
from gitops_guard.model.resource import FileKind, SourceFile, Tree

_ENOUGH: Final = 3  # apps with the same environments, for each that has others
_TELLING: Final = frozenset({FileKind.MANIFEST, FileKind.SOPS, FileKind.KUSTOMIZATION, FileKind.HELM_VALUES})


class Gap(NamedTuple):
    """*app*, known by *file*, is not in *missing*, where the *others* beside it are."""

    app: str
    file: SourceFile
    missing: str
    has: tuple[str, ...]
    others: int


class _App:
    """The environments of one app, each with the first file there."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.files: dict[str, SourceFile] = {}


def find(tree: Tree, only: Mapping[str, object]) -> Iterator[Gap]:
    """*only* says of apps in which environments they are meant to be."""
    for apps in _beside(tree).values():
        counted = Counter(frozenset(app.files) for app in apps.values())
        usual, count = max(counted.items(), key=lambda item: (item[1], len(item[0]), sorted(item[0])))
        if len(usual) < 2 or count < _ENOUGH * max(len(apps) - count, 1):
            continue
        for app in apps.values():
            missing = sorted(usual - app.files.keys())
            if len(missing) == 1 and app.files.keys() < usual and not _is_meant(app.name, missing[0], only):
                has = tuple(sorted(app.files))
                yield Gap(app.name, app.files[has[-1]], missing[0], has, count)


def _is_meant(app: str, missing: str, only: Mapping[str, object]) -> bool:
    told = only.get(app)
    if not isinstance(told, list | tuple):
        return False
    return missing not in {environments.canonical(name) for name in told if isinstance(name, str)}


def _beside(tree: Tree) -> dict[str, dict[str, _App]]:
    """Apps by the folder that they share, and their path without environment."""
    found: dict[str, dict[str, _App]] = defaultdict(dict)
    for file in tree.files:
        app = tree.app_of(file.path) if file.kind in _TELLING else None
        if app is None or not app.environment or app.cluster:
            continue
        key = environments.without(app.path, app.environment)
        holder, _, name = key.rpartition("/")
        if name in OVERLAY_FOLDERS:
            holder = holder.rpartition("/")[0]
        files = found[holder].setdefault(key, _App(app.name)).files
        environment = environments.canonical(app.environment)
        if environment not in files or file.kind is FileKind.KUSTOMIZATION:
            files[environment] = file
    return found
