"""Where bytes of a file stand: line, column, and the field of a document that holds them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from gitops_guard.model.resource import FieldPath, FileKind, Location, SourceFile

SHORTEST: Final = 12  # characters; fields with less are not looked for
_BOM: Final = b"\xef\xbb\xbf"
# Of these, `plaintext-secret` judges the data of Secrets.
_JUDGED: Final = frozenset({FileKind.MANIFEST, FileKind.SOPS, FileKind.STRATEGIC_PATCH})


class Field(NamedTuple):
    """A text in a document. *is_secret_data* says that it belongs to a Secret's `data` or `stringData`."""

    document: int
    path: FieldPath
    text: str
    is_secret_data: bool

    @property
    def key(self) -> str:
        """The nearest name: of the list, for an item of a list."""
        return next((step for step in reversed(self.path) if isinstance(step, str)), "")


class Occurrences:
    """The places of one file. Ask from first to last: each question goes on where the one before ended."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._offset = len(_BOM) if file.data.startswith(_BOM) else 0
        self._line = self._column = 1
        self._fields: list[tuple[Location, Field]] | None = None

    def location(self, offset: int) -> Location:
        """The line and column of the byte *offset*."""
        passed = self._file.data[self._offset : offset]
        lines = passed.count(b"\n")
        if lines:
            self._line += lines
            self._column = 1
            passed = passed[passed.rindex(b"\n") + 1 :]
        self._column += len(passed.decode("utf-8", "replace"))
        self._offset = max(offset, self._offset)
        return Location(self._file.path, self._line, self._column)

    def field(self, location: Location, text: str) -> Field | None:
        """The field that holds *text* at *location*; None for a comment, a key, or a file that is no YAML.

        *text* has at least SHORTEST characters.
        """
        if self._fields is None:
            self._fields = sorted(self._located(), key=lambda item: item[0])
        at = bisect_right(self._fields, location, key=lambda item: item[0]) - 1
        # Several begin at one place where an alias stands for a map: all of them are the same field.
        return self._fields[at][1] if at >= 0 and text in self._fields[at][1].text else None

    def _located(self) -> Iterator[tuple[Location, Field]]:
        for document in self._file.documents:
            for path, text in leaves(document.body):
                if not isinstance(text, str) or len(text) < SHORTEST:
                    continue
                is_secret = self._file.kind in _JUDGED and _is_secret_data(document.body, path)
                yield self._file.locate(document.index, path), Field(document.index, path, text, is_secret)


def leaves(body: Any) -> Iterator[tuple[FieldPath, Any]]:
    """What is neither map nor list, in its order. What aliases share is visited once, so that no bomb goes off."""
    seen: set[int] = set()
    waiting: list[tuple[FieldPath, Any]] = [((), body)]
    while waiting:
        path, value = waiting.pop()
        if not isinstance(value, dict | list):
            yield path, value
        elif id(value) not in seen:
            seen.add(id(value))
            items = list(value.items() if isinstance(value, dict) else enumerate(value))
            waiting.extend(((*path, step), below) for step, below in reversed(items))


def _is_secret_data(body: Any, path: FieldPath) -> bool:
    kind = ""
    while isinstance(body, Mapping):
        kind = str(body.get("kind") or kind.removesuffix("List"))
        if not (kind.endswith("List") and path[:1] == ("items",) and len(path) > 2):
            break
        items = body.get("items")
        if not isinstance(items, list) or not isinstance(path[1], int):
            return False
        body, path = items[path[1]], path[2:]
    return kind == "Secret" and path[:1] in (("data",), ("stringData",)) and len(path) > 1
