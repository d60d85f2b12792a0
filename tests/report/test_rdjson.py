"""What reviewdog reads."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given

from gitops_guard.model.finding import Finding, Report, Severity
from gitops_guard.model.resource import Location
from gitops_guard.report import render
from gitops_guard.report.context import Context

from .hostile import relaxed, reports

SCHEMA = json.loads((Path(__file__).parent / "data/rdf-diagnostic-result.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)


def test_a_diagnostic_has_message_place_severity_and_code(report: Report, context: Context) -> None:
    document = json.loads(render("rdjson", report, context))

    assert document["severity"] == "ERROR"
    assert document["diagnostics"][0] == {
        "message": 'image "nginx" of container "web" has no tag\nHelp: write a version: nginx:1.29.3',
        "location": {"path": "apps/web/deployment.yaml", "range": {"start": {"line": 12, "column": 18}}},
        "severity": "WARNING",
        "code": {"value": "unpinned-image-tag", "url": "https://example.com/rules/unpinned-image-tag.md"},
    }


def test_no_findings_are_no_diagnostics() -> None:
    document = json.loads(render("rdjson", Report(), Context()))

    assert document == {"source": {"name": "gitops-guard"}, "diagnostics": []}


@pytest.mark.parametrize(
    ("excerpt", "column", "in_bytes"),
    [
        pytest.param("a: b", 4, 4, id="ASCII"),
        pytest.param("ä: b", 4, 5, id="two bytes"),
        pytest.param("名前: b", 5, 9, id="three bytes each"),
        pytest.param("a𐐀b", 3, 6, id="the example of reviewdog.proto"),
        pytest.param(None, 4, 4, id="without the line, characters"),
    ],
)
def test_columns_count_bytes(excerpt: str | None, column: int, in_bytes: int) -> None:
    finding = Finding(Location("a.yaml", 1, column), "lint", Severity.ERROR, "wrong", excerpt=excerpt)
    (diagnostic,) = json.loads(render("rdjson", Report(findings=(finding,)), Context()))["diagnostics"]

    assert diagnostic["location"]["range"]["start"]["column"] == in_bytes


@relaxed
@given(reports)
def test_hostile_reports_stay_valid(report: Report) -> None:
    VALIDATOR.validate(json.loads(render("rdjson", report, Context())))
