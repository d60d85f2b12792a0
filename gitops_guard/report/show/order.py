"""One order for everything, so that the same report gives the same bytes."""

from __future__ import annotations

from dataclasses import replace

from gitops_guard.model.finding import Finding, Report, Waived

Key = tuple[object, ...]


def in_order(report: Report) -> Report:
    """All tuples sorted, findings from top to bottom, file by file."""
    coverage = report.coverage
    return Report(
        findings=tuple(sorted(report.findings, key=_place)),
        waived=tuple(sorted(report.waived, key=_waived)),
        coverage=replace(
            coverage,
            skipped=tuple(sorted(coverage.skipped, key=lambda one: (one.file, one.kind, one.reason))),
            partial=tuple(sorted(coverage.partial, key=lambda one: (one.file, one.kind, one.reason))),
            other=tuple(sorted(coverage.other, key=lambda one: (one.file, one.kind, one.reason))),
            notes=tuple(sorted(coverage.notes)),
        ),
        crashes=tuple(sorted(report.crashes, key=lambda one: (one.rule, one.where, one.traceback))),
        rules=tuple(sorted(report.rules, key=lambda one: (one.id, one.summary, one.doc, one.severity))),
    )


def worst_first(findings: tuple[Finding, ...]) -> list[Finding]:
    """For formats that can show only a part."""
    return sorted(findings, key=lambda finding: (-finding.severity, *_place(finding)))


def _place(finding: Finding) -> Key:
    # Not `sorted(findings)`: it compares None with a ResourceId, and 0 with "name" in a path.
    return (
        finding.location,
        finding.rule,
        -finding.severity,
        finding.message,
        finding.resource or (),
        tuple(map(str, finding.path)),
        finding.fix or "",
        finding.excerpt or "",
    )


def _waived(waived: Waived) -> Key:
    waiver = waived.waiver
    return (*_place(waived.finding), waiver.where, waiver.reason, waiver.until, waiver.owner, waiver.rule)
