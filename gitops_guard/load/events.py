"""libyaml's events, built straight into JSON values: the hot loop of the loader.

Values carry no positions; `positions.py` reads a file again where a finding needs them. The mapping follows goyaml v2,
which kubectl uses: a later anchor replaces an earlier one, a merge key acts where it stands, the last duplicate wins.
"""

from __future__ import annotations

import re
from typing import Any, Final

from yaml import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    YAMLError,
)
from yaml._yaml import CParser

from gitops_guard.load import scalars

MAX_DEPTH: Final = 500  # a manifest nests about 60 deep at the most (CRDs); Python's own walkers end near 1,000
_MISSING: Final = object()
_MERGE: Final = object()
_CACHE_SIZE: Final = 20_000
# A tag begins behind a blank or an indicator, and no longer one is looked at: a megabyte of `!` took minutes.
_ODD_TAG: Final = re.compile(rb"!(?<![^\s,:\[{]!)(?:\s|[^\s'\",]{0,100},)")

__all__ = [
    "MAX_DEPTH",
    "AliasEvent",
    "CParser",
    "DocumentEndEvent",
    "MappingEndEvent",
    "MappingStartEvent",
    "ScalarEvent",
    "SequenceEndEvent",
    "SequenceStartEvent",
    "StreamError",
    "YAMLError",
    "first_value",
]


class StreamError(Exception):
    """The document cannot be read. *line* and *column* count from 0; the text names no value."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


class AliasCount:
    """How much a document grows when its aliases are written out; goyaml's bound against alias bombs."""

    __slots__ = ("aliased", "own", "sizes")

    def __init__(self) -> None:
        self.own = 0
        self.aliased = 0
        self.sizes: dict[int, int] = {}

    def add(self, value: Any) -> None:
        self.aliased += self._size(value)

    def _size(self, value: Any) -> int:
        if not isinstance(value, dict | list):
            return 1
        known = self.sizes.get(id(value))
        if known is None:
            children = value.values() if isinstance(value, dict) else value
            known = self.sizes[id(value)] = 1 + sum(self._size(child) for child in children)
        return known

    @property
    def excessive(self) -> bool:
        total = self.own + self.aliased
        if self.aliased <= 100 or total <= 1000:
            return False
        return self.aliased / total > _allowed_ratio(total)


def _allowed_ratio(total: int) -> float:
    """goyaml v2 `allowedAliasRatio`: 0.99 up to 400,000 nodes, falling to 0.10 at 4,000,000."""
    low, high = 400_000, 4_000_000
    if total <= low:
        return 0.99
    if total >= high:
        return 0.10
    return 0.99 - 0.89 * (total - low) / (high - low)


_plain_values: dict[str, Any] = {}
_plain_keys: dict[str, str] = {}


class _Builder:
    """Containers under construction. One flat loop, so that nesting costs no stack."""

    def __init__(self, parser: Any) -> None:
        self.parser = parser
        self.anchors: dict[str, Any] = {}
        self.open_anchors: dict[int, str] = {}
        self.merged: dict[int, set[str]] = {}
        self.aliases: AliasCount | None = None
        self.duplicates = False
        self.line = 0

    def build(self) -> Any:  # noqa: C901 - the hot loop stays flat: a call for each event would double its time
        """The value of the document whose start was just read, up to its end."""
        get_event, values, keys = self.parser.get_event, _plain_values, _plain_keys
        stack: list[tuple[Any, Any]] = []
        container: Any = None
        key: Any = None  # _MISSING: the container is a mapping that waits for a key
        event = get_event()
        self.line = event.start_mark.line
        while True:
            kind = event.__class__
            if key is _MISSING and kind is not MappingEndEvent:
                key = keys.get(event.value) if kind is ScalarEvent and event.implicit[0] else None
                if key is None or event.anchor is not None:
                    key = self._read_key(event)
                event = get_event()
                continue
            if kind is ScalarEvent:
                value = values.get(event.value, _MISSING) if event.implicit[0] else _MISSING
                if value is _MISSING or event.anchor is not None:
                    value = self._read_scalar(event)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                stack.append((container, key))
                if len(stack) > MAX_DEPTH:
                    raise _error(f"nested deeper than {MAX_DEPTH} levels", event)
                container, key = ({}, _MISSING) if kind is MappingStartEvent else ([], None)
                if event.anchor is not None:
                    self._open(container, event.anchor)
                event = get_event()
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                value = container
                if self.open_anchors:
                    self._close(value)
                container, key = stack.pop()
            elif kind is AliasEvent:
                value = self._alias(event)
            else:
                return self._finish(event)

            if container.__class__ is dict:
                if key is _MERGE:
                    self._merge(container, value, event)
                elif key not in container:
                    container[key] = value
                else:
                    self._again(container, key, value)
                key = _MISSING
            elif container is None:
                self.root = value
            else:
                container.append(value)
            event = get_event()

    root: Any = None

    def _finish(self, event: Any) -> Any:
        if event.__class__ is not DocumentEndEvent:
            raise _error("the document ends too early", event)
        if self.aliases is not None:
            self.aliases.own = self.aliases._size(self.root) - self.aliases.aliased
            if self.aliases.excessive:
                raise StreamError("aliases make the document grow beyond bounds", self.line, 0)
        return self.root

    def _read_key(self, event: Any) -> Any:
        if event.__class__ is AliasEvent:
            return self._key_text(self._alias(event), event)
        if event.__class__ is not ScalarEvent:
            raise _error("a mapping or a list cannot be a key", event)
        if event.value == "<<" and (event.implicit[0] or event.tag == scalars.MERGE):
            return _MERGE
        value = self._read_scalar(event, is_key=True)
        return self._key_text(value, event)

    def _key_text(self, value: Any, event: Any) -> str:
        if isinstance(value, dict | list):
            raise _error("a mapping or a list cannot be a key", event)
        try:
            name = scalars.key(value)
        except scalars.ScalarError as error:
            raise _error(str(error), event) from error
        if event.__class__ is ScalarEvent and event.implicit[0] and len(_plain_keys) < _CACHE_SIZE:
            _plain_keys[event.value] = name
        return name

    def _read_scalar(self, event: Any, *, is_key: bool = False) -> Any:
        try:
            value = self._resolve(event, is_key=is_key)
        except scalars.ScalarError as error:
            raise _error(str(error), event) from error
        if event.anchor is not None:
            self.anchors[event.anchor] = value
        return value

    def _resolve(self, event: Any, *, is_key: bool) -> Any:
        text = event.value
        if not event.implicit[0]:
            tagged = text if event.tag is None or event.implicit[1] else scalars.tagged(event.tag, text)
            return tagged if is_key else scalars.json_number(tagged)
        if is_key:
            return scalars.plain(text)
        value = scalars.json_number(scalars.plain(text))
        if len(_plain_values) < _CACHE_SIZE:
            _plain_values[text] = value
        return value

    def _open(self, container: Any, anchor: str) -> None:
        self.open_anchors[id(container)] = anchor
        self.anchors[anchor] = _MISSING

    def _close(self, container: Any) -> None:
        anchor = self.open_anchors.pop(id(container), None)
        if anchor is not None:
            self.anchors[anchor] = container

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self.anchors:
            raise _error("the alias names an anchor that is not defined", event)
        value = self.anchors[event.anchor]
        if value is _MISSING:
            raise _error("the anchor contains itself", event)
        if self.aliases is None:
            self.aliases = AliasCount()
        self.aliases.add(value)
        return value

    def _again(self, container: dict[str, Any], key: str, value: Any) -> None:
        merged = self.merged.get(id(container))
        if merged is not None and key in merged:
            merged.discard(key)
        else:
            self.duplicates = True
        container[key] = value

    def _merge(self, container: dict[str, Any], value: Any, event: Any) -> None:
        merged = self.merged.setdefault(id(container), set())
        is_alias_of_list = event.__class__ is AliasEvent and isinstance(
            value, list
        )  # goyaml takes a list only in place
        if is_alias_of_list or not merge_into(container, value, merged):
            raise _error("a merge key needs a mapping or a list of mappings", event)


def merge_into(container: dict[str, Any], value: Any, merged: set[str]) -> bool:
    """Write the keys of a merge over those that stand before it, as goyaml v2 does. False if *value* is no mapping."""
    sources = value if isinstance(value, list) else [value]
    for source in reversed(sources):
        if not isinstance(source, dict):
            return False
        merged.update(source)
        container.update(source)
    return True


def _error(message: str, event: Any) -> StreamError:
    return StreamError(message, event.start_mark.line, event.start_mark.column)


def first_value(data: bytes) -> tuple[Any, int, bool]:
    """The first document of *data*: (value, line of its first node from 0, whether a key stands twice).

    (None, -1, False) where there is no document. Raises StreamError and yaml.YAMLError.
    """
    if b"?" in data or b"\\/" in data or b"\n\xef\xbb\xbf" in data or _ODD_TAG.search(data):
        from gitops_guard.load import goyaml

        data = goyaml.adapted(data)
    parser = CParser(data)
    try:
        parser.get_event()  # stream start
        start = parser.get_event()
        if start is None or not hasattr(start, "explicit"):
            return None, -1, False
        builder = _Builder(parser)
        value = builder.build()
        return value, builder.line, builder.duplicates
    finally:
        parser.dispose()
