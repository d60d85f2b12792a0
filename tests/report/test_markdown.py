"""Markdown in which nothing from the repository is markup. Read by a CommonMark parser with tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from markdown_it.token import Token

from gitops_guard.model.finding import Coverage, Finding, Report, Severity
from gitops_guard.model.resource import Location, Skipped
from gitops_guard.report import markdown, render
from gitops_guard.report.context import Context

from .hostile import relaxed, reports

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
TAG = Finding(Location("a.yaml", 3, 5), "unpinned-image-tag", Severity.WARNING, "image has no tag")
# What GitHub turns into a link, a mention, an emoji, a footnote or a formula where it stands as text.
LIVE = re.compile(r"@\w|#\d|GH-\d|://|www\.|\b[0-9a-f]{7,40}\b|:\w+:|\[\^|\$")


def inline(text: str) -> Iterator[Token]:
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def rows(text: str) -> list[list[str]]:
    """The cells of the tables, head lines left out, as they are shown."""
    read: list[list[str]] = []
    for token in PARSER.parse(text):
        if token.type == "tr_open":
            read.append([])
        elif token.type == "inline" and read and token.level > 3:
            read[-1].append("".join(child.content for child in token.children or ()))
    return [row for row in read if row and row[0] not in {"Severity", "Not checked, or in part"}]


def test_a_finding_is_a_row_the_worst_first(report: Report, context: Context) -> None:
    assert rows(render("markdown", report, context)) == [
        [
            "error",
            "apps/web/secret.yaml:7:13",
            "plaintext-secret",
            "key password holds a literal value (sha256 starts with 5e88)",
        ],
        [
            "warning",
            "apps/web/deployment.yaml:12:18",
            "unpinned-image-tag",
            'image "nginx" of container "web" has no tag<br>Help: write a version: nginx:1.29.3',
        ],
        [
            "info",
            "clusters/kind/ingress.yaml:1:13",
            "deprecated-api",
            "extensions/v1beta1 Ingress is gone since Kubernetes 1.22",
        ],
    ]


def test_the_summary_stands_below(report: Report, context: Context) -> None:
    lines = render("markdown", report, context).splitlines()

    assert lines[0] == "### gitops-guard: 1 error, 1 warning, 1 info"
    assert lines[-3:] == [
        "Found 1 error, 1 warning, 1 info; 1 finding allowed by waivers; 1 rule crashed, so this is not all. "
        "812 resources in 640 files, 14 environments; checked in part: 1 strategic merge patch; "
        "not checked: 2 Helm templates, 2 encrypted files.",
        "",
        "Note: yamllint was switched off",
    ]


def test_nothing_found_is_said() -> None:
    assert render("markdown", Report(), Context()) == (
        "### gitops-guard: no findings\n\nNo findings. 0 resources in 0 files.\n"
    )


def test_coverage_lists_the_files(report: Report, context: Context) -> None:
    listed = rows(render("markdown", report, replace(context, coverage=True)))[len(report.findings) :]

    assert [(file, kind) for file, kind, _ in listed][:2] == [
        ("charts/web/templates/a.yaml", "Helm template"),
        ("charts/web/templates/b.yaml", "Helm template"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("image has no tag", "image has no tag", id="plain words"),
        pytest.param("it doesn't, (yes) well-known!", "it doesn't, (yes) well-known!", id="with punctuation"),
        pytest.param("ask @team.", "ask `@team`.", id="a mention"),
        pytest.param("see #1", "see `#1`", id="a reference"),
        pytest.param("in deadbeef1", "in `deadbeef1`", id="a commit"),
        pytest.param("a_b_ *c*", "`a_b_` `*c*`", id="emphasis"),
        pytest.param("a|b", "`a`&#124;`b`", id="the end of a cell"),
        pytest.param("x\\|y", "`x\\`&#124;`y`", id="with a backslash"),
        pytest.param("a```b", "````a```b````", id="a run of backticks"),
        pytest.param("`spec` field", "`spec` field", id="what is code already"),
        pytest.param("use `policy/v1 Budget`, not `a b`", "use `policy/v1 Budget`, not `a b`", id="code of two words"),
        pytest.param("x` @team `y", "``x` @team `y``", id="a word around code"),
        pytest.param("`a b``c d`", "`` `a `` ```b``c``` `` d` ``", id="code beside code"),
        pytest.param("a `b @team", "a `` `b `` `@team`", id="code without an end"),
        pytest.param("`", "`` ` ``", id="a lone backtick"),
        pytest.param("</details>", "`</details>`", id="HTML"),
        pytest.param("1,200 of 812", "1,200 of 812", id="numbers"),
        pytest.param("www.example.com", "`www.example.com`", id="an address"),
    ],
)
def test_a_word_that_is_not_plain_stands_in_code(text: str, expected: str) -> None:
    assert markdown.prose(text) == expected


def test_a_long_report_stays_under_the_limit_and_says_what_is_missing() -> None:
    found = tuple(replace(TAG, location=Location("ä" * 100, line)) for line in range(1, 2001))
    skipped = tuple(Skipped(f"{number}.yaml", "Helm template", "needs values") for number in range(2000))
    text = render("markdown", Report(found, coverage=Coverage(skipped=skipped)), Context(coverage=True))
    shown = len([row for row in rows(text) if row[0] == "warning"])

    assert len(text.encode()) < markdown.MAX_BODY
    assert f"\n{2000 - shown:,} more findings not shown: {2000 - shown:,} warnings.\n" in text
    assert "2,000 more files not shown." in text


def test_one_endless_message_is_cut() -> None:
    text = render("markdown", Report(findings=(replace(TAG, message="wrong " * 100_000),)), Context())

    assert len(text) < 2_000


def test_a_file_name_that_does_not_fit_hides_nothing_in_silence() -> None:
    text = render("markdown", Report(findings=(replace(TAG, location=Location("\x00" * 20_000)),)), Context())

    assert "1 more finding not shown: 1 warning." in text


@relaxed
@given(reports)
def test_hostile_reports_make_no_markup(report: Report) -> None:
    text = render("markdown", report, Context(coverage=True))
    tokens = list(inline(text))

    assert {token.type for token in tokens} <= {
        *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "text", "code_inline"),
        *("table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close"),
        *("tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close"),
        *("html_inline", "strong_open", "strong_close", "text_special"),
    }
    assert {token.content for token in tokens if token.type == "html_inline"} <= {"<br>"}
    assert [token.content for token in tokens if token.type == "text" and LIVE.search(token.content)] == []


@relaxed
@given(reports)
def test_hostile_reports_keep_their_rows(report: Report) -> None:
    coverage = report.coverage
    listed = len(coverage.skipped) + len(coverage.partial) + len(coverage.other)
    read = rows(render("markdown", report, Context(coverage=True)))

    assert [len(row) for row in read] == [4] * len(report.findings) + [3] * listed
