"""Suites of Gatekeeper, the bundled policies and conftest's examples: on an OPA server as on the embedded engine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gitops_guard.load import tree
from gitops_guard.policy import folder
from gitops_guard.policy.embedded import Embedded
from gitops_guard.policy.family import Family
from gitops_guard.policy.folder import PolicyKind
from gitops_guard.policy.gatekeeper_suite import Suites
from gitops_guard.policy.library import Library
from gitops_guard.policy.opa_server import OpaServer
from gitops_guard.policy.places import named
from gitops_guard.policy.pod_security import PodSecurity
from gitops_guard.policy.program import Engine, Question, Replies
from gitops_guard.rules import all_rules
from tests.policy.conftest_program import ours
from tests.policy.library.conftest import OPT_IN
from tests.policy.opa.server import Server
from tests.policy.test_conftest_examples import EXAMPLES, GAPS, RUNS
from tests.test_rule_examples import example

RULES = all_rules()


def answers(engine: Engine, questions: list[Question]) -> list[list[list[tuple[bool, object]]]]:
    replies: list[Replies] = engine.ask(questions)
    assert [reply.failures for reply in replies if reply.failures] == []
    return [[[(one.defined, _plain(one.value)) for one in row] for row in reply.answers] for reply in replies]


def _plain(value: object) -> object:
    """Sets have no order."""
    return sorted(map(repr, value)) if isinstance(value, list) else value


def test_the_library_and_pod_security_answer_the_same(opa_v1: Server) -> None:
    documents = {
        f"{name}-{section}-{path}": data
        for name in (*OPT_IN, "pod-security-baseline", "pod-security-restricted")
        for section in ("Fails", "Passes")
        for path, data in example(RULES[name].doc, section).files.items()
    }
    resources = tree.from_files(documents)
    options = {name: {key: one.default for key, one in rule.options.items()} for name, rule in RULES.items()}
    families: list[Family] = [
        Library(OPT_IN, lambda name, _: (True, options[name])),
        PodSecurity(RULES.keys(), lambda name, _: (True, options[name]), lambda *_: False),
    ]
    questions = [inquiry.question for family in families for inquiry in family.inquiries(resources)]

    with OpaServer(opa_v1.url) as server:
        assert answers(server, questions) == answers(Embedded(), questions)
    assert len(questions) > 3


@pytest.mark.shared
def test_the_suites_of_gatekeepers_library_come_to_the_same(shared: Path, opa_v0: Server) -> None:
    files = named([str(shared / "suites" / "gatekeeper" / "general")], "")
    suites = folder.read(files).of(PolicyKind.SUITE)
    by_path = {file.path: file.data for file in files}

    with OpaServer(opa_v0.url) as server:
        by_server = [Suites(by_path, server).run(suite) for suite in suites]

    assert by_server == [Suites(by_path, Embedded()).run(suite) for suite in suites]
    assert len(suites) == 30


@pytest.mark.parametrize(("name", "inputs", "flags"), RUNS, ids=[" ".join(run).strip() for run in RUNS])
def test_an_example_of_conftests_says_the_same(
    name: str, inputs: str, flags: str, opa_v0: Server, tmp_path: Path
) -> None:
    """Where the embedded engine names a construct that it cannot do, the server says what conftest says."""
    here = shutil.copytree(EXAMPLES / name, tmp_path / name)
    given = (tuple(flags.split()), inputs.split())

    by_server = ours(here, *given, "--policy-engine", "opa", "--opa-url", opa_v0.url)

    if name in GAPS:
        assert by_server.failures != []
    else:
        assert by_server == ours(here, *given)
