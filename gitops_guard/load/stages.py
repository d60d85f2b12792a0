"""The order in which a change goes through environments: development, test, staging, production; ring 0, ring 1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from gitops_guard.load import environments

DEFAULT_ORDER: Final[tuple[str | tuple[str, ...], ...]] = (
    ("development", "nonproduction"),
    ("test", "integration", "quality"),
    ("staging", "acceptance", "preproduction", "performance"),
    ("production", "live"),
)
_RINGS: Final = "rings"
_FIRST_RINGS: Final = frozenset({"canary", "early", "insiders"})


class Stage(NamedTuple):
    """*track* tells rings from named environments: they are never before or after each other."""

    track: str
    rank: int


class Order:
    """*stages* are names of environments in any spelling; several in one stage stand side by side."""

    def __init__(self, stages: Iterable[str | Sequence[str]] = DEFAULT_ORDER) -> None:
        self._ranks: dict[str, int] = {}
        self.last = 0
        for rank, names in enumerate(stages):
            self.last = rank
            for name in [names] if isinstance(names, str) else names:
                self._ranks.setdefault(name.lower(), rank)
                self._ranks.setdefault(environments.canonical(name), rank)

    def stage(self, environment: str) -> Stage | None:
        """None for an environment that has no place in the order."""
        rank = self._ranks.get(environment.lower(), self._ranks.get(environments.canonical(environment)))
        return Stage("", rank) if rank is not None else _ring(environment)

    def is_last(self, stage: Stage) -> bool:
        """Whether nothing comes after it; of rings, each but the first is the next one's test and is asked too."""
        return stage.track == _RINGS or stage.rank == self.last


def _ring(environment: str) -> Stage | None:
    word = environments.find(environment)
    if word is None or word.where != "ring":
        return None
    name = word.word.removeprefix("ring").lstrip("-")
    if name in _FIRST_RINGS:
        return Stage(_RINGS, -1)
    return Stage(_RINGS, int(name)) if name.isascii() and name.isdigit() and len(name) < 10 else None
