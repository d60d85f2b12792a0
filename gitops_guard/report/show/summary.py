"""The sentences that count: what was checked, what was not, what was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gitops_guard.model.finding import Coverage, Crash, Finding, Report, Severity
from gitops_guard.model.resource import FileKind, Skipped
from gitops_guard.report.show.escape import visible


class Noun(NamedTuple):
    one: str
    many: str


# Two ways to encrypt are one thing to the reader of a summary; the ledger names them apart.
_ENCRYPTED = Noun("encrypted file", "encrypted files")
_NOUNS: dict[str, Noun] = {
    FileKind.SOPS: _ENCRYPTED,
    FileKind.GIT_CRYPT: _ENCRYPTED,
    FileKind.STRATEGIC_PATCH: Noun("strategic merge patch", "strategic merge patches"),
    FileKind.JSON_PATCH: Noun("JSON6902 patch", "JSON6902 patches"),
    FileKind.HELM_VALUES: Noun("Helm values file", "Helm values files"),
    FileKind.OTHER_YAML: Noun("other YAML file", "other YAML files"),
    FileKind.BROKEN: Noun("broken file", "broken files"),
    FileKind.TOO_LARGE: Noun("file over the size limit", "files over the size limit"),
    FileKind.NOT_YAML: Noun("file that is not YAML", "files that are not YAML"),
}


def number(count: int, one: str, many: str = "") -> str:
    """`1 error`, `3 errors`, `1,200 resources`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def checked(coverage: Coverage, *, hint: str = "") -> str:
    """`812 resources in 640 files, 14 environments; not checked: 9 Helm templates (*hint*)`, ready to print."""
    text = f"{number(coverage.resources, 'resource')} in {number(coverage.files, 'file')}"
    if coverage.environments:
        text += f", {number(coverage.environments, 'environment')}"
    if coverage.partial:
        text += f"; checked in part: {_by_kind(coverage.partial)}"
    if coverage.skipped:
        text += f"; not checked: {_by_kind(coverage.skipped)}"
    return f"{text} ({hint})" if hint and (coverage.partial or coverage.skipped) else text


def found(report: Report) -> str:
    """`Found 3 errors, 1 warning` or `No findings`, and what else decides how far to believe that."""
    text = f"Found {severities(report.findings)}" if report.findings else "No findings"
    if report.waived:
        text += f"; {number(len(report.waived), 'finding')} allowed by waivers"
    if report.crashes:
        text += f"; {_missing(report.crashes)}, so this is not all"
    return text


def _missing(crashes: Sequence[Crash]) -> str:
    policies = len({crash.rule for crash in crashes if crash.reason})
    rules = sum(not crash.reason for crash in crashes)
    parts = [f"{number(rules, 'rule')} crashed"] if rules else []
    parts += [f"{number(policies, 'policy', 'policies')} could not be evaluated"] if policies else []
    return " and ".join(parts)


def crash_title(crash: Crash) -> str:
    """What a crash is, in two words."""
    return "policy error" if crash.reason else "internal error"


def severities(findings: Iterable[Finding]) -> str:
    counted = dict.fromkeys(sorted(Severity, reverse=True), 0)
    for finding in findings:
        counted[finding.severity] += 1
    plural = {Severity.INFO: "info"}
    parts = [number(count, str(severity), plural.get(severity, "")) for severity, count in counted.items() if count]
    return ", ".join(parts)


def crashed(crash: Crash) -> str:
    """Names the rule and the next step. The traceback stays in the JSON report."""
    if crash.reason:
        return f"{crash.where or crash.rule}: {crash.reason} [{crash.rule}]"
    where = f" at {crash.where}" if crash.where else ""
    return f"rule {crash.rule!r} crashed{where}: what it would have found is missing"


def _by_kind(skipped: Iterable[Skipped]) -> str:
    counted: dict[Noun, int] = {}
    for one in skipped:
        noun = _noun(one.kind)
        counted[noun] = counted.get(noun, 0) + 1
    order = sorted(counted.items(), key=lambda item: (item[0] == _NOUNS[FileKind.NOT_YAML], -item[1], item[0]))
    return ", ".join(number(count, *noun) for noun, count in order)


def _noun(kind: str) -> Noun:
    known = _NOUNS.get(kind)
    return known or Noun(visible(kind), f"{visible(kind)}s")
