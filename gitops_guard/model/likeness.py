"""Whether one name was probably meant to be another."""

from __future__ import annotations

import re
from typing import Final

_PARTS: Final = re.compile(r"[-._/]+")
_LONGEST: Final = 253  # characters of a Kubernetes name


def is_slip(name: str, other: str) -> bool:
    """Whether a slip of the hand makes one of the other: a letter too many, too few, another one, or two swapped.

    Digits tell siblings apart (`redis-1`, `redis-2`), and short names are alike by chance.
    """
    if (
        abs(len(name) - len(other)) > 1
        or name == other
        or min(len(name), len(other)) < 4
        or max(len(name), len(other)) > _LONGEST
    ):
        return False
    start, end = _difference(name, other)
    one, two = name[start : len(name) - end], other[start : len(other) - end]
    if any(character.isdigit() for character in one + two):
        return False
    return max(len(one), len(two)) == 1 or (len(one) == 2 and one == two[::-1])


def _difference(name: str, other: str) -> tuple[int, int]:
    """How many characters are the same at the start, and at the end of the rest."""
    shortest = min(len(name), len(other))
    start = 0
    while start < shortest and name[start] == other[start]:
        start += 1
    end = 0
    while end < shortest - start and name[-1 - end] == other[-1 - end]:
        end += 1
    return start, end


def words(name: str) -> frozenset[str]:
    """The parts of a name that have three or more letters."""
    return frozenset(part for part in _PARTS.split(name) if len(part) > 2)
