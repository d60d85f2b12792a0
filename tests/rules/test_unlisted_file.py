"""Manifests that lie beside a kustomization have to be mentioned by somebody."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import pytest

from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location

Ask = Callable[..., list[tuple[Location, Problem]]]
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
LISTING = "resources:\n- there.yaml\n"


def found(ask: Ask, files: dict[str, str], **options: object) -> list[str]:
    given = {"app/kustomization.yaml": LISTING, "app/there.yaml": CONFIG} | files
    return [place.file for place, _ in ask("unlisted-file", given, **options)]


def test_what_nobody_mentions_is_found_where_it_begins(ask: Ask) -> None:
    files = {"app/kustomization.yaml": LISTING, "app/there.yaml": CONFIG, "app/more.yaml": f"# more\n{CONFIG}"}

    ((place, problem),) = ask("unlisted-file", files)

    assert (place.file, place.line) == ("app/more.yaml", 2)
    assert "app/kustomization.yaml" in problem.message


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("- more.yaml", id="a resource"),
        pytest.param("- ./more.yaml", id="from here"),
        pytest.param("- ../app/more.yaml", id="a way round"),
        pytest.param("# - more.yaml", id="left out on purpose"),
        pytest.param("#- ./more.yaml", id="left out without a blank"),
        pytest.param('transformers: ["more.yaml"]', id="in quotes and brackets"),
        pytest.param("configMapGenerator: [{name: a, files: [key=more.yaml]}]", id="the file of a generator"),
        pytest.param("patches: [{path: more.yaml}]", id="a patch"),
    ],
)
def test_what_the_kustomization_mentions_is_known(ask: Ask, line: str) -> None:
    assert found(ask, {"app/kustomization.yaml": f"{LISTING}{line}\n", "app/more.yaml": CONFIG}) == []


@pytest.mark.parametrize("line", ["- one-more.yaml", "- ../base/more.yaml", "- more.yaml.bak"])
def test_another_file_of_a_like_name_is_another_file(ask: Ask, line: str) -> None:
    assert found(ask, {"app/kustomization.yaml": f"{LISTING}{line}\n", "app/more.yaml": CONFIG}) == ["app/more.yaml"]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"prod/kustomization.yaml": "resources: [../app/more.yaml]\n"}, id="another kustomization"),
        pytest.param({"run.sh": "kubectl apply -f app/more.yaml\n"}, id="a script"),
        pytest.param({".github/workflows/x.yaml": "on: push\njobs: {a: {x: app/more.yaml}}\n"}, id="a workflow"),
        pytest.param({"app/values.yaml": "file: more.yaml\n"}, id="a neighbour"),
    ],
)
def test_what_something_else_mentions_is_known(ask: Ask, other: dict[str, str]) -> None:
    assert found(ask, {"app/more.yaml": CONFIG} | other) == []


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("app/more.example.yaml", id="an example"),
        pytest.param("app/old-more.yaml", id="an old one"),
        pytest.param("app/_more.yaml", id="hidden"),
        pytest.param("tests/more.yaml", id="a test"),
        pytest.param("elsewhere/more.yaml", id="no kustomization there"),
        pytest.param("app/values.yaml", id="values"),
        pytest.param("app/shop_viewer_role.yaml", id="a role for users"),
    ],
)
def test_what_lies_there_on_purpose_is_left_alone(ask: Ask, path: str) -> None:
    text = "image: a\n" if path.endswith("/values.yaml") else CONFIG

    assert found(ask, {"tests/kustomization.yaml": LISTING, "tests/there.yaml": CONFIG, path: text}) == []


def test_the_words_are_an_option(ask: Ask) -> None:
    assert found(ask, {"app/spare-more.yaml": CONFIG}, words=["spare"]) == []
    assert found(ask, {"app/old-more.yaml": CONFIG}, words=["spare"]) == ["app/old-more.yaml"]


def test_a_patch_that_nobody_names_is_found(ask: Ask) -> None:
    assert found(ask, {"app/patch.yaml": CONFIG}) == ["app/patch.yaml"]
    assert found(ask, {"app/a-patch.yaml": "- {op: remove, path: /a}\n"}) == ["app/a-patch.yaml"]


def test_a_plain_secret_is_a_form_to_fill_in(ask: Ask) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {token: UPDATE_ME}\n"

    assert found(ask, {"app/more.yaml": secret}) == []
    assert found(ask, {"app/more.yaml": f"{secret}sops: {{mac: a}}\n"}) == ["app/more.yaml"]


@pytest.mark.parametrize("kind", ["Job", "Pod", "Backup", "Restore"])
def test_what_somebody_applies_by_hand_needs_no_list(ask: Ask, kind: str) -> None:
    by_hand = f"apiVersion: batch/v1\nkind: {kind}\nmetadata: {{name: a}}\n"

    assert found(ask, {"app/more.yaml": by_hand}) == []
    assert found(ask, {"app/more.yaml": f"{by_hand}---\n{CONFIG}"}) == ["app/more.yaml"]


def test_a_folder_that_is_listed_file_by_file_misses_one(ask: Ask) -> None:
    listing = "resources: [there.yaml, crds/a.yaml, crds/b.yaml]\n"
    files = {"app/kustomization.yaml": listing, "app/crds/a.yaml": CONFIG, "app/crds/b.yaml": CONFIG}

    assert found(ask, files | {"app/crds/c.yaml": CONFIG}) == ["app/crds/c.yaml"]


def test_a_library_of_which_little_is_taken_is_left_alone(ask: Ask) -> None:
    listing = "resources: [there.yaml, library/a.yaml]\n"
    files = {f"app/library/{name}.yaml": CONFIG for name in "abcd"}

    assert found(ask, files | {"app/kustomization.yaml": listing}) == []


def test_the_flux_kustomization_of_the_folder_itself_is_given_to_the_cluster_by_hand(ask: Ask) -> None:
    flux = (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        "metadata: {name: app, namespace: flux-system}\nspec: {path: ./app}\n"
    )

    assert found(ask, {"app/ks.yaml": flux}) == []
    assert found(ask, {"app/ks.yaml": flux.replace("./app", "./other")}) == ["app/ks.yaml"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [("oci://ghcr.io/somebody/chart", ["app/sync.yaml"]), ("oci://registry.internal/ours", [])],
)
def test_the_root_of_an_artifact_of_others_is_not_that_of_the_repository(
    ask: Ask, url: str, expected: list[str]
) -> None:
    head = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: it, namespace: a}\n"
    sync = (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: it, namespace: a}\n"
        "spec:\n  path: ./\n  sourceRef: {kind: OCIRepository, name: it}\n"
    )

    assert found(ask, {"app/there.yaml": f"{head}spec: {{url: '{url}'}}\n", "app/sync.yaml": sync}) == expected


def test_argo_that_recurses_needs_no_list(ask: Ask) -> None:
    argo = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: all, namespace: argocd}\n"
        "spec: {source: {repoURL: https://example.com/it, path: ., directory: {recurse: true}}}\n"
    )

    assert found(ask, {"app/more.yaml": CONFIG, "root.yaml": argo}) == []


def test_kustomizations_of_any_content_crash_nothing_and_cost_little(ask: Ask) -> None:
    hostile = "resources: " + "[" * 50 + "]" * 50 + "\n# " + "../" * 70_000 + "more.yaml\n"
    files = {
        "app/kustomization.yaml": hostile,
        "app/more.yaml": CONFIG,
        "b/kustomization.yaml": "- 1\n",
        "b/x.yaml": "",
    }
    start = process_time()

    found(ask, files)

    assert process_time() - start < 2
