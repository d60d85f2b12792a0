# ruff: noqa: E501 - a file of each dialect is one line of a table
"""Files of CI that mean no good: of any shape, and long."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from gitops_guard.load import tree
from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location
from gitops_guard.rules import all_rules

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "ci-deploys-directly"
WORKFLOW = ".github/workflows/ci.yaml"
AGENT = {
    "flux/shop.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: shop}\n",
}


@pytest.mark.parametrize(
    "body",
    [
        "jobs: [a, b]",
        "jobs: {a: [kubectl apply]}",
        "jobs: {a: {steps: {run: kubectl apply}}}",
        "jobs: {a: {steps: [kubectl apply, null, 1, [x]]}}",
        "jobs: {a: {steps: [{run: {a: kubectl apply}}, {run: 1, uses: 2, with: 3, env: 4}]}}",
        "jobs: {1: {steps: [{run: true}], services: [x], env: [y], defaults: 1}}",
        "on: 1\njobs: null",
        "[kubectl apply]",
        "kubectl apply",
        "",
        "a: [",
        "steps: {a: 1}\ncommands: 1\npipelines: []\nscript: {a: b}\ndeploy: 1\nextends: [1, [2]]",
        "deploy: {extends: [1, {a: b}, deploy], script: {a: 1}, before_script: [[[a]]], services: {a: 1}, image: [1]}",
        "steps: [1, null, {args: 1, command: {a: b}, name: [x]}, {command: [1, 2, 3], args: [null]}, {args: [1]}]",
        "kind: Task\napiVersion: tekton.dev/v1\nmetadata: []\nspec: {steps: [1], tasks: [1, {params: {a: 1}, taskRef: 1}]}",
    ],
)
@pytest.mark.parametrize(
    "path",
    [WORKFLOW, ".gitlab-ci.yml", ".circleci/config.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", ".drone.yml",
     ".travis.yml", "cloudbuild.yaml", ".buildkite/x.yml", "task.yaml", "Jenkinsfile"],
)  # fmt: skip
def test_files_of_any_shape_are_read(ask: Ask, path: str, body: str) -> None:
    assert ask(ASK, {**AGENT, path: body}) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param(WORKFLOW, json.dumps({"jobs": {"a": {"steps": [{"run": "kubectl get x\n" * 70_000}]}}}), id="run"),
        pytest.param(WORKFLOW, json.dumps({"jobs": {"a": {"steps": [{"run": "kubectl $(" * 30_000}]}}}), id="depth"),
        pytest.param(WORKFLOW, json.dumps({"jobs": {"a": {"steps": [{"uses": "a/" * 100_000}]}}}), id="action"),
        pytest.param("Jenkinsfile", "sh '" * 100_000, id="strings of Jenkins"),
        pytest.param("Jenkinsfile", "sh(script: " * 50_000, id="steps of Jenkins"),
        pytest.param("Jenkinsfile", "sh " + "(" * 300_000 + "'", id="brackets of Jenkins"),
        pytest.param("Jenkinsfile", "sh(label: 'a', " * 30_000, id="arguments of Jenkins"),
        pytest.param("Jenkinsfile", "/*" * 200_000, id="comments of Jenkins"),
        pytest.param("Jenkinsfile", "'\\" * 200_000, id="escapes of Jenkins"),
    ],
)
def test_hostile_files_are_read_in_linear_time(path: str, text: str) -> None:
    repository = tree.from_files({path: text.encode(), **{name: agent.encode() for name, agent in AGENT.items()}})
    started = time.process_time()

    list(all_rules()[ASK].run(repository, {"allowed-commands": ()}))

    assert time.process_time() - started < 6


def test_many_findings_in_one_text_are_placed_in_time(ask: Ask) -> None:
    job = {"on": "push", "jobs": {"deploy": {"steps": [{"run": "kubectl apply -f x\n" * 2_000}]}}}
    started = time.process_time()

    found = ask(ASK, {**AGENT, WORKFLOW: json.dumps(job)})

    assert found
    assert time.process_time() - started < 10
