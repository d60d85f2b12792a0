"""Where CI is judged that deploys or logs in: only beside an agent, and not where it throws away what it makes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from gitops_guard.load import tree
from gitops_guard.model import beside_agent
from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location
from gitops_guard.rules import all_rules

Ask = Callable[..., list[tuple[Location, Problem]]]
DEPLOYS, LOGS_IN = "ci-deploys-directly", "cluster-credentials"
BOTH = pytest.mark.parametrize("rule", [DEPLOYS, LOGS_IN])
WORKFLOW = ".github/workflows/ci.yaml"
LOGIN = "oc login --token=$T"
FLUX = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: shop}\n"


def workflow(*steps: object, name: str = "deploy", **job: object) -> dict[str, str]:
    found = [{"run": step} if isinstance(step, str) else step for step in steps]
    return {WORKFLOW: json.dumps({"on": "push", "jobs": {name: {"steps": found, **job}}})}


def deployment(name: str) -> str:
    return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}})


@BOTH
@pytest.mark.parametrize(
    ("files", "is_judged"),
    [
        pytest.param({}, False, id="no manifests"),
        pytest.param({"deploy/shop.yaml": deployment("shop")}, False, id="manifests of one environment"),
        pytest.param({"a.yaml": FLUX}, True, id="Flux"),
        pytest.param(
            {"a.yaml": "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: a}\n"}, True,
            id="the operator of Flux",
        ),
        pytest.param(
            {"a.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: a}\n"}, True, id="Argo CD"
        ),
        pytest.param(
            {"a.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: a}\n"}, False,
            id="Argo, but not CD",
        ),
        pytest.param(
            {"a/Chart.yaml": "name: a\nversion: 1.0.0\napiVersion: v2\n",
             "a/templates/a.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: {{ .V }}}\n"},
            True, id="a template of a chart",
        ),
        pytest.param(
            {f"apps/shop/overlays/{name}/shop.yaml": deployment("shop") for name in ("staging", "production")}, True,
            id="environments",
        ),
        pytest.param({"clusters/eu/shop.yaml": deployment("shop")}, True, id="clusters"),
    ],
)  # fmt: skip
def test_ci_is_judged_beside_an_agent_or_environments(
    ask: Ask, rule: str, files: dict[str, str], is_judged: bool
) -> None:
    assert bool(ask(rule, {**files, **workflow(LOGIN, "kubectl apply -f x")})) is is_judged


@BOTH
@pytest.mark.parametrize(
    "step",
    [
        "NAMESPACE=pr${PR_NUMBER}\noc login\nkubectl apply -n $NAMESPACE -f x",
        "oc login; kubectl delete namespace pr-${{ github.event.number }}",
        "oc login; helm uninstall shop-${{ github.event.pull_request.number }}",
        "oc login; helm upgrade --install shop-${{ github.head_ref }} .",
        "oc login; helm upgrade --install shop . -n review-$CI_MERGE_REQUEST_IID",
        {"run": "oc login\nkubectl delete ns $N", "env": {"N": "pr-${{ github.event.number }}"}},
    ],
)
def test_a_preview_of_a_change_is_fine(ask: Ask, rule: str, step: object) -> None:
    assert ask(rule, {"a.yaml": FLUX, **workflow(step)}) == []


@BOTH
@pytest.mark.parametrize(
    ("name", "environment", "is_judged"),
    [
        ("deploy", None, True),
        ("deploy", "staging", True),
        ("deploy", "production", True),
        ("smoke-production", None, True),
        ("build-test-deploy", None, True),
        ("latest", None, True),
        ("e2e", None, False),
        ("smoke-tests", None, False),
        ("deployment-tests", None, False),
        ("deploy", "preview", False),
        ("deploy", {"name": "review/$BRANCH"}, False),
        ("deploy", {"name": ["e2e"]}, True),
    ],
)
def test_a_job_for_tests_is_known_by_name_or_environment(
    ask: Ask, rule: str, name: str, environment: object, is_judged: bool
) -> None:
    files = workflow(LOGIN, "kubectl apply -f x", name=name, environment=environment)

    assert bool(ask(rule, {"a.yaml": FLUX, **files})) is is_judged


@BOTH
def test_what_names_production_is_told_in_every_job(ask: Ask, rule: str) -> None:
    step = "oc login https://production.example\nkubectl apply -k overlays/production"

    assert ask(rule, {"a.yaml": FLUX, **workflow(step, name="e2e")})


@pytest.mark.parametrize(
    ("files", "is_judged"),
    [
        ({}, False),
        ({"run.yaml": {"kind": "Pipeline", "spec": {"tasks": [{"name": "a", "taskRef": {"name": "restart"}}]}}}, True),
        ({"run.yaml": {"kind": "TaskRun", "spec": {"taskRef": {"name": "restart"}}}}, True),
        ({"run.yaml": {"kind": "Pipeline", "spec": {"tasks": [{"name": "a", "taskRef": {"name": "other"}}]}}}, False),
        ({"run.yaml": {"kind": "Pipeline", "spec": {"tasks": "a"}}}, False),
    ],
)
def test_a_task_of_a_catalog_is_told_where_something_runs_it(
    ask: Ask, files: dict[str, dict[str, object]], is_judged: bool
) -> None:
    step = {"image": "x", "script": "oc rollout restart deployment $(params.name)"}
    task: dict[str, object] = {"kind": "Task", "spec": {"params": [{"name": "name"}], "steps": [step]}}
    bodies = {
        path: json.dumps({"apiVersion": "tekton.dev/v1", "metadata": {"name": "restart"}, **body})
        for path, body in {"task.yaml": task, **files}.items()
    }

    assert bool(ask(DEPLOYS, {"a.yaml": FLUX, **bodies})) is is_judged


def test_a_step_has_one_finding_that_counts_the_rest(ask: Ask) -> None:
    step = "argocd app sync shop\nkubectl apply -f x\nkubectl apply -f y\nhelm upgrade shop .\n"

    found = ask(DEPLOYS, {"a.yaml": FLUX, **workflow(step, "kubectl apply -f z")})

    assert [problem.message.partition(", in")[0] for _, problem in found] == [
        "`kubectl apply` changes a cluster from CI"
    ] * 2
    assert ["2 more of the step" in problem.message for _, problem in found] == [True, False]


@BOTH
def test_picked_files_without_an_agent_have_no_finding(rule: str) -> None:
    files = {path: text.encode() for path, text in workflow(LOGIN, "kubectl apply -f x").items()}
    options = {name: option.default for name, option in all_rules()[rule].options.items()}

    assert list(all_rules()[rule].run(tree.from_files(files, complete=False), options)) == []
    assert "agent" in all_rules()[rule].left


@pytest.mark.parametrize("text", ["PR_" * 80_000, "pullrequest" * 20_000, "review-" * 30_000, "github.event." * 20_000])
def test_hostile_texts_are_read_in_linear_time(ask: Ask, text: str) -> None:
    started = time.process_time()

    ask(DEPLOYS, {"a.yaml": FLUX, **workflow(f"kubectl apply -f x\necho {text}")})
    beside_agent.is_for_production([text])

    assert time.process_time() - started < 6
