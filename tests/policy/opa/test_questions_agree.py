"""Every question that our own policies bring to resources from the field, asked of both engines, answer by answer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_guard.load import tree
from gitops_guard.model.resource import Resource, Tree
from gitops_guard.model.rule import Options, Profile
from gitops_guard.policy import folder
from gitops_guard.policy.family import Family
from gitops_guard.policy.library import Library
from gitops_guard.policy.opa_server import OpaServer
from gitops_guard.policy.places import PolicyFile
from gitops_guard.policy.pod_security import RULES, PodSecurity
from gitops_guard.policy.testing_rego import RegoTests
from gitops_guard.rules import all_rules
from tests.policy.conftest_program import conftest, ours
from tests.policy.opa.both import Both
from tests.policy.opa.server import Server
from tests.policy.test_conftest_examples import EXAMPLES, GAPS, RUNS


@pytest.fixture(params=["opa_v1", "opa_v0"])
def both(request: pytest.FixtureRequest) -> Iterator[Both]:
    """A server in either mode: our own policies are v1."""
    with OpaServer(request.getfixturevalue(request.param).url) as server:
        yield Both(server)


def files_of(root: Path) -> Tree:
    return tree.from_files(
        {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*.yaml"))}
    )


def ask(both: Both, family: Family, resources: Tree) -> None:
    both.ask([inquiry.question for inquiry in family.inquiries(resources)])


def defaults(rule: str, resource: Resource) -> tuple[bool, Options]:
    return True, {name: option.default for name, option in all_rules()[rule].options.items()}


@pytest.mark.shared
def test_the_library(both: Both, shared: Path) -> None:
    rules = {name: rule for name, rule in all_rules().items() if rule.profile is Profile.OPT_IN}
    ask(both, Library(rules, defaults), files_of(shared / "suites" / "polaris-checks"))

    assert both.disagreements == []
    assert both.asked > 1000


@pytest.mark.shared
@pytest.mark.parametrize("level", RULES)
def test_pod_security(level: str, both: Both, shared: Path) -> None:
    family = PodSecurity(RULES.values(), defaults, lambda *_: False)
    ask(both, family, files_of(shared / "suites" / "pod-security" / level / "v1.37"))

    assert both.disagreements == []
    assert both.asked > 30


def test_the_tests_of_our_policies(both: Both, repository: Path) -> None:
    root = repository / "policies"
    files = [
        PolicyFile(path.relative_to(root).as_posix(), path.read_bytes(), ()) for path in sorted(root.rglob("*.rego"))
    ]
    read = folder.read(files)
    tests = RegoTests([*read.modules, *read.tests], {}, {file.path: file.data for file in files}, both, lambda _: True)
    tests.run()

    assert both.disagreements == []
    assert both.asked > 50


@pytest.mark.parametrize("run", [run for run in RUNS if run[0] in GAPS], ids=" ".join)
def test_what_the_embedded_engine_cannot_do_the_server_does_as_conftest(
    run: tuple[str, str, str], opa_v0: Server, tmp_path: Path
) -> None:
    example, inputs, flags = run
    root = shutil.copytree(EXAMPLES / example, tmp_path / example)
    given = (tuple(flags.split()), inputs.split())

    assert ours(root, *given, "--policy-engine", "opa", "--opa-url", opa_v0.url) == conftest(root, *given)
