"""Conftest's own examples that hold YAML or JSON, as its acceptance tests and its documentation run them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.policy.conftest_program import ROOT, conftest, ours

EXAMPLES = ROOT / "tools" / "bin" / "conftest-examples"
RUNS = [
    ("awssam", "lambda.yaml", ""),
    ("combine", "team.yaml user1.yaml user2.yaml", "--combine"),
    ("combine", "team.yaml users.yaml", "--combine"),
    ("compose", "docker-compose.yml", ""),
    ("compose", "docker-compose-valid.yml", ""),
    ("configfile", "deployment.yaml", "--policy test --namespace conftest"),
    ("data", "service.yaml", "--data exclusions"),
    ("exceptions", "deployments.yaml", ""),
    ("hcl1", "gke-show.json", "--policy policy/base.rego"),
    ("kubernetes", "deployment.yaml", ""),
    ("kubernetes", "service.yaml", ""),
    ("kubernetes", "service.yaml", "--fail-on-warn"),
    ("kubernetes", "deployment+service.yaml", ""),
    ("kubernetes", "deployment.yaml service.yaml", "--namespace notpresent"),
    ("kubernetes", "deployment.yaml", "--all-namespaces"),
    ("kubernetes", "combine/combine.yaml", "--policy combine --combine"),
    ("kubernetes", "combine/deployment.yaml combine/service.yaml", "--policy combine --combine"),
    ("kustomize", "deployment.yaml service.yaml configMap.yaml", ""),
    ("serverless", "serverless.yaml", ""),
]
# What the embedded engine cannot do, and its reason.
GAPS = {"combine": "var `name` used before definition below"}
OTHER_SYNTAX = {
    "builtin-errors", "capabilities", "codeowners", "cue", "cyclonedx", "docker", "dotenv", "edn", "hcl2", "hocon",
    "ignore", "ini", "jenkins", "jsonnet", "nginx", "properties", "report", "spdx", "strict-rules", "textproto",
    "traefik", "ts", "vcl", "xml",
}  # fmt: skip


@pytest.mark.parametrize(("example", "inputs", "flags"), RUNS, ids=[" ".join(run).strip() for run in RUNS])
def test_says_of_an_example_what_conftest_says(example: str, inputs: str, flags: str, tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLES / example, tmp_path / example)
    given = (tuple(flags.split()), inputs.split())

    said = ours(folder, *given)
    if example in GAPS:
        assert (said.code, said.failures) == ("error", [])
        assert [reason for reason in said.reasons if GAPS[example] in reason and "main.deny" in reason] == said.reasons
    else:
        assert said == conftest(folder, *given)


def test_no_example_is_left_out() -> None:
    """The others are about files that are neither YAML nor JSON, hold no input, or need a parser of conftest's."""
    there = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}

    assert there - {example for example, _, _ in RUNS} == OTHER_SYNTAX
