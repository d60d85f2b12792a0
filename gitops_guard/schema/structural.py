"""The schema of a CustomResourceDefinition as JSON Schema (draft 4), closed to unknown fields.

What the API server does that JSON Schema does not say: it prunes unknown fields (an error for `kubectl apply`, whose
field validation is strict), fills in defaults before it validates, knows `nullable`, `x-kubernetes-int-or-string`,
`x-kubernetes-preserve-unknown-fields` and `x-kubernetes-embedded-resource`, and checks `metadata` itself.
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_METADATA = {"$ref": f"#/$defs/{OBJECT_META}"}
_TEXT = {"type": "string"}

# Draft 4 knows no others; kubeconform, too, asserts these formats only (santhosh-tekuri/jsonschema, format.go).
_FORMATS = frozenset({"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"})
_COUNTS = ("maxItems", "minItems", "maxLength", "minLength", "maxProperties", "minProperties")
_KEPT = ("type", "pattern", "uniqueItems", "multipleOf", *_COUNTS)
_JUNCTORS = ("allOf", "anyOf", "oneOf")
_NULL = {"enum": [None]}
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
MAX_DEPTH = 150  # the deepest published schema has 46 levels; a deeper one is no schema that somebody wrote

Schema = dict[str, Any]


class NotASchemaError(ValueError):
    """The message says why, and names no value."""


def closed(schema: object, *, pattern: Callable[[str], str] | None = None) -> Schema:
    """The strict form of an `openAPIV3Schema`. *pattern* rewrites regular expressions. Raises NotASchemaError."""
    if not isinstance(schema, Mapping):
        raise NotASchemaError("it is not a mapping")
    root = _Builder(pattern or (lambda text: text)).node(schema, 0, inside_junctor=False)
    given = _mapping(schema.get("properties"))
    properties = root.setdefault("properties", {})
    properties["apiVersion"] = {**_TEXT, **properties.get("apiVersion", {})}
    properties["kind"] = {**_TEXT, **properties.get("kind", {})}
    constrained = {key: value for key, value in properties.get("metadata", {}).items() if key != "type"}
    if "metadata" in given and constrained:
        constrained.pop("additionalProperties", None)  # ObjectMeta says which fields there are
        properties["metadata"] = {"allOf": [_METADATA, constrained]}
    else:
        properties["metadata"] = _METADATA
    if given and not _preserves(schema):
        root.setdefault("additionalProperties", False)
    root["type"] = "object"
    return root


def constrains(schema: Schema) -> bool:
    """Whether a closed schema says anything of the fields that a person writes (not of metadata or status)."""
    own = _mapping(schema.get("properties"))
    fields = [value for key, value in own.items() if key not in ("apiVersion", "kind", "metadata", "status")]
    if not fields:
        return schema.get("additionalProperties") is False
    return any(_says_something(field) for field in fields) or any(key in schema for key in _JUNCTORS)


def _says_something(field: Mapping[str, Any]) -> bool:
    return bool(set(field) - {"type"}) or field.get("type") not in (None, "object", ["object", "null"])


class _Builder:
    def __init__(self, pattern: Callable[[str], str]) -> None:
        self.pattern = pattern

    def node(self, schema: object, depth: int, *, inside_junctor: bool) -> Schema:
        if not isinstance(schema, Mapping):
            if isinstance(schema, bool) and schema:
                return {}
            raise NotASchemaError("a part of it is not a mapping")
        if depth > MAX_DEPTH:
            raise NotASchemaError(f"it is nested deeper than {MAX_DEPTH} levels")
        if "$ref" in schema:
            raise NotASchemaError("it uses $ref, which the API server does not accept")
        made = {key: schema[key] for key in _KEPT if schema.get(key) is not None}
        if isinstance(made.get("pattern"), str):
            made["pattern"] = self.pattern(made["pattern"])
        if schema.get("format") in _FORMATS:
            made["format"] = schema["format"]
        _bounds(schema, made)
        if schema.get("enum"):
            made["enum"] = _unique(schema["enum"])
        self._children(schema, made, depth, inside_junctor=inside_junctor)
        _kubernetes(schema, made)
        return made

    def _children(self, schema: Mapping[str, Any], made: Schema, depth: int, *, inside_junctor: bool) -> None:
        below = depth + 1
        for junctor in _JUNCTORS:
            if branches := schema.get(junctor):
                made[junctor] = [self.node(branch, below, inside_junctor=True) for branch in branches]
        if "not" in schema:
            made["not"] = self.node(schema["not"], below, inside_junctor=True)
        if isinstance(schema.get("items"), Mapping):
            made["items"] = self.node(schema["items"], below, inside_junctor=inside_junctor)
        self._fields(schema, made, below, inside_junctor=inside_junctor)

    def _fields(self, schema: Mapping[str, Any], made: Schema, below: int, *, inside_junctor: bool) -> None:
        given = schema.get("properties")
        # crd-extractor writes `additionalProperties: false` also into the map of fields of a field named `properties`.
        fields = {key: value for key, value in _mapping(given).items() if value is not False}
        required = _unique(name for name in _sequence(schema.get("required")) if isinstance(name, str))
        needed = [name for name in required if "default" not in _mapping(fields.get(name))]
        if needed:
            made["required"] = needed
        if given is not None:
            made["properties"] = {
                key: self._field(value, below, needed=key in needed, inside_junctor=inside_junctor)
                for key, value in fields.items()
            }
        rest = schema.get("additionalProperties")
        if isinstance(rest, Mapping):
            made["additionalProperties"] = self._field(rest, below, needed=False, inside_junctor=inside_junctor)
        # Inside anyOf and its like a structural schema only adds conditions; the fields are listed outside.
        elif not inside_junctor and not _preserves(schema) and (rest is False or (given is not None and rest is None)):
            made["additionalProperties"] = False

    def _field(self, schema: object, below: int, *, needed: bool, inside_junctor: bool) -> Schema:
        """A null in an optional field is dropped before validation (PruneNonNullableNullsWithoutDefaults)."""
        made = self.node(schema, below, inside_junctor=inside_junctor)
        if not needed and not inside_junctor:
            _nullable(made)
        return made


def _kubernetes(schema: Mapping[str, Any], made: Schema) -> None:
    if schema.get("x-kubernetes-int-or-string") is True:
        made.pop("type", None)
        made.setdefault("anyOf", _INT_OR_STRING)
    if schema.get("x-kubernetes-embedded-resource") is True:
        made.setdefault("properties", {}).update(apiVersion=_TEXT, kind=_TEXT, metadata=_METADATA)
    if schema.get("nullable") is True:
        _nullable(made)


def _nullable(made: Schema) -> None:
    if any(key in made for key in ("allOf", "oneOf", "not")):
        if made.get("anyOf", [None])[0] != _NULL:
            whole = dict(made)
            made.clear()
            made["anyOf"] = [_NULL, whole]
        return
    if "enum" in made:
        made["enum"] = _unique([*made["enum"], None])
    if isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    if "anyOf" in made and made["anyOf"][0] != _NULL:
        made["anyOf"] = [_NULL, *made["anyOf"]]


def _bounds(schema: Mapping[str, Any], made: Schema) -> None:
    """Draft 4 writes an exclusive bound as a flag beside the bound; later drafts, as a number."""
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        limit, flag = schema.get(bound), schema.get(exclusive)
        if flag is True and limit is not None:
            made[bound], made[exclusive] = limit, True
        elif isinstance(flag, int | float) and not isinstance(flag, bool):
            made[bound], made[exclusive] = flag, True
        elif limit is not None:
            made[bound] = limit


def _preserves(schema: Mapping[str, Any]) -> bool:
    return schema.get("x-kubernetes-preserve-unknown-fields") is True


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: object) -> Iterable[Any]:
    return value if isinstance(value, list) else ()


def _unique(values: Iterable[Any]) -> list[Any]:
    """Draft 4 wants no value twice. `1` and `true` are two values, equal as they are in Python."""
    import json

    return list({json.dumps(value, sort_keys=True): value for value in values}.values())
