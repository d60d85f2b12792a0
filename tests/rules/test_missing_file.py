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


def fixes(ask: Ask, entry: str, others: dict[str, str]) -> list[str | None]:
    files = {"README.md": "a shop\n", "app/kustomization.yaml": f"resources: [{entry}]\n"} | others
    return [problem.fix for _, problem in ask("missing-file", files)]


def test_a_name_beside_it_that_is_almost_the_same_is_what_was_meant(ask: Ask) -> None:
    assert fixes(ask, "servise.yaml", {"app/service.yaml": CONFIG}) == ["did you mean `service.yaml`?"]
    assert fixes(ask, "../platfrom", {"platform/kustomization.yaml": ""}) == ["did you mean `platform`?"]


def test_without_such_a_name_the_file_is_to_be_added(ask: Ask) -> None:
    assert fixes(ask, "ingress.yaml", {"app/service.yaml": CONFIG}) == ["add it to Git, or take it out here"]


def test_thousands_of_names_that_are_not_there_end_in_time(ask: Ask) -> None:
    there = {f"app/shop{number}aaaa.yaml": CONFIG for number in range(2_000)}
    entries = ", ".join(f"shop{number}aaab.yaml" for number in range(2_000))

    assert len(fixes(ask, entries, there)) == 2_000


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


def there(*folders: str) -> dict[str, str]:
    return {"README.md": "a shop\n"} | {f"{folder}/there.yaml": CONFIG for folder in folders}


def messages(answers: list[tuple[Location, Problem]]) -> list[tuple[str, int, str]]:
    return [(place.file, place.line, problem.message) for place, problem in answers]


def test_three_folders_of_a_source_tell_that_it_is_this_repository(ask: Ask) -> None:
    names = ("one", "two", "three")
    files = there(*(f"apps/{name}" for name in names))
    files |= {f"flux/{name}.yaml": flux(name, f"./apps/{name}", "home") for name in (*names, "four")}

    assert messages(ask("missing-file", files)) == [("flux/four.yaml", 5, "`apps/four` is not in the repository")]


def test_a_source_of_which_more_than_one_in_four_folders_is_elsewhere_is_not_this_repository(ask: Ask) -> None:
    names = ("one", "two", "three")
    files = there(*(f"apps/{name}" for name in names))
    files |= {f"flux/{name}.yaml": flux(name, f"./apps/{name}", "home") for name in (*names, "four", "five")}

    assert ask("missing-file", files) == []


def test_flux_builds_the_newest_of_a_branch_only(ask: Ask) -> None:
    names = ("one", "two", "three")
    files = there(*(f"apps/{name}" for name in names))
    files |= {f"flux/{name}.yaml": flux(name, f"./apps/{name}", "home") for name in (*names, "four")}
    files["flux/source.yaml"] = (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
        "metadata: {name: home, namespace: flux-system}\nspec: {url: https://example.com/it, ref: {tag: v1}}\n"
    )

    assert ask("missing-file", files) == []


def test_components_of_a_flux_kustomization_are_named_from_its_folder(ask: Ask) -> None:
    files = there("clusters/a", "apps") | {
        "clusters/a/flux-system/gotk-sync.yaml": flux("flux-system", "./clusters/a"),
        "clusters/a/apps.yaml": flux("apps", "./apps") + "  components: [../parts/gone]\n",
    }

    assert messages(ask("missing-file", files)) == [
        ("clusters/a/apps.yaml", 7, "`parts/gone` is not in the repository")
    ]


def release(chart: str, values: str, extra: str = "") -> str:
    return (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop, namespace: flux-system}\n"
        f"spec:\n  chart:\n    spec:\n      chart: {chart}\n      valuesFiles: [{values}]\n{extra}"
        "      sourceRef: {kind: GitRepository, name: flux-system}\n"
    )


def test_chart_and_values_of_a_release_are_named_from_the_root_of_its_source(ask: Ask) -> None:
    files = {
        "clusters/a/flux-system/gotk-sync.yaml": flux("flux-system", "./clusters/a"),
        "charts/shop/Chart.yaml": "name: shop\n",
        "charts/shop/values.yaml": "a: 1\n",
    }
    right = {"clusters/a/shop.yaml": release("./charts/shop", "charts/shop/values.yaml")}
    wrong = {"clusters/a/shop.yaml": release("./charts/gone", "charts/shop/values-prod.yaml")}
    may_miss = {"clusters/a/shop.yaml": release("./charts/shop", "gone.yaml", "      ignoreMissingValuesFiles: true\n")}

    assert ask("missing-file", files | right) == []
    assert ask("missing-file", files | may_miss) == []
    assert messages(ask("missing-file", files | wrong)) == [
        ("clusters/a/shop.yaml", 7, "`charts/gone` is not in the repository"),
        ("clusters/a/shop.yaml", 8, "`charts/shop/values-prod.yaml` is not in the repository"),
    ]


def argo(name: str, source: str, kind: str = "source") -> str:
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
        f"metadata: {{name: {name}, namespace: argocd}}\nspec:\n  {kind}: {source}\n"
    )


def argo_repository() -> dict[str, str]:
    url = "repoURL: https://example.com/Shop.git"
    files = there("apps/one", "apps/two", "apps/three") | {"apps/one/values-prod.yaml": "a: 1\n"}
    apps = {f"argo/{name}.yaml": argo(name, f"{{{url}, path: apps/{name}}}") for name in ("one", "two", "three")}
    return files | apps


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        pytest.param("{repoURL: https://example.com/shop, path: apps/four}", "apps/four", id="a path"),
        pytest.param("{repoURL: https://example.com/shop, path: apps/four, targetRevision: v1.2}", "", id="a version"),
        pytest.param("{repoURL: https://example.com/shop, path: apps/four, targetRevision: dev}", "", id="a branch"),
        pytest.param("{repoURL: https://example.com/other, path: apps/four}", "", id="another repository"),
        pytest.param("{repoURL: https://example.com/shop, path: 'apps/{{name}}'}", "", id="a template"),
        pytest.param(
            "{repoURL: https://example.com/shop, path: apps/one, helm: {valueFiles: [values-prod.yaml]}}",
            "",
            id="values that are there",
        ),
        pytest.param(
            "{repoURL: https://example.com/shop, path: apps/one, helm: {valueFiles: [values-stage.yaml]}}",
            "apps/one/values-stage.yaml",
            id="values that are not",
        ),
        pytest.param(
            "{repoURL: https://example.com/shop, path: apps/one, helm: {valueFiles: [/envs/prod.yaml]}}",
            "envs/prod.yaml",
            id="values from the root",
        ),
        pytest.param(
            "{repoURL: https://example.com/shop, path: apps/one, helm: "
            "{valueFiles: [values-stage.yaml], ignoreMissingValueFiles: true}}",
            "",
            id="values that may be missing",
        ),
    ],
)
def test_argo_paths_are_asked_for_where_the_source_is_this_repository(ask: Ask, source: str, missing: str) -> None:
    found = ask("missing-file", argo_repository() | {"argo/four.yaml": argo("four", source)})

    assert [problem.message for _, problem in found] == [f"`{missing}` is not in the repository"][: bool(missing)]
    assert {place.file for place, _ in found} <= {"argo/four.yaml"}


def test_values_of_another_source_are_named_from_its_root(ask: Ask) -> None:
    sources = (
        "[{repoURL: https://charts.example.com, chart: shop, targetRevision: 1.0.0, "
        "helm: {valueFiles: [$values/apps/one/values-prod.yaml, $values/apps/one/gone.yaml, $else/gone.yaml]}}, "
        "{repoURL: https://example.com/shop, ref: values}]"
    )
    found = ask("missing-file", argo_repository() | {"argo/four.yaml": argo("four", sources, "sources")})

    assert [problem.message for _, problem in found] == ["`apps/one/gone.yaml` is not in the repository"]


@pytest.mark.parametrize("value", ["null", "1", "text", "[1, null, [a]]", "{a: 1}", "[{path: 1}, {name: []}]"])
def test_values_of_any_type_crash_nothing(ask: Ask, value: str) -> None:
    files = argo_repository() | {
        "clusters/a/flux-system/gotk-sync.yaml": flux("flux-system", "./clusters/a"),
        "a.yaml": argo("a", value),
        "b.yaml": argo("b", value, "sources"),
        "c.yaml": argo("c", f"{{repoURL: https://example.com/shop, path: apps/one, helm: {{valueFiles: {value}}}}}"),
        "d.yaml": argo("d", f"{{repoURL: {value}, path: {value}, targetRevision: {value}, helm: {value}}}"),
        "e.yaml": flux("e", value, value) + f"  components: {value}\n",
        "f.yaml": release(value, "a") + f"      valuesFiles: {value}\n",
    }

    for _, problem in ask("missing-file", files):
        assert problem.message
