"""Tests of policies as JSON: {tests: [...], errors: [...], coverage: {...} or null}."""

from __future__ import annotations

import json
from typing import Any

from gitops_guard.model.resource import Location
from gitops_guard.policy.testing import Outcome, TestReport
from gitops_guard.report.show.escape import encodable


def render(report: TestReport) -> str:
    document = {
        "version": 1,
        "summary": {outcome.value: report.count(outcome) for outcome in Outcome},
        "tests": [
            {
                "name": encodable(result.name),
                "outcome": result.outcome.value,
                **_place(result.where),
                "message": encodable(result.message),
                "printed": encodable(result.printed),
            }
            for result in report.results
        ],
        "errors": [
            {
                "policy": encodable(failure.policy),
                "message": encodable(failure.message),
                **(_place(failure.at) if failure.at else {}),
            }
            for failure in report.failures
        ],
        "coverage": _coverage(report),
    }
    return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n"


def _place(location: Location) -> dict[str, Any]:
    return {"file": encodable(location.file), "line": location.line, "column": location.column}


def _coverage(report: TestReport) -> dict[str, Any] | None:
    if report.coverage is None:
        return None
    files = [{"file": encodable(file.path), "covered": file.covered, "missed": file.missed} for file in report.coverage]
    return {"percent": round(report.percent, 2), "files": files}
