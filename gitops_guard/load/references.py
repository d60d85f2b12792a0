"""What the files of a repository say of each other: a patch, a generator's file or a chart is known by who names it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath
from typing import Any, Final

from gitops_guard.load import manifests
from gitops_guard.load.names import KUSTOMIZATION_NAMES
from gitops_guard.model.listing import PATCHES
from gitops_guard.model.resource import FileKind

_DATA_LISTS: Final = ("configurations", "transformers", "generators", "validators")


@dataclass(frozen=True, slots=True)
class References:
    """Paths are relative to the root. *roles* are files that another file uses as something else than a manifest.

    *generated* are those that the generators of kustomizations read, which may be of any format. *replaced* are the
    names of Secrets that `replacements` of a kustomization write into.
    """

    roles: Mapping[str, FileKind] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()
    charts: frozenset[str] = frozenset()
    kustomized: frozenset[str] = frozenset()
    generated: frozenset[str] = frozenset()
    replaced: frozenset[str] = frozenset()

    def leaves_out(self, path: str) -> bool:
        """Whether the folder of *path* has a kustomization, and none lists it."""
        return dirname(path) in self.kustomized and path not in self.listed

    def chart_of(self, path: str) -> str | None:
        """The folder of the chart that *path* belongs to, "" for the root; None where there is none."""
        if not self.charts:
            return None
        folder = dirname(path)
        while folder not in self.charts:
            if not folder:
                return None
            folder = dirname(folder)
        return folder


def read(files: Sequence[tuple[str, bytes]]) -> References:
    """*files* are all candidates; only kustomizations are parsed, and files of `replacements`."""
    roles: dict[str, FileKind] = {}
    listed: set[str] = set()
    charts: set[str] = set()
    kustomized: set[str] = set()
    generated: set[str] = set()
    replacing: list[tuple[str, Mapping[str, Any]]] = []
    for path, data in files:
        folder, _, name = path.rpartition("/")
        if name == "Chart.yaml":
            charts.add(folder)
        elif name in KUSTOMIZATION_NAMES:
            kustomized.add(folder)
            for body in _bodies(path, data):
                listed.update(_paths(folder, body, ("resources", "bases", "components", "crds")))
                roles.update(_roles(folder, body))
                generated.update(_generator_files(folder, body))
                if "replacements" in body:
                    replacing.append((folder, body))
    return References(
        roles,
        frozenset(listed),
        frozenset(charts),
        frozenset(kustomized),
        frozenset(generated - listed),
        frozenset(_replaced(replacing, files)) if replacing else frozenset(),
    )


def _replaced(replacing: Iterable[tuple[str, Mapping[str, Any]]], files: Sequence[tuple[str, bytes]]) -> Iterator[str]:
    contents: dict[str, bytes] | None = None
    for folder, body in replacing:
        yield from _targets(_list(body["replacements"]))
        for path in _named(folder, body, "replacements", "path"):
            contents = dict(files) if contents is None else contents
            for document in manifests.read(path, contents.get(path, b"")).documents:
                yield from _targets(document.body if isinstance(document.body, list) else [document.body])


def _targets(replacements: Iterable[object]) -> Iterator[str]:
    """The names of Secrets that *replacements* write into."""
    for replacement in replacements:
        for target in _list(replacement.get("targets")) if isinstance(replacement, dict) else ():
            select = target.get("select") if isinstance(target, dict) else None
            if isinstance(select, dict) and select.get("kind", "Secret") == "Secret":
                name = select.get("name")
                if isinstance(name, str):
                    yield name


def _bodies(path: str, data: bytes) -> Iterator[Mapping[str, Any]]:
    for document in manifests.read(path, data).documents:
        if isinstance(document.body, dict):
            yield document.body


def _paths(folder: str, body: Mapping[str, Any], keys: Iterable[str]) -> Iterator[str]:
    for key in keys:
        for entry in _list(body.get(key)):
            if isinstance(entry, str):
                yield from _path(folder, entry)


def _path(folder: str, entry: str) -> Iterator[str]:
    if entry and "\n" not in entry and "://" not in entry:
        yield normpath(join(folder, entry))


def _roles(folder: str, body: Mapping[str, Any]) -> Iterator[tuple[str, FileKind]]:
    for path in _paths(folder, body, _DATA_LISTS):
        yield path, FileKind.OTHER_YAML
    for path in _generator_files(folder, body):
        yield path, FileKind.HELM_VALUES if "values" in path.rpartition("/")[2] else FileKind.OTHER_YAML
    for path in _values_files(folder, body):
        yield path, FileKind.HELM_VALUES
    for key in ("replacements", "openapi"):
        for path in _named(folder, body, key, "path"):
            yield path, FileKind.OTHER_YAML
    for path in _patches(folder, body):
        yield path, FileKind.STRATEGIC_PATCH


def _patches(folder: str, body: Mapping[str, Any]) -> Iterator[str]:
    yield from _paths(folder, body, PATCHES)
    for key in PATCHES:
        yield from _named(folder, body, key, "path")


def _named(folder: str, body: Mapping[str, Any], key: str, name: str) -> Iterator[str]:
    value = body.get(key)
    for entry in [value] if isinstance(value, dict) else _list(value):
        if isinstance(entry, dict) and isinstance(entry.get(name), str):
            yield from _path(folder, entry[name])


def _generator_files(folder: str, body: Mapping[str, Any]) -> Iterator[str]:
    for generator in [*_list(body.get("configMapGenerator")), *_list(body.get("secretGenerator"))]:
        if not isinstance(generator, dict):
            continue
        for key in ("files", "envs"):
            for entry in _list(generator.get(key)):
                if isinstance(entry, str):
                    yield from _path(folder, entry.rpartition("=")[2])
        if isinstance(generator.get("env"), str):
            yield from _path(folder, generator["env"])


def _values_files(folder: str, body: Mapping[str, Any]) -> Iterator[str]:
    for chart in [*_list(body.get("helmCharts")), *_list(body.get("helmChartInflationGenerator"))]:
        if not isinstance(chart, dict):
            continue
        for entry in [chart.get("valuesFile"), chart.get("values"), *_list(chart.get("additionalValuesFiles"))]:
            if isinstance(entry, str):
                yield from _path(folder, entry)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
