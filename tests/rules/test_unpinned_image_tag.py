"""Images that move, and who may pin them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from gitops_guard.load import tree
from gitops_guard.model import image
from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location
from gitops_guard.rules import all_rules

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "unpinned-image-tag"
DIGEST = "sha256:" + "0" * 64


def pod(reference: object, group: str = "containers") -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "it"},
            "spec": {group: [{"name": "it", "image": reference}]},
        }
    )


def workload(api_version: str, kind: str, *path: str) -> tuple[str, tuple[str | int, ...]]:
    body: dict[str, object] = {"spec": {"containers": [{"name": "it", "image": "nginx"}]}}
    for part in reversed(path):
        body = {part: body}
    text = json.dumps({"apiVersion": api_version, "kind": kind, "metadata": {"name": "it"}, **body})
    return text, (*path, "spec", "containers", 0, "image")


@pytest.mark.parametrize(
    "reference",
    [
        pytest.param("nginx", id="no tag"),
        pytest.param("localhost:5000/nginx", id="a port is no tag"),
        pytest.param("nginx:latest", id="latest"),
        pytest.param("ghcr.io/example/shop:main", id="a branch"),
        pytest.param("ghcr.io/example/shop:Latest", id="in any case"),
    ],
)
@pytest.mark.parametrize("group", ["containers", "initContainers", "ephemeralContainers"])
def test_an_image_that_moves_is_found_in_every_kind_of_container(ask: Ask, reference: str, group: str) -> None:
    assert [problem.path for _, problem in ask(ASK, pod(reference, group))] == [("spec", group, 0, "image")]


@pytest.mark.parametrize(
    "reference",
    [
        pytest.param("nginx:1.27.3", id="a version"),
        pytest.param("localhost:5000/nginx:1", id="a version behind a port"),
        pytest.param(f"nginx@{DIGEST}", id="a digest"),
        pytest.param(f"nginx:latest@{DIGEST}", id="a digest behind a moving tag, as Renovate writes it"),
        pytest.param("nginx:${TAG}", id="a placeholder"),
        pytest.param("${IMAGE}", id="nothing but a placeholder"),
        pytest.param("<your-image>", id="a hole for the reader"),
        pytest.param("", id="nothing"),
        pytest.param(" ", id="a blank, which OpenShift fills"),
        pytest.param(None, id="null"),
        pytest.param(["nginx"], id="no text"),
    ],
)
def test_what_is_pinned_or_not_known_yet_is_fine(ask: Ask, reference: object) -> None:
    assert ask(ASK, pod(reference)) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param(*workload("apps/v1", "Deployment", "spec", "template"), id="Deployment"),
        pytest.param(*workload("apps/v1", "StatefulSet", "spec", "template"), id="StatefulSet"),
        pytest.param(*workload("apps/v1", "DaemonSet", "spec", "template"), id="DaemonSet"),
        pytest.param(*workload("apps/v1", "ReplicaSet", "spec", "template"), id="ReplicaSet"),
        pytest.param(*workload("v1", "ReplicationController", "spec", "template"), id="ReplicationController"),
        pytest.param(*workload("v1", "PodTemplate", "template"), id="PodTemplate"),
        pytest.param(*workload("batch/v1", "Job", "spec", "template"), id="Job"),
        pytest.param(*workload("batch/v1", "CronJob", "spec", "jobTemplate", "spec", "template"), id="CronJob"),
        pytest.param(*workload("argoproj.io/v1alpha1", "Rollout", "spec", "template"), id="Rollout"),
        pytest.param(*workload("serving.knative.dev/v1", "Service", "spec", "template"), id="Knative Service"),
    ],
)
def test_pod_templates_are_found_where_each_kind_has_them(ask: Ask, text: str, path: tuple[str | int, ...]) -> None:
    assert [problem.path for _, problem in ask(ASK, text)] == [path]


def test_a_flux_image_policy_writes_the_line_so_it_is_fine(ask: Ask) -> None:
    text = """\
        apiVersion: v1
        kind: Pod
        metadata: {name: it}
        spec:
          containers:
            - name: it
              image: shop:main  # {"$imagepolicy": "flux-system:shop"}
            - name: other
              image: cart:main  # not automated
        """

    assert [at.line for at, _ in ask(ASK, text)] == [9]


def test_what_a_kustomization_pins_may_be_open_in_the_base(ask: Ask) -> None:
    files = {
        "base/pod.yaml": pod("shop"),
        "base/kustomization.yaml": "resources: [pod.yaml]\n",
        "prod/kustomization.yaml": "resources: [../base]\nimages:\n- name: shop\n  newTag: 1.2.3\n",
    }

    assert ask(ASK, files) == []


def test_an_override_that_moves_is_found_in_the_kustomization_alone(ask: Ask) -> None:
    files = {
        "base/pod.yaml": pod("shop"),
        "prod/kustomization.yaml": "resources: [../base/pod.yaml]\nimages:\n- name: shop\n  newTag: latest\n",
    }

    assert [(at.file, at.line, at.column) for at, _ in ask(ASK, files)] == [("prod/kustomization.yaml", 4, 11)]


def test_a_digest_in_a_kustomization_is_a_pin_whatever_the_tag(ask: Ask) -> None:
    text = f"images:\n- name: shop\n  newTag: latest\n  digest: {DIGEST}\n"

    assert ask(ASK, {"kustomization.yaml": text}) == []


def test_a_patch_pins_and_a_patch_that_moves_is_found(ask: Ask) -> None:
    def patch(reference: str) -> str:
        return f"""\
        apiVersion: v1
        kind: Pod
        metadata: {{name: it}}
        spec:
          containers:
          - name: it
            image: {reference}
        """

    files = {
        "base/pod.yaml": pod("shop"),
        "good/kustomization.yaml": "resources: [../base/pod.yaml]\npatches: [{path: image.yaml}]\n",
        "good/image.yaml": patch("shop:1.0"),
        "bad/kustomization.yaml": "resources: [../base/pod.yaml]\npatches: [{path: image.yaml}]\n",
        "bad/image.yaml": patch("shop:latest"),
    }

    assert [(at.file, at.line) for at, _ in ask(ASK, files)] == [("bad/image.yaml", 7)]


def test_what_skaffold_builds_is_fine(ask: Ask) -> None:
    skaffold = "apiVersion: skaffold/v3\nkind: Config\nbuild:\n  artifacts:\n  - image: shop\n"

    assert ask(ASK, {"pod.yaml": pod("shop"), "skaffold.yaml": skaffold}) == []


def component(tag: str) -> dict[str, str]:
    return {
        "pod.yaml": pod(f"shop{tag}"),
        "pinned/kustomization.yaml": "kind: Component\nimages: [{name: shop, newTag: 1.2.3}]\n",
    }


def test_a_tag_that_moves_is_fine_where_something_is_built_on_it_that_pins(ask: Ask) -> None:
    built = {"production/kustomization.yaml": "resources: [../pod.yaml]\ncomponents: [../pinned]\n"}

    assert ask(ASK, {**component(":latest"), **built}) == []
    assert [at.file for at, _ in ask(ASK, component(":latest"))] == ["pod.yaml"]


def test_no_tag_is_fine_where_anything_pins_the_name(ask: Ask) -> None:
    assert ask(ASK, component("")) == []


@pytest.mark.parametrize(
    ("policy", "said"), [("IfNotPresent", True), ("Never", True), ("Always", False), (None, False), ([], False)]
)
def test_a_pull_policy_that_keeps_a_moving_tag_is_told(ask: Ask, policy: object, said: bool) -> None:
    container = {"name": "it", "image": "shop:latest", "imagePullPolicy": policy}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "it"}, "spec": {"containers": [container]}}

    assert ["imagePullPolicy" in problem.message for _, problem in ask(ASK, json.dumps(body))] == [said]


@pytest.mark.parametrize(
    ("reference", "parsed"),
    [
        ("nginx", ("nginx", "", "")),
        ("a:5000/nginx", ("a:5000/nginx", "", "")),
        ("a:5000/nginx:1@sha256:0", ("a:5000/nginx", "1", "sha256:0")),
    ],
)
def test_an_image_has_a_name_a_tag_and_a_digest(reference: str, parsed: tuple[str, str, str]) -> None:
    assert image.parse(reference) == parsed


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        pytest.param("shop", False, id="a bare name may be filled in by a file that was not picked"),
        pytest.param("shop:latest", True, id="a moving tag"),
        pytest.param("ghcr.io/example/shop", True, id="a name with its registry"),
    ],
)
def test_picked_files_alone_are_judged_with_care(reference: str, found: bool) -> None:
    rule = all_rules()[ASK]
    picked = tree.from_files({"pod.yaml": pod(reference).encode()}, complete=False)
    options = {name: option.default for name, option in rule.options.items()}

    assert bool(list(rule.run(picked, lambda _: options))) is found
