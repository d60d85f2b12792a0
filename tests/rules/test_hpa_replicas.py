"""A number of replicas in Git, and an autoscaler that sets another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location

Ask = Callable[..., list[tuple[Location, Problem]]]
HPA = (
    "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: it}\n"
    "spec: {minReplicas: 1, maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}}\n"
)
NAKED = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec: {template: {}}\n"


def deployment(replicas: object = 2, name: str = "shop", extra: str = "") -> str:
    return f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}{extra}}}\nspec:\n  replicas: {replicas}\n"


def found(ask: Ask, files: Mapping[str, str]) -> list[tuple[str, int]]:
    return [(at.file, at.line) for at, _ in ask("hpa-replicas", files)]


def in_base(overlay: str, base: str = NAKED, **more: str) -> Mapping[str, str]:
    return {
        "base/kustomization.yaml": "resources: [d.yaml, h.yaml]\n",
        "base/d.yaml": base,
        "base/h.yaml": HPA,
        "prod/kustomization.yaml": overlay,
    } | more


def test_replicas_of_a_scaled_workload_are_found_at_their_line(ask: Ask) -> None:
    files = {"app/d.yaml": deployment(), "app/h.yaml": HPA}

    assert found(ask, files) == [("app/d.yaml", 5)]


def test_an_autoscaler_of_keda_counts_and_means_a_deployment(ask: Ask) -> None:
    keda = (
        "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: it}\nspec: {scaleTargetRef: {name: shop}}\n"
    )

    assert found(ask, {"app/d.yaml": deployment(), "app/h.yaml": keda}) == [("app/d.yaml", 5)]


def test_a_base_with_replicas_and_an_overlay_with_an_autoscaler_are_one_build(ask: Ask) -> None:
    files = {
        "base/kustomization.yaml": "resources: [d.yaml]\n",
        "base/d.yaml": deployment(),
        "prod/kustomization.yaml": "resources: [../base, h.yaml]\n",
        "prod/h.yaml": HPA,
    }

    assert found(ask, files) == [("base/d.yaml", 5)]


@pytest.mark.parametrize(
    ("overlay", "line"),
    [
        pytest.param("resources: [../base]\nreplicas:\n- name: shop\n  count: 4\n", 4, id="the field replicas"),
        pytest.param(
            "resources: [../base]\npatches:\n- patch: |\n    kind: Deployment\n    metadata: {name: shop}\n"
            "    spec: {replicas: 4}\n",
            6,
            id="a strategic patch in place",
        ),
        pytest.param(
            "resources: [../base]\npatches:\n- target: {kind: Deployment, name: shop}\n  patch: |\n"
            "    - op: replace\n      path: /spec/replicas\n      value: 4\n",
            7,
            id="a JSON patch in place",
        ),
    ],
)
def test_what_a_kustomization_sets_is_found_in_it(ask: Ask, overlay: str, line: int) -> None:
    assert found(ask, in_base(overlay)) == [("prod/kustomization.yaml", line)]


def test_what_a_patch_file_sets_is_found_there(ask: Ask) -> None:
    strategic = "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: shop}\nspec:\n  replicas: 4\n"
    json = "- op: add\n  path: /spec/replicas\n  value: 4\n"
    overlay = "resources: [../base]\npatches:\n- path: s.yaml\n- path: j.yaml\n  target: {kind: Deployment}\n"
    files = in_base(overlay, **{"prod/s.yaml": strategic, "prod/j.yaml": json})

    assert found(ask, files) == [("prod/j.yaml", 3), ("prod/s.yaml", 5)]


@pytest.mark.parametrize(
    "overlay",
    [
        pytest.param(
            "resources: [../base]\npatches:\n- target: {kind: Deployment}\n  patch: |\n"
            "    - op: remove\n      path: /spec/replicas\n",
            id="taken out",
        ),
        pytest.param(
            "resources: [../base]\npatches:\n- patch: |\n    $patch: delete\n    kind: HorizontalPodAutoscaler\n"
            "    metadata: {name: it}\nreplicas: [{name: shop, count: 4}]\n",
            id="the autoscaler is deleted",
        ),
        pytest.param("resources: [../base]\nreplicas: [{name: other, count: 4}]\n", id="another workload"),
        pytest.param(
            "resources: [../base]\npatches:\n- target: {kind: StatefulSet}\n  patch: |\n"
            "    - op: replace\n      path: /spec/replicas\n      value: 4\n",
            id="a patch of another kind",
        ),
    ],
)
def test_a_build_that_sets_no_number_is_fine(ask: Ask, overlay: str) -> None:
    assert found(ask, in_base(overlay)) == []


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"app/d.yaml": NAKED, "app/h.yaml": HPA}, id="no replicas"),
        pytest.param({"app/d.yaml": deployment(), "other/h.yaml": HPA}, id="another app"),
        pytest.param({"app/d.yaml": deployment(name="cart"), "app/h.yaml": HPA}, id="another workload"),
        pytest.param({"app/d.yaml": deployment("${COUNT}"), "app/h.yaml": HPA}, id="a placeholder"),
        pytest.param({"app/d.yaml": deployment(), "app/h.yaml": HPA.replace("kind: Dep", "kind: Rep")}, id="its kind"),
        pytest.param(
            {"app/d.yaml": deployment(5), "app/h.yaml": HPA.replace("minReplicas: 1", "minReplicas: 5")},
            id="bounds that leave one number",
        ),
        pytest.param(
            {
                "app/d.yaml": deployment(extra=", annotations: {kustomize.toolkit.fluxcd.io/ssa: IfNotPresent}"),
                "app/h.yaml": HPA,
            },
            id="Flux leaves it alone",
        ),
        pytest.param(
            {
                "app/d.yaml": deployment(),
                "app/h.yaml": HPA,
                "argo.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: it}\nspec:\n"
                "  source: {repoURL: x, path: app}\n  ignoreDifferences: [{jsonPointers: [/spec/replicas]}]\n",
            },
            id="Argo CD leaves it alone",
        ),
    ],
)
def test_no_fight_is_found_where_there_is_none(ask: Ask, files: Mapping[str, str]) -> None:
    assert found(ask, files) == []


@pytest.mark.parametrize("wrong", ["null", "[]", "7", "text", "[null]", "{name: 3}", "[{name: shop, count: [1]}]"])
def test_values_of_wrong_types_are_survived(ask: Ask, wrong: str) -> None:
    overlay = f"resources: [../base, ../prod]\nreplicas: {wrong}\npatches: {wrong}\n"
    files = in_base(
        overlay, **{"base/x.yaml": HPA.replace("{apiVersion: apps/v1, kind: Deployment, name: shop}", wrong)}
    )

    assert found(ask, files) == []


def test_a_hostile_patch_is_read_in_time(ask: Ask) -> None:
    overlay = "resources: [../base]\n# " + "op: remove path: " * 20_000 + "\n# " + "replicas: " * 20_000 + "\n"

    assert found(ask, in_base(overlay)) == []
