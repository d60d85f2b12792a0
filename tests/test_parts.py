"""How files are shared out to workers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench import corpus
from gitops_guard import check, parts
from gitops_guard.model.finding import Crash, Finding, Severity
from gitops_guard.model.resource import Location
from gitops_guard.parts import shares
from tests.program import gitops_guard


def test_files_of_one_name_go_to_one_worker() -> None:
    files = [(f"apps/{app}/{name}.yaml", b"x" * 900) for app in "abcd" for name in ("deployment", "ingress")]

    groups = shares(files, 2)

    assert [{files[number][0].rpartition("/")[2] for number in group} for group in groups] == [
        {"deployment.yaml"},
        {"ingress.yaml"},
    ]


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([100] * 60, id="many small"),
        pytest.param([0] * 7, id="empty"),
        pytest.param([1_000_000, 1, 1], id="one is nearly all"),
        pytest.param([1], id="fewer than workers"),
    ],
)
def test_each_file_goes_to_one_worker(sizes: list[int]) -> None:
    files = [(f"{number}.yaml", b"x" * size) for number, size in enumerate(sizes)]

    groups = shares(files, 3)

    assert sorted(number for group in groups for number in group) == list(range(len(files)))


def test_workers_get_about_the_same() -> None:
    files = [(f"{number}/a.yaml", b"x" * (number % 7 * 1000)) for number in range(300)]

    weights = [sum(len(files[number][1]) + 800 for number in group) for group in shares(files, 3)]

    assert max(weights) < 1.05 * min(weights)


def test_each_question_about_the_whole_tree_is_asked_once_by_either_process() -> None:
    finding = Finding(Location("a.yaml", 3, 5), "lint", Severity.WARNING, "a message", path=("data", 0))

    def ask(number: int) -> check.Part:
        return check.Part([replace(finding, message=str(number))], [Crash("lint", str(number), "ValueError")])

    said = parts.in_turn(2)(ask, 60)

    assert sorted(int(part.findings[0].message) for part in said) == list(range(60))
    assert all(part.crashes[0].where == part.findings[0].message for part in said)
    assert {replace(part.findings[0], message="a message") for part in said} == {finding}


def test_two_processes_say_of_a_whole_tree_what_one_says(tmp_path: Path) -> None:
    corpus.write(tmp_path / "repository", 300, git=True)
    flags = ("check", "--no-lint", "--no-cache", "--format", "json")

    alone, together = (gitops_guard(*flags, "-j", jobs, cwd=tmp_path / "repository") for jobs in ("1", "2"))

    assert '"promotion-order"' in alone.out or '"unpinned-image-tag"' in alone.out
    assert together.out == alone.out
