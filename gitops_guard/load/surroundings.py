"""What picked files have to know of the rest of their repository, without reading all of it.

Kustomizations that name a picked file say what it is for, those that set images pin what a base leaves open, charts
make templates, definitions of custom resources give schemas, and `.sops.yaml` says what has to be encrypted. What a
kustomization mentions is kept in the cache by its blob id, so that the next run reads only those that matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from gitops_guard.load import references
from gitops_guard.load.crds import CRD_MARK
from gitops_guard.load.globs import NO_GLOBS, Globs
from gitops_guard.load.names import KUSTOMIZATION_NAMES, SOPS_CONFIG, may_be_read
from gitops_guard.load.references import References
from gitops_guard.load.sources import Source

if TYPE_CHECKING:
    from gitops_guard.load.cache import Cache

_ENDINGS: Final = tuple(KUSTOMIZATION_NAMES)
_CRD_PATH: Final = re.compile(r"(?:^|[/_.-])(?:crds?|customresourcedefinitions?)(?:[/_.-]|$)")
# Both take what they look at as a whole, so that a text is read once: 4 MB of `image:` took minutes.
_IMAGE: Final = re.compile(rb"\bimage:\s*[\"']?([^\s\"']+)")
_WORD: Final = re.compile(rb"[^\s\"',=\[\]{}]+")
_FILE_ENDINGS: Final = (b".yaml", b".yml", b".json")
_BATCH: Final = 500  # files that are held at a time
_NAME: Final = re.compile(rb"\bname:\s*[\"']?([^\s\"',}]+)")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """*paths* are all files of the revision; *examined* are kustomizations and `.sops.yaml` that rules have to see."""

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


def read(
    source: Source, picked: Sequence[tuple[str, bytes]], cache: Cache | None, exclude: Globs = NO_GLOBS
) -> Surroundings:
    names = {path for path, _ in picked}
    around = [path for path in source.around() if path not in names and not exclude.match(path)]
    mentions = _mentions(source, [path for path in around if _is_kustomization(path)], cache)
    wanted = [_Reference.to(name) for name in names]
    images = {image for _, data in picked for written in _IMAGE.findall(data) if (image := _base(written))}
    naming = {path for path, files, _ in mentions if any(each.may_be_in(path, files) for each in wanted)}
    pinning = {path for path, _, entries in mentions if any(image in entries for image in images)}
    ciphering = {path for path in around if path.endswith(SOPS_CONFIG) and _is_above(path, names)}
    defining = {path for path in around if _may_define(path)}
    contents = list(source.read_around(sorted(naming | pinning | ciphering | defining)))
    charts = [(path, b"") for path in around if path.endswith("Chart.yaml")]
    charts += [(path, b"") for path in around if path not in naming and _is_beside(path, names)]
    return Surroundings(
        paths=[*around, *names],
        known=references.read([*picked, *charts, *((path, data) for path, data in contents if path in naming)]),
        examined=[(path, data) for path, data in contents if path in pinning or path in ciphering],
        definitions=[(path, data) for path, data in contents if _may_define(path)],
    )


def _is_beside(kustomization: str, picked: Iterable[str]) -> bool:
    """Whether it is a kustomization in the folder of a picked file, which it then does not name."""
    if not _is_kustomization(kustomization):
        return False
    folder = kustomization.rpartition("/")[0]
    return any(path.rpartition("/")[0] == folder for path in picked)


def other_definitions(source: Source, around: Surroundings) -> list[tuple[str, bytes]]:
    """Files that define custom resources and are not called so. Reads the whole repository, so ask it last."""
    known = {path for path, _ in around.definitions}
    paths = [path for path in around.paths if may_be_read(path) and path not in known]
    found: list[tuple[str, bytes]] = []
    for start in range(0, len(paths), _BATCH):
        found += (item for item in source.read_around(paths[start : start + _BATCH]) if CRD_MARK in item[1])
    return found


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
    files = (word for word in _WORD.findall(data) if any(ending in word for ending in _FILE_ENDINGS))
    return b"\n".join(files), b"\n".join(names)


def _base(image: bytes) -> bytes:
    """The name without registry, tag and digest: what an `images` entry has to contain."""
    return image.partition(b"@")[0].rpartition(b"/")[2].partition(b":")[0]


def _split(fact: bytes) -> tuple[bytes, bytes]:
    files, _, names = fact.partition(b"\0")
    return files, names


def _is_kustomization(path: str) -> bool:
    return path.endswith(_ENDINGS) and path.rpartition("/")[2] in KUSTOMIZATION_NAMES


def _is_above(config: str, names: Iterable[str]) -> bool:
    folder, _, name = config.rpartition("/")
    return name == SOPS_CONFIG and any(path.startswith(f"{folder}/") or not folder for path in names)


def _may_define(path: str) -> bool:
    lower = path.lower()
    return ("crd" in lower or "definition" in lower) and _CRD_PATH.search(lower) is not None
