"""Modules and inputs that the engine cannot take: each is told, and this process goes on with the others."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_guard.policy import rego
from gitops_guard.policy.embedded import Embedded
from gitops_guard.policy.program import AsJson, Failure, Program, Question
from gitops_guard.policy.rego import Outline

DEEP: Any = {}
for _ in range(200):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        pytest.param("x := " + "[" * 60 + "]" * 60, 3, "nested too deeply", id="arrays"),
        pytest.param("x := " + '{"a":' * 60 + "1" + "}" * 60, 3, "nested too deeply", id="objects"),
        pytest.param("x := " + "(" * 5000 + "1" + ")" * 5000, 3, "nested too deeply", id="brackets"),
        pytest.param("x := " + "f(\n" * 5000 + "1" + ")" * 5000, 203, "nested too deeply", id="calls"),
        pytest.param("x := 1" + " +\n1" * 20_000, 203, "nested too deeply", id="operators"),
        pytest.param("x := input" + ".a" * 20_000, 3, "nested too deeply", id="a long path"),
        pytest.param('x := "' + '\\"' * 20_000, 3, "invalid character", id="a text that does not end"),
        pytest.param('x := "' + '\\"' * 200_000, 3, "more than 60,000 characters", id="a longer one"),
        pytest.param("x := `" + "\n" * 50_000, 3, "unmatched", id="a raw text that does not end"),
        pytest.param("x := [\n" + '"a",\n' * 1_000_000 + "]", 1, "more than 1 MiB", id="5 MB"),
    ],
)
def test_a_module_that_the_parser_does_not_survive_is_told(text: str, line: int, reason: str) -> None:
    found = rego.read("bad.rego", f"package main\n\n{text}\n")

    assert isinstance(found, Failure)
    assert (found.at and found.at.line, reason in found.message) == (line, True), found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("".join(f"deny contains {n} if input.n == {n}\n" for n in range(10_000)), [7], id="10,000 rules"),
        pytest.param('deny contains "m" if {\n' + "\tinput.n == 7\n" * 5000 + "}", ["m"], id="5,000 statements"),
        pytest.param(f'deny contains count("{"a" * 50_000}")', [50_000], id="a long line"),
        pytest.param(
            "x := 1 if input.a\n" + "else := 2 if input.a\n" * 60 + "else := 3\n\ndeny contains x", [3], id="else"
        ),
        pytest.param("deny contains x if { x := 1" + " + 1" * 150 + " }", [151], id="operators"),
        pytest.param("deny contains x if { x := [[[[[[[[1]]]]]]]] }", [[[[[[[[[1]]]]]]]]], id="arrays"),
    ],
)  # fmt: skip
def test_what_is_only_large_is_read(text: str, value: object) -> None:
    outline = rego.read("a.rego", f"package main\n\n{text}\n")
    assert isinstance(outline, Outline), outline

    (reply,) = Embedded().ask([Question(Program("a", (outline.module,)), ("data.main.deny",), [{"n": 7}])])

    assert (reply.answers[0][0].value, reply.failures) == (value, ())


@pytest.mark.parametrize("trusted", [True, False], ids=["here", "in a worker"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(DEEP, "recursion limit exceeded", id="deep"),
        pytest.param({"a": float("nan")}, "not JSON compliant", id="no number"),
        pytest.param({"a": float("inf")}, "not JSON compliant", id="infinite"),
        pytest.param({"a": 10**400}, "number out of range", id="a large number"),
        pytest.param({"secret": "hunter2\ud800"}, "hex escape", id="half a character"),
        pytest.param(AsJson('{"secret": "hunter2"'), "EOF", id="no JSON"),
    ],
)
def test_an_input_that_the_engine_cannot_take_costs_no_other(value: object, reason: str, *, trusted: bool) -> None:
    outline = rego.read("a.rego", "package main\n\ndeny contains input.name\n")
    assert isinstance(outline, Outline)
    program = Program("the policy", (outline.module,), trusted=trusted)

    (reply,) = Embedded().ask([Question(program, ("data.main.deny",), [{"name": "a"}, value, {"name": "b"}])])

    (first,), (second,), (third,) = reply.answers
    assert (first.value, third.value, reply.failures) == (["a"], ["b"], ())
    assert second.failure is not None
    assert (second.defined, second.failure.policy, reason in second.failure.message) == (False, "the policy", True)
    assert "hunter2" not in repr(second)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param('deny["a"] := 1', {"a": 1}, id="a constant key"),
        pytest.param('deny.part contains "m"', {"part": ["m"]}, id="a set with dots"),
        pytest.param('deny[x].y := 1 if x := "b"', {"b": {"y": 1}}, id="a key and more"),
    ],
)
def test_a_rule_that_the_engine_has_under_another_name_is_asked(text: str, value: object) -> None:
    outline = rego.read("a.rego", f"package main\n\n{text}\n")
    assert isinstance(outline, Outline)

    (reply,) = Embedded().ask([Question(Program("a", (outline.module,)), ("data.main.deny",), [{}])])

    assert (reply.answers[0][0].value, reply.failures) == (value, ())
