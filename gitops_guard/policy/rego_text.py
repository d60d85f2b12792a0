"""Rego as text: its tokens, and rewriting what the embedded engine cannot parse, without moving a line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

_TOKEN: Final = re.compile(
    r"(?P<space>[ \t\r\n]+)|(?P<comment>#[^\n]*)|(?P<text>\"(?:[^\"\\\n]|\\.)*+\"?|`[^`]*+`?)"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<number>\d[\w.]*)|(?P<sign>:=|==|!=|<=|>=|.)",
    re.DOTALL,
)
# What stands between two operands; at the beginning of a line the embedded engine takes it for a new statement.
INFIX: Final = frozenset({"==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "|", "&", ":=", "="})
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

    It knows no function without a body (`f(1)`), no second body of a rule that makes a set (`deny[msg] { … } { … }`),
    no line that begins with an infix operator, no `re_match`, and takes a bracket at the beginning of a line for the
    arguments of what stands before.
    """
    found = list(tokens(text))
    changes = sorted([*_operators(found), *_bodies(found), *_brackets(found), *_old_names(found), *_facts(found)])
    return changed(text, changes)


def _operators(found: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """An operator moves to the end of what stands before it."""
    for before, token in pairwise(found):
        if token.first and token.text in INFIX and _is_operand(before):
            yield before.end, before.end, f" {token.text}"
            yield token.start, token.end, " " * len(token.text)


def _is_operand(token: Token) -> bool:
    if token.kind == "sign":
        return token.text in _CLOSE
    return token.text not in _NO_OPERAND


def _old_names(found: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """`re_match`, which v0 has beside `regex.match`."""
    for token, bracket in pairwise(found):
        if token.text == "re_match" and bracket.text == "(":
            yield token.start, token.end, "regex.match"


def _facts(found: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """`f(1)`, a function that is true of what is given, with its value."""
    depth = 0
    for number, token in enumerate(found):
        if depth == 0 and token.first and token.kind == "name":
            end = _alone(found, number)
            if end is not None:
                yield found[end].end, found[end].end, " := true"
        if token.kind == "sign":
            depth += (token.text in _OPEN) - (token.text in _CLOSE)


def _alone(found: Sequence[Token], number: int) -> int | None:
    """The number of the bracket that closes `a.b(…)` where nothing follows but another rule."""
    at = number + 1
    while at + 1 < len(found) and found[at].text == "." and found[at + 1].kind == "name":
        at += 2
    if at >= len(found) or found[at].text != "(":
        return None
    end, _ = closed(found, at)
    if end is None or end + 1 == len(found):
        return end
    following = found[end + 1]
    rule = following.kind == "name" and (following.text == "default" or following.text not in _NO_OPERAND)
    return end if following.first and rule else None


def _brackets(found: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """A statement of a body that begins with a bracket is told from the one before it."""
    opened: list[str] = []
    for before, token in pairwise(found):
        if before.kind == "sign" and before.text in _OPEN:
            opened.append(before.text)
        elif before.kind == "sign" and before.text in _CLOSE and opened:
            opened.pop()
        if token.text == "(" and token.first and opened and opened[-1] == "{" and _is_operand(before):
            yield before.end, before.end, ";"


def _bodies(found: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """A second body of a rule gets the head of the first."""
    depth = begin = 0
    head: list[Token] | None = None
    for number, token in enumerate(found):
        if depth == 0 and token.first and token.kind == "name":
            begin, head = number, None
        if token.text in _OPEN and token.kind == "sign":
            if depth == 0 and token.text == "{" and number and found[number - 1].text == "}" and head:
                yield token.start, token.start, f"{joined(head)} "
            elif depth == 0 and token.text == "{" and head is None:
                head = list(found[begin:number])
            depth += 1
        elif token.text in _CLOSE and token.kind == "sign":
            depth -= 1
        elif depth == 0 and token.text == "else":
            head = []  # what follows belongs to the chain of this rule


def closed(found: Sequence[Token], begin: int) -> tuple[int | None, list[int]]:
    """The number of the token that closes the bracket at *begin*, and those of the commas that are in it alone."""
    depth = 0
    commas: list[int] = []
    for number in range(begin, len(found)):
        token = found[number]
        if token.kind != "sign":
            continue
        depth += (token.text in _OPEN) - (token.text in _CLOSE)
        if depth == 1 and token.text == ",":
            commas.append(number)
        if depth == 0:
            return number, commas
    return None, commas


def joined(found: Sequence[Token]) -> str:
    """In one line, with blanks only where there were some."""
    pieces = [found[0].text]
    for before, token in pairwise(found):
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
            pieces += (text[done : bracket.end], f"{json.dumps(folder)}, ")
            done = bracket.end
    return "".join((*pieces, text[done:]))


def with_metadata(text: str, metadata: Callable[[int], Mapping[str, Any]]) -> str:
    """`rego.metadata.rule()` as what it gives; *metadata* tells what is said of the rule that begins in a line."""
    if "rego.metadata.rule" not in text:
        return text
    found = list(tokens(text))
    pieces: list[str] = []
    done = depth = line = 0
    for number, token in enumerate(found):
        if depth == 0 and token.first and token.kind == "name":
            line = text.count("\n", 0, token.start) + 1
        depth += (token.text in _OPEN) - (token.text in _CLOSE) if token.kind == "sign" else 0
        if [one.text for one in found[number : number + 7]] == ["rego", ".", "metadata", ".", "rule", "(", ")"]:
            pieces += (text[done : token.start], json.dumps(metadata(line)))
            done = found[number + 6].end
    return "".join((*pieces, text[done:]))


def with_full_names(text: str) -> str:
    """`import data.lib.x` and then `x.f` as `data.lib.x.f`: for `x` alone the engine evaluates all that is in it."""
    if "import data." not in text:
        return text
    found = list(tokens(text))
    paths, imports = _imported(found)
    uses: dict[str, list[int]] = {name: [] for name in paths}
    for number, token in enumerate(found):
        if token.text not in paths or token.kind != "name" or number in imports or found[number - 1].text == ".":
            continue
        after = found[number + 1].text if number + 1 < len(found) else ""
        if after in (".", "["):
            uses[token.text].append(number)
        else:  # a name of its own, or the whole document
            paths[token.text] = ""
    changes = sorted(
        (found[number].start, found[number].end, paths[name])
        for name, numbers in uses.items()
        for number in numbers
        if paths[name]
    )
    return changed(text, changes)


def _imported(found: Sequence[Token]) -> tuple[dict[str, str], set[int]]:
    """The path of what is imported of `data`, by its name in the module, and the numbers of the tokens that say so."""
    paths: dict[str, str] = {}
    numbers: set[int] = set()
    for number, token in enumerate(found):
        if token.text != "import" or not token.first:
            continue
        end = next((at for at in range(number + 1, len(found)) if found[at].first), len(found))
        numbers.update(range(number, end))
        parts = [one.text for one in found[number + 1 : end]]
        alias = parts[-1]
        path = "".join(parts[:-2] if parts[-2:-1] == ["as"] else parts)
        if path.startswith("data.") and re.fullmatch(r"[\w.]+", path):
            paths[alias] = path
    return paths, numbers


def changed(text: str, changes: Sequence[tuple[int, int, str]]) -> str:
    """*text* with other words at some places: (start, end, new), in order."""
    pieces: list[str] = []
    done = 0
    for start, end, new in changes:
        pieces += (text[done:start], new)
        done = end
    return "".join((*pieces, text[done:]))


def with_import_of_v1(text: str) -> str:
    """A v1 module that says so, for a server that takes modules for v0; the lines stay where they are."""
    found = list(tokens(text))
    if any([one.text for one in found[at : at + 4]] == ["import", "rego", ".", "v1"] for at in range(len(found))):
        return text
    begin = next((at for at, token in enumerate(found) if token.text == "package" and token.first), None)
    if begin is None:
        return text
    end = next((at for at in range(begin + 1, len(found)) if found[at].first), len(found))
    return changed(text, [(found[end - 1].end, found[end - 1].end, " import rego.v1")])
