"""What was measured of all rules, small enough to be kept: counts, the sample, repairs, plants.

`bench/evidence.jsonl` holds it, and `docs/precision.md` is made from it and the labels.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.histories import Distinct, History
from bench.labelled import Labels, Place, Reading
from bench.planting import Planted
from bench.repairs import Pair

EVIDENCE: Final = Path(__file__).resolve().parent / "evidence.jsonl"
SAMPLE: Final = 50  # findings of each rule


class Count(NamedTuple):
    """Distinct findings of a rule and severity: those of the newest commits, and those that only older ones have."""

    rule: str
    severity: str
    today: int
    before: int


class Sampled(NamedTuple):
    """A finding of the sample, where *commit* is the newest that has it.

    *read_line* and *read_commit* are where it was read, which may be an earlier commit with the same content.
    """

    rule: str
    severity: str
    corpus: str
    commit: str
    file: str
    line: int
    message: str
    read_line: int
    read_commit: str

    @property
    def reading(self) -> Reading:
        return Reading(Place(self.corpus, self.file, self.read_line, self.rule), self.read_commit)


@dataclass(slots=True)
class Evidence:
    """*rules* are all that were asked, in order; *commits* is how many commits of how many repositories were."""

    rules: list[str]
    commits: int
    corpora: int
    counts: list[Count] = field(default_factory=list)
    sampled: list[Sampled] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)

    def write(self, path: Path) -> None:
        lines: list[tuple[str, Any]] = [("asked", [self.rules, self.commits, self.corpora])]
        for name in ("counts", "sampled", "pairs", "planted"):
            lines += [(name, entry) for entry in getattr(self, name)]
        path.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8")


_TYPES: Final[Mapping[str, Any]] = {"counts": Count, "sampled": Sampled, "pairs": Pair, "planted": Planted}


def read(path: Path) -> Evidence:
    first, *rest = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    evidence = Evidence(*first[1])
    for name, entry in rest:
        getattr(evidence, name).append(_TYPES[name](*entry))
    return evidence


def measured(
    rules: Iterable[str], histories: Sequence[History], planted: Sequence[Planted], labels: Labels, size: int = SAMPLE
) -> Evidence:
    """*labels* only say where a finding was read already."""
    evidence = Evidence(sorted(rules), sum(len(history.commits) for history in histories), len(histories))
    counts: dict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
    for history in histories:
        for found in history.findings:
            counts[found.identity.rule, found.identity.severity][found.at_head] += 1
    evidence.counts = [Count(*key, count[True], count[False]) for key, count in sorted(counts.items())]
    evidence.sampled = sorted(_sample(histories, labels, size))
    evidence.pairs = sorted(pair for history in histories for pair in history.pairs)
    evidence.planted = sorted(planted)
    return evidence


def _sample(histories: Sequence[History], labels: Labels, size: int) -> Iterable[Sampled]:
    orders = {history.corpus: {commit: at for at, commit in enumerate(history.commits)} for history in histories}
    readings: dict[tuple[str, str, str], list[Reading]] = defaultdict(list)
    for reading in labels:
        readings[reading.place.corpus, reading.place.file, reading.place.rule].append(reading)
    by_rule: dict[str, list[Distinct]] = defaultdict(list)
    for history in histories:
        for found in history.findings:
            by_rule[found.identity.rule].append(found)
    for rule, findings in by_rule.items():
        for found in sorted(findings, key=lambda each: (each.lot, each.identity))[:size]:
            known = readings[found.corpus, found.identity.file, rule]
            yield _sampled(found, _read_before(found, known, orders[found.corpus]))


def _sampled(found: Distinct, reading: Reading) -> Sampled:
    identity = found.identity
    place = found.corpus, found.last, identity.file, found.line, found.message
    return Sampled(identity.rule, identity.severity, *place, reading.place.line, reading.commit)


def _read_before(found: Distinct, known: Sequence[Reading], order: Mapping[str, int]) -> Reading:
    """Where the finding was read: at its newest commit, or at one at which line and content were the same."""
    newest = Reading(found.place, found.last)
    if newest in known:
        return newest
    for reading in sorted(known):
        for (line, _), (first, last) in found.states.items():
            at = order.get(reading.commit, -1)
            if line == reading.place.line and order[first] <= at <= order[last]:
                return reading
    return newest
