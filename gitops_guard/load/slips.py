"""Common slips behind the errors of libyaml, which tells what its scanner met and not what a person did.

Asked only for a document that is broken, so it may look at the text again.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_CONFLICT: Final = re.compile(rb"^(?:<{7} |>{7} |={7}\r?$)", re.MULTILINE)
_NO_BLANK: Final = re.compile(rb"[ \t]*(?:- +)?([A-Za-z][\w.-]*):(?=[^\s/])(?!.*: )")
_RESERVED: Final = ("@", "`", "%")


class Slip(NamedTuple):
    """What was probably done, and where; *line* and *column* count from 0."""

    message: str
    line: int
    column: int


def behind(text: bytes, line: int, column: int) -> Slip | None:
    """The slip behind an error at a place of a document; None where none is known. Shows names of keys only."""
    if marker := _CONFLICT.search(text):
        return Slip("a merge conflict is not resolved", text.count(b"\n", 0, marker.start()), 0)
    lines = text.split(b"\n")
    if line >= len(lines):
        return None
    before = lines[line].decode("utf-8", "replace")
    rest = before[column:]
    if rest.startswith("\t") or (not before[:column].strip() and "\t" in before[: column + 1]):
        return Slip("a tab cannot indent YAML; use spaces", line, before.index("\t"))
    if rest.startswith(_RESERVED):
        what = "a backtick" if rest[0] == "`" else f"`{rest[0]}`"
        return Slip(f"a value that begins with {what} must be quoted", line, column)
    return _without_blank(lines, line)


def _without_blank(lines: list[bytes], line: int) -> Slip | None:
    """`apiVersion:v1` is text and no key, which libyaml notices in the line after it."""
    above = next((number for number in range(line - 1, -1, -1) if lines[number].strip()), line)
    for number in (above, line):
        if match := _NO_BLANK.match(lines[number]):
            return Slip(f"a blank is missing after `{match[1].decode()}:`", number, len(match[0].decode()))
    return None
