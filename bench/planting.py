"""Plant each rule's mistake at 20 places of the real repositories beside this checkout, and see whether it is found.

    python -m bench.planting                   # how many were found; lists those that were missed
    python -m bench.planting --select RULE     # of one rule; more may be named
    python -m bench.planting --show            # prints each planted edit too

A plant counts where the rule said nothing of the file before; it is found where the rule reports a planted line after.
"""

from __future__ import annotations

import argparse
import difflib
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Final, NamedTuple

import bench.plants
from bench.corpora import BUNDLES
from bench.plants.ground import PLANTERS, Ground, Plant
from bench.remembered import InMemory, Remembered, check
from gitops_guard.load import references, tree
from gitops_guard.load.fork import fork_map
from gitops_guard.model.finding import Finding
from gitops_guard.rules import all_rules

SEED: Final = "gitops-guard 4"
PLACES: Final = 20  # of each rule
_UNREADABLE: Final = ("yaml-syntax",)


for _module in iter_modules(bench.plants.__path__):
    import_module(f"bench.plants.{_module.name}")


class Planted(NamedTuple):
    """What became of one plant."""

    rule: str
    form: str
    corpus: str
    file: str
    line: int
    found: bool


class Chosen(NamedTuple):
    rule: str
    form: str
    corpus: str
    plant: Plant

    @property
    def lot(self) -> str:
        places = sorted(self.plant.expected)
        return sha256(f"{SEED} {self.rule} {self.form} {self.corpus} {places}".encode()).hexdigest()


class Field:
    """One repository, with what is found in it before anything is planted."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.rules = all_rules()
        self.rules.pop("lint", None)
        self._remembered = Remembered(self.rules)
        self._before: dict[str, set[str]] = defaultdict(set)
        self._known = references.read(sorted(ground.files.items()))
        for finding in self._findings(ground.files, self.rules):
            self._before[finding.rule].add(finding.location.file)

    def _findings(self, files: Mapping[str, bytes], rules: Iterable[str]) -> Sequence[Finding]:
        asked = {name: self.rules[name] for name in rules}
        return check(InMemory(files), asked, self._remembered).report.findings

    def is_fit(self, rule: str, plant: Plant) -> bool:
        """Whether the rule is silent about the files of a plant, and the plant leaves them readable."""
        touched = {path for path, _ in plant.expected} | plant.files.keys()
        if touched & self._before[rule]:
            return False
        edited = ((path, data) for path, data in plant.files.items() if data is not None and path in self.ground.files)
        return all(self._stays_readable(path, data) for path, data in edited)

    def _stays_readable(self, path: str, data: bytes) -> bool:
        before = tree.source_file(path, self.ground.files[path], self._known)
        after = tree.source_file(path, data, self._known)
        return before.kind == after.kind and not any(rule in _UNREADABLE for rule, _, _ in after.problems)

    def plant(self, chosen: Chosen) -> Planted:
        files = {**self.ground.files, **chosen.plant.files}
        kept = {path: data for path, data in files.items() if data is not None}
        places = {
            (f.location.file, f.location.line) for f in self._findings(kept, [chosen.rule]) if f.rule == chosen.rule
        }
        found = places | {(path, 0) for path, _ in places} | ({("*", 0)} if places else set())
        file, line = min(chosen.plant.expected)
        return Planted(chosen.rule, chosen.form, chosen.corpus, file, line, not found.isdisjoint(chosen.plant.expected))


def read_grounds(bundles: Sequence[Path]) -> Iterator[Ground]:
    """The newest commit of each repository; links are left out."""
    with tempfile.TemporaryDirectory(prefix="planting-") as scratch:
        for bundle in bundles:
            folder = Path(scratch) / bundle.stem
            subprocess.run(["git", "clone", "-q", str(bundle), str(folder)], check=True)
            listed = subprocess.run(["git", "ls-files", "-z"], cwd=folder, check=True, capture_output=True, text=True)
            paths = [path for path in listed.stdout.split("\0") if path and not (folder / path).is_symlink()]
            yield Ground(bundle.stem, {path: (folder / path).read_bytes() for path in paths})


def choose(rule: str, fields: Mapping[str, Field], places: int = PLACES) -> list[Chosen]:
    """By lot, the forms in turn, so that each is planted; of one form no file twice."""
    by_form = [_candidates(rule, form, fields) for form in sorted(PLANTERS[rule])]
    found: list[Chosen] = []
    seen: set[object] = set()
    while by_form and len(found) < places:
        for candidates in by_form:
            chosen = next((each for each in candidates if _is_new(each, fields, seen)), None)
            if chosen is None:
                by_form = [other for other in by_form if other is not candidates]
            elif len(found) < places:
                found.append(chosen)
    return found


def _is_new(chosen: Chosen, fields: Mapping[str, Field], seen: set[object]) -> bool:
    key = chosen.form, chosen.corpus, min(path for path, _ in chosen.plant.expected)
    if key in seen or not fields[chosen.corpus].is_fit(chosen.rule, chosen.plant):
        return False
    seen.add(key)
    return True


def _candidates(rule: str, form: str, fields: Mapping[str, Field]) -> Iterator[Chosen]:
    """The repositories in turn, by lot in each: the largest would get them all."""
    lots = []
    for name, field in fields.items():
        drawn = (Chosen(rule, form, name, plant) for plant in PLANTERS[rule][form](field.ground) if plant is not None)
        ordered = sorted((each for each in drawn if each.plant.expected), key=lambda each: each.lot)
        lots.append(iter(ordered))
    while lots:
        for lot in list(lots):
            if (chosen := next(lot, None)) is None:
                lots.remove(lot)
            else:
                yield chosen


def plant_all(fields: Mapping[str, Field], rules: Iterable[str], jobs: int = 2) -> list[Planted]:
    chosen = [each for rule in rules for each in choose(rule, fields)]

    def work(share: Sequence[Chosen]) -> bytes:
        return json.dumps([fields[each.corpus].plant(each) for each in share]).encode()

    shares = [chosen[number::jobs] for number in range(jobs)]
    told = [Planted(*entry) for share in fork_map(work, shares) for entry in json.loads(share)]
    return sorted(told)


def _show(chosen: Chosen, ground: Ground) -> Iterator[str]:
    yield f"\n# {chosen.rule}: {chosen.form}; {chosen.corpus} {sorted(chosen.plant.expected)}"
    for path, data in chosen.plant.files.items():
        before, after = (
            side.decode(errors="replace").splitlines() for side in (ground.files.get(path, b""), data or b"")
        )
        yield from difflib.unified_diff(before, after, path, path, n=1, lineterm="")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--select", metavar="RULE", action="append", default=[])
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    fields = {ground.name: Field(ground) for ground in read_grounds(sorted(BUNDLES.glob("*.bundle")))}
    wanted = options.select or sorted(PLANTERS)
    known = all_rules()
    if options.show:
        for rule in wanted:
            for chosen in choose(rule, fields):
                print(*_show(chosen, fields[chosen.corpus].ground), sep="\n")
    planted = plant_all(fields, [rule for rule in wanted if rule in known])
    counts = Counter(each.rule for each in planted)
    found = Counter(each.rule for each in planted if each.found)
    for rule in wanted:
        print(f"{rule}: " + (f"{found[rule]} of {counts[rule]}" if rule in known else "there is no such rule yet"))
    for each in planted:
        if not each.found:
            print(f"  missed: {each.rule}: {each.form}: {each.corpus}: {each.file}:{each.line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
