"""What picked files have to know of the rest of their repository, without reading all of it.

Kustomizations that name a picked file say what it is for, those that set images pin what a base leaves open, charts
make templates, and definitions of custom resources give schemas. What a kustomization mentions is kept in the cache
by its blob id, so that the next run reads only those that matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from gitops_guard.load import references
from gitops_guard.load.references import KUSTOMIZATION_NAMES, References
from gitops_guard.load.sources import Source

if TYPE_CHECKING:
    from gitops_guard.load.cache import Cache

_ENDINGS: Final = tuple(KUSTOMIZATION_NAMES)
_CRD_PATH: Final = re.compile(r"(?:^|[/_.-])(?:crds?|customresourcedefinitions?)(?:[/_.-]|$)")
# The name of an image without registry, tag and digest: what an `images` entry has to contain.
_IMAGE: Final = re.compile(rb"\bimage:\s*[\"']?(?:[^\s\"'/]+/)*([^\s\"'/:@]+)")
_FILE: Final = re.compile(rb"[^\s\"',=\[\]{}]+\.(?:ya?ml|json)\b")
_NAME: Final = re.compile(rb"\bname:\s*[\"']?([^\s\"',}]+)")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """*paths* are all files of the revision; *examined* are kustomizations that rules have to see."""

    paths: Sequence[str]
    known: References
    examined: list[tuple[str, bytes]]
    definitions: list[tuple[str, bytes]]


class _Reference(NamedTuple):
    """How a reference to a file ends: from its own folder, from one below it, from elsewhere."""

    folder: str
    beside: bytes
    below: bytes
    elsewhere: bytes

    @classmethod
    def to(cls, path: str) -> _Reference:
        folder, _, name = path.rpartition("/")
        ends = (name, f"../{name}", f"{folder.rpartition('/')[2]}/{name}")
        return cls(folder, *(end.encode("utf-8", "surrogateescape") for end in ends))

    def may_be_in(self, kustomization: str, files: bytes) -> bool:
        if self.beside not in files:
            return False
        own = kustomization.rpartition("/")[0]
        if own == self.folder:
            return True
        is_below = not self.folder or own.startswith(f"{self.folder}/")
        return (self.below if is_below else self.elsewhere) in files


def read(source: Source, picked: Sequence[tuple[str, bytes]], cache: Cache | None) -> Surroundings:
    names = {path for path, _ in picked}
    around = [path for path in source.around() if path not in names]
    mentions = _mentions(source, [path for path in around if _is_kustomization(path)], cache)
    wanted = [_Reference.to(name) for name in names]
    images = {image for _, data in picked for image in _IMAGE.findall(data)}
    naming = {path for path, files, _ in mentions if any(each.may_be_in(path, files) for each in wanted)}
    pinning = {path for path, _, entries in mentions if any(image in entries for image in images)}
    contents = list(source.read_around(sorted(naming | pinning | {path for path in around if _may_define(path)})))
    charts = [(path, b"") for path in around if path.endswith("Chart.yaml")]
    return Surroundings(
        paths=[*around, *names],
        known=references.read([*picked, *charts, *((path, data) for path, data in contents if path in naming)]),
        examined=[(path, data) for path, data in contents if path in pinning],
        definitions=[(path, data) for path, data in contents if _may_define(path)],
    )


def _mentions(source: Source, paths: Sequence[str], cache: Cache | None) -> list[tuple[str, bytes, bytes]]:
    """Each kustomization with the files that it may refer to and the names that its `images` may hold."""
    store = cache.store("kustomizations") if cache is not None else None
    if store is None:
        return [(path, *_mentioned(data)) for path, data in source.read_around(paths)]
    keys = {path: bytes.fromhex(blob)[:16] for path, blob in source.blobs(paths).items() if blob}
    known = {path: fact for path, key in keys.items() if (fact := store.get(key)) is not None}
    found = [(path, *_split(fact)) for path, fact in known.items()]
    for path, data in source.read_around([path for path in paths if path not in known]):
        files, names = _mentioned(data)
        found.append((path, files, names))
        if path in keys:
            store.put(keys[path], files + b"\0" + names)
    store.save()
    return found


def _mentioned(data: bytes) -> tuple[bytes, bytes]:
    """Names of files and of images only: nothing of what a generator's literals may hold."""
    names: Iterable[bytes] = _NAME.findall(data) if b"images:" in data else ()
    return b"\n".join(_FILE.findall(data)), b"\n".join(names)


def _split(fact: bytes) -> tuple[bytes, bytes]:
    files, _, names = fact.partition(b"\0")
    return files, names


def _is_kustomization(path: str) -> bool:
    return path.endswith(_ENDINGS) and path.rpartition("/")[2] in KUSTOMIZATION_NAMES


def _may_define(path: str) -> bool:
    lower = path.lower()
    return ("crd" in lower or "definition" in lower) and _CRD_PATH.search(lower) is not None
