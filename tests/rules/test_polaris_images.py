"""Polaris' own fixtures of `tagNotSpecified`: the name of a file is the verdict, and ours is the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location

Ask = Callable[..., list[tuple[Location, Problem]]]
FIXTURES = ("failure.latest.yaml", "failure.yaml", "success.yaml")


@pytest.mark.shared
@pytest.mark.parametrize("name", FIXTURES)
def test_the_verdict_on_a_tag_is_that_of_polaris(shared: Path, ask: Ask, name: str) -> None:
    text = (shared / "suites" / "polaris-checks" / "tagNotSpecified" / name).read_text()

    assert bool(ask("unpinned-image-tag", text)) is name.startswith("failure")


@pytest.mark.shared
def test_no_fixture_is_left_out(shared: Path) -> None:
    folder = shared / "suites" / "polaris-checks" / "tagNotSpecified"

    assert sorted(path.name for path in folder.glob("*.yaml")) == sorted(FIXTURES)


@pytest.mark.shared
def test_what_polaris_says_of_pull_policies_is_no_finding_of_ours(shared: Path, ask: Ask) -> None:
    """`pullPolicyNotAlways` asks for `Always` with every image. With a tag that does not move, that only costs time."""
    folder = shared / "suites" / "polaris-checks" / "pullPolicyNotAlways"

    assert ask("unpinned-image-tag", (folder / "failure.deployment.yaml").read_text()) == []
