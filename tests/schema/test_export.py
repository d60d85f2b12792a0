"""Our schemas, handed to the real kubeconform."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from gitops_guard.schema.embedded import EmbeddedSchemas
from gitops_guard.schema.export import export, standalone

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "shop"},
    "spec": {"containers": [{"name": "a"}]},
}


@pytest.fixture
def schemas() -> EmbeddedSchemas:
    return EmbeddedSchemas("1.31", crds=lambda *_: ())


def test_each_kind_is_a_file_and_a_kind_without_schema_is_none(schemas: EmbeddedSchemas, tmp_path: Path) -> None:
    wanted = [("v1", "Pod"), ("apps/v1", "Deployment"), ("cert-manager.io/v1", "Issuer"), ("a.io/v1", "Thing")]

    location = export(schemas, wanted, tmp_path)

    assert location == f"{tmp_path}/{{{{.Group}}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json"
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.json")) == [
        "apps/deployment_v1.json",
        "cert-manager.io/issuer_v1.json",
        "v1/pod_v1.json",
    ]


def test_a_schema_stands_alone(schemas: EmbeddedSchemas, tmp_path: Path) -> None:
    export(schemas, [("v1", "Pod")], tmp_path)

    assert '"$ref"' not in (tmp_path / "v1/pod_v1.json").read_text()


def test_a_definition_that_refers_to_itself_stays_one() -> None:
    schema = {"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"next": {"$ref": "#/$defs/a"}}}}}

    assert standalone(schema) == {
        "properties": {"next": {"$ref": "#/definitions/a"}},
        "definitions": {"a": {"properties": {"next": {"$ref": "#/definitions/a"}}}},
    }


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        pytest.param({}, set(), id="valid"),
        pytest.param({"surplus": 1}, {""}, id="an unknown field"),
        pytest.param({"spec": {"containers": [{"name": 1}]}}, {"/spec/containers/0/name"}, id="a wrong type"),
        pytest.param({"spec": {"containers": [{"image": "a"}]}}, {"/spec/containers/0"}, id="a missing field"),
    ],
)
def test_kubeconform_names_the_same_field(
    kubeconform: Path,
    schemas: EmbeddedSchemas,
    read: Callable[[str], Any],
    tmp_path: Path,
    change: dict[str, Any],
    fields: set[str],
) -> None:
    body = {**POD, **change}
    location = export(schemas, [("v1", "Pod")], tmp_path / "schemas")
    (tmp_path / "pod.json").write_text(json.dumps(body))
    asked = [str(kubeconform), "-strict", "-output", "json", "-verbose", "-schema-location", location]

    answer = run([*asked, str(tmp_path / "pod.json")], capture_output=True, text=True, check=False).stdout

    theirs = {error["path"] for error in json.loads(answer)["resources"][0].get("validationErrors", [])}
    (resource,) = read(json.dumps(body))
    places = [p.path[:-1] if p.on_key else p.path for _, p in schemas.check(resource)]
    ours = {"".join(f"/{part}" for part in place) for place in places}
    assert ours == theirs == fields
