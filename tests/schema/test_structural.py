"""The schema of a definition as the API server applies it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gitops_guard.schema.compiled import compiled
from gitops_guard.schema.structural import OBJECT_META, NotASchemaError, closed, constrains


def accepts(spec: dict[str, Any], value: Any, **around: Any) -> bool:
    schema = closed({"type": "object", "properties": {"spec": spec}, **around})
    schema["$defs"] = {OBJECT_META: {"type": "object"}}
    body = {"apiVersion": "a.io/v1", "kind": "A", "metadata": {}, "spec": value}
    return compiled(json.dumps(schema)).is_valid(body)


OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize(
    ("spec", "value", "accepted"),
    [
        pytest.param(OBJECT, {"a": "x"}, True, id="a known field"),
        pytest.param(OBJECT, {"b": "x"}, False, id="an unknown field is pruned, which is an error"),
        pytest.param(
            {**OBJECT, "x-kubernetes-preserve-unknown-fields": True}, {"b": 1}, True, id="unknown fields preserved"
        ),
        pytest.param(
            {**OBJECT, "x-kubernetes-preserve-unknown-fields": True, "additionalProperties": False},
            {"b": 1},
            True,
            id="unknown fields preserved, though a converter closed the schema",
        ),
        pytest.param({"type": "object", "additionalProperties": {"type": "integer"}}, {"b": 1}, True, id="a map"),
        pytest.param(
            {"type": "object", "additionalProperties": {"type": "integer"}}, {"b": "c"}, False, id="its values"
        ),
        pytest.param(OBJECT, {"a": None}, True, id="null in an optional field is dropped"),
        pytest.param({**OBJECT, "required": ["a"]}, {"a": None}, False, id="null in a required field is not there"),
        pytest.param(
            {"type": "object", "properties": {"a": {"type": "string", "nullable": True}}, "required": ["a"]},
            {"a": None},
            True,
            id="null in a nullable field",
        ),
        pytest.param(
            {"type": "object", "properties": {"a": {"enum": ["x"], "nullable": True}}, "required": ["a"]},
            {"a": None},
            True,
            id="null in a nullable enum",
        ),
        pytest.param({"type": "array", "items": {"type": "string"}}, [None], False, id="null as an item"),
        pytest.param(
            {"type": "object", "properties": {"a": {"type": "string", "default": "x"}}, "required": ["a"]},
            {},
            True,
            id="a required field with a default",
        ),
        pytest.param({"x-kubernetes-int-or-string": True}, "25%", True, id="int or string: a string"),
        pytest.param({"x-kubernetes-int-or-string": True, "type": "string"}, 3, True, id="int or string: an integer"),
        pytest.param({"x-kubernetes-int-or-string": True}, [], False, id="int or string: a list"),
        pytest.param(
            {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}], "pattern": "^1"},
            "2",
            False,
            id="int or string with a pattern",
        ),
        pytest.param(
            {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": {"type": "string"}}},
            {"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}, "spec": "x"},
            True,
            id="an embedded resource has apiVersion, kind and metadata",
        ),
        pytest.param(
            {**OBJECT, "anyOf": [{"properties": {"a": {"enum": ["x"]}}, "required": ["a"]}]},
            {"a": "x"},
            True,
            id="a condition does not close the object",
        ),
        pytest.param(
            {**OBJECT, "oneOf": [{"required": ["a"]}]}, {"b": 1}, False, id="nor does it open what is closed outside"
        ),
        pytest.param(
            {"type": "object", "properties": {"properties": {"type": "object"}, "additionalProperties": False}},
            {"properties": {}},
            True,
            id="a field named properties, and what a converter made of it",
        ),
        pytest.param({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 1, False, id="an exclusive bound"),
        pytest.param({"type": "integer", "exclusiveMinimum": 1}, 1, False, id="an exclusive bound of a later draft"),
        pytest.param({"type": "integer", "exclusiveMinimum": True}, 1, True, id="exclusive of no bound"),
        pytest.param({"type": "string", "enum": ["a", "a"]}, "a", True, id="a value listed twice"),
        pytest.param({"type": "string", "format": "int-or-string"}, "a", True, id="a format that nobody knows"),
    ],
)
def test_a_value_is_judged_as_by_the_api_server(spec: dict[str, Any], value: Any, accepted: bool) -> None:
    assert accepts(spec, value) is accepted


def test_the_root_is_closed_but_for_what_every_resource_has() -> None:
    assert not accepts(OBJECT, {"a": "x"}, required=["b"])
    assert closed({"properties": {"spec": {}}})["additionalProperties"] is False
    assert "additionalProperties" not in closed({"x-kubernetes-preserve-unknown-fields": True, "properties": {"a": {}}})


def test_metadata_is_checked_as_of_any_resource_and_as_the_definition_says() -> None:
    own = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 3}}}

    assert closed({"properties": {"metadata": {"type": "object"}}})["properties"]["metadata"] == {
        "$ref": f"#/$defs/{OBJECT_META}"
    }
    first, second = closed({"properties": {"metadata": own}})["properties"]["metadata"]["allOf"]
    assert first == {"$ref": f"#/$defs/{OBJECT_META}"}
    assert second["properties"]["name"]["maxLength"] == 3
    assert "additionalProperties" not in second


@pytest.mark.parametrize(
    ("schema", "says_something"),
    [
        pytest.param({}, False, id="empty"),
        pytest.param({"type": "object", "x-kubernetes-preserve-unknown-fields": True}, False, id="open"),
        pytest.param({"apiVersion": "v1", "metadata": {}}, False, id="a manifest by mistake"),
        pytest.param({"properties": {"spec": {"type": "object"}, "status": OBJECT}}, False, id="an open spec"),
        pytest.param({"properties": {"spec": OBJECT}}, True, id="a field of spec"),
        pytest.param({"properties": {"data": {"type": "string"}}}, True, id="a field that is no spec"),
        pytest.param(
            {"properties": {"kind": {"type": "string"}, "status": OBJECT}}, True, id="there is nothing to write"
        ),
    ],
)
def test_a_schema_that_constrains_nothing_is_known(schema: dict[str, Any], says_something: bool) -> None:
    assert constrains(closed(schema)) is says_something


@pytest.mark.parametrize(
    "schema", [None, [], "x", {"properties": {"a": 1}}, {"allOf": ["x"]}, {"items": {"$ref": "#"}}]
)
def test_what_is_no_schema_is_refused(schema: object) -> None:
    with pytest.raises(NotASchemaError):
        closed(schema)
