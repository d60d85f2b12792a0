"""What the tests of policies come to, whatever wrote them: `*_test.rego` and Suites of Gatekeeper."""

from __future__ import annotations

from dataclasses import dataclass

from gitops_guard.model.resource import Location


@dataclass(frozen=True, slots=True)
class TestResult:
    """*name* is unique in its file. *message* says why it did not pass; *output* is what it printed."""

    name: str
    where: Location
    passed: bool
    skipped: bool = False
    message: str = ""
    output: str = ""
