"""JUnit XML, valid against the schema that Jenkins and kubeconform use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given

from gitops_guard.model.finding import Report, Severity
from gitops_guard.report import render
from gitops_guard.report.context import Context

from .hostile import relaxed, reports

XS = "{http://www.w3.org/2001/XMLSchema}"


class Schema:
    """As much of XML Schema as junit.xsd uses: global elements, attributes, sequences of references."""

    def __init__(self, file: Path) -> None:
        root = ElementTree.parse(file).getroot()
        self.elements = {element.attrib["name"]: element for element in root.findall(f"{XS}element")}

    def faults(self, node: ElementTree.Element) -> Iterator[str]:
        declared = self.elements[node.tag]
        attributes = {one.attrib["name"]: one.attrib["use"] for one in declared.iter(f"{XS}attribute")}
        yield from (f"{node.tag} has {name}" for name in node.attrib if name not in attributes)
        yield from (
            f"{node.tag} lacks {name}"
            for name, use in attributes.items()
            if use == "required" and name not in node.attrib
        )
        allowed = {
            one.attrib["ref"]: one.attrib.get("maxOccurs", "1")
            for one in declared.iter(f"{XS}element")
            if "ref" in one.attrib
        }
        runs = [(tag, len(list(members))) for tag, members in groupby(child.tag for child in node)]
        order = [tag for tag, _ in runs]
        if order != [tag for tag in allowed if tag in order]:
            yield f"{node.tag} holds {order}, not in the order of {list(allowed)}"
        yield from (f"{node.tag} holds {count} {tag}" for tag, count in runs if count > 1 and allowed[tag] == "1")
        for child in node:
            yield from self.faults(child)


SCHEMA = Schema(Path(__file__).parent / "data/junit.xsd")


def suites(report: Report, context: Context | None = None) -> ElementTree.Element:
    root = ElementTree.fromstring(render("junit", report, context or Context()).encode())
    assert list(SCHEMA.faults(root)) == []
    return root


def outcomes(root: ElementTree.Element) -> list[tuple[str, str, str]]:
    return [
        (suite.attrib["name"], test.attrib["classname"], outcome.tag)
        for suite in root
        for test in suite
        for outcome in test
    ]


@pytest.mark.parametrize(
    "xml",
    [
        pytest.param("<testsuites><testcase name='a'/></testsuites>", id="an element at the wrong place"),
        pytest.param("<testsuites><testsuite name='a'/></testsuites>", id="a missing attribute"),
        pytest.param("<testsuites color='red'/>", id="an unknown attribute"),
        pytest.param("<testcase name='a'><failure/><skipped/></testcase>", id="the wrong order"),
        pytest.param("<testcase name='a'><skipped/><skipped/></testcase>", id="one too many"),
    ],
)
def test_the_schema_refuses(xml: str) -> None:
    assert list(SCHEMA.faults(ElementTree.fromstring(xml))) != []


def test_errors_and_warnings_fail_notes_pass_the_allowed_is_skipped(report: Report, context: Context) -> None:
    assert outcomes(suites(report, context)) == [
        ("apps/db/db.yaml", "schema-missing", "skipped"),
        ("apps/web/deployment.yaml", "unpinned-image-tag", "failure"),
        ("apps/web/secret.yaml", "plaintext-secret", "failure"),
        ("clusters/kind/ingress.yaml", "deprecated-api", "system-out"),
        ("gitops-guard", "rules", "error"),
        ("gitops-guard", "coverage", "system-out"),
    ]


def test_a_note_fails_where_fail_on_says_so(report: Report) -> None:
    found = outcomes(suites(report, Context(fail_on=Severity.INFO)))

    assert ("clusters/kind/ingress.yaml", "deprecated-api", "failure") in found


def test_a_failure_names_severity_sentence_and_place(report: Report, context: Context) -> None:
    failure = suites(report, context).find(".//failure[@type='warning']")

    assert failure is not None
    assert failure.attrib["message"] == (
        'image "nginx" of container "web" has no tag; help: write a version: nginx:1.29.3'
    )
    assert failure.text == "Deployment shop/web unpinned-image-tag apps/web/deployment.yaml:12:18"


def test_the_totals_add_up(report: Report, context: Context) -> None:
    root = suites(report, context)

    assert root.attrib == {"name": "gitops-guard", "tests": "6", "failures": "2", "errors": "1"}
    for total in ("tests", "failures", "errors"):
        assert sum(int(suite.attrib[total]) for suite in root) == int(root.attrib[total])


def test_nothing_found_is_a_test_that_passed() -> None:
    assert outcomes(suites(Report())) == [("gitops-guard", "coverage", "system-out")]


def test_coverage_lists_what_was_not_checked(report: Report, context: Context) -> None:
    root = suites(report, replace(context, coverage=True))
    skipped = [test.attrib["name"] for test in root.findall("testsuite[@name='gitops-guard']/testcase[skipped]")]

    assert skipped == [one.file for one in report.coverage.skipped]


@relaxed
@given(reports)
def test_hostile_reports_stay_valid(report: Report) -> None:
    suites(report, Context(coverage=True))
