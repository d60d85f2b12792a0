"""Regular expressions of Go for an engine that has those of Rust.

They are alike but for these: `\\d`, `\\w`, `\\s` and `\\b` are of ASCII alone, `{` and `[` may stand for themselves,
and there are no sets of sets in a class. A pattern that Go refuses is replaced by one that Rust refuses as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from gitops_guard.policy.rego_text import changed, closed, tokens

NAME: Final = "gitops_guard_regex"  # the function that patterns that are not constant go through
_REFUSED: Final = "("
_MOST: Final = 1000  # repetitions
# Which argument is the pattern.
_PATTERNS: Final = {
    "find_all_string_submatch_n": 0,
    "find_n": 0,
    "is_valid": 0,
    "match": 0,
    "replace": 1,
    "split": 0,
}
_CLASSES: Final = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
_LITERAL: Final = re.compile(r"\\Q(.*?)(?:\\E|\Z)", re.DOTALL)
_META: Final = re.compile(r"[\\.+*?()|\[\]{}^$#&~-]")
_OCTAL: Final = re.compile(r"\\(0[0-7]{0,2}|[1-7][0-7]{2})")
_REPEATED: Final = re.compile(r"(?:[*+?]|\{(\d+)(?:,(\d*))?\})\??")
_FLAGS: Final = re.compile(r"\(\?([A-Za-z]*)(?:-([A-Za-z]*))?[:)]")
_POSIX: Final = re.compile(r"\[:\^?[a-z]+:\]")
_ESCAPE: Final = re.compile(r"\\(?:x\{[0-9A-Fa-f]+\}|x[0-9A-Fa-f]{2}|[pP]\{\^?\w+\}|[pP]\w|.)", re.DOTALL)


class _RefusedError(Exception):
    pass


@lru_cache(maxsize=4096)
def translated(pattern: str) -> str:
    """The pattern for Rust."""
    try:
        return "".join(_pieces(pattern))
    except _RefusedError:
        return _REFUSED


def at_run_time(pattern: Any) -> Any:
    """What is no text is for the engine to refuse."""
    return translated(pattern) if isinstance(pattern, str) else pattern


def _pieces(pattern: str) -> Iterator[str]:
    at = 0
    repeated = False
    while at < len(pattern):
        repetition = _REPEATED.match(pattern, at)
        if repetition:
            most = max(int(number or 0) for number in (*repetition.groups(), "0"))
            if repeated or most > _MOST:
                raise _RefusedError
            yield repetition[0]
            at, repeated = repetition.end(), True
            continue
        repeated = False
        if pattern[at] == "[":
            piece, at = _class(pattern, at)
        elif pattern[at] == "\\":
            piece, at = _escaped(pattern, at, inside=False)
        else:
            flags = _FLAGS.match(pattern, at)
            if flags and set((flags[1] or "") + (flags[2] or "")) - set("imsU"):
                raise _RefusedError
            piece = flags[0] if flags else r"\{" if pattern[at] == "{" else pattern[at]
            at += len(flags[0]) if flags else 1
        yield piece


def _escaped(pattern: str, at: int, *, inside: bool) -> tuple[str, int]:
    """An escape, and where it ends; *inside* of a class."""
    if literal := _LITERAL.match(pattern, at):
        return _META.sub(r"\\\g<0>", literal[1]), literal.end()
    if octal := _OCTAL.match(pattern, at):
        return f"\\x{{{int(octal[1], 8):x}}}", octal.end()
    escape = _ESCAPE.match(pattern, at)
    if escape is None or escape[0][1] in "uU":
        raise _RefusedError
    kind = escape[0][1]
    if kind.lower() in _CLASSES:
        content = _CLASSES[kind.lower()]
        piece = f"[^{content}]" if kind.isupper() else content if inside else f"[{content}]"
        return piece, escape.end()
    if kind == "b":
        return (escape[0] if inside else r"(?-u:\b)"), escape.end()
    return (kind if kind in "<>" else escape[0]), escape.end()


def _class(pattern: str, at: int) -> tuple[str, int]:
    """A class in brackets, and where it ends. A hyphen is one of a range only between two characters."""
    pieces = ["["]
    at += 1
    if pattern.startswith("^", at):
        pieces.append("^")
        at += 1
    begin = at
    low = False  # what stands before may begin a range
    while at < len(pattern) and (pattern[at] != "]" or at == begin):
        if posix := _POSIX.match(pattern, at):
            pieces.append(posix[0])
            at, low = posix.end(), False
        elif pattern[at] == "\\":
            kind = pattern[at + 1 : at + 2]
            piece, at = _escaped(pattern, at, inside=True)
            pieces.append(piece)
            low = kind.lower() not in (*_CLASSES, "p", "q")
        elif pattern[at] == "-":
            is_range = low and at > begin and pattern[at + 1 : at + 2] not in ("]", "")
            pieces.append("-" if is_range else r"\-")
            at += 1
            if is_range:
                piece, at = _character(pattern, at)
                pieces.append(piece)
            low = False
        else:
            piece, at = _character(pattern, at)
            pieces.append(piece)
            low = True
    return "".join((*pieces, pattern[at : at + 1])), at + 1


def _character(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at] == "\\":
        return _escaped(pattern, at, inside=True)
    return (f"\\{pattern[at]}" if pattern[at] in "[&~-]^" else pattern[at]), at + 1


def with_patterns(text: str) -> str:
    """*text* with the patterns of its calls for Rust; the lines stay where they are."""
    if "regex." not in text:
        return text
    found = list(tokens(text))
    changes: list[tuple[int, int, str]] = []
    for number, (token, following) in enumerate(pairwise(found)):
        if token.text != "regex" or following.text != "." or found[number - 1].text == "." or number + 3 >= len(found):
            continue
        position = _PATTERNS.get(found[number + 2].text)
        if position is None or found[number + 3].text != "(":
            continue
        end, commas = closed(found, number + 3)
        if end is None:
            continue
        bounds = [number + 3, *commas, end]
        if position + 1 >= len(bounds):
            continue
        given = found[bounds[position] + 1 : bounds[position + 1]]
        if len(given) == 1 and given[0].kind == "text":
            changes += _constant(given[0].text, given[0].start, given[0].end)
        elif given:
            changes.append((given[0].start, given[0].start, f"{NAME}("))
            changes.append((given[-1].end, given[-1].end, ")"))
    return changed(text, sorted(changes))


def _constant(quoted: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    try:
        pattern = quoted[1:-1] if quoted.startswith("`") else json.loads(quoted)
    except ValueError:
        return
    new = translated(pattern)
    if new != pattern and "\n" not in quoted:
        yield start, end, json.dumps(new, ensure_ascii=False)
