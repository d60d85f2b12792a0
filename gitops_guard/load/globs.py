"""Path patterns: `**`, `*`, `?`, `[...]` and `{a,b}`, as one regular expression over `/` paths.

A pattern matches from the root and the whole path. One whose last part holds no wildcard names a file or a folder with
all below it: `apps/production` is also `apps/production/web/app.yaml`. Matching is linear in the path: what stands
between two wildcards is taken where it first fits and never given back (atomic groups), which is right for patterns
that have no alternatives left after `{a,b}` is expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MAX_ALTERNATIVES: Final = 256  # patterns out of one; {a,b} ten times would be 1,024
MAX_LENGTH: Final = 4_096  # characters; the longest path that Linux knows
_BRACES: Final = re.compile(r"(?<!\\)\{([^{}]*,[^{}]*)\}")
_PLACEHOLDER: Final = re.compile(r"<(\w+)>")
_WILD: Final = frozenset("*?[<")


class GlobError(ValueError):
    """A pattern that cannot be used; the text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Globs:
    """Several patterns of which one has to match. Equal and hashable by its patterns."""

    patterns: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def match(self, path: str) -> bool:
        """False without patterns. *path* is relative to the root, with `/`."""
        return bool(self.patterns) and _compiled(self.patterns).fullmatch(path) is not None


NO_GLOBS: Final = Globs()


def of(patterns: Iterable[str]) -> Globs:
    """Raises GlobError for the first pattern that cannot be used."""
    found = Globs(tuple(patterns))
    _compiled(found.patterns)
    return found


@lru_cache(maxsize=512)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(source for pattern in patterns for source in _sources(pattern)))


def placeholders(pattern: str, names: Iterable[str]) -> re.Pattern[str]:
    """A pattern in which `<name>` takes a part of one folder or file name, as a group of that name.

    Beside a placeholder only plain text may stand in the same folder name: `<app>-<environment>`. Raises GlobError for
    one that is not among *names*, stands twice, or in a pattern with `{a,b}`.
    """
    known = tuple(names)
    used = _PLACEHOLDER.findall(pattern)
    for name in used:
        if name not in known:
            raise GlobError(f"`{pattern}` has the placeholder <{name}>; known are {', '.join(f'<{n}>' for n in known)}")
        if used.count(name) > 1:
            raise GlobError(f"`{pattern}` has the placeholder <{name}> twice")
    sources = list(_sources(pattern))
    if used and len(sources) > 1:
        raise GlobError(f"`{pattern}` has both a placeholder and {{a,b}}; write one pattern for each")
    return re.compile("|".join(sources))


def _sources(pattern: str) -> Iterator[str]:
    if len(pattern) > MAX_LENGTH:
        raise GlobError(f"a pattern of {len(pattern)} characters is longer than any path")
    for plain in _expand(pattern):
        yield _source(plain, pattern)


def _expand(pattern: str) -> list[str]:
    waiting, done = [pattern], []
    while waiting:
        current = waiting.pop()
        match = _BRACES.search(current)
        if match is None:
            done.append(current)
        else:
            before, after = current[: match.start()], current[match.end() :]
            waiting.extend(before + choice + after for choice in reversed(match[1].split(",")))
        if len(waiting) + len(done) > MAX_ALTERNATIVES:
            raise GlobError(f"`{pattern}` stands for more than {MAX_ALTERNATIVES} patterns")
    return done


def _source(plain: str, pattern: str) -> str:
    path = plain.removeprefix("./").removeprefix("/")
    if not path:
        raise GlobError(f"`{pattern}` matches nothing" if pattern else "an empty pattern matches nothing")
    parts = [part for part in path.split("/") if part != "."]
    if ".." in parts:
        raise GlobError(f"`{pattern}` leaves the repository")
    if parts[-1] == "":
        parts[-1] = "**"
    below = "" if parts[-1] == "**" or _WILD & set(parts[-1]) else "(?:/.*)?"
    return _runs([part for part in parts if part], pattern) + below


def _runs(parts: list[str], pattern: str) -> str:
    """The parts between two `**` as one run; all but the last are taken where they first fit."""
    runs: list[list[str]] = [[]]
    for number, part in enumerate(parts):
        if part != "**":
            runs[-1].append(_part(part, pattern))
        elif number == 0 or parts[number - 1] != "**":
            runs.append([])
    if len(runs) == 1:
        return "/".join(runs[0])
    first = "".join(f"{part}/" for part in runs[0])
    middle = "".join(f"(?>(?:[^/]*/)*?{'/'.join(run)}/)" for run in runs[1:-1])
    last = f"(?:[^/]*/)*{'/'.join(runs[-1])}" if runs[-1] else ".+"
    return first + middle + last


def _part(part: str, pattern: str) -> str:
    """One folder or file name. `*` never matches a `/`."""
    if "<" in part and _PLACEHOLDER.search(part):
        return _named(part, pattern)
    pieces = _tokens(part)
    if len(pieces) == 1:
        return pieces[0]
    middle = "".join(f"(?>[^/]*?{piece})" for piece in pieces[1:-1] if piece)
    return f"{pieces[0]}{middle}[^/]*{pieces[-1]}"


def _named(part: str, pattern: str) -> str:
    texts = _PLACEHOLDER.split(part)
    if any(_WILD & set(text) for text in texts[::2]):
        raise GlobError(f"`{pattern}` has a wildcard and a placeholder in one folder name")
    names = [f"(?P<{name}>[^/]+)" for name in texts[1::2]]
    return "".join(re.escape(text) + name for text, name in zip(texts[::2], [*names, ""], strict=True))


def _tokens(part: str) -> list[str]:
    """The text between the `*` of one name, as regular expressions of fixed length."""
    pieces, position = [""], 0
    while position < len(part):
        character, step = part[position], 1
        if character == "*":
            pieces.append("")
        elif character == "?":
            pieces[-1] += "[^/]"
        elif character == "\\" and position + 1 < len(part):
            pieces[-1] += re.escape(part[position + 1])
            step = 2
        elif character == "[" and part.find("]", position + 2) > 0:
            step = part.find("]", position + 2) + 1 - position
            pieces[-1] += _class(part[position + 1 : position + step - 1])
        else:
            pieces[-1] += re.escape(character)
        position += step
    return pieces


def _class(inside: str) -> str:
    """`[a-z]` and `[!a-z]`. A range that runs backwards matches nothing, as in a shell."""
    negated = inside[0] in "!^" and len(inside) > 1
    text = inside[1:] if negated else inside
    allowed, position = "", 0
    while position < len(text):
        if text[position + 1 : position + 2] == "-" and position + 2 < len(text):
            first, last = text[position], text[position + 2]
            allowed += f"{re.escape(first)}-{re.escape(last)}" if first <= last else ""
            position += 3
        else:
            allowed += re.escape(text[position])
            position += 1
    if negated:
        return f"[^/{allowed}]"
    return f"(?!/)[{allowed}]" if allowed else "(?!)"
