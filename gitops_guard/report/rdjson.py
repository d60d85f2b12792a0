"""reviewdog's diagnostic format (`DiagnosticResult` of reviewdog.proto): `… | reviewdog -f=rdjson -reporter=…`.

No `suggestions`: reviewdog applies them as they stand, and a `fix` is a sentence.
"""

from __future__ import annotations

from typing import Any

from gitops_guard.model.finding import Finding, Report, Severity
from gitops_guard.report.context import Context
from gitops_guard.report.show.escape import encodable
from gitops_guard.report.show.layered import layered


def render(report: Report, context: Context) -> str:
    source = {"name": "gitops-guard"} | ({"url": context.project_url} if context.project_url else {})
    worst = report.worst()
    document: dict[str, Any] = {
        "source": source,
        **({"severity": _severity(worst)} if worst is not None else {}),
        "diagnostics": [_diagnostic(finding, context) for finding in report.findings],
    }
    return f"{layered(document, 2)}\n"


def _diagnostic(finding: Finding, context: Context) -> dict[str, Any]:
    code = {"value": encodable(finding.rule)}
    if url := context.rule_url(finding.rule):
        code["url"] = url
    return {
        "message": encodable(finding.message) + (f"\nHelp: {encodable(finding.fix)}" if finding.fix else ""),
        "location": {
            "path": encodable(finding.location.file),
            "range": {"start": {"line": finding.location.line, "column": _bytes(finding)}},
        },
        "severity": _severity(finding.severity),
        "code": code,
    }


def _bytes(finding: Finding) -> int:
    """The column as reviewdog counts it: in bytes of UTF-8, from 1. Without the source line, in characters."""
    before = (finding.excerpt or "")[: finding.location.column - 1]
    return finding.location.column + len(before.encode(errors="surrogatepass")) - len(before)


def _severity(severity: Severity) -> str:
    return severity.name  # ERROR, WARNING, INFO: the same three words
