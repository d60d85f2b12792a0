"""Statements of Rego that the embedded engine reads in another way than OPA: each comes to what OPA says."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.policy import rego
from gitops_guard.policy.embedded import Embedded
from gitops_guard.policy.program import Program, Question
from gitops_guard.policy.rego import Outline
from tests.policy.conftest_program import ROOT

OPA = ROOT / "tools" / "bin" / "opa"
INPUT = {
    "boxes": {"all": [{"name": "x"}, {"name": "y"}]},
    "empty": [],
    "false": False,
    "list": [1, 2, 3],
    "null": None,
    "number": 1,
    "object": {"k": "v"},
    "text": "text",
}
_CASE = re.compile(r"^-- (.+) --\n", re.MULTILINE)
_PARTS = _CASE.split((Path(__file__).parent / "statements.txt").read_text())
# Rules by what they show; there is no `input.missing`.
CASES = dict(zip(_PARTS[1::2], _PARTS[2::2], strict=True))


@pytest.fixture(scope="module")
def by_opa(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What OPA says of all cases, by their packages."""
    folder = tmp_path_factory.mktemp("statements")
    for number, text in enumerate(CASES.values()):
        (folder / f"{number}.rego").write_text(f"package p{number}\n\n{text}")
    told = subprocess.run(
        [OPA, "eval", "--stdin-input", "-d", ".", "data"],
        cwd=folder,
        input=json.dumps(INPUT).encode(),
        capture_output=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(told.stdout)["result"][0]["expressions"][0]["value"]
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_statement_comes_to_what_opa_says(name: str, by_opa: dict[str, Any]) -> None:
    package = f"p{list(CASES).index(name)}"
    outline = rego.read("a.rego", f"package {package}\n\n{CASES[name]}")
    assert isinstance(outline, Outline), outline

    (reply,) = Embedded().ask([Question(Program("a", (outline.module,)), (f"data.{package}.deny",), [INPUT])])

    (answer,) = reply.answers[0]
    assert (reply.failures, answer.failure) == ((), None)
    assert sorted(answer.value, key=json.dumps) == sorted(by_opa[package]["deny"], key=json.dumps)


def test_a_failure_has_the_line_of_the_policy_whatever_was_put_before_it() -> None:
    text = """package main

deny contains c if {
	not startswith(input.text, "a")
	[_, "x"] = walk(
		input
	)
}

c := 1

c := 2
"""
    outline = rego.read("a.rego", text)
    assert isinstance(outline, Outline)

    (reply,) = Embedded().ask([Question(Program("a", (outline.module,)), ("data.main.deny",), [INPUT])])

    (answer,) = reply.answers[0]
    assert answer.failure is not None
    assert answer.failure.at is not None
    assert answer.failure.at.line == 12


def test_bodies_under_not_are_an_error_that_names_them() -> None:
    """The engine takes `not { … }` for a set."""
    outline = rego.read("a.rego", 'package main\n\nimport future.keywords.not\n\ndeny contains "m" if not { false }\n')
    assert isinstance(outline, Outline)

    (reply,) = Embedded().ask([Question(Program("a", (outline.module,)), ("data.main.deny",), [INPUT])])

    assert [failure.message for failure in reply.failures] == [
        "the embedded engine does not know `import future.keywords.not`; `--policy-engine opa` does"
    ]
