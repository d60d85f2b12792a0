"""What a token looks like: letters that it begins with, and what follows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from math import log2
from typing import Final, NamedTuple

_INVENTED: Final = re.compile(
    rb"example|placeholder|redacted|changeme|dummy|(?<![a-z])your[_-]?[a-z]|([A-Za-z0-9*.])\1{7}|0123456|1234567"
    rb"|abcdefg|deadbeef",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TokenFormat:
    """*needs* are the letters of which one stands in every match, *at* one of these distances from its beginning.

    *entropy* are the bits a character below which a match is an invented one.
    """

    id: str
    needs: tuple[bytes, ...]
    at: tuple[int, ...]
    entropy: float
    regex: bytes


class Token(NamedTuple):
    """A match, by its bytes in the file."""

    start: int
    end: int
    format: str


def find(data: bytes, formats: Iterable[TokenFormat]) -> list[Token]:
    """The tokens in *data* from first to last. None lies in another; invented ones are left out."""
    matches = (token for known in formats for need in known.needs if need in data for token in _of(data, known, need))
    found: list[Token] = []
    end = 0
    for token in sorted(set(matches), key=lambda token: (token.start, -token.end, token.format)):
        if token.start >= end:
            found.append(token)
            end = token.end
    return found


def _of(data: bytes, known: TokenFormat, need: bytes) -> Iterator[Token]:
    """Tried only where the letters stand, so that a text is not gone through once for each format."""
    pattern = _compiled(known.regex)
    at = data.find(need)
    while at >= 0:
        starts = (at - distance for distance in reversed(known.at) if distance <= at)
        match = next(filter(None, map(pattern.match, repeat(data), starts)), None)
        if match is not None and not _is_invented(match.group(), known.entropy):
            yield Token(match.start(), match.end(), known.id)
        at = data.find(need, max(at + 1, match.end() if match else 0))


@cache
def _compiled(regex: bytes) -> re.Pattern[bytes]:
    return re.compile(regex)


def _is_invented(token: bytes, least: float) -> bool:
    """Whether somebody wrote it as an example: `ghp_xxxxxxxx`, `AKIAIOSFODNN7EXAMPLE`."""
    return _INVENTED.search(token) is not None or _entropy(token) < least


def _entropy(token: bytes) -> float:
    size = len(token)
    return -sum(count / size * log2(count / size) for count in map(token.count, set(token)))
