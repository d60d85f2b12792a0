"""Polaris and we agree on its own fixtures, where a rule of ours asks the same question."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_guard import check
from gitops_guard.load import tree
from gitops_guard.load.config import Config
from gitops_guard.rules import all_rules

# The check of Polaris, and the rules that ask the same.
CHECKS = {
    "sensitiveConfigmapContent": ("secret-in-config", "private-key"),
    "sensitiveContainerEnvVar": ("secret-in-config", "private-key"),
}
# Fixtures of which we think otherwise, with the reason.
EXCEPTIONS: dict[tuple[str, str], str] = {}


def fails(path: Path, rules: tuple[str, ...]) -> bool:
    report = check.check(tree.from_files({path.name: path.read_bytes()}), all_rules(), Config())
    return any(finding.rule in rules for finding in report.findings)


@pytest.mark.shared
@pytest.mark.parametrize("name", CHECKS)
def test_verdicts_match_but_for_the_exceptions(shared: Path, name: str) -> None:
    fixtures = sorted((shared / "suites" / "polaris-checks" / name).glob("*.yaml"))
    wrong = [
        path.name
        for path in fixtures
        if fails(path, CHECKS[name]) is not path.name.startswith("failure") and (name, path.name) not in EXCEPTIONS
    ]

    assert fixtures
    assert wrong == []
