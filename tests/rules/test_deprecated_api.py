"""API versions that are gone, or going, in the Kubernetes that the clusters run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gitops_guard.load.config import Config, setting
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location
from gitops_guard.rules import all_rules

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "deprecated-api"


def budget(version: str) -> str:
    return f"kind: PodDisruptionBudget\napiVersion: {version}\nmetadata: {{name: it}}\n"


@pytest.mark.parametrize(
    ("kubernetes", "severity"),
    [
        pytest.param("1.24", Severity.WARNING, id="deprecated is a warning"),
        pytest.param("1.25", None, id="removed is an error"),
        pytest.param("1.37", None, id="and stays one"),
        pytest.param("1.25.3", None, id="a patch version counts too"),
    ],
)
def test_the_target_version_decides(ask: Ask, kubernetes: str, severity: Severity | None) -> None:
    found = ask(ASK, budget("policy/v1beta1"), kubernetes_version=kubernetes)

    assert [(at.line, at.column, problem.severity) for at, problem in found] == [(2, 13, severity)]
    assert "policy/v1" in found[0][1].message.rpartition("use ")[2]


def test_a_version_that_is_not_deprecated_yet_is_fine(ask: Ask) -> None:
    assert ask(ASK, budget("policy/v1beta1"), kubernetes_version="1.20") == []


@pytest.mark.parametrize("version", ["policy/v1", "example.com/v1beta1", "${VERSION}", '""'])
def test_current_and_unknown_versions_are_fine(ask: Ask, version: str) -> None:
    assert ask(ASK, budget(version)) == []


def test_the_version_of_the_configuration_reaches_the_rule() -> None:
    rule = all_rules()[ASK]

    assert setting(rule, Config(kubernetes_version="1.24"), "", "it.yaml").options["kubernetes-version"] == "1.24"
    assert setting(rule, Config(), "", "it.yaml").options["kubernetes-version"] == "1.37"
