from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.load import environments
from gitops_guard.load.globs import GlobError
from gitops_guard.load.layout import Layout, Override


@pytest.mark.parametrize(
    ("path", "environment", "app", "cluster"),
    [
        pytest.param("apps/production/web/app.yaml", "production", "web", "", id="apps/<env>/<app>"),
        pytest.param("apps/prod/web/base/app.yaml", "prod", "web", "", id="a base inside an environment"),
        pytest.param("apps/web/overlays/prod/patch.yaml", "prod", "web", "", id="apps/<app>/overlays/<env>"),
        pytest.param("apps/web/staging/app.yaml", "staging", "web", "", id="apps/<app>/<env>"),
        pytest.param("apps/dev/web/app.yaml", "dev", "web", "", id="dev beside apps"),
        pytest.param("apps/production/values.yaml", "production", "apps", "", id="no app below the environment"),
        pytest.param("environments/prod-eu/web/app.yaml", "prod-eu", "web", "", id="environments/<env>/<app>"),
        pytest.param("environments/blue/apps/web/app.yaml", "blue", "web", "", id="any word below environments"),
        pytest.param("envs/blue/ns.yaml", "blue", "blue", "", id="envs without an app"),
        pytest.param(
            "clusters/prod-eu-1/web/app.yaml", "prod", "web", "prod-eu-1", id="a cluster names its environment"
        ),
        pytest.param("clusters/eu-prod-1/apps.yaml", "prod", "eu-prod-1", "eu-prod-1", id="in the middle of a name"),
        pytest.param("clusters/home/web/app.yaml", "", "web", "home", id="a cluster without an environment"),
        pytest.param("apps/web-prod/app.yaml", "prod", "web", "", id="folder suffix"),
        pytest.param("charts/web/values-production.yaml", "production", "web", "", id="file suffix"),
        pytest.param("apps/web/prod.values.yaml", "prod", "web", "", id="file prefix"),
        pytest.param("apps/web/prod.yaml", "prod", "web", "", id="a file that is called so"),
        pytest.param("apps/web/ring-1/app.yaml", "ring-1", "web", "", id="rings"),
        pytest.param("rings/ring0/web/app.yaml", "ring0", "web", "", id="a folder of rings"),
        pytest.param("tenants/production/team-a/rbac.yaml", "production", "team-a", "", id="tenants/<env>/<tenant>"),
        pytest.param("tenants/team-a/staging/rbac.yaml", "staging", "team-a", "", id="tenants/<tenant>/<env>"),
        pytest.param("apps/web/non-prod/app.yaml", "non-prod", "web", "", id="not the prod in nonprod"),
        pytest.param("apps/web/Prod/app.yaml", "Prod", "web", "", id="the name stays as written"),
        pytest.param("apps/prod1/web/app.yaml", "prod1", "web", "", id="a number at the word"),
    ],
)
def test_tells_environment_app_and_cluster(path: str, environment: str, app: str, cluster: str) -> None:
    place = Layout([path]).place(path)

    assert (place.environment, place.app, place.cluster) == (environment, app, cluster)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("apps/base/podinfo/app.yaml", id="a base"),
        pytest.param("tenants/base/dev-team/rbac.yaml", id="a team in a base"),
        pytest.param("apps/dev-team/rbac.yaml", id="a team that is called dev"),
        pytest.param("apps/demo/app.yaml", id="an app that is called demo"),
        pytest.param("apps/web/tests/test.yaml", id="a folder of tests"),
        pytest.param("charts/web/templates/tests/test.yaml", id="tests of a chart"),
        pytest.param("dev/kind.yaml", id="a folder for developers"),
        pytest.param("apps/issuers/letsencrypt-production.yaml", id="a server of Let's Encrypt"),
        pytest.param("operator/overlays/stable/kustomization.yaml", id="an overlay that is a channel"),
        pytest.param("operator/overlays/tech-preview/kustomization.yaml", id="a channel with a word in it"),
        pytest.param("apps/product/app.yaml", id="a word that begins like one"),
        pytest.param(".github/workflows/prod.yaml", id="a hidden folder"),
        pytest.param("app.yaml", id="the root"),
    ],
)
def test_sees_no_environment_in(path: str) -> None:
    assert Layout([path]).place(path).environment == ""


def test_a_word_that_may_be_an_environment_is_one_beside_a_sure_one() -> None:
    paths = ["apps/web/demo/a.yaml", "apps/web/production/a.yaml"]

    assert Layout(paths).place(paths[0]).environment == "demo"


def test_two_prefixes_with_the_same_rest_are_environments() -> None:
    paths = ["dev-eu/a.yaml", "test-eu/a.yaml"]

    assert [Layout(paths).place(path).environment for path in paths] == ["dev", "test"]


def test_files_of_one_kustomization_are_deployed_together() -> None:
    paths = ["apps/web/kustomization.yaml", "apps/web/database-prod.yaml", "apps/web/database-dev.yaml"]

    assert {Layout(paths).place(path).environment for path in paths} == {""}


def test_bases_and_components_are_shared() -> None:
    paths = ["apps/web/base/a.yaml", "components/tls/a.yaml", "apps/web/a.yaml"]

    assert [Layout(paths).place(path).shared for path in paths] == [True, True, False]


def test_folders_of_namespaces_are_no_apps() -> None:
    paths = ["k8s/apps/media/plex/app/a.yaml", "k8s/apps/media/ns.yaml", "k8s/apps/net/dns/a.yaml"]

    assert [Layout(paths).place(path).app for path in paths] == ["plex", "media", "dns"]


def test_an_app_that_stands_in_two_namespaces_is_named_with_its_namespace() -> None:
    paths = ["apps/media/proxy/a.yaml", "apps/net/proxy/a.yaml", "apps/net/dns/a.yaml"]

    assert [Layout(paths).place(path).app for path in paths] == ["media/proxy", "net/proxy", "dns"]


def test_the_configuration_goes_before_what_is_found() -> None:
    overrides = [
        Override(("fleet/<environment>/<app>/**",)),
        Override(("apps/production/sandbox/**",), environment="development", app="sandbox"),
        Override(("shared/**",), environment=""),
    ]
    layout = Layout(["fleet/x/y/z/a.yaml"], overrides)

    places = [layout.place(p) for p in ("fleet/x/y/z/a.yaml", "apps/production/sandbox/a.yaml", "shared/prod/a.yaml")]

    assert [(p.environment, p.app, p.path) for p in places[:2]] == [
        ("x", "y", "fleet/x/y"),
        ("development", "sandbox", "apps/production/sandbox"),
    ]
    assert (places[2].environment, places[2].shared, places[2].convention) == ("", True, "configured")


def test_a_pattern_without_a_placeholder_leaves_the_app_to_be_found() -> None:
    layout = Layout(["apps/web/eu/a.yaml"], [Override(("apps/*/eu/**",), environment="production")])

    assert layout.place("apps/web/eu/a.yaml")[:2] == ("production", "web")


def test_an_unknown_placeholder_is_refused() -> None:
    with pytest.raises(GlobError, match="<team>"):
        Layout([], [Override(("fleet/<team>/**",))])


def test_the_table_is_sorted_and_says_how_an_app_is_rendered() -> None:
    paths = [
        "charts/web/Chart.yaml",
        "charts/web/templates/a.yaml",
        "apps/db/overlays/prod/kustomization.yaml",
        "apps/cron/job.yaml",
        ".github/workflows/ci.yaml",
        "apps/cron/README.md",
    ]

    table = Layout(paths).table(paths)

    assert [(app.name, app.environment, app.renderer, app.path) for app in table] == [
        ("cron", "", "directory", "apps/cron"),
        ("db", "prod", "kustomize", "apps/db/overlays/prod"),
        ("web", "", "helm", "charts/web"),
    ]


@pytest.mark.parametrize(
    ("name", "canonical"),
    [("prod", "production"), ("prd", "production"), ("prod-eu", "production"), ("uat", "acceptance"), ("blue", "blue")],
)
def test_one_name_for_all_spellings(name: str, canonical: str) -> None:
    assert environments.canonical(name) == canonical


@pytest.mark.shared
@pytest.mark.parametrize(
    ("corpus", "expected"),
    [
        ("flux2-kustomize-helm-example", {"production", "staging"}),
        ("flux2-multi-tenancy", {"production", "staging"}),
        ("home-ops-flux", set()),
        ("home-ops-sops", set()),
        ("microservices-demo", set()),
        ("podinfo", {"dev", "staging", "production", "prod"}),
        ("gitops-catalog", {"prod", "stage", "development"}),
        ("kubernetes-examples", {"dev", "prod"}),
    ],
)
def test_finds_the_environments_of_a_real_repository(
    shared: Path, tmp_path: Path, corpus: str, expected: set[str]
) -> None:
    bundle = shared / "corpora" / f"{corpus}.bundle"
    subprocess.run(["git", "clone", "-q", "--bare", bundle, tmp_path / "c"], check=True, capture_output=True)
    listing = subprocess.run(
        ["git", "-C", tmp_path / "c", "ls-tree", "-rz", "--name-only", "HEAD"],
        check=True,
        capture_output=True,
        text=True,
    )
    paths = listing.stdout.split("\0")[:-1]
    layout = Layout(paths)

    assert {layout.place(path).environment for path in paths} - {""} == expected


_FOLDERS = st.sampled_from(
    ["apps", "base", "overlays", "prod", "web-prod", "clusters", "envs", "media", "ring-1", "ä", ".x", "components"]
)


@given(st.lists(st.lists(_FOLDERS, max_size=6).map("/".join), max_size=8))
def test_any_tree_of_folders_has_places(folders: list[str]) -> None:
    paths = [f"{folder}/{name}".lstrip("/") for folder in folders for name in ("a.yaml", "kustomization.yaml")]
    layout = Layout(paths)

    for path in paths:
        place = layout.place(path)
        assert path.startswith(place.path)
        assert place.app or path.startswith(".")
