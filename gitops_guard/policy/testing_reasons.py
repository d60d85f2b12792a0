"""Why a test in Rego is not true: its body is asked for bit by bit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from gitops_guard.policy import embedded
from gitops_guard.policy.program import Answer, Dialect, Engine, Program, Question
from gitops_guard.policy.rego_tree import Statement
from gitops_guard.policy.testing_heads import RegoTest, in_brackets

_NAME: Final = "gitops_guard_why"
_LONGEST: Final = 100  # characters of an expression in a message

Keys = list[Any]


class Reasons:
    """What the engine says of the beginnings of the bodies of *tests*; all is asked at once."""

    def __init__(self, engine: Engine, program: Program, tests: Sequence[RegoTest]) -> None:
        self._program = program
        self._answers: dict[tuple[str, int], Sequence[Answer]] = {}
        asked = {(test.name, at): bodies for test in tests for at, bodies in enumerate(_beginnings(test)) if bodies}
        by_name = {test.name: test for test in tests}
        questions = [self._question(by_name[name], bodies) for (name, _), bodies in asked.items()]
        for key, reply in zip(asked, engine.ask(questions) if questions else (), strict=True):
            if not reply.failures:  # a beginning that is no Rego without the rest tells nothing
                self._answers[key] = reply.answers[0]

    def of(self, test: RegoTest) -> str:
        """The first expression that is not true; "" where that cannot be told."""
        answers = self._answers.get((test.name, 0), ())
        missing = next((at for at, answer in enumerate(answers) if not answer.defined and not answer.failure), None)
        return "" if missing is None else _said(test, test.bodies[0], missing)

    def of_cases(self, test: RegoTest) -> Iterator[tuple[Keys, str]]:
        """All cases that the body goes through, each with the first expression that is not true of it, or ""."""
        begun = self._answers.get((test.name, 0), ())
        later = [set(map(json.dumps, answer.value or ())) for answer in self._answers.get((test.name, 1), ())]
        for keys in (begun[0].value or []) if begun else []:
            missing = next((at for at, held in enumerate(later) if json.dumps(keys) not in held), None)
            yield keys, "" if missing is None else _said(test, test.bodies[0], test.bound + missing)

    def _question(self, test: RegoTest, bodies: Sequence[str]) -> Question:
        """About rules with these bodies, in the module of the test."""
        is_v1 = test.outline.module.dialect is Dialect.V1
        names = [f"{_NAME}_{number}" for number in range(len(bodies))]
        head = _head(in_brackets(test.keys) if test.cases else "", is_v1=is_v1)
        rules = [f"{name}{head} {{\n{body}\n}}" for name, body in zip(names, bodies, strict=True)]
        modules = tuple(
            replace(one, text="\n".join([embedded.source(one), *rules]), written=True)
            if one.path == test.outline.module.path
            else one
            for one in self._program.modules
        )
        program = Program(f"{self._program.name}: {test.name}", modules, self._program.data, self._program.files)
        return Question(program, tuple(f"data.{test.outline.package}.{name}" for name in names), [None])


def _beginnings(test: RegoTest) -> Iterator[list[str]]:
    """The bodies to ask about. Of a test with cases first until its keys have a value, then all that follow."""
    if len(test.bodies) != 1:
        return
    statements = test.bodies[0]
    if test.cases:
        yield [statements[test.bound - 1].text if test.bound else "true"]
        yield [one.text for one in statements[test.bound :]]
    else:
        yield [one.text for one in statements]


def _head(key: str, *, is_v1: bool) -> str:
    if is_v1:
        return f" contains {key} if" if key else " if"
    return f"[{key}]" if key else ""


def _said(test: RegoTest, statements: Sequence[Statement], number: int) -> str:
    one = statements[number]
    shares = any(other.line == one.line for other in statements if other is not one) or one.line == test.line
    lines = test.outline.module.text.splitlines()[one.line - 1 : one.line + one.own.rstrip().count("\n")]
    text = " ".join((one.own if shares else "\n".join(lines)).split()).rstrip(";")
    short = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return f"line {one.line} is not true: {short}"
