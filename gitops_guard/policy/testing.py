"""What the tests of policies come to, whatever wrote them: `*_test.rego` and Suites of Gatekeeper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gitops_guard.model.resource import Location
from gitops_guard.policy.program import Failure


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    ERROR = "error"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class TestResult:
    """*name* is unique in a run: `data.main_test.test_ok`, `suite.yaml:test/case`. *message* says why it did not pass,
    *printed* is what it printed."""

    name: str
    where: Location
    outcome: Outcome
    message: str = ""
    printed: str = ""


@dataclass(frozen=True, slots=True)
class Covered:
    """The lines of a module that tests went through, and those they did not; from 1, sorted."""

    path: str
    covered: tuple[int, ...]
    missed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TestReport:
    """*results* are sorted by place. *failures* are of policies that could not be read. *coverage* is None where nobody
    asked for it."""

    results: Sequence[TestResult]
    failures: Sequence[Failure] = ()
    coverage: Sequence[Covered] | None = field(default=None)

    def count(self, outcome: Outcome) -> int:
        return sum(result.outcome is outcome for result in self.results)

    @property
    def percent(self) -> float:
        """Of the lines that can be covered, how many are; 0 where there are none."""
        covered = sum(len(file.covered) for file in self.coverage or ())
        lines = covered + sum(len(file.missed) for file in self.coverage or ())
        return 100 * covered / lines if lines else 0.0
