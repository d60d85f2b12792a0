"""Which words name an environment, and how they stand in the name of a folder or file."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

_CANONICAL: Final = {
    "production": ("production", "prod", "prd", "prods"),
    "staging": ("staging", "stg", "stage"),
    "development": ("development", "develop", "dev"),
    "test": ("test", "testing", "tst"),
    "acceptance": ("acceptance", "uat", "acc"),
    "quality": ("quality", "qa"),
    "preproduction": ("preproduction", "preprod", "pre-prod", "pre-production"),
    "nonproduction": ("nonproduction", "nonprod", "non-prod", "non-production"),
    "integration": ("integration", "int", "sit"),
    "performance": ("performance", "perf"),
    "live": ("live",),
    "sandbox": ("sandbox",),
    "preview": ("preview",),
    "canary": ("canary",),
    "demo": ("demo",),
}
CANONICAL: Final = {word: name for name, words in _CANONICAL.items() for word in words}
# Nothing else is called so. `dev` is also a team, a tool or a dependency; `test` a folder of tests; `demo` an app.
SURE: Final = frozenset(
    {
        "production", "prod", "prd", "staging", "stg", "uat", "preprod", "pre-prod", "preproduction", "pre-production",
        "nonprod", "non-prod", "nonproduction", "non-production",
    }
)  # fmt: skip
PLAIN: Final = frozenset({"dev", "development", "stage", "qa"})
_WORDS: Final = "|".join(sorted(map(re.escape, CANONICAL), key=len, reverse=True))
_ANY: Final = re.compile(rf"(?:\b|_)(?:{_WORDS})|\bring")
_EXACT: Final = re.compile(rf"({_WORDS})[-_]?\d{{0,2}}")
_FIRST: Final = re.compile(rf"({_WORDS})\d{{0,2}}[-_.](.+)")
_LAST: Final = re.compile(rf"(.+?)[-_.](({_WORDS})\d{{0,2}})")
_MIDDLE: Final = re.compile(rf"(.+?)[-_.](({_WORDS})\d{{0,2}})[-_.](.+)")
_RING: Final = re.compile(r"ring[-_]?\d{1,3}|ring[-_][a-z]+")
# `letsencrypt-staging` and `letsencrypt-production` are two servers of Let's Encrypt, used side by side in one cluster.
_NO_ENVIRONMENT: Final = re.compile(r"letsencrypt|lets-encrypt|acme|issuer")


class Word(NamedTuple):
    """An environment in a name. *text* as it is written, *word* as this table knows it, *rest* what stands beside it.

    *where* is `exact`, `last` (`web-prod`), `first` (`prod-eu`), `middle` (`eu-prod-1`) or `ring`.
    """

    text: str
    word: str
    rest: str
    where: str

    @property
    def is_sure(self) -> bool:
        return self.word in SURE or self.where == "ring"

    @property
    def is_plain(self) -> bool:
        return self.word in PLAIN


@lru_cache(maxsize=4096)
def find(name: str) -> Word | None:
    """The environment in a folder or file name (without its ending), at its start, end or between separators."""
    lower = name.lower()
    if not _ANY.search(lower) or _NO_ENVIRONMENT.search(lower):
        return None
    if _RING.fullmatch(lower):
        return Word(name, lower, "", "ring")
    if match := _EXACT.fullmatch(lower):
        return Word(name, match[1], "", "exact")
    if match := _LAST.fullmatch(lower):
        return Word(name[match.start(2) : match.end(2)], match[3], name[: match.end(1)], "last")
    if match := _FIRST.fullmatch(lower):
        return Word(name[: match.start(2) - 1], match[1], name[match.start(2) :], "first")
    if match := _MIDDLE.fullmatch(lower):
        rest = f"{name[: match.end(1)]}-{name[match.start(4) :]}"
        return Word(name[match.start(2) : match.end(2)], match[3], rest, "middle")
    return None


def canonical(name: str) -> str:
    """One name for all spellings: `prod`, `prd` and `prod-eu` are `production`. Another name stays as it is."""
    if not name:
        return ""
    found = find(name)
    return CANONICAL.get(found.word, name) if found is not None else name
