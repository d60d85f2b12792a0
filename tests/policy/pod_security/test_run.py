"""A whole run: what a person sees, by profile, by configuration, and by the label of a Namespace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.program import gitops_guard

LABEL = "pod-security.kubernetes.io/enforce: baseline"
NAMESPACE = f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n    {LABEL}\n"
POD = """apiVersion: v1
kind: Pod
metadata:
  name: shop
  namespace: shop
spec:
  hostPID: true
  containers:
    - name: shop
      image: ghcr.io/example/shop:1.4.2
"""
BASELINE = ("pod-security-baseline", 7)


def found(folder: Path, *flags: str) -> list[tuple[str, int]]:
    ran = gitops_guard("check", "--no-lint", "--no-cache", "--format", "json", *flags, cwd=folder)
    findings = json.loads(ran.out)["findings"]
    return sorted((one["rule"], one["line"]) for one in findings if one["rule"].startswith("pod-security"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pod.yaml").write_text(POD)
    return tmp_path


def test_no_profile_below_strict_has_the_rules(folder: Path) -> None:
    assert found(folder) == []


def test_one_that_is_named_is_asked_alone(folder: Path) -> None:
    assert found(folder, "--enable", "pod-security-baseline") == [BASELINE]


@pytest.mark.parametrize(
    ("settings", "first"),
    [
        ("profile: strict\n", "pod-security-baseline"),
        ("profile: strict\nrules: {host-pid: on}\n", "host-pid"),
        ("profile: strict\nrules: {pod-security-baseline: off}\n", "pod-security-restricted"),
    ],
    ids=["baseline before restricted", "a rule of the library before both", "restricted alone"],
)
def test_a_field_is_said_once(settings: str, first: str, folder: Path) -> None:
    (folder / ".gitops-guard.yaml").write_text(settings)
    ran = gitops_guard("check", "--no-lint", "--no-cache", "--format", "json", cwd=folder)

    findings = json.loads(ran.out)["findings"]

    assert [one["rule"] for one in findings if one["path"] == ["spec", "hostPID"]] == [first]
    assert sum(one["rule"] == "pod-security-restricted" for one in findings) == 4 + (first == "pod-security-restricted")


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        pytest.param("profile: minimal\n", [BASELINE], id="in the smallest profile"),
        pytest.param("rules: {pod-security-baseline: off}\n", [], id="off by its name"),
        pytest.param("rules: {pod-security-baseline: {exclude: [pod.yaml]}}\n", [], id="not for this path"),
        pytest.param("rules: {pod-security-restricted: off}\n", [BASELINE], id="another rule is off"),
    ],
)
def test_a_namespace_that_enforces_is_asked_unless_the_rule_is_refused(
    settings: str, wanted: list[tuple[str, int]], folder: Path
) -> None:
    (folder / "namespace.yaml").write_text(NAMESPACE)
    (folder / ".gitops-guard.yaml").write_text(settings)

    assert found(folder) == wanted
