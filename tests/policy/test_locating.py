"""Where what a policy says belongs."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gitops_guard.model.resource import FieldPath, Location
from gitops_guard.policy import locating

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "labels": {"app.kubernetes.io/name": "web"}},
    "spec": {
        "replicas": 3,
        "template": {
            "spec": {
                "containers": [
                    {"name": "nginx", "image": "registry.example/nginx:latest"},
                    {"name": "sidecar", "image": "busybox"},
                ]
            }
        },
    },
}
CONTAINERS: FieldPath = ("spec", "template", "spec", "containers")


@pytest.mark.parametrize(
    ("told", "path"),
    [
        pytest.param({"path": ["spec", "replicas"]}, ("spec", "replicas"), id="a list of steps"),
        pytest.param({"path": "spec.replicas"}, ("spec", "replicas"), id="dots"),
        pytest.param({"field": "$.spec.replicas"}, ("spec", "replicas"), id="JSONPath"),
        pytest.param({"path": "/spec/template/spec/containers/1"}, (*CONTAINERS, 1), id="a JSON pointer"),
        pytest.param({"path": "input.spec.replicas"}, ("spec", "replicas"), id="as Rego writes it"),
        pytest.param({"details": {"path": "spec.replicas"}}, ("spec", "replicas"), id="in the details of Gatekeeper"),
        pytest.param({"path": "spec.template.spec.containers[sidecar].image"}, (*CONTAINERS, 1, "image"), id="by name"),
        pytest.param({"path": "metadata.labels.owner"}, ("metadata", "labels"), id="what is missing: where it belongs"),
        pytest.param({"path": "metadata.labels['app.kubernetes.io/name']"},
                     ("metadata", "labels", "app.kubernetes.io/name"), id="a key with dots"),
        pytest.param({"path": 7}, (), id="no path at all"),
        pytest.param({"path": ["nowhere"]}, (), id="a path that leads nowhere"),
    ],
)  # fmt: skip
def test_a_returned_path_is_where_the_finding_stands(told: dict[str, Any], path: FieldPath) -> None:
    assert locating.problem(DEPLOYMENT, "no", told).path == path


@pytest.mark.parametrize(
    ("message", "path"),
    [
        pytest.param("spec.template.spec.containers[0].image must be pinned", (*CONTAINERS, 0, "image"), id="a path"),
        pytest.param("container <sidecar> has no limits", (*CONTAINERS, 1, "name"), id="the name of a container"),
        pytest.param('image "busybox" is not allowed', (*CONTAINERS, 1, "image"), id="a value in quotes"),
        pytest.param("registry.example/nginx:latest is not pinned.", (*CONTAINERS, 0, "image"), id="an image"),
        pytest.param("Deployment 'web' must set metadata.labels.owner", ("metadata", "labels"), id="a missing field"),
        pytest.param("the Deployment has no owner", (), id="nothing"),
        pytest.param("see e.g. https://example.org/spec.html", (), id="an address"),
    ],
)
def test_else_the_field_that_the_message_points_to(message: str, path: FieldPath) -> None:
    assert locating.problem(DEPLOYMENT, message).path == path


@pytest.mark.parametrize(
    ("loc", "at"),
    [
        pytest.param({"file": "a.yaml", "line": 7}, Location("a.yaml", 7), id="file and line"),
        pytest.param({"line": 7}, Location("web.yaml", 7), id="the line alone"),
        pytest.param({"file": "./a.yaml", "line": "7"}, Location("a.yaml", 7), id="the line as text"),
        pytest.param({"file": "a.yaml"}, None, id="no line"),
        pytest.param({"file": "a.yaml", "line": 0}, None, id="no line of a file"),
        pytest.param("a.yaml:7", None, id="a text"),
    ],
)
def test_the_place_that_a_policy_gives_wins(loc: object, at: Location | None) -> None:
    assert locating.problem(DEPLOYMENT, "no", {"_loc": loc}, file="web.yaml").at == at


def test_no_value_of_a_secret_is_in_a_message() -> None:
    plain, encoded = "hunter2-very-long", base64.b64encode(b"s3cr3t-of-ours").decode()
    secret = {"kind": "Secret", "stringData": {"a": plain}, "data": {"b": encoded}}
    listed = {"kind": "List", "items": [secret]}

    for body in (secret, listed):
        for value in (plain, encoded, "s3cr3t-of-ours"):
            assert locating.problem(body, f"{value} is weak").message == f"{locating.MASK} is weak"
