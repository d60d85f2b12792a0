"""Images that stand outside of Pod templates: in values, patches and custom resources."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from gitops_guard.model import image_fields
from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location

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


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("image:\n  repository: shop\n  tag: latest\n", 3, id="repository and tag"),
        pytest.param("image:\n  tag: latest\n", 2, id="a tag within an image alone"),
        pytest.param("web:\n  proxy:\n    repository: a/b\n    tag: edge\n", 4, id="nested under other names"),
        pytest.param("images:\n  web:\n    tag: latest\n", 3, id="one of several images"),
        pytest.param("image: shop:latest\n", 1, id="in one text"),
        pytest.param("sidecarImage: shop:latest\n", 1, id="in one text, under a longer name"),
        pytest.param("image: shop\nimageTag: latest\n", 2, id="imageTag"),
        pytest.param("proxyImage: shop\nproxyImageTag: latest\n", 2, id="a longer name with Tag"),
        pytest.param("image: shop\ntag: latest\n", 2, id="a tag beside the image"),
        pytest.param("jobs:\n- image:\n    repository: shop\n    tag: main\n", 4, id="in a list"),
    ],
)
def test_values_of_charts_are_read_by_convention(ask: Ask, text: str, line: int) -> None:
    assert [at.line for at, _ in ask(ASK, {"values-production.yaml": text})] == [line]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("image: {repository: shop, tag: 1.2.3}", id="a version"),
        pytest.param('image: {repository: shop, tag: ""}', id="the version of the chart"),
        pytest.param("image: {repository: shop}", id="no tag, so that of the chart"),
        pytest.param("image: shop", id="a text that the chart completes"),
        pytest.param(f"image: {{repository: shop, tag: 'latest@{DIGEST}'}}", id="a digest in the tag, by Renovate"),
        pytest.param(f"image: {{repository: shop, tag: latest, digest: '{DIGEST}'}}", id="a digest beside the tag"),
        pytest.param("image: {repository: shop, tag: '${TAG}'}", id="a placeholder"),
        pytest.param("tag: latest", id="a tag of something else"),
        pytest.param("git: {branch: main, tag: stable}", id="a tag of Git"),
        pytest.param("repository: 'https://github.com/example/shop'\ntag: stable", id="a tag of a repository of Git"),
        pytest.param("image: 'https://example.com/logo:latest'", id="a picture"),
        pytest.param("image: '*:latest'", id="a pattern"),
        pytest.param("image: [1, null, {tag: null}, {tag: [latest]}, {tag: true}]", id="values of other types"),
        pytest.param("1: {image: {tag: 2}}\nimage: 3", id="keys and values that are numbers"),
    ],
)
def test_values_that_pin_or_name_no_image_are_fine(ask: Ask, text: str) -> None:
    assert ask(ASK, {"values.yaml": text}) == []


def test_the_defaults_of_a_chart_are_what_it_installs(ask: Ask) -> None:
    files = {
        "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
        "chart/values.yaml": "image:\n  tag: latest\n",
        "values-production.yaml": "image:\n  tag: 1.2.3\n",
    }

    assert [(at.file, at.line) for at, _ in ask(ASK, files)] == [("chart/values.yaml", 2)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(
            """\
            apiVersion: helm.toolkit.fluxcd.io/v2
            kind: HelmRelease
            metadata: {name: it}
            spec:
              values:
                image:
                  repository: shop
                  tag: latest
            """,
            8,
            id="values of a HelmRelease",
        ),
        pytest.param(
            """\
            apiVersion: kustomize.toolkit.fluxcd.io/v1
            kind: Kustomization
            metadata: {name: it}
            spec:
              images:
                - name: shop
                  newTag: main
            """,
            7,
            id="images of a Flux Kustomization",
        ),
        pytest.param(
            """\
            apiVersion: argoproj.io/v1alpha1
            kind: Application
            metadata: {name: it}
            spec:
              source:
                helm:
                  parameters:
                    - name: image.tag
                      value: latest
            """,
            9,
            id="parameters of Argo CD",
        ),
        pytest.param(
            """\
            apiVersion: argoproj.io/v1alpha1
            kind: Application
            metadata: {name: it}
            spec:
              sources:
                - helm:
                    values: |
                      image:
                        tag: latest
            """,
            9,
            id="a text of values of Argo CD",
        ),
        pytest.param(
            """\
            apiVersion: argoproj.io/v1alpha1
            kind: ApplicationSet
            metadata: {name: it}
            spec:
              template:
                spec:
                  source:
                    kustomize:
                      images:
                        - shop=ghcr.io/example/shop:main
            """,
            10,
            id="images of Argo CD",
        ),
        pytest.param(
            """\
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {name: it}
            spec:
              templates:
                - name: build
                  container:
                    image: golang
            """,
            8,
            id="a container of Argo Workflows, without a tag",
        ),
        pytest.param(
            """\
            apiVersion: tekton.dev/v1
            kind: Task
            metadata: {name: it}
            spec:
              steps:
                - name: build
                  image: golang
                - name: named-by-whoever-runs-it
                  image: $(params.image)
            """,
            7,
            id="a step of Tekton, without a tag",
        ),
        pytest.param(
            """\
            apiVersion: example.com/v1
            kind: Database
            metadata: {name: it}
            spec:
              image: postgres:latest
            """,
            5,
            id="another custom resource",
        ),
    ],
)
def test_custom_resources_are_read_too(ask: Ask, text: str, line: int) -> None:
    assert [at.line for at, _ in ask(ASK, text)] == [line]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: it}\nspec: {image: 'a:latest'}\n",
            id="a policy that forbids it",
        ),
        pytest.param(
            "apiVersion: operators.coreos.com/v1alpha1\nkind: CatalogSource\nmetadata: {name: it}\n"
            "spec: {image: 'a:latest', updateStrategy: {registryPoll: {interval: 45m}}}\n",
            id="a catalog that is polled",
        ),
        pytest.param(
            "apiVersion: example.com/v1\nkind: It\nmetadata: {name: it}\nspec: null\n",
            id="no spec",
        ),
        pytest.param(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: it}\n"
            'spec:\n  values:\n    image:\n      tag: main  # {"$imagepolicy": "flux-system:shop:tag"}\n',
            id="a tag that a Flux image policy writes",
        ),
    ],
)
def test_custom_resources_that_mean_something_else_are_fine(ask: Ask, text: str) -> None:
    assert ask(ASK, text, demand="tag") == []


def test_a_json_patch_is_judged_by_what_it_sets(ask: Ask) -> None:
    files = {
        "kustomization.yaml": "resources: [pod.yaml]\npatches: [{path: change.yaml, target: {kind: Pod}}]\n",
        "pod.yaml": pod("shop:1.0"),
        "change.yaml": """\
            - op: replace
              path: /spec/containers/0/image
              value: shop:latest
            - op: add
              path: /spec/containers/-
              value: {name: proxy, image: "envoy:edge"}
            - op: remove
              path: /spec/containers/2/image
            - {op: add, path: 3, value: "shop:latest"}
            - op: replace
              path: /spec/values/image/tag
              value: latest
            """,
    }

    assert [(at.file, at.line) for at, _ in ask(ASK, files)] == [("change.yaml", line) for line in (3, 6, 12)]


def test_a_json_patch_pins_an_image_without_tag(ask: Ask) -> None:
    files = {
        "kustomization.yaml": """\
            resources: [pod.yaml]
            patches:
              - target: {kind: Pod}
                patch: |
                  - op: replace
                    path: /spec/containers/0/image
                    value: shop:1.0
            """,
        "pod.yaml": pod("shop"),
    }

    assert ask(ASK, files) == []


@pytest.mark.parametrize(
    ("patch", "place"),
    [
        pytest.param(
            "  - patch: |-\n      spec:\n        containers:\n        - name: it\n          image: shop:latest\n",
            (6, 18),
            id="a literal block",
        ),
        pytest.param(
            '  - patch: \'[{"op": "add", "path": "/spec/containers/0/image", "value": "shop:latest"}]\'\n',
            (2, 12),
            id="one line",
        ),
        pytest.param(
            "  - patch: >\n      [{op: add, path: /spec/containers/0/image,\n      value: 'shop:latest'}]\n",
            (2, 12),
            id="a folded block",
        ),
    ],
)
def test_an_inline_patch_is_found_at_its_line(ask: Ask, patch: str, place: tuple[int, int]) -> None:
    found = ask(ASK, {"kustomization.yaml": f"patches:\n{patch}"})

    assert [(at.line, at.column) for at, _ in found] == [place]


@pytest.mark.parametrize("text", ["[", "a: b: c", "\ud800", "- 1\n- [image]", "image: {tag: latest", "null"])
def test_an_inline_patch_that_is_broken_is_left_alone(ask: Ask, text: str) -> None:
    assert ask(ASK, {"kustomization.yaml": json.dumps({"patches": [{"patch": f"{text} # image"}]})}) == []


def test_renovate_says_which_lines_are_tags(ask: Ask) -> None:
    text = """\
        # renovate: datasource=docker depName=ghcr.io/example/shop
        shopVersion: latest  # for now
        # renovate: datasource=docker depName=ghcr.io/example/cart
        cartVersion: "1.2.3"
        # renovate: datasource=github-releases depName=example/tool
        toolVersion: latest
        # renovate: datasource=docker depName=ghcr.io/example/image
        image: ghcr.io/example/image:edge
        # renovate: datasource=docker depName=ghcr.io/example/none
        """

    assert [(at.line, at.column) for at, _ in ask(ASK, {"values.yaml": text})] == [(2, 14), (8, 8)]


def test_what_several_aliases_share_is_looked_at_once() -> None:
    shared: dict[str, object] = {"image": "shop:latest"}
    for _ in range(60):
        shared = {"a": shared, "b": shared}
    shared["itself"] = shared

    assert len(list(image_fields.find(shared))) == 1
