"""Where a piece of a text stands that is the value of a field: `run: |` with a script, a ConfigMap with a file."""

from __future__ import annotations

import re
from typing import Final

from gitops_guard.model.resource import FieldPath, Location, SourceFile

_HEADER: Final = re.compile(r"(?:[&!]\S{0,200}[ \t]+){0,2}([|>])[0-9+-]{0,2}[ \t]*(?:#.*)?\r?$")


def place(file: SourceFile, document: int, path: FieldPath, text: str, offset: int) -> Location:
    """The line of the character *offset* of *text*, the value at *path*.

    Exact for literal (`|`), folded (`>`) and plain scalars; of a quoted one with escapes it may be a line beside it.
    """
    start = file.locate(document, path)
    lines = file.data.decode("utf-8", "replace").split("\n")
    if start.line > len(lines):
        return start
    header = _HEADER.match(lines[start.line - 1], start.column - 1)
    if header is None:
        quote = lines[start.line - 1][start.column - 1 : start.column] in ("'", '"')
        return _by_letters(lines, start, text[:offset], start.line - 1, start.column - 1 + quote)
    if header.group(1) == "|":
        return _line(lines, start, start.line + text.count("\n", 0, offset))
    return _by_letters(lines, start, text[:offset], start.line, 0)


def _by_letters(lines: list[str], start: Location, before: str, number: int, column: int) -> Location:
    """Folding moves blanks and line ends, never letters; so these are counted."""
    left = len("".join(before.split()))
    while number < len(lines):
        left -= len("".join(lines[number][column:].split()))
        if left < 0:
            break
        number, column = number + 1, 0
    return _line(lines, start, number)


def _line(lines: list[str], start: Location, number: int) -> Location:
    """The first letter of a line, counted from 0."""
    if not start.line <= number < len(lines):
        return start
    return Location(start.file, number + 1, len(lines[number]) - len(lines[number].lstrip()) + 1)
