"""Which rules of a module are tests, by what name, and what their cases are: as `opa test` reads the head of a rule."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from gitops_guard.model.resource import Location
from gitops_guard.policy import rego, rego_tree
from gitops_guard.policy.program import Dialect, Module
from gitops_guard.policy.rego import Outline
from gitops_guard.policy.rego_text import Token, tokens
from gitops_guard.policy.rego_tree import Statement

_TEST: Final = "test_"
_TODO: Final = "todo_test_"
_VALUES: Final = frozenset({"true", "false", "null"})
_OPEN: Final = frozenset("([{")
_CLOSE: Final = frozenset(")]}")


class Span(NamedTuple):
    """Bytes of what the engine is given of a module. *name*: behind the name of the test, where a number can stand."""

    start: int
    name: int
    end: int


@dataclass(frozen=True, slots=True)
class RegoTest:
    """A rule that is a test. *number* counts those of one name from 0.

    *keys* are the expressions behind the name: `test_x[name].y` has `name` and `"y"`. With *cases* one of them is a
    variable, and each of its values is a test of its own. *value* is the expression that such a case has to come to.
    *bodies* are its statements, for each `else` a body.
    """

    outline: Outline
    name: str
    path: str
    number: int
    line: int
    column: int
    span: Span
    keys: tuple[str, ...] = ()
    cases: bool = False
    value: str = "true"
    bodies: tuple[tuple[Statement, ...], ...] = ()
    has_arguments: bool = False

    @property
    def where(self) -> Location:
        return self.outline.module.at(self.line, self.column)

    @property
    def is_skipped(self) -> bool:
        return self.name.rpartition(".")[2].startswith(_TODO)

    @property
    def bound(self) -> int:
        """So many statements of the body it takes until the keys have a value."""
        statements = self.bodies[0] if self.bodies else ()
        names = [name for key in self.keys for name in _variables(key)]
        firsts = (next((at for at, one in enumerate(statements, 1) if name in one.variables), 0) for name in names)
        return max(firsts, default=0)


class _Head(NamedTuple):
    """*tail*: offset behind the name with its quote and bracket. *body*: where the body begins, or the rule ends."""

    names: tuple[str, ...]
    name: int
    tail: int
    body: int
    kind: str
    node: Mapping[str, Any]


def read(outlines: Sequence[Outline]) -> list[RegoTest]:
    """The tests in *outlines*, in their order."""
    seen: Counter[str] = Counter()
    found = []
    for outline in outlines:
        tree, text = rego.tree(outline.module)
        for rule in tree["rules"]:
            head = _head(rule)
            if head is None:
                continue
            path = f"data.{outline.package}{''.join(map(_step, head.names))}"
            test = _test(outline, path, seen[path], head, rule, text)
            if not (test.has_arguments and test.number):
                found.append(test)
                seen[path] += 1
    return found


def _test(outline: Outline, path: str, number: int, head: _Head, rule: Mapping[str, Any], text: bytes) -> RegoTest:
    spec = rule.get("Spec", {})
    place = (spec or rule["Default"])["span"]
    keys = tuple(_keys(text[head.tail : head.body].decode()))
    cases = head.kind == "Compr" and any(map(_variables, keys)) and bool(spec.get("bodies"))
    return RegoTest(
        outline=outline,
        name=path + (f"#{number:02}" if number else ""),
        path=path + (f"__{number}" if number else ""),
        number=number,
        line=place["line"],
        column=place["col"],
        span=Span(place["start"], head.name, head.body),
        keys=keys,
        cases=cases,
        value=_value(head, text),
        bodies=tuple(map(tuple, rego_tree.bodies(spec, text))) if spec else (),
        has_arguments=head.kind == "Func",
    )


def _head(rule: Mapping[str, Any]) -> _Head | None:
    """None for a rule that is no test: no part of its name that is constant begins with `test_` or `todo_test_`."""
    if "Spec" in rule:
        spec = rule["Spec"]
        ((kind, node),) = spec["head"].items()
        body = spec["bodies"][0]["span"]["start"] if spec["bodies"] else node["span"]["end"]
    else:
        node = rule["Default"]
        kind, body = "Func" if node["args"] else "Default", node["span"]["end"]
    names: list[str] = []
    for name, end, quoted in _parts(node["refr"]):
        if name is None:
            return None
        names.append(name)
        if name.startswith((_TEST, _TODO)):
            return _Head(tuple(names), end, end + 2 * quoted, body, kind, node)
    return None


def _parts(refr: Mapping[str, Any]) -> Iterator[tuple[str | None, int, bool]]:
    """The parts of a name from the front, with where each ends; None for one that is not constant."""
    ((kind, inner),) = refr.items()
    if kind == "Var":
        yield str(inner["value"]), inner["span"]["end"], False
        return
    yield from _parts(inner["refr"])
    if kind == "RefDot":
        yield str(inner["field"][1]), inner["field"][0]["end"], False
    elif "String" in inner["index"]:
        yield str(inner["index"]["String"]["value"]), inner["index"]["String"]["span"]["end"], True
    else:
        yield None, inner["span"]["end"], False


def _step(name: str) -> str:
    return f".{name}" if name.isidentifier() else f"[{json.dumps(name)}]"


def _keys(text: str) -> Iterator[str]:
    """The expressions in the brackets, and behind the dots, that *text* begins with."""
    depth = begin = 0
    before = ""
    for token in tokens(text):
        if token.kind == "sign" and token.text in _OPEN:
            if depth == 0 and token.text != "[":
                return
            begin = token.end if depth == 0 else begin
            depth += 1
        elif token.kind == "sign" and token.text in _CLOSE:
            depth -= 1
            if depth == 0:
                yield text[begin : token.start]
        elif depth == 0 and before == ".":
            yield json.dumps(token.text)
        elif depth == 0 and token.text != ".":
            return
        before = token.text


def _variables(expression: str) -> list[str]:
    before: Token | None = None
    found = []
    for token in tokens(expression):
        if token.kind == "name" and token.text not in _VALUES and (before is None or before.text != "."):
            found.append(token.text)
        before = token
    return found


def _value(head: _Head, text: bytes) -> str:
    assign = head.node.get("assign") if head.kind == "Compr" else None
    if assign is None:
        return "true"
    return text[assign["span"]["start"] : head.body].decode().lstrip(":=").strip()


def told_apart(module: Module, tests: Sequence[RegoTest]) -> Module:
    """The module with a name of its own for each test, and with a set of `[keys, value]` for a test with cases.

    The engine cannot do names with several variables, and an object does not tell which rule a case is of. No line
    moves.
    """
    changes = [test for test in tests if test.cases or (test.number and not test.has_arguments)]
    if not changes:
        return module
    _, text = rego.tree(module)
    for test in sorted(changes, key=lambda test: test.span, reverse=True):
        _, name, end = test.span
        number = f"__{test.number}".encode() if test.number else b""
        if test.cases:
            pair = f"[{in_brackets(test.keys)}, {test.value}]"
            said = f"[{pair}] " if module.dialect is Dialect.V0 else f" contains {pair} "
            text = text[:name] + number + said.encode() + text[end:]
        else:
            text = text[:name] + number + text[name:]
    return replace(module, text=text.decode(), written=True)


def in_brackets(keys: Sequence[str]) -> str:
    return f"[{', '.join(keys)}]"
