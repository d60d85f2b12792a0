"""What a rule says of itself in its `# METADATA`: https://www.openpolicyagent.org/docs/policy-language#metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def title(metadata: Mapping[str, Any]) -> str:
    found = metadata.get("title")
    return found.strip() if isinstance(found, str) else ""


def own_id(metadata: Mapping[str, Any]) -> str:
    """`custom.id`, "" where there is none."""
    custom = metadata.get("custom")
    found = custom.get("id") if isinstance(custom, Mapping) else None
    return found.strip() if isinstance(found, str) else ""


def document(found: Sequence[Mapping[str, Any]], query: str) -> str:
    """The documentation of a rule as Markdown, from the metadata of all its heads; its first sentence is its title."""
    told = list(dict.fromkeys(line for metadata in found for line in _lines(metadata)))
    return "\n\n".join(told or [f"The policy `{query}`"])


def _lines(metadata: Mapping[str, Any]) -> Iterator[str]:
    for key in ("title", "description"):
        if isinstance(metadata.get(key), str):
            yield metadata[key].strip()
    found = metadata.get("custom")
    custom: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    for key in sorted(custom):
        if key != "id" and isinstance(custom[key], str | int | float):
            yield f"{key}: {custom[key]}"
    related = metadata.get("related_resources")
    for resource in related if isinstance(related, list) else ():
        if isinstance(resource, str):
            yield f"Source: {resource}"
        elif isinstance(resource, Mapping) and isinstance(resource.get("ref"), str):
            yield f"Source: {resource['ref']}"
