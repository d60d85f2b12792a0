"""Gatekeeper's library on real repositories: the findings of gator, which is given the resources one by one.

Gator cannot read these repositories as they are: patches, templates and values lie among the manifests.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gitops_guard.load import names, sources, tree
from gitops_guard.model import workload
from tests.policy.gatekeeper.gator_program import GATOR
from tests.program import gitops_guard

pytestmark = pytest.mark.shared


def policies(shared: Path, folder: Path) -> None:
    """The templates that hold Rego alone, with a constraint each, and what automatic expansion does, written out."""
    folder.mkdir()
    for template in sorted((shared / "suites" / "gatekeeper" / "general").glob("*/template.yaml")):
        if "K8sNativeValidation" not in template.read_text():
            constraint = sorted(template.parent.glob("samples/*/constraint.yaml"))[0]
            shutil.copy(template, folder / f"{template.parent.name}-template.yaml")
            shutil.copy(constraint, folder / f"{template.parent.name}-constraint.yaml")
    for number, ((group, kind), path) in enumerate(workload.TEMPLATES.items()):
        expansion = {
            "apiVersion": "expansion.gatekeeper.sh/v1alpha1",
            "kind": "ExpansionTemplate",
            "metadata": {"name": f"expansion-{number}"},
            "spec": {
                "applyTo": [{"groups": [group], "versions": ["v1", "v1beta1", "v1alpha1"], "kinds": [kind]}],
                "templateSource": ".".join(map(str, path)),
                "generatedGVK": {"group": "", "version": "v1", "kind": "Pod"},
            },
        }
        (folder / f"expansion-{number}.yaml").write_text(json.dumps(expansion))


def flat(repository: Path, folder: Path) -> None:
    source = sources.work_tree(repository)
    paths = [entry.path for entry in source.entries() if entry.kind is None and names.may_be_read(entry.path)]
    folder.mkdir()
    for number, resource in enumerate(tree.from_files(dict(source.read(paths))).resources):
        if resource.id.name and resource.id.group != "kustomize.config.k8s.io":
            (folder / f"{number:05}.json").write_text(json.dumps(resource.body))


def gator(root: Path) -> set[tuple[str, str, str, str]]:
    command: list[str | Path] = [GATOR, "test", "-f", "policies", "-f", "repo", "-o", "json"]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert ran.returncode in (0, 1), ran.stderr[-1000:]
    return {
        (
            f"{one['constraint']['kind']}.{one['constraint']['metadata']['name']}",
            one["violatingObject"]["kind"],
            one["violatingObject"]["metadata"]["name"],
            one["msg"],
        )
        for one in json.loads(ran.stdout) or ()
    }


@pytest.mark.parametrize("name", ["podinfo", "microservices-demo", "gitops-catalog", "home-ops-flux"])
def test_finds_what_gator_finds(name: str, shared: Path, corpus: Callable[[str], Path], tmp_path: Path) -> None:
    policies(shared, tmp_path / "policies")
    flat(corpus(name), tmp_path / "repo")

    flags = ("--policy", "policies", "--only-policies", "--no-lint", "--no-cache", "--format", "json")
    report = json.loads(gitops_guard("check", "repo", *flags, cwd=tmp_path).out)

    found = [one for one in report["findings"] if one["resource"] is not None and "." in one["rule"]]
    assert report["crashes"] == []
    assert {(one["rule"], one["resource"]["kind"], one["resource"]["name"], one["message"]) for one in found} == gator(
        tmp_path
    )
