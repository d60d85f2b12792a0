"""Work in forked children gives what work in one process gives."""

from __future__ import annotations

import os
import signal

import pytest

from gitops_guard.load.fork import balance, fork_map
from gitops_guard.model.errors import GuardError, UsageError
from gitops_guard.model.resource import Location


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


def test_a_child_that_fails_tells_the_place_and_never_the_text(capfd: pytest.CaptureFixture[str]) -> None:
    def work(part: int) -> bytes:
        if part:
            raise ValueError("7f3kd92jx")
        return b""

    with pytest.raises(GuardError, match=r"ValueError at .*test_fork\.py:\d+ work") as raised:
        fork_map(work, [0, 1])

    assert "7f3kd92jx" not in str(raised.value) + "".join(capfd.readouterr())


def test_what_a_child_refuses_is_raised_as_it_is() -> None:
    def work(part: int) -> bytes:
        if part:
            raise UsageError("no such folder", hint="make it", at=Location("a.yaml", 2))
        return b""

    with pytest.raises(UsageError, match=r"a\.yaml:2:1: no such folder \(make it\)"):
        fork_map(work, [0, 1])


def test_a_child_that_is_killed_is_an_error_with_a_next_step() -> None:
    def work(part: int) -> bytes:
        if part:
            os.kill(os.getpid(), signal.SIGKILL)
        return b""

    with pytest.raises(GuardError, match=r"ended early.*-j 1"):
        fork_map(work, [0, 1])


def test_groups_weigh_about_the_same_and_do_not_depend_on_order() -> None:
    sizes = [(weight, number) for number, weight in enumerate([5, 1, 1, 1, 1, 1])]

    assert balance(sizes, 2) == balance(list(reversed(sizes)), 2) == [[0], [1, 2, 3, 4, 5]]
