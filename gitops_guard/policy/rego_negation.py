"""`not` as OPA has it: what it negates is worked out first.

`not startswith(input.image, "a")` is undefined where `input.image` is, since OPA evaluates the operands of a call, of a
comparison and of an index before the negation; `not input.image` and `not input.image == "a"` are true. Regorus makes
all of them true. So operands are taken out, on the same line: `x = input.image; not startswith(x, "a")`. What OPA takes
out was tried, and is compared in a test (OPA 1.22, `rewriteDynamics` in ast/compile.go).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from gitops_guard.policy import rego_tree

Node = Mapping[str, Any]
_NAME: Final = "gitops_guard_operand"
_REFERENCES: Final = ("RefDot", "RefBrack")
_PLAIN: Final = ("Var", "String", "RawString", "Number", "Bool", "Null")
_COMPREHENSIONS: Final = ("ArrayCompr", "SetCompr", "ObjectCompr")
_QUOTES: Final = (b'"', b"`")
_OPEN, _CLOSE = b"([{", b")]}"


class _Span(NamedTuple):
    start: int
    end: int


class _Edit(NamedTuple):
    start: int
    end: int
    new: bytes


def hoisted(tree: Node, text: bytes) -> bytes:
    """*text*, of which *tree* is the syntax tree, with the operands of negated expressions taken out."""
    rules = frozenset(head.path[0] for head in rego_tree.heads(tree) if head.path)
    edits: list[_Edit] = []
    done = 0
    for number, statement in enumerate(_negated(tree["rules"])):
        span = _statement(statement, text)
        if span.start >= done and (found := list(_edits(statement, span, text, number, rules))):
            edits += found
            done = span.end
    pieces: list[bytes] = []
    at = 0
    for edit in sorted(edits):
        pieces += (text[at : edit.start], edit.new)
        at = edit.end
    return b"".join((*pieces, text[at:]))


def _negated(node: Any) -> Iterator[Node]:
    """The statements that are a `not`, in the order of the text."""
    if isinstance(node, list):
        for item in node:
            yield from _negated(item)
    elif isinstance(node, dict):
        literal = node.get("literal")
        if isinstance(literal, dict) and "NotExpr" in literal:
            yield node
        for value in node.values():
            yield from _negated(value)


def _statement(node: Node, text: bytes) -> _Span:
    end = max(span["end"] for span in _spans(node))
    return _Span(node["literal"]["NotExpr"]["span"]["start"], end + (text[end : end + 1] in _QUOTES))


def _spans(node: Any) -> Iterator[Node]:
    if isinstance(node, list):
        for item in node:
            yield from _spans(item)
    elif isinstance(node, dict):
        if "start" in node and "end" in node:
            yield node
        for value in node.values():
            yield from _spans(value)


def _edits(statement: Node, span: _Span, text: bytes, number: int, rules: frozenset[str]) -> Iterator[_Edit]:
    operands = [_span(node) for node in _operands(statement["literal"]["NotExpr"]["expr"], rules)]
    if not operands or not all(_is_whole(text[one.start : one.end]) for one in operands):
        return
    mods = statement.get("with_mods") or ()
    behind = b""
    if mods:
        behind = b" " + text[mods[0]["span"]["start"] : span.end]
    names = [f"{_NAME}_{number}_{at}".encode() for at in range(len(operands))]
    before = b"".join(
        b"%s = %s%s; " % (name, text[one.start : one.end], behind) for name, one in zip(names, operands, strict=True)
    )
    alone = text[: span.start].rstrip().endswith(b"if")  # `deny if not …`: the body has no braces yet
    yield _Edit(span.start, span.start, (b"{ " if alone else b"") + before)
    yield from (_Edit(one.start, one.end, name) for name, one in zip(names, operands, strict=True))
    if alone:
        yield _Edit(span.end, span.end, b" }")


def _operands(expression: Node, rules: frozenset[str]) -> Iterator[Node]:
    """What OPA evaluates before the negation."""
    ((kind, inner),) = expression.items()
    match kind:
        case "Call":
            yield from (one for one in inner["params"] if _is_evaluated(one, rules))
        case "BoolExpr" if inner["op"] == "Eq":
            yield from (
                one
                for one in (inner["lhs"], inner["rhs"])
                if _is_evaluated(one, rules) and not _is_constant(one, rules)
            )
        case "BoolExpr" | "ArithExpr" | "BinExpr":
            yield from (one for one in (inner["lhs"], inner["rhs"]) if _is_evaluated(one, rules))
        case "Membership":
            parts = (inner.get("key"), inner["value"], inner["collection"])
            yield from (one for one in parts if one is not None and _is_evaluated(one, rules))
        case "RefDot" | "RefBrack":
            yield from _indices(expression, rules)


def _is_evaluated(node: Node, rules: frozenset[str]) -> bool:
    """Whether there is anything to work out: not for variables, constants, and what holds only those.

    *rules* are the names that are no variables.
    """
    ((kind, inner),) = node.items()
    if kind == "Var" and inner["value"] in rules:
        return True
    if kind in _PLAIN or kind in _COMPREHENSIONS:
        return False
    if kind in ("Array", "Set"):
        return any(_is_evaluated(one, rules) for one in inner["items"])
    if kind == "Object":
        return any(_is_evaluated(part, rules) for _, *pair in inner["fields"] for part in pair)
    return True


def _is_constant(node: Node, rules: frozenset[str]) -> bool:
    """Whether a node is a reference without an index that has to be worked out."""
    return next(iter(node)) in (*_REFERENCES, "Var") and not any(_indices(node, rules))


def _indices(node: Node, rules: frozenset[str]) -> Iterator[Node]:
    ((kind, inner),) = node.items()
    while kind in _REFERENCES:
        if kind == "RefBrack" and _is_evaluated(inner["index"], rules):
            yield inner["index"]
        ((kind, inner),) = inner["refr"].items()


def _span(node: Node) -> _Span:
    ((_, inner),) = node.items()
    found = list(_spans(inner))
    return _Span(min(span["start"] for span in found), max(span["end"] for span in found))


def _is_whole(text: bytes) -> bool:
    """Whether brackets and quotes of a piece are closed in it; where they are not, the tree did not tell all of it."""
    depth = 0
    for byte in text:
        depth += (byte in _OPEN) - (byte in _CLOSE)
        if depth < 0:
            return False
    return depth == 0 and text.count(b'"') % 2 == 0 and text.count(b"`") % 2 == 0
