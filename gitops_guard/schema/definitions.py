"""Schemas from the CustomResourceDefinitions of a tree: what somebody's repository holds, so anything may be wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gitops_guard.load.re2 import translate
from gitops_guard.schema.structural import NotASchemaError, closed

LARGEST = 3_000_000  # characters; the largest published schema has 1.6 million with its prose (etcd takes 1.5 MB)


def schema_of(definitions: Iterable[Mapping[str, Any]], version: str) -> tuple[str, str]:
    """The closed schema of *version* and "", or "" and the reason why there is none."""
    others: list[str] = []
    reason = ""
    for body in definitions:
        for found in _versions(body):
            if found.get("name") != version:
                others.append(str(found.get("name")))
                continue
            text, reason = _text(found)
            if text:
                return text, ""
    if reason:
        return "", reason
    return "", f"the definition in this repository has other versions: {', '.join(sorted(set(others))) or 'none'}"


def _versions(body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """`apiextensions.k8s.io/v1` has a schema for each version; in `v1beta1` one may stand for all."""
    spec = body.get("spec")
    if not isinstance(spec, Mapping):
        return ()
    common = spec.get("validation")
    listed = spec.get("versions")
    if not isinstance(listed, list):
        listed = [{"name": spec.get("version"), "served": True}]
    given = [version for version in listed if isinstance(version, Mapping)]
    return [{"schema": common, **version} if common is not None else version for version in given]


def _text(version: Mapping[str, Any]) -> tuple[str, str]:
    if version.get("served") is False:
        return "", "the definition in this repository does not serve this version"
    schema = version.get("schema")
    inner = schema.get("openAPIV3Schema") if isinstance(schema, Mapping) else None
    if inner is None:
        return "", "the definition in this repository has no schema for it"
    try:
        text = json.dumps(closed(inner, pattern=translate), separators=(",", ":"))
    except (NotASchemaError, TypeError, ValueError, RecursionError) as error:
        why = error if isinstance(error, NotASchemaError) else "it is not a valid JSON Schema"
        return "", f"the schema of the definition in this repository cannot be used: {why}"
    if len(text) > LARGEST:
        return "", "the schema of the definition in this repository is too large"
    return text, ""
