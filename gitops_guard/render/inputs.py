"""What kustomize reads to build a folder, told from the kustomizations alone: before anything is run.

It is what a build may be given, what a change has to touch to change it, and what its result is remembered by. Where it
cannot be told exactly, more is named: a file too many costs a build, one too few a wrong verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from posixpath import join, normpath
from typing import Any, Final, NamedTuple

from gitops_guard.load import inline
from gitops_guard.model import listing
from gitops_guard.model.listing import BUILT, NAMES, bodies, entries, is_remote, named
from gitops_guard.model.once import per_tree
from gitops_guard.model.resource import Document, FieldPath, Location, SourceFile, Tree

_PLUGINS: Final = ("generators", "transformers", "validators")  # files or folders, whose fields name more files
_CHARTS: Final = ("helmCharts", "helmChartInflationGenerator")
_HOMES: Final = ("chartHome", "configHome")
# Go's JSON takes `Resources` and `reſources` for `resources`: what reads the latter alone would let the others pass.
_FIELDS: Final = {
    name.casefold(): name for name in (*listing.NAMING, *_CHARTS, "helmGlobals", *listing.NAMING_INSIDE, *_HOMES)
}
_ADDRESS: Final = re.compile(r"(?:[^=]*=)?\s*\w+://")
_DEEP: Final = 32  # maps and lists in each other, in the configuration of a plugin


class Why(StrEnum):
    """Why a build is not run as it stands. What is written there is never repeated: an address may hold a login."""

    REMOTE = "what is named here is fetched from elsewhere; only what lies in the repository is built"
    OUTSIDE = "what is named here lies outside of the repository, where nothing is read"
    CIRCLE = "this folder builds itself"
    CONFIG_HOME = "Helm would take its plugins from here; leave `configHome` out"
    SPELLING = "kustomize takes this for a field that its documentation spells otherwise; write it so"
    BROKEN = "this cannot be read as a kustomization"
    PLUGIN = "this cannot be read as the configuration of a plugin"
    PLUGIN_FOLDER = "plugins that are built from a folder may ask for anything; list their files"


class Refused(NamedTuple):
    """What a build is not let have, and where it is asked for."""

    location: Location
    why: Why


@dataclass(frozen=True, slots=True)
class Inputs:
    """*files* are paths of the Tree that are there, *absent* those that are named and are not, both sorted.

    An absent path is an input as well: the build changes as soon as it is there. *charts*: Helm is asked. *plugins*:
    there are generators, transformers or validators, whose own fields name files. *at* is the kustomization itself.
    """

    at: Location
    files: tuple[str, ...]
    absent: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    charts: bool = False
    plugins: bool = False


class _All:
    """The inputs of the kustomizations of a tree, each folder read once."""

    def __init__(self, tree: Tree) -> None:
        self._listing = listing.of_tree(tree)
        self._paths = sorted(self._listing.files)
        self._own: dict[str, _Own] = {}

    def of(self, folder: str) -> Inputs:
        files: set[str] = set()
        absent: set[str] = set()
        refused: dict[Refused, None] = {}
        charts = plugins = False
        for at in self._built(folder, refused):
            own = self._of_folder(at)
            files.update(own.files)
            absent.update(own.absent)
            refused.update(dict.fromkeys(own.refused))
            charts = charts or own.charts
            plugins = plugins or own.plugins
        file = self._listing.kustomizations.get(folder)
        place = Location(file.path if file is not None else join(folder, NAMES[0]))
        return Inputs(place, tuple(sorted(files)), tuple(sorted(absent)), tuple(sorted(refused)), charts, plugins)

    def _built(self, folder: str, refused: dict[Refused, None]) -> Iterator[str]:
        """*folder* and all that it builds, each once; without recursion, since a chain may be of any length."""
        done: set[str] = set()
        open_: dict[str, Iterator[tuple[str, Refused]]] = {}
        waiting = [folder]
        while waiting:
            at = waiting[-1]
            if at not in open_:
                yield at
                open_[at] = iter(self._of_folder(at).builds)
            for below, circle in open_[at]:
                if below in open_ and below not in done:
                    refused[circle] = None
                elif below not in open_:
                    waiting.append(below)
                    break
            else:
                done.add(at)
                waiting.pop()

    def _of_folder(self, folder: str) -> _Own:
        if folder not in self._own:
            self._own[folder] = self._read(folder)
        return self._own[folder]

    def _read(self, folder: str) -> _Own:
        own = _Own()
        file = self._listing.kustomizations.get(folder)
        own.add_names([join(folder, name) for name in NAMES], self._listing.files)
        for there in (self._listing.files[path] for path in sorted(own.files)):
            if (at := _fault(there)) is not None:
                own.refused.append(Refused(at, Why.BROKEN))
        for document, body in bodies(file):
            assert file is not None
            for path in _misspelled(body):
                own.refused.append(Refused(file.locate(document, path, key=True), Why.SPELLING))
            for path, entry in _entries(body):
                self._take(own, file, document, path, entry, folder)
            own.charts = own.charts or any(field in body for field in _CHARTS)
            own.plugins = own.plugins or any(field in body for field in _PLUGINS)
            self._take_charts(own, file, document, body, folder)
        return own

    def _take(self, own: _Own, file: SourceFile, document: int, path: FieldPath, entry: str, folder: str) -> None:
        at = file.locate(document, path)
        if path[0] in _PLUGINS and _is_inline(entry):
            self._take_plugin(own, inline.read(entry).documents, at, folder)
            return
        target, why = self._target(folder, entry)
        if why is not None:
            own.refused.append(Refused(at, why))
        elif target in self._listing.files:
            own.files.add(target)
            if path[0] in _PLUGINS:
                self._take_plugin(own, self._listing.files[target].documents, at, folder)
        elif path[0] in _PLUGINS and self._is_folder(target):
            own.refused.append(Refused(at, Why.PLUGIN_FOLDER))
        elif path[0] in BUILT and self._is_folder(target):
            own.builds.append((target, Refused(at, Why.CIRCLE)))
        else:
            own.absent.add(target)

    def _take_plugin(self, own: _Own, documents: Sequence[Document], at: Location, folder: str) -> None:
        """All files that a plugin could mean: its fields are its own, and its paths begin at the kustomization.

        Whatever restricts files, kustomize fetches an address that stands where a path may.
        """
        if not documents or not all(isinstance(one.body, Mapping) for one in documents):
            own.refused.append(Refused(at, Why.PLUGIN))
        for text in (text for one in documents for text in _texts(one.body)):
            if _ADDRESS.match(text):
                own.refused.append(Refused(at, Why.REMOTE))
                return
            target, why = self._target(folder, text.rpartition("=")[2])
            if why is None and target in self._listing.files:
                own.files.add(target)

    def _take_charts(self, own: _Own, file: SourceFile, document: int, body: Mapping[str, Any], folder: str) -> None:
        """The folder of the charts as a whole: what is in a chart is its own business."""
        homes: list[tuple[FieldPath, str]] = [((), "charts")] if "helmCharts" in body else []
        settings = body.get("helmGlobals")
        if isinstance(settings, Mapping):
            if isinstance(home := settings.get("chartHome"), str):
                homes = [(("helmGlobals", "chartHome"), home)]
            if isinstance(home := settings.get("configHome"), str):
                at = file.locate(document, ("helmGlobals", "configHome"))
                own.refused.append(Refused(at, Why.CONFIG_HOME))
        for number, chart in entries(body.get("helmChartInflationGenerator")):
            home = chart.get("chartHome")
            homes.append((("helmChartInflationGenerator", number), home if isinstance(home, str) else "charts"))
        for path, home in homes:
            target, why = self._target(folder, home)
            if why is not None:
                own.refused.append(Refused(file.locate(document, path), why))
            else:
                own.files.update(self._below(target))

    def _target(self, folder: str, entry: str) -> tuple[str, Why | None]:
        """The path that an entry means. Kustomize looks for a file of that name before it takes an entry for a URL."""
        path = normpath(join(folder, entry))
        if path in self._listing.files:
            return path, None
        if is_remote(entry):
            return "", Why.REMOTE
        if path.startswith(("../", "/")) or path == "..":
            return "", Why.OUTSIDE
        return ("" if path == "." else path), None

    def _is_folder(self, folder: str) -> bool:
        return next(self._below(folder), None) is not None

    def _below(self, folder: str) -> Iterator[str]:
        return listing.lying_below(self._paths, folder)


class _Own:
    """What one kustomization names. *builds* are folders, each with what is said if it turns out to be a circle."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.absent: set[str] = set()
        self.refused: list[Refused] = []
        self.builds: list[tuple[str, Refused]] = []
        self.charts = False
        self.plugins = False

    def add_names(self, paths: list[str], known: Mapping[str, SourceFile]) -> None:
        """Of three possible names; each counts, since a second kustomization in a folder is an error."""
        self.files.update(path for path in paths if path in known)
        self.absent.update(path for path in paths if path not in known)


_of_tree: Final = per_tree(_All)


def of(tree: Tree, folder: str) -> Inputs:
    """What the kustomization in *folder* reads, "" being the root; also where none is there, or a circle."""
    return _of_tree(tree).of(folder)


def _entries(body: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
    """Entries that name something, and plugins; patches that are written into the kustomization have several lines."""
    for path, entry in named(body):
        if path[0] in _PLUGINS or not _is_inline(entry):
            yield path, entry


def _is_inline(entry: str) -> bool:
    return "\n" in entry or entry.lstrip().startswith("{")


def _texts(value: object, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        if "\n" not in value:
            yield value
    elif depth < _DEEP and isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner, depth + 1)
    elif depth < _DEEP and isinstance(value, list):
        for inner in value:
            yield from _texts(inner, depth + 1)


def _fault(file: SourceFile) -> Location | None:
    """Where a kustomization is something else to kustomize than it is to us, or may be."""
    for rule, _, problem in file.problems:
        if rule in ("yaml-syntax", "duplicate-key"):
            return problem.at or Location(file.path)
    is_read = bool(file.documents) and all(isinstance(document.body, Mapping) for document in file.documents)
    return None if is_read else Location(file.path)


def _misspelled(body: Mapping[str, Any]) -> Iterator[FieldPath]:
    """Keys that kustomize takes for a field that names files, with another spelling."""
    for key, value in body.items():
        if _is_misspelled(key):
            yield (key,)
        if key.casefold() in _FIELDS:
            inside = [((key,), value)] if isinstance(value, Mapping) else [((key, n), one) for n, one in entries(value)]
            yield from ((*path, name) for path, one in inside for name in one if _is_misspelled(name))


def _is_misspelled(key: str) -> bool:
    return _FIELDS.get(key.casefold(), key) != key
