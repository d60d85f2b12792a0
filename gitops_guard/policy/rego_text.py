"""Rego as text: its tokens, and rewriting what the embedded engine cannot parse, without moving a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(
    r"(?P<space>[ \t\r\n]+)|(?P<comment>#[^\n]*)|(?P<text>\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`)"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<number>\d[\w.]*)|(?P<sign>:=|==|!=|<=|>=|.)",
    re.DOTALL,
)
# What stands between two operands; at the beginning of a line the embedded engine takes it for a new statement.
_INFIX: Final = frozenset({"==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "|", "&", ":=", "="})
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_NO_OPERAND: Final = frozenset({"if", "contains", "else", "not", "some", "every", "in", "with", "as", "default"})


class Token(NamedTuple):
    """*start* and *end* are offsets in the text; *first*: it is the first of its line."""

    kind: str
    text: str
    start: int
    end: int
    first: bool


def tokens(text: str) -> Iterator[Token]:
    """Without blanks and comments."""
    first = True
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind == "space":
            first = first or "\n" in match[0]
        elif kind != "comment":
            yield Token(kind, match[0], match.start(), match.end(), first)
            first = False


def mended(text: str) -> str:
    """*text* in a form that the embedded engine (regorus 0.13) parses; each line stays where it is.

    It knows no second body of a rule that makes a set (`deny[msg] { … } { … }`), and no line that begins with an infix
    operator.
    """
    found = list(tokens(text))
    changes = sorted([*_operators(found), *_bodies(found)])
    if not changes:
        return text
    pieces: list[str] = []
    done = 0
    for start, end, new in changes:
        pieces += (text[done:start], new)
        done = end
    return "".join((*pieces, text[done:]))


def _operators(found: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """An operator moves to the end of what stands before it."""
    for before, token in pairwise(found):
        if token.first and token.text in _INFIX and _is_operand(before):
            yield before.end, before.end, f" {token.text}"
            yield token.start, token.end, " " * len(token.text)


def _is_operand(token: Token) -> bool:
    if token.kind == "sign":
        return token.text in _CLOSE
    return token.text not in _NO_OPERAND


def _bodies(found: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """A second body of a rule gets the head of the first."""
    depth = begin = 0
    head: list[Token] | None = None
    for number, token in enumerate(found):
        if depth == 0 and token.first and token.kind == "name":
            begin, head = number, None
        if token.text in _OPEN and token.kind == "sign":
            if depth == 0 and token.text == "{" and number and found[number - 1].text == "}" and head:
                yield token.start, token.start, f"{_joined(head)} "
            elif depth == 0 and token.text == "{" and head is None:
                head = list(found[begin:number])
            depth += 1
        elif token.text in _CLOSE and token.kind == "sign":
            depth -= 1
        elif depth == 0 and token.text == "else":
            head = []  # what follows belongs to the chain of this rule


def _joined(head: Sequence[Token]) -> str:
    pieces = [head[0].text]
    for before, token in pairwise(head):
        pieces.append(" " * (token.start > before.end) + token.text)
    return "".join(pieces)


def with_folder(text: str, folder: str, functions: frozenset[str]) -> str:
    """*functions* called with the folder of the module in front of their own arguments."""
    if not any(name in text for name in functions):
        return text
    pieces: list[str] = []
    done = 0
    for name, bracket in pairwise(tokens(text)):
        if name.kind == "name" and name.text in functions and bracket.text == "(":
            pieces += (text[done : bracket.end], f"{_quoted(folder)}, ")
            done = bracket.end
    return "".join((*pieces, text[done:]))


def _quoted(text: str) -> str:
    import json

    return json.dumps(text)
