"""Selectors and the labels of the Pods that they have to match."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "selector-mismatch"
SELECTOR = ("spec", "selector")


def workload(
    selector: object, labels: object, kind: str = "Deployment", api_version: str = "apps/v1", **spec: object
) -> str:
    template = {"metadata": {"labels": labels}, "spec": {"containers": []}}
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "it"}}
    return json.dumps({**body, "spec": {"selector": selector, "template": template, **spec}})


def expression(key: str, operator: str, *values: str) -> Mapping[str, object]:
    return {"matchExpressions": [{"key": key, "operator": operator, **({"values": values} if values else {})}]}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"])
def test_a_label_of_another_value_is_found_at_the_selector(ask: Ask, kind: str) -> None:
    found = ask(ASK, workload({"matchLabels": {"app": "a", "tier": "b"}}, {"app": "a", "tier": "c"}, kind))

    assert [problem.path for _, problem in found] == [(*SELECTOR, "matchLabels", "tier")]


@pytest.mark.parametrize(
    ("selector", "path"),
    [
        pytest.param({}, SELECTOR, id="empty"),
        pytest.param({"matchLabels": {}}, SELECTOR, id="empty matchLabels"),
        pytest.param({"matchLabels": {"x": "1"}}, (*SELECTOR, "matchLabels", "x"), id="label missing"),
        pytest.param(expression("app", "In", "b", "c"), (*SELECTOR, "matchExpressions", 0), id="In"),
        pytest.param(expression("app", "NotIn", "a"), (*SELECTOR, "matchExpressions", 0), id="NotIn"),
        pytest.param(expression("x", "Exists"), (*SELECTOR, "matchExpressions", 0), id="Exists"),
        pytest.param(expression("app", "DoesNotExist"), (*SELECTOR, "matchExpressions", 0), id="DoesNotExist"),
    ],
)
def test_what_does_not_hold_is_found(ask: Ask, selector: object, path: tuple[str | int, ...]) -> None:
    assert [problem.path for _, problem in ask(ASK, workload(selector, {"app": "a"}))] == [path]


@pytest.mark.parametrize(
    ("selector", "labels"),
    [
        pytest.param({"matchLabels": {"app": "a"}}, {"app": "a", "more": "b"}, id="more labels"),
        pytest.param(expression("app", "In", "a", "b"), {"app": "a"}, id="In"),
        pytest.param(expression("app", "NotIn", "b"), {"app": "a"}, id="NotIn"),
        pytest.param(expression("x", "NotIn", "b"), {"app": "a"}, id="NotIn without the label"),
        pytest.param(expression("app", "Near", "b"), {"app": "a"}, id="an operator that the schema rejects"),
        pytest.param({"matchLabels": {"app": "${APP}"}}, {"app": "a"}, id="a placeholder in the selector"),
        pytest.param({"matchLabels": {"app": "a"}}, {"app": "${APP}"}, id="a placeholder in the label"),
        pytest.param({"matchLabels": {"app": 1}}, {"app": "1"}, id="a type that the schema rejects"),
        pytest.param(None, {"app": "a"}, id="no selector, which the schema rejects"),
        pytest.param("app", {"app": "a"}, id="a selector that is no mapping"),
    ],
)
def test_what_holds_or_is_another_rules_is_not_found(ask: Ask, selector: object, labels: object) -> None:
    assert ask(ASK, workload(selector, labels)) == []


def test_a_replication_controller_has_a_plain_selector(ask: Ask) -> None:
    found = ask(ASK, workload({"app": "a"}, {"app": "b"}, "ReplicationController", "v1"))

    assert [problem.path for _, problem in found] == [(*SELECTOR, "app")]


def test_the_selector_of_a_job_counts_only_where_it_is_set_by_hand(ask: Ask) -> None:
    selector = {"matchLabels": {"app": "a"}}

    assert ask(ASK, workload(selector, {"app": "b"}, "Job", "batch/v1")) == []
    found = ask(ASK, workload(selector, {"app": "b"}, "Job", "batch/v1", manualSelector=True))
    assert [problem.path for _, problem in found] == [(*SELECTOR, "matchLabels", "app")]


def test_other_kinds_of_the_same_name_are_left_alone(ask: Ask) -> None:
    assert ask(ASK, workload({"matchLabels": {"app": "a"}}, {"app": "b"}, api_version="example.com/v1")) == []


def test_a_misspelt_group_hides_nothing(ask: Ask) -> None:
    text = """\
        apiVersion: app/v1
        kind: Deployment
        metadata: {name: shop}
        spec:
          selector:
            matchLabels: {app: shop}
          template:
            metadata:
              labels: {app: cart}
            spec:
              containers: [{name: shop, image: shop}]
        """

    assert [place.line for place, _ in ask("selector-mismatch", text)] == [6]
    assert [place.line for place, _ in ask("unpinned-image-tag", text)] == [11]
