"""The source line with a caret, as wide as the terminal and no wider."""

from __future__ import annotations

from typing import NamedTuple

from gitops_guard.report.show.escape import shown

_TAB = " " * 4
_CUT = "…"
_NARROWEST = 20  # columns; below it a window shows nothing worth reading


class Excerpt(NamedTuple):
    """*text* is ready to print; *caret* counts the columns before the caret, None where the line has no such place."""

    text: str
    caret: int | None


class _Cell(NamedTuple):
    text: str
    width: int


def excerpt(line: str, column: int, width: int) -> Excerpt:
    """*line* around the character *column* (from 1), in at most *width* terminal columns."""
    room = max(width, _NARROWEST)
    line = line.rstrip("\r\n")
    focus = min(max(column - 1, 0), len(line))
    # A line of a minified file can be megabytes: only what could be on the screen is looked at.
    first = max(0, focus - room)
    cells = _cells(line, first, min(len(line), focus + room))
    place = focus - first
    fits = len(cells) == len(line) and sum(cell.width for cell in cells) <= room
    start, end = (0, len(cells)) if fits else _window(cells, place, room - 2 * len(_CUT))
    before = _CUT if first + start > 0 else ""
    after = _CUT if first + end < len(line) else ""
    text = before + "".join(cell.text for cell in cells[start:end]) + after
    caret = len(before) + sum(cell.width for cell in cells[start:place])
    return Excerpt(text, caret if 1 <= column <= len(line) + 1 else None)


def _window(cells: list[_Cell], place: int, room: int) -> tuple[int, int]:
    """The longest run of cells around *place* that fits, with as much before as after."""
    start = end = place
    used = 0
    growing = True
    while growing:
        growing = False
        if end < len(cells) and used + cells[end].width <= room:
            used += cells[end].width
            end += 1
            growing = True
        if start > 0 and used + cells[start - 1].width <= room:
            start -= 1
            used += cells[start].width
            growing = True
    return start, end


def _cells(line: str, first: int, last: int) -> list[_Cell]:
    cells = []
    for index in range(first, last):
        character = line[index]
        if character == "\t":
            cells.append(_Cell(_TAB, len(_TAB)))
        elif character == "[" and line[max(0, index - 2) : index] == "##":
            cells.append(_Cell("\\x5b", 4))  # as in escape.visible
        else:
            text = shown(character)
            cells.append(_Cell(text, len(text) if text.isascii() else _wide(text)))
    return cells


def _wide(character: str) -> int:
    from unicodedata import category, east_asian_width

    if category(character) in {"Mn", "Me"}:
        return 0
    return 2 if east_asian_width(character) in {"W", "F"} else 1
