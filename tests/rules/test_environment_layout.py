"""Environments: by branch, mixed, crossed, missing, outside of all, told in two ways. Quiet where it is meant so."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import pytest

from gitops_guard.load import config
from gitops_guard.model.errors import ConfigError
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location
from gitops_guard.rules import all_rules

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


def test_environments_may_hold_patches_and_no_resource(ask: Ask) -> None:
    overlay = "resources: [../base/shop]\npatches: [{path: patch.yaml, target: {kind: ServiceAccount}}]\n"
    overlays = {f"apps/{name}/kustomization.yaml": overlay for name in ("staging", "production")}
    found = ask(ASK, tree("apps/base/shop/a.yaml", "apps/cart/a.yaml", **overlays))

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


def branches_of(*elements: str, name: str = "branch", generator: str = "list: {elements: [%s]}") -> str:
    inner = generator % ", ".join(elements)
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: it}\nspec:\n  generators:\n"
        f"    - {inner}\n  template:\n    spec:\n      source:\n        repoURL: https://x/y\n        path: deploy\n"
        "        targetRevision: '{{%s}}'\n" % name
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(branches_of("{branch: staging}", "{branch: production}"), id="a list"),
        pytest.param(branches_of("{branch: staging}", "{branch: prod}", name=" .branch "), id="as a Go template"),
        pytest.param(
            branches_of("{values: {to: staging}}", "{values: {to: prod}}", name="values.to"), id="nested values"
        ),
        pytest.param(
            branches_of(
                "{branch: dev}",
                "{branch: prod}",
                generator="matrix: {generators: [{git: {}}, {list: {elements: [%s]}}]}",
            ),
            id="a generator in a generator",
        ),
        pytest.param(
            branches_of("{branch: staging}", "{branch: production}")
            .replace("{{branch}}", "{{values.branch}}")
            .replace(
                "list: {elements: [{branch: staging}, {branch: production}]}",
                "{clusters: {values: {branch: staging}}}\n    - {clusters: {values: {branch: production}}}",
            ),
            id="clusters",
        ),
    ],
)
def test_branches_of_an_application_set_are_found_in_its_generators(ask: Ask, text: str) -> None:
    ((at, problem),) = ask(ASK, {"set.yaml": text})

    assert at.line == 6
    assert "branches of one repository" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(branches_of("{branch: main}", "{branch: v2}"), id="no environments"),
        pytest.param(branches_of("{env: staging}", "{env: production}"), id="another parameter"),
        pytest.param(branches_of("{branch: staging}"), id="one element"),
        pytest.param(branches_of("1", "{branch: [staging]}", "null"), id="of any type"),
        pytest.param(branches_of(generator="1 %s"), id="no generator"),
        pytest.param(branches_of(generator="matrix: {generators: {a: 1}} %s"), id="no list"),
    ],
)
def test_other_generators_are_fine(ask: Ask, text: str) -> None:
    assert ask(ASK, {"set.yaml": text}) == []


def test_a_branch_named_for_the_folder_of_its_source_is_an_environment_by_branch(ask: Ask) -> None:
    files = {"clusters/staging/a.yaml": source("it", "main"), "clusters/production/a.yaml": source("it", "production")}

    assert files_of(ask(ASK, files)) == ["clusters/production/a.yaml"]
    assert ask(ASK, dict.fromkeys(files, source("it", "main"))) == []


def config_map(name: str = "it", namespace: str = "", kind: str = "ConfigMap") -> str:
    place = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}{place}}}\n"


files_of = files
PROD, STAGING = "a/deployment-prod.yaml", "a/deployment-staging.yaml"


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="a plain folder"),
        pytest.param(
            {"a/kustomization.yaml": "resources: [deployment-prod.yaml, deployment-staging.yaml]"},
            id="one kustomization",
        ),
    ],
)
def test_files_named_for_two_environments_in_one_folder_are_found_once(ask: Ask, more: dict[str, str]) -> None:
    found = ask(ASK, {PROD: config_map(kind="Service"), STAGING: config_map(kind="Service")} | more)

    assert files(found) == [STAGING]
    assert "in one folder" in found[0][1].message


@pytest.mark.parametrize(
    "repository",
    [
        pytest.param({PROD: config_map(kind="Service")}, id="one environment"),
        pytest.param({PROD: config_map(kind="Service"), STAGING: config_map(kind="Namespace")}, id="other kinds"),
        pytest.param(
            {PROD: config_map(kind="Namespace"), STAGING: config_map(kind="Namespace")}, id="a list of namespaces"
        ),
        pytest.param(
            {PROD: config_map(kind="Service"), "a/service-staging.yaml": config_map(kind="Service")}, id="no twins"
        ),
        pytest.param(
            {PROD: config_map(kind="Service"), "a/deployment-canary.yaml": config_map(kind="Service")}, id="a canary"
        ),
        pytest.param({PROD: config_map(kind="Secret"), STAGING: config_map(kind="Secret")}, id="what a hub knows"),
        pytest.param(
            {PROD: config_map(kind="Service"), "b/deployment-staging.yaml": config_map(kind="Service")},
            id="two folders",
        ),
        pytest.param({"a/values-prod.yaml": "a: 1", "a/values-staging.yaml": "a: 1"}, id="values"),
        pytest.param(
            {
                PROD: config_map(kind="Service"),
                STAGING: config_map(kind="Service"),
                "x/production/kustomization.yaml": "resources: [../../a/deployment-prod.yaml]",
                "x/staging/kustomization.yaml": "resources: [../../a/deployment-staging.yaml]",
            },
            id="each is taken by its own environment",
        ),
        pytest.param(
            {
                PROD: config_map(kind="Service"),
                STAGING: config_map(kind="Service"),
                "a/kustomization.yaml": "resources: []",
            },
            id="not deployed",
        ),
        pytest.param(
            {"a.yaml": application("shop-prod", "v1") + "---\n" + application("shop-dev", "v1")}, id="Argo CD"
        ),
    ],
)
def test_other_folders_are_fine(ask: Ask, repository: dict[str, str]) -> None:
    assert ask(ASK, repository) == []


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        pytest.param(config_map("a", "shop-prod"), config_map("a", "shop-staging"), True, id="namespaces"),
        pytest.param(config_map("a", "prod"), config_map("a", "test"), True, id="bare namespaces"),
        pytest.param(config_map("a-prod", kind="Pod"), config_map("a-dev", kind="Pod"), True, id="names"),
        pytest.param(config_map("a", "shop-test"), config_map("a", "shop-dev"), False, id="nothing is sure"),
        pytest.param(config_map("a", "shop-prod"), config_map("a", "cart-staging"), False, id="other apps"),
        pytest.param(config_map("a-prod"), config_map("a"), False, id="one without"),
    ],
)
def test_twins_of_two_environments_in_one_file_are_found(ask: Ask, first: str, second: str, found: bool) -> None:
    answers = ask(ASK, {"a.yaml": f"{first}---\n{second}"})

    assert [at.line for at, _ in answers] == ([7] if found else [])


def apps(**environments: str) -> dict[str, str]:
    return {
        f"apps/{app}/overlays/{name}/kustomization.yaml": "resources: [../../base]\n"
        for app, names in environments.items()
        for name in names.split()
    }


def test_an_app_that_lacks_what_three_others_have_is_found(ask: Ask) -> None:
    found = ask(ASK, apps(a="staging production", b="staging production", c="staging prod", d="production"))

    assert files(found) == ["apps/d/overlays/production/kustomization.yaml"]
    assert "not in staging as 3 apps beside it are" in found[0][1].message
    assert "`only: {d: [production]}`" in found[0][1].message


def test_an_app_that_is_not_in_production_yet_is_an_info(ask: Ask) -> None:
    ((_, problem),) = ask(ASK, apps(a="staging prod", b="staging prod", c="staging prod", d="staging"))

    assert problem.severity is Severity.INFO


@pytest.mark.parametrize(
    "repository",
    [
        pytest.param(apps(a="staging prod", b="staging prod", c="staging"), id="too few others"),
        pytest.param(apps(a="dev uat prod", b="dev uat prod", c="dev uat prod", d="dev"), id="lacks two"),
        pytest.param(apps(a="uat prod", b="uat prod", c="uat prod", d="uat", e="prod"), id="several differ"),
        pytest.param(apps(a="uat prod", b="uat prod", c="uat prod", d="uat prod dev"), id="has more"),
        pytest.param(apps(a="prod", b="prod", c="prod", d="uat"), id="one environment each"),
    ],
)
def test_other_sets_of_environments_are_fine(ask: Ask, repository: dict[str, str]) -> None:
    assert ask(ASK, repository) == []


def test_an_app_may_be_declared_to_be_in_some_environments_only(ask: Ask) -> None:
    repository = apps(a="uat prod", b="uat prod", c="uat prod", d="prod")

    assert ask(ASK, repository, only={"d": ["production"]}) == []
    assert len(ask(ASK, repository, only={"d": ["prod", "uat"]})) == 1
    assert len(ask(ASK, repository, only={"e": ["prod"]})) == 1


def test_the_configuration_takes_a_declaration() -> None:
    text = "version: 1\nrules:\n  environment-layout:\n    only: %s\n"

    found = config.load((".gitops-guard.yaml", (text % "{shop: [production]}").encode()), all_rules())

    assert config.setting(all_rules()[ASK], found, "", "").options["only"] == {"shop": ["production"]}
    for wrong in ("shop", "[shop]", "{shop: production}", "{shop: [1]}"):
        with pytest.raises(ConfigError):
            config.load((".gitops-guard.yaml", (text % wrong).encode()), all_rules())


@pytest.mark.parametrize(
    "text",
    [
        "namespace: 1", "namespace: [a]", "resources: 1", "resources: [1, null, {path: 1}, {a: b}]", "patches: {a: 1}",
        "resources: ['', '.', '..', '../../../..']",
        "configMapGenerator: [1, {files: 1}, {files: [1]}, {envs: {a: 1}}]",
        "kind: Kustomization\nmetadata: 1\nspec: 1", "[]", "1", "1: 2",
    ],
)  # fmt: skip
def test_kustomizations_of_any_shape_are_no_crash(ask: Ask, text: str) -> None:
    ask(ASK, {f"apps/{name}/kustomization.yaml": text for name in ("production", "staging")})


@pytest.mark.parametrize("kind", ["Kustomization", "HelmRelease", "Application", "Namespace", "ConfigMap", "[a]"])
@pytest.mark.parametrize(
    "more",
    [
        "spec: 1", "spec: {path: 1, chart: 1, source: 1, sources: 1}", "metadata: {name: 1, namespace: [a]}",
        "metadata: []", "spec: {chart: {spec: {valuesFiles: {a: 1}}}, sources: [1, {helm: 1}], destination: 1}",
        "spec: {source: {path: '', helm: {valueFiles: [1, '$', '$a', '']}}, destination: {a: 1, namespace: 2}}",
    ],
)  # fmt: skip
def test_resources_of_any_shape_are_no_crash(ask: Ask, kind: str, more: str) -> None:
    text = f"apiVersion: a/v1\nkind: {kind}\n{more}\n"

    ask(ASK, {f"apps/{name}/a.yaml": text for name in ("production", "staging")})
    ask(ASK, {"a.yaml": text, "a-prod.yaml": text})


def test_a_thousand_environments_and_apps_take_no_time(ask: Ask) -> None:
    repository = {
        f"apps/app-{app}/overlays/{name}-{app}/kustomization.yaml": "namespace: x\nresources: [../../base]\n"
        for app in range(1000)
        for name in ("staging", "production")
    }
    repository |= {f"x/deployment-prod-{number}.yaml": config_map() for number in range(1000)}
    start = time.monotonic()

    ask(ASK, repository)

    assert time.monotonic() - start < 10


@pytest.mark.parametrize("name", ["prod-" * 40_000, "-" * 200_000, "prod" * 50_000, "{{" * 100_000])
def test_hostile_names_take_no_time(ask: Ask, name: str) -> None:
    start = time.monotonic()

    ask(ASK, {"apps/production/a.yaml": config_map("a", name), "apps/staging/a.yaml": application("a", name)})
    ask(ASK, {"set.yaml": branches_of(f"{{branch: '{name}'}}", name="branch").replace("{{branch}}", name)})

    assert time.monotonic() - start < 3
