"""What a kustomization names has to be in the repository."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location

Ask = Callable[..., list[tuple[Location, Problem]]]
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def found(ask: Ask, kustomization: str, **others: str) -> list[tuple[int, int, str]]:
    files = {"app/kustomization.yaml": kustomization, "app/there.yaml": CONFIG, "plain/there.yaml": CONFIG}
    given = {"README.md": "a shop\n"} | files | others
    return [(place.line, place.column, problem.message) for place, problem in ask("missing-file", given)]


@pytest.mark.parametrize(
    ("text", "line", "column", "path"),
    [
        pytest.param("resources:\n- there.yaml\n- gone.yaml\n", 3, 3, "app/gone.yaml", id="resources"),
        pytest.param("resources: [../gone]\n", 1, 13, "gone", id="a folder"),
        pytest.param("components: [./gone]\n", 1, 14, "app/gone", id="components"),
        pytest.param("bases: [gone]\n", 1, 9, "app/gone", id="bases"),
        pytest.param("crds: [gone.json]\n", 1, 8, "app/gone.json", id="crds"),
        pytest.param("configurations: [gone.yaml]\n", 1, 18, "app/gone.yaml", id="configurations"),
        pytest.param("patchesStrategicMerge: [gone.yaml]\n", 1, 25, "app/gone.yaml", id="strategic patches"),
        pytest.param("patches:\n- path: gone.yaml\n", 2, 9, "app/gone.yaml", id="patches"),
        pytest.param("patchesJson6902:\n- path: gone.yaml\n", 2, 9, "app/gone.yaml", id="JSON patches"),
        pytest.param("configMapGenerator:\n- files: [a=b/gone]\n", 2, 11, "app/b/gone", id="a generated key"),
        pytest.param("secretGenerator:\n- envs: [.env]\n", 2, 10, "app/.env", id="an environment file"),
        pytest.param("helmCharts:\n- valuesFile: v.yaml\n", 2, 15, "app/v.yaml", id="values of a chart"),
        pytest.param("openapi:\n  path: s.json\n", 2, 9, "app/s.json", id="openapi"),
    ],
)
def test_what_is_not_there_is_found_at_its_entry(ask: Ask, text: str, line: int, column: int, path: str) -> None:
    assert found(ask, text) == [(line, column, f"`{path}` is not in the repository")]


def test_a_folder_that_is_built_needs_a_kustomization(ask: Ask) -> None:
    assert found(ask, "resources: [../plain]\n") == [(1, 13, "the folder `plain` holds no kustomization")]


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param("there.yaml", id="a file"),
        pytest.param("./../app/there.yaml", id="a way round"),
        pytest.param("https://example.com/a.yaml", id="an address"),
        pytest.param("github.com/example/shop//deploy?ref=v1", id="a remote base"),
        pytest.param("github.com/example/shop", id="a host"),
        pytest.param("git@github.com:example/shop", id="ssh"),
        pytest.param("../../outside", id="outside of the repository"),
        pytest.param("${APP}/base", id="a placeholder"),
    ],
)
def test_what_is_there_or_not_ours_to_know_is_left_alone(ask: Ask, entry: str) -> None:
    assert found(ask, f'resources: ["{entry}"]\n') == []


def test_a_patch_in_place_names_no_file(ask: Ask) -> None:
    assert found(ask, "patches:\n- patch: |\n    a: b\npatchesStrategicMerge:\n- |\n  kind: A\n  b: c\n") == []


def test_an_extract_of_yaml_alone_misses_no_script(ask: Ask) -> None:
    generator = "configMapGenerator:\n- files: [run.sh, settings.yaml]\n"
    files = {"app/kustomization.yaml": generator, "LICENSE": "Apache-2.0\n"}

    assert [(place.line, place.column) for place, _ in ask("missing-file", files)] == [(2, 19)]


def flux(name: str, path: str, source: str = "flux-system") -> str:
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\n"
        f"spec:\n  path: {path}\n  sourceRef: {{kind: GitRepository, name: {source}}}\n"
    )


def test_flux_builds_folders_of_the_repository_that_it_was_bootstrapped_with(ask: Ask) -> None:
    files = {
        "clusters/a/flux-system/gotk-sync.yaml": flux("flux-system", "./clusters/a"),
        "clusters/a/apps.yaml": flux("apps", "./apps/gone"),
        "clusters/a/infra.yaml": flux("infra", "./infra"),
        "clusters/a/other.yaml": flux("other", "./deploy", source="elsewhere"),
        "infra/there.yaml": CONFIG,
    }

    assert [(*place, problem.message) for place, problem in ask("missing-file", files)] == [
        ("clusters/a/apps.yaml", 5, 9, "`apps/gone` is not in the repository")
    ]


def test_without_a_bootstrap_nobody_knows_what_repository_flux_means(ask: Ask) -> None:
    assert ask("missing-file", {"clusters/a/apps.yaml": flux("apps", "./apps/gone")}) == []
