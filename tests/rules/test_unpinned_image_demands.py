"""What may be asked of images beyond a tag, and where: versions, digests, registries, by environment."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from textwrap import dedent

import pytest

from gitops_guard import check
from gitops_guard.load import tree
from gitops_guard.load.config import Config, EnvironmentSetting, RuleSetting
from gitops_guard.load.layout import Layout
from gitops_guard.model import automation, image
from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location
from gitops_guard.rules import all_rules

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "unpinned-image-tag"
DIGEST = "sha256:" + "0" * 64


def pod(reference: object, group: str = "containers") -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "it"},
            "spec": {group: [{"name": "it", "image": reference}]},
        }
    )


@pytest.mark.parametrize("tag", ["1", "v1", "1.27", "1.27-alpine", "alpine", "24.04", "8-jdk"])
def test_a_series_of_builds_is_no_exact_version(ask: Ask, tag: str) -> None:
    assert ask(ASK, pod(f"nginx:{tag}")) == []
    assert [problem.path[-1] for _, problem in ask(ASK, pod(f"nginx:{tag}"), demand="version")] == ["image"]


@pytest.mark.parametrize(
    "tag",
    [
        "1.27.3",
        "v1.27.3-alpine",
        "2024.1.5",
        "20240101",
        "3f2a9bc",
        "main-3f2a9bc",
        "1.27-20240101",
        "b123",
        "IMAGE_TAG",
    ],
)
def test_one_build_is_an_exact_version(ask: Ask, tag: str) -> None:
    assert ask(ASK, pod(f"nginx:{tag}"), demand="version") == []


def test_a_tag_that_a_flux_image_policy_writes_needs_no_digest(ask: Ask) -> None:
    text = """\
        image:
          repository: shop
          tag: 1.2.3  # {"$imagepolicy": "flux-system:shop:tag"}
        """

    assert ask(ASK, {"values.yaml": text}, demand="digest") == []


@pytest.mark.parametrize(
    ("reference", "allowed"),
    [
        pytest.param("ghcr.io/example/shop:1.0.0", True, id="a host with a folder"),
        pytest.param("ghcr.io/examples/shop:1.0.0", False, id="a folder that begins alike"),
        pytest.param("ghcr.io/shop:1.0.0", False, id="the host alone"),
        pytest.param("nginx:1.0.0", True, id="docker.io/library by its short name"),
        pytest.param("bitnami/nginx:1.0.0", False, id="another folder of Docker Hub"),
        pytest.param("123.dkr.ecr.eu-west-1.amazonaws.com/shop:1.0.0", True, id="a glob"),
        pytest.param("evil.com/123.dkr.ecr.eu-west-1.amazonaws.com/shop:1.0.0", False, id="a glob is not for folders"),
        pytest.param("localhost:5000/shop:1.0.0", False, id="a port"),
        pytest.param("${REGISTRY}/shop:1.0.0", True, id="a placeholder"),
        pytest.param("IMAGE_REGISTRY/shop:1.0.0", True, id="a word that a script fills in"),
    ],
)
def test_registries_are_an_option(ask: Ask, reference: str, allowed: bool) -> None:
    registries = ["ghcr.io/example", "docker.io/library/*", "*.dkr.ecr.*.amazonaws.com"]

    assert (ask(ASK, pod(reference), registries=registries) == []) is allowed


def test_a_name_that_a_kustomization_replaces_is_judged_by_the_new_one(ask: Ask) -> None:
    files = {
        "pod.yaml": pod("shop:1.0.0"),
        "kustomization.yaml": "resources: [pod.yaml]\nimages: [{name: shop, newName: ghcr.io/example/shop}]\n",
    }

    assert ask(ASK, files, registries=["ghcr.io"]) == []


def test_the_registry_of_values_is_left_to_the_chart(ask: Ask) -> None:
    text = "image: {repository: shop, tag: 1.2.3}\nproxy: {registry: quay.io, repository: a/b, tag: 1.2.3}\n"

    assert [at.line for at, _ in ask(ASK, {"values.yaml": text}, registries=["ghcr.io"])] == [2]


@pytest.mark.parametrize(
    ("environment", "lines"),
    [("production", [("apps/production/pod.yaml", 1)]), ("staging", [("apps/staging/pod.yaml", 1)]), ("other", [])],
)
def test_each_environment_may_demand_something_else(environment: str, lines: list[tuple[str, int]]) -> None:
    files = {f"apps/{name}/pod.yaml": pod("shop:1.2.3").encode() for name in ("production", "staging")}
    place = Layout(files).app_of
    setting = RuleSetting(options={"demand": "digest"})
    config = Config(environments={environment: EnvironmentSetting(rules={ASK: setting})})

    report = check.conclude(tree.from_files(files, place), [], {ASK: all_rules()[ASK]}, config, place=place)

    assert [(finding.location.file, finding.location.line) for finding in report.findings] == lines


def demanding(files: Mapping[str, str], **options: object) -> list[tuple[str, int, str]]:
    """The findings where production has other options than the rest."""
    data = {path: dedent(text).encode() for path, text in files.items()}
    place = Layout(data).app_of
    config = Config(environments={"production": EnvironmentSetting(rules={ASK: RuleSetting(options=options)})})
    report = check.conclude(tree.from_files(data, place), [], {ASK: all_rules()[ASK]}, config, place=place)
    return [(finding.location.file, finding.location.line, finding.message) for finding in report.findings]


BASE = {
    "apps/base/pod.yaml": pod("shop:1.2.3"),
    "apps/base/kustomization.yaml": "resources: [pod.yaml]\n",
    "apps/staging/kustomization.yaml": "resources: [../base]\n",
}


def test_an_environment_judges_the_base_that_it_is_built_on() -> None:
    production = {"apps/production/kustomization.yaml": "namespace: shop\nresources:\n  - ../base\n"}

    found = demanding({**BASE, **production}, demand="digest")

    assert [(file, line) for file, line, _ in found] == [("apps/production/kustomization.yaml", 3)]
    assert found[0][2].endswith("(`apps/base/pod.yaml`)")


def test_what_the_environment_overrides_is_judged_where_it_does() -> None:
    text = f"resources: [../base]\nimages:\n- name: shop\n  digest: '{DIGEST}'\n"

    assert demanding({**BASE, "apps/production/kustomization.yaml": text}, demand="digest") == []


def test_a_base_is_told_of_once_and_not_by_the_kustomization_above() -> None:
    production = {
        "apps/production/kustomization.yaml": "resources: [shop]\n",
        "apps/production/shop/kustomization.yaml": "resources: [../../base, ../../base/pod.yaml]\n",
    }

    found = demanding({**BASE, **production}, demand="digest")

    assert [(file, line) for file, line, _ in found] == [("apps/production/shop/kustomization.yaml", 1)]


def test_what_is_wrong_with_a_base_anyway_is_not_told_again() -> None:
    files = {
        **BASE,
        "apps/base/pod.yaml": pod("shop:latest"),
        "apps/production/kustomization.yaml": "resources: [../base]\n",
    }

    assert [(file, line) for file, line, _ in demanding(files, demand="digest")] == [("apps/base/pod.yaml", 1)]


def test_kustomizations_that_build_on_each_other_end() -> None:
    files = {
        **BASE,
        "apps/base/kustomization.yaml": "resources: [pod.yaml, ../production, ../base, 5]\n",
        "apps/production/kustomization.yaml": "resources: [../base, ../production]\nbases: 1\n",
    }

    assert [file for file, _, _ in demanding(files, demand="digest")] == ["apps/production/kustomization.yaml"]


@pytest.mark.parametrize("text", ["1-" + "a" * 200_000, "0a" * 100_000, "1-" + "1." * 100_000, "a:" * 100_000])
def test_hostile_names_take_no_time(text: str) -> None:
    image.is_exact(text)
    image.is_reference(text)
    image.is_allowed(image.parse(text), ["*a*a*a*a*b"])
    automation.renovated_image(f"datasource=docker renovate:{'depName=' * 30_000}{text}")


def test_floating_tags_and_digests_are_options(ask: Ask) -> None:
    assert ask(ASK, pod("nginx:main"), floating_tags=["latest"]) == []
    assert [p.path[-1] for _, p in ask(ASK, pod("nginx:1.27"), demand="digest")] == ["image"]
    assert ask(ASK, pod(f"nginx:1.27@{DIGEST}"), demand="digest") == []
