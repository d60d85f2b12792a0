"""JSON files: values by the standard library, places by a scan of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from gitops_guard.load.events import MAX_DEPTH, StreamError
from gitops_guard.load.positions import Node, Positions, Repeated
from gitops_guard.load.scalars import ScalarError, json_number

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_BLANK = re.compile(r"\s*")


class _Pairs:
    """Builds objects and notices a key that stands twice."""

    def __init__(self) -> None:
        self.duplicates = False

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        self.duplicates = self.duplicates or len(made) != len(pairs)
        return made


def _refuse(_name: str) -> Any:
    raise ScalarError("infinity and not-a-number cannot be written as JSON")


def values(text: str) -> list[tuple[Any, int, bool]]:
    """Each value of a stream of JSON values: (value, offset in *text*, whether a key stands twice).

    Raises StreamError.
    """
    found = []
    pairs = _Pairs()
    decoder = json.JSONDecoder(
        object_pairs_hook=pairs, parse_constant=_refuse, parse_float=lambda digits: json_number(float(digits))
    )
    at = _skip(text, 0)
    while at < len(text):
        pairs.duplicates = False
        try:
            value, end = decoder.raw_decode(text, at)
        except RecursionError as error:
            raise _error(text, at, f"nested deeper than {MAX_DEPTH} levels") from error
        except ScalarError as error:
            raise _error(text, at, str(error)) from error
        except json.JSONDecodeError as error:
            raise _error(text, error.pos, error.msg[0].lower() + error.msg[1:]) from error
        _bound_depth(text, at, end)
        found.append((value, at, pairs.duplicates))
        at = _skip(text, end)
    return found


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _bound_depth(text: str, start: int, end: int) -> None:
    opened = text.count("{", start, end) + text.count("[", start, end)
    if opened <= MAX_DEPTH:
        return
    depth = 0
    for token in _TOKEN.finditer(text, start, end):
        first = token.group()[0]
        if first in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise _error(text, token.start(), f"nested deeper than {MAX_DEPTH} levels")
        elif first in "}]":
            depth -= 1


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of *offset*, both from 0."""
    line = text.count("\n", 0, offset)
    return line, offset - (text.rfind("\n", 0, offset) + 1)


def places(text: str, offsets: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Line and column of each of *offsets*, which ascend: the text is read once, however many there are."""
    line = start = scanned = 0
    for offset in offsets:
        line += text.count("\n", scanned, offset)
        start = max(start, text.rfind("\n", scanned, offset) + 1)
        scanned = offset
        yield line, offset - start


def _error(text: str, offset: int, message: str) -> StreamError:
    return StreamError(message, *place(text, offset))


def positions(text: str, start: int, place: tuple[int, int]) -> Positions:
    """The places in the JSON value that begins at the offset *start*, which is the line and column *place*."""
    made = Positions()
    stack: list[tuple[Node, bool, str | None]] = []
    key: str | None = None
    key_place = (0, 0)
    line, line_start = place[0], start - place[1]
    scanned = start
    for token in _TOKEN.finditer(text, start):
        word, at = token.group(), token.start()
        line += text.count("\n", scanned, at)
        line_start = max(line_start, text.rfind("\n", scanned, at) + 1)
        scanned = at
        here = (line, at - line_start)
        if word in ",:":
            continue
        if word in "}]":
            node, _, key = stack.pop()
            if not stack:
                break
            key = None
            continue
        if stack and stack[-1][1] and key is None:
            key, key_place = json.loads(word), here
            continue
        node = Node(*here)
        if stack:
            _attach(made, stack[-1][0], key, key_place, node)
        else:
            made.root = node
        if word in "{[":
            node.children = {}
            stack.append((node, word == "{", key))
            key = None
        elif not stack:
            break
        else:
            key = None
    return made


def _attach(made: Positions, parent: Node, key: str | None, key_place: tuple[int, int], node: Node) -> None:
    children = parent.children if parent.children is not None else {}
    if key is None:
        children[len(children)] = node
        return
    if key in parent.keys:
        made.repeated.append(Repeated(key, parent.keys[key], key_place))
    parent.keys[key] = key_place
    children[key] = node
