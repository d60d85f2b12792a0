"""Kubernetes' own fixtures: the folder of each Pod is the verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_guard.load import tree
from gitops_guard.model.resource import Resource
from gitops_guard.policy.pod_security import RULES
from tests.policy.pod_security.asking import asked

LEVELS = ("baseline", "restricted")
VERSIONS = ("1.25", "1.30", "1.34", "1.37")
CASES = [(level, version) for level in LEVELS for version in VERSIONS]


@pytest.mark.shared
@pytest.mark.parametrize(("level", "version"), CASES, ids=[" v".join(case) for case in CASES])
@pytest.mark.parametrize("option", ["version", "kubernetes-version"])
def test_the_verdict_of_every_fixture_is_right(level: str, version: str, option: str, shared: Path) -> None:
    folder = shared / "suites" / "pod-security" / level / f"v{version}"
    content = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.yaml"))}

    found = asked(tree.from_files(content), level, options={option: version})
    refused = {one.subject.location.file for one in found if isinstance(one.subject, Resource)}

    assert {one.rule for one in found} == {RULES[level]}
    assert {path for path in content if path.startswith("fail/")} == refused
    assert any(path.startswith("pass/") for path in content)


@pytest.mark.shared
@pytest.mark.parametrize("version", VERSIONS)
def test_what_restricted_lets_pass_baseline_lets_pass_as_well(version: str, shared: Path) -> None:
    folder = shared / "suites" / "pod-security"
    content = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.yaml"))}

    found = asked(tree.from_files(content), *LEVELS, options={"version": version})
    refused: dict[str, set[str]] = {rule: set() for rule in RULES.values()}
    for one in found:
        assert isinstance(one.subject, Resource)
        refused[one.rule].add(one.subject.location.file)

    assert refused["pod-security-baseline"] < refused["pod-security-restricted"]
