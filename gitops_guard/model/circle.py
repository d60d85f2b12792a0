"""Circles in who needs whom."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def circles(needs: Mapping[Node, Sequence[Node]]) -> Iterator[list[Node]]:
    """One shortest circle through the first node of each knot, in the order of *needs*: the last needs the first.

    A knot is a set of nodes that all reach each other; one that needs itself is a circle of one. Linear in the size
    of *needs*, and without recursion, so that a chain may be as long as it likes.
    """
    order = {node: number for number, node in enumerate(needs)}
    knots = [sorted(knot, key=order.__getitem__) for knot in _knots(needs)]
    for knot in sorted(knots, key=lambda nodes: order[nodes[0]]):
        if len(knot) > 1 or knot[0] in needs[knot[0]]:
            yield _shortest(knot[0], frozenset(knot), needs)


def _knots(needs: Mapping[Node, Sequence[Node]]) -> Iterator[list[Node]]:
    """Strongly connected components (Tarjan)."""
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    stack: list[Node] = []
    height: dict[Node, int] = {}  # where each node of the stack stands on it
    for root in needs:
        if root in index:
            continue
        work: list[tuple[Node, Iterator[Node]]] = [(root, iter(needs[root]))]
        index[root] = low[root] = len(index)
        height[root] = 0
        stack.append(root)
        while work:
            node, following = work[-1]
            after = next(following, None)
            if after is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    knot = stack[height[node] :]
                    del stack[height[node] :]
                    for done in knot:
                        del height[done]
                    yield knot
            elif after not in needs:
                continue
            elif after not in index:
                index[after] = low[after] = len(index)
                height[after] = len(stack)
                stack.append(after)
                work.append((after, iter(needs[after])))
            elif after in height:
                low[node] = min(low[node], index[after])


def _shortest(start: Node, knot: frozenset[Node], needs: Mapping[Node, Sequence[Node]]) -> list[Node]:
    came: dict[Node, Node | None] = {start: None}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        for after in needs[node]:
            if after == start:
                return _way(node, came)
            if after in knot and after not in came:
                came[after] = node
                waiting.append(after)
    return [start]


def _way(end: Node, came: Mapping[Node, Node | None]) -> list[Node]:
    found: list[Node] = []
    node: Node | None = end
    while node is not None:
        found.append(node)
        node = came[node]
    return found[::-1]
