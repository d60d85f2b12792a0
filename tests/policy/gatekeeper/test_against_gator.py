"""Templates, constraints and Suites through the real gator and through us: the same results."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.policy.conftest_program import read_case
from tests.policy.gatekeeper.gator_program import gator_test, gator_verify, ours
from tests.program import gitops_guard

CASES = {file.stem: read_case(file) for file in sorted((Path(__file__).parent / "cases").glob("*.txtar"))}


@pytest.mark.parametrize("name", CASES)
def test_says_what_gator_says(name: str, tmp_path: Path) -> None:
    CASES[name].write(tmp_path)

    assert ours(tmp_path) == gator_test(tmp_path)


@pytest.mark.shared
def test_every_case_of_the_suites_of_the_library_has_gators_outcome(shared: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(shared / "suites" / "gatekeeper" / "general", tmp_path / "general")

    said: dict[str, str] = {}
    expected: dict[str, str] = {}
    for suite in sorted(folder.glob("*/suite.yaml")):
        expected.update({f"{suite.parent.name}:{case}": out for case, out in gator_verify(suite.parent).items()})
    ran = gitops_guard("policy", "test", ".", "--format", "json", cwd=folder)
    for test in json.loads(ran.out)["tests"]:
        where, _, case = test["name"].partition(":")
        said[f"{where.removesuffix('/suite.yaml')}:{case}"] = test["outcome"]

    assert {name: (said.get(name), outcome) for name, outcome in expected.items() if said.get(name) != outcome} == {}
    assert len(expected) > 100
    assert said.keys() == expected.keys()
