from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.load import tree as trees
from gitops_guard.load import waiver_dialects, waivers
from gitops_guard.load.waivers import FileWaiver, Outcome
from gitops_guard.model.errors import ConfigError
from gitops_guard.model.finding import Finding, Severity
from gitops_guard.model.resource import Location, ResourceId

IMAGE, SECRET, DUPLICATE, SELECTOR = "unpinned-image-tag", "plaintext-secret", "duplicate-key", "selector-mismatch"
KNOWN = frozenset({IMAGE, SECRET, DUPLICATE, SELECTOR, "lint", "waiver-unused", "waiver-expired", "waiver-malformed"})
DOCS = Path(__file__).resolve().parents[2] / "docs"
TODAY = "2026-06-15"
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: nginx
"""
POD_ID = ResourceId("", "Pod", "", "web")


def found(line: int, rule: str = IMAGE, file: str = "a.yaml", resource: ResourceId | None = POD_ID) -> Finding:
    return Finding(Location(file, line, 14), rule, Severity.ERROR, "message", resource)


def run(
    text: str | dict[str, str],
    *findings: Finding,
    files: tuple[FileWaiver, ...] = (),
    complete: bool = True,
    other_linters: bool = True,
    ran: frozenset[str] = KNOWN,
) -> Outcome:
    texts = {"a.yaml": text} if isinstance(text, str) else text
    tree = trees.from_files({path: one.encode() for path, one in texts.items()})
    return waivers.apply(findings, tree, files, KNOWN, TODAY, complete=complete, ran=ran, other_linters=other_linters)


def lines(outcome: Outcome) -> list[int]:
    return [finding.location.line for finding in outcome.kept]


def extras(outcome: Outcome) -> list[tuple[int, int, str]]:
    return [(finding.location.line, finding.location.column, finding.rule) for finding in outcome.extra]


def with_image(line: str) -> str:
    return POD.replace("      image: nginx\n", line)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(f"      image: nginx  # gitops-guard: allow {IMAGE} -- mirrored\n", id="beside the value"),
        pytest.param(
            f'      image: nginx  # {{"$imagepolicy": "a:b"}} # gitops-guard: allow {IMAGE} -- mirrored\n',
            id="after another comment",
        ),
        pytest.param(
            f"      image: nginx  # gitops-guard: allow {IMAGE} -- mirrored # yamllint\n", id="before another"
        ),
        pytest.param(f"      image: nginx  #gitops-guard:allow {SECRET}, {IMAGE} -- mirrored\n", id="tight, two rules"),
    ],
)
def test_a_comment_beside_a_value_allows_there(line: str) -> None:
    outcome = run(with_image(line), found(8), found(7))

    assert lines(outcome) == [7]
    assert [(one.finding.location.line, one.waiver.reason) for one in outcome.waived] == [(8, "mirrored")]


def test_a_comment_alone_on_its_line_allows_the_next_line() -> None:
    text = with_image(f"      # gitops-guard: allow {IMAGE} -- mirrored\n      # more\n\n      image: nginx\n")

    outcome = run(text, found(8), found(11), found(7))

    assert lines(outcome) == [8, 7]
    assert outcome.waived[0].waiver.where == Location("a.yaml", 8, 7)
    assert outcome.extra == []


def test_a_comment_allows_only_the_rule_that_it_names() -> None:
    outcome = run(with_image(f"      image: nginx  # gitops-guard: allow {IMAGE} -- x\n"), found(8, SECRET), found(8))

    assert [finding.rule for finding in outcome.kept] == [SECRET]


def test_a_comment_above_a_document_allows_in_all_of_it() -> None:
    comment = f"# gitops-guard: allow {IMAGE} -- vendor's file\n"
    text = f"---\n{POD}---\n{comment}{POD}---\n{POD}"

    outcome = run(text, found(9), found(19), found(28))

    assert lines(outcome) == [9, 28]


def test_a_comment_at_the_head_of_a_file_may_stand_above_the_separator() -> None:
    assert lines(run(f"# gitops-guard: allow {IMAGE} -- x\n---\n{POD}---\n{POD}", found(10), found(19))) == [19]


def test_a_comment_at_the_end_of_a_document_does_not_reach_the_next() -> None:
    outcome = run(f"{POD}# gitops-guard: allow {IMAGE} -- x\n---\n{POD}", found(18))

    assert lines(outcome) == [18]
    assert extras(outcome) == [(9, 1, waivers.UNUSED)]


def test_what_stands_in_a_text_is_no_waiver() -> None:
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  a: |\n    # gitops-guard: allow {IMAGE}\n"

    assert run(text, found(5)).extra == []


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        pytest.param(f"gitops-guard: allow {IMAGE}", "a waiver needs a reason", id="no reason"),
        pytest.param(f"gitops-guard: allow {IMAGE} --", "a waiver needs a reason", id="an empty reason"),
        pytest.param(f"gitops-guard: allow {IMAGE} -- until 2027-01-01", "a waiver needs a reason", id="only a date"),
        pytest.param("gitops-guard: allow -- x", "a waiver needs a rule", id="no rule"),
        pytest.param(
            "gitops-guard: allow unpinned-image -- x",
            "there is no rule 'unpinned-image'; did you mean 'unpinned-image-tag'?",
            id="unknown rule",
        ),
        pytest.param("gitops-guard: allow waiver-unused -- x", "'waiver-unused' cannot be allowed", id="itself"),
        pytest.param(f"gitops-guard: alow {IMAGE} -- x", "'alow' is not `allow`", id="a typing error"),
        pytest.param("gitops-guard: alow everything", "'alow' is not `allow`", id="a typing error alone"),
        pytest.param(f"gitops-guard: ignore {IMAGE}", "'ignore' is not `allow`", id="another verb"),
        pytest.param(f"gitops-guard allow {IMAGE} -- x", "'gitops-guard' is not `allow`", id="no colon"),
        pytest.param(
            f"gitops-guard: allow {IMAGE} -- x until 2026-02-30",
            "`until` needs a day of the calendar as YYYY-MM-DD, not '2026-02-30'",
            id="a day that is not there",
        ),
        pytest.param(f"gitops-guard: allow {IMAGE} -- x until 1.2.2027", "not '1.2.2027'", id="another kind of date"),
    ],
)
def test_a_malformed_comment_is_an_error_and_allows_nothing(comment: str, message: str) -> None:
    outcome = run(with_image(f"      image: nginx  # {comment}\n"), found(8))

    assert lines(outcome) == [8]
    assert extras(outcome) == [(8, 21, waivers.MALFORMED)]
    assert message in outcome.extra[0].message
    assert outcome.extra[0].severity is Severity.ERROR


@pytest.mark.parametrize(
    "comment", ["gitops-guard: checked in CI", "gitops-guard is a program", "see gitops-guard: allow", "# --- #"]
)
def test_prose_is_no_waiver(comment: str) -> None:
    assert run(f"# {comment}\n{POD}").extra == []


@pytest.mark.parametrize(
    ("reason", "until", "kept"),
    [
        pytest.param("x until 2026-06-15", "2026-06-15", [], id="works on its last day"),
        pytest.param("x [until 2026-06-16]", "2026-06-16", [], id="in brackets"),
        pytest.param("x until 2026-06-14", "2026-06-14", [8], id="over"),
        pytest.param("kept until we move", "", [], id="until in prose"),
    ],
)
def test_a_waiver_works_until_its_day(reason: str, until: str, kept: list[int]) -> None:
    outcome = run(with_image(f"      image: nginx  # gitops-guard: allow {IMAGE} -- {reason}\n"), found(8))

    assert lines(outcome) == kept
    assert [one.waiver.until for one in outcome.waived] == ([] if kept else [until])
    assert extras(outcome) == ([(8, 21, waivers.EXPIRED)] if kept else [])


@pytest.mark.parametrize(
    ("complete", "ran", "told"),
    [
        pytest.param(True, KNOWN, True, id="the whole repository"),
        pytest.param(False, KNOWN, False, id="a part of it"),
        pytest.param(True, frozenset({SECRET}), False, id="the rule did not run"),
    ],
)
def test_an_unused_waiver_is_told(complete: bool, ran: frozenset[str], told: bool) -> None:
    text = with_image(f"      image: nginx:1  # gitops-guard: allow {IMAGE} -- x\n")

    outcome = run(text, complete=complete, ran=ran)

    assert extras(outcome) == ([(8, 23, waivers.UNUSED)] if told else [])


def annotated(value: str) -> str:
    return POD.replace("  name: web\nspec", f"  name: web\n  annotations:\n    {value}\nspec")


def test_an_annotation_allows_in_its_resource() -> None:
    text = annotated(f'gitops-guard.dev/allow: "{IMAGE} -- mirrored until 2026-12-31; {SECRET} -- a test"')
    other = ResourceId("", "Pod", "", "db")

    outcome = run(text, found(10), found(11, SECRET), found(10, resource=other), found(10, "lint", resource=None))

    assert [(finding.rule, finding.resource) for finding in outcome.kept] == [(IMAGE, other), ("lint", None)]
    assert [one.waiver.where for one in outcome.waived] == [Location("a.yaml", 6, 5)] * 2
    assert [(one.waiver.reason, one.waiver.until) for one in outcome.waived] == [
        ("mirrored", "2026-12-31"),
        ("a test", ""),
    ]


def test_a_malformed_annotation_is_an_error_at_its_key() -> None:
    outcome = run(annotated(f"gitops-guard.dev/allow: {IMAGE}"), found(10))

    assert lines(outcome) == [10]
    assert extras(outcome) == [(6, 5, waivers.MALFORMED)]


def test_a_finding_about_a_waiver_cannot_be_allowed() -> None:
    entry = read_one("rule: lint")
    about = found(8, "waiver-unused")

    assert run(POD, about, files=(entry,), complete=False).kept == [about]


WAIVER = """\
- rule: unpinned-image-tag
  paths: ["apps/**"]
  reason: mirrored
  owner: platform team
  until: 2026-12-31
"""


def read(text: str) -> tuple[FileWaiver, ...]:
    return waivers.read(("waivers.yaml", text.encode()), KNOWN)


def read_one(instead: str, more: str = "") -> FileWaiver:
    return read(WAIVER.replace("rule: unpinned-image-tag", instead).replace("apps/", "") + more)[0]


def test_a_waiver_file_allows_by_path() -> None:
    inside, outside = found(8, file="apps/a.yaml"), found(8, file="b.yaml")

    outcome = run({"apps/a.yaml": POD, "b.yaml": POD}, inside, outside, files=read(WAIVER))

    assert outcome.kept == [outside]
    waiver = outcome.waived[0].waiver
    assert (waiver.where, waiver.owner, waiver.until) == (Location("waivers.yaml", 1, 3), "platform team", "2026-12-31")


@pytest.mark.parametrize(
    ("resource", "allowed"),
    [("Pod/web", True), ("Pod/*", True), ("Pod/shop/web", True), ("Pod/db", False), ("Secret/*", False)],
)
def test_a_waiver_file_allows_by_resource(resource: str, allowed: bool) -> None:
    entry = read_one(f"rule: {IMAGE}", f"  resource: {resource}\n")
    one = found(8, resource=ResourceId("", "Pod", "shop", "web"))

    assert bool(run(POD, one, files=(entry,)).waived) is allowed


def test_an_expired_and_an_unused_entry_are_told_at_their_place() -> None:
    text = WAIVER + WAIVER.replace("2026-12-31", "2026-06-01")

    outcome = run({"apps/a.yaml": POD.replace("nginx", "nginx:1")}, files=read(text))

    assert extras(outcome) == [(1, 3, waivers.UNUSED), (6, 3, waivers.EXPIRED)]
    assert (
        outcome.extra[1].message
        == "this waiver of `unpinned-image-tag` expired on 2026-06-01 and allows nothing any more"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("  owner: platform team\n", "", "1:3: a waiver needs `owner`", id="no owner"),
        pytest.param("  until: 2026-12-31\n", "", "1:3: a waiver needs `until`", id="no end"),
        pytest.param("mirrored", '""', "1:3: a waiver needs `reason`", id="an empty reason"),
        pytest.param(
            "owner:", "owners:", "4:3: a waiver has no key 'owners' (did you mean 'owner'?)", id="unknown key"
        ),
        pytest.param(
            "-tag", "", "1:9: there is no rule 'unpinned-image'; did you mean 'unpinned-image-tag'?", id="rule"
        ),
        pytest.param(
            "2026-12-31", "soon", "5:10: `until` needs a day of the calendar as YYYY-MM-DD, not 'soon'", id="date"
        ),
        pytest.param('["apps/**"]', '["../a"]', "2:10: `../a` leaves the repository", id="a pattern"),
        pytest.param('["apps/**"]', "[1]", "2:10: a pattern is text", id="a pattern that is a number"),
        pytest.param("platform team", "7", "4:10: `owner` is not text", id="a number"),
        pytest.param("- rule", "rule", "2:8: mapping values are not allowed in this context", id="broken YAML"),
        pytest.param(WAIVER, "a: 1\n", "1:1: the waiver file is not a list of waivers", id="a mapping"),
        pytest.param(WAIVER, "- a\n", "1:3: a waiver is a mapping (with rule, paths, reason, owner, until)", id="text"),
    ],
)
def test_a_wrong_waiver_file_is_refused_at_its_place(old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(WAIVER.replace(old, new, 1))

    assert message in str(caught.value)
    assert caught.value.exit_code == 2


def test_an_empty_waiver_file_allows_nothing() -> None:
    assert read("# none yet\n") == ()


def test_a_waiver_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        waivers.read(tmp_path / "missing.yaml", KNOWN)


@pytest.mark.parametrize(
    ("annotation", "rule", "allowed"),
    [
        pytest.param("ignore-check.kube-linter.io/latest-tag: mirrored", IMAGE, True, id="kube-linter"),
        pytest.param(
            "ignore-check.kube-linter.io/latest-tag: mirrored", SELECTOR, False, id="kube-linter, another rule"
        ),
        pytest.param(
            "ignore-check.kube-linter.io/no-read-only-root-fs: x", IMAGE, False, id="kube-linter, another check"
        ),
        pytest.param("kube-linter.io/ignore-all: vendor", SELECTOR, True, id="kube-linter, all"),
        pytest.param(
            "kube-linter.io/ignore-all: vendor", SECRET, False, id="kube-linter, all but what it has no check for"
        ),
        pytest.param("kube-score/ignore: pod-probes, container-image-tag", IMAGE, True, id="kube-score"),
        pytest.param('polaris.fairwinds.com/tagNotSpecified-exempt: "true"', IMAGE, True, id="polaris"),
        pytest.param('polaris.fairwinds.com/tagNotSpecified-exempt: "false"', IMAGE, False, id="polaris, not exempt"),
        pytest.param('polaris.fairwinds.com/exempt: "true"', IMAGE, True, id="polaris, all"),
        pytest.param(
            'polaris.fairwinds.com/sensitiveContainerEnvVar-exempt: "true"', "secret-in-config", True, id="polaris, env"
        ),
        pytest.param("ignore-check.kube-linter.io/env-var-secret: x", "secret-in-config", True, id="kube-linter, env"),
        pytest.param("checkov.io/skip1: CKV_K8S_14=mirrored", IMAGE, True, id="checkov"),
        pytest.param("checkov.io/skip1: CKV_K8S_43=no digests", IMAGE, False, id="checkov, a digest"),
    ],
)
def test_reads_the_annotations_of_other_linters(annotation: str, rule: str, allowed: bool) -> None:
    outcome = run(annotated(annotation), found(10, rule))

    assert bool(outcome.waived) is allowed
    assert outcome.extra == []


@pytest.mark.parametrize(
    ("line", "rule", "kept"),
    [
        pytest.param("      image: nginx  # trivy:ignore:AVD-KSV-0013\n", IMAGE, [9], id="trivy"),
        pytest.param("      image: nginx  # trivy:ignore:KSV013\n", IMAGE, [9], id="trivy, the short name"),
        pytest.param("      image: nginx  # trivy:ignore:AVD-KSV-0001\n", IMAGE, [8, 9], id="trivy, another check"),
        pytest.param("      image: nginx  # gitleaks:allow\n", SECRET, [9], id="gitleaks"),
        pytest.param("      image: nginx  # gitleaks:allow\n", "secret-in-values", [9], id="gitleaks, in values"),
        pytest.param("      image: nginx  # pragma: allowlist secret\n", SECRET, [9], id="detect-secrets"),
        pytest.param("      # pragma: allowlist nextline secret\n      image: x\n", SECRET, [8], id="the next line"),
        pytest.param("      # gitleaks:allow\n      image: x\n", SECRET, [9], id="gitleaks does not know a line above"),
        pytest.param(
            "      image: nginx  # yamllint disable-line rule:key-duplicates\n", DUPLICATE, [9], id="yamllint"
        ),
        pytest.param(
            "      image: nginx  # yamllint disable-line rule:comments\n", DUPLICATE, [8, 9], id="another rule"
        ),
        pytest.param("      # yamllint disable-line\n      image: x\n", DUPLICATE, [8], id="yamllint, a line above"),
    ],
)
def test_reads_the_comments_of_other_linters(line: str, rule: str, kept: list[int]) -> None:
    text = with_image(line)

    assert lines(run(text, found(8, rule), found(9, rule))) == kept
    assert lines(run(text, found(8, rule), found(9, rule), other_linters=False)) == [8, 9]


def test_the_documentation_names_every_check_of_another_linter() -> None:
    page = (DOCS / "waivers.md").read_text()
    tables = (waiver_dialects.KUBE_LINTER, waiver_dialects.KUBE_SCORE, waiver_dialects.POLARIS, waiver_dialects.CHECKOV)

    for table in tables:
        for check, rule in table.items():
            assert any(check in line and f"`{rule}`" in line for line in page.splitlines()), check


def test_a_comment_in_a_template_is_not_called_unused() -> None:
    files = {
        "chart/Chart.yaml": "name: x\n",
        "chart/templates/a.yaml": f"# gitops-guard: allow {IMAGE} -- rendered\n{{{{ if x }}}}\n",
    }

    assert run(files).extra == []


def test_columns_count_characters_and_lines_end_with_carriage_returns() -> None:
    text = f"# gitops-guard: allow nothing -- ü\r\nä: 'ü' # gitops-guard: allow x -- y\r\n{POD}"

    assert extras(run(text)) == [(1, 1, waivers.MALFORMED), (2, 8, waivers.MALFORMED)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"# gitops-guard: allow {IMAGE} -- a test\n" * 5_000 + POD, id="above a document"),
        pytest.param(POD + f"x: y # gitops-guard: allow {IMAGE} -- a test\n" * 20_000, id="beside values"),
        pytest.param(f"# gitops-guard: allow {IMAGE} -- a test\n{POD}---\n" * 2_000, id="of documents"),
    ],
)
def test_the_time_grows_no_faster_than_waivers_and_findings(text: str) -> None:
    findings = [found(line) for line in range(5_020, 25_000)]
    started = time.process_time()

    run(text, *findings)

    assert time.process_time() - started < 6


@given(st.text(st.sampled_from("gitops-guard: allow unpinned-image-tag,lint # until 2026-01\n'|")))
def test_any_comment_is_read_without_a_crash(text: str) -> None:
    outcome = run(f"a: 1 # gitops-guard: allow {text}\n{POD}# gitops-guard {text}", found(2), found(1))

    assert {finding.rule for finding in outcome.extra} <= {waivers.MALFORMED, waivers.EXPIRED, waivers.UNUSED}
