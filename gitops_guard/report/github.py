"""Workflow commands: annotations on the lines of a pull request, printed by a step of GitHub Actions.

Every line is one command with everything escaped, so that no name from the repository can start another
(CVE-2020-15228). Escapes: actions/toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitops_guard.model.finding import Crash, Finding, Report, Severity
from gitops_guard.report.context import Context
from gitops_guard.report.show.escape import sentence, visible
from gitops_guard.report.show.order import worst_first
from gitops_guard.report.show.summary import checked, crash_title, crashed, found, number, severities

PER_STEP = 10  # annotations of one kind; GitHub drops the rest without a word (orgs/community discussion 26680)

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, context: Context) -> str:
    crashes = report.crashes[:PER_STEP]
    # One notice is kept for the summary.
    room = {Severity.ERROR: PER_STEP - len(crashes), Severity.WARNING: PER_STEP, Severity.INFO: PER_STEP - 1}
    lines = [_crash(crash) for crash in crashes]
    rest: list[Finding] = []
    for finding in worst_first(report.findings):
        if room[finding.severity] > 0:
            room[finding.severity] -= 1
            lines.append(_annotation(finding, context))
        else:
            rest.append(finding)
    lines.append(_command("notice", ". ".join(_summary(report, rest)), title="gitops-guard"))
    return "".join(f"{line}\n" for line in lines)


def _summary(report: Report, rest: list[Finding]) -> Iterator[str]:
    if rest:
        more = number(len(rest), "more finding")
        yield f"+{more} not annotated here, for GitHub shows {PER_STEP} of a kind in a step: {severities(rest)}"
    yield found(report)
    yield checked(report.coverage)


def _annotation(finding: Finding, context: Context) -> str:
    text = sentence(finding.message) + (f"\nHelp: {sentence(finding.fix)}" if finding.fix else "")
    if url := context.rule_url(finding.rule):
        text += f"\nSee {url}"
    location = finding.location
    return _command(
        _COMMANDS[finding.severity],
        text,
        file=visible(location.file),
        line=str(location.line),  # without a line, an annotation is not shown among the changed files
        col=str(location.column),
        title=visible(finding.rule),
    )


def _crash(crash: Crash) -> str:
    return _command("error", sentence(crashed(crash)), title=f"gitops-guard: {crash_title(crash)}")


def _command(name: str, text: str, **properties: str) -> str:
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {given}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
