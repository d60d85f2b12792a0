"""How files are shared out to workers."""

from __future__ import annotations

import pytest

from gitops_guard.parts import shares


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
