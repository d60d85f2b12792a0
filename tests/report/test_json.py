"""The JSON report: an interface with a version and a schema."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gitops_guard.model.finding import Finding, Report, Severity
from gitops_guard.model.resource import Location
from gitops_guard.report import render
from gitops_guard.report.context import Context

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/report.schema.json").read_text(encoding="utf-8"))


def without(document: dict[str, Any], *path: str | int) -> dict[str, Any]:
    copy: Any = json.loads(json.dumps(document))
    *parents, last = path
    inner = copy
    for part in parents:
        inner = inner[part]
    del inner[last]
    return copy  # type: ignore[no-any-return]  # built from JSON just above


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_report_is_valid(report: Report, context: Context) -> None:
    Draft202012Validator(SCHEMA).validate(json.loads(render("json", report, context)))
    Draft202012Validator(SCHEMA).validate(json.loads(render("json", Report(), Context())))


@pytest.mark.parametrize(
    "path",
    [
        ("version",),
        ("findings", 0, "fingerprint"),
        ("findings", 0, "resource", "namespace"),
        ("waived", 0, "waiver", "reason"),
        ("coverage", "skipped", 0, "reason"),
        ("crashes", 0, "rule"),
        ("rules", 0, "summary"),
        ("summary", "failed"),
    ],
    ids=lambda path: ".".join(map(str, path)),
)
def test_the_schema_demands(report: Report, context: Context, path: tuple[str | int, ...]) -> None:
    document = json.loads(render("json", report, context))

    assert not Draft202012Validator(SCHEMA).is_valid(without(document, *path))


def test_a_finding_has_everything_but_the_source_line(report: Report, context: Context) -> None:
    document = json.loads(render("json", report, context))

    assert document["findings"][0] == {
        "file": "apps/web/deployment.yaml",
        "line": 12,
        "column": 18,
        "rule": "unpinned-image-tag",
        "severity": "warning",
        "message": 'image "nginx" of container "web" has no tag',
        "resource": {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web"},
        "path": ["spec", "template", "spec", "containers", 0, "image"],
        "fix": "write a version: nginx:1.29.3",
        "fingerprint": report.findings[0].fingerprint,
    }


def test_the_waiver_stands_beside_what_it_allows(report: Report, context: Context) -> None:
    waived = json.loads(render("json", report, context))["waived"]

    assert [(one["finding"]["rule"], one["waiver"]["reason"], one["waiver"]["until"]) for one in waived] == [
        ("schema-missing", "no schema is published", "2027-01-31")
    ]


@pytest.mark.parametrize(
    ("fail_on", "failed"),
    [
        pytest.param(Severity.INFO, True, id="below"),
        pytest.param(Severity.WARNING, True, id="reached"),
        pytest.param(Severity.ERROR, False, id="not reached"),
    ],
)
def test_says_whether_the_limit_was_reached(report: Report, fail_on: Severity, failed: bool) -> None:
    warnings = replace(report, findings=report.findings[:1])

    assert json.loads(render("json", warnings, Context(fail_on=fail_on)))["summary"]["failed"] is failed


def test_one_finding_is_one_line(report: Report, context: Context) -> None:
    lines = render("json", report, context).splitlines()
    start = lines.index('  "findings": [')

    assert [json.loads(line.rstrip(","))["rule"] for line in lines[start + 1 : start + 4]] == [
        finding.rule for finding in report.findings
    ]


def test_a_name_that_is_not_utf_8_is_escaped_for_strict_parsers() -> None:
    finding = Finding(Location("bad\udcff.yaml"), "lint", Severity.ERROR, "wrong \ud800")
    document = json.loads(render("json", Report(findings=(finding,)), Context()))

    assert [(one["file"], one["message"]) for one in document["findings"]] == [("bad\\xff.yaml", "wrong \\ud800")]
