"""Markdown for a job summary or a comment, in which nothing from the repository is markup.

GitHub looks for mentions, references, commits and addresses in the rendered text, so a backslash does not stop them.
A code span does: every word that is not plain English stands in one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitops_guard.model.finding import Finding, Report
from gitops_guard.model.resource import Skipped
from gitops_guard.report.context import Context
from gitops_guard.report.show.escape import sentence, visible
from gitops_guard.report.show.order import worst_first
from gitops_guard.report.show.summary import checked, crash_title, crashed, found, number, severities

MAX_BODY = 65_536  # characters; above it GitHub answers 422 "Body is too long" (google/go-github#440)
_BUDGET = MAX_BODY - 5_536  # the forge adds its marker and its own sentences
_RESERVE = 500  # bytes for the head of a table and the sentence about the rest
_MAX_MESSAGE = 1_000  # characters of one message

# A word: quotes or a bracket before it, punctuation behind it. None of these starts markup beside a code span.
_WORD = re.compile(r"""([("']*)(.*?)([)"',.;:?!]*)""", re.DOTALL)
# Letters with an apostrophe or a hyphen inside, or a number too short for a commit id.
_PLAIN = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*|[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,6}")
_COMMIT = re.compile(r"[0-9a-fA-F]{7,}")
_QUOTED = re.compile(r"`([^`]+)`")
# What a message marks as code is one word, with the blanks in it: `policy/v1beta1 PodDisruptionBudget`.
_WORDS = re.compile(r"(?:(?<!`)`[^`]+`(?!`)|[^ ])+")
_TICKS = re.compile(r"`+")


def render(report: Report, context: Context) -> str:
    lines = [f"### gitops-guard: {_title(report)}", ""]
    tail = list(_tail(report))
    room = _BUDGET - sum(map(_size, lines + tail))
    lines += _findings(report, room)
    lines += tail
    if context.coverage:
        coverage = report.coverage
        listed = (*coverage.skipped, *coverage.partial, *coverage.other)
        lines += _ledger(listed, _BUDGET - sum(map(_size, lines)))
    return "".join(f"{line}\n" for line in lines)


def _title(report: Report) -> str:
    return severities(report.findings) or "no findings"


def _findings(report: Report, room: int) -> Iterator[str]:
    if not report.findings:
        return
    yield from ("| Severity | Place | Rule | Finding |", "| --- | --- | --- | --- |")
    room -= _RESERVE
    findings = worst_first(report.findings)
    for index, finding in enumerate(findings):
        row = _row(finding)
        room -= _size(row)
        if room < 0:
            yield from (
                "",
                f"{number(len(findings) - index, 'more finding')} not shown: {severities(findings[index:])}.",
            )
            break
        yield row
    yield ""


def _row(finding: Finding) -> str:
    message = sentence(finding.message)
    fix = f"<br>Help: {prose(_short(sentence(finding.fix)))}" if finding.fix else ""
    return (
        f"| {finding.severity} | {code(str(finding.location))} | {code(finding.rule)} | {prose(_short(message))}{fix} |"
    )


def _tail(report: Report) -> Iterator[str]:
    for crash in report.crashes[:10]:
        yield from (f"**{crash_title(crash).capitalize()}**: {prose(_short(sentence(crashed(crash))))}", "")
    yield f"{prose(found(report))}. {prose(checked(report.coverage))}."
    for note in report.coverage.notes[:10]:
        yield from ("", f"Note: {prose(_short(sentence(note)))}")


def _ledger(skipped: tuple[Skipped, ...], room: int) -> Iterator[str]:
    if not skipped:
        return
    yield from ("", "| Not checked, or in part | Kind | Reason |", "| --- | --- | --- |")
    room -= _RESERVE
    for index, one in enumerate(skipped):
        row = f"| {code(one.file)} | {prose(visible(one.kind))} | {prose(_short(sentence(one.reason)))} |"
        room -= _size(row)
        if room < 0:
            yield from ("", f"{number(len(skipped) - index, 'more file')} not shown.")
            return
        yield row


def prose(text: str) -> str:
    """A sentence whose plain words stay words; every other word stands in a code span. *text* is already visible."""
    return " ".join(map(_word, _WORDS.findall(text)))


def _word(word: str) -> str:
    matched = _WORD.fullmatch(word)
    before, core, after = matched.groups() if matched else ("", word, "")
    if not core or (_PLAIN.fullmatch(core) and not _COMMIT.fullmatch(core)):
        return word
    quoted = _QUOTED.fullmatch(core)  # the message has marked it as code itself
    return before + code(quoted[1] if quoted else core) + after


def code(text: str) -> str:
    """*text* as code. A `|` stands outside: it would end the cell of a table, as `\\|` does after a backslash."""
    return "&#124;".join(_span(part) for part in visible(text).split("|"))


def _span(text: str) -> str:
    if not text:
        return ""
    ticks = "`" * (1 + max((len(run[0]) for run in _TICKS.finditer(text)), default=0))
    pad = " " if text[0] == "`" or text[-1] == "`" or text[0] == text[-1] == " " else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _short(text: str) -> str:
    return text if len(text) <= _MAX_MESSAGE else text[:_MAX_MESSAGE] + " …"


def _size(line: str) -> int:
    """In bytes: never fewer than the characters that GitHub counts."""
    return len(line.encode()) + 1
