"""Every question that our own policies, Gatekeeper's and conftest's examples bring, asked of both engines."""

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
from gitops_guard.policy.gatekeeper_suite import Suites
from gitops_guard.policy.library import Library
from gitops_guard.policy.opa_server import OpaServer
from gitops_guard.policy.places import PolicyFile
from gitops_guard.policy.pod_security import RULES, PodSecurity
from gitops_guard.policy.testing_rego import RegoTests
from gitops_guard.rules import all_rules
from tests.policy.conftest_program import conftest, ours
from tests.policy.opa.both import Both
from tests.policy.opa.server import Server
from tests.policy.test_conftest_examples import EXAMPLES, RUNS


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
    family = PodSecurity(defaults, lambda *_: False)
    ask(both, family, files_of(shared / "suites" / "pod-security" / level / "v1.37"))

    assert both.disagreements == []
    assert both.asked > 30


@pytest.mark.shared
def test_the_suites_of_gatekeepers_library(opa_v0: Server, shared: Path) -> None:
    """Templates are v0 where they do not say what they are."""
    root = shared / "suites" / "gatekeeper" / "general"
    files = [
        PolicyFile(path.relative_to(root).as_posix(), path.read_bytes(), ()) for path in sorted(root.rglob("*.yaml"))
    ]
    with OpaServer(opa_v0.url) as server:
        both = Both(server)
        suites = Suites({file.path: file.data for file in files}, both, ())
        for document in folder.read(files).of(folder.PolicyKind.SUITE):
            suites.run(document)

    assert both.disagreements == []
    assert both.asked > 100


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


@pytest.mark.parametrize(("example", "inputs", "flags"), RUNS, ids=[" ".join(run).strip() for run in RUNS])
def test_an_example_of_conftest(example: str, inputs: str, flags: str, opa_v0: Server, tmp_path: Path) -> None:
    """Also the one that the embedded engine cannot do."""
    root = shutil.copytree(EXAMPLES / example, tmp_path / example)
    given = (tuple(flags.split()), inputs.split())

    assert ours(root, *given, "--policy-engine", "opa", "--opa-url", opa_v0.url) == conftest(root, *given)
