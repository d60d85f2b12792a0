"""The known formats of tokens: `schemas/token-formats.json`, from gitleaks."""

from __future__ import annotations

from functools import lru_cache
from re import escape
from typing import Any, Final

from gitops_guard.load import bundled
from gitops_guard.load.linear import Linear
from gitops_guard.model import private_key
from gitops_guard.model.token import TokenFormat

_LETTERS: Final = "[A-Za-z0-9_.+/=~@-]"
# So many letters at least follow the first ones: less for these, of which the shortest are short.
_FOLLOW: Final = 14
_FEW_FOLLOW: Final = 6
_SHORT: Final = ("slack-", "stripe-")


@lru_cache(maxsize=1)
def formats() -> tuple[TokenFormat, ...]:
    return tuple(
        TokenFormat(
            id=entry["id"],
            needs=tuple(need.encode() for need in entry["needs"]),
            at=tuple(entry["at"]),
            entropy=entry["entropy"],
            regex=entry["regex"].encode(),
        )
        for entry in _read()["formats"]
    )


@lru_cache(maxsize=1)
def published() -> frozenset[str]:
    """The first 16 hex digits of SHA-256 of tokens that stand in the documentation of their owners."""
    return frozenset(_read()["published"])


@lru_cache(maxsize=1)
def may_hold(data: bytes) -> bool:
    """Whether a file can hold a token or a private key. Two rules ask this of every file, one after the other."""
    return _words().found_in(data.decode("latin-1"))


@lru_cache(maxsize=1)
def _words() -> Linear:
    first = [known for known in formats() if known.at == (0,)]
    short = [need for known in first if known.id.startswith(_SHORT) for need in known.needs]
    usual = [need for known in first if not known.id.startswith(_SHORT) for need in known.needs]
    elsewhere = [need for known in formats() if known.at != (0,) for need in known.needs]
    begin = f"(?:{_any(usual)}){_LETTERS}{{{_FOLLOW}}}|(?:{_any(short)}){_LETTERS}{{{_FEW_FOLLOW}}}"
    return Linear(f"{begin}|{_any(elsewhere)}|{_any(private_key.SIGNS)}", longest=10_000)


def _any(words: list[bytes] | tuple[bytes, ...]) -> str:
    return "|".join(sorted({escape(word.decode()) for word in words}))


@lru_cache(maxsize=1)
def _read() -> Any:
    import json

    return json.loads((bundled.folder("schemas") / "token-formats.json").read_bytes())
