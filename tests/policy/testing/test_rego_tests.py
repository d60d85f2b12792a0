"""The same tests of policies through `opa test`, `conftest verify` and us: the same outcome of each."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.policy.conftest_program import CONFTEST, ROOT, Case, read_case
from tests.program import gitops_guard

OPA = ROOT / "tools" / "bin" / "opa"
CASES = {file.stem: read_case(file) for file in sorted((Path(__file__).parent / "cases").glob("*.txtar"))}
IN_V0 = {"v0", "mixed", "bodies-v0"}
NOT_OPA = {"parse-config": "the builtins are conftest's"}
NOT_CONFTEST = {"conflict", "arguments"}  # it ends as a whole where a test ends with an error
Outcomes = dict[str, str]


def ours(folder: Path) -> Outcomes:
    ran = gitops_guard("policy", "test", ".", "--format", "json", cwd=folder)
    report = json.loads(ran.out)
    assert report["errors"] == []
    return {test["name"]: test["outcome"] for test in report["tests"]}


def opa(folder: Path, *, v0: bool) -> Outcomes:
    command: list[str | Path] = [OPA, "test", ".", "--format", "json", *(["--v0-compatible"] if v0 else [])]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return {f"{test['package']}.{test['name']}": _outcome(test) for test in json.loads(ran.stdout)}


def _outcome(test: dict[str, object]) -> str:
    return next((word for key, word in (("error", "error"), ("skip", "skip"), ("fail", "fail")) if key in test), "pass")


def conftest(folder: Path, *, v0: bool) -> Outcomes:
    """Names of what did not pass; conftest tells no others."""
    command: list[str | Path] = [CONFTEST, "verify", "-p", ".", "-o", "json", *(["--rego-version", "v0"] if v0 else [])]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = {}
    for result in json.loads(ran.stdout):
        found.update({one["msg"]: "fail" for one in result.get("failures") or ()})
        found.update({one["msg"]: "skip" for one in result.get("skipped") or ()})
    return found


@pytest.mark.parametrize("name", [name for name in CASES if name not in NOT_OPA])
def test_says_what_opa_test_says(name: str, tmp_path: Path) -> None:
    CASES[name].write(tmp_path)

    assert ours(tmp_path) == opa(tmp_path, v0=name in IN_V0)


@pytest.mark.parametrize("name", [name for name in CASES if name not in NOT_CONFTEST])
def test_says_what_conftest_verify_says(name: str, tmp_path: Path) -> None:
    CASES[name].write(tmp_path)

    said = {test: outcome for test, outcome in ours(tmp_path).items() if outcome != "pass"}

    assert said == conftest(tmp_path, v0=name in IN_V0)


def in_folder(tmp_path: Path, files: dict[str, str]) -> Path:
    Case("", (), files).write(tmp_path)
    return tmp_path


def test_a_failed_test_says_which_expression_was_not_true(tmp_path: Path) -> None:
    folder = in_folder(
        tmp_path, {"p/a_test.rego": 'package a\n\ntest_x if {\n  1 == 1\n  count("a") == 2\n  3 == 3\n}\n'}
    )

    ran = gitops_guard("policy", "test", "p", cwd=folder)

    assert ran.code == 1
    assert ran.out == (
        'p/a_test.rego:3:1: fail data.a.test_x: line 5 is not true: count("a") == 2\n\n1 test: 0 passed, 1 failed\n'
    )


def test_a_test_that_loops_is_stopped_and_named_and_the_others_go_on(tmp_path: Path) -> None:
    endless = "some a in numbers.range(1, 3000)\n some b in numbers.range(1, 3000)\n some c in numbers.range(1, 3000)"
    files = {
        "policies/a_test.rego": f"package a\n\ntest_loop if {{ {endless}\n a + b + c == 1 }}\n\ntest_ok if 1 == 1\n",
        ".gitops-guard.yaml": "policy:\n  paths: [policies]\n  limits: {seconds: 0.5}\n",
    }

    ran = gitops_guard("policy", "test", "-v", cwd=in_folder(tmp_path, files))

    assert ran.code == 1
    assert "error data.a.test_loop: it was stopped: one evaluation took longer than 0.5 s" in ran.out
    assert "pass data.a.test_ok" in ran.out


@pytest.mark.parametrize(
    ("files", "arguments", "code", "said"),
    [
        pytest.param({}, [], 2, "there is no folder policies/ or policy/", id="no folder"),
        pytest.param({}, ["nowhere"], 2, "--policy 'nowhere': there is no such file or folder", id="not there"),
        pytest.param({"policy/a.rego": "package a\n"}, [], 2, "there is no test", id="no test"),
        pytest.param({"policy/a.rego": "package a\n"}, ["--run", "("], 2, "is no regular expression", id="no pattern"),
        pytest.param(
            {"policy/a_test.rego": "package a\n\ntest_x if 1 == 1\n", "policy/b.rego": "package b\n\nx := {\n"},
            [],
            3,
            "policy error: policy/b.rego:4:1: ",
            id="a module does not parse",
        ),
    ],
)
def test_bad_input_is_a_sentence(
    files: dict[str, str], arguments: list[str], code: int, said: str, tmp_path: Path
) -> None:
    ran = gitops_guard("policy", "test", *arguments, cwd=in_folder(tmp_path, files))

    assert ran.code == code
    assert said in ran.out + ran.err


def test_coverage_tells_the_lines_that_no_test_goes_through(tmp_path: Path) -> None:
    files = {
        "policy/a.rego": "package a\n\nx := 1 if input.a\n\ny := 2 if {\n  input.b\n  input.b == 3\n}\n",
        "policy/a_test.rego": "package a\n\ntest_x if x == 1 with input.a as 1\n\ntest_y if not y with input.b as 2\n",
    }

    ran = gitops_guard("policy", "test", "--coverage", "--format", "json", cwd=in_folder(tmp_path, files))
    coverage = json.loads(ran.out)["coverage"]

    assert {file["file"]: file["missed"] for file in coverage["files"]} == {
        "policy/a.rego": [5],
        "policy/a_test.rego": [],
    }
