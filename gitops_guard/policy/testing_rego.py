"""Tests in Rego as `opa test` and `conftest verify` have them: rules named `test_…` and `todo_test_…`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from gitops_guard.policy import testing_heads, testing_program
from gitops_guard.policy.program import UNDEFINED, Answer, Engine, Failure, Module, Program
from gitops_guard.policy.rego import Outline
from gitops_guard.policy.testing import Covered, Outcome, TestResult
from gitops_guard.policy.testing_heads import RegoTest
from gitops_guard.policy.testing_program import Told
from gitops_guard.policy.testing_reasons import Reasons

_SHOWN: Final = 5  # cases of one test in a message


class RegoResults(NamedTuple):
    """*failures* are of modules that do not compile; the other modules are tested without them."""

    results: list[TestResult]
    covered: list[Covered]
    failures: list[Failure]


class _Run(NamedTuple):
    """What the engine said. *broken* are the modules that do not compile, by path; *program* is without them."""

    program: Program
    told: Told
    broken: dict[str, Failure]

    def answer(self, test: RegoTest) -> Answer:
        return self.told.answers.get(test.path, UNDEFINED)

    def failure(self, test: RegoTest) -> Failure | None:
        return (
            self.broken.get(test.outline.module.path)
            or self.answer(test).failure
            or self.told.stopped.get(test.path.removeprefix("data."))
            or self.told.stopped.get(self.program.name)
        )


@dataclass(frozen=True, slots=True)
class RegoTests:
    """*outlines* are all modules of a folder, tests and policies. *wanted* says whether a test is run, by its name."""

    outlines: Sequence[Outline]
    data: Mapping[str, Any]
    files: Mapping[str, bytes]
    engine: Engine
    wanted: Callable[[str], bool] = lambda _: True

    def run(self, *, coverage: bool = False) -> RegoResults:
        every = testing_heads.read(self.outlines)
        wanted = [test for test in every if self.wanted(test.name)]
        results = list(_unasked(wanted))
        asked = [test for test in wanted if not test.is_skipped and not test.has_arguments]
        if not asked:
            return RegoResults(results, [], [])
        modules = tuple(
            testing_heads.told_apart(outline.module, [test for test in every if test.outline is outline])
            for outline in self.outlines
        )
        run = self._ask(asked, modules, coverage=coverage)
        doubtful = [test for test in asked if run.failure(test) is None and not _is_true(run.answer(test))]
        reasons = Reasons(self.engine, run.program, doubtful)
        results += [_result(test, run, reasons) for test in asked]
        return RegoResults(results, _covered(run.told.coverage), list(run.broken.values()))

    def _ask(self, asked: Sequence[RegoTest], modules: tuple[Module, ...], *, coverage: bool) -> _Run:
        """Without the modules that do not compile: one after the other, as the engine names one at a time."""
        broken: dict[str, Failure] = {}
        while True:
            program = Program("tests", modules, self.data, self.files)
            held = {module.path for module in modules}
            paths = tuple(dict.fromkeys(test.path for test in asked if test.outline.module.path in held))
            told = testing_program.ask(self.engine, program, paths, coverage=coverage)
            at = told.fault.at.file if told.fault is not None and told.fault.at is not None else ""
            if told.fault is None or at not in held:
                return _Run(program, told, broken)
            broken[at] = told.fault._replace(policy=at)
            modules = tuple(module for module in modules if module.path != at)


def _unasked(tests: Sequence[RegoTest]) -> Iterator[TestResult]:
    for test in tests:
        if test.is_skipped:
            yield TestResult(test.name, test.where, Outcome.SKIP)
        elif test.has_arguments:
            yield TestResult(test.name, test.where, Outcome.ERROR, "a test has no arguments; give it another name")


def _is_true(answer: Answer) -> bool:
    return answer.defined and answer.value is True


def _result(test: RegoTest, run: _Run, reasons: Reasons) -> TestResult:
    failure = run.failure(test)
    printed = run.answer(test).printed
    if failure is not None:
        at = f"{failure.at}: " if failure.at else ""
        return TestResult(test.name, test.where, Outcome.ERROR, f"{at}{failure.message}", printed)
    answer = run.answer(test)
    outcome, said = _of_cases(test, answer, reasons) if test.cases else _of_value(test, answer, reasons)
    return TestResult(test.name, test.where, outcome, said, printed)


def _of_value(test: RegoTest, answer: Answer, reasons: Reasons) -> tuple[Outcome, str]:
    if _is_true(answer):
        return Outcome.PASS, ""
    if test.keys:
        return Outcome.FAIL, "it is an object without cases: they are written `test_x[name] if …`, with a variable"
    if not answer.defined:
        return Outcome.FAIL, reasons.of(test) or "it is undefined"
    if isinstance(answer.value, list | dict):
        return Outcome.FAIL, "it is a set, an array or an object, not true"
    return Outcome.FAIL, "it is not true"


def _of_cases(test: RegoTest, answer: Answer, reasons: Reasons) -> tuple[Outcome, str]:
    """A case fails whose body is not true, or whose value is not. Without any the test passes, as with OPA."""
    values: dict[str, tuple[str, Any]] = {}
    for keys, value in answer.value or ():
        if json.dumps(keys) in values:
            return Outcome.ERROR, f"the case {_case(keys)} has several values"
        values[json.dumps(keys)] = _case(keys), value
    failed = [(name, "its value is not true") for name, value in values.values() if _is_bad(value)]
    failed += [(_case(keys), reason) for keys, reason in reasons.of_cases(test) if json.dumps(keys) not in values]
    if not failed:
        return Outcome.PASS, ""
    said = [f"{name}: {reason}" if reason else f"{name} failed" for name, reason in sorted(failed)]
    more = [f"and {len(said) - _SHOWN} more"] if len(said) > _SHOWN else []
    return Outcome.FAIL, "; ".join([*said[:_SHOWN], *more])


def _case(keys: Sequence[Any]) -> str:
    return "/".join(key if isinstance(key, str) else json.dumps(key, separators=(",", ":")) for key in keys)


def _is_bad(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_is_bad, value.values()))
    return value is not None and value is not True


def _covered(report: Answer) -> list[Covered]:
    files = report.value["files"] if report.defined else ()
    return [
        Covered(file["path"], tuple(sorted(file["covered"])), tuple(sorted(file["not_covered"])))
        for file in sorted(files, key=lambda file: str(file["path"]))
    ]
