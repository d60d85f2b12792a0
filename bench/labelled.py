"""What people said of sampled findings: true or false, with the reason.

One file for each rule, a list of `{corpus, commit, file, line, label, why}`. Those of a second reader, who sees the
finding and the file and not how the rule works, stand in a folder of their own.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

LABELS: Final = Path(__file__).resolve().parent / "labels"
SECOND: Final = LABELS / "second"
_KEYS: Final = {"corpus", "commit", "file", "line", "label", "why"}


class Place(NamedTuple):
    """What a label is about: findings of one rule in one line share it."""

    corpus: str
    file: str
    line: int
    rule: str


class Label(NamedTuple):
    """*right* is whether the finding is."""

    right: bool
    why: str


class Reading(NamedTuple):
    """The *commit*, in 10 digits, at which a place was read."""

    place: Place
    commit: str


Labels = Mapping[Reading, Label]


def read_labels(folder: Path) -> dict[Reading, Label]:
    """Raises ValueError for an entry with other keys, without a reason, or given twice."""
    labels: dict[Reading, Label] = {}
    for path in sorted(folder.glob("*.yaml")):
        for number, entry in enumerate(yaml.safe_load(path.read_text(encoding="utf-8")) or ()):
            reading, label = label_of(path.stem, entry, f"{path.name}, entry {number + 1}")
            if reading in labels:
                raise ValueError(f"{path.name}, entry {number + 1}: {reading} has a label already")
            labels[reading] = label
    return labels


def label_of(rule: str, entry: Mapping[str, Any], where: str) -> tuple[Reading, Label]:
    """Raises ValueError, see `read_labels`."""
    if entry.keys() != _KEYS:
        raise ValueError(f"{where}: an entry has the keys {', '.join(sorted(_KEYS))}")
    if not isinstance(entry["label"], bool) or not str(entry["why"]).strip():
        raise ValueError(f"{where}: the label is true or false, and says why")
    place = Place(entry["corpus"], entry["file"], entry["line"], rule)
    return Reading(place, str(entry["commit"])), Label(entry["label"], str(entry["why"]).strip())


def write_labels(folder: Path, labels: Labels) -> None:
    """One file for each rule, sorted by place."""
    by_rule: dict[str, list[Reading]] = defaultdict(list)
    for reading in labels:
        by_rule[reading.place.rule].append(reading)
    folder.mkdir(exist_ok=True)
    for rule, readings in by_rule.items():
        text = "".join(_entry(reading, labels[reading]) for reading in sorted(readings))
        (folder / f"{rule}.yaml").write_text(text, encoding="utf-8")


def _entry(reading: Reading, label: Label) -> str:
    corpus, file, line, _ = reading.place
    commit, name, why = (json.dumps(text, ensure_ascii=False) for text in (reading.commit, file, label.why))
    return (
        f"- corpus: {corpus}\n  commit: {commit}\n  file: {name}\n  line: {line}\n"
        f"  label: {str(label.right).lower()}\n  why: {why}\n"
    )


def at_commits(labels: Labels, commits: Iterable[tuple[str, str]]) -> dict[Place, Label]:
    """What was said of places at one commit of each corpus: pairs of corpus and commit."""
    wanted = {(corpus, commit[:10]) for corpus, commit in commits}
    return {place: label for (place, commit), label in labels.items() if (place.corpus, commit) in wanted}
