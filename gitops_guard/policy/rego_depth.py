"""Modules that the parser of the embedded engine does not survive: they are told before it is asked.

It tries each bracket as a comprehension first, so that every level of literals takes twice the time of the one around
it, and it calls itself for each operator of a chain: `1 + 1 + …` of 10,000 ends the process.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gitops_guard.policy.rego_text import INFIX, Token, tokens

_CHARACTERS: Final = 1 << 20  # regorus has this limit as well
COLUMNS: Final = 60_000  # a certificate in one line; regorus panics where it tells of a column beyond 65,535
_VISITS: Final = 1 << 20  # of tokens by the parser: about 15 s
_LEVELS: Final = 200  # of brackets, and of operators in one expression
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_ENDS: Final = frozenset(",;")
_CHAINED: Final = (INFIX - {":=", "="}) | {".", "[", "in", "else"}


def too_much(text: str) -> tuple[int, str] | None:
    """The line, and why it is not parsed."""
    if len(text) > _CHARACTERS:
        return 1, f"the module has more than {_CHARACTERS >> 20} MiB"
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line.encode("utf-8", "surrogatepass")) > COLUMNS:
            return number, f"the line has more than {COLUMNS:,} characters"
    visits = 0
    for token, literals, levels in _measured(text):
        visits += 1 << min(literals, 40)
        if levels > _LEVELS or visits > _VISITS:
            said = "the module is nested too deeply for the embedded engine; `--policy-engine opa` may read it"
            return text.count("\n", 0, token.start) + 1, said
    return None


def _measured(text: str) -> Iterator[tuple[Token, int, int]]:
    """Each token with the brackets around it that may be literals, and with all levels of the expression it is in."""
    opened: list[str] = []
    chains = [0]
    before = ";"
    for token in tokens(text):
        if token.first and before not in _CHAINED and before not in _OPEN and token.text not in _CHAINED:
            chains[-1] = 0
        if token.text in _CHAINED and token.kind != "text":
            chains[-1] += 1
        elif token.text in _ENDS:
            chains[-1] = 0
        if token.kind == "sign" and token.text in _OPEN:
            opened.append(token.text)
            chains.append(0)
        elif token.kind == "sign" and token.text in _CLOSE and opened:
            opened.pop()
            chains.pop()
        before = token.text
        yield token, len(opened) - opened.count("("), sum(chains) + len(opened)
