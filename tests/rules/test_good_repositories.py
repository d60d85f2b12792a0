"""On repositories that are kept well, the rules have nothing to say."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gitops_guard import check
from gitops_guard.load import tree
from gitops_guard.load.config import Config
from gitops_guard.load.layout import Layout
from gitops_guard.rules import all_rules

# A demonstration that deploys itself: its CI logs in to a cluster, and deploys there by skaffold and kubectl.
WANTED = {"microservices-demo": {"ci-deploys-directly", "cluster-credentials"}}


def files_of(bundle: Path, target: Path) -> dict[str, bytes]:
    subprocess.run(["git", "clone", "--quiet", str(bundle), str(target)], check=True, capture_output=True)
    listed = subprocess.run(["git", "-C", str(target), "ls-files", "-z"], check=True, capture_output=True).stdout
    paths = [path for path in listed.decode().split("\0") if path]
    return {path: (target / path).read_bytes() for path in paths if not (target / path).is_symlink()}


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["flux2-kustomize-helm-example", "podinfo", "flux2-multi-tenancy", "microservices-demo"]
)
def test_a_good_repository_has_no_findings(shared: Path, tmp_path: Path, name: str) -> None:
    files = files_of(shared / "corpora" / f"{name}.bundle", tmp_path / name)

    report = check.check(tree.from_files(files, Layout(files).app_of), all_rules(), Config(), today="2026-06-01")

    found = [finding for finding in report.findings if finding.rule not in WANTED.get(name, ())]
    assert [f"{finding.location} {finding.rule}" for finding in found] == []
    assert not report.crashes
