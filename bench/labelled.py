"""What people said of sampled findings: true or false, with the reason.

One file for each rule, a list of `{corpus, commit, file, line, label, why}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

LABELS: Final = Path(__file__).resolve().parent / "labels"
_KEYS: Final = {"corpus", "commit", "file", "line", "label", "why"}


class Place(NamedTuple):
    """What a label is about: findings of one rule in one line share it."""

    corpus: str
    file: str
    line: int
    rule: str


class Label(NamedTuple):
    """*right* is whether the finding is; *commit* is where it was read."""

    right: bool
    why: str
    commit: str


def read_labels(folder: Path) -> dict[Place, Label]:
    """Raises ValueError for an entry with other keys, without a reason, or given twice."""
    labels: dict[Place, Label] = {}
    for path in sorted(folder.glob("*.yaml")):
        for number, entry in enumerate(yaml.safe_load(path.read_text(encoding="utf-8")) or ()):
            place, label = _label(path.stem, entry, f"{path.name}, entry {number + 1}")
            if place in labels:
                raise ValueError(f"{path.name}, entry {number + 1}: {place} has a label already")
            labels[place] = label
    return labels


def _label(rule: str, entry: Mapping[str, Any], where: str) -> tuple[Place, Label]:
    if entry.keys() != _KEYS:
        raise ValueError(f"{where}: an entry has the keys {', '.join(sorted(_KEYS))}")
    if not isinstance(entry["label"], bool) or not str(entry["why"]).strip():
        raise ValueError(f"{where}: the label is true or false, and says why")
    return Place(entry["corpus"], entry["file"], entry["line"], rule), Label(
        entry["label"], entry["why"], str(entry["commit"])
    )
