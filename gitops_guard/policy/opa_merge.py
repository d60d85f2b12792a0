"""Modules of one package as one module: OPA takes modules one by one, and refuses one that needs a later one.

Files of a package use each other's rules without a word, also in a circle.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from gitops_guard.model.resource import Location
from gitops_guard.policy.opa_modules import package
from gitops_guard.policy.program import Dialect, Module
from gitops_guard.policy.rego_text import Token, tokens

_V1: Final = ("rego", ".", "v1")


def merged(modules: Sequence[Module]) -> list[Module]:
    """Fewer modules, or the same where there is nothing to merge. Faults are placed in the files as they are."""
    alike: dict[tuple[tuple[str, ...], Dialect], list[Module]] = {}
    for module in modules:
        alike.setdefault((package(module.text), module.dialect), []).append(module)
    return [one for group in alike.values() for one in ([_one(group)] if _may_be_one(group) else group)]


class _Import(NamedTuple):
    name: str
    path: tuple[str, ...]
    start: int
    end: int


def _may_be_one(group: Sequence[Module]) -> bool:
    """Not where a name means one thing in a file, and another in the next."""
    paths: dict[str, set[tuple[str, ...]]] = {}
    for module in group:
        for one in _imports(module.text):
            paths.setdefault(one.name, set()).add(one.path)
    return len(group) > 1 and all(len(found) == 1 for found in paths.values())


def _one(group: Sequence[Module]) -> Module:
    seen: set[tuple[str, ...]] = set()
    texts = [_part(module.text, seen, first=module is group[0]) for module in group]
    starts = [0, *accumulate(text.count("\n") for text in texts)]

    def place(line: int, column: int) -> Location:
        number = min(bisect_right(starts, line - 1), len(group)) - 1
        return group[number].at(line - starts[number], column)

    return Module(" + ".join(module.path for module in group), "".join(texts), group[0].dialect, place)


def _part(text: str, seen: set[tuple[str, ...]], *, first: bool) -> str:
    """With the same lines, without what may stand once: the package, what is said of it, and imports in *seen*."""
    blank = []
    if not first:
        clause = next(_statements(text, "package"))
        blank.append((clause[0].start, clause[-1].end))
        seen.add(_V1)  # further up it is said already, and here it would be too late
        text = text[: clause[0].start].replace("METADATA", "metadata") + text[clause[0].start :]
    for one in _imports(text):
        if one.path in seen:
            blank.append((one.start, one.end))
        seen.add(one.path)
    for start, end in blank:
        text = text[:start] + " " * (end - start) + text[end:]
    return text.rstrip("\n") + "\n"


def _imports(text: str) -> Iterator[_Import]:
    for statement in _statements(text, "import"):
        words = [token.text for token in statement[1:]]
        yield _Import(words[-1], tuple(words), statement[0].start, statement[-1].end)


def _statements(text: str, keyword: str) -> Iterator[list[Token]]:
    """Each ends with its line."""
    found: list[Token] = []
    for token in tokens(text):
        if token.first and found:
            yield found
            found = []
        if found or (token.first and token.text == keyword):
            found.append(token)
    if found:
        yield found
