"""For people at a terminal: a line for each finding, the source line with a caret, and a summary."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_guard.model.finding import Crash, Finding, Report, Severity, Waived
from gitops_guard.model.resource import Skipped
from gitops_guard.report.context import Context
from gitops_guard.report.show.escape import sentence, visible
from gitops_guard.report.show.excerpt import excerpt
from gitops_guard.report.show.summary import checked, crash_title, crashed, found

_STYLES = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.INFO: "1;36"}


def render(report: Report, context: Context) -> str:
    lines: list[str] = []
    helped: set[tuple[str, str]] = set()
    for finding in report.findings:
        help_ = _help(finding)
        lines += _finding(finding, "" if (finding.rule, help_) in helped else help_, context)
        helped.add((finding.rule, help_))
    for crash in report.crashes:
        lines += _crash(crash, context)
    if lines and lines[-1]:
        lines.append("")
    if context.coverage:
        lines += _ledger("Checked in part:", report.coverage.partial)
        lines += _ledger("Not checked:", report.coverage.skipped)
        lines += _ledger("Files without manifests:", report.coverage.other)
        lines += _allowed(report.waived)
    lines += [f"note: {sentence(note)}" for note in report.coverage.notes]
    lines += _summary(report, context)
    return "".join(f"{line}\n" for line in lines)


def _help(finding: Finding) -> str:
    return sentence(finding.fix) if finding.fix else ""


def _finding(finding: Finding, help_: str, context: Context) -> Iterator[str]:
    """*help_* is "" where it was said before: under forty secrets, forty times the same hides what differs."""
    place = _paint(_place(finding), "1", context)
    label = _paint(f"{finding.severity}[{visible(finding.rule)}]", _STYLES[finding.severity], context)
    yield f"{place}: {label} {sentence(finding.message)}"
    gutter = f"{finding.location.line} |"
    if finding.excerpt is not None:
        yield from _source(finding, finding.excerpt, gutter, context)
    if help_:
        yield f"{'':>{len(gutter)}} {_paint('help:', '36', context)} {help_}"
    if finding.excerpt is not None or help_:
        yield ""


def _place(finding: Finding) -> str:
    text = f"{visible(finding.location.file)}:{finding.location.line}:{finding.location.column}"
    # A runner of GitHub obeys a line that begins with `::`, and a file may be called so.
    return f"./{text}" if text.lstrip().startswith("::") else text


def _source(finding: Finding, line: str, gutter: str, context: Context) -> Iterator[str]:
    window = excerpt(line, finding.location.column, context.width - len(gutter) - 2)
    yield f" {_paint(gutter, '34', context)} {window.text}".rstrip()
    if window.caret is not None:
        bar = _paint(f"{'|':>{len(gutter)}}", "34", context)
        yield f" {bar} {'':{window.caret}}{_paint('^', _STYLES[finding.severity], context)}"


def _crash(crash: Crash, context: Context) -> Iterator[str]:
    yield f"{_paint(crash_title(crash), '1;31', context)}: {sentence(crashed(crash))}"
    if crash.reason:
        return
    where = f" to {context.project_url}/issues" if context.project_url else ""
    yield f"  help: please report it{where}; the traceback is in the output of `--format json`"
    yield f"  help: `--ignore {visible(crash.rule)}` goes on without the rule"


def _ledger(title: str, skipped: tuple[Skipped, ...]) -> Iterator[str]:
    if not skipped:
        return
    yield title
    for one in skipped:
        reason = f": {sentence(one.reason)}" if one.reason else ""
        yield f"  {visible(one.file)}: {visible(one.kind)}{reason}"
    yield ""


def _allowed(waived: tuple[Waived, ...]) -> Iterator[str]:
    if not waived:
        return
    yield "Allowed by waivers:"
    for finding, waiver in ((one.finding, one.waiver) for one in waived):
        terms = [f"until {waiver.until}"] if waiver.until else []
        terms += [f"owner {sentence(waiver.owner)}"] if waiver.owner else []
        where = "; ".join([", ".join(terms)] * bool(terms) + [f"allowed at {visible(str(waiver.where))}"])
        yield f"  {visible(str(finding.location))}: {visible(finding.rule)}: {sentence(waiver.reason)} ({where})"
    yield ""


def _summary(report: Report, context: Context) -> Iterator[str]:
    coverage = report.coverage
    hint = "" if context.coverage else "--coverage lists them"
    if not (context.checked or report.findings or report.crashes or report.waived):
        # The command says that there was nothing to check; "No findings" above it would read as a success.
        if coverage.skipped or coverage.partial:
            yield checked(coverage, hint=hint)
        return
    yield checked(coverage, hint=hint)
    seconds = "" if context.seconds is None else f" ({context.seconds:.2f}s)"
    clean = not report.findings and not report.crashes
    yield _paint(found(report), "1;32" if clean else "1", context) + seconds


def _paint(text: str, style: str, context: Context) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if context.color else text
