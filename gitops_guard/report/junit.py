"""JUnit XML, as CI systems read it: a suite for each file, a test for each finding.

Errors and warnings are failures, as with conftest; notes are tests that pass, unless `--fail-on info`. What was
allowed or not checked is a skipped test. The last suite tells of the run itself, so that the report is never empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from gitops_guard.model.finding import Finding, Report, Severity, Waived
from gitops_guard.report.context import Context
from gitops_guard.report.show.escape import sentence, visible
from gitops_guard.report.show.summary import checked, crashed

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})


class _Test(NamedTuple):
    """*outcome* is the name of the element that says it, *text* its sentence."""

    suite: str
    name: str
    classname: str
    outcome: str
    text: str
    kind: str = ""


def render(report: Report, context: Context) -> str:
    limit = min(Severity.WARNING, context.fail_on)
    tests = [_found(finding, limit) for finding in report.findings]
    tests += [_allowed(waived) for waived in report.waived]
    tests.sort(key=lambda test: test.suite)
    tests += _run(report, context)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(
        tag(
            "testsuites",
            name="gitops-guard",
            tests=len(tests),
            failures=_count(tests, "failure"),
            errors=_count(tests, "error"),
        )
    )
    for suite, members in groupby(tests, key=lambda test: test.suite):
        lines += _suite(suite, list(members))
    lines.append("</testsuites>")
    return "".join(f"{line}\n" for line in lines)


def _found(finding: Finding, limit: Severity) -> _Test:
    text = sentence(finding.message) + (f"; help: {sentence(finding.fix)}" if finding.fix else "")
    outcome = "failure" if finding.severity >= limit else "system-out"
    return _Test(finding.location.file, _name(finding), finding.rule, outcome, text, str(finding.severity))


def _allowed(waived: Waived) -> _Test:
    finding = waived.finding
    text = f"allowed: {sentence(waived.waiver.reason)}: {sentence(finding.message)}"
    return _Test(finding.location.file, _name(finding), finding.rule, "skipped", text)


def _name(finding: Finding) -> str:
    subject = f"{finding.resource} " if finding.resource else ""
    return f"{subject}{finding.rule} {finding.location}"


def _run(report: Report, context: Context) -> Iterator[_Test]:
    for crash in report.crashes:
        yield _Test("gitops-guard", f"rule {crash.rule}", "rules", "error", sentence(crashed(crash)), "crash")
    if context.coverage:
        for one in report.coverage.skipped:
            text = f"not checked: {visible(one.kind)}: {sentence(one.reason)}"
            yield _Test("gitops-guard", one.file, "coverage", "skipped", text)
    yield _Test("gitops-guard", "run", "coverage", "system-out", checked(report.coverage))


def _suite(name: str, tests: list[_Test]) -> Iterator[str]:
    yield "  " + tag(
        "testsuite",
        name=name,
        tests=len(tests),
        failures=_count(tests, "failure"),
        errors=_count(tests, "error"),
        skipped=_count(tests, "skipped"),
    )
    for test in tests:
        yield "    " + tag("testcase", name=test.name, classname=test.classname) + _outcome(test) + "</testcase>"
    yield "  </testsuite>"


def _outcome(test: _Test) -> str:
    if test.outcome in {"failure", "error"}:
        return tag(test.outcome, type=test.kind, message=test.text) + f"{xml_text(test.name)}</{test.outcome}>"
    return f"<{test.outcome}>{xml_text(test.text)}</{test.outcome}>"


def _count(tests: Iterable[_Test], outcome: str) -> int:
    return sum(test.outcome == outcome for test in tests)


def tag(element: str, /, **attributes: str | int) -> str:
    given = "".join(f' {key}="{xml_text(str(value))}"' for key, value in attributes.items())
    return f"<{element}{given}>"


def xml_text(text: str) -> str:
    # XML 1.0 has no way to write most control characters, not even as entities: they are shown escaped.
    return visible(text).translate(_ENTITIES)
