"""Whatever is done with an input, an error does not tell what is in it."""

from __future__ import annotations

import itertools

import pytest

from gitops_guard.policy import builtins, builtins_python, rego
from gitops_guard.policy.embedded import Embedded
from gitops_guard.policy.program import Limits, Program, Question
from gitops_guard.policy.rego import Outline
from tools import build_builtins_page

SECRET, NUMBER = "hunter2", 87654
INPUT = {
    "address": f"10.0.0.0/33 {SECRET}",
    "json": f'{{"{SECRET}": 1',
    "number": NUMBER,
    "text": SECRET,
    "toml": f"{SECRET} = 1\n[{SECRET}]\n{SECRET} = 1\n[{SECRET}]",
}
KEYS = ("json", "toml")
VALUES = [
    "input.address",
    "input.json",
    "input.number",
    "input.text",
    "input.toml",
    "[input.number, input.text]",
    "{input.text: input.text}",
    "{input.text}",
    '{"a": input.text}',
]
ARITIES = {one["name"]: len(one["decl"].get("args", ())) for one in build_builtins_page.opa_builtins()}
THERE = sorted((builtins.EMBEDDED | builtins_python.NAMES) & ARITIES.keys() - {"print", "rego.metadata.rule"})
RULES = [
    "c := input.text\n\nc := input.json\n\ndeny contains c",
    "f(_) := input.text\n\nf(_) := input.json\n\ndeny contains f(1)",
    'deny[x] := y if { x := "a"; some y in [input.text, input.json] }',
    'deny := {x: y | some x in ["a"]; some y in [input.text, input.json] }',
    'deny contains x if { [x, "a"] = [input.text, input.json] }',
    "deny contains parse_config_file(input.text)",
    "deny contains parse_combined_config_files([input.text])",
    *(f'deny contains parse_config("{kind}", input.{key})' for kind in ("json", "toml", "yaml") for key in KEYS),
    "deny contains parse_config(input.text, input.json)",
    *(
        f"deny contains x if {{ x := {one} {sign} {other} }}"
        for sign in ("+", "-", "*", "/", "%", "|", "&")
        for one, other in itertools.product(VALUES[2:8], repeat=2)
    ),
]


def errors(texts: list[str]) -> list[str]:
    questions = []
    for text in texts:
        outline = rego.read("a.rego", f"package main\n\n{text}\n")
        assert isinstance(outline, Outline), outline
        questions.append(Question(Program(text, (outline.module,)), ("data.main.deny",), [INPUT]))
    replies = Embedded(Limits(seconds=2.0)).ask(questions)
    answers = [answer for reply in replies for row in reply.answers for answer in row]
    refused = [failure.message for reply in replies for failure in reply.failures]
    return [*refused, *(answer.failure.message for answer in answers if answer.failure is not None)]


def calls(name: str) -> list[str]:
    """Each value in each place, with the same, the next and the one after that in the other places."""
    twice = VALUES * 4
    places = range(ARITIES[name])
    given = {tuple(twice[first + step * at] for at in places) for first in range(len(VALUES)) for step in (0, 1, 2)}
    return [f"deny contains x if {{ x := {name}({', '.join(one)}) }}" for one in sorted(given)]


def telling(said: list[str]) -> set[str]:
    return {one for one in said if SECRET in one or str(NUMBER) in one or "10.0.0.0" in one or "\n" in one}


@pytest.mark.parametrize("name", THERE)
def test_a_builtin_that_fails_does_not_tell_for_what(name: str) -> None:
    assert telling(errors(calls(name))) == set()


def test_a_rule_that_fails_does_not_tell_for_what() -> None:
    said = errors(RULES)

    assert telling(said) == set()
    assert len(said) > 20
