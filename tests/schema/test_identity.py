"""What every resource needs before a schema can judge it: apiVersion, kind, a name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gitops_guard.model.resource import Resource
from gitops_guard.schema import kubeconform as engine
from gitops_guard.schema.embedded import EmbeddedSchemas

Read = Callable[[str], tuple[Resource, ...]]
Answer = tuple[int, int, str, str]


def answers(resources: tuple[Resource, ...]) -> list[Answer]:
    schemas = EmbeddedSchemas("1.31", crds=lambda *_: ())
    return [
        (*resource.locate(problem.path, key=problem.on_key)[1:], rule, problem.message)
        for resource in resources
        for rule, problem in schemas.check(resource)
    ]


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        pytest.param(
            "kind: Pod\napiversion: v1\nmetadata: {name: a}\n",
            2, 1, "`apiVersion` is missing; did you mean it by `apiversion`?", id="apiversion",
        ),
        pytest.param(
            "apiVersion: v1\nKind: Pod\nmetadata: {name: a}\n",
            2, 1, "`kind` is missing; did you mean it by `Kind`?", id="Kind",
        ),
        pytest.param(
            "kind: Deployment\nmetadata: {name: a}\n",
            1, 1, "`apiVersion` is missing; Deployment exists in apps/v1", id="no apiVersion",
        ),
        pytest.param("apiVersion: v1\nmetadata: {name: a}\n", 1, 1, "`kind` is missing", id="no kind"),
        pytest.param(
            "apiVersion: 1\nkind: Pod\nmetadata: {name: a}\n",
            1, 13, "`apiVersion` is empty or no text; a string is needed", id="a number as apiVersion",
        ),
        pytest.param(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels: {a: b}\n",
            4, 3, "`metadata.name` is missing", id="no name",
        ),
        pytest.param("apiVersion: v1\nkind: ConfigMap\ndata: {}\n", 1, 1, "`metadata.name` is missing", id="bare"),
        pytest.param(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n", 3, 10, "`metadata.name` is missing", id="empty metadata"
        ),
        pytest.param(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ''\n", 4, 9, "`metadata.name` is empty", id="empty"
        ),
        pytest.param(
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {labels: {}}\n",
            6, 13, "`metadata.name` is missing", id="an item of a List",
        ),
        pytest.param("apiVersion: v1\nkind: List\n", 1, 1, "`items` is missing; a list is needed", id="an empty List"),
    ],
)  # fmt: skip
def test_what_is_missing_is_an_error(read: Read, text: str, line: int, column: int, message: str) -> None:
    assert answers(read(text)) == [(line, column, "schema-invalid", message)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n", id="a generated name"),
        pytest.param("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '${NAME}'}\n", id="a placeholder"),
        pytest.param(
            "apiVersion: authorization.k8s.io/v1\nkind: SelfSubjectRulesReview\nspec: {}\n", id="what is only asked"
        ),
    ],
)
def test_a_name_may_be_left_to_others(read: Read, text: str) -> None:
    assert answers(read(text)) == []


def test_what_has_neither_schema_nor_metadata_may_be_no_resource(read: Read) -> None:
    found = answers(read("apiVersion: config.example.com/v1\nkind: Settings\nport: 1\n"))

    assert [(line, rule) for line, _, rule, _ in found] == [(2, "schema-missing")]


def test_the_name_is_asked_for_beside_kubeconform_too(read: Read, kubeconform: Path) -> None:
    given = read("apiVersion: v1\nkind: ConfigMap\nmetadata: {labels: {a: b}}\ndata: {a: 1}\n")

    found = engine.check(given, EmbeddedSchemas("1.31", crds=lambda *_: ()), binary=str(kubeconform))

    assert [problem.path for _, _, problem in found] == [("metadata",), ("data", "a")]
