"""Tests in Rego on an OPA server: the same outcomes, and nothing stays there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.policy.opa.server import Server, running
from tests.policy.testing.test_rego_tests import CASES, IN_V0, NOT_OPA, in_folder, ours, reasons
from tests.program import gitops_guard


@pytest.fixture(scope="module")
def v1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("opa")) as server:
        yield server


@pytest.fixture(scope="module")
def v0(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("opa"), "--v0-compatible") as server:
        yield server


@pytest.mark.parametrize("name", [name for name in CASES if name not in NOT_OPA])
def test_says_what_the_embedded_engine_says(name: str, v0: Server, v1: Server, tmp_path: Path) -> None:
    CASES[name].write(tmp_path)
    server = v0 if name in IN_V0 else v1
    on_server = ("--policy-engine", "opa", "--opa-url", server.url)

    assert ours(tmp_path, *on_server) == ours(tmp_path)
    assert server.policies() == {}


def test_says_why_a_test_is_not_true(v1: Server, tmp_path: Path) -> None:
    rules = "test_x if {\n  1 == 1\n  2 == 3\n}\n\ntest_y[n] if {\n  some n in [1, 2]\n  n > 1\n}\n"
    folder = in_folder(tmp_path, {"a_test.rego": f"package a\n\n{rules}"})

    assert reasons(folder, "--policy-engine", "opa", "--opa-url", v1.url) == {
        "data.a.test_x": "line 5 is not true: 2 == 3",
        "data.a.test_y": "1: line 10 is not true: n > 1",
    }


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param((), 2, "no server is named", id="no server"),
        pytest.param(("--opa-url", "http://127.0.0.1:9", "--coverage"), 2, "--coverage is told", id="coverage"),
        pytest.param(("--opa-url", "http://127.0.0.1:9"), 3, "http://127.0.0.1:9", id="server is down"),
    ],
)
def test_bad_input_is_a_sentence(arguments: tuple[str, ...], code: int, said: str, tmp_path: Path) -> None:
    folder = in_folder(tmp_path, {"a_test.rego": "package a\n\ntest_x if 1 == 1\n"})

    ran = gitops_guard("policy", "test", ".", "--policy-engine", "opa", *arguments, cwd=folder)

    assert ran.code == code
    assert said in ran.err
