"""Which Kubernetes APIs are deprecated or gone, since when, and what takes their place.

The facts are in `schemas/deprecations.json`; `tools/build_deprecations.py` says where from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from gitops_guard.load.bundled import folder


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Versions as `1.25`; "" where there is none (not removed yet; deprecated unknown). *replacement* as
    `apps/v1 Deployment`, "" where nothing takes the place.
    """

    deprecated_in: str
    removed_in: str
    replacement: str


def deprecation(api_version: str, kind: str) -> Deprecation | None:
    """What is known of `apps/v1beta1`, `Deployment`, whatever the target version is."""
    found = _table().get(f"{api_version}/{kind}")
    return Deprecation(*found) if found else None


def is_removed(known: Deprecation, version: str) -> bool:
    """Whether the API is gone from Kubernetes *version* (`1.29`)."""
    return bool(known.removed_in) and _number(known.removed_in) <= _number(version)


def is_deprecated(known: Deprecation, version: str) -> bool:
    """Whether the API is deprecated in, or gone from, Kubernetes *version*."""
    return is_removed(known, version) or (
        bool(known.deprecated_in) and _number(known.deprecated_in) <= _number(version)
    )


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


@cache
def _table() -> dict[str, list[str]]:
    import json

    table: dict[str, list[str]] = json.loads((folder("schemas") / "deprecations.json").read_bytes())["apis"]
    return table
