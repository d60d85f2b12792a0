"""docs/polaris.md says of every check of Polaris whether it is here, and of those that are, which rules ask."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.policy.library import test_polaris as of_the_library
from tests.rules.test_polaris import CHECKS

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "polaris.md").read_text(encoding="utf-8")
ROWS = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("| `")]


def rows_below(title: str) -> list[list[str]]:
    section = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("| `")]


def test_the_rules_of_a_check_are_those_that_are_tested() -> None:
    rows = rows_below("The same question")

    named = {check.strip(" `"): tuple(re.findall(r"\[([\w-]+)\]", rules)) for check, rules in rows}

    assert named == CHECKS | {"tagNotSpecified": ("unpinned-image-tag",)}


def test_the_rules_that_are_turned_on_for_a_check_are_those_that_are_tested() -> None:
    rows = rows_below("The same question, when it is turned on")

    named = {check.strip(" `"): rule.strip() for check, rule, _ in rows}

    assert named == {check: _turned_on(*asked) for check, asked in of_the_library.CHECKS.items()}


def _turned_on(rule: str, options: Mapping[str, list[str]]) -> str:
    link = f"[{rule}](rules/{rule}.md)"
    return link + "".join(f" with `{name}: [{', '.join(values)}]`" for name, values in options.items())


@pytest.mark.shared
def test_every_check_of_the_suite_is_named_once(shared: Path) -> None:
    checks = sorted(folder.name for folder in (shared / "suites" / "polaris-checks").iterdir() if folder.is_dir())

    named = sorted(check for first, *_ in ROWS for check in re.findall(r"`(\w+)`", first))

    assert named == checks
    assert f"Of the {len(checks)} checks that it has fixtures for, {len(CHECKS) + 1} ask" in PAGE
    assert f"and {len(of_the_library.CHECKS)} what a rule asks that is off" in PAGE
