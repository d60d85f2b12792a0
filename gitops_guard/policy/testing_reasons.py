"""Why a test in Rego is not true: its body is asked for bit by bit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from gitops_guard.policy import embedded, testing_program
from gitops_guard.policy.program import UNDEFINED, Answer, Dialect, Engine, Program
from gitops_guard.policy.rego_tree import Statement
from gitops_guard.policy.testing_heads import RegoTest, in_brackets
from gitops_guard.policy.testing_program import Told

_NAME: Final = "gitops_guard_why"
_TRIES: Final = 20  # each leaves out one test that cannot be asked about
_LONGEST: Final = 100  # characters of an expression in a message

Keys = list[Any]


class _Asked(NamedTuple):
    """Rules with these *bodies*, in the module of the test. *number*: 0, or 1 for what follows the keys of cases."""

    test: RegoTest
    number: int
    bodies: tuple[str, ...]

    def rules(self, at: int) -> dict[str, str]:
        """By name; *at* makes the names unique in a program."""
        is_v1 = self.test.outline.module.dialect is Dialect.V1
        head = _head(in_brackets(self.test.keys) if self.test.cases else "", is_v1=is_v1)
        return {f"{_NAME}_{at}_{number}": f"{head} {{\n{body}\n}}" for number, body in enumerate(self.bodies)}


class Reasons:
    """What the engine says of the beginnings of the bodies of *tests*; all is asked at once."""

    def __init__(self, engine: Engine, program: Program, tests: Sequence[RegoTest]) -> None:
        self._engine = engine
        self._program = program
        self._answers: dict[tuple[str, int], Sequence[Answer]] = {}
        asked = [_Asked(test, at, bodies) for test in tests for at, bodies in enumerate(_beginnings(test)) if bodies]
        for _ in range(_TRIES):
            if not asked:
                return
            refused = self._ask(asked)
            if refused is None:
                return
            asked = [one for at, one in enumerate(asked) if at != refused]

    def _ask(self, asked: Sequence[_Asked]) -> int | None:
        """The number of what is no Rego without the statements that follow, as they may stand in any order."""
        texts = {module.path: embedded.source(module).split("\n") for module in self._program.modules}
        begins: list[tuple[str, int, int]] = []
        for at, one in enumerate(asked):
            lines = texts[one.test.outline.module.path]
            begins.append((one.test.outline.module.path, len(lines), at))
            for name, rule in one.rules(at).items():
                lines += f"{name}{rule}".split("\n")
        modules = tuple(
            replace(module, text="\n".join(texts[module.path]), written=True) for module in self._program.modules
        )
        paths = {
            f"data.{one.test.outline.package}.{name}": one for at, one in enumerate(asked) for name in one.rules(at)
        }
        told = testing_program.ask(self._engine, replace(self._program, modules=modules), tuple(paths))
        if told.fault is not None and told.fault.at is not None:
            place = told.fault.at
            return max((at for path, first, at in begins if path == place.file and first < place.line), default=None)
        self._take(told, paths)
        return None

    def _take(self, told: Told, paths: Mapping[str, _Asked]) -> None:
        if self._program.name in told.stopped:
            return
        found: dict[tuple[str, int], list[Answer]] = {}
        stopped = {(one.test.name, one.number) for path, one in paths.items() if path[len("data.") :] in told.stopped}
        for path, one in paths.items():
            found.setdefault((one.test.name, one.number), []).append(told.answers.get(path, UNDEFINED))
        self._answers = {key: answers for key, answers in found.items() if key not in stopped}

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


def _beginnings(test: RegoTest) -> Iterator[tuple[str, ...]]:
    """The bodies to ask about. Of a test with cases first until its keys have a value, then all that follow."""
    if len(test.bodies) != 1:
        return
    statements = test.bodies[0]
    if test.cases:
        yield (statements[test.bound - 1].text if test.bound else "true",)
        yield tuple(one.text for one in statements[test.bound :])
    else:
        yield tuple(one.text for one in statements)


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
