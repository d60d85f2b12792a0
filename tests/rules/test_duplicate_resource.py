"""Two definitions of one resource, where something deploys both."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "duplicate-resource"


def account(name: str = "shop", namespace: str = "", version: str = "v1", kind: str = "ServiceAccount") -> str:
    place = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}{place}}}\n"


def places(found: list[tuple[Location, Problem]]) -> list[tuple[str, int]]:
    return [(at.file, at.line) for at, _ in found]


def test_the_second_definition_in_a_file_is_found_and_names_the_first(ask: Ask) -> None:
    found = ask(ASK, f"{account()}---\n{account('other')}---\n{account()}")

    assert places(found) == [("file.yaml", 11)]
    assert "file.yaml:1" in found[0][1].message


def test_another_version_of_the_api_is_the_same_resource(ask: Ask) -> None:
    text = f"{account(version='apps/v1', kind='Deployment')}---\n{account(version='apps/v1beta1', kind='Deployment')}"

    assert places(ask(ASK, text)) == [("file.yaml", 7)]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(account("other"), id="another name"),
        pytest.param(account(namespace="shop"), id="another namespace"),
        pytest.param(account(kind="ConfigMap"), id="another kind"),
        pytest.param(account(version="example.com/v1"), id="another group"),
    ],
)
def test_what_differs_in_its_id_is_another_resource(ask: Ask, other: str) -> None:
    assert ask(ASK, f"{account()}---\n{other}") == []


def test_a_generated_name_is_no_id(ask: Ask) -> None:
    job = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: run-}\n"

    assert ask(ASK, f"{job}---\n{job}") == []


def test_files_of_one_kustomization_are_deployed_together(ask: Ask) -> None:
    files = {"a/kustomization.yaml": "resources: [x.yaml, y.yaml]", "a/x.yaml": account(), "a/y.yaml": account()}

    assert places(ask(ASK, files)) == [("a/y.yaml", 3)]


def test_a_base_is_part_of_the_kustomization_that_collects_it(ask: Ask) -> None:
    files = {
        "base/kustomization.yaml": "resources: [x.yaml]",
        "base/x.yaml": account(),
        "prod/kustomization.yaml": "resources: [../base, y.yaml]",
        "prod/y.yaml": account(),
    }

    assert places(ask(ASK, files)) == [("prod/y.yaml", 3)]


@pytest.mark.parametrize("change", ["namespace: a", "namePrefix: a-", "nameSuffix: -a", "patches: [{path: p.yaml}]"])
def test_a_base_that_changes_ids_or_number_is_not_compared(ask: Ask, change: str) -> None:
    files = {
        "base/kustomization.yaml": f"{change}\nresources: [x.yaml]",
        "base/x.yaml": account(),
        "prod/kustomization.yaml": "resources: [../base, y.yaml]",
        "prod/y.yaml": account(),
    }

    assert ask(ASK, files) == []


def test_overlays_repeat_names_on_purpose(ask: Ask) -> None:
    files = {
        f"{environment}/{name}": text
        for environment in ("dev", "prod")
        for name, text in (("kustomization.yaml", "resources: [x.yaml]"), ("x.yaml", account()))
    }

    assert ask(ASK, files) == []


def test_one_file_collected_twice_is_one_definition(ask: Ask) -> None:
    files = {"a/kustomization.yaml": "resources: [x.yaml, x.yaml]", "a/x.yaml": account()}

    assert ask(ASK, files) == []


def test_kustomizations_in_a_circle_end(ask: Ask) -> None:
    files = {
        "a/kustomization.yaml": "resources: [../b, x.yaml]",
        "b/kustomization.yaml": "resources: [../a, y.yaml]",
        "a/x.yaml": account(),
        "b/y.yaml": account(),
    }

    assert len(ask(ASK, files)) == 1


def test_alternatives_side_by_side_are_fine_until_something_deploys_the_folder(ask: Ask) -> None:
    files = {"apps/x.yaml": account(), "apps/y.yaml": account()}
    flux = """\
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: apps, namespace: flux-system}
        spec: {path: ./apps}
        """
    argo = """\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: apps, namespace: argocd}
        spec: {source: {repoURL: https://example.com/it, path: apps}}
        """

    assert ask(ASK, files) == []
    assert places(ask(ASK, files | {"clusters/apps.yaml": flux})) == [("apps/y.yaml", 3)]
    assert places(ask(ASK, files | {"clusters/apps.yaml": argo})) == [("apps/y.yaml", 3)]
