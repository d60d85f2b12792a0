"""What picked files have to know of the rest of their repository, without reading all of it.

Kustomizations that name a picked file say what it is for, those that set images pin what a base leaves open, charts
make templates, and definitions of custom resources give schemas.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gitops_guard.load import references
from gitops_guard.load.references import KUSTOMIZATION_NAMES, References
from gitops_guard.load.sources import Source

_ENDINGS: Final = tuple(KUSTOMIZATION_NAMES)
_CRD_PATH: Final = re.compile(r"(?:^|[/_.-])(?:crds?|customresourcedefinitions?)(?:[/_.-]|$)")

# The name of an image without registry, tag and digest: what an `images` entry has to contain.
_IMAGE: Final = re.compile(rb"\bimage:\s*[\"']?(?:[^\s\"'/]+/)*([^\s\"'/:@]+)")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """*paths* are all files of the revision; *examined* are kustomizations that rules have to see."""

    paths: Sequence[str]
    known: References
    examined: list[tuple[str, bytes]]
    definitions: list[tuple[str, bytes]]


def read(source: Source, picked: Sequence[tuple[str, bytes]]) -> Surroundings:
    names = {path for path, _ in picked}
    around = [path for path in source.around() if path not in names]
    contents = list(source.read_around([path for path in around if _is_kustomization(path) or _may_define(path)]))
    kustomizations = [(path, data) for path, data in contents if _is_kustomization(path)]
    charts = [(path, b"") for path in around if path.endswith("Chart.yaml")]
    naming = [(path, data) for path, data in kustomizations if any(_may_name(path, data, name) for name in names)]
    images = {image for _, data in picked for image in _IMAGE.findall(data)}
    return Surroundings(
        paths=[*around, *names],
        known=references.read([*picked, *charts, *naming]),
        examined=[(path, data) for path, data in kustomizations if any(image in data for image in images)],
        definitions=[(path, data) for path, data in contents if not _is_kustomization(path)],
    )


def _may_name(kustomization: str, data: bytes, path: str) -> bool:
    """Whether the text can refer to *path*: how a reference ends is known from where the two lie."""
    folder, _, name = path.rpartition("/")
    own = kustomization.rpartition("/")[0]
    end = name
    if own != folder:
        end = f"../{name}" if not folder or own.startswith(f"{folder}/") else f"{folder.rpartition('/')[2]}/{name}"
    return end.encode("utf-8", "surrogateescape") in data


def _is_kustomization(path: str) -> bool:
    return path.endswith(_ENDINGS) and path.rpartition("/")[2] in KUSTOMIZATION_NAMES


def _may_define(path: str) -> bool:
    lower = path.lower()
    return ("crd" in lower or "definition" in lower) and _CRD_PATH.search(lower) is not None
