"""Where goyaml, which kubectl uses, and libyaml part: a document is refused, or its text adapted before it is read.

Each was found by the YAML test suite (its id stands beside it), read by kubectl's own decoder and by us. What goyaml
takes and libyaml refuses stays refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from gitops_guard.load.events import (
    MAX_DEPTH,
    CParser,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamError,
    YAMLError,
)

_ESCAPED_SLASH = re.compile(r"(?<!\\)(?:\\\\)*\\/")
_INNER_MARK = re.compile(r"\n(?=\ufeff)")
_TAG_ALONE = re.compile(r"!\S+")
_BARE_TAG = re.compile(r"(?:&\S+\s+)?!(?=\s)")


def adapted(data: bytes) -> bytes:
    """*data* so that libyaml reads in it what goyaml does. Raises StreamError for what only goyaml refuses.

    Slow: for documents that hold one of the few bytes with which such a place begins.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return data
    if mark := _INNER_MARK.search(text):
        line = text.count("\n", 0, mark.end())
        raise StreamError("a byte order mark begins this line; kubectl takes it for text", line, 0)
    edits: list[tuple[int, str]] = []
    try:
        for event, in_flow in _scalars(data):
            edits.extend(_edit(event, text, in_flow=in_flow))
    except YAMLError:
        return data  # libyaml says it again, with its place
    return _edited(text, edits).encode() if edits else data


def _edited(text: str, edits: Sequence[tuple[int, str]]) -> str:
    pieces: list[str] = []
    start = 0
    for offset, instead in edits:
        pieces += (text[start:offset], instead)
        start = offset + 1
    return "".join([*pieces, text[start:]])


def _scalars(data: bytes) -> Iterator[tuple[Any, bool]]:
    """(event, whether it stands in a flow collection) for the scalars of the first document."""
    parser: Any = CParser(data)
    flow: list[bool] = []
    try:
        while (event := parser.get_event()) is not None:
            kind = event.__class__
            if kind is ScalarEvent:
                yield event, bool(flow) and flow[-1]
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                flow.append(bool(event.flow_style))
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                flow.pop()
            if len(flow) > MAX_DEPTH or kind is DocumentEndEvent:
                return
    finally:
        parser.dispose()


def _edit(event: Any, text: str, *, in_flow: bool) -> list[tuple[int, str]]:
    """The character to write over, and what to write there. Raises StreamError."""
    mark = event.start_mark
    source = text[mark.index : event.end_mark.index]
    if event.style == '"' and "\\/" in source:
        escape = _ESCAPED_SLASH.search(source)
        if escape:  # 3UYS
            raise StreamError("`\\/` is an escape of JSON, not of YAML as kubectl reads it", mark.line, mark.column)
    if in_flow and not event.style and "?" in source and "?" in event.value:  # JR7V
        raise StreamError("a `?` inside [] or {} needs quotes around the value", mark.line, mark.column)
    bare = _BARE_TAG.match(source) if event.implicit[0] and event.value != "<<" else None
    if bare:  # S4JQ: `! 12` is a string, and libyaml says nothing of the tag
        return [(mark.index + bare.end() - 1, "!!str")]
    if in_flow and _TAG_ALONE.fullmatch(source) and text.startswith(",", event.end_mark.index):
        return [(event.end_mark.index, "_")]  # WZ62: the comma belongs to the tag
    return []
