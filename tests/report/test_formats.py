"""What holds for every format: found in the folder, the same bytes, writable, unbreakable."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.model.errors import UsageError
from gitops_guard.model.finding import Finding, Report, Severity
from gitops_guard.model.resource import Location, ResourceId
from gitops_guard.report import formats, render
from gitops_guard.report.context import Context

from .hostile import relaxed, reports

NAMES = ["github", "json", "junit", "markdown", "rdjson", "sarif", "text"]
READ_BY_PEOPLE = ["github", "markdown", "text"]


def turned_around(report: Report) -> Report:
    coverage = report.coverage
    return replace(
        report,
        findings=report.findings[::-1],
        waived=report.waived[::-1],
        crashes=report.crashes[::-1],
        rules=report.rules[::-1],
        coverage=replace(
            coverage,
            skipped=coverage.skipped[::-1],
            partial=coverage.partial[::-1],
            other=coverage.other[::-1],
            notes=coverage.notes[::-1],
        ),
    )


def test_a_format_is_a_module_of_the_folder() -> None:
    assert formats() == NAMES


def test_listing_the_formats_imports_nothing_of_ours() -> None:
    program = "import sys; from gitops_guard.report import formats; formats()"
    program += "; print(sorted(name for name in sys.modules if name.startswith('gitops_guard.')))"

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert printed.stdout == "['gitops_guard.report']\n"


def test_an_unknown_format_is_a_sentence_and_a_list() -> None:
    with pytest.raises(UsageError, match=r"there is no output format 'xml' \(there are: github, json, junit, "):
        render("xml", Report(), Context())


@pytest.mark.parametrize("name", NAMES)
@relaxed
@given(report=reports)
def test_the_same_report_in_any_order_gives_the_same_bytes(name: str, report: Report) -> None:
    context = Context(coverage=True)
    once = render(name, report, context)

    assert render(name, turned_around(report), context) == once
    assert once.encode().endswith(b"\n")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "text"])
def test_only_text_tells_the_time(name: str, report: Report, context: Context) -> None:
    assert render(name, report, context) == render(name, report, replace(context, seconds=1.5, width=40))


@pytest.mark.parametrize("name", READ_BY_PEOPLE)
@relaxed
@given(report=reports, coverage=st.booleans())
def test_no_control_or_invisible_character_reaches_a_person(name: str, report: Report, coverage: bool) -> None:
    text = render(name, report, Context(coverage=coverage))

    assert [c for c in text if not c.isprintable() and c not in "\n\u3000"] == []


@pytest.mark.parametrize("name", READ_BY_PEOPLE)
@relaxed
@given(report=reports)
def test_no_line_starts_a_workflow_command_that_is_not_ours(name: str, report: Report) -> None:
    lines = render(name, report, Context()).splitlines()

    assert [line for line in lines if line.lstrip().startswith("::") and name != "github"] == []
    assert [line for line in lines if "##[" in line] == []


@pytest.mark.parametrize("name", NAMES)
def test_findings_that_differ_only_in_their_resource_can_be_sorted(name: str) -> None:
    one = Finding(Location("a.yaml"), "lint", Severity.ERROR, "wrong", path=(0,))
    other = replace(one, resource=ResourceId("", "Pod", "", "a"), path=("spec",))

    assert render(name, Report(findings=(one, other)), Context())
