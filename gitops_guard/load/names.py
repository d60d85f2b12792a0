"""What the name of a file promises. Apart from all that parses, so that listing can begin before it is imported."""

from __future__ import annotations

from typing import Final

KUSTOMIZATION_NAMES: Final = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
_READ: Final = (".yaml", ".yml", ".json")


def may_be_read(path: str) -> bool:
    """Whether the name promises YAML or JSON; all other files are listed and never opened."""
    return path.endswith(_READ) or (path.endswith("Kustomization") and is_candidate(path.rpartition("/")[2]))


def is_candidate(name: str) -> bool:
    return name.endswith(_READ) or name in KUSTOMIZATION_NAMES
