"""docs/polaris.md says of every check of Polaris whether it is here, and of those that are, which rules ask."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.rules.test_polaris import CHECKS

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "polaris.md").read_text(encoding="utf-8")
ROWS = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("| `")]


def test_the_rules_of_a_check_are_those_that_are_tested() -> None:
    section = PAGE.partition("## The same question\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("| `")]

    named = {check.strip(" `"): tuple(re.findall(r"\[([\w-]+)\]", rules)) for check, rules in rows}

    assert named == CHECKS | {"tagNotSpecified": ("unpinned-image-tag",)}


@pytest.mark.shared
def test_every_check_of_the_suite_is_named_once(shared: Path) -> None:
    checks = sorted(folder.name for folder in (shared / "suites" / "polaris-checks").iterdir() if folder.is_dir())

    named = sorted(check for first, *_ in ROWS for check in re.findall(r"`(\w+)`", first))

    assert named == checks
    assert f"Of the {len(checks)} checks that it has fixtures for, {len(CHECKS) + 1} ask" in PAGE
