"""Our schemas as files for another validator, so that it judges by the same ones.

kubeconform tells the place of a failed `$ref`, not of the field behind it (pkg/validator/validator.go reads the first
level of causes only). So every reference is replaced by what it refers to; the schema of CustomResourceDefinitions,
which refers to itself, keeps those that would not end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gitops_guard.schema.embedded import EmbeddedSchemas
from gitops_guard.schema.locations import fields_of, fill

TEMPLATE = "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"


def export(schemas: EmbeddedSchemas, wanted: Iterable[tuple[str, str]], folder: Path) -> str:
    """Writes the schemas of these pairs of apiVersion and kind; those that have none are left out.

    The answer is the location for `kubeconform -schema-location`.
    """
    for api_version, kind in sorted(set(wanted)):
        text = schemas.text(api_version, kind)
        group, _, version = api_version.rpartition("/")
        relative = fill(TEMPLATE, fields_of(group, kind, version, kubernetes=f"v{schemas.version}.0"))
        if not text or ".." in relative.split("/"):
            continue
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(standalone(json.loads(text)), separators=(",", ":")), encoding="utf-8")
    return f"{folder}/{TEMPLATE}"


def standalone(schema: Mapping[str, Any]) -> Any:
    """*schema* without references, but for those of a definition to itself."""
    definitions: Mapping[str, Any] = schema.get("$defs", {})
    kept: dict[str, Any] = {}

    def inlined(node: Any, above: tuple[str, ...]) -> Any:
        match node:
            case {"$ref": str(target)} if target.startswith("#/$defs/"):
                name = target.removeprefix("#/$defs/")
                if name not in above:
                    return inlined(definitions[name], (*above, name))
                if name not in kept:
                    kept[name] = {}
                    kept[name] = inlined(definitions[name], tuple(kept))
                return {"$ref": f"#/definitions/{name}"}
            case dict():
                return {key: inlined(value, above) for key, value in node.items()}
            case list():
                return [inlined(value, above) for value in node]
        return node

    whole = inlined({key: value for key, value in schema.items() if key != "$defs"}, ())
    return {**whole, "definitions": kept} if kept else whole
