"""A refused builtin stays refused whatever the policy calls its rules, its imports and its variables."""

from __future__ import annotations

import pytest

from gitops_guard.policy import rego
from gitops_guard.policy.embedded import Embedded
from gitops_guard.policy.program import Failure, Program, Question
from gitops_guard.policy.rego import Outline


def failure(text: str) -> Failure:
    """The one failure of a policy that is asked of one input; nothing is answered."""
    outline = rego.read("bad.rego", f"package main\n\n{text}")
    assert isinstance(outline, Outline), outline
    (reply,) = Embedded().ask([Question(Program("bad", (outline.module,)), ("data.main.deny",), [{}])])
    (answer,) = reply.answers[0]
    assert not answer.defined
    found = answer.failure or reply.failures[0]
    assert len(reply.failures) <= 1
    return found


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        pytest.param("time := 1\n\ndeny contains time.now_ns()", "time.now_ns", 5, id="a rule of that name"),
        pytest.param("http(_) := 1\n\ndeny contains http.send({})", "http.send", 5, id="a function of that name"),
        pytest.param("opa[x] := 1 if x := 2\n\ndeny contains opa.runtime()", "opa.runtime", 5, id="a partial rule"),
        pytest.param("import input.time\n\ndeny contains time.now_ns()", "time.now_ns", 5, id="an import of input"),
        pytest.param(
            "import input.a as time\n\ndeny contains time.now_ns()", "time.now_ns", 5, id="an import with another name"
        ),
        pytest.param(
            "import data.a as rand\n\nx := rand\n\ndeny contains rand.intn(1, 2)", "rand.intn", 7, id="data imported"
        ),
        pytest.param("deny contains x if { time := 1; x := time.now_ns() }", "time.now_ns", 3, id="a variable"),
        pytest.param(
            "time := 1\n\nf() := 1\n\ndeny contains 1 if f() with f as time.now_ns",
            "time.now_ns",
            7,
            id="a rule of that name, and with",
        ),
        pytest.param("deny contains 1 if not http.send(input)", "http.send", 3, id="under not"),
    ],
)
def test_a_name_of_its_own_does_not_open_the_way_to_a_builtin(text: str, name: str, line: int) -> None:
    found = failure(text)

    assert (found.policy, found.at and found.at.line) == ("bad.rego", line)
    assert found.message.startswith(f"the policy calls `{name}`, which ")


@pytest.mark.parametrize("name", ["http.send", "time.now_ns"])
def test_what_was_not_found_in_the_text_fails_where_it_is_called(name: str) -> None:
    """A rule that has the whole name of a builtin is no function: the engine would take the builtin."""
    arguments = "{}" if name == "http.send" else ""

    found = failure(f"{name} := 1\n\ndeny contains {name}({arguments})")

    assert (found.policy, found.at and found.at.line) == ("main.deny", 5)
    assert found.message.startswith(f"the policy calls `{name}`, which ")


def test_a_missing_builtin_behind_a_rule_of_that_name_is_named() -> None:
    assert "has no builtin `uri.parse`" in failure('uri := 1\n\ndeny contains uri.parse("a")').message


def test_a_policy_may_have_functions_in_its_own_namespace() -> None:
    text = "package main\n\nlib.twice(x) := x * 2\n\ndeny contains lib.twice(input.n)\n"
    outline = rego.read("good.rego", text)
    assert isinstance(outline, Outline)

    (reply,) = Embedded().ask([Question(Program("good", (outline.module,)), ("data.main.deny",), [{"n": 2}])])

    assert (reply.answers[0][0].value, reply.failures) == ([4], ())
