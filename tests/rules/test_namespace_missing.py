"""Namespaces that are named and that nothing creates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location

Ask = Callable[..., list[tuple[Location, Problem]]]


def namespace(*names: str) -> str:
    return "---\n".join(f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n" for name in names)


def account(name: str) -> str:
    return f"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: it\n  namespace: {name}\n"


def found(ask: Ask, files: Mapping[str, str], **options: object) -> list[tuple[str, int]]:
    given = {"namespaces.yaml": namespace("shop", "monitoring"), "a.yaml": account("shop"), **files}
    return [(at.file, at.line) for at, _ in ask("namespace-missing", given, **options)]


def test_a_namespace_that_nothing_creates_is_found_where_it_is_named(ask: Ask) -> None:
    assert found(ask, {"b.yaml": account("cart")}) == [("b.yaml", 5)]


def test_it_is_told_once_at_the_place_that_decides_for_most(ask: Ask) -> None:
    files = {
        "b/kustomization.yaml": "resources: [x.yaml]\nnamespace: cart\n",
        "b/x.yaml": account("cart"),
        "a/y.yaml": account("cart"),
        "a/z.yaml": account("cart"),
    }

    [(at, problem)] = ask("namespace-missing", {"n.yaml": namespace("shop"), "a.yaml": account("shop")} | files)

    assert (at.file, at.line) == ("b/kustomization.yaml", 2)
    assert "(2 more places name it)" in problem.message


def test_a_name_that_is_nearly_one_of_the_repository_is_told_with_it(ask: Ask) -> None:
    files = {"n.yaml": namespace("shop"), **{f"{name}.yaml": account(name) for name in ("shap", "x-one", "x-two")}}

    [(at, problem)] = ask("namespace-missing", files)

    assert (at.file, problem.fix) == ("shap.yaml", "did you mean `shop`?")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: it}\n"
            "spec:\n  targetNamespace: cart\n",
            5,
            id="Flux",
        ),
        pytest.param(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: it}\nspec:\n  destination:\n"
            "    namespace: cart\n",
            6,
            id="Argo CD",
        ),
        pytest.param(
            "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: it}\nspec:\n  template:\n"
            "    spec:\n      destination:\n        namespace: cart\n",
            8,
            id="a set of Applications",
        ),
        pytest.param(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: it, namespace: shop}\n"
            "spec:\n  targetNamespace: cart\n",
            5,
            id="a release",
        ),
    ],
)
def test_where_agents_deliver_to_is_asked(ask: Ask, text: str, line: int) -> None:
    assert found(ask, {"b.yaml": text}) == [("b.yaml", line)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: it}\nspec:\n"
            "  destination: {namespace: cart}\n  syncPolicy: {syncOptions: [CreateNamespace=true]}\n",
            id="an option of Argo CD",
        ),
        pytest.param(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: it, namespace: shop}\n"
            "spec: {targetNamespace: cart, install: {createNamespace: true}}\n",
            id="a release",
        ),
        pytest.param(
            "apiVersion: project.openshift.io/v1\nkind: ProjectRequest\nmetadata: {name: cart}\n", id="a project"
        ),
        pytest.param("apiVersion: v1\nkind: Namespace\nmetadata: {name: '${APP:-cart}'}\n", id="a placeholder"),
        pytest.param(
            "apiVersion: operators.coreos.com/v1alpha1\nkind: Subscription\n"
            "metadata: {name: cart-operator, namespace: shop}\n",
            id="an operator of that name",
        ),
    ],
)
def test_what_creates_a_namespace_counts(ask: Ask, text: str) -> None:
    assert found(ask, {"b.yaml": account("cart"), "c.yaml": text}) == []


def test_a_script_that_creates_it_counts(ask: Ask) -> None:
    assert found(ask, {"b.yaml": account("cart"), "install.sh": "kubectl create namespace cart\n"}) == []


def test_a_kustomization_renames_the_namespace_that_it_collects(ask: Ask) -> None:
    files = {"b/kustomization.yaml": "resources: [n.yaml]\nnamespace: cart\n", "b/n.yaml": namespace("_")}

    assert found(ask, files) == []


def test_a_namespace_that_a_kustomization_replaces_is_not_asked(ask: Ask) -> None:
    files = {"b/kustomization.yaml": "resources: [x.yaml]\nnamespace: shop\n", "b/x.yaml": account("cart")}

    assert found(ask, files) == []


@pytest.mark.parametrize("name", ["default", "kube-system", "flux-system", "argocd", "openshift-config", "${TEAM}"])
def test_what_comes_with_the_cluster_is_not_asked(ask: Ask, name: str) -> None:
    assert found(ask, {"b.yaml": account(f"'{name}'")}) == []


def test_the_option_names_what_is_created_elsewhere(ask: Ask) -> None:
    assert found(ask, {"b.yaml": account("team-cart")}, external=["team-*"]) == []


def test_a_repository_that_creates_few_of_its_namespaces_leaves_it_to_others(ask: Ask) -> None:
    files = {"n.yaml": namespace("shop"), **{f"{name}.yaml": account(name) for name in ("shop", "cart", "users")}}

    assert ask("namespace-missing", files) == []
    assert ask("namespace-missing", {"a.yaml": account("cart")}) == []


@pytest.mark.parametrize("wrong", ["null", "[]", "7", "{a: b}", "[null]", "''"])
def test_values_of_wrong_types_are_survived(ask: Ask, wrong: str) -> None:
    files = {
        "b/kustomization.yaml": f"resources: [../b, x.yaml]\nnamespace: {wrong}\n",
        "b/x.yaml": f"apiVersion: v1\nkind: Namespace\nmetadata: {wrong}\n",
        "c.yaml": account(wrong),
        "d.yaml": f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: a}}\nspec: {wrong}\n",
        "e.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: b}\n"
        f"spec: {{destination: {wrong}, syncPolicy: {{syncOptions: {wrong}}}}}\n",
    }

    assert found(ask, files) == []


def test_a_hostile_script_is_read_in_time(ask: Ask) -> None:
    assert found(ask, {"a.sh": "create " * 100_000 + "create ns" + " " * 200_000}) == []
