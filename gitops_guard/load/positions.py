"""Where each field of a file stands: read again, with marks, only for files that have findings.

Fields that come through an alias or a merge key stand where their anchor defines them: that is the line to edit.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from gitops_guard.load import scalars
from gitops_guard.load.events import (
    AliasEvent,
    CParser,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    YAMLError,
)
from gitops_guard.model.resource import FieldPath


class Node:
    """A place, counted from 0, and what lies below it: by key for a mapping, by number for a list.

    *keys* are the places of the keys themselves.
    """

    __slots__ = ("children", "column", "keys", "line")

    def __init__(self, line: int, column: int) -> None:
        self.line = line
        self.column = column
        self.children: dict[str | int, Node] | None = None
        self.keys: dict[str, tuple[int, int]] = {}

    def find(self, path: FieldPath, *, key: bool = False) -> tuple[int, int]:
        """The place of *path*, or of its nearest ancestor that is there."""
        node, place = self, (self.line, self.column)
        for number, step in enumerate(path):
            below = node.children.get(step) if node.children is not None else None
            if below is None:
                return place
            is_last = number == len(path) - 1
            at_key = key and is_last and isinstance(step, str) and step in node.keys
            place = node.keys[str(step)] if at_key else (below.line, below.column)
            node = below
        return place


class Repeated:
    """A key that stands twice in one mapping. Places count from 0."""

    __slots__ = ("first", "name", "place")

    def __init__(self, name: str, first: tuple[int, int], place: tuple[int, int]) -> None:
        self.name, self.first, self.place = name, first, place


class Positions:
    """The places of one document, its repeated keys, and the spans of its scalars."""

    def __init__(self) -> None:
        self.root = Node(0, 0)
        self.repeated: list[Repeated] = []
        self.spans: list[tuple[tuple[int, int], tuple[int, int]]] = []

    def in_scalar(self, place: tuple[int, int]) -> bool:
        number = bisect_right(self.spans, (place, (1 << 60, 0))) - 1
        return number >= 0 and self.spans[number][0] <= place < self.spans[number][1]


class _Frame:
    """A mapping or list under construction."""

    __slots__ = ("anchor", "is_map", "key", "key_place", "merged", "node")

    def __init__(self, node: Node, *, is_map: bool, anchor: str | None) -> None:
        self.node, self.is_map, self.anchor = node, is_map, anchor
        self.key: str | None = None
        self.key_place = (0, 0)
        self.merged: set[str] = set()


def of_document(data: bytes) -> Positions:
    """The places in the first document of *data*. What a broken document has before its error is kept."""
    reader = _Reader(data)
    try:
        reader.read()
    except YAMLError:
        pass
    finally:
        reader.parser.dispose()
    return reader.positions


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.parser: Any = CParser(data)
        self.positions = Positions()
        self.anchors: dict[str, Node] = {}
        self.scalar_anchors: dict[str, str] = {}
        self.stack: list[_Frame] = []

    def read(self) -> None:
        self.parser.get_event()
        start = self.parser.get_event()
        if start is None or not hasattr(start, "explicit"):
            return
        while True:
            event = self.parser.get_event()
            match event:
                case ScalarEvent():
                    self._scalar(event)
                case MappingStartEvent() | SequenceStartEvent():
                    self._open(event)
                case AliasEvent():
                    self._alias(event)
                case None | DocumentEndEvent():
                    return
                case _:
                    self._close(is_map=isinstance(event, MappingEndEvent))

    def _awaits_key(self) -> bool:
        return bool(self.stack) and self.stack[-1].is_map and self.stack[-1].key is None

    def _scalar(self, event: Any) -> None:
        mark, end = event.start_mark, event.end_mark
        place = (mark.line, mark.column)
        if event.style or end.line != mark.line or "#" in event.value:
            self.positions.spans.append((place, (end.line, end.column)))
        if self._awaits_key():
            self._key(_key_name(event), place)
            if event.anchor:
                self.scalar_anchors[event.anchor] = self.stack[-1].key or ""
            return
        node = Node(*place)
        if event.anchor:
            self.anchors[event.anchor] = node
            self.scalar_anchors[event.anchor] = event.value
        self._attach(node)

    def _key(self, name: str, place: tuple[int, int]) -> None:
        frame = self.stack[-1]
        frame.key, frame.key_place = name, place

    def _open(self, event: Any) -> None:
        node = Node(event.start_mark.line, event.start_mark.column)
        node.children = {}
        self.stack.append(_Frame(node, is_map=isinstance(event, MappingStartEvent), anchor=event.anchor))

    def _close(self, *, is_map: bool) -> None:
        frame = self.stack.pop()
        if frame.anchor:
            self.anchors[frame.anchor] = frame.node
        if self.stack and self._awaits_key() and is_map:
            self._key("", (frame.node.line, frame.node.column))
            return
        self._attach(frame.node)

    def _alias(self, event: Any) -> None:
        place = (event.start_mark.line, event.start_mark.column)
        if self._awaits_key():
            self._key(self.scalar_anchors.get(event.anchor, ""), place)
            return
        node = Node(*place)
        target = self.anchors.get(event.anchor)
        if target is not None:
            node.children, node.keys = target.children, target.keys
        self._attach(node)

    def _attach(self, node: Node) -> None:
        if not self.stack:
            self.positions.root = node
            return
        frame = self.stack[-1]
        if not frame.is_map:
            children = frame.node.children
            if children is not None:
                children[len(children)] = node
            return
        key, frame.key = frame.key or "", None
        if key == _MERGE_KEY:
            _merge(frame, node)
        else:
            self._put(frame, key, node)

    def _put(self, frame: _Frame, key: str, node: Node) -> None:
        parent = frame.node
        if key in parent.keys and key not in frame.merged:
            self.positions.repeated.append(Repeated(key, parent.keys[key], frame.key_place))
        frame.merged.discard(key)
        parent.keys[key] = frame.key_place
        if parent.children is not None:
            parent.children[key] = node


_MERGE_KEY = "\0merge"


def _key_name(event: Any) -> str:
    if event.value == "<<" and (event.implicit[0] or event.tag == scalars.MERGE):
        return _MERGE_KEY
    if not event.implicit[0]:
        return str(event.value)
    try:
        return scalars.key(scalars.plain(event.value))
    except scalars.ScalarError:
        return ""


def _merge(frame: _Frame, value: Node) -> None:
    """As the values do: the keys of a merge replace those that stand before it."""
    children = value.children or {}
    sources = [value] if value.keys else list(reversed(children.values()))
    for source in sources:
        frame.merged.update(source.keys)
        frame.node.keys.update(source.keys)
        if frame.node.children is not None and source.children is not None:
            frame.node.children.update(source.children)
