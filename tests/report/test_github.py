"""Workflow commands: one on each line, within GitHub's limits."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given

from gitops_guard.model.finding import Crash, Finding, Report, Severity
from gitops_guard.model.resource import Location
from gitops_guard.report import render
from gitops_guard.report.context import Context

from .hostile import relaxed, reports

# As actions/runner reads a line (ActionCommand.TryParseV2): name, properties, data.
COMMAND = re.compile(r"::(error|warning|notice) ([^:\r\n]*)::([^\r\n]*)")
TAG = Finding(Location("a.yaml", 3, 5), "unpinned-image-tag", Severity.WARNING, "image has no tag")


def unescaped(text: str, *, of_property: bool) -> str:
    if of_property:
        text = text.replace("%3A", ":").replace("%2C", ",")
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    read = []
    for line in text.removesuffix("\n").split("\n"):
        matched = COMMAND.fullmatch(line)
        assert matched, line
        pairs = dict(pair.split("=", 1) for pair in matched[2].split(","))
        properties = {key: unescaped(value, of_property=True) for key, value in pairs.items()}
        read.append((matched[1], properties, unescaped(matched[3], of_property=False)))
    return read


def many(severity: Severity, count: int) -> tuple[Finding, ...]:
    return tuple(replace(TAG, severity=severity, location=Location("a.yaml", line)) for line in range(1, count + 1))


def test_the_worst_come_first_and_a_notice_sums_up(report: Report, context: Context) -> None:
    assert commands(render("github", replace(report, crashes=()), context)) == [
        (
            "error",
            {"file": "apps/web/secret.yaml", "line": "7", "col": "13", "title": "plaintext-secret"},
            "key password holds a literal value (sha256 starts with 5e88)\n"
            "See https://example.com/rules/plaintext-secret.md",
        ),
        (
            "warning",
            {"file": "apps/web/deployment.yaml", "line": "12", "col": "18", "title": "unpinned-image-tag"},
            'image "nginx" of container "web" has no tag\nHelp: write a version: nginx:1.29.3\n'
            "See https://example.com/rules/unpinned-image-tag.md",
        ),
        (
            "notice",
            {"file": "clusters/kind/ingress.yaml", "line": "1", "col": "13", "title": "deprecated-api"},
            "extensions/v1beta1 Ingress is gone since Kubernetes 1.22\nSee https://example.com/rules/deprecated-api.md",
        ),
        (
            "notice",
            {"title": "gitops-guard"},
            "Found 1 error, 1 warning, 1 info; 1 finding allowed by waivers. 812 resources in 640 files, "
            "14 environments; checked in part: 1 strategic merge patch; "
            "not checked: 2 Helm templates, 2 encrypted files",
        ),
    ]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        pytest.param("100%", "100%25", id="percent"),
        pytest.param("%0A", "%250A", id="what looks escaped"),
        pytest.param("a,b", "a%2Cb", id="a comma"),
        pytest.param("a:b", "a%3Ab", id="a colon"),
        pytest.param("a\r\nb", "a\\r\\nb", id="a line break is shown"),
    ],
)
def test_a_file_name_is_escaped(text: str, escaped: str) -> None:
    first = render("github", Report(findings=(replace(TAG, location=Location(text)),)), Context()).split("\n")[0]

    assert first == f"::warning file={escaped},line=1,col=1,title=unpinned-image-tag::image has no tag"


def test_above_ten_of_a_kind_the_rest_is_counted() -> None:
    found = (*many(Severity.ERROR, 12), *many(Severity.WARNING, 11), *many(Severity.INFO, 10))
    read = commands(render("github", Report(findings=found), Context()))

    assert [name for name, _, _ in read] == ["error"] * 10 + ["warning"] * 10 + ["notice"] * 10
    assert [properties["line"] for name, properties, _ in read if name == "error"] == [str(n) for n in range(1, 11)]
    assert read[-1][2].startswith(
        "+4 more findings not annotated here, for GitHub shows 10 of a kind in a step: 2 errors, 1 warning, 1 info. "
    )


def test_a_crash_takes_the_place_of_an_error() -> None:
    report = Report(findings=many(Severity.ERROR, 10), crashes=(Crash("selector-mismatch", "", "Traceback"),))
    read = commands(render("github", report, Context()))

    assert [(name, properties["title"]) for name, properties, _ in read][:2] == [
        ("error", "gitops-guard: internal error"),
        ("error", "unpinned-image-tag"),
    ]
    assert read[-1][2].startswith("+1 more finding not annotated here")
    assert "Traceback" not in str(read)


def test_nothing_found_is_said() -> None:
    assert render("github", Report(), Context()) == (
        "::notice title=gitops-guard::No findings. 0 resources in 0 files\n"
    )


@relaxed
@given(reports)
def test_hostile_reports_are_one_command_a_line(report: Report) -> None:
    read = commands(render("github", report, Context(docs_url="https://example.com/")))

    assert {key for _, properties, _ in read for key in properties} <= {"file", "line", "col", "title"}
    assert len(read) == len(report.findings) + len(report.crashes) + 1
