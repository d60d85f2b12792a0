"""What a person reads at a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gitops_guard.model.finding import Coverage, Finding, Report, Severity, Waived, Waiver
from gitops_guard.model.resource import Location, Skipped
from gitops_guard.report import render
from gitops_guard.report.context import Context


def test_shows_place_rule_sentence_line_caret_and_help(report: Report, context: Context) -> None:
    lines = render("text", report, context).splitlines()

    assert lines[:5] == [
        'apps/web/deployment.yaml:12:18: warning[unpinned-image-tag] image "nginx" of container "web" has no tag',
        " 12 |           image: nginx",
        "    |                  ^",
        "     help: write a version: nginx:1.29.3",
        "",
    ]


def test_the_summary_says_what_was_and_was_not_checked(report: Report, context: Context) -> None:
    lines = render("text", report, replace(context, seconds=0.4161)).splitlines()

    assert lines[-3:] == [
        "note: yamllint was switched off",
        "812 resources in 640 files, 14 environments; checked in part: 1 strategic merge patch; "
        "not checked: 2 Helm templates, 2 encrypted files (--coverage lists them)",
        "Found 1 error, 1 warning, 1 info; 1 finding allowed by waivers; 1 rule crashed, so this is not all (0.42s)",
    ]


def test_a_crash_names_the_rule_and_the_next_step_and_shows_no_traceback(report: Report, context: Context) -> None:
    lines = render("text", report, context).splitlines()
    start = next(index for index, line in enumerate(lines) if "internal error" in line)

    assert lines[start : start + 3] == [
        "internal error: rule 'selector-mismatch' crashed at apps/web/service.yaml:3:1: "
        "what it would have found is missing",
        "  help: please report it to https://example.com/gitops-guard/issues; "
        "the traceback is in the output of `--format json`",
        "  help: `--ignore selector-mismatch` goes on without the rule",
    ]
    assert "KeyError" not in "\n".join(lines)


def test_coverage_lists_every_file(report: Report, context: Context) -> None:
    lines = render("text", report, replace(context, coverage=True)).splitlines()

    assert lines[lines.index("Checked in part:") :][:7] == [
        "Checked in part:",
        "  apps/web/patch.yaml: strategic merge patch: a part of a Deployment",
        "",
        "Not checked:",
        "  charts/web/templates/a.yaml: Helm template: needs values",
        "  charts/web/templates/b.yaml: Helm template: needs values",
        "  secrets/db.yaml: SOPS-encrypted file: values are encrypted",
    ]
    assert "  README.md: not YAML" in lines
    assert "--coverage" not in lines[-2]


def test_coverage_lists_what_waivers_allow(report: Report, context: Context) -> None:
    lines = render("text", report, replace(context, coverage=True)).splitlines()
    start = lines.index("Allowed by waivers:")

    assert lines[start + 1 : start + 3] == [
        "  apps/db/db.yaml:2:7: schema-missing: no schema is published "
        "(until 2027-01-31, owner team-db; allowed at apps/db/db.yaml:1:1)",
        "",
    ]
    assert "Allowed by waivers:" not in render("text", report, context)


def test_a_waiver_without_end_and_owner_names_its_place() -> None:
    finding = Finding(Location("a.yaml", 2, 3), "lint", Severity.WARNING, "wrong")
    waived = Waived(finding, Waiver("lint", Location("w.yaml", 4, 1), "a\x1b[2J reason"))

    text = render("text", Report(waived=(waived,)), Context(coverage=True))

    assert "  a.yaml:2:3: lint: a\\x1b[2J reason (allowed at w.yaml:4:1)\n" in text


def test_one_help_of_one_rule_is_said_once() -> None:
    first = Finding(Location("a.yaml", 1), "plaintext-secret", Severity.ERROR, "a secret", fix="encrypt it")
    report = Report(
        findings=(
            first,
            replace(first, location=Location("a.yaml", 2)),
            replace(first, location=Location("b.yaml", 3), fix="remove it"),
            replace(first, location=Location("b.yaml", 4), rule="lint"),
        )
    )

    assert render("text", report, Context()).splitlines()[:-2] == [
        "a.yaml:1:1: error[plaintext-secret] a secret",
        "    help: encrypt it",
        "",
        "a.yaml:2:1: error[plaintext-secret] a secret",
        "b.yaml:3:1: error[plaintext-secret] a secret",
        "    help: remove it",
        "",
        "b.yaml:4:1: error[lint] a secret",
        "    help: encrypt it",
        "",
    ]


@pytest.mark.parametrize(
    ("coverage", "expected"),
    [
        pytest.param(Coverage(), "", id="nothing"),
        pytest.param(Coverage(notes=("left out",)), "note: left out\n", id="a note"),
        pytest.param(
            Coverage(skipped=(Skipped("a.yaml", "Helm template", "needs values"),)),
            "0 resources in 0 files; not checked: 1 Helm template (--coverage lists them)\n",
            id="what was left out",
        ),
    ],
)
def test_where_nothing_was_checked_nothing_is_called_clean(coverage: Coverage, expected: str) -> None:
    assert render("text", Report(coverage=coverage), Context(checked=False)) == expected


def test_nothing_found_is_said() -> None:
    report = Report(coverage=Coverage(resources=1, files=1))

    assert render("text", report, Context()) == "1 resource in 1 file\nNo findings\n"


def test_colour_only_where_the_context_asks(report: Report, context: Context) -> None:
    assert "\x1b" not in render("text", report, context)
    assert "\x1b[1;31merror[plaintext-secret]\x1b[0m" in render("text", report, replace(context, color=True))


def test_a_kind_of_file_that_nobody_named_is_counted() -> None:
    skipped = (Skipped("a", "app that did not render", ""), Skipped("b", "not YAML", ""))
    text = render("text", Report(coverage=Coverage(skipped=skipped)), Context())

    assert "not checked: 1 app that did not render, 1 file that is not YAML (" in text


@pytest.mark.parametrize(
    ("file", "start"),
    [
        pytest.param("a\x1b[2Jb.yaml", "a\\x1b[2Jb.yaml:1:1: ", id="an escape sequence"),
        pytest.param("a\nb.yaml", "a\\nb.yaml:1:1: ", id="a line break"),
        pytest.param("a\u202eb.yaml", "a\\u202eb.yaml:1:1: ", id="bidi override"),
        pytest.param("a\u200bb.yaml", "a\\u200bb.yaml:1:1: ", id="zero-width space"),
        pytest.param("a\U000e0041b", "a\\U000e0041b:1:1: ", id="tag character"),
        pytest.param("a\udcffb.yaml", "a\\xffb.yaml:1:1: ", id="a byte that is not UTF-8"),
        pytest.param("::error::x.yaml", "./::error::x.yaml:1:1: ", id="a workflow command"),
        pytest.param("##[error]x.yaml", "##\\x5berror]x.yaml:1:1: ", id="an old workflow command"),
        pytest.param("日本語.yaml", "日本語.yaml:1:1: ", id="ordinary letters stay"),
    ],
)
def test_a_file_name_cannot_take_over_the_terminal(file: str, start: str) -> None:
    finding = Finding(Location(file), "lint", Severity.ERROR, "wrong")

    assert render("text", Report(findings=(finding,)), Context()).startswith(start)
