"""What is delivered together: the files that kustomizations collect, directly and through others.

Nothing is built: what a build would change is told as what may be, the namespaces that a file may end up in, the
prefixes that a name may get. What a kustomization collects for certain is told by `kustomization`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from posixpath import dirname, normpath
from typing import Any, Final

from gitops_guard.model import listing
from gitops_guard.model.listing import BUILT, PATCHES, local_path, local_paths, named
from gitops_guard.model.once import per_tree
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import Resource, SourceFile, Tree
from gitops_guard.model.source import deployed_folders
from gitops_guard.model.workload import value_at

_ENTRIES: Final = (*BUILT, "crds")
_OPAQUE: Final = ("helmCharts", "helmChartInflationGenerator", "generators")
_MOST_AFFIXES: Final = 64  # more than any repository has; each name is tried with each of them


@dataclass(frozen=True, slots=True)
class Layer:
    """One kustomization, or a folder that Flux makes one of. *entries* are paths of files and folders.

    *patches* are the paths of patch files. *remote* says that it takes in what is not in the repository.
    """

    folder: str
    file: SourceFile | None
    bodies: tuple[Mapping[str, Any], ...]
    entries: tuple[str, ...]
    patches: tuple[str, ...] = ()
    remote: bool = False

    def texts(self, key: str) -> list[str]:
        """The values of a field that are text."""
        return [value for body in self.bodies if isinstance(value := body.get(key), str) and value]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What may be delivered together with a file.

    *layers* are all kustomizations that have a part in it, *above* those that take the file in, the nearest first.
    """

    files: frozenset[str]
    layers: tuple[Layer, ...] = ()
    above: tuple[Layer, ...] = ()


class Collected:
    """The kustomizations of a tree, and who takes in what. Circles end: each folder is visited once."""

    def __init__(self, tree: Tree) -> None:
        self.layers: dict[str, Layer] = {}
        self._parents: dict[str, list[str]] = {}
        self._by_folder: dict[str, list[str]] = {}
        self._targets: dict[str, list[str]] = {}  # namespaces that Flux puts a folder into
        self._known: dict[tuple[str, ...], Surroundings] = {}
        self._below_tops: dict[tuple[str, ...], tuple[frozenset[str], tuple[Layer, ...]]] = {}
        self._by_path: dict[str, Surroundings] = {}
        self._namespaces: dict[tuple[str, str], frozenset[str]] = {}
        self._affixes: tuple[tuple[str, str], ...] | None = None
        self._deployed = deployed_folders(tree)
        for file in tree.files:
            self._by_folder.setdefault(dirname(file.path), []).append(file.path)
        self._read(tree)

    def around(self, path: str) -> Surroundings:
        """What may be delivered with the file *path*."""
        found = self._by_path.get(path)
        if found is None:
            found = self._by_path[path] = self._around(path)
        return found

    def _around(self, path: str) -> Surroundings:
        folder = dirname(path)
        above = tuple(self._parents.get(path, ()))
        if not above and folder in self.layers:
            above = (folder,)  # a patch, or a file that the kustomization beside it forgot
        key = above or ("", self._root(folder))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._collected(above) if above else self._plain(key[1])
        return found

    def namespaces(self, path: str, own: str = "") -> frozenset[str]:
        """The namespaces that a resource of the file *path*, with its *own* one, may end up in; empty is unknown."""
        key = (path, own)
        found = self._namespaces.get(key)
        if found is None:
            found = self._namespaces[key] = self._all_namespaces(path, own)
        return found

    def _all_namespaces(self, path: str, own: str) -> frozenset[str]:
        above = self.around(path).above
        folders = {dirname(path), self._root(dirname(path)), *(layer.folder for layer in above)}
        told = {name for layer in above for name in layer.texts("namespace")}
        told |= {name for folder in folders for name in self._targets.get(folder, ())}
        told |= {own} if own else set()
        return frozenset() if any(map(is_placeholder, told)) else frozenset(told)

    @property
    def affixes(self) -> tuple[tuple[str, str], ...]:
        """The prefixes and suffixes that some kustomization adds to names."""
        if self._affixes is None:
            pairs = {
                (prefix, suffix)
                for layer in self.layers.values()
                for prefix in [*layer.texts("namePrefix"), ""]
                for suffix in [*layer.texts("nameSuffix"), ""]
            }
            self._affixes = tuple(islice(sorted(pairs - {("", "")}), _MOST_AFFIXES))
        return self._affixes

    def _read(self, tree: Tree) -> None:
        known = listing.of_tree(tree)
        for file in known.kustomizations.values():
            self._add(_layer(file, lambda path: path in known.files or path in known.kustomizations))
        for resource in tree.resources:
            if resource.id.kind == "Kustomization" and resource.id.group == "kustomize.toolkit.fluxcd.io":
                self._read_flux(resource)

    def _add(self, layer: Layer) -> None:
        self.layers[layer.folder] = layer
        for entry in layer.entries:
            self._parents.setdefault(entry, []).append(layer.folder)

    def _read_flux(self, resource: Resource) -> None:
        """The namespace and the components that a Kustomization of Flux adds to the folder that it delivers."""
        spec = resource.body.get("spec")
        path = value_at(spec, ("path",))
        if not isinstance(path, str) or not isinstance(spec, Mapping):
            return
        folder = normpath(path.lstrip("/") or ".")
        folder = "" if folder == "." else folder
        target = spec.get("targetNamespace")
        if isinstance(target, str) and target:
            self._targets.setdefault(folder, []).append(target)
        components = list(local_paths(folder, spec, ("components",)))
        if components:
            layer = self.layers.get(folder) or Layer(folder, None, (), tuple(self._below(folder)))
            if folder not in self.layers:
                self._add(layer)
            self.layers[folder] = Layer(
                folder, layer.file, layer.bodies, (*layer.entries, *components), layer.patches, layer.remote
            )
            for component in components:
                self._parents.setdefault(component, []).append(folder)

    def _root(self, folder: str) -> str:
        """The highest folder above that something delivers, or the folder itself."""
        root, above = folder, folder
        while above:
            if above in self._deployed:
                root = above
            above = dirname(above)
        return root

    def _below(self, folder: str) -> Iterator[str]:
        for other, paths in self._by_folder.items():
            if other == folder or other.startswith(f"{folder}/"):
                yield from paths

    def _plain(self, folder: str) -> Surroundings:
        """A folder without kustomization is delivered as it is; one that is named by a reconciler, with its folders."""
        files = self._below(folder) if folder in self._deployed else self._by_folder.get(folder, ())
        return Surroundings(frozenset(files))

    def _collected(self, direct: tuple[str, ...]) -> Surroundings:
        above = list(_reached(direct, lambda folder: self._parents.get(folder, ())))
        tops = tuple(sorted(folder for folder in above if folder not in self._parents)) or (min(above),)
        if tops not in self._below_tops:
            self._below_tops[tops] = self._all_below(tops)
        files, layers = self._below_tops[tops]
        return Surroundings(files, layers, tuple(self.layers[folder] for folder in above if folder in self.layers))

    def _all_below(self, tops: tuple[str, ...]) -> tuple[frozenset[str], tuple[Layer, ...]]:
        files: set[str] = set()
        layers: list[Layer] = []
        for entry in _reached(tops, self._entries):
            layer = self.layers.get(entry)
            if layer is None:
                files.add(entry)
            else:
                layers.append(layer)
                if layer.file is not None:  # what it generates stands there
                    files.add(layer.file.path)
        return frozenset(files), tuple(layers)

    def _entries(self, path: str) -> Iterable[str]:
        layer = self.layers.get(path)
        return layer.entries if layer is not None else ()


of: Final = per_tree(Collected)


def _reached(start: Iterable[str], following: Callable[[str], Iterable[str]]) -> Iterator[str]:
    waiting = list(dict.fromkeys(start))
    seen = set(waiting)
    for path in waiting:  # grows while it is walked
        yield path
        for other in following(path):
            if other not in seen:
                seen.add(other)
                waiting.append(other)


def _layer(file: SourceFile, is_known: Callable[[str], bool]) -> Layer:
    bodies = tuple(body for _, body in listing.bodies(file))
    folder = dirname(file.path)
    entries = [local_path(folder, entry) for body in bodies for _, entry in named(body, _ENTRIES)]
    patches = [local_path(folder, entry) for body in bodies for _, entry in named(body, PATCHES)]
    here = tuple(path for path in entries if path is not None)
    return Layer(
        folder,
        file,
        bodies,
        here,
        tuple(path for path in patches if path is not None),
        remote=None in entries
        or not all(map(is_known, here))
        or any(body.get(key) for body in bodies for key in _OPAQUE),
    )
