"""A finding counts once over all commits, and one that ends while its file stays is a repair."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bench import histories, remembered
from bench.histories import Distinct, History
from gitops_guard.model.rule import Profile
from gitops_guard.rules import all_rules

POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers:\n  - name: web\n    image: nginx{tag}\n"
FLOATING, PINNED = POD.format(tag=""), POD.format(tag=":1.27.1")


def _git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True)


def _bundle(folder: Path, *commits: Mapping[str, str | None]) -> Path:
    """A repository whose commits write these files; None removes one."""
    work = folder / "work"
    work.mkdir()
    _git(work, "init", "-q")
    for number, files in enumerate(commits):
        for path, text in files.items():
            if text is None:
                (work / path).unlink()
            else:
                (work / path).write_text(text)
        _git(work, "add", "-A")
        _git(work, "commit", "-q", "-m", str(number))
    _git(work, "bundle", "create", "-q", "../made.bundle", "HEAD")
    return folder / "made.bundle"


def _read(folder: Path, *commits: Mapping[str, str | None]) -> History:
    return histories.read_history(_bundle(folder, *commits), select=["unpinned-image-tag"])


def test_a_finding_counts_once_while_lines_move(tmp_path: Path) -> None:
    history = _read(tmp_path, {"a.yaml": FLOATING}, {"b.yaml": PINNED}, {"a.yaml": f"# moved\n{FLOATING}"})

    (found,) = history.findings
    assert (found.first, found.last, found.at_head) == (history.commits[0], history.commits[2], True)
    assert (found.line, [line for line, _ in found.states]) == (8, [7, 8])


def test_a_finding_counts_once_when_its_file_is_renamed(tmp_path: Path) -> None:
    history = _read(tmp_path, {"a.yaml": FLOATING}, {"a.yaml": None, "b.yaml": FLOATING})

    (found,) = history.findings
    assert (found.identity.file, found.first, found.at_head) == ("b.yaml", history.commits[0], True)
    assert history.pairs == []


def test_equal_findings_in_one_file_are_two(tmp_path: Path) -> None:
    history = _read(tmp_path, {"a.yaml": f"{FLOATING}---\n{FLOATING}"})

    assert [(found.line, found.identity.nth) for found in history.findings] == [(7, 0), (15, 1)]


@pytest.mark.parametrize(
    ("after", "repaired"),
    [
        pytest.param({"a.yaml": PINNED}, True, id="repaired"),
        pytest.param({"a.yaml": None}, False, id="the file is gone"),
        pytest.param({"a.yaml": POD.format(tag=":latest")}, False, id="another mistake"),
        pytest.param({"a.yaml": None, "b.yaml": PINNED}, True, id="repaired in another file"),
        pytest.param({"a.yaml": None, "b.yaml": FLOATING}, False, id="moved"),
    ],
)
def test_a_repair_ends_the_finding_and_leaves_the_resource(
    tmp_path: Path, after: Mapping[str, str | None], repaired: bool
) -> None:
    history = _read(tmp_path, {"a.yaml": FLOATING, "README.md": "x"}, after)

    assert [(pair.commit, pair.file, pair.line) for pair in history.pairs] == (
        [(history.commits[1], "a.yaml", 7)] if repaired else []
    )


def test_a_pair_tells_the_line_before_and_after_by_hashes(tmp_path: Path) -> None:
    (pair,) = _read(tmp_path, {"a.yaml": FLOATING}, {"a.yaml": PINNED}).pairs

    assert len(pair.before) == len(pair.after) == 8
    assert pair.before != pair.after


def test_what_other_files_say_of_an_unchanged_file_is_asked_anew(tmp_path: Path) -> None:
    patched = "resources: [b.yaml]\npatches: [{path: a.yaml}]\n"

    history = _read(
        tmp_path, {"a.yaml": POD.format(tag=":latest")}, {"kustomization.yaml": patched, "b.yaml": POD.format(tag=":1")}
    )

    assert {(found.identity.file, found.last == history.commits[1]) for found in history.findings} >= {
        ("a.yaml", False)
    }


def test_the_same_history_gives_the_same_lines(tmp_path: Path) -> None:
    bundle = _bundle(tmp_path, {"a.yaml": FLOATING}, {"a.yaml": PINNED})

    first, second = ([*histories.lines(histories.read_history(bundle))] for _ in range(2))

    assert first == second
    assert json.loads(first[0])["corpus"] == "made"


def test_the_lot_of_a_finding_of_today_is_that_of_its_place() -> None:
    identity = histories.Identity("r", "error", "a.yaml", "", "", "m", 0)
    old = Distinct("one", identity, 3, "m", "c1", "c2")
    today = Distinct("one", identity, 3, "m", "c1", "c3", at_head=True)

    assert old.lot != today.lot


def test_severities_are_those_of_the_defaults(tmp_path: Path) -> None:
    (found,) = _read(tmp_path, {"a.yaml": FLOATING}).findings

    assert found.identity.severity == str(all_rules()["unpinned-image-tag"].severity)


def test_rules_of_the_profile_strict_are_asked(tmp_path: Path) -> None:
    asked = {name: rule for name, rule in all_rules().items() if rule.profile is Profile.RECOMMENDED and name != "lint"}
    rules = {name: replace(rule, profile=Profile.STRICT) for name, rule in asked.items()}

    report = remembered.check(remembered.InMemory({"a.yaml": FLOATING.encode()}), rules, remembered.Remembered()).report

    assert [finding.rule for finding in report.findings] == ["unpinned-image-tag"]
