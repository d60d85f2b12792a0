"""The plain part of YAML, read line by line: two fifths of the time that libyaml's events take.

Nearly all manifests are block mappings and lists of one-line scalars and literal texts, and nearly all of their lines
stand in other manifests too. Each line is understood once and kept; whatever is not plain (anchors, tags, flow
collections with content, folded and multi-line scalars, tabs, duplicate keys, odd indentation) is left to `events.py`,
which also tells what is wrong with it. Both give equal values: `tests/load/test_lines.py`.
"""

from __future__ import annotations

import re
from marshal import dumps, loads
from typing import Any, Final, NamedTuple

from gitops_guard.load import scalars

_MAX_LINES: Final = 30_000
_MAX_LENGTH: Final = 400  # of a line that is kept
_MAX_DEPTH: Final = 100
_MAX_BYTES: Final = 4 << 20  # of a document: all its lines are in memory at once
_PLAIN_BYTES: Final = bytes([ord("\n"), *range(ord(" "), ord("~") + 1)])
# Line breaks that are none to Python or to YAML, tabs, control characters, half surrogate pairs.
_ODD: Final = re.compile("[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_QUOTED: Final = r""" "[^"\\]*" | '[^']*' """
_KEY: Final = r""" [A-Za-z0-9_][\w./-]{0,200} | "[^"\\]{0,200}" | '[^']{0,200}' """
_LINE: Final = re.compile(
    rf"""
    (?P<indent>\ *)
    (?P<dash>-\ +)?
    (?:(?P<key>{_KEY}):(?=\ |$))?
    \ *
    (?P<value>
        {_QUOTED} | \|[+-]? | [\[{{].*[\]}}]
      | (?:[A-Za-z0-9_/.+~$(<=^;]|-(?!\ |$))(?:[^:\#]|:(?!\ |$)|(?<!\ )\#)*+
    )?
    \ *(?:(?<=\ )\#.*)?
    """,
    re.VERBOSE | re.ASCII,
)
# In [] and {{}}: a bracket, a comma, a key with its colon, or a scalar.
_TOKEN: Final = re.compile(
    rf"""
    \ *
    (?: (?P<sign>[\[\]{{}},])
    | (?P<key>{_KEY}):(?=\ )
    | (?P<quoted>{_QUOTED})(?=\ *[,\]}}])
    | (?P<plain>[A-Za-z0-9_/.$](?:[\w/.$@()=+~^;-]|\ +(?![\ \#,\]}}])|:(?=[\w/]))*+)(?=\ *[,\]}}])
    )
    """,
    re.VERBOSE | re.ASCII,
)
_COMMENT: Final = re.compile(r" *(?:#.*)?")
_SEPARATOR: Final = re.compile(r"--- *(?:(?<= )#.*)?")


class _Kind:
    """What stands in a line instead of a value."""

    def __init__(self, name: str) -> None:
        self.name = name


NOTHING: Final = _Kind("nothing yet: what is indented below it, or null")
CLIP: Final = _Kind("|")
STRIP: Final = _Kind("|-")
KEEP: Final = _Kind("|+")
_KINDS: Final = {"": NOTHING, "|": CLIP, "|-": STRIP, "|+": KEEP}


class _Line(NamedTuple):
    """*column* is where the content of a list item begins, -1 where the line is no item of a list.

    *value* is a scalar, a _Kind, or a collection as `marshal` wrote it, since each document needs its own.
    """

    indent: int
    column: int
    key: str | None
    value: Any


class _NotPlain(Exception):  # noqa: N818 - no error: somebody else reads it
    pass


_known: dict[str, _Line | None] = {}


def value(data: bytes) -> tuple[Any, int] | None:
    """The one document of *data* and the line of its first node, from 0; (None, -1) for an empty one.

    None where it is not plain. *data* ends with a newline and holds no separator line.
    """
    if len(data) > _MAX_BYTES:
        return None
    text = data.decode("utf-8")
    if data.translate(None, _PLAIN_BYTES) and _ODD.search(text):
        return None
    try:
        return _Reader(text).read()
    except _NotPlain:
        return None


class _Reader:
    """The containers that are open, the innermost last, each with the column of its keys or dashes."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.lines.pop()
        self.columns: list[int] = []
        self.open: list[Any] = []

    def read(self) -> tuple[Any, int]:
        lines = self.lines
        start = 1 if lines and _SEPARATOR.fullmatch(lines[0]) else 0
        first = start
        while first < len(lines) and _COMMENT.fullmatch(lines[first]):
            first += 1
        if first == len(lines):
            if start:
                raise _NotPlain
            return None, -1
        line = _known.get(lines[first]) or _understood(lines[first])
        assert line is not None
        root: Any = {} if line.column < 0 else []
        self.columns.append(line.indent)
        self.open.append(root)
        self._build(first)
        return root, first

    def _build(self, number: int) -> None:  # noqa: C901 - the hot loop stays flat, as in events.py
        lines, columns, containers, known, end = self.lines, self.columns, self.open, _known, len(self.lines)
        waiting: str | None = None  # the key whose value stands below it
        while number < end:
            text = lines[number]
            number += 1
            line = known[text] if text in known else _understood(text)
            if line is None:
                continue
            indent, column, key, found = line
            if waiting is not None:
                if indent > columns[-1] or (indent == columns[-1] and column >= 0):
                    made: Any = {} if column < 0 else []
                    containers[-1][waiting] = made
                    columns.append(indent)
                    containers.append(made)
                    if len(columns) > _MAX_DEPTH:
                        raise _NotPlain
                waiting = None
            while indent < columns[-1]:
                self._leave()
            if column < 0 and containers[-1].__class__ is list:
                self._leave()  # a list may stand in the column of its key
            container = containers[-1]
            if indent != columns[-1] or (container.__class__ is list) != (column >= 0):
                raise _NotPlain
            if column >= 0 and key is not None:
                container.append(made := {})
                columns.append(column)
                containers.append(container := made)

            if found.__class__ is _Kind:
                if found is NOTHING:
                    value, waiting = None, key
                else:
                    value, number = self._literal(number, columns[-1], found)
            elif found.__class__ is bytes:
                value = loads(found)  # noqa: S302 - written by `_value`
            else:
                value = found
            if key is None:
                container.append(value)
            elif key in container:
                raise _NotPlain
            else:
                container[key] = value

    def _leave(self) -> None:
        self.columns.pop()
        self.open.pop()
        if not self.columns:
            raise _NotPlain

    def _literal(self, number: int, column: int, kind: _Kind) -> tuple[str, int]:
        """The text of a `|` in a container of that *column*, and the number of the line behind it."""
        lines, end = self.lines, len(self.lines)
        start = number
        while number < end and not lines[number].strip(" "):
            number += 1
        if number == end:
            raise _NotPlain
        depth = len(lines[number]) - len(lines[number].lstrip(" "))
        if depth <= column or any(len(line) > depth for line in lines[start:number]):
            raise _NotPlain
        prefix, number = " " * depth, start
        while number < end and (lines[number].startswith(prefix) or not lines[number].strip(" ")):
            number += 1
        text = "\n".join([line[depth:] for line in lines[start:number]])
        if kind is KEEP:
            return f"{text}\n", number
        text = text.rstrip("\n")
        return (f"{text}\n" if kind is CLIP else text), number


def _understood(text: str) -> _Line | None:
    """None for a blank line or a comment. Raises _NotPlain."""
    line = _line(text)
    if len(text) <= _MAX_LENGTH and len(_known) < _MAX_LINES:
        _known[text] = line
    return line


def _line(text: str) -> _Line | None:
    if _COMMENT.fullmatch(text):
        return None
    match = _LINE.fullmatch(text)
    if match is None:
        raise _NotPlain
    dash, key, written = match["dash"], match["key"], match["value"]
    if key is None and not (dash and written):
        raise _NotPlain
    indent = len(match["indent"])
    column = indent + len(dash) if dash else -1
    return _Line(indent, column, None if key is None else _name(key), _value((written or "").rstrip(" ")))


def _name(key: str) -> str:
    if key[0] in "\"'":
        return key[1:-1]
    try:
        return scalars.key(scalars.plain(key))
    except scalars.ScalarError as error:
        raise _NotPlain from error


def _value(written: str) -> Any:
    kind = _KINDS.get(written)
    if kind is not None:
        return kind
    if written[0] in "\"'":
        return written[1:-1]
    return dumps(_Flow(written).read()) if written[0] in "[{" else _scalar(written)


def _scalar(written: str) -> Any:
    try:
        return scalars.json_number(scalars.plain(written))
    except scalars.ScalarError as error:
        raise _NotPlain from error


class _Flow:
    """A collection in brackets, on one line."""

    def __init__(self, written: str) -> None:
        self.written = written
        self.at = 0
        self.depth = 0

    def read(self) -> Any:
        value = self._value(self._token())
        if self.at != len(self.written):
            raise _NotPlain
        return value

    def _token(self) -> re.Match[str]:
        found = _TOKEN.match(self.written, self.at)
        if found is None:
            raise _NotPlain
        self.at = found.end()
        return found

    def _value(self, token: re.Match[str]) -> Any:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _NotPlain
        match token.lastgroup, token["sign"]:
            case "sign", "[":
                value: Any = self._list()
            case "sign", "{":
                value = self._mapping()
            case "quoted", _:
                value = token["quoted"][1:-1]
            case "plain", _:
                value = _scalar(token["plain"])
            case _:
                raise _NotPlain
        self.depth -= 1
        return value

    def _list(self) -> list[Any]:
        found: list[Any] = []
        token = self._token()
        if token["sign"] == "]":
            return found
        while True:
            found.append(self._value(token))
            if self._ends("]"):
                return found
            token = self._token()

    def _mapping(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        token = self._token()
        if token["sign"] == "}":
            return found
        while True:
            name = token["key"] and _name(token["key"])
            if not name or name in found:
                raise _NotPlain
            found[name] = self._value(self._token())
            if self._ends("}"):
                return found
            token = self._token()

    def _ends(self, sign: str) -> bool:
        """Whether the collection ends with the next sign, which else is a comma."""
        found = self._token()["sign"]
        if found not in (sign, ","):
            raise _NotPlain
        return found == sign
