"""For programs: everything the report knows, versioned, described by `schemas/report.schema.json`."""

from __future__ import annotations

from typing import Any

from gitops_guard.model.finding import Crash, Finding, Report, RuleInfo, Severity, Waived
from gitops_guard.model.resource import Location, Skipped
from gitops_guard.report.context import Context
from gitops_guard.report.show.escape import encodable
from gitops_guard.report.show.layered import layered

VERSION = 1  # a field that changes its meaning or goes away makes it 2; a new field does not


def render(report: Report, context: Context) -> str:
    document = {
        "version": VERSION,
        "tool": {"name": "gitops-guard", "version": context.version},
        "summary": _summary(report, context),
        "findings": [_finding(finding) for finding in report.findings],
        "waived": [_waived(waived) for waived in report.waived],
        "crashes": [_crash(crash) for crash in report.crashes],
        "coverage": _coverage(report),
        "rules": [_rule(rule) for rule in report.rules],
    }
    return f"{layered(document, 2)}\n"


def _summary(report: Report, context: Context) -> dict[str, Any]:
    counts = dict.fromkeys(sorted(Severity, reverse=True), 0)
    for finding in report.findings:
        counts[finding.severity] += 1
    worst = report.worst()
    return {
        **{str(severity): count for severity, count in counts.items()},
        "waived": len(report.waived),
        "crashes": len(report.crashes),
        "fail_on": str(context.fail_on),
        "failed": worst is not None and worst >= context.fail_on,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    resource = finding.resource
    return {
        **_place(finding.location),
        "rule": encodable(finding.rule),
        "severity": str(finding.severity),
        "message": encodable(finding.message),
        "resource": None if resource is None else {key: encodable(name) for key, name in resource._asdict().items()},
        "path": [encodable(part) if isinstance(part, str) else part for part in finding.path],
        "fix": None if finding.fix is None else encodable(finding.fix),
        "fingerprint": finding.fingerprint,
    }


def _place(location: Location) -> dict[str, Any]:
    return {"file": encodable(location.file), "line": location.line, "column": location.column}


def _waived(waived: Waived) -> dict[str, Any]:
    waiver = waived.waiver
    return {
        "finding": _finding(waived.finding),
        "waiver": {
            **_place(waiver.where),
            "rule": encodable(waiver.rule),
            "reason": encodable(waiver.reason),
            "until": waiver.until or None,
            "owner": encodable(waiver.owner),
        },
    }


def _crash(crash: Crash) -> dict[str, str]:
    return {
        "rule": encodable(crash.rule),
        "where": encodable(crash.where),
        "traceback": encodable(crash.traceback),
        "reason": encodable(crash.reason),
    }


def _coverage(report: Report) -> dict[str, Any]:
    coverage = report.coverage
    return {
        "resources": coverage.resources,
        "files": coverage.files,
        "environments": coverage.environments,
        "apps": coverage.apps,
        "skipped": [_skipped(one) for one in coverage.skipped],
        "partial": [_skipped(one) for one in coverage.partial],
        "other": [_skipped(one) for one in coverage.other],
        "notes": [encodable(note) for note in coverage.notes],
    }


def _skipped(one: Skipped) -> dict[str, str]:
    return {"file": encodable(one.file), "kind": encodable(one.kind), "reason": encodable(one.reason)}


def _rule(rule: RuleInfo) -> dict[str, str]:
    return {"id": encodable(rule.id), "summary": encodable(rule.summary), "severity": str(rule.severity)}
