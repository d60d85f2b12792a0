"""What a kustomization names in a comment alone is not delivered, so that nothing in it is judged that would be."""

from __future__ import annotations

import time

import pytest

from gitops_guard.load import tree
from gitops_guard.model.parked import Parked
from tests.rules.conftest import Ask

APP = "apps/shop/kustomization.yaml"
INNER = "apps/shop/dashboard/kustomization.yaml"
FLUX = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: it}\nspec: {path: 'PATH'}\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: it}\n"
FILES = {APP: "resources: [pod.yaml, dashboard]\n", INNER: "resources: []\n", "apps/shop/pod.yaml": POD}


def parked(files: dict[str, str], *paths: str) -> list[bool]:
    found = Parked(tree.from_files({path: text.encode() for path, text in files.items()}))
    return [found.holds(path) for path in paths]


@pytest.mark.parametrize(
    ("parent", "is_parked"),
    [
        ("resources:\n  - web\n  # - shop\n", True),
        ("resources:\n  - web\n  #- shop\n", True),
        ("resources: []\n# - ./shop/ # later\n", True),
        ("resources:\n  - shop\n  # - shop\n", False),
        ("resources:\n  - web\n  # shop\n", False),
        ("resources:\n  - web # - shop\n", False),
        ("resources:\n  - web\n  # - shop is not ready\n", False),
        ("resources:\n  - web\n", False),
        ("- # - shop\n", False),
        ("", False),
    ],
)
def test_a_folder_in_a_comment_is_parked_with_all_in_it(parent: str, is_parked: bool) -> None:
    files = {**FILES, "apps/kustomization.yaml": parent, "apps/web/kustomization.yaml": "resources: []\n"}

    assert parked(files, APP, INNER, "apps/shop/pod.yaml") == [is_parked] * 3
    assert parked(files, "apps/kustomization.yaml", "apps/web/kustomization.yaml") == [False, False]


@pytest.mark.parametrize(
    "more",
    [
        {"overlays/kustomization.yaml": "resources: [../apps/shop]\n"},
        {"flux.yaml": FLUX.replace("PATH", "./apps/shop")},
        {"flux.yaml": FLUX.replace("PATH", "./apps/${APP}")},
    ],
)
def test_what_something_else_delivers_is_not(more: dict[str, str]) -> None:
    files = {**FILES, "apps/kustomization.yaml": "resources: []\n# - shop\n", **more}

    assert parked(files, APP, INNER) == [False, False]


def test_a_file_may_be_parked_and_what_it_alone_deploys_with_it() -> None:
    files = {
        "ks/kustomization.yaml": "resources:\n  - web.yaml\n  # - shop.yaml\n",
        "ks/shop.yaml": FLUX.replace("PATH", "apps/shop"),
        "ks/web.yaml": FLUX.replace("PATH", "apps/web"),
        "apps/web/pod.yaml": POD,
        **FILES,
    }

    assert parked(files, "ks/shop.yaml", APP, INNER, "ks/web.yaml", "apps/web/pod.yaml") == [True] * 3 + [False] * 2


def test_rules_say_nothing_of_what_is_parked(ask: Ask) -> None:
    remote = "resources: [github.com/somebody/operator//config]\n"
    release = """\
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: shop}
        spec: {chart: {spec: {chart: shop, version: "*", sourceRef: {kind: HelmRepository, name: gone}}}}
        ---
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: HelmRepository
        metadata: {name: other}
        spec: {url: "https://charts.example"}
        """
    files = {APP: remote + "# - x\n", "apps/shop/release.yaml": release}
    listed = {**files, "apps/kustomization.yaml": "resources: [shop]\n"}
    commented = {**files, "apps/kustomization.yaml": "resources: []\n# - shop\n"}

    for rule, count in (("unpinned-source", 2), ("dangling-reference", 1)):
        assert len(ask(rule, listed)) == count
        assert ask(rule, commented) == []


@pytest.mark.parametrize("text", ["# - a\n" * 50_000, "#" * 300_000, "# - " + "a/" * 100_000, "# - ../" * 30_000])
def test_hostile_comments_are_read_in_linear_time(text: str) -> None:
    started = time.process_time()

    parked({"apps/kustomization.yaml": text, **FILES}, APP)

    assert time.process_time() - started < 2
