"""The parameters of a constraint against the schema that its template has for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops_guard.load import re2
from gitops_guard.policy.folder import PolicyDocument
from gitops_guard.policy.program import Failure

_LISTS = ("allOf", "anyOf", "oneOf")


def fault(schema: Mapping[str, Any] | None, parameters: Any, document: PolicyDocument) -> Failure | None:
    """What is wrong with *parameters*, at its place; None where they fit."""
    if schema is None:
        return None
    import jsonschema_rs

    try:
        validator = jsonschema_rs.validator_for(_plain(schema), validate_formats=False)
    except (ValueError, jsonschema_rs.ValidationError):
        return Failure("", "the schema of the parameters in the template is no JSON Schema", document.where)
    for error in validator.iter_errors(parameters):
        path = ("spec", "parameters", *error.instance_path)
        at = document.file.locate(document.document.index, path)
        return Failure("", f"the parameters do not fit the schema of the template: {_field(path)}", at)
    return None


def _field(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))


def _plain(schema: Any) -> Any:
    """A schema as CustomResourceDefinitions have it, as JSON Schema."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties" and isinstance(value, Mapping):
            found[key] = {name: _plain(one) for name, one in value.items()}
        elif key in ("items", "additionalProperties", "not", *_LISTS):
            found[key] = _plain(value)
        elif key == "pattern" and isinstance(value, str):
            found[key] = re2.translate(value)
        elif not key.startswith("x-") and key not in ("nullable", "format", "example", "default", "description"):
            found[key] = value
    if schema.get("nullable") and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    return found
