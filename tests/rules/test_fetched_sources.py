"""What a kustomization fetches from one repository is one finding, and the messages say what to write instead."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "unpinned-source"
RAW = "https://raw.githubusercontent.com/somebody"
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: shop}
spec: {chart: {spec: {chart: shop, version: "%s", sourceRef: {kind: HelmRepository, name: it}}}}
"""


def test_entries_from_one_repository_have_one_finding(ask: Ask) -> None:
    generator = {"name": "a", "files": [f"a={RAW}/boards/main/a.json", f"b={RAW}/boards/main/b.json"]}
    body = {
        "resources": [f"{RAW}/operator/main/{name}.yaml" for name in "abc"] + [f"{RAW}/other/main/a.yaml"],
        "configMapGenerator": [generator, generator],
    }

    found = {
        problem.path: (problem.message, problem.severity)
        for _, problem in ask(ASK, {"kustomization.yaml": json.dumps(body)})
    }

    assert list(found) == [("resources", 0), ("resources", 3), ("configMapGenerator", 0, "files", 0)]
    assert [message.rpartition("; ")[2] for message, _ in found.values()] == [
        "likewise 2 more entries of this file", "name a tag or a commit", "likewise 3 more entries of this file"
    ]  # fmt: skip
    assert [severity for _, severity in found.values()] == [None, None, Severity.INFO]


@pytest.mark.parametrize(
    ("entry", "tag"),
    [
        (f"{RAW}/operator/refs/heads/master/deploy/v4.11.0/rbac.yaml", "v4.11.0"),
        (f"{RAW}/operator/main/1.2/rbac.yaml", "1.2"),
        (f"{RAW}/operator/main/v1/rbac.yaml", ""),
        (f"{RAW}/operator/main/deploy/rbac-1.2.yaml", ""),
    ],
)
def test_the_tag_that_a_path_suggests_is_named(ask: Ask, entry: str, tag: str) -> None:
    message = ask(ASK, {"kustomization.yaml": json.dumps({"resources": [entry]})})[0][1].message

    assert ("name a tag, `" in message) is bool(tag)
    assert tag in message


@pytest.mark.parametrize(("version", "told"), [("*", ">=1 <2"), (">=0.0.0", "production"), ("latest", "the newest")])
def test_a_version_without_a_bound_is_told_with_a_better_one(ask: Ask, version: str, told: str) -> None:
    assert told in ask(ASK, {"release.yaml": RELEASE % version})[0][1].message
