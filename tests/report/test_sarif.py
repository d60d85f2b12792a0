"""SARIF that GitHub takes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given

from gitops_guard.model.finding import Finding, Report, Severity, Waived, Waiver
from gitops_guard.model.resource import Location
from gitops_guard.report import render, sarif
from gitops_guard.report.context import Context

from .hostile import relaxed, reports

SCHEMA = json.loads((Path(__file__).parent / "data/sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema_rs.Draft4Validator(SCHEMA, validate_formats=True)
TAG = Finding(Location("a.yaml", 3, 5), "unpinned-image-tag", Severity.WARNING, "image has no tag")


def run(report: Report, context: Context | None = None) -> dict[str, Any]:
    document = json.loads(render("sarif", report, context or Context()))
    VALIDATOR.validate(document)
    first: dict[str, Any] = document["runs"][0]
    return first


def fingerprints(report: Report) -> list[str]:
    return [result["partialFingerprints"]["gitopsGuard/v1"] for result in run(report)["results"]]


def test_the_oasis_schema_refuses_what_is_not_sarif(report: Report, context: Context) -> None:
    document = json.loads(render("sarif", report, context))
    document["runs"][0]["results"][0]["level"] = "info"

    assert not VALIDATOR.is_valid(document)


def test_a_result_says_rule_level_place_and_fingerprint(report: Report, context: Context) -> None:
    done = run(report, context)
    tag = next(result for result in done["results"] if result["ruleId"] == "unpinned-image-tag")
    fingerprint = f"{report.findings[0].fingerprint}:1"

    assert done["tool"]["driver"]["rules"][tag["ruleIndex"]]["id"] == "unpinned-image-tag"
    assert tag["level"] == "warning"
    assert tag["message"]["text"] == (
        'image "nginx" of container "web" has no tag (help: write a version: nginx:1.29.3)'
    )
    assert tag["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "apps/web/deployment.yaml", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 12, "startColumn": 18},
            },
            "logicalLocations": [{"name": "web", "fullyQualifiedName": "Deployment.apps/shop/web", "kind": "resource"}],
        }
    ]
    assert tag["partialFingerprints"] == {"primaryLocationLineHash": fingerprint, "gitopsGuard/v1": fingerprint}


def test_a_rule_carries_its_documentation(report: Report, context: Context) -> None:
    rules = {rule["id"]: rule for rule in run(report, context)["tool"]["driver"]["rules"]}

    assert rules["plaintext-secret"] == {
        "id": "plaintext-secret",
        "shortDescription": {"text": "A Secret holds a literal value."},
        "fullDescription": {"text": "A Secret holds a literal value.\n\nWhy …"},
        "help": {
            "text": "A Secret holds a literal value.\n\nWhy …",
            "markdown": "A Secret holds a literal value.\n\nWhy …",
        },
        "defaultConfiguration": {"level": "error"},
        "properties": {
            "precision": "high",
            "tags": ["gitops", "kubernetes", "security"],
            "security-severity": "8.0",
        },
        "helpUri": "https://example.com/rules/plaintext-secret.md",
    }
    assert "security-severity" not in rules["unpinned-image-tag"]["properties"]
    assert list(rules) == ["deprecated-api", "plaintext-secret", "schema-missing", "unpinned-image-tag"]


@pytest.mark.parametrize(
    ("where", "kind"),
    [pytest.param("a.yaml", "inSource", id="a comment"), pytest.param("waivers.yaml", "external", id="a waiver file")],
)
def test_what_is_allowed_is_suppressed_with_its_reason(where: str, kind: str) -> None:
    waiver = Waiver("unpinned-image-tag", Location(where, 2, 1), "Flux sets it", "2027-01-31", "team-web")
    suppressions = [result["suppressions"] for result in run(Report(waived=(Waived(TAG, waiver),)))["results"]]

    assert [(one["kind"], one["status"], one["justification"]) for (one,) in suppressions] == [
        (kind, "accepted", "Flux sets it (until 2027-01-31, owner team-web)")
    ]


def test_what_is_allowed_can_be_left_out() -> None:
    waived = Waived(TAG, Waiver("unpinned-image-tag", Location("a.yaml"), "Flux sets it"))

    assert run(Report(waived=(waived,)), Context(waived_results=False))["results"] == []


def test_only_rules_of_results_are_listed() -> None:
    waived = Waived(TAG, Waiver("unpinned-image-tag", Location("a.yaml"), "Flux sets it"))
    report = Report(findings=(replace(TAG, rule="lint"),), waived=(waived,))

    def ids(context: Context) -> list[str]:
        return [rule["id"] for rule in run(report, context)["tool"]["driver"]["rules"]]

    assert ids(Context(waived_results=False)) == ["lint"]
    assert ids(Context()) == ["lint", "unpinned-image-tag"]


def test_fingerprints_stay_when_lines_move_and_are_unique() -> None:
    again = replace(TAG, location=Location("a.yaml", 9, 5))
    moved = tuple(replace(one, location=one.location._replace(line=one.location.line + 40)) for one in (TAG, again))

    assert fingerprints(Report(findings=(TAG, again))) == [f"{TAG.fingerprint}:1", f"{TAG.fingerprint}:2"]
    assert fingerprints(Report(findings=moved)) == fingerprints(Report(findings=(TAG, again)))


def test_to_allow_the_first_of_two_equal_findings_keeps_the_fingerprint_of_the_second() -> None:
    again = replace(TAG, location=Location("a.yaml", 9, 5))
    waived = Waived(TAG, Waiver("unpinned-image-tag", Location("a.yaml", 2), "Flux sets it"))

    assert fingerprints(Report(findings=(again,), waived=(waived,))) == fingerprints(Report(findings=(TAG, again)))


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        pytest.param("a b.yaml", "a%20b.yaml", id="a blank"),
        pytest.param("c:d.yaml", "c%3Ad.yaml", id="a colon, which would be a scheme"),
        pytest.param("50%.yaml", "50%25.yaml", id="a percent sign"),
        pytest.param("a#b?c.yaml", "a%23b%3Fc.yaml", id="fragment and query"),
        pytest.param("größe.yaml", "gr%C3%B6%C3%9Fe.yaml", id="UTF-8"),
        pytest.param("bad\udcff.yaml", "bad%FF.yaml", id="a byte that is not UTF-8"),
        pytest.param("no\ud800.yaml", "no%5Cud800.yaml", id="a surrogate that is no byte"),
    ],
)
def test_a_file_name_becomes_a_relative_uri(file: str, uri: str) -> None:
    results = run(Report(findings=(replace(TAG, location=Location(file)),)))["results"]

    assert [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results] == [uri]


def test_a_file_outside_the_repository_is_named_absolutely() -> None:
    results = run(Report(findings=(replace(TAG, location=Location("/tmp/a.yaml")),)))["results"]

    assert results[0]["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///tmp/a.yaml"}


def test_a_message_makes_no_link() -> None:
    results = run(Report(findings=(replace(TAG, message="[click](https://example.com)"),)))["results"]

    assert [one["message"]["text"] for one in results] == ["[click] (https://example.com)"]


def test_a_crash_makes_the_run_unsuccessful(report: Report, context: Context) -> None:
    (invocation,) = run(report, context)["invocations"]

    assert invocation["executionSuccessful"] is False
    assert [one["level"] for one in invocation["toolExecutionNotifications"]] == ["note", "error"]


def test_above_the_limit_the_worst_are_kept_and_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MAX_RESULTS", 3)
    monkeypatch.setattr(sarif, "SHOWN_RESULTS", 2)
    found = [replace(TAG, location=Location("a.yaml", line)) for line in (1, 2, 3, 4)]
    found.append(replace(TAG, location=Location("a.yaml", 5), severity=Severity.ERROR))
    waived = Waived(replace(TAG, location=Location("a.yaml", 1, 2)), Waiver("x", Location("a.yaml"), "why"))
    done = run(Report(findings=tuple(found), waived=(waived,)))

    assert [one["locations"][0]["physicalLocation"]["region"]["startLine"] for one in done["results"]] == [1, 2, 5]
    assert [one["message"]["text"] for one in done["invocations"][0]["toolExecutionNotifications"]] == [
        "0 resources in 0 files",
        "3 results were left out: GitHub takes 3",
        "GitHub shows the worst 2 of 3 results",
    ]


@relaxed
@given(reports)
def test_hostile_reports_stay_valid(report: Report) -> None:
    run(report)
