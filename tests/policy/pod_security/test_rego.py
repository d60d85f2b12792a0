"""The policies as Rego: real OPA runs their tests."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.conftest import _program

POLICIES = Path(__file__).resolve().parents[3] / "policies" / "pod-security"


def opa(*arguments: str | Path) -> str:
    done = subprocess.run([_program("opa"), *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


def test_opa_passes_a_test_of_every_module() -> None:
    results = json.loads(opa("test", "--format", "json", POLICIES))

    assert {result["package"].removeprefix("data.pod_security.") for result in results} == {
        "pod_test",
        "baseline_test",
        "restricted_test",
    }
    assert [result["name"] for result in results if result.get("fail") or result.get("error")] == []


def test_the_tests_reach_every_line() -> None:
    report = json.loads(opa("test", "--coverage", "--format", "json", POLICIES))

    missed = {Path(name).name: file["not_covered"] for name, file in report["files"].items() if "not_covered" in file}
    assert missed == {}


def test_they_are_strict_and_formatted_as_opa_has_it() -> None:
    assert opa("check", "--strict", POLICIES) == ""
    assert opa("fmt", "--list", POLICIES) == ""
