"""Production is not ahead of the environment before it. Silent where nobody can tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import pytest

from gitops_guard.load import config, environments
from gitops_guard.load.stages import Order
from gitops_guard.model.errors import ConfigError
from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location
from gitops_guard.rules import all_rules, explain

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "promotion-order"


def places(found: list[tuple[Location, Problem]]) -> list[tuple[str, int]]:
    return [(at.file, at.line) for at, _ in found]


def images(tag: str, name: str = "ghcr.io/example/shop") -> str:
    return f"images:\n  - name: {name}\n    newTag: '{tag}'\n"


def overlays(**tags: str) -> Mapping[str, str]:
    return {f"apps/shop/overlays/{name}/kustomization.yaml": images(tag) for name, tag in tags.items()}


def deployment(image: str, name: str = "shop") -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  template:\n    spec:\n"
        f"      containers:\n        - name: it\n          image: {image}\n"
    )


def release(version: str, name: str = "shop", more: str = "") -> str:
    return (
        f"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: {name}}}\nspec:\n"
        f"  chart:\n    spec:\n      chart: shop\n      version: '{version}'\n{more}"
    )


def application(name: str, chart_version: str, source: str = "chart: shop") -> str:
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\nspec:\n  source:\n"
        f"    repoURL: https://charts.example.com\n    {source}\n    targetRevision: {chart_version}\n"
    )


def test_production_ahead_of_staging_is_found_at_the_line_of_production(ask: Ask) -> None:
    ((at, problem),) = ask(ASK, overlays(staging="1.9.2", production="1.10.0"))

    assert (at.file, at.line) == ("apps/shop/overlays/production/kustomization.yaml", 3)
    assert problem.message == (
        "`ghcr.io/example/shop` 1.10.0 is newer than 1.9.2 in staging "
        "(apps/shop/overlays/staging/kustomization.yaml:3), which comes before"
    )


@pytest.mark.parametrize(
    ("staging", "production"),
    [
        pytest.param("1.10.0", "1.9.2", id="staging is ahead"),
        pytest.param("1.9.2", "1.9.2", id="both are the same"),
        pytest.param("3f2c9d1", "1.9.2", id="a commit has no order"),
        pytest.param("main", "1.9.2", id="a branch has no order"),
        pytest.param("2024-01-01", "1.9.2", id="two forms"),
        pytest.param("1.9.2", "", id="nothing"),
        pytest.param("1.9.2", "${TAG}", id="a placeholder"),
    ],
)
def test_is_silent_where_production_is_not_known_to_be_ahead(ask: Ask, staging: str, production: str) -> None:
    assert ask(ASK, overlays(staging=staging, production=production)) == []


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        pytest.param({"dev": "1.0", "prod": "1.1"}, True, id="dev alone comes before"),
        pytest.param({"dev": "1.0", "staging": "1.2", "prod": "1.1"}, False, id="the nearest is asked"),
        pytest.param({"dev": "1.2", "staging": "1.0", "prod": "1.1"}, True, id="and not an earlier one"),
        pytest.param({"dev": "1.0", "staging": "main", "prod": "1.1"}, False, id="also when it has no order"),
        pytest.param({"staging": "1.0", "uat": "1.2", "prod": "1.1"}, False, id="ahead of one of two"),
        pytest.param({"staging": "1.0", "uat": "1.0", "prod": "1.1"}, True, id="ahead of both"),
        pytest.param({"dev": "1.0", "staging": "1.1"}, False, id="staging is not asked"),
        pytest.param({"prod-eu": "1.1", "prod-us": "1.0"}, False, id="side by side"),
        pytest.param({"staging-eu": "1.0", "prod-eu": "1.1"}, True, id="regions"),
    ],
)
def test_the_environment_before_is_the_nearest_that_has_it(ask: Ask, tags: dict[str, str], found: bool) -> None:
    assert bool(ask(ASK, overlays(**tags))) is found


def test_rings_follow_their_numbers(ask: Ask) -> None:
    tags = {"ring-0": "2.0", "ring-1": "2.0", "ring-2": "2.1"}
    files = {f"apps/shop/{ring}/kustomization.yaml": images(tag) for ring, tag in tags.items()}

    assert places(ask(ASK, files)) == [("apps/shop/ring-2/kustomization.yaml", 3)]


def test_every_environment_is_asked_on_demand(ask: Ask) -> None:
    files = overlays(dev="1.0", staging="1.1", production="1.1")

    assert places(ask(ASK, files, every_environment=True)) == [("apps/shop/overlays/staging/kustomization.yaml", 3)]


def test_the_order_is_what_the_configuration_says(ask: Ask) -> None:
    files = {f"envs/{name}/shop/kustomization.yaml": images(tag) for name, tag in (("blue", "1.0"), ("green", "1.1"))}

    assert ask(ASK, files) == []
    assert places(ask(ASK, files, order=["blue", ["green", "red"]])) == [("envs/green/shop/kustomization.yaml", 3)]
    assert ask(ASK, files, order=["green", "blue"]) == []


def test_the_configuration_takes_an_order() -> None:
    rules = all_rules()
    text = "version: 1\nrules:\n  promotion-order:\n    order: %s\n"

    found = config.load((".gitops-guard.yaml", (text % "[dev, [qa, staging], production]").encode()), rules)

    assert config.setting(rules[ASK], found, "", "").options["order"] == ["dev", ["qa", "staging"], "production"]
    for wrong in ("[dev]", "dev", "[dev, 1]", "[dev, [1]]"):
        with pytest.raises(ConfigError):
            config.load((".gitops-guard.yaml", (text % wrong).encode()), rules)


FORMS = [
    pytest.param("apps/{}/kustomization.yaml", images("{}"), "1.0.1", "1.0.2", 3, id="images of a kustomization"),
    pytest.param("apps/shop/{}/a.yaml", deployment("ghcr.io/x/shop:{}"), "1.0.1", "1.0.2", 9, id="a container"),
    pytest.param("apps/shop/{}/patch.yaml", deployment("x/shop:{}"), "v1.9", "v1.10", 9, id="a patch"),
    pytest.param("apps/{}/shop.yaml", release("{}"), "1.0.1", "1.0.2", 8, id="a chart of Flux"),
    pytest.param("apps/{}/shop.yaml", release("{}"), "1.x", "2.x", 8, id="a range of a chart"),
    pytest.param("apps/{}/shop.yaml", application("shop-ENV", "{}"), "1.0.1", "1.0.2", 8, id="a chart of Argo CD"),
    pytest.param("apps/{}/s.yaml", application("s", "{}", "path: x"), "v1.0.1", "v1.0.2", 8, id="a tag of Argo CD"),
    pytest.param("charts/x/values-{}.yaml", "image:\n  tag: '{}'\n", "1.0.1", "1.0.2", 2, id="values"),
    pytest.param("charts/x/values-{}.yaml", "a:\n  repository: x\n  tag: {}\n", "3", "4", 3, id="values, a number"),
    pytest.param("charts/x/values-{}.yaml", "a:\n  repository: x\n  tag: {}\n", "1.8", "1.9", 3, id="values, 1.9"),
    pytest.param("charts/x/values-{}.yaml", "image:\n  tag: '{}@sha256:00'\n", "1.8", "1.9", 2, id="and a digest"),
    pytest.param("apps/shop/{}/a.yaml", deployment("x/shop:{}@sha256:00"), "1.0.1", "1.0.2", 9, id="with a digest"),
    pytest.param("charts/x/values-{}.yaml", "a:\n  image: y:{}\n", "1.0.1", "1.0.2", 2, id="values, an image"),
    pytest.param("charts/x/values-{}.yaml", "a:\n  - imageTag: b{}\n", "1", "2", 2, id="values in a list"),
    pytest.param("envs/{}/Chart.yaml", "dependencies:\n  - name: x\n    version: ~{}\n", "1.2", "1.3", 3, id="charts"),
    pytest.param(
        "apps/{}/a.yaml", release("1.0", more="  values:\n    image:\n      tag: '{}'\n"), "1.1.0", "1.2.0", 11,
        id="values of a HelmRelease",
    ),
    pytest.param(
        "apps/{}/a.yaml",
        application("a", "1.0") + "    helm:\n      parameters:\n        - name: image.tag\n          value: '{}'\n",
        "1.1.0", "1.2.0", 12, id="parameters of Argo CD",
    ),
    pytest.param(
        "apps/{}/a.yaml",
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: a}\n"
        "spec:\n  ref:\n    tag: '{}'\n",
        "1.1.0", "1.2.0", 6, id="a source of Flux",
    ),
    pytest.param(
        "apps/{}/kustomization.yaml", "resources:\n  - https://u:p@example.com/a/b//c?ref=v{}\n", "1.1.0", "1.2.0", 2,
        id="a remote base",
    ),
    pytest.param(
        "apps/{}/kustomization.yaml", "helmCharts:\n  - name: x\n    version: '{}'\n", "1.1.0", "1.2.0", 3,
        id="a chart of a kustomization",
    ),
    pytest.param(
        "apps/{}/kustomization.yaml",
        "patches:\n  - target: {kind: Deployment, name: a}\n    patch: |-\n      - op: replace\n"
        "        path: /spec/template/spec/containers/0/image\n        value: x/y:{}\n",
        "1.1.0", "1.2.0", 6, id="an inline JSON6902 patch",
    ),
    pytest.param(
        "apps/{}/kustomization.yaml",
        "patches:\n  - patch: |\n      apiVersion: helm.toolkit.fluxcd.io/v2\n      kind: HelmRelease\n"
        "      metadata: {name: a}\n      spec: {chart: {spec: {version: '{}'}}}\n",
        "1.1.0", "1.2.0", 6, id="an inline patch",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "older", "newer", "line"), FORMS)
def test_each_form_is_found_at_its_line(ask: Ask, path: str, text: str, older: str, newer: str, line: int) -> None:
    def twins(**tags: str) -> Mapping[str, str]:
        listed = {f"apps/shop/{name}/kustomization.yaml": "patches: [{path: patch.yaml}]\n" for name in tags}
        named = {path.replace("{}", name): text.replace("{}", tag).replace("ENV", name) for name, tag in tags.items()}
        return named | (listed if path.endswith("/patch.yaml") else {})

    assert places(ask(ASK, twins(staging=older, production=newer))) == [(path.replace("{}", "production"), line)]
    assert ask(ASK, twins(staging=newer, production=older)) == []


BASE = {
    "apps/shop/base/kustomization.yaml": "resources: [a.yaml]\n",
    "apps/shop/base/a.yaml": deployment("ghcr.io/example/shop:1.5.0"),
    "apps/shop/overlays/staging/kustomization.yaml": "resources: [../../base]\n",
}


@pytest.mark.parametrize(("tag", "found"), [("1.6.0", True), ("1.5.0", False), ("1.4.0", False)])
def test_what_staging_takes_from_its_base_counts(ask: Ask, tag: str, found: bool) -> None:
    files = BASE | {"apps/shop/overlays/production/kustomization.yaml": images(tag)}

    assert bool(ask(ASK, files)) is found


def test_an_image_without_order_elsewhere_hides_nothing(ask: Ask) -> None:
    job = "---\n" + deployment("ghcr.io/example/shop:latest", "other")
    files = BASE | {"apps/shop/overlays/production/kustomization.yaml": images("1.6.0")}

    found = ask(ASK, files | {"apps/shop/base/a.yaml": BASE["apps/shop/base/a.yaml"] + job})

    assert ["newer than 1.5.0 in staging" in problem.message for _, problem in found] == [True]


def test_what_staging_takes_from_the_values_of_the_chart_counts(ask: Ask) -> None:
    values = {"": "1.5.0", "-staging": "", "-production": "1.6.0"}
    texts = {name: f"image: {{tag: {tag}}}\n" if tag else "replicas: 1\n" for name, tag in values.items()}
    files = {f"charts/shop/values{name}.yaml": text for name, text in texts.items()}

    assert places(ask(ASK, {**files, "charts/shop/Chart.yaml": "name: shop"})) == [
        ("charts/shop/values-production.yaml", 1)
    ]


@pytest.mark.parametrize(
    ("staging", "production"),
    [
        pytest.param(images("1.0", "a"), images("1.1", "b"), id="two images"),
        pytest.param(release("1.0", "a"), release("1.1", "b"), id="two releases"),
        pytest.param(deployment("x:1.0", "a"), deployment("y:1.1", "b"), id="two workloads"),
        pytest.param(images("1.0") + "    digest: sha256:0\n", images("1.1"), id="a digest in staging"),
    ],
)
def test_what_only_one_environment_names_is_not_compared(ask: Ask, staging: str, production: str) -> None:
    name = "kustomization.yaml" if staging.startswith("images") else "a.yaml"

    assert ask(ASK, {f"apps/staging/{name}": staging, f"apps/production/{name}": production}) == []


def test_apps_are_not_compared_with_each_other(ask: Ask) -> None:
    files = {"apps/a/overlays/staging": images("1.0"), "apps/b/overlays/production": images("1.1")}

    assert ask(ASK, {f"{folder}/kustomization.yaml": text for folder, text in files.items()}) == []


def test_one_image_is_found_whoever_sets_it(ask: Ask) -> None:
    files = {
        "apps/shop/overlays/staging/a.yaml": deployment("ghcr.io/example/shop:1.0"),
        "apps/shop/overlays/production/kustomization.yaml": images("1.1"),
    }

    assert places(ask(ASK, files)) == [("apps/shop/overlays/production/kustomization.yaml", 3)]


@pytest.mark.parametrize(
    "text",
    [
        "[]", "1", "images: 1",
        "images: [1, {name: 1, newTag: 2}, {newTag: x}, {name: []}]", "patches: [1, {patch: 3}]",
        "patches: [{patch: '{image'}, {patch: 'image', target: 1}, {patch: \"- {op: 1, path: image, value: 1}\"}]",
        "patches: [{patch: '- {path: /image, value: x:1}', target: {kind: [], name: {}}}]",
        "helmCharts: {a: 1}", "resources: [1, '?ref=1', 'a/?ref=', null]", "patchesStrategicMerge: [1, \"image:\\n\"]",
        "1: 2", "kind: [HelmRelease]", "dependencies: [1, {name: 1}]", "image: {tag: {tag: [1.5, null, true]}}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["kustomization.yaml", "values.yaml", "Chart.yaml", "patch.yaml", "other.json"])
def test_values_of_any_type_are_no_crash(ask: Ask, text: str, name: str) -> None:
    ask(ASK, {f"apps/shop/overlays/{environment}/{name}": text for environment in ("staging", "production")})


@pytest.mark.parametrize("kind", ["HelmRelease", "OCIRepository", "Application", "Deployment", "HelmChart"])
@pytest.mark.parametrize(
    "spec",
    [
        "1",
        "[]",
        "{chart: 1, ref: 1, source: 1, template: 1}",
        "{chart: {spec: [1]}, sources: [1, {helm: []}], values: 1}",
    ],
)
def test_resources_of_any_shape_are_no_crash(ask: Ask, kind: str, spec: str) -> None:
    text = f"apiVersion: a/v1\nkind: {kind}\nmetadata: {{name: 1}}\nspec: {spec}\n"

    ask(ASK, {f"apps/shop/overlays/{environment}/a.yaml": text for environment in ("staging", "production")})


def test_a_thousand_environments_take_no_time(ask: Ask) -> None:
    files = {f"apps/shop/overlays/prod-{number}/kustomization.yaml": images(f"1.0.{number}") for number in range(1000)}
    files |= {f"apps/shop/overlays/ring-{number}/kustomization.yaml": images("1.0.0") for number in range(1000)}
    start = time.monotonic()

    assert ask(ASK, files) == []
    assert time.monotonic() - start < 5


def test_thousands_of_releases_of_one_app_take_no_time(ask: Ask) -> None:
    def many(version: str) -> str:
        return "---\n".join(release(version, f"r{number}") for number in range(2000))

    newer = many("1.0.0") + "---\n" + release("2.0.0", "r7")
    files = {"apps/staging/a.yaml": many("1.0.0"), "apps/production/a.yaml": newer}
    start = time.monotonic()

    found = ask(ASK, files)

    assert [at.line for at, _ in found] == [18008]
    assert time.monotonic() - start < 10


def test_the_documentation_shows_which_environments_stand_side_by_side() -> None:
    assert "`test` / `integration` / `quality`, `staging` /" in explain(all_rules()[ASK])


def test_a_password_in_an_address_is_not_shown(ask: Ask) -> None:
    files = {
        f"apps/{name}/kustomization.yaml": f"resources: ['https://me:hidden@example.com/a/b//c?ref={tag}']\n"
        for name, tag in {"staging": "v1.0", "production": "v1.1"}.items()
    }

    ((_, problem),) = ask(ASK, files)

    assert problem.message.startswith("`b/c` v1.1 is newer than v1.0 in staging")


@pytest.mark.parametrize(
    ("path", "environment", "rest"),
    [
        ("apps/web/overlays/production", "production", "apps/web/overlays"),
        ("apps/production/web", "production", "apps/web"),
        ("apps/web-prod", "prod", "apps/web"),
        ("apps/web/overlays/prod-eu", "prod-eu", "apps/web/overlays"),
        ("apps/web/ring-1", "ring-1", "apps/web"),
        ("envs/blue/web", "blue", "envs/web"),
    ],
)
def test_a_path_without_its_environment_is_the_same_for_twins(path: str, environment: str, rest: str) -> None:
    assert environments.without(path, environment) == rest


@pytest.mark.parametrize("environment", ["ring-9999999999999", "ring-x", "", "blue", "ring-²"])
def test_what_has_no_place_in_the_order_has_no_stage(environment: str) -> None:
    assert Order().stage(environment) is None


def test_canaries_are_the_first_ring() -> None:
    canary, first = Order().stage("ring-canary"), Order().stage("ring0")

    assert canary is not None
    assert first is not None
    assert canary < first


@pytest.mark.parametrize(
    "text", ["?ref=" * 40_000, "a/?ref=" + "&" * 200_000, "/" * 200_000 + "?ref=v1", "imag" * 50_000]
)
def test_hostile_texts_take_no_time(ask: Ask, text: str) -> None:
    built = (
        f"resources: ['{text}']\npatches: [{{patch: '{text}image'}}]\nimages: [{{name: '{text}', newTag: '{text}'}}]\n"
    )
    start = time.monotonic()

    ask(ASK, {f"apps/{name}/kustomization.yaml": built for name in ("staging", "production")})

    assert time.monotonic() - start < 3
