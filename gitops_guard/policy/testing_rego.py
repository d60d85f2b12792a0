"""Tests in Rego as `opa test` and `conftest verify` have them: rules named `test_…` and `todo_test_…`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from gitops_guard.policy import testing_heads
from gitops_guard.policy.program import COVERAGE, UNDEFINED, Answer, Engine, Failure, Module, Program, Question
from gitops_guard.policy.rego import Outline
from gitops_guard.policy.testing import Covered, Outcome, TestResult
from gitops_guard.policy.testing_heads import RegoTest
from gitops_guard.policy.testing_reasons import Reasons

_SHOWN: Final = 5  # cases of one test in a message
# The engine tells only when it evaluates that some module does not compile, whatever is asked: so this is asked.
_PROBE: Final = Module("gitops_guard_probe", "package gitops_guard_probe\n\nok := true\n")
_PROBED: Final = "data.gitops_guard_probe.ok"


class RegoResults(NamedTuple):
    """*failures* are of modules that do not compile; the other modules are tested without them."""

    results: list[TestResult]
    covered: list[Covered]
    failures: list[Failure]


@dataclass(slots=True)
class _Run:
    """What the engine said. *answers* are by path of the test."""

    program: Program
    answers: dict[str, Answer]
    stopped: dict[str, Failure]
    coverage: Answer = UNDEFINED
    broken: dict[str, Failure] = field(default_factory=dict)  # by path of the module

    def failure(self, test: RegoTest) -> Failure | None:
        answer = self.answers.get(test.path, UNDEFINED)
        return (
            self.broken.get(test.outline.module.path)
            or answer.failure
            or self.stopped.get(test.path.removeprefix("data."))
            or self.stopped.get(self.program.name)
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
        doubtful = [test for test in asked if run.failure(test) is None and not _is_true(run.answers[test.path])]
        reasons = Reasons(self.engine, run.program, doubtful)
        results += [_result(test, run, reasons) for test in asked]
        return RegoResults(results, _covered(run.coverage), list(run.broken.values()))

    def _ask(self, asked: Sequence[RegoTest], modules: tuple[Module, ...], *, coverage: bool) -> _Run:
        """Without the modules that do not compile: one after the other, as the engine names one at a time."""
        broken: dict[str, Failure] = {}
        while True:
            program = Program("tests", (*modules, _PROBE), self.data, self.files)
            held = {module.path for module in modules}
            paths = tuple(dict.fromkeys(test.path for test in asked if test.outline.module.path in held))
            question = Question(program, (_PROBED, *paths, *([COVERAGE] if coverage else ())), [None])
            reply = self.engine.ask([question])[0]
            faults = [*(one for one in reply.failures if one.policy == program.name), reply.answers[0][0].failure]
            fault = next((one for one in faults if one is not None and one.at), None)
            if fault is None or fault.at is None or fault.at.file not in held:
                break
            broken[fault.at.file] = fault._replace(policy=fault.at.file)
            modules = tuple(module for module in modules if module.path != fault.at.file)
        run = _Run(program, dict(zip(paths, reply.answers[0][1:], strict=False)), {}, broken=broken)
        run.stopped = {failure.policy: failure for failure in reply.failures}
        if coverage:
            run.coverage = reply.answers[0][-1]
        return run


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
    printed = run.answers.get(test.path, UNDEFINED).printed
    if failure is not None:
        at = f"{failure.at}: " if failure.at else ""
        return TestResult(test.name, test.where, Outcome.ERROR, f"{at}{failure.message}", printed)
    answer = run.answers[test.path]
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
    files = [file for file in report.value["files"] if file["path"] != _PROBE.path] if report.defined else []
    return [
        Covered(file["path"], tuple(sorted(file["covered"])), tuple(sorted(file["not_covered"])))
        for file in sorted(files, key=lambda file: str(file["path"]))
    ]
