"""Tests of policies for people: what failed and why, and how many did not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gitops_guard.policy.testing import Covered, Outcome, TestReport, TestResult
from gitops_guard.report.show.escape import sentence, visible
from gitops_guard.report.show.summary import number

_STYLES: Final = {Outcome.PASS: "32", Outcome.FAIL: "1;31", Outcome.ERROR: "1;31", Outcome.SKIP: "33"}
_SHOWN: Final = 12  # ranges of lines of a file


def render(report: TestReport, *, verbose: bool, color: bool) -> str:
    lines = [line for result in report.results if verbose or _matters(result) for line in _result(result, color)]
    for failure in report.failures:
        at = f"{visible(str(failure.at))}: " if failure.at else ""
        lines.append(f"{_paint('policy error', '1;31', color)}: {at}{sentence(failure.message)}")
    if lines:
        lines.append("")
    if report.coverage is not None:
        lines += _coverage(report)
    lines.append(_summary(report, color))
    return "".join(f"{line}\n" for line in lines)


def _matters(result: TestResult) -> bool:
    return result.outcome in (Outcome.FAIL, Outcome.ERROR)


def _result(result: TestResult, color: bool) -> Iterator[str]:
    word = _paint(result.outcome.value, _STYLES[result.outcome], color)
    message = f": {sentence(result.message)}" if result.message else ""
    yield f"{visible(str(result.where))}: {word} {visible(result.name)}{message}"
    for line in result.printed.splitlines():
        yield f"  | {sentence(line)}"


def _coverage(report: TestReport) -> Iterator[str]:
    for file in report.coverage or ():
        missed = f", not lines {_ranges(file)}" if file.missed else ""
        yield f"{visible(file.path)}: {_percent(file):.0f} %{missed}"
    yield f"Covered {report.percent:.1f} % of the lines."


def _percent(file: Covered) -> float:
    lines = len(file.covered) + len(file.missed)
    return 100 * len(file.covered) / lines if lines else 100.0


def _ranges(file: Covered) -> str:
    found: list[list[int]] = []
    for line in file.missed:
        if found and line == found[-1][1] + 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in found[:_SHOWN]]
    return ", ".join([*shown, *(["…"] if len(found) > _SHOWN else [])])


def _summary(report: TestReport, color: bool) -> str:
    counts = {outcome: report.count(outcome) for outcome in Outcome}
    parts = [f"{counts[Outcome.PASS]:,} passed"]
    parts += [f"{counts[outcome]:,} {word}" for outcome, word in _WORDS.items() if counts[outcome]]
    if report.failures:
        policies = {failure.at.file if failure.at else failure.policy for failure in report.failures}
        parts.append(number(len(policies), "policy", "policies") + " could not be read")
    bad = counts[Outcome.FAIL] or counts[Outcome.ERROR] or report.failures
    return _paint(f"{number(len(report.results), 'test')}: {', '.join(parts)}", "1;31" if bad else "1;32", color)


_WORDS: Final = {Outcome.FAIL: "failed", Outcome.ERROR: "ended with an error", Outcome.SKIP: "skipped"}


def _paint(text: str, style: str, color: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if color else text
