"""The policies as Rego: OPA and conftest run their tests, and what they say of themselves is what the rule says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.policy.library.conftest import OPT_IN

POLICIES = Path(__file__).resolve().parents[3] / "policies" / "library"
MODULES = sorted(path.stem for path in POLICIES.glob("*.rego") if not path.stem.endswith("_test"))


def output(*command: str | Path) -> str:
    done = subprocess.run([*command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


def json_of(*command: str | Path) -> Any:
    return json.loads(output(*command))


def test_opa_passes_a_test_of_every_module(opa: Path) -> None:
    results = json_of(opa, "test", "--format", "json", POLICIES)

    assert {result["package"] for result in results} == {f"data.library.{name}_test" for name in MODULES}
    assert [result["name"] for result in results if result.get("fail") or result.get("error")] == []


def test_conftest_passes_the_same_tests(opa: Path, conftest_program: Path) -> None:
    tests = json_of(opa, "test", "--format", "json", POLICIES)

    verified = json_of(conftest_program, "verify", "--policy", POLICIES, "--output", "json")

    assert sum(entry["successes"] for entry in verified) == len(tests)
    assert [entry for entry in verified if entry.get("failures")] == []


def test_the_tests_reach_every_line(opa: Path) -> None:
    report = json_of(opa, "test", "--coverage", "--format", "json", POLICIES)

    missed = {Path(name).name: file["not_covered"] for name, file in report["files"].items() if "not_covered" in file}
    assert missed == {}


def test_they_are_strict_and_formatted_as_opa_has_it(opa: Path) -> None:
    assert output(opa, "check", "--strict", POLICIES) == ""
    assert output(opa, "fmt", "--list", POLICIES) == ""


@pytest.mark.parametrize("rule", OPT_IN)
def test_the_metadata_are_those_of_the_rule(opa: Path, rule: str) -> None:
    module = POLICIES / f"{rule.replace('-', '_')}.rego"

    inspected = json_of(opa, "inspect", "--annotations", "--format", "json", module)
    (found,) = (entry["annotations"] for entry in inspected["annotations"])

    assert found["custom"] == {"id": rule, "severity": str(OPT_IN[rule].severity)}
    assert found["title"]
    assert found["description"]
    assert all(source["ref"] in OPT_IN[rule].doc for source in found["related_resources"])


@pytest.mark.parametrize("rule", [name for name, rule in OPT_IN.items() if rule.options])
def test_the_defaults_are_those_of_the_rule(opa: Path, rule: str) -> None:
    package = f"data.library.{rule.replace('-', '_')}"
    options = OPT_IN[rule].options

    query = "[" + ", ".join(f"{package}.{name}" for name in options) + "]"
    evaluated = json_of(opa, "eval", "--data", POLICIES, "--format", "json", query)

    values = evaluated["result"][0]["expressions"][0]["value"]
    assert values == [list(option.default) for option in options.values()]


def test_every_policy_is_a_rule() -> None:
    policies = [name for name in MODULES if "\ndeny contains " in (POLICIES / f"{name}.rego").read_text()]

    assert [name.replace("_", "-") for name in policies] == list(OPT_IN)
