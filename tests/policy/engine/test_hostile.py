"""Policies that attack, loop or break the engine: each is stopped and named, and the others are asked."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gitops_guard.policy import rego
from gitops_guard.policy.embedded import Embedded
from gitops_guard.policy.program import Answer, Failure, Limits, Module, Program, Question
from gitops_guard.policy.rego import Outline
from tests.program import environment

LIMITS = Limits(seconds=1.0, megabytes=256)
INPUTS = [{"name": "a"}, {"name": "b"}]
OK = "deny contains input.name\n"
MANY = "some a in numbers.range(1, 3000)\nsome b in numbers.range(1, 3000)\nsome c in numbers.range(1, 3000)"


def module(text: str, path: str = "bad.rego") -> Module:
    found = rego.read(path, f"package main\n\n{text}")
    assert isinstance(found, Outline), found
    return found.module


def asked(text: str, *, allowed: tuple[str, ...] = ()) -> tuple[list[Answer], list[Failure]]:
    """What a policy answers, and its failures; beside it another one is asked, of which nothing may be lost."""
    good = Question(Program("good", (module(OK, "ok.rego"),)), ("data.main.deny",), INPUTS)
    bad = Question(Program("bad", (module(text),)), ("data.main.deny",), INPUTS)
    first, second, last = Embedded(LIMITS, allowed, jobs=2).ask([good, bad, good])
    assert [row[0].value for row in (*first.answers, *last.answers)] == [["a"], ["b"], ["a"], ["b"]]
    return [row[0] for row in second.answers], list(second.failures)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param(
            'deny contains http.send({"url": "http://127.0.0.1:9", "method": "get"})', "http.send", id="network"
        ),
        pytest.param('deny contains http["send"]({"url": "http://127.0.0.1:9"})', "http.send", id="by another way"),
        pytest.param('deny contains net.lookup_ip_addr("localhost")', "net.lookup_ip_addr", id="name service"),
        pytest.param("deny contains opa.runtime().env", "opa.runtime", id="environment"),
        pytest.param("deny contains time.now_ns()", "time.now_ns", id="clock"),
        pytest.param('deny contains uuid.rfc4122("a")', "uuid.rfc4122", id="chance"),
        pytest.param(
            "deny contains x if { x := count([1]) with count as http.send }", "http.send", id="with, as value"
        ),
        pytest.param(
            "deny contains 1 if { input.a with http.send as f }\n\nf(_) := 1", "http.send", id="with, as target"
        ),
        pytest.param("f := opa.runtime\n\ndeny contains f", "opa.runtime", id="as a name alone"),
    ],
)
def test_a_builtin_that_reaches_out_is_refused_before_anything_is_evaluated(text: str, name: str) -> None:
    answers, failures = asked(text)

    assert [answer.defined for answer in answers] == [False, False]
    assert [failure.at and failure.at.file for failure in failures] == ["bad.rego"]
    assert f"`{name}`" in failures[0].message


def test_what_is_allowed_may_be_called() -> None:
    answers, failures = asked("deny contains time.now_ns() > 0", allowed=("time.now_ns",))

    assert ([answer.value for answer in answers], failures) == ([[True], [True]], [])


def test_the_network_cannot_be_allowed_where_the_engine_would_say_nothing() -> None:
    _, failures = asked("deny contains http.send({})", allowed=("http.send",))

    assert "the embedded engine does not do `http.send`" in failures[0].message


def test_no_file_is_read_but_those_beside_the_policies(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("a: hunter2\n")

    answers, failures = asked(f'deny contains parse_config_file("{secret}").a')

    assert [answer.value for answer in answers] == [None, None]
    assert "hunter2" not in repr((answers, failures))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(f"deny contains 1 if {{\n{MANY}\na + b + c == 1\n}}", "longer than 1 s", id="combinations"),
        pytest.param("deny contains 1 if {\n[a | some a in numbers.range(1, 100000000)]\n}", "256 MB", id="memory"),
        pytest.param(
            "deny contains f(1)\n\nf(x) := f(x + 1) if x < 100000000\n\nf(x) := 1 if x >= 100000000",
            "calls itself too deeply",
            id="recursion",
        ),
        pytest.param("deny contains object.subset([1], [])", "the engine ended early", id="a panic of the engine"),
    ],
)
def test_a_policy_that_does_not_end_is_stopped_and_named(text: str, reason: str) -> None:
    answers, failures = asked(text)

    assert [answer.defined for answer in answers] == [False, False]
    assert [(failure.policy, reason in failure.message) for failure in failures] == [("main.deny", True)]


def test_an_answer_that_is_too_long_is_no_answer() -> None:
    answers, failures = asked("deny := numbers.range(1, 800000)")

    said = Failure("main.deny", "it answers more than 4 MiB for one input")
    assert (answers, failures) == ([Answer(False, None, said)] * 2, [])


def test_a_panic_of_the_engine_in_a_policy_of_ours_does_not_end_this_process() -> None:
    program = Program("ours", (module("deny contains object.subset([1], [])"),), trusted=True)

    (reply,) = Embedded(LIMITS).ask([Question(program, ("data.main.deny",), INPUTS)])

    assert [(failure.policy, failure.message) for failure in reply.failures] == [
        ("main.deny", "it was stopped: the engine ended early")
    ]


def test_a_regular_expression_cannot_hang() -> None:
    answers, failures = asked(
        'deny contains regex.match("(a+)+$", concat("", ["a" | some _ in numbers.range(1, 50000)]))'
    )

    assert ([answer.value for answer in answers], failures) == ([[True], [True]], [])


def test_an_error_never_carries_the_input() -> None:
    text = "deny contains x if { x := input.name }\n\nc := 1 if input.name\n\nc := 2 if input.name\n\ndeny contains c"

    answers, _ = asked(text)

    assert all(answer.failure is not None for answer in answers)
    assert '"a"' not in repr(answers)


def children() -> set[str]:
    return set(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split())


def test_no_worker_is_left_behind() -> None:
    before = children()

    asked(f"deny contains 1 if {{\n{MANY}\na + b + c == 1\n}}")

    assert children() <= before


def test_a_worker_whose_parent_was_killed_ends_by_itself(tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "a.rego").write_text(f"package main\n\ndeny contains 1 if {{\n{MANY}\na + b + c == 1\n}}\n")
    (tmp_path / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n")
    (tmp_path / ".gitops-guard.yaml").write_text("policy:\n  paths: [policy]\n  limits: {seconds: 1}\n")
    command = [sys.executable, "-m", "gitops_guard", "check", "--only-policies", "--no-cache"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
        while running.poll() is None and not children.read_text().split():
            time.sleep(0.02)
        (worker, *_) = children.read_text().split()
        running.kill()

    until = time.monotonic() + 30
    while Path(f"/proc/{worker}/stat").exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not Path(f"/proc/{worker}/stat").exists()
