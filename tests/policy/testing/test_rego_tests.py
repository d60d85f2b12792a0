"""The same tests of policies through `opa test`, `conftest verify` and us: the same outcome of each."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
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


def ours(folder: Path, *arguments: str) -> Outcomes:
    ran = gitops_guard("policy", "test", ".", "--format", "json", *arguments, cwd=folder)
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


def reasons(folder: Path, *arguments: str) -> dict[str, str]:
    """What is said of each test that did not pass, by its name."""
    ran = gitops_guard("policy", "test", ".", "--format", "json", *arguments, cwd=folder)
    return {test["name"]: test["message"] for test in json.loads(ran.out)["tests"] if test["outcome"] != "pass"}


@pytest.mark.parametrize(
    ("rule", "name", "said"),
    [
        pytest.param("test_x if { 1 == 1; 2 == 3 }", "test_x", "line 3 is not true: 2 == 3", id="one of a line"),
        pytest.param(
            "test_x if {\n  count([\n    1,\n  ]) == 2\n  3 == 3\n}",
            "test_x",
            "line 4 is not true: count([ 1, ]) == 2",
            id="several lines",
        ),
        pytest.param("test_x if {\n  x > 1\n  x = 2\n  x == 3\n}", "test_x", "it is undefined", id="out of order"),
        pytest.param("test_x := 1", "test_x", "it is not true", id="a number"),
        pytest.param(
            "test_x contains 1", "test_x", "it is a set, an array or an object, not true", id="a set has no cases"
        ),
        pytest.param(
            "test_x.field if 1 == 1",
            "test_x",
            "it is an object without cases: they are written `test_x[name] if …`, with a variable",
            id="an object without cases",
        ),
        pytest.param("test_x(y) := y", "test_x", "a test has no arguments; give it another name", id="arguments"),
        pytest.param("test_x if 1 == 1\n\ntest_x if 1 == 2", "test_x#01", "line 5 is not true: 1 == 2", id="second"),
        pytest.param(
            'test_x[name] if {\n  some name, n in {"a": 1, "b": 2, "c": 3}\n  n > 1\n  n < 3\n}',
            "test_x",
            "a: line 5 is not true: n > 1; c: line 6 is not true: n < 3",
            id="cases",
        ),
        pytest.param(
            'test_x[a].x[b] := v if some b, v in {"k": [3]}[a]', "test_x", "k/x/0: its value is not true", id="value"
        ),
        pytest.param(
            "test_x[n] if { some n in numbers.range(1, 7); n > 7 }",
            "test_x",
            "; ".join(f"{n}: line 3 is not true: n > 7" for n in range(1, 6)) + "; and 2 more",
            id="many cases",
        ),
    ],
)
def test_says_why_a_test_is_not_true(rule: str, name: str, said: str, tmp_path: Path) -> None:
    folder = in_folder(tmp_path, {"a_test.rego": f"package a\n\n{rule}\n"})

    assert reasons(folder) == {f"data.a.{name}": said}


def test_what_cannot_be_asked_of_one_test_does_not_hide_why_others_failed(tmp_path: Path) -> None:
    rules = "test_x if {\n  x > 1\n  x = 0\n}\n\ntest_y if 1 == 2\n"

    assert reasons(in_folder(tmp_path, {"a_test.rego": f"package a\n\n{rules}"})) == {
        "data.a.test_x": "it is undefined",
        "data.a.test_y": "line 8 is not true: 1 == 2",
    }


def test_of_two_tests_of_one_name_one_can_be_run(tmp_path: Path) -> None:
    folder = in_folder(tmp_path, {"a_test.rego": "package a\n\ntest_x if 1 == 2\n\ntest_x if 1 == 1\n"})

    assert list(reasons(folder, "--run", "test_x$")) == ["data.a.test_x"]
    assert list(reasons(folder, "--run", "test_x#01")) == []


def test_a_module_that_does_not_compile_is_named_and_the_others_are_tested(tmp_path: Path) -> None:
    files = {
        "p/a_test.rego": "package a\n\ntest_ok if 1 == 1\n",
        "p/b.rego": "package b\n\nx contains y if z == 1\n\ntest_b if 1 == 1\n",
    }

    ran = gitops_guard("policy", "test", "p", "-v", cwd=in_folder(tmp_path, files))

    assert ran.code == 3
    assert "pass data.a.test_ok" in ran.out
    assert "error data.b.test_b: p/b.rego:3:" in ran.out
    assert "policy error: p/b.rego:3:" in ran.out


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


def test_coverage_is_that_of_opa_test_where_both_count_a_line(tmp_path: Path) -> None:
    """OPA counts the lines of heads and of `else` as well. What its index leaves out we went through."""
    read_case(HERE / "coverage.txtar").write(tmp_path)
    ran = subprocess.run([OPA, "test", ".", "--coverage"], cwd=tmp_path, capture_output=True, text=True, check=False)
    its = {path: (_lines(file, "covered"), _lines(file, "not_covered")) for path, file in _files(ran.stdout)}
    ours = json.loads(gitops_guard("policy", "test", ".", "--coverage", "--format", "json", cwd=tmp_path).out)

    for file in ours["coverage"]["files"]:
        covered, missed = its[file["file"]]
        assert set(file["missed"]) <= missed, file["file"]
        assert set(file["covered"]) <= covered | INDEXED.get(file["file"], set()), file["file"]
    assert {file["file"] for file in ours["coverage"]["files"]} == its.keys()


HERE = Path(__file__).parent
INDEXED = {"a.rego": {12}}  # `allow if input.admin`: the value of `input.admin` is looked up, the rule never entered


def _files(report: str) -> Iterator[tuple[str, dict[str, list[dict[str, dict[str, int]]]]]]:
    yield from json.loads(report)["files"].items()


def _lines(file: dict[str, list[dict[str, dict[str, int]]]], key: str) -> set[int]:
    spans = file.get(key, [])
    return {line for span in spans for line in range(span["start"]["row"], span["end"]["row"] + 1)}
