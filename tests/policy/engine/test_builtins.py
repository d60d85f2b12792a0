"""What is said of builtins is so: the page, the lists, and the results beside OPA's."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from gitops_guard.policy import builtins, builtins_python, rego
from gitops_guard.policy.embedded import Embedded
from gitops_guard.policy.program import Program, Question
from gitops_guard.policy.rego import Outline
from tests.policy.conftest_program import ROOT
from tools import build_builtins_page

OPA = ROOT / "tools" / "bin" / "opa"
NAMES = {one["name"] for one in build_builtins_page.opa_builtins()}
OLD = {"all", "any", "re_match", "rego.metadata.rule"}  # those that v1 does not have, and one that needs a rule
# Calls of each builtin that are worth a comparison, a line each.
CALLS = (Path(__file__).parent / "calls.txt").read_text().splitlines()


# Numbers are those of the machine, as docs/policies.md says: (ours, OPA's).
DIFFERENT = {
    "0.1 + 0.2": (0.30000000000000004, 0.3),
    "12345678901234567890123 + 1": (1.2345678901234568e22, 12345678901234567890124),
}


def test_the_page_says_what_is_so() -> None:
    assert build_builtins_page.PAGE.read_text() == build_builtins_page.render()


def test_every_builtin_of_opa_is_in_one_list() -> None:
    lists = [builtins.EMBEDDED, builtins_python.NAMES, builtins.REFUSED.keys(), builtins.MISSING]

    assert sorted(name for name in NAMES if sum(name in each for each in lists) != 1) == []
    assert builtins.MISSING <= NAMES
    assert builtins.EMBEDDED <= NAMES


def _embedded(expressions: list[str]) -> dict[str, object]:
    rules = "".join(f"r{number} := {text}\n" for number, text in enumerate(expressions))
    outline = rego.read("all.rego", f"package all\n\n{rules}")
    assert isinstance(outline, Outline), outline
    names = tuple(f"data.all.r{number}" for number in range(len(expressions)))
    (reply,) = Embedded().ask([Question(Program("all", (outline.module,)), names, [None])])
    assert reply.failures == ()
    return {text: answer.value for text, answer in zip(expressions, reply.answers[0], strict=True)}


def _opa(expressions: list[str], folder: Path) -> dict[str, object]:
    rules = "".join(f"r{number} := {text}\n" for number, text in enumerate(expressions))
    (folder / "all.rego").write_text(f"package all\n\n{rules}")
    told = subprocess.run([OPA, "eval", "-d", "all.rego", "data.all"], cwd=folder, capture_output=True, check=True)
    found = json.loads(told.stdout)["result"][0]["expressions"][0]["value"]
    return {text: found.get(f"r{number}") for number, text in enumerate(expressions)}


def test_each_builtin_gives_what_opa_gives(tmp_path: Path) -> None:
    ours, theirs = _embedded(CALLS), _opa(CALLS, tmp_path)

    assert {text: (ours[text], theirs[text]) for text in CALLS if ours[text] != theirs[text]} == DIFFERENT


def test_each_builtin_that_is_there_is_called_here() -> None:
    there = (builtins.EMBEDDED | builtins_python.NAMES) & NAMES - OLD
    beyond = {"print", "trace", "json.marshal_with_options", "json.verify_schema"}

    assert sorted(name for name in there - beyond if not any(f"{name}(" in call for call in CALLS)) == []


@pytest.mark.parametrize("name", sorted(builtins.MISSING))
def test_what_the_engine_lacks_is_an_error_that_names_it(name: str) -> None:
    outline = rego.read("a.rego", f"package a\n\nx := {name}(1)\n")
    assert isinstance(outline, Outline)

    said = [failure.message for failure in builtins.faults(outline, (), ())]

    assert said == [f"the embedded engine has no builtin `{name}`; `--policy-engine opa` has it"]
