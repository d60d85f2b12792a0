"""Answers that several rules ask of the same Tree, one after the other: worked out once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from gitops_guard.model.resource import Tree

_Answer = TypeVar("_Answer")


def per_tree(ask: Callable[[Tree], _Answer]) -> Callable[[Tree], _Answer]:
    """Keeps the answer for the Tree that was asked about last; nobody may change it."""
    last: list[tuple[Tree, _Answer]] = []

    @wraps(ask)
    def answer(tree: Tree) -> _Answer:
        if not last or last[0][0] is not tree:
            last[:] = [(tree, ask(tree))]
        return last[0][1]

    return answer
