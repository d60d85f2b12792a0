"""`not` is true where OPA's is, and undefined where OPA's is."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from gitops_guard.policy import rego
from gitops_guard.policy.embedded import Embedded
from gitops_guard.policy.program import Program, Question
from gitops_guard.policy.rego import Outline
from tests.policy.conftest_program import ROOT

OPA = ROOT / "tools" / "bin" / "opa"
INPUT = {"a": {"b": "x"}, "list": ["p", "q"], "n": 3}
NEGATIONS = [
    "not input.missing",
    'not input.missing == "a"',
    "not input.missing = 3",
    "not input.missing == input.other",
    "not input.missing > 3",
    "not input.missing != 3",
    "not input.missing + 1 == 2",
    'not startswith(input.missing, "a")',
    'not startswith(input.a.b, "a")',
    'not startswith(input["a"].b, "x")',
    "not count(input.missing) > 1",
    "not count(input.list) > 2",
    "not f(input.missing)",
    "not f(input.n)",
    "not f(g(input.missing))",
    "not f(g(2))",
    "not 3 == g(input.missing)",
    'not "a" == input.d[input.missing]',
    "not input.a[input.missing]",
    "not input.a[input.a.b]",
    "not [input.missing] == [1]",
    'not {"a": input.missing} == {"a": 1}',
    "not input.missing in [1]",
    'not "z" in input.missing',
    'not "z" in input.list',
    "not input.n in input.list",
    'not f(input.missing) with input as {"missing": 2}',
    'not f(input.missing) with input as {"n": 2}',
    "not g(input.missing)",
    "not input[g(input.missing)]",
    'not f(input.a["b"])',
    'not sprintf("%v", [input.missing]) == "x"',
    'not contains(concat("", ["a", input.missing]), "b")',
    "v := {\"z\": 1}; not d[v.z]",
    "some x in input.list; not startswith(x, input.missing)",
    "some x in input.list; not startswith(x, \"p\")",
    "every x in input.list { not startswith(x, input.missing) }",
    'every x in input.list { not startswith(x, "z") }',
    "count([x | some x in input.list; not startswith(x, input.missing)]) == 0",
    "not e",
    "not f(e)",
    "not data.nothing.here[input.n]",
    "not regex.match(`^x\"`, input.a.b)",
]  # fmt: skip
OTHERS = "d := {1: 2}\n\nf(x) if x == 2\n\ng(x) := x\n\ne := 2 if input.nothing\n"


def module() -> str:
    rules = [f"r{at} if {{ {text} }}" for at, text in enumerate(NEGATIONS)]
    alone = [f"s{at} if {text}" for at, text in enumerate(NEGATIONS) if text.startswith("not ")]
    return "package n\n\n" + OTHERS + "\n" + "\n\n".join([*rules, *alone]) + "\n"


def opa(folder: Path) -> dict[str, bool]:
    (folder / "n.rego").write_text(module())
    (folder / "input.json").write_text(json.dumps(INPUT))
    command: list[str | Path] = [OPA, "eval", "-d", "n.rego", "-i", "input.json", "data.n"]
    told = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    found = json.loads(told.stdout)["result"][0]["expressions"][0]["value"]
    return {name: value is True for name, value in found.items()}


def test_each_negation_is_true_where_opas_is(tmp_path: Path) -> None:
    outline = rego.read("n.rego", module())
    assert isinstance(outline, Outline), outline
    names = [rule.name for rule in outline.rules if rule.name[0] in "rs"]
    question = Question(Program("n", (outline.module,)), tuple(f"data.n.{name}" for name in names), [INPUT])
    (reply,) = Embedded().ask([question])
    assert (reply.failures, [one.failure for one in reply.answers[0] if one.failure]) == ((), [])
    expected = opa(tmp_path)

    ours = {name: answer.defined for name, answer in zip(names, reply.answers[0], strict=True)}

    texts = {f"{kind}{at}": text for at, text in enumerate(NEGATIONS) for kind in "rs"}
    assert {texts[name]: value for name, value in ours.items() if value != (name in expected)} == {}


@pytest.mark.parametrize("dialect", ["v0", "v1"])
def test_the_lines_stay_where_they_are(dialect: str) -> None:
    from gitops_guard.policy.embedded import _evaluated

    head = "deny[m] {" if dialect == "v0" else "deny contains m if {"
    text = f'package a\n\n{head}\n  not startswith(\n    input.a,\n    "x",\n  )\n  m := "a"\n}}\n'
    outline = rego.read("a.rego", text)
    assert isinstance(outline, Outline)

    assert _evaluated(outline.module).count("\n") == text.count("\n")
