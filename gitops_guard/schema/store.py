"""Reads the schemas that `tools/build_schemas.py` packed, as little of them as a look-up needs."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any, NamedTuple

from gitops_guard.load.bundled import folder
from gitops_guard.model.errors import UsageError


class Published(NamedTuple):
    """A schema of the public catalog: its text, or the reason why there is none."""

    text: str
    reason: str


def versions() -> list[str]:
    """The Kubernetes versions that have schemas, oldest first."""
    found = (path.stem for path in (folder("schemas") / "kubernetes").glob("*.zz"))
    return sorted(found, key=lambda version: tuple(map(int, version.split("."))))


def supported_version(wanted: str) -> str:
    """`1.31`, `1.31.4` and `v1.31` are `1.31`; "" is the newest. Raises UsageError for what is not there."""
    known = versions()
    if not wanted:
        return known[-1]
    parts = wanted.removeprefix("v").split(".")
    short = ".".join(parts[:2])
    if short not in known or len(parts) > 3 or not all(part.isdigit() for part in parts):
        raise UsageError(
            f"there are no schemas for Kubernetes {wanted!r}", hint=f"there are some for {known[0]} to {known[-1]}"
        )
    return short


class KubernetesSchemas:
    """The built-in kinds of one Kubernetes version. Keys are `apiVersion/Kind`, as `apps/v1/Deployment`."""

    def __init__(self, version: str) -> None:
        packed = (folder("schemas") / "kubernetes" / f"{version}.zz").read_bytes()
        header, _, self._bodies = zlib.decompress(packed).decode("ascii").partition("\n")
        index = json.loads(header)
        self.version = version
        self.kinds: dict[str, str] = index["kinds"]
        self._defs: dict[str, list[Any]] = index["defs"]

    def text(self, key: str) -> str:
        """The schema of a kind with the definitions that it reaches, and no others: compiling all costs 4 times as
        much. "" where there is none.
        """
        name = self.kinds.get(key)
        return f'{{"$ref":"#/$defs/{name}","$defs":{{{self.definitions(name)}}}}}' if name else ""

    def definitions(self, name: str) -> str:
        """The members of a JSON object: the definition *name* and all that it reaches."""
        seen, waiting = {name}, [name]
        members = []
        while waiting:
            current = waiting.pop()
            offset, length, references = self._defs[current]
            members.append(f'"{current}":{self._bodies[offset : offset + length]}')
            fresh = [reference for reference in references if reference not in seen]
            seen.update(fresh)
            waiting.extend(fresh)
        return ",".join(members)


def kinds_of_all_versions() -> dict[str, list[str]]:
    """For each key the first and the last Kubernetes version that has it."""
    known: dict[str, list[str]] = json.loads((folder("schemas") / "kubernetes" / "kinds.json").read_bytes())
    return known


class PublicCatalog:
    """The CRD schemas of the public catalog. A look-up decompresses the one block that holds it."""

    def __init__(self) -> None:
        self._folder: Path = folder("schemas") / "crds"
        self._index: str | None = None
        self._blocks: dict[str, str] = {}

    @property
    def index(self) -> str:
        if self._index is None:
            self._index = "\n" + (self._folder / "index.txt").read_text("ascii")
        return self._index

    def find(self, group: str, kind: str, version: str) -> Published | None:
        line_start = f"\n{group}/{kind.lower()}_{version} "
        at = self.index.find(line_start)
        if at < 0 or "\n" in line_start[1:]:
            return None
        line = self.index[at + 1 : self.index.index("\n", at + 1)]
        _, block, offset, length, *reason = line.split(" ", 4)
        if reason:
            return Published("", reason[0])
        return Published(self._read(block)[int(offset) : int(offset) + int(length)], "")

    def places(self, kind: str) -> list[str]:
        """The `group/version` of each schema for a kind of this name."""
        import re

        wanted = re.escape(kind.lower())
        return [f"{group}/{version}" for group, version in re.findall(rf"\n([^/\n]+)/{wanted}_(\S+) ", self.index)]

    def _read(self, block: str) -> str:
        if block not in self._blocks:
            import lzma

            self._blocks[block] = lzma.decompress((self._folder / f"{block}.xz").read_bytes()).decode("ascii")
        return self._blocks[block]
