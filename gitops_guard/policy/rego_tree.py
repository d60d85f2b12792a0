"""What the syntax tree of a module, as the embedded engine gives it, tells of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

Node = Mapping[str, Any]
_QUOTES: Final = (b'"', b"`")  # the span of a text has none
_REFERENCES: Final = ("Var", "RefDot", "RefBrack")


class Named(NamedTuple):
    """A name with dots as far as it is constant. *whole*: nothing follows that is not; *called*: with arguments."""

    path: tuple[str, ...]
    line: int
    column: int
    whole: bool
    called: bool


class Head(NamedTuple):
    path: tuple[str, ...]
    line: int
    column: int
    partial: bool
    has_arguments: bool
    bodies: int
    is_true: bool


def package(tree: Node) -> str:
    """`main`, `lib.sub`, `main["a-b"]`: as conftest writes it."""
    path, _ = _path(tree["package"]["refr"])
    return path[0] + "".join(f".{part}" if part.isidentifier() else f'["{part}"]' for part in path[1:])


def imports(tree: Node, text: bytes) -> dict[str, tuple[str, ...]]:
    """The path of each import by the name that it has in the module. *text* is what was parsed."""
    found = {}
    for entry in tree["imports"]:
        path, _ = _path(entry["refr"])
        alias = entry.get("as")
        found[text[alias["start"] : alias["end"]].decode() if alias else path[-1]] = path
    return found


def heads(tree: Node) -> Iterator[Head]:
    for rule in tree["rules"]:
        if "Spec" in rule:
            yield _head(rule["Spec"])


def _head(spec: Node) -> Head:
    ((kind, head),) = spec["head"].items()
    path, whole = _path(head["refr"])
    span = head["span"]
    bodies = max(1, sum(not body["is_else"] for body in spec["bodies"]))
    makes_object = kind == "Compr" and (len(path) > 1 or not whole)
    is_true = kind == "Compr" and head.get("assign") is None
    return Head(path, span["line"], span["col"], kind == "Set" or makes_object, kind == "Func", bodies, is_true)


def names(tree: Node) -> Iterator[Named]:
    """Every name that the rules hold: variables, references, functions."""
    waiting: list[tuple[Any, bool]] = [(tree["rules"], False)]
    while waiting:
        node, called = waiting.pop()
        if isinstance(node, list):
            waiting.extend((item, False) for item in node)
        elif isinstance(node, dict):
            kind = next((kind for kind in _REFERENCES if kind in node), None)
            if kind is not None and len(node) == 1:
                path, whole = _path(node)
                span = _first_span(node)
                if path:
                    yield Named(path, span["line"], span["col"], whole, called)
                waiting.extend((inner, False) for inner in _inside(node))
            else:
                waiting.extend((value, key == "fcn") for key, value in node.items())


def _path(node: Node) -> tuple[tuple[str, ...], bool]:
    """The constant part of a reference from its front, and whether that is all of it."""
    ((kind, inner),) = node.items()
    if kind == "Var":
        return (str(inner["value"]),), True
    if kind not in _REFERENCES:
        return (), False
    path, whole = _path(inner["refr"])
    if not whole:
        return path, False
    if kind == "RefDot":
        return (*path, str(inner["field"][1])), True
    index = inner["index"]
    if "String" in index:
        return (*path, str(index["String"]["value"])), True
    return path, False


def _first_span(node: Node) -> Node:
    ((kind, inner),) = node.items()
    while kind != "Var" and "refr" in inner:
        ((kind, inner),) = inner["refr"].items()
    span: Node = inner["span"]
    return span


def _inside(node: Node) -> Iterator[Any]:
    """What a reference holds beside its own path: the expressions in brackets, and what it begins with."""
    ((kind, inner),) = node.items()
    while kind in ("RefDot", "RefBrack"):
        if kind == "RefBrack":
            yield inner["index"]
        ((kind, inner),) = inner["refr"].items()
    if kind not in _REFERENCES:
        yield {kind: inner}


class Statement(NamedTuple):
    """*text* is the body up to and with this statement, *own* the statement, *line* where it begins; *variables* are
    those that it names."""

    text: str
    own: str
    line: int
    variables: frozenset[str]


def bodies(spec: Node, text: bytes) -> list[list[Statement]]:
    """The bodies of a rule, those of `else` too. *text* is what was parsed."""
    return [_statements(body["query"]["stmts"], text) for body in spec["bodies"]]


def _statements(stmts: list[Node], text: bytes) -> list[Statement]:
    if not stmts:
        return []
    begin = stmts[0]["span"]["start"]
    begin -= text[begin - 1 : begin] in _QUOTES
    found = []
    here = begin
    for number, one in enumerate(stmts):
        end = max(span["end"] for span in _spans(one))
        end += text[end : end + 1] in _QUOTES
        if number + 1 < len(stmts):
            end = min(end, stmts[number + 1]["span"]["start"])
        variables = frozenset(named.path[0] for named in names({"rules": [one]}))
        own = text[here:end].decode().lstrip("; \t\r\n")
        found.append(Statement(text[begin:end].decode(), own, one["span"]["line"], variables))
        here = end
    return found


def _spans(node: Any) -> Iterator[Node]:
    if isinstance(node, list):
        for item in node:
            yield from _spans(item)
    elif isinstance(node, dict):
        if "start" in node and "end" in node:
            yield node
        for value in node.values():
            yield from _spans(value)
