"""The sample stays, labels hold where nothing changed, and the page says what was measured and read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import evidence, precision, precision_page, sheets
from bench.corpora import CorporaError
from bench.evidence import EVIDENCE, Count, Evidence, Sampled
from bench.histories import Distinct, History, Identity
from bench.labelled import LABELS, SECOND, Label, Place, Reading, at_commits, read_labels, write_labels
from bench.planting import Planted
from bench.repairs import Pair
from gitops_guard.rules import all_rules


def _distinct(number: int, *, last: str = "c3", rule: str = "r") -> Distinct:
    identity = Identity(rule, "error", f"{number}.yaml", "", "", "m", 0)
    spans = {(7, "blob"): ("c1", "c2"), (8, "blob2"): ("c3", last)}
    return Distinct("one", identity, 8, "m", "c1", last, last == "c3", spans)


def _history(*findings: Distinct) -> History:
    return History("one", ["c1", "c2", "c3"], list(findings))


def _reading(file: str, line: int, commit: str) -> Reading:
    return Reading(Place("one", file, line, "r"), commit)


def _sampled(line: int = 8, severity: str = "error") -> Sampled:
    return Sampled("r", severity, "one", "c3", "a.yaml", line, "m", line, "c3")


def _label(line: int, right: bool = True) -> dict[Reading, Label]:
    return {_reading("a.yaml", line, "c3"): Label(right, f"read {line}")}


def _page(sampled: list[Sampled], first: dict[Reading, Label], second: dict[Reading, Label] | None = None) -> str:
    found = Evidence(["r", "silent"], 541, 8, [Count("r", "error", 40, 2)], sampled)
    return precision_page.render(found, first, second or {})


def test_the_sample_keeps_its_findings_when_others_go() -> None:
    findings = [_distinct(number) for number in range(30)]
    before = evidence.measured(["r"], [_history(*findings)], [], {}, size=10).sampled

    after = evidence.measured(["r"], [_history(*findings[1:])], [], {}, size=10).sampled

    assert len(before) == len(after) == 10
    assert set(before) - set(after) <= {found for found in before if found.file == "0.yaml"}


def test_counts_findings_of_today_apart() -> None:
    found = evidence.measured(["r"], [_history(_distinct(1), _distinct(2), _distinct(3, last="c2"))], [], {})

    assert found.counts == [Count("r", "error", 2, 1)]


@pytest.mark.parametrize(
    ("reading", "holds"),
    [
        pytest.param(_reading("1.yaml", 8, "c3"), True, id="at the newest commit"),
        pytest.param(_reading("1.yaml", 7, "c2"), True, id="at an older one, where it stood in that line"),
        pytest.param(_reading("1.yaml", 8, "c2"), False, id="a line in which it did not stand"),
        pytest.param(_reading("1.yaml", 7, "zz"), False, id="a commit that is not there"),
        pytest.param(_reading("2.yaml", 8, "c3"), False, id="another file"),
    ],
)
def test_a_label_holds_where_line_and_content_were_the_same(reading: Reading, holds: bool) -> None:
    labels = {reading: Label(True, "read")}

    (found,) = evidence.measured(["r"], [_history(_distinct(1))], [], labels).sampled

    assert (found.reading in labels) is holds


def test_evidence_is_read_as_it_was_written(tmp_path: Path) -> None:
    pair = Pair("one", "r", "error", "c3", "a.yaml", 7, "m", "12", "gone")
    found = Evidence(
        ["r"], 3, 1, [Count("r", "error", 1, 0)], [_sampled()], [pair], [Planted("r", "f", "c", "x", 3, True)]
    )

    found.write(tmp_path / "e")

    assert evidence.read(tmp_path / "e") == found


def test_the_page_tells_shares_and_what_is_false() -> None:
    page = _page([_sampled(8), _sampled(9), _sampled(10, "info")], _label(8) | _label(9, right=False) | _label(10))

    assert "| errors | 2 | 1 | 50.0% | 95% | **missed** |" in page
    assert "| warnings | 1 | 1 | 100.0% | 85% | reached |" in page
    assert "- `r` at one@c3: `a.yaml:9` (error): read 9" in page


def test_the_page_tells_where_the_readers_disagree() -> None:
    page = _page([_sampled(8), _sampled(9)], _label(8) | _label(9), _label(8, right=False))

    assert "The second reader read 1 of 2 and agreed in 0." in page
    assert "`a.yaml:8`: true: read 8 — second reader: false: read 8" in page


def test_a_rule_with_few_findings_is_not_measured() -> None:
    rows = {line.split("`")[1]: line for line in _page([], {}).splitlines() if line.startswith("| `")}

    assert rows["silent"].endswith("| not measured by corpora |")
    assert rows["r"].endswith("|  |")


def test_the_page_lists_what_was_missed() -> None:
    planted = [Planted("r", "a form", "one", "a.yaml", line, line > 1) for line in range(1, 21)]
    found = Evidence(["r"], 3, 1, planted=[*planted, Planted("s", "b", "one", "b.yaml", 0, False)])

    page = precision_page.render(found, {}, {})

    assert "Found: 19 of 21, 90.5%." in page
    assert "- `r`, a form: one: `a.yaml:1`" in page
    assert "- `s`: 0 of 1" in page
    assert "- `r`: 19" not in page


def test_the_page_lists_repairs_and_how_many_more_there_are() -> None:
    pairs = [Pair("one", "r", "error", "c3", "a.yaml", line, "a | b", "12", "gone") for line in range(61)]

    page = precision_page.render(Evidence(["r"], 3, 1, pairs=pairs), {}, {})

    assert "| one | `r` | `c3` | `a.yaml:59` | a \\| b | 12 | gone |" in page
    assert "\n1 more are in" in page


def test_the_page_needs_a_label_for_each_finding_of_the_sample() -> None:
    with pytest.raises(CorporaError, match=r"1 findings.*\n  r\tone@c3\ta\.yaml:8"):
        precision.render(Evidence(["r"], 3, 1, sampled=[_sampled()]))


def test_a_sheet_shows_the_finding_in_its_file() -> None:
    text = "\n".join(f"line {number}" for number in range(1, 201))

    page = sheets.sheet("r", "What it is about.", [_sampled(100)], lambda *_: text)

    assert "What it is about." in page
    assert ">  100 line 100\n" in page
    assert "   75 line 75\n" in page
    assert "line 74\n" not in page


def test_answers_find_their_way_into_the_labels(tmp_path: Path) -> None:
    one, two = (json.loads(line) for line in sheets.answers([_sampled(8), _sampled(9)]))
    one |= {"label": False, "why": 'a "quoted" reason: yes'}

    write_labels(tmp_path / "labels", sheets.merged(_label(10), [json.dumps(one), json.dumps(two), ""]))

    labels = read_labels(tmp_path / "labels")
    assert labels == {_reading("a.yaml", 8, "c3"): Label(False, one["why"]), **_label(10)}


def test_an_answer_without_a_reason_is_refused() -> None:
    (line,) = sheets.answers([_sampled()])

    with pytest.raises(ValueError, match="says why"):
        sheets.merged({}, [line.replace("null", "true")])


def test_labels_of_another_commit_say_nothing_of_this_one() -> None:
    labels = _label(8) | {_reading("a.yaml", 8, "c1"): Label(False, "then")}

    assert at_commits(labels, [("one", "c3")]) == {Place("one", "a.yaml", 8, "r"): Label(True, "read 8")}


def test_the_labels_of_both_readers_can_be_read() -> None:
    rules = all_rules()

    assert {reading.place.rule for reading in (*read_labels(LABELS), *read_labels(SECOND))} <= rules.keys()


def test_the_page_is_made_of_the_evidence_and_the_labels() -> None:
    """Measuring anew takes a minute: `python -m bench.precision --check`."""
    assert precision.render(evidence.read(EVIDENCE)) == precision.PAGE.read_text(encoding="utf-8")
