"""environment-layout: what lies in one environment and names files or the namespace of another."""

from __future__ import annotations

import pytest

from tests.rules.test_environment_layout import (
    ACCOUNT,
    ASK,
    ENVIRONMENTS,
    Ask,
    application,
    config_map,
    files_of,
    tree,
)

KUSTOMIZATION = "resources:\n  - {}\n"


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        pytest.param("kustomization.yaml", "resources: [a.yaml]\ncomponents:\n  - ../staging\n", 3, id="a component"),
        pytest.param("kustomization.yaml", "resources:\n  - ../staging\n", 2, id="a folder"),
        pytest.param("kustomization.yaml", "resources:\n  - ../staging/shop/a.yaml\n", 2, id="a file"),
        pytest.param("kustomization.yaml", "patches:\n  - path: ../staging/patch.yaml\n", 2, id="a patch"),
        pytest.param("kustomization.yaml", "bases:\n- ../../apps/staging/shop\n", 2, id="from elsewhere"),
        pytest.param(
            "kustomization.yaml", "configMapGenerator:\n  - files:\n      - a=../staging/a.txt\n", 3, id="a generator"
        ),
        pytest.param(
            "kustomization.yaml", "helmCharts:\n  - name: a\n    valuesFile: ../staging/values.yaml\n", 3, id="values"
        ),
        pytest.param(
            "sync.yaml",
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
            "metadata: {name: it}\nspec:\n  path: ./apps/staging\n", 5, id="a Flux Kustomization",
        ),
        pytest.param("app.yaml", application("it", "main", "apps/staging/shop"), 7, id="an Argo CD Application"),
        pytest.param(
            "release.yaml",
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: it}\nspec:\n"
            "  chart:\n    spec:\n      valuesFiles:\n        - ./charts/shop/values.yaml\n"
            "        - ./charts/shop/values-staging.yaml\n", 9, id="values of a HelmRelease",
        ),
        pytest.param(
            "app.yaml",
            application("it", "main") + "    helm:\n      valueFiles: [$repo/envs/staging/values.yaml]\n", 10,
            id="values of Argo CD",
        ),
    ],
)  # fmt: skip
def test_a_path_to_another_environment_is_found(ask: Ask, path: str, text: str, line: int) -> None:
    found = ask(ASK, {**tree(*ENVIRONMENTS), f"apps/production/{path}": text})

    assert [(at.file, at.line) for at, _ in found] == [(f"apps/production/{path}", line)]
    assert "belongs to staging" in found[0][1].message


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("production/kustomization.yaml", KUSTOMIZATION.format("../base"), id="a base"),
        pytest.param("production/kustomization.yaml", KUSTOMIZATION.format("../prod"), id="another spelling"),
        pytest.param("production/kustomization.yaml", KUSTOMIZATION.format("https://x/staging"), id="an address"),
        pytest.param("production/kustomization.yaml", KUSTOMIZATION.format("${ENV}/staging"), id="a placeholder"),
        pytest.param("production/kustomization.yaml", "resources: [../staging/a.yaml, ../dev/a.yaml]", id="a hub"),
        pytest.param("preview/kustomization.yaml", KUSTOMIZATION.format("../staging"), id="made from another"),
        pytest.param("dev/kustomization.yaml", KUSTOMIZATION.format("../nonprod"), id="a group of environments"),
        pytest.param("test/kustomization.yaml", KUSTOMIZATION.format("../dev"), id="tests of what is developed"),
        pytest.param("base/kustomization.yaml", KUSTOMIZATION.format("../staging"), id="of no environment"),
        pytest.param(
            "production/a.yaml", application("shop-staging", "main", "apps/staging/shop"), id="called for the other"
        ),
        pytest.param(
            "production/a.yaml",
            application("it", "main", "apps/staging/shop") + "  destination: {name: staging-eu}\n",
            id="deploys to the other",
        ),
        pytest.param(
            "production/a.yaml",
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
            "metadata: {name: it}\nspec: {path: ./apps/staging, kubeConfig: {secretRef: {name: a}}}\n",
            id="another cluster",
        ),
    ],
)
def test_other_paths_are_fine(ask: Ask, path: str, text: str) -> None:
    assert ask(ASK, {**tree(*ENVIRONMENTS), "apps/dev/shop/a.yaml": ACCOUNT, f"apps/{path}": text}) == []


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        pytest.param("kustomization.yaml", "namespace: shop-staging\n", 1, id="a kustomization"),
        pytest.param("a.yaml", config_map("a", "staging"), 3, id="a resource"),
        pytest.param("a.yaml", config_map("a", "shop-dev"), 3, id="an environment of this repository"),
        pytest.param("a.yaml", config_map("a", "dev-shop"), 3, id="before the name of the app"),
        pytest.param("a.yaml", config_map("shop-staging", kind="Namespace"), 3, id="a Namespace"),
        pytest.param(
            "a.yaml",
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: it}\nspec:\n"
            "  targetNamespace: shop-staging\n", 5, id="a HelmRelease",
        ),
    ],
)  # fmt: skip
def test_the_namespace_of_another_environment_is_found(ask: Ask, path: str, text: str, line: int) -> None:
    found = ask(ASK, {**tree(*ENVIRONMENTS), "apps/dev/shop/a.yaml": ACCOUNT, f"apps/production/shop/{path}": text})

    assert [(at.file, at.line) for at, _ in found] == [(f"apps/production/shop/{path}", line)]
    assert "namespace" in found[0][1].message


@pytest.mark.parametrize(
    "namespace",
    [
        "shop",
        "shop-production",
        "shop-prd",
        "production",
        "dev-team",
        "test",
        "shop-demo",
        "letsencrypt-staging",
        "latest",
    ],
)
def test_other_namespaces_are_fine(ask: Ask, namespace: str) -> None:
    found = ask(ASK, {**tree(*ENVIRONMENTS), "apps/production/b.yaml": config_map("b", namespace)})

    assert found == []


def test_a_namespace_that_another_environment_uses_is_its_own(ask: Ask) -> None:
    files = {**tree(*ENVIRONMENTS), "apps/test/a.yaml": config_map("a", "shop-test")}

    found = ask(ASK, {**files, "apps/production/b.yaml": config_map("b", "shop-test")})

    assert files_of(found) == ["apps/production/b.yaml"]


def test_a_file_called_for_another_environment_may_use_its_namespace(ask: Ask) -> None:
    text = config_map("production", kind="Namespace")

    assert ask(ASK, {**tree(*ENVIRONMENTS), "apps/staging/namespace-prod.yaml": text}) == []
    assert len(ask(ASK, {**tree(*ENVIRONMENTS), "apps/staging/namespace.yaml": text})) == 1


def test_an_environment_of_which_there_is_only_a_kustomization_counts(ask: Ask) -> None:
    built = {f"apps/x/overlays/{name}/kustomization.yaml": "namespace: x\n" for name in ("dev", "uat")}
    built["apps/x/overlays/uat/kustomization.yaml"] = "namespace: shop-dev\n"

    assert files_of(ask(ASK, built)) == ["apps/x/overlays/uat/kustomization.yaml"]


def test_a_repository_with_one_environment_has_no_other(ask: Ask) -> None:
    assert ask(ASK, {"apps/staging/a.yaml": config_map("a", "production")}) == []


def test_a_cluster_may_hold_several_environments(ask: Ask) -> None:
    used = {f"clusters/prod/{name}.yaml": config_map(name, name) for name in ("shop-staging", "shop-dev", "shop-prod")}

    assert ask(ASK, used) == []


def test_the_same_namespace_is_told_once_for_a_file(ask: Ask) -> None:
    text = "---\n".join(config_map(name, "shop-staging") for name in "abc")

    assert len(ask(ASK, {**tree(*ENVIRONMENTS), "apps/production/b.yaml": text})) == 1
