"""The validator: a JSON Schema as text, compiled. The only import of jsonschema-rs (20 ms) on the way of a resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jsonschema_rs

_REASONS = {
    'is not a "regex"': "a regular expression in it is not understood",
    "retrieving it failed": "it refers to a schema elsewhere, and nothing is fetched",
    "does not exist": "it refers to a definition that is not there",
    "recursion limit": "it is nested too deep",
}


class RefusedError(ValueError):
    """The validator does not take the schema. The message says why and is short."""


def compiled(text: str) -> jsonschema_rs.Validator:
    """Never fetches anything, whatever the schema refers to. Raises RefusedError.

    Draft 4 unless `$schema` says another one, with the formats of kubeconform, so that both engines give the same
    answer on the same schema. Regular expressions run on the engine that is linear in time, as Go's: a pattern of a
    stranger cannot hang the check.
    """
    import jsonschema_rs

    from gitops_guard.schema.formats import FORMATS

    try:
        return _draft(text)(
            text,
            formats=FORMATS,
            validate_formats=True,
            pattern_options=jsonschema_rs.RegexOptions(),
            offline=True,
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, RecursionError) as error:
        raise RefusedError(_reason(error)) from error


def _draft(text: str) -> type[jsonschema_rs.Validator]:
    import jsonschema_rs

    if '"$schema"' not in text:
        return jsonschema_rs.Draft4Validator
    import json

    schema = json.loads(text)
    named = isinstance(schema, dict) and isinstance(schema.get("$schema"), str)
    return jsonschema_rs.validator_cls_for(schema) if named else jsonschema_rs.Draft4Validator


def _reason(error: Exception) -> str:
    first = str(error).partition("\n")[0]
    return next((reason for sign, reason in _REASONS.items() if sign in first), "it is not a valid JSON Schema")
