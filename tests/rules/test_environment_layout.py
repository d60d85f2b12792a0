"""Environments: outside of all, by branch, told in two ways. Quiet where a maintainer would shrug."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "environment-layout"
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: it}\n"


def tree(*paths: str, **more: str) -> Mapping[str, str]:
    return dict.fromkeys(paths, ACCOUNT) | more


def files(found: list[tuple[Location, Problem]]) -> list[str]:
    return [at.file for at, _ in found]


def source(name: str, branch: str, url: str = "https://github.com/example/shop") -> str:
    return (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
        f"metadata: {{name: {name}}}\nspec:\n  url: {url}\n  ref:\n    branch: {branch}\n"
    )


def application(name: str, branch: str, path: str = "deploy") -> str:
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\nspec:\n  source:\n"
        f"    repoURL: https://github.com/example/shop.git\n    path: {path}\n    targetRevision: {branch}\n"
    )


ENVIRONMENTS = ("apps/staging/shop/a.yaml", "apps/production/shop/a.yaml")


def test_a_folder_beside_environments_is_found_once(ask: Ask) -> None:
    found = ask(ASK, tree(*ENVIRONMENTS, "apps/cart/a.yaml", "apps/cart/b.yaml"))

    assert files(found) == ["apps/cart/a.yaml"]


def test_manifests_among_the_folders_of_environments_are_found(ask: Ask) -> None:
    assert files(ask(ASK, tree(*ENVIRONMENTS, "apps/stray.yaml"))) == ["apps/stray.yaml"]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("apps/base/shop/a.yaml", id="a base"),
        pytest.param("apps/components/x/a.yaml", id="a component"),
        pytest.param("infrastructure/ingress/a.yaml", id="another part of the repository"),
        pytest.param("apps/staging/cart/a.yaml", id="an app of one environment"),
    ],
)
def test_what_is_shared_or_elsewhere_is_fine(ask: Ask, path: str) -> None:
    assert ask(ASK, tree(*ENVIRONMENTS, path)) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("apps/production/kustomization.yaml", "resources: [../cart]", id="a kustomization"),
        pytest.param("apps/production/kustomization.yaml", "resources: [../cart/a.yaml]", id="a file by name"),
        pytest.param(
            "flux.yaml",
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
            "metadata: {name: it}\nspec: {path: ./apps/cart}\n",
            id="a Flux Kustomization",
        ),
        pytest.param("argo.yaml", application("it", "main", "apps/cart"), id="an Argo CD Application"),
    ],
)
def test_what_something_refers_to_is_shared_on_purpose(ask: Ask, path: str, text: str) -> None:
    assert ask(ASK, {**tree(*ENVIRONMENTS, "apps/cart/a.yaml"), path: text}) == []


def test_overlays_are_also_named_for_what_they_are(ask: Ask) -> None:
    assert ask(ASK, tree("x/overlays/staging/a.yaml", "x/overlays/production/a.yaml", "x/overlays/aws/a.yaml")) == []


def test_a_repository_without_environments_has_no_outside(ask: Ask) -> None:
    assert ask(ASK, tree("apps/shop/a.yaml", "apps/cart/a.yaml", "stray.yaml")) == []


@pytest.mark.parametrize(
    "branches",
    [
        pytest.param(("staging", "production"), id="two environments"),
        pytest.param(("env/dev", "env/prod"), id="behind a slash"),
        pytest.param(("dev", "main", "prod"), id="and a main branch"),
    ],
)
def test_environments_by_branch_are_found_once_at_the_first_branch(ask: Ask, branches: tuple[str, ...]) -> None:
    flux = "---\n".join(source(branch.replace("/", "-"), branch) for branch in branches)
    argo = "---\n".join(application(branch.replace("/", "-"), branch) for branch in branches)

    assert [(at.file, at.line) for at, _ in ask(ASK, {"flux.yaml": flux})] == [("flux.yaml", 7)]
    assert [(at.file, at.line) for at, _ in ask(ASK, {"argo.yaml": argo})] == [("argo.yaml", 8)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(source("a", "main") + "---\n" + source("b", "main"), id="the same branch"),
        pytest.param(source("a", "main") + "---\n" + source("b", "v2"), id="branches that are no environments"),
        pytest.param(source("a", "main") + "---\n" + source("b", "staging"), id="one environment only"),
        pytest.param(source("a", "dev") + "---\n" + source("b", "prod", "https://x/y"), id="two repositories"),
        pytest.param(application("a", "dev") + "---\n" + application("b", "prod", "other"), id="two paths"),
    ],
)
def test_other_branches_are_fine(ask: Ask, text: str) -> None:
    assert ask(ASK, {"it.yaml": text}) == []


def test_folders_and_suffixes_side_by_side_are_two_conventions(ask: Ask) -> None:
    found = ask(ASK, tree(*ENVIRONMENTS, "more/cart-staging/a.yaml", "more/cart-production/a.yaml"))

    assert len(found) == 1
    assert "two ways" in found[0][1].message


def test_clusters_may_be_called_for_their_environment(ask: Ask) -> None:
    assert ask(ASK, tree(*ENVIRONMENTS, "clusters/eu-staging/a.yaml", "clusters/eu-production/a.yaml")) == []
