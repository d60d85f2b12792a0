"""Versions of images and charts: which of two is newer, where that can be told at all.

Told are versions by their numbers (semver, `v1.2`, `1.2.3.4`, calendar versions), ranges of them (`1.x`, `~1.2`, `^2`,
`1.2.*`), and texts that differ in their numbers only (dates, build numbers, `main-<commit>-<time>`). Two that are not
of one form are never compared: no order is better than a wrong one.

Sources: https://semver.org/#spec-item-11, https://github.com/Masterminds/semver#checking-version-constraints,
https://fluxcd.io/flux/guides/sortable-image-tags/
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

_LONGEST: Final = 128  # characters of an image tag
_NUMBERED: Final = re.compile(
    r"(?P<range>[\^~=]|~>)? {0,4}v?(?P<numbers>\d{1,9}(?:\.\d{1,9}){0,3})(?P<open>(?:\.[xX*]){1,3})?"
    r"(?:[-.](?P<suffix>[0-9A-Za-z][0-9A-Za-z.-]*))?(?:[+_][0-9A-Za-z.+_-]+)?"
)
_BEFORE_RELEASE: Final = re.compile(r"alpha|beta|rc|pre|preview|snapshot|dev|canary|nightly|next|[abm](?=\d)", re.I)
_ISO_DATE: Final = re.compile(r"v?(?:19|20)\d\d-[01]\d-[0-3]\d(?!\d)")
_COMPACT_DATE: Final = re.compile(r"(?:19|20)\d\d[01]\d[0-3]\d")
_DIGITS: Final = re.compile(r"\d+")
_PARTS: Final = re.compile(r"\d+|[A-Za-z]+")
_COMMIT: Final = re.compile(r"(?<![0-9a-zA-Z])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,40}(?![0-9a-zA-Z])")
_COMMIT_AND_TIME: Final = re.compile(r"(?P<branch>(?:[\w.]+-)*)[0-9a-f]{7,40}-(?P<time>\d{9,17})")
_NO_TAG: Final = re.compile(r"[^\w./-]")  # `>=1.0`, `1.0 || 2.0`: a constraint
_FIRST_YEAR: Final = 1970
_MANY: Final = 1000  # a lone number as large is that of a build, no major version
_TIMESTAMP: Final = 8  # digits; numbers as long are compared only with their like
_COMMIT_DIGITS: Final = (7, 40)  # so many digits may be a commit that has no letter

_Part = tuple[int, int, str]
_RELEASE: Final[tuple[_Part, ...]] = ((2, 0, ""),)  # after all that is before it: (0, number, "") and (1, 0, text)


class Version(NamedTuple):
    """*low* is the least that it may mean, *prefix* are the numbers with which all that it may mean begins.

    *form* says what it can be compared with, *suffix* what is left of it.
    """

    form: str
    low: tuple[int, ...]
    prefix: tuple[int, ...]
    stage: tuple[_Part, ...] = _RELEASE
    suffix: str = ""


@lru_cache(maxsize=4096)
def parse(text: str) -> Version | None:
    """None for what has no order: a digest, a commit, a branch, an open range such as `>=1.0`."""
    text = text.strip()
    if not text or len(text) > _LONGEST or not text.isascii():
        return None
    if not _ISO_DATE.match(text) and (match := _NUMBERED.fullmatch(text)):
        return _numbered(match)
    if match := _COMMIT_AND_TIME.fullmatch(text):
        time = int(match["time"])
        return Version(f"time {match['branch']}{len(match['time'])}", (time,), (time,))
    return None if _COMMIT.search(text) else _shaped(text)


def are_comparable(one: Version, other: Version) -> bool:
    return one.form == other.form


def is_newer(one: Version, other: Version) -> bool:
    """Whether *one* is newer than *other*, whatever both may mean; False where that cannot be told."""
    if not are_comparable(one, other):
        return False
    length = min(len(one.low), len(other.prefix))
    low, high = one.low[:length], other.prefix[:length]
    if low != high:
        return low > high
    are_exact = one.low == one.prefix == other.prefix == other.low
    return are_exact and one.suffix == other.suffix and one.stage > other.stage


def _numbered(match: re.Match[str]) -> Version:
    numbers = tuple(map(int, match["numbers"].split(".")))
    suffix = match["suffix"] or ""
    stage, rest = _RELEASE, suffix
    if _BEFORE_RELEASE.match(suffix):
        stage, rest = (*_parts(suffix), (-1, 0, "")), ""
    elif suffix and not match["open"]:
        rest = _DIGITS.sub("#", suffix)
        stage = (*_RELEASE, *_parts(suffix))
    prefix = _prefix(match["range"] or "", numbers, is_open=bool(match["open"]))
    return Version(_form(match["numbers"], numbers), numbers, prefix, stage, rest)


def _prefix(operator: str, numbers: tuple[int, ...], *, is_open: bool) -> tuple[int, ...]:
    """`~1.2.3` stays within 1.2, `^1.2.3` within 1, `^0.2.3` within 0.2."""
    if operator.startswith("~") and len(numbers) > 1:
        return numbers[:2]
    if operator == "^" and not is_open:
        first = next((at for at, number in enumerate(numbers) if number), 0)
        return numbers[: first + 1]
    return numbers


def _form(text: str, numbers: tuple[int, ...]) -> str:
    if len(numbers) > 1:
        return "calendar" if numbers[0] >= _FIRST_YEAR else "version"
    if _COMPACT_DATE.fullmatch(text):
        return "date"
    if numbers[0] < _MANY:
        return "version"
    return f"number {len(text)}" if len(text) >= _TIMESTAMP else "number"


def _parts(suffix: str) -> tuple[_Part, ...]:
    """`rc10` comes after `rc9`: letters and digits are told apart, also where semver asks for a dot."""
    found = _PARTS.findall(suffix)
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part.lower()) for part in found)


def _shaped(text: str) -> Version | None:
    """A text by the numbers in it, comparable with those that are equal in all else."""
    runs = _DIGITS.findall(text)
    if not runs or _NO_TAG.search(text) or any(len(run) in _COMMIT_DIGITS for run in runs):
        return None
    numbers = tuple(map(int, runs))
    form = _DIGITS.sub(lambda run: f"#{len(run[0])}" if len(run[0]) >= _TIMESTAMP else "#", text)
    return Version(form, numbers, numbers)
