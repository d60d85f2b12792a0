"""Services: the Pods that they select, the ports that are asked of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location
from tests.rules.test_dangling_reference import deployment, thing

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "dangling-reference"
HTTP = ({"name": "http", "containerPort": 8080},)


def service(selector: object, *ports: Mapping[str, object], name: str = "shop", **spec: object) -> str:
    return thing("v1", "Service", name, spec={"selector": selector, "ports": list(ports), **spec})


def paths(ask: Ask, files: Mapping[str, str] | str) -> list[tuple[str | int, ...]]:
    return [problem.path for _, problem in ask(ASK, files)]


def test_a_target_port_that_no_container_has_is_an_error(ask: Ask) -> None:
    text = service({"app": "shop"}, {"port": 80, "targetPort": "http"}, {"port": 81, "targetPort": "web"})

    [(_, problem)] = ask(ASK, text + deployment(ports=HTTP))

    assert (problem.path, problem.severity) == (("spec", "ports", 1, "targetPort"), None)
    assert problem.message == "no container of `Deployment shop` has a port named `web`; it has `http`"


@pytest.mark.parametrize("port", [8080, "8080", "http", "${PORT}"])
def test_a_number_a_known_name_and_a_placeholder_are_fine(ask: Ask, port: object) -> None:
    assert paths(ask, service({"app": "shop"}, {"port": 80, "targetPort": port}) + deployment(ports=HTTP)) == []


def test_a_selector_that_matches_no_pod_is_found_at_its_label(ask: Ask) -> None:
    text = service({"app": "shop", "tier": "web"}, name="front") + deployment(labels={"app": "shop", "tier": "api"})

    [(_, problem)] = ask(ASK, text)

    assert (problem.path, problem.severity) == (("spec", "selector", "tier"), Severity.WARNING)
    assert "has `tier: api`" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(service({"app": "shop"}) + deployment(labels={"app": "shopp"}), id="a slip"),
        pytest.param(service({"app": "shop"}) + deployment(labels={"name": "shop"}), id="of the same name"),
    ],
)
def test_a_service_that_is_clearly_for_a_workload_is_an_error(ask: Ask, text: str) -> None:
    assert [problem.severity for _, problem in ask(ASK, text)] == [None]


def test_a_budget_selects_pods_too(ask: Ask) -> None:
    budget = thing("policy/v1", "PodDisruptionBudget", spec={"selector": {"matchLabels": {"app": "shopp"}}})

    assert paths(ask, budget + deployment()) == [("spec", "selector", "matchLabels", "app")]


LABELS = "resources: [s.yaml, d.yaml]\ncommonLabels: {team: shop}\n"
QUIET: dict[str, dict[str, str]] = {
    "no workload in the app": {"a/s.yaml": service({"app": "other"}), "b/d.yaml": deployment()},
    "no selector": {"a.yaml": thing("v1", "Service", spec={"ports": [{"port": 80}]}) + deployment()},
    "an operator's Pods": {
        "a/s.yaml": service({"app": "other"}, name="x"),
        "a/d.yaml": deployment(),
        "a/o.yaml": thing("kafka.strimzi.io/v1", "Kafka"),
    },
    "a label of the kustomization": {
        "a/kustomization.yaml": LABELS,
        "a/s.yaml": service({"app": "shop", "team": "shop"}),
        "a/d.yaml": deployment(),
    },
    "a label that a patch sets": {
        "a/kustomization.yaml": "resources: [s.yaml, d.yaml]\npatches: [{path: p.yaml}]\n",
        "a/p.yaml": "kind: Deployment\nmetadata: {name: shop}\nspec: {template: {metadata: {labels: {tier: web}}}}\n",
        "a/s.yaml": service({"app": "shop", "tier": "web"}),
        "a/d.yaml": deployment(),
    },
    "a label that is filled in": {"a.yaml": service({"app": "shop"}) + deployment(labels={"app": "${APP}"})},
    "Pods of a Job alone": {
        "a.yaml": service({"app": "x"})
        + thing("batch/v1", "Job", "shop", spec={"template": {"metadata": {"labels": {"app": "y"}}, "spec": {}}})
    },
}


@pytest.mark.parametrize("files", QUIET.values(), ids=QUIET)
def test_nothing_is_claimed_where_pods_may_come_from_elsewhere(ask: Ask, files: Mapping[str, str]) -> None:
    assert paths(ask, files) == []


def ingress(port: Mapping[str, object]) -> str:
    return thing(
        "networking.k8s.io/v1", "Ingress", spec={"defaultBackend": {"service": {"name": "shop", "port": port}}}
    )


@pytest.mark.parametrize(
    ("route", "path"),
    [
        pytest.param(ingress({"number": 81}), ("spec", "defaultBackend", "service", "port", "number"), id="a number"),
        pytest.param(ingress({"name": "web"}), ("spec", "defaultBackend", "service", "port", "name"), id="a name"),
        pytest.param(
            thing("extensions/v1beta1", "Ingress", spec={"backend": {"serviceName": "shop", "servicePort": 81}}),
            ("spec", "backend", "servicePort"),
            id="an old Ingress",
        ),
        pytest.param(
            thing(
                "gateway.networking.k8s.io/v1",
                "HTTPRoute",
                spec={"rules": [{"backendRefs": [{"name": "shop", "port": 81}]}]},
            ),
            ("spec", "rules", 0, "backendRefs", 0, "port"),
            id="a route",
        ),
        pytest.param(
            thing(
                "route.openshift.io/v1",
                "Route",
                spec={"to": {"kind": "Service", "name": "shop"}, "port": {"targetPort": "web"}},
            ),
            ("spec", "port", "targetPort"),
            id="a Route of OpenShift",
        ),
    ],
)
def test_a_port_that_the_service_lacks_is_an_error(ask: Ask, route: str, path: tuple[str | int, ...]) -> None:
    text = service({"app": "shop"}, {"port": 80, "name": "http"}) + deployment()

    [(_, problem)] = ask(ASK, text + route)

    assert (problem.path, problem.severity) == (path, None)
    assert problem.message.endswith("; it has `80` (`http`)")


@pytest.mark.parametrize("port", [{"number": 80}, {"name": "http"}, {"number": None}, {}, {"number": [1]}])
def test_a_port_that_is_there_is_fine(ask: Ask, port: Mapping[str, object]) -> None:
    assert paths(ask, service({"app": "shop"}, {"port": 80, "name": "http"}) + deployment() + ingress(port)) == []


@pytest.mark.parametrize(
    "spec", [{"type": "ExternalName"}, {"ports": None}, {"ports": [{"port": "${PORT}"}]}, {"ports": [None]}], ids=str
)
def test_a_service_whose_ports_are_not_known_is_not_judged(ask: Ask, spec: Mapping[str, object]) -> None:
    text = json.dumps(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}, "spec": {"ports": [{"port": 80}], **spec}}
    )

    found = paths(ask, {"a/s.yaml": text, "a/i.yaml": ingress({"number": 81})})

    assert found == ([] if spec != {"ports": [None]} else found)
