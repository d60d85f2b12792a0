"""Tests in Rego as `opa test` and `conftest verify` have them: rules named `test_…` and `todo_test_…`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from gitops_guard.model.resource import Location
from gitops_guard.policy import rego, rego_tree
from gitops_guard.policy.program import COVERAGE, Answer, Dialect, Engine, Failure, Module, Program, Question
from gitops_guard.policy.rego import Outline, RegoRule
from gitops_guard.policy.testing import Covered, Outcome, TestResult

_TEST: Final = re.compile(r"(?P<todo>todo_)?test_")
_WHY: Final = "gitops_guard_why"
_LONGEST: Final = 100  # characters of an expression in a message


class _Test(NamedTuple):
    """*number* counts the rules of one name from 0: each of them is a test."""

    outline: Outline
    rule: RegoRule
    number: int

    @property
    def path(self) -> str:
        """What is asked."""
        return f"data.{self.outline.package}.{self.rule.name}" + (f"__{self.number}" if self.number else "")

    @property
    def name(self) -> str:
        return f"data.{self.outline.package}.{self.rule.name}" + (f"#{self.number:02}" if self.number else "")

    @property
    def where(self) -> Location:
        return self.outline.module.at(self.rule.line, self.rule.column)


@dataclass(frozen=True, slots=True)
class RegoTests:
    """*outlines* are all modules of a folder, tests and policies. *wanted* says whether a test is run, by its name."""

    outlines: Sequence[Outline]
    data: Mapping[str, Any]
    files: Mapping[str, bytes]
    engine: Engine
    wanted: Callable[[str], bool] = lambda _: True

    def run(self, *, coverage: bool = False) -> tuple[list[TestResult], list[Covered]]:
        tests = list(self._tests())
        asked = [test for test in tests if not test.rule.name.startswith("todo_")]
        skipped = [TestResult(test.name, test.where, Outcome.SKIP) for test in tests if test not in asked]
        if not asked:
            return skipped, []
        modules = tuple(_told_apart(outline.module, asked) for outline in self.outlines)
        program = Program("tests", modules, self.data, self.files)
        rules = tuple(dict.fromkeys(test.path for test in asked))
        reply = self.engine.ask([Question(program, (*rules, *([COVERAGE] if coverage else ())), [None])])[0]
        answers = dict(zip(rules, reply.answers[0], strict=False))
        stopped = {failure.policy: failure for failure in reply.failures}
        results = [self._result(test, answers[test.path], stopped, program) for test in asked]
        report = reply.answers[0][-1] if coverage else None
        return [*skipped, *results], _covered(report.value) if report is not None and report.defined else []

    def _tests(self) -> Iterator[_Test]:
        seen: Counter[tuple[str, str]] = Counter()
        for outline in self.outlines:
            for rule in outline.rules:
                if _TEST.match(rule.name) and not rule.has_arguments:
                    test = _Test(outline, rule, seen[outline.package, rule.name])
                    seen[outline.package, rule.name] += not rule.partial
                    if self.wanted(test.name) and not (rule.partial and test.number):
                        yield test

    def _result(self, test: _Test, answer: Answer, stopped: Mapping[str, Failure], program: Program) -> TestResult:
        failure = answer.failure or stopped.get(test.path.removeprefix("data.")) or stopped.get(program.name)
        if failure is not None:
            at = f"{failure.at}: " if failure.at else ""
            return TestResult(test.name, test.where, Outcome.ERROR, f"{at}{failure.message}", answer.printed)
        if test.rule.partial:
            return self._cases(test, answer, program)
        if answer.defined and answer.value is True:
            return TestResult(test.name, test.where, Outcome.PASS, printed=answer.printed)
        said = "it is not true" if answer.defined else self._why(test, program)
        return TestResult(test.name, test.where, Outcome.FAIL, said, answer.printed)

    def _cases(self, test: _Test, answer: Answer, program: Program) -> TestResult:
        """A rule that makes an object is a test for each of its keys, also for those whose body is not true."""
        passed = answer.value if isinstance(answer.value, dict) else {}
        expected = self._keys(test, program)
        failed = sorted({key for key in expected if passed.get(key) in (None, False)})
        if failed or not expected:
            said = f"failed: {', '.join(failed)}" if failed else "there is no case"
            return TestResult(test.name, test.where, Outcome.FAIL, said, answer.printed)
        return TestResult(test.name, test.where, Outcome.PASS, printed=answer.printed)

    def _keys(self, test: _Test, program: Program) -> Collection[str]:
        """All keys that the rule goes through, with the statements up to the one that binds them."""
        found: set[str] = set()
        for key, statements in rego_tree.keyed_bodies(*rego.tree(test.outline.module), test.rule.name):
            bound = next((at for at, one in enumerate(statements, 1) if key in one.variables), len(statements))
            value = self._evaluated(test, program, f"contains {key}", [statements[bound - 1].text])[0]
            found.update(str(one) for one in value.value or ())
        return found

    def _why(self, test: _Test, program: Program) -> str:
        """The first expression that is not true, by asking for the body bit by bit."""
        bodies = rego_tree.bodies(*rego.tree(test.outline.module), test.rule.line)
        if len(bodies) != 1 or not bodies[0]:
            return "it is undefined"
        statements = bodies[0]
        answers = self._evaluated(test, program, "", [one.text for one in statements])
        for statement, answer in zip(statements, answers, strict=True):
            if not answer.defined:
                line = test.outline.module.text.splitlines()[statement.line - 1]
                return f"line {statement.line} is not true: {_short(line)}"
        return "it is undefined"

    def _evaluated(self, test: _Test, program: Program, head: str, bodies: Sequence[str]) -> list[Answer]:
        """What rules with these bodies give, in the module of the test."""
        module = test.outline.module
        is_v1 = module.dialect is Dialect.V1
        rules = [f"{_WHY}_{number} {_head(head, is_v1=is_v1)} {{\n{body}\n}}" for number, body in enumerate(bodies)]
        longer = replace(module, text=f"{module.text}\n" + "\n".join(rules))
        modules = tuple(longer if one.path == module.path else one for one in program.modules)
        names = tuple(f"data.{test.outline.package}.{_WHY}_{number}" for number in range(len(bodies)))
        asked = Program(f"{program.name}: {test.path}", modules, program.data, program.files)
        return list(self.engine.ask([Question(asked, names, [None])])[0].answers[0])


def _told_apart(module: Module, tests: Sequence[_Test]) -> Module:
    """The module with a name of its own for each test: the second `test_x` of a package is `test_x__1`."""
    lines = module.text.split("\n")
    for test in tests:
        if test.number and test.outline.module == module:
            line, end = test.rule.line - 1, test.rule.column - 1 + len(test.rule.name)
            lines[line] = f"{lines[line][:end]}__{test.number}{lines[line][end:]}"
    return replace(module, text="\n".join(lines))


def _head(head: str, *, is_v1: bool) -> str:
    if is_v1:
        return f"{head} if"
    return f"[{head.removeprefix('contains ')}]" if head else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _covered(report: Mapping[str, Any]) -> list[Covered]:
    return [
        Covered(file["path"], tuple(sorted(file["covered"])), tuple(sorted(file["not_covered"])))
        for file in sorted(report.get("files", ()), key=lambda file: str(file["path"]))
    ]
