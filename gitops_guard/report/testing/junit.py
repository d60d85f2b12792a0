"""Tests of policies as JUnit XML: a suite for each file."""

from __future__ import annotations

from itertools import groupby

from gitops_guard.policy.testing import Outcome, TestReport, TestResult
from gitops_guard.report.junit import tag, xml_text

_ELEMENTS = {Outcome.FAIL: "failure", Outcome.ERROR: "error"}


def render(report: TestReport) -> str:
    failures, errors = report.count(Outcome.FAIL), report.count(Outcome.ERROR) + len(report.failures)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    total = len(report.results) + len(report.failures)
    lines.append(tag("testsuites", name="gitops-guard policy test", tests=total, failures=failures, errors=errors))
    ordered = sorted(report.results, key=lambda result: result.where)
    for path, group in groupby(ordered, key=lambda result: result.where.file):
        results = list(group)
        lines.append(f"  {tag('testsuite', name=path, tests=len(results), **_counts(results))}")
        lines += [f"    {_case(result)}" for result in results]
        lines.append("  </testsuite>")
    if report.failures:
        lines.append(f"  {tag('testsuite', name='policies', tests=len(report.failures), errors=len(report.failures))}")
        for failure in report.failures:
            name = f"{failure.at or failure.policy}"
            inner = f"{tag('error', message=failure.message)}</error>"
            lines.append(f"    {tag('testcase', name=name, classname='policies')}{inner}</testcase>")
        lines.append("  </testsuite>")
    lines.append("</testsuites>")
    return "".join(f"{line}\n" for line in lines)


def _counts(results: list[TestResult]) -> dict[str, int]:
    words = {"failures": Outcome.FAIL, "errors": Outcome.ERROR, "skipped": Outcome.SKIP}
    return {word: sum(result.outcome is outcome for result in results) for word, outcome in words.items()}


def _case(result: TestResult) -> str:
    opening = tag("testcase", name=result.name, classname=result.where.file, line=result.where.line)
    if result.outcome is Outcome.SKIP:
        return f"{opening}<skipped></skipped></testcase>"
    element = _ELEMENTS.get(result.outcome)
    said = f"{tag(element, message=result.message)}</{element}>" if element else ""
    printed = f"<system-out>{xml_text(result.printed)}</system-out>" if result.printed else ""
    return f"{opening}{said}{printed}</testcase>"
