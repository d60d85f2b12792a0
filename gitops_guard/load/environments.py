"""Which words name an environment, and how they stand in the name of a folder or file."""

from __future__ import annotations

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
# `letsencrypt-staging` and `letsencrypt-production` are two servers of Let's Encrypt, used side by side in one cluster.
_NO_ENVIRONMENT: Final = ("letsencrypt", "lets-encrypt", "acme", "issuer")
_DIGITS: Final = "0123456789"


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
    """The environment in a folder or file name (without its ending), whole or between `-`, `_` and `.`."""
    lower = name.lower()
    if any(word in lower for word in _NO_ENVIRONMENT):
        return None
    parts = lower.replace("_", "-").replace(".", "-").split("-")
    if _is_ring(parts):
        return Word(name, lower, "", "ring")
    spans = [span for span in (_word_at(parts, number) for number in range(len(parts))) if span is not None]
    if not spans:
        return None
    found = next((span for span in spans if span[1] == len(parts)), spans[0])
    return _word(name, parts, *found)


def _is_ring(parts: list[str]) -> bool:
    """`ring0`, `ring-1`, `ring-canary`."""
    number = parts[0].removeprefix("ring")
    if not parts[0].startswith("ring") or len(parts) > 2:
        return False
    return number.isdigit() if len(parts) == 1 else not number and parts[1].isalnum()


def _word_at(parts: list[str], start: int) -> tuple[int, int, str] | None:
    """(first part, part behind the last, word): `prod`, `prod2`, `prod-2`, `pre-prod`."""
    for length in (2, 1):
        text = "-".join(parts[start : start + length])
        stem = text.rstrip(_DIGITS)
        if stem in CANONICAL and len(text) - len(stem) <= 2:
            return start, min(start + length, len(parts)), stem
        if length == 2 and stem.endswith("-") and stem[:-1] in CANONICAL and start == 0 and len(parts) == 2:
            return start, start + length, stem[:-1]
    return None


def _word(name: str, parts: list[str], start: int, end: int, word: str) -> Word:
    first = sum(len(part) + 1 for part in parts[:start])
    last = first + len("-".join(parts[start:end]))
    before, after = name[: max(first - 1, 0)], name[last + 1 :]
    is_last = end == len(parts)
    where = (("middle", "last"), ("first", "exact"))[start == 0][is_last]
    return Word(name[first:last], word, "-".join(filter(None, (before, after))), where)


def canonical(name: str) -> str:
    """One name for all spellings: `prod`, `prd` and `prod-eu` are `production`. Another name stays as it is."""
    if not name:
        return ""
    found = find(name)
    return CANONICAL.get(found.word, name) if found is not None else name


def without(path: str, environment: str) -> str:
    """A path without what tells its environment: equal for the twins of one thing.

    `apps/web/overlays/production` gives `apps/web/overlays`, `apps/production/web` and `apps/web-prod` give `apps/web`.
    """
    kept = []
    for part in path.split("/"):
        word = find(part) if environment in part else None
        if part == environment or (word is not None and word.where == "ring"):
            continue
        kept.append(part if word is None or canonical(word.text) != canonical(environment) else word.rest)
    return "/".join(filter(None, kept))


def bare(name: str) -> str:
    """A name without the environment in it: `shop` for `shop-prod`, `staging-shop` and `shop`."""
    found = find(name)
    return name if found is None or found.where == "ring" else found.rest
