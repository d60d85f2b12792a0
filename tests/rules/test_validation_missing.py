"""Repositories in which nothing looks at manifests before they are merged."""

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
ASK = "validation-missing"
KUSTOMIZATION = {"apps/shop/kustomization.yaml": "resources: []\n"}
FLUX = {
    "clusters/a/apps.yaml": json.dumps(
        {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "a"}}
    )
}


def workflow(*steps: object, on: object = "pull_request", name: str = "ci", **job: object) -> dict[str, str]:
    found = [{"run": step} if isinstance(step, str) else step for step in steps]
    return {f".github/workflows/{name}.yaml": json.dumps({"on": on, "jobs": {"it": {"steps": found, **job}}}, indent=1)}


@pytest.mark.parametrize("manifests", [KUSTOMIZATION, FLUX])
def test_a_workflow_that_does_not_look_is_found_at_its_trigger(ask: Ask, manifests: dict[str, str]) -> None:
    found = ask(ASK, {**workflow("echo hello"), **manifests})

    assert [(at.file, at.line, problem.path) for at, problem in found] == [(".github/workflows/ci.yaml", 2, ("on",))]


def test_the_key_on_is_a_boolean_of_yaml_and_found_all_the_same(ask: Ask) -> None:
    text = "name: a\non:\n  pull_request:\njobs:\n  a:\n    steps:\n    - run: echo\n"

    found = ask(ASK, {".github/workflows/a.yaml": text, **KUSTOMIZATION})

    assert [at.line for at, _ in found] == [2]


def test_of_several_workflows_the_one_that_runs_on_pull_requests_is_named(ask: Ask) -> None:
    files = {**workflow("echo", on="schedule", name="a"), **workflow("echo", name="b"), **KUSTOMIZATION}

    assert [at.file for at, _ in ask(ASK, files)] == [".github/workflows/b.yaml"]


def test_validation_after_the_merge_comes_too_late(ask: Ask) -> None:
    on = {"push": {"branches": ["main"]}}

    found = ask(ASK, {**workflow("kubeconform -strict .", on=on), **KUSTOMIZATION})

    assert ["no workflow runs before that" in problem.message for _, problem in found] == [True]


def test_without_ci_the_finding_is_at_what_is_nearest_to_the_root(ask: Ask) -> None:
    files = {".github/CODEOWNERS": "* @me\n", "a/b/kustomization.yaml": "resources: []\n", **FLUX}

    assert [at.file for at, _ in ask(ASK, {**files, "x/kustomization.yaml": "resources: []\n"})] == [
        "x/kustomization.yaml"
    ]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(KUSTOMIZATION, id="neither CI nor a forge"),
        pytest.param(workflow("echo"), id="nothing for an agent"),
        pytest.param(
            {**workflow("echo"), "a.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"}, id="a manifest"
        ),
    ],
)
def test_other_repositories_are_not_asked_for_it(ask: Ask, files: dict[str, str]) -> None:
    assert ask(ASK, files) == []


@pytest.mark.parametrize(
    "step",
    [
        "kustomize build x | kubeconform -strict",
        "kubectl kustomize x",
        "helm template x",
        "helm lint x",
        "flux-local test",
        "flux diff kustomization x",
        "kubectl apply --dry-run=server -k x",
        "kubectl diff -k x",
        "conftest test x",
        "yamllint .",
        "pre-commit run --all-files",
        "kind create cluster && kubectl apply -k x",
        "make test",
        "task lint",
        "just ci",
        "./scripts/nobody-can-read-it.sh",
        "docker run --rm checker x",
        "./scripts/check.sh",
        {"uses": "oxsecurity/megalinter@v8"},
        {"uses": "ibiqlik/action-yamllint@v3"},
        {"uses": "fluxcd/flux-schema/actions/validate@main"},
        {"uses": "aquasecurity/trivy-action@v1", "with": {"scan-type": "config"}},
        {"uses": "a/b@v1", "name": "Validate manifests"},
        {"uses": "helm/kind-action@v1"},
        {"uses": "./.github/actions/check"},
    ],
)
def test_whatever_looks_at_manifests_is_validation(ask: Ask, step: object) -> None:
    files = {
        "scripts/check.sh": "for it in */; do kubeconform $it; done\n",
        ".github/actions/check/action.yml": "runs:\n  steps:\n  - run: kubeconform x\n",
    }

    assert ask(ASK, {**workflow(step), **files, **KUSTOMIZATION}) == []


@pytest.mark.parametrize(
    "step",
    [
        "echo hello",
        "npm ci && npm test",
        "./scripts/label.sh",
        {"uses": "actions/labeler@v5"},
        {"uses": "rojopolis/spellcheck-github-actions@v0"},
        {"uses": "DavidAnson/markdownlint-cli2-action@v1"},
        {"uses": "golangci/golangci-lint-action@v8"},
        {"uses": "aquasecurity/trivy-action@v1", "with": {"image-ref": "x"}},
        {"uses": "./.github/actions/label"},
    ],
)
def test_what_looks_at_other_things_is_none(ask: Ask, step: object) -> None:
    files = {
        "scripts/label.sh": "gh label create x\n",
        ".github/actions/label/action.yml": "runs:\n  steps:\n  - run: gh label create x\n",
    }

    assert ask(ASK, {**workflow(step), **files, **KUSTOMIZATION}) != []


@pytest.mark.parametrize(
    ("on", "is_before"),
    [
        ("pull_request", True),
        (["push", "pull_request"], True),
        ({"pull_request": None}, True),
        ({"pull_request": {"branches": ["main"]}}, True),
        ({"merge_group": None}, True),
        ("push", True),
        ({"push": None}, True),
        ({"push": {"branches": ["**"]}}, True),
        ({"push": {"branches": "*"}}, True),
        ({"push": {"branches-ignore": ["main"]}}, True),
        ({"push": {"branches": ["main"]}}, False),
        ({"push": {"tags": ["v*"]}}, False),
        ("workflow_dispatch", False),
        ({"schedule": [{"cron": "0 0 * * *"}]}, False),
        (None, False),
        (1, False),
    ],
)
def test_events_before_a_merge_count(ask: Ask, on: object, is_before: bool) -> None:
    assert (ask(ASK, {**workflow("kubeconform x", on=on), **KUSTOMIZATION}) == []) is is_before


def test_workflows_that_are_called_are_read_and_those_of_others_trusted(ask: Ask) -> None:
    called = workflow("kubeconform x", on="workflow_call", name="called")
    empty = workflow("echo", on="workflow_call", name="called")
    own = workflow(uses="./.github/workflows/called.yaml")

    assert ask(ASK, {**own, **called, **KUSTOMIZATION}) == []
    assert ask(ASK, {**own, **empty, **KUSTOMIZATION}) != []
    assert ask(ASK, {**workflow(uses="a/b/.github/workflows/x.yaml@v1"), **KUSTOMIZATION}) == []


@pytest.mark.parametrize(
    "files",
    [
        {".gitlab-ci.yml": "a:\n  script: [kubeconform x]\n"},
        {"Jenkinsfile": "node { sh 'kubeconform x' }\n"},
        {".pre-commit-config.yaml": "repos:\n- hooks: [{id: yamllint}]\n", **workflow("echo")},
    ],
)
def test_validation_by_other_programs_counts(ask: Ask, files: dict[str, str]) -> None:
    assert ask(ASK, {**files, **KUSTOMIZATION}) == []


def test_validators_can_be_named(ask: Ask) -> None:
    files = {**workflow({"uses": "example/looks-at-it@v1"}), **KUSTOMIZATION}

    assert ask(ASK, files) != []
    assert ask(ASK, files, validators=["Looks-At-It"]) == []


@pytest.mark.parametrize("jobs", [None, [], ["a"], {"a": None}, {"a": []}, {"a": {"steps": None, "uses": 1}}, "x"])
def test_workflows_of_any_shape_are_read(ask: Ask, jobs: object) -> None:
    files = {".github/workflows/a.yaml": json.dumps({"on": "pull_request", "jobs": jobs}), **KUSTOMIZATION}

    assert len(ask(ASK, files)) == 1


def test_a_workflow_that_does_not_parse_may_validate(ask: Ask) -> None:
    assert ask(ASK, {".github/workflows/a.yaml": "on: [\n", **KUSTOMIZATION}) == []


def test_workflows_that_call_each_other_end(ask: Ask) -> None:
    one = workflow(uses="./.github/workflows/b.yaml", name="a")
    two = workflow(uses="./.github/workflows/a.yaml", name="b")

    assert ask(ASK, {**one, **two, **KUSTOMIZATION}) == []


@pytest.mark.parametrize(
    "text", ["kustom" * 50_000, "a/" * 100_000, "./" * 100_000, "make" * 60_000, "scan-type" * 30_000]
)
def test_hostile_texts_are_read_in_linear_time(text: str) -> None:
    repository = tree.from_files({path: data.encode() for path, data in {**workflow(text), **KUSTOMIZATION}.items()})
    started = time.process_time()

    list(all_rules()[ASK].run(repository, {"validators": ()}))

    assert time.process_time() - started < 6
