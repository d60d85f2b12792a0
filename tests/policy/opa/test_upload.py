"""What lies on the server while a program is asked, in which order, and that nothing of it stays."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable

import pytest

from gitops_guard.model.errors import GuardError
from gitops_guard.policy.opa_interrupts import Interrupts
from gitops_guard.policy.opa_server import OpaServer
from gitops_guard.policy.program import Dialect, Module, Program, Question
from tests.policy.opa.server import Server
from tests.policy.opa.wire import between

MAIN = Module("main.rego", "package main\n\nimport data.lib\n\ndeny contains lib.told(input.name)\n")
LIB = Module("a_lib.rego", 'package lib\n\ntold(name) := sprintf("not %v", [name])\n')


def asked(*programs: Program, rule: str = "data.main.deny") -> list[Question]:
    return [Question(program, (rule,), [{"name": "a"}]) for program in programs]


@pytest.mark.parametrize("modules", [pytest.param((LIB, MAIN), id="first"), pytest.param((MAIN, LIB), id="last")])
def test_a_module_that_is_called_may_come(modules: tuple[Module, ...], opa_v1: Server) -> None:
    """OPA refuses a call of what is not there, and to delete what is called."""
    before = opa_v1.holds()
    with OpaServer(opa_v1.url) as engine:
        (replies,) = engine.ask(asked(Program("p", modules)))

    assert (replies.answers[0][0].value, replies.failures) == (["not a"], ())
    assert opa_v1.holds() == before


def test_packages_that_call_each_other_are_an_error_that_says_why(opa_v1: Server) -> None:
    one = Module("one.rego", "package one\n\nf(x) := data.two.f(x)\n\ng(x) := x\n")
    two = Module("two.rego", "package two\n\nf(x) := data.one.g(x)\n")
    with OpaServer(opa_v1.url) as engine:
        (replies,) = engine.ask(asked(Program("p", (one, two)), rule="data.one.x"))

    assert [str(failure.at) for failure in replies.failures] == ["one.rego:3:9", "two.rego:3:9"]
    assert "OPA takes modules one by one" in replies.failures[0].message


CIRCLE_V1 = (
    "# METADATA\n# title: a\npackage main # one\n\nimport data.limits\nimport data.lib as l\n\n"
    "deny contains msg if {\n  is_named\n  msg := l.told(name)\n}\n\nname := input.name",
    "# METADATA\n# title: b\npackage main\n\nimport rego.v1\nimport data.limits\n\n"
    "# METADATA\n# title: c\nis_named if name != limits.no\n",
    'package lib\n\ntold(name) := sprintf("not %v", [name])\n',
)
CIRCLE_V0 = (
    "package main\n\nimport future.keywords.in\nimport data.lib\n\n"
    "deny[msg] {\n  is_named\n  msg := lib.told(name)\n}\n\nname = input.name\n",
    "package main\n\nimport future.keywords.in\n\nis_named { name in [data.limits.yes] }\n",
    'package lib\n\ntold(name) = x { x := sprintf("not %v", [name]) }\n',
)


def circle(texts: tuple[str, ...], dialect: Dialect) -> Program:
    modules = tuple(Module(f"{number}.rego", text, dialect) for number, text in enumerate(texts))
    return Program("p", modules, {"limits": {"no": "b", "yes": "a"}})


@pytest.mark.parametrize("modules", [CIRCLE_V1, CIRCLE_V1[::-1]], ids=["one way", "the other"])
def test_files_of_a_package_may_use_each_others_rules(modules: tuple[str, ...], either: Server) -> None:
    before = either.holds()
    with OpaServer(either.url) as engine:
        (replies,) = engine.ask(asked(circle(modules, Dialect.V1)))

    assert replies.failures == ()
    assert replies.answers[0][0].value == ["not a"]
    assert either.holds() == before


@pytest.mark.parametrize("modules", [CIRCLE_V0, CIRCLE_V0[::-1]], ids=["one way", "the other"])
def test_files_of_a_package_in_v0_may_use_each_others_rules(modules: tuple[str, ...], opa_v0: Server) -> None:
    with OpaServer(opa_v0.url) as engine:
        (replies,) = engine.ask(asked(circle(modules, Dialect.V0)))

    assert replies.failures == ()
    assert replies.answers[0][0].value == ["not a"]


def test_a_fault_in_such_files_is_placed_in_its_own(either: Server) -> None:
    first, second, lib = CIRCLE_V1
    with OpaServer(either.url) as engine:
        (replies,) = engine.ask(asked(circle((first, f"{second}\n\nx := nothing\n", lib), Dialect.V1)))

    assert [(str(failure.at), failure.message) for failure in replies.failures] == [
        ("1.rego:13:6", "OPA: var nothing is unsafe")
    ]


def test_files_in_which_a_name_means_two_things_are_not_one(opa_v1: Server) -> None:
    first, second, lib = CIRCLE_V1
    other = second.replace("import data.limits", "import data.others as limits")
    with OpaServer(opa_v1.url) as engine:
        (replies,) = engine.ask(asked(circle((first, other, lib), Dialect.V1)))

    assert {str(failure.at) for failure in replies.failures} == {"0.rego:9:3", "1.rego:10:13"}


def test_two_programs_may_have_the_same_package(opa_v1: Server) -> None:
    one = Program("one", (Module("one.rego", "package main\n\nx := 1\n"),), {"limits": {"a": 1}})
    two = Program("two", (Module("two.rego", "package main\n\nx := 2\n"),), {"limits": {"a": 2}})
    before = opa_v1.holds()
    with OpaServer(opa_v1.url) as engine:
        replies = engine.ask(asked(one, two, one, rule="data.main.x"))

    assert [reply.answers[0][0].value for reply in replies] == [1, 2, 1]
    assert opa_v1.holds() == before


def test_a_program_that_does_not_compile_does_not_keep_others_from_it(opa_v1: Server) -> None:
    broken = Program("broken", (Module("b.rego", "package b\n\nx if {\n  y\n}\n"),), {"b_data": [1]})
    with OpaServer(opa_v1.url) as engine:
        refused, answered = engine.ask(asked(broken, Program("p", (MAIN, LIB))))

    assert [(one.policy, str(one.at), one.message) for one in refused.failures] == [
        ("broken", "b.rego:4:3", "OPA: var y is unsafe")
    ]
    assert answered.answers[0][0].value == ["not a"]


HELD: list[tuple[str, Callable[[Server], None], str]] = [
    ("the package", lambda on: on.policy("theirs", "package lib\n\nx := 1\n"), "the package lib, in its policy theirs"),
    ("a part of it", lambda on: on.policy("theirs", "package main.sub\n\nx := 1\n"), "the package main.sub, in its"),
    ("data there", lambda on: on.data("main", {"z": 1}), "already holds data at data.main; a policy here"),
    ("the data", lambda on: on.data("limits", {"b": 1}), "already holds data at data.limits; data here has the key"),
    ("null as data", lambda on: on.data("limits", None), "already holds data at data.limits"),
    ("a package with our data", lambda on: on.policy("x", "package limits\n\na := 1\n"), "the package limits, in its"),
    ("one of a killed run", lambda on: on.policy("gitops-guard/0/1", "package lib\n"), "was killed: then DELETE /v1/"),
]  # fmt: skip


@pytest.mark.parametrize(("put", "said"), [pytest.param(put, said, id=name) for name, put, said in HELD])
def test_what_the_server_holds_is_an_error_before_anything_is_written(
    put: Callable[[Server], None], said: str, fresh: Server
) -> None:
    put(fresh)
    before = fresh.holds()
    free = Program("free", (Module("f.rego", "package free\n"),))
    refused = pytest.raises(GuardError, match=re.escape(said))
    with between(fresh.url) as traffic, OpaServer(traffic.url) as engine, refused:
        engine.ask(asked(free, Program("p", (MAIN, LIB), {"limits": {"a": 1}})))

    assert {b"PUT", b"PATCH", b"DELETE"}.isdisjoint(traffic.requests)
    assert fresh.holds() == before


def test_a_neighbour_of_our_packages_is_no_conflict(fresh: Server) -> None:
    fresh.policy("theirs", "package lib2.x\n\nx := 1\n")
    fresh.data("limit", 1)
    before = fresh.holds()
    with OpaServer(fresh.url) as engine:
        (replies,) = engine.ask(asked(Program("p", (MAIN, LIB), {"limits": {"a": 1}})))

    assert replies.answers[0][0].value == ["not a"]
    assert fresh.holds() == before


@pytest.mark.parametrize("key", ["a/b", "a b", "ä", "?x#y", "%41", "~1", "a.b"])
def test_a_key_of_data_may_be_any_text(key: str, fresh: Server) -> None:
    module = Module("k.rego", f'package k\n\nx := data["{key}"]\n')
    before = fresh.holds()
    with OpaServer(fresh.url) as engine:
        (replies,) = engine.ask(asked(Program("p", (module,), {key: [1]}), rule="data.k.x"))

    assert replies.answers[0][0].value == [1]
    assert fresh.holds() == before


@pytest.mark.parametrize(
    ("program", "said"),
    [
        pytest.param(
            Program("p", (Module("s.rego", "package system.authz\n\ndefault allow := false\n"),)),
            "the package `system` is OPA's own",
            id="the package that rules who may ask",
        ),
        pytest.param(Program("p", (MAIN, LIB), {"system": {}}), "the key 'system' cannot be", id="its data"),
        pytest.param(Program("p", (MAIN, LIB), {"..": {}}), "the key '..' cannot be", id="a key that is a way up"),
        pytest.param(Program("p", (MAIN, LIB), {"a/../b": {}}), "the key 'a/../b' cannot be", id="a way up within"),
        pytest.param(
            Program("p", (MAIN, LIB), {"a": float("nan")}), "the key 'a' cannot be", id="data that is no JSON"
        ),
    ],
)
def test_what_must_not_be_uploaded_is_an_error_of_that_program(program: Program, said: str, fresh: Server) -> None:
    with between(fresh.url) as traffic, OpaServer(traffic.url) as engine:
        (replies,) = engine.ask(asked(program))

    assert [said in failure.message for failure in replies.failures] == [True]
    assert {b"PUT", b"PATCH"}.isdisjoint(traffic.requests)


@pytest.mark.parametrize(
    ("requests", "stalls", "said"),
    [
        pytest.param(5, False, "closed the connection without an answer", id="while it is given modules"),
        pytest.param(5, True, "did not answer within 1 seconds", id="and does not even end the connection"),
        pytest.param(7, False, "closed the connection without an answer", id="while it is asked"),
        pytest.param(7, True, "did not answer within 1 seconds", id="and leaves a question open"),
    ],
)
def test_a_server_that_goes_away_is_an_error_that_names_what_may_be_left(
    requests: int, stalls: bool, said: str, fresh: Server
) -> None:
    """Before it is asked: policies, what is held, data, a module that is refused, the other, the first again."""
    left = r"it may still hold gitops-guard/\w+/1, (gitops-guard/\w+/0, )?data\.limits, which was uploaded"
    with between(fresh.url) as traffic, OpaServer(traffic.url, timeout_s=1) as engine:
        traffic.cut_at, traffic.stalls = requests, stalls
        with pytest.raises(GuardError, match=f"{said}.*{left}"):
            engine.ask(asked(Program("p", (MAIN, LIB), {"limits": {}})))


def test_one_connection_and_few_requests_are_enough(opa_v1: Server) -> None:
    program = Program("p", (LIB, MAIN))
    with between(opa_v1.url) as traffic, OpaServer(traffic.url) as engine:
        engine.ask([Question(program, ("data.main.deny",), [{"name": n} for n in range(10)])] * 50)

    assert traffic.connections == 1
    assert traffic.requests.count(b"POST") == 1 + 3  # what is held, then 500 inputs in batches of 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_while_something_is_written(number: int) -> None:
    told = []
    before = signal.signal(number, lambda got, _: told.append(got))
    try:
        with Interrupts() as interrupts:
            signal.raise_signal(number)
            assert told == []
            with interrupts.window():
                assert told == [number]
                signal.raise_signal(number)
            signal.raise_signal(number)
            assert told == [number]
        assert told == [number, number]
    finally:
        signal.signal(number, before)


def test_rego_of_both_dialects_lies_on_a_server_for_v0_with_its_lines(opa_v0: Server) -> None:
    old = Module("old.rego", "package old\n\nx[1] { input.name }\n", Dialect.V0)
    new = Module("new.rego", "# METADATA\n# title: t\npackage new # c\n\ny := 1 if false\n\nz := q\n")
    with OpaServer(opa_v0.url) as engine:
        answered, refused = engine.ask([*asked(Program("a", (old,)), rule="data.old.x"), *asked(Program("b", (new,)))])

    assert answered.answers[0][0].value == [1]
    assert [str(failure.at) for failure in refused.failures] == ["new.rego:7:6"]
