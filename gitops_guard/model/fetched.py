"""What kustomizations fetch from repositories of others, at revisions that move."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from gitops_guard.model import revision
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FieldPath

_BUILDS: Final = ("resources", "components", "bases")
_GENERATORS: Final = ("configMapGenerator", "secretGenerator")
_TAG: Final = re.compile(r"v?\d{1,9}(?:\.\d{1,9}){1,3}(?:-[\w.]{1,30})?", re.ASCII)


class Moving(NamedTuple):
    """An entry that fetches at *revision* of the repository *name*. *is_file* says that only a generator takes it."""

    path: FieldPath
    name: str
    revision: str
    tag: str
    is_file: bool

    @property
    def message(self) -> str:
        pin = f"name a tag, `{self.tag}` by the path, or a commit" if self.tag else "name a tag or a commit"
        if not self.revision:
            return f"`{self.name}` is fetched without a revision, which means its main branch; {pin}"
        return f"`{self.name}` is fetched at `{self.revision}`, which moves; {pin}"


def moving(body: Mapping[str, Any]) -> Iterator[tuple[Moving, int]]:
    """The first entry for each repository and revision, apart for files, and how many more there are."""
    found: dict[tuple[str, str, bool], list[Moving]] = {}
    for one in _entries(body):
        found.setdefault((one.name, one.revision, one.is_file), []).append(one)
    for together in found.values():
        yield together[0], len(together) - 1


def _entries(body: Mapping[str, Any]) -> Iterator[Moving]:
    for field in _BUILDS:
        for number, entry in enumerate(_list(body.get(field))):
            if isinstance(entry, str):
                yield from _moving((field, number), entry, is_file=False)
    for field in _GENERATORS:
        for number, generator in enumerate(_list(body.get(field))):
            for at, entry in enumerate(_list(generator.get("files")) if isinstance(generator, Mapping) else ()):
                if isinstance(entry, str):
                    yield from _moving((field, number, "files", at), entry[_url_start(entry) :], is_file=True)


def _moving(path: FieldPath, entry: str, *, is_file: bool) -> Iterator[Moving]:
    found = revision.remote(entry) if not is_placeholder(entry) else None
    if found is not None and revision.is_moving(found.revision):
        tags = [part for part in entry.partition("?")[0].split("/")[3:-1] if _TAG.fullmatch(part)]
        yield Moving(path, found.name, found.revision.removeprefix("refs/heads/"), tags[0] if tags else "", is_file)


def _url_start(entry: str) -> int:
    """Where the address begins in `name=https://…`."""
    before = entry.partition("://")[0]
    return before.rfind("=") + 1


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
