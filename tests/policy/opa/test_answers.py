"""What a real OPA answers to many inputs at once: each of them as if it were alone."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest

from gitops_guard.model.errors import GuardError, UsageError
from gitops_guard.policy.opa_server import OpaServer
from gitops_guard.policy.program import Answer, AsJson, Module, Program, Question, Replies
from tests.policy.opa.server import Server
from tests.policy.opa.wire import answering, http

TWO = "package p\n\nx := 1 if input.one\n\nx := 2 if input.two\n\ny contains input.name\n"
EXPLODES = """package p

x contains a if {
  input.slow
  some a in numbers.range(1, 3000)
  some b in numbers.range(1, 3000)
  some c in numbers.range(1, 3000)
  a * b * c == -1
}

y := 1
"""
EVERYTHING: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**30,
    1e300,
    "",
    'a "b" \\ `c` ${d}\n',
    "ä€😀\u2028",
    [],
    {},
    [[]],
    {"": {}},
]


def program(text: str, **data: Any) -> Program:
    return Program("p", (Module("p.rego", text),), data)


def ask(server: Server, *questions: Question, timeout_s: float = 30) -> list[Replies]:
    with OpaServer(server.url, timeout_s=timeout_s) as engine:
        return engine.ask(questions)


def values(replies: Replies) -> list[list[Any]]:
    return [[answer.value if answer.defined else "undefined" for answer in row] for row in replies.answers]


def test_every_kind_of_input_arrives_as_it_is(opa_v1: Server) -> None:
    (replies,) = ask(opa_v1, Question(program("package p\n\nx := input\n"), ("data.p.x",), EVERYTHING))

    assert values(replies) == [[value] for value in EVERYTHING]


def test_undefined_is_not_empty_null_or_false(opa_v1: Server) -> None:
    text = "package p\n\na := 1 if input.no\n\nb contains 1 if input.no\n\nc := null\n\nd := false\n"
    rules = ("data.p.a", "data.p.b", "data.p.c", "data.p.d", "data.p.none", "data.elsewhere.x")
    (replies,) = ask(opa_v1, Question(program(text), rules, [{}]))

    assert values(replies) == [["undefined", [], None, False, "undefined", "undefined"]]


def test_an_error_for_one_input_does_not_lose_the_others_and_tells_no_value(opa_v1: Server) -> None:
    inputs: list[Any] = [{"one": True, "name": number} for number in range(450)]
    inputs[137] = {"one": True, "two": True, "name": "hunter2"}
    (replies,) = ask(opa_v1, Question(program(TWO), ("data.p.x", "data.p.y"), inputs))

    failed = replies.answers[137][0].failure
    assert failed is not None
    assert (failed.policy, str(failed.at)) == ("p.x", "p.rego:5:1")
    assert "more than one value" in failed.message
    assert values(replies)[136:139] == [[1, [136]], ["undefined", ["hunter2"]], [1, [138]]]
    assert [number for number, row in enumerate(replies.answers) if row[0].value != 1] == [137]


def test_a_conflict_of_keys_does_not_tell_the_key(opa_v1: Server) -> None:
    text = "package p\n\nx[key] := value if {\n  some value in [1, 2]\n  key := input.key\n}\n"
    (replies,) = ask(opa_v1, Question(program(text), ("data.p.x",), [{"key": "hunter2"}]))

    assert replies.answers[0][0].failure is not None
    assert "hunter2" not in replies.answers[0][0].failure.message


def test_a_value_that_opa_cannot_write_does_not_lose_the_others_and_is_not_told(opa_v1: Server) -> None:
    """OPA 1.22 takes `1_000` for a number, and then fails to answer with it."""
    (replies,) = ask(opa_v1, Question(program("package p\n\nx := to_number(input)\n"), ("data.p.x",), ["1_000", "1"]))

    failed = replies.answers[0][0].failure
    assert failed is not None
    assert "1_000" not in failed.message
    assert replies.answers[1] == [Answer(True, 1)]


def test_a_value_that_python_cannot_read_does_not_lose_the_others(opa_v1: Server) -> None:
    text = "package p\n\nx := product([input | some n in numbers.range(1, 20)])\n\ny := 1\n"
    (replies,) = ask(opa_v1, Question(program(text), ("data.p.x", "data.p.y"), [1e308, 2]))

    assert replies.answers[0][0].failure is not None
    assert "thousands of digits" in replies.answers[0][0].failure.message
    assert replies.answers[0][1] == Answer(True, 1)


def test_a_builtin_that_fails_is_undefined(opa_v1: Server) -> None:
    (replies,) = ask(opa_v1, Question(program("package p\n\nx := to_number(input)\n"), ("data.p.x",), ["a", "1"]))

    assert values(replies) == [["undefined"], [1]]


def test_a_rule_that_takes_all_the_time_is_stopped_and_named_and_the_others_go_on(fresh: Server) -> None:
    question = Question(program(EXPLODES), ("data.p.x", "data.p.y"), [{}, {"slow": True}, {}])
    before = fresh.holds()
    (replies,) = ask(fresh, question, timeout_s=1)

    failed = replies.answers[1][0].failure
    assert failed is not None
    assert failed.policy == "p.x"
    assert failed.message == f"the OPA server {fresh.url} did not answer within 1 seconds for one input, so the rule is not asked again"  # fmt: skip # noqa: E501 - the whole sentence
    assert values(replies)[0] == [[], 1]
    assert [row[1].value for row in replies.answers] == [1, 1, 1]
    assert fresh.holds() == before


def test_data_of_a_question_stands_over_that_of_the_program(opa_v1: Server) -> None:
    over = program("package p\n\nx := data.limits.cpu\n\ny := data.limits.other\n", limits={"cpu": 1, "other": 2})
    rules = ("data.p.x", "data.p.y")
    replies = ask(
        opa_v1,
        Question(over, rules, [1]),
        Question(over, rules, [1, 2], {"limits.cpu": {'"`': None}}),
        Question(over, rules, [1], {"limits": {"cpu": 3}}),
        Question(over, rules, [1], {"limits.cpu": 5}),
    )

    assert [values(reply) for reply in replies] == [[[1, 2]], [[{'"`': None}, 2]] * 2, [[3, "undefined"]], [[5, 2]]]


def test_an_input_in_json_is_one(opa_v1: Server) -> None:
    question = Question(program("package p\n\nx := input.a\n"), ("data.p.x",), [AsJson('{"a": [1]}')])

    assert values(ask(opa_v1, question)[0]) == [[[1]]]


def test_an_input_that_json_has_not_is_an_error_of_its_own(opa_v1: Server) -> None:
    question = Question(program("package p\n\nx := input\n"), ("data.p.x",), [float("nan"), 1])
    (replies,) = ask(opa_v1, question)

    assert replies.answers[0][0].failure is not None
    assert "holds a value that JSON has not" in replies.answers[0][0].failure.message
    assert replies.answers[1] == [Answer(True, 1)]


def test_a_package_and_a_rule_may_have_any_name(opa_v1: Server) -> None:
    text = 'package p["a-b"]["if"]\n\nx := 1\n'
    question = Question(program(text), ('data.p["a-b"]["if"].x', 'data.p["a-b"].if.x'), [1])

    assert values(ask(opa_v1, question)[0]) == [[1, 1]]


def test_large_inputs_go_in_several_requests(opa_v1: Server) -> None:
    inputs = ["x" * (1 << 20)] * 9

    (replies,) = ask(opa_v1, Question(program("package p\n\nx := count(input)\n"), ("data.p.x",), inputs))

    assert values(replies) == [[1 << 20]] * 9


def test_what_the_server_holds_is_told_without_functions(fresh: Server) -> None:
    fresh.policy("theirs/a", 'package a["b-c"]\n\nf(x) := x\n\ndeny contains 1\n\ndeny contains 2\n\np.q := 1\n')
    with OpaServer(fresh.url) as engine:
        assert [tuple(policy) for policy in engine.held()] == [("theirs/a", ("a", "b-c"), ("deny", "p"))]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8181",
        "http://",
        "http://h:x",
        "ftp://h",
        "http://h/v1",
        "http://h?a",
        "http://a:hunter2@h",
        "//h",
    ],
)
def test_an_address_that_is_none_is_the_callers_mistake_and_is_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="--opa-url") as error:
        OpaServer(url)

    assert "hunter2" not in str(error.value)


def test_an_answer_that_drips_is_too_slow_as_well() -> None:
    """Each byte comes within the time, the answer does not."""
    drops = http("200 OK", '{"result": []}' + " " * 500, "Content-Type: application/json")
    slow = pytest.raises(GuardError, match="did not answer within 2 seconds")
    with answering(drops, pause_s=0.02) as url, OpaServer(url, timeout_s=2) as engine, slow:
        engine.held()


def test_a_token_is_sent_and_not_one_of_the_netrc(
    fresh_with_token: Server, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`requests` prefers a password of ~/.netrc to a header that it was given, where it reads the environment."""
    url = fresh_with_token.url.replace("127.0.0.1", "0.0.0.0")  # the same place, and not known as loopback
    monkeypatch.setenv("NO_PROXY", "0.0.0.0")
    (tmp_path / "netrc").write_text("default login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with OpaServer(url, token="the-token") as engine:
        assert [policy.package for policy in engine.held()] == [("system", "authz")]
    for token, said in (("", "wants a token for GET /v1/policies"), ("wrong", "does not accept the token")):
        with OpaServer(url, token=token) as engine, pytest.raises(GuardError, match=said):
            engine.held()


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(opa_v1: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with OpaServer(opa_v1.url) as engine:
        assert engine.held() == []


def test_what_the_page_says_is_enough_for_a_server_that_refuses_all_else(fresh_with_token: Server) -> None:
    asked = Question(program("package p\n\nx := data.limits\n", limits=[1]), ("data.p.x",), [1])
    held = Question(Program("held", ()), ("data.system.authz.allow",), [{}])
    with OpaServer(fresh_with_token.url, token="the-token") as engine:
        assert values(engine.ask([asked])[0]) == [[[1]]]
        assert [policy.package for policy in engine.held()] == [("system", "authz")]
    with OpaServer(fresh_with_token.url, token="the-token", package="system.authz") as engine:
        assert values(engine.ask([held])[0]) == [[False]]


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opa_client", None)

    with pytest.raises(UsageError, match=re.escape("pip install 'gitops-guard[opa]'")):
        OpaServer("http://127.0.0.1:8181")
