"""Work in forked children gives what work in one process gives."""

from __future__ import annotations

import os

import pytest

from gitops_guard.load.fork import balance, fork_map
from gitops_guard.model.errors import GuardError


def test_results_come_in_the_order_of_the_parts() -> None:
    assert fork_map(lambda part: str(part).encode() * 100_000, [1, 2, 3]) == [
        b"1" * 100_000,
        b"2" * 100_000,
        b"3" * 100_000,
    ]


def test_the_first_part_is_done_by_this_process() -> None:
    me = str(os.getpid()).encode()

    first, second = fork_map(lambda _: str(os.getpid()).encode(), [0, 1])

    assert (first == me, second == me) == (True, False)


def test_a_child_that_fails_is_an_error_with_a_next_step(capfd: pytest.CaptureFixture[str]) -> None:
    def work(part: int) -> bytes:
        if part:
            raise ValueError("in the child")
        return b""

    with pytest.raises(GuardError, match=r"ended early.*-j 1"):
        fork_map(work, [0, 1])
    assert "in the child" in capfd.readouterr().err


def test_groups_weigh_about_the_same_and_do_not_depend_on_order() -> None:
    sizes = [(weight, number) for number, weight in enumerate([5, 1, 1, 1, 1, 1])]

    assert balance(sizes, 2) == balance(list(reversed(sizes)), 2) == [[0], [1, 2, 3, 4, 5]]
