"""The JSON Schema of `.gitops-guard.yaml`, and sentences about a configuration that it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from gitops_guard.load import policy_setting
from gitops_guard.model.resource import FieldPath
from gitops_guard.model.rule import Option, Rule

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
SEVERITIES: Final = ("error", "warning", "info")
_SHORTHANDS: Final = ("error", "warning", "info", "on", "off")
_OF_A_POLICY: Final = r"^[^.]+\..+$"
_TEXT: Final = {"type": "string", "minLength": 1}
_GLOBS: Final = {"type": "array", "items": {"$ref": "#/$defs/glob"}}


class Fault(NamedTuple):
    """One thing that is wrong: where, a sentence, and a hint. *on_key* points at the key and not at its value."""

    path: FieldPath
    message: str
    hint: str = ""
    on_key: bool = False


def schema(rules: Mapping[str, Rule]) -> dict[str, Any]:
    """Draft 2020-12, with the options of each rule."""
    return {
        "$schema": DRAFT,
        "title": "Configuration of gitops-guard",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "version": {"const": 1, "description": "The version of this format."},
            "profile": {"$ref": "#/$defs/profile"},
            "kubernetes-version": {
                "type": "string",
                "pattern": r"^v?1\.[0-9]{1,2}(\.[0-9]{1,3})?$",
                "description": "The version of the clusters, in quotes; 1.30 without them is the number 1.3.",
            },
            "fail-on": {"enum": list(SEVERITIES), "description": "The lowest severity that makes the run fail."},
            "exclude": {**_GLOBS, "description": "Files that are not checked; the coverage ledger lists them."},
            "rules": {"$ref": "#/$defs/rules"},
            "environments": {
                "type": "object",
                "description": "What is different in an environment. `production` is also prod, prd and prod-eu.",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "profile": {"$ref": "#/$defs/profile"},
                        "rules": {"$ref": "#/$defs/rules-of-an-environment"},
                    },
                },
            },
            "layout": {
                "type": "array",
                "description": "Which environment, app and cluster a path belongs to. The first fit counts.",
                "items": {"anyOf": [{"$ref": "#/$defs/pattern"}, _layout_entry()]},
            },
            "schema-locations": {
                "type": "array",
                "items": _TEXT,
                "description": "Where schemas of other kinds are: folders or templates as kubeconform has them.",
            },
            "lint": {
                "description": "Whether yamllint runs.",
                "anyOf": [{"type": "boolean"}, _closed({"enabled": {"type": "boolean"}})],
            },
            "engine": {"enum": ["embedded", "kubeconform", "both"], "description": "What checks schemas."},
            "policy": policy_setting.schema(),
            "waivers": {"type": "array", "items": _TEXT, "description": "Waiver files, relative to the root."},
            "other-linters": {
                "type": "boolean",
                "description": "Whether suppression comments of other linters are honoured (docs/waivers.md).",
            },
        },
        "$defs": _definitions(rules),
    }


def _definitions(rules: Mapping[str, Rule]) -> dict[str, Any]:
    return {
        "profile": {"enum": ["minimal", "recommended", "strict"]},
        "glob": {**_TEXT, "description": "A pattern for paths from the root: ** * ? [...] {a,b}."},
        "pattern": {**_TEXT, "description": "A pattern with <environment>, <app> or <cluster>."},
        "rule-of-a-policy": {"description": "A rule of a policy in Rego.", "anyOf": _settings({}, None)},
        "rules": _with_policies({name: _rule(rules[name], rules[name].options) for name in sorted(rules)}),
        "rules-of-an-environment": _with_policies(
            {
                name: {"$ref": f"#/$defs/rules/properties/{name}"} if rules[name].may_differ else _rule(rules[name], {})
                for name in sorted(rules)
            }
        ),
    }


def _with_policies(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Rules of policies have a dot in their id; which ones there are is not known here."""
    return {**_closed(properties), "patternProperties": {_OF_A_POLICY: {"$ref": "#/$defs/rule-of-a-policy"}}}


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": dict(properties)}


def _layout_entry() -> dict[str, Any]:
    patterns = {"anyOf": [{"$ref": "#/$defs/pattern"}, {"type": "array", "items": {"$ref": "#/$defs/pattern"}}]}
    fixed = {name: {"type": "string"} for name in ("environment", "app", "cluster")}
    return {**_closed({"paths": patterns, **fixed}), "required": ["paths"]}


def _rule(rule: Rule, options: Mapping[str, Option]) -> dict[str, Any]:
    own = {
        name: {"description": option.doc, "default": _plain(option.default), **option.schema}
        for name, option in sorted(options.items())
    }
    return {"description": rule.summary, "anyOf": _settings(own, str(rule.severity))}


def _settings(options: Mapping[str, Any], severity: str | None) -> list[dict[str, Any]]:
    settings = {
        "enabled": {"type": "boolean"},
        "severity": {"enum": list(SEVERITIES), **({"default": severity} if severity else {})},
        "paths": _GLOBS,
        "exclude": _GLOBS,
    }
    # YAML 1.1 reads `on` and `off` as true and false.
    short = {"enum": [*_SHORTHANDS, True, False]}
    return [short, _closed({**settings, **options})]


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value)
    return list(value) if isinstance(value, tuple) else value


def is_valid(document: Mapping[str, Any], rules: Mapping[str, Rule]) -> bool:
    import jsonschema_rs

    return jsonschema_rs.validator_for(schema(rules)).is_valid(document)


def explain(document: Mapping[str, Any], rules: Mapping[str, Rule]) -> list[Fault]:
    """Everything that is wrong, in the order of the file's keys. Slow: only for a configuration that is not valid."""
    from jsonschema import Draft202012Validator

    errors = sorted(
        Draft202012Validator(schema(rules)).iter_errors(document), key=lambda error: list(map(str, error.absolute_path))
    )
    return [fault for error in errors for fault in _faults(error, rules)]


def _faults(error: Any, rules: Mapping[str, Rule]) -> list[Fault]:
    path: FieldPath = tuple(error.absolute_path)
    if error.validator == "anyOf":
        inner = _closest(error)
        return [fault for one in inner for fault in _faults(one, rules)] if inner else [_value(path, error)]
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        return [_unknown(path, key, known, rules) for key in error.instance if key not in known]
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return [Fault(path, f"{_called(path)} needs {', '.join(f'`{name}`' for name in missing)}")]
    return [_value(path, error)]


def _closest(error: Any) -> list[Any]:
    """The errors of the alternative that has the shape of what was written; none where no shape fits."""
    branches: dict[int, list[Any]] = {}
    for one in error.context:
        branches.setdefault(one.schema_path[0], []).append(one)
    shaped = [found for found in branches.values() if not any(_is_shape(one, error) for one in found)]
    return shaped[0] if shaped else []


def _is_shape(one: Any, error: Any) -> bool:
    return one.validator in ("type", "enum") and one.absolute_path == error.absolute_path


def _unknown(path: FieldPath, key: str, known: Mapping[str, Any], rules: Mapping[str, Rule]) -> Fault:
    at = (*path, key)
    if path and path[-1] == "rules":
        return Fault(
            at, f"there is no rule {key!r}", _did_you_mean(key, known, "`gitops-guard rules` lists them"), True
        )
    if len(path) > 1 and path[-2] == "rules" and path[-1] in rules:
        options = sorted(rules[str(path[-1])].options)
        if key in options:
            message = f"{key!r} of rule {path[-1]!r} cannot differ between environments: the rule looks at all of them"
            return Fault(at, message, "write it below `rules` at the top of the file", True)
        listing = f"it has: {', '.join(options)}" if options else "it has no options"
        return Fault(at, f"rule {path[-1]!r} has no option {key!r}", _did_you_mean(key, known, listing), True)
    return Fault(
        at, f"{_called(path)} has no key {key!r}", _did_you_mean(key, known, f"it has: {', '.join(known)}"), True
    )


def _did_you_mean(key: str, known: Iterable[str], otherwise: str) -> str:
    """Also for `floating_tags` and `floatingTags`."""
    from difflib import get_close_matches

    names = list(known)
    kebab = re.sub(r"(?<=[a-z])(?=[A-Z])|_", "-", key).lower()
    close = [kebab] if kebab in names else get_close_matches(kebab, names, n=1)
    return f"did you mean {close[0]!r}?" if close else otherwise


def _called(path: FieldPath) -> str:
    return f"`{'.'.join(map(str, path))}`" if path else "the configuration"


def _value(path: FieldPath, error: Any) -> Fault:
    name = _called(path)
    if path and path[-1] == "kubernetes-version":
        return Fault(
            path, f"{name} is not a version in quotes", 'such as "1.31"; 1.30 without quotes is the number 1.3'
        )
    if error.validator == "const":
        return Fault(path, f"{name} is not {error.validator_value}", "the only version of this format")
    if error.validator in ("enum", "anyOf"):
        return Fault(path, f"{name} has a value that it does not know", _accepted(error))
    if error.validator == "type":
        return Fault(path, f"{name} is {_type(error.instance)}", f"{_types(error.validator_value)} is needed")
    if error.validator == "minLength":
        return Fault(path, f"{name} is empty")
    return Fault(path, f"{name} is not what the schema asks for: {error.validator} {error.validator_value}")


def _accepted(error: Any) -> str:
    if error.validator == "enum":
        choices = error.validator_value
    else:
        choices = [value for one in error.context if one.validator == "enum" for value in one.validator_value]
    kinds = [_types(one.validator_value) for one in getattr(error, "context", ()) if one.validator == "type"]
    values = [str(value) for value in choices if not isinstance(value, bool)]
    parts = [*([f"one of {', '.join(values)}"] if values else []), *dict.fromkeys(kinds)]
    return f"{' or '.join(parts)} is accepted" if parts else ""


_TYPES: Final = {
    "object": "a mapping", "array": "a list", "string": "text", "boolean": "true or false", "integer": "a whole number",
    "number": "a number", "null": "nothing",
}  # fmt: skip


def _types(names: str | list[str]) -> str:
    return " or ".join(_TYPES[name] for name in ([names] if isinstance(names, str) else names))


def _type(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case _:
            return "a mapping"
