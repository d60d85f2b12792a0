"""What OPA's compiler takes out of a statement, and evaluates before it: the embedded engine does not.

- `not startswith(input.name, "a")` is undefined, and not true, where there is no `input.name`: OPA makes
  `x = input.name; not startswith(x, "a")` of it, for all that is an operand of a call. `==` keeps its names, and not
  its calls.
- `[path, value] := walk(input)` goes through all pairs; for the embedded engine only `walk(input, x)` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from gitops_guard.policy import builtins_python
from gitops_guard.policy.rego_text import joined, tokens

Node = Mapping[str, Any]
_QUOTES: Final = (b'"', b"`")  # the span of a text has none
_REFERENCES: Final = ("RefDot", "RefBrack")
_OPERATIONS: Final = ("Call", "ArithExpr", "BinExpr", "BoolExpr", "Membership", "UnaryExpr")
_COLLECTIONS: Final = ("Array", "Set", "Object")
_QUERIES: Final = ("ArrayCompr", "SetCompr", "ObjectCompr")


class _Change(NamedTuple):
    start: int
    end: int
    new: bytes


class _Text:
    """The text with the offsets of the tree, and the names of its rules and imports."""

    def __init__(self, tree: Node, text: str) -> None:
        self.data = text.encode("utf-8", "surrogatepass")
        self.names = frozenset(_names(tree))
        self.walks = 0

    def begin(self, node: Node) -> int:
        start: int = node["start"]
        return start - (self.data[start - 1 : start] in _QUOTES)

    def end(self, node: Node) -> int:
        end: int = node["end"]
        return end + (self.data[end : end + 1] in _QUOTES)

    def line(self, start: int, end: int) -> bytes:
        """In one line, without comments. Empty where that cannot be: a raw text has its own lines."""
        found = list(tokens(self.data[start:end].decode("utf-8", "surrogatepass")))
        if not found or any("\n" in token.text for token in found):
            return b""
        return joined(found).encode("utf-8", "surrogatepass")


def hoisted(tree: Node, text: str) -> str:
    """*text*, of which *tree* is, with these statements before their own; its lines stay where they are."""
    source = _Text(tree, text)
    changes: list[_Change] = []
    for query in _queries(tree["rules"]):
        for statement in query["stmts"]:
            changes += _changes(source, query, statement)
    pieces: list[bytes] = []
    done = 0
    for start, end, new in sorted(changes):
        pieces += (source.data[done:start], new)
        done = end
    return b"".join((*pieces, source.data[done:])).decode("utf-8", "surrogatepass")


def _names(tree: Node) -> Iterator[str]:
    for node in (
        *tree["imports"],
        *(head for rule in tree["rules"] for head in rule.get("Spec", {"head": {}})["head"].values()),
    ):
        ((kind, inner),) = node["refr"].items()
        while kind != "Var" and "refr" in inner:
            ((kind, inner),) = inner["refr"].items()
        yield str(inner.get("value", ""))


def _queries(node: Any) -> Iterator[Node]:
    """Every body, those of comprehensions and of `every` as well."""
    if isinstance(node, list):
        for item in node:
            yield from _queries(item)
    elif isinstance(node, dict):
        if "stmts" in node:
            yield node
        for value in node.values():
            yield from _queries(value)


def _changes(source: _Text, query: Node, statement: Node) -> Iterator[_Change]:
    literal = statement["literal"]
    begin, end = source.begin(statement["span"]), source.end(statement["span"])
    if "NotExpr" in literal:
        found = [source.line(*_bounds(source, node)) for node in _of_statement(source, literal["NotExpr"]["expr"])]
        before = [b"_ = " + one for one in dict.fromkeys(found) if one]
    elif operands := _with_result(literal):
        yield from _unified_with_result(source, *operands)
        return
    else:
        inside = list(_walks(literal))
        if len(inside) == 1 and (sides := _unified(literal, inside[0])):
            yield from _with_two_arguments(source, *sides)
            return
        before = []
        for call in inside:
            source.walks += 1
            name = b"walk__%d" % source.walks
            start, stop = _bounds(source, call)
            before.append(b"walk(" + _argument(source, call) + b", " + name + b")")
            yield _Change(start, stop, name + b"\n" * source.data.count(b"\n", start, stop))
    if not before:
        return
    given = statement.get("with_mods")
    modifiers = b" " + source.line(given[0]["span"]["start"], end) if given else b""
    bare = query["span"]["start"] in (begin, statement["span"]["start"])
    said = b"".join(one + modifiers + b"; " for one in before)
    yield _Change(begin, begin, (b"{ " if bare else b"") + said)
    if bare:
        yield _Change(end, end, b" }")


def _with_result(literal: Node) -> tuple[Node, list[Node]] | None:
    """`io.jwt.decode(token, [_, payload, _])`: a function in Python with one operand more; and its operands."""
    call = literal.get("Expr", {}).get("expr", {})
    if "Call" not in call:
        return None
    operands = call["Call"]["params"]
    arity, _ = builtins_python.FUNCTIONS.get(_dotted(call["Call"]["fcn"]), (-1, None))
    return (call, operands) if len(operands) == arity + 1 and arity > 0 else None


def _unified_with_result(source: _Text, call: Node, operands: list[Node]) -> Iterator[_Change]:
    _, last = _bounds(source, operands[-2])
    begin, end = _bounds(source, operands[-1])
    _, stop = _bounds(source, call)
    yield _Change(last, begin, b") = " + b"\n" * source.data.count(b"\n", last, begin))
    yield _Change(end, stop, b"\n" * source.data.count(b"\n", end, stop))


def _dotted(node: Node) -> str:
    ((kind, inner),) = node.items()
    if kind == "RefDot":
        return f"{_dotted(inner['refr'])}.{inner['field'][1]}"
    return str(inner["value"]) if kind == "Var" else ""


def _unified(literal: Node, call: Node) -> tuple[Node, Node] | None:
    """The two sides of `[path, value] = walk(input)`."""
    inner = literal.get("Expr", {}).get("expr", {}).get("AssignExpr")
    if inner is None or inner["op"] != "Eq" or inner["rhs"] is not call:
        return None
    return inner["lhs"], call


def _with_two_arguments(source: _Text, pair: Node, call: Node) -> Iterator[_Change]:
    begin, end = _bounds(source, pair)
    _, stop = _bounds(source, call)
    yield _Change(begin, begin, b"walk(" + _argument(source, call) + b", ")
    yield _Change(end, stop, b")" + b"\n" * source.data.count(b"\n", end, stop))


def _argument(source: _Text, call: Node) -> bytes:
    return source.line(*_bounds(source, call["Call"]["params"][0]))


def _bounds(source: _Text, node: Node) -> tuple[int, int]:
    ((_, inner),) = node.items()
    return source.begin(inner["span"]), source.end(inner["span"])


def _of_statement(source: _Text, node: Node) -> Iterator[Node]:
    """What is taken out of the statement under a `not`."""
    ((kind, inner),) = node.items()
    if kind in _REFERENCES:
        yield from _of_brackets(source, node)
    elif kind == "AssignExpr" or (kind == "BoolExpr" and inner["op"] == "Eq"):
        for side in (inner["lhs"], inner["rhs"]):
            if next(iter(side)) in ("Var", *_REFERENCES):
                yield from _of_brackets(source, side)
            else:
                yield from _of_operand(source, side)
    elif kind in _OPERATIONS:
        for operand in _operands(inner):
            yield from _of_operand(source, operand)


def _operands(inner: Node) -> list[Node]:
    given = [
        *inner.get("params", ()),
        *(inner.get(key) for key in ("lhs", "rhs", "key", "value", "collection", "expr")),
    ]
    return [one for one in given if one]


def _of_operand(source: _Text, node: Node) -> Iterator[Node]:
    ((kind, inner),) = node.items()
    if kind in _REFERENCES or kind in _OPERATIONS or (kind == "Var" and inner["value"] in source.names):
        yield node
    elif kind in _COLLECTIONS:
        for item in inner.get("items", ()):
            yield from _of_operand(source, item)
        for _, key, value in inner.get("fields", ()):
            yield from _of_operand(source, key)
            yield from _of_operand(source, value)


def _of_brackets(source: _Text, node: Node) -> Iterator[Node]:
    ((kind, inner),) = node.items()
    while kind in _REFERENCES:
        if kind == "RefBrack":
            yield from _of_operand(source, inner["index"])
        ((kind, inner),) = inner["refr"].items()


def _walks(node: Any) -> Iterator[Node]:
    """Calls of `walk` with one argument in a statement, and not in the statements that it holds."""
    if isinstance(node, list):
        for item in node:
            yield from _walks(item)
    elif isinstance(node, dict):
        call = node.get("Call")
        if call and call["fcn"].get("Var", {}).get("value") == "walk" and len(call["params"]) == 1:
            yield node
            return
        for key, value in node.items():
            if key not in (*_QUERIES, "query"):
                yield from _walks(value)
