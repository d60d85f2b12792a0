"""Check every main-line commit of the real repositories beside this checkout, and tell each finding once.

    python -m bench.histories                 # writes .cache/histories.jsonl, and says what is in it
    python -m bench.histories --only podinfo  # prints what would be written of one repository

yamllint is left out: it would need hours, and what it finds are matters of style. A finding is the same one as long as
rule, severity, file, resource, field and message stay, whichever lines move; a line number in a message does not count,
nor does another name of a file with the same content.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from pathlib import Path
from typing import Final, NamedTuple

from bench.corpora import BUNDLES, ROOT
from bench.labelled import Place
from bench.remembered import Remembered, check
from bench.repairs import Pair, Standing, repairs
from gitops_guard.load import sources
from gitops_guard.model.finding import Crash, Finding
from gitops_guard.pipeline import Outcome
from gitops_guard.rules import all_rules

CACHE: Final = ROOT / ".cache" / "histories.jsonl"
SHORT: Final = 10  # digits of a commit, as in the labels
_LINE_NUMBER: Final = re.compile(r":\d+")


class Identity(NamedTuple):
    """What makes a finding the same one in the next commit. *nth* tells equal ones in one file apart."""

    rule: str
    severity: str
    file: str
    resource: str
    field: str
    message: str
    nth: int


@dataclass(slots=True)
class Distinct:
    """A finding over the commits where it was seen. *line* and *message* are those of *last*, the newest of them.

    *states* are the lines and Git blobs under which it was seen, each with the first and the last commit.
    """

    corpus: str
    identity: Identity
    line: int
    message: str
    first: str
    last: str
    at_head: bool = False
    states: dict[tuple[int, str], tuple[str, str]] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        return Place(self.corpus, self.identity.file, self.line, self.identity.rule)

    @property
    def lot(self) -> str:
        """A number drawn for each finding, which stays when others come and go: for those of today as in corpora.py."""
        where = " ".join(map(str, self.place))
        return sha256((where if self.at_head else f"{where} {self.last}").encode()).hexdigest()


@dataclass(slots=True)
class History:
    """All that was found in the main line of one repository."""

    corpus: str
    commits: list[str]
    findings: list[Distinct] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    crashes: list[Crash] = field(default_factory=list)


def read_history(bundle: Path, *, select: Iterable[str] = (), newest: int = 0) -> History:
    """Check all commits, the oldest first; with *newest*, only so many of the newest. *select* limits the rules."""
    chosen = set(select)
    rules = {name: rule for name, rule in all_rules().items() if name != "lint" and (not chosen or name in chosen)}
    with tempfile.TemporaryDirectory(prefix="history-") as scratch:
        folder = Path(scratch) / bundle.stem
        subprocess.run(["git", "clone", "-q", "--no-checkout", str(bundle), str(folder)], check=True)
        commits = _git(folder, "rev-list", "--first-parent", "--reverse", "HEAD").split()[-newest:]
        reader = _Reader(History(bundle.stem, [commit[:SHORT] for commit in commits]))
        remembered = Remembered()
        for commit in commits:
            reader.commit(commit[:SHORT], check(sources.revision(folder, commit), rules, remembered))
        return reader.finish()


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


class _Reader:
    """Adds up what the commits of one repository tell, in their order."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._found: dict[Identity, Distinct] = {}
        self._before: Standing | None = None
        self._blobs: dict[bytes, str] = {}

    def commit(self, commit: str, outcome: Outcome) -> None:
        self.history.crashes += outcome.report.crashes
        standing = Standing.of(commit, outcome.tree, identified(outcome.report.findings))
        if self._before is not None:
            self._move(self._before, standing)
        for identity, finding in standing.findings.items():
            self._see(commit, identity, finding, standing.data.get(finding.location.file, b""))
        if self._before is not None:
            self.history.pairs += repairs(self.history.corpus, self._before, standing)
        self._before = standing

    def _move(self, before: Standing, after: Standing) -> None:
        """A file that is only called otherwise takes its findings along."""
        moved = renamed(before.data, after.data)
        for identity in before.findings if moved else ():
            if identity.file in moved:
                now = identity._replace(file=moved[identity.file])
                if now in after.findings and now not in self._found:
                    distinct = self._found.pop(identity)
                    distinct.identity = now
                    self._found[now] = distinct

    def _see(self, commit: str, identity: Identity, finding: Finding, data: bytes) -> None:
        line = finding.location.line
        distinct = self._found.get(identity)
        if distinct is None:
            distinct = Distinct(self.history.corpus, identity, line, finding.message, commit, commit)
            self._found[identity] = distinct
        distinct.line, distinct.message, distinct.last = line, finding.message, commit
        state = line, self._blob(data)
        distinct.states[state] = distinct.states.get(state, (commit, commit))[0], commit

    def _blob(self, data: bytes) -> str:
        if data not in self._blobs:
            self._blobs[data] = blob_id(data)
        return self._blobs[data]

    def finish(self) -> History:
        head = self.history.commits[-1]
        for distinct in self._found.values():
            distinct.at_head = distinct.last == head
        self.history.findings = sorted(self._found.values(), key=lambda found: (found.identity, found.last))
        return self.history


def renamed(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> dict[str, str]:
    """Files that are gone, with the name under which the same content is there now."""
    new = {after[path]: path for path in sorted(after.keys() - before.keys()) if after[path]}
    return {path: new[before[path]] for path in sorted(before.keys() - after.keys()) if before[path] in new}


def blob_id(data: bytes) -> str:
    """As Git names the content, shortened."""
    return sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()[:SHORT]


def identified(findings: Sequence[Finding]) -> dict[Identity, Finding]:
    """The findings of one commit, each under what makes it the same in the next."""
    counts: Counter[Identity] = Counter()
    found = {}
    for finding in findings:
        identity = Identity(
            finding.rule,
            str(finding.severity),
            finding.location.file,
            str(finding.resource or ""),
            "/".join(map(str, finding.path)),
            _LINE_NUMBER.sub("", finding.message),
            0,
        )
        found[identity._replace(nth=counts[identity])] = finding
        counts[identity] += 1
    return found


def read_all(bundles: Sequence[Path], *, jobs: int = 2) -> list[History]:
    """Of every repository, each in a process of its own; the large ones begin first."""
    ordered = sorted(bundles, key=lambda bundle: -bundle.stat().st_size)
    with ProcessPoolExecutor(jobs) as pool:
        return sorted(pool.map(read_history, ordered), key=lambda history: history.corpus)


def lines(history: History) -> Iterator[str]:
    """A history as JSON lines: one of the repository, one for each finding, one for each pair."""
    yield _json({"corpus": history.corpus, "commits": history.commits, "crashes": len(history.crashes)})
    for found in history.findings:
        yield _json(
            {
                **found.identity._asdict(),
                "corpus": found.corpus,
                "line": found.line,
                "message": found.message,
                "first": found.first,
                "last": found.last,
                "head": found.at_head,
                "states": [[*state, *commits] for state, commits in found.states.items()],
            }
        )
    for pair in history.pairs:
        yield _json(pair._asdict())


def _json(record: Mapping[str, object]) -> str:
    return json.dumps(record, ensure_ascii=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", help="print the history of one repository and write nothing")
    parser.add_argument("--select", metavar="RULE", action="append", default=[], help="with --only: ask these rules")
    parser.add_argument("--newest", metavar="N", type=int, default=0, help="with --only: the newest commits")
    options = parser.parse_args()
    if options.only:
        bundle = BUNDLES / f"{options.only}.bundle"
        print(*lines(read_history(bundle, select=options.select, newest=options.newest)), sep="\n")
        return 0
    histories = read_all(sorted(BUNDLES.glob("*.bundle")))
    CACHE.parent.mkdir(exist_ok=True)
    CACHE.write_text("".join(f"{line}\n" for history in histories for line in lines(history)), encoding="utf-8")
    for history in histories:
        found = Counter(distinct.identity.rule for distinct in history.findings)
        print(history.corpus, len(history.commits), "commits", len(history.pairs), "pairs", dict(found))
        for crash in dict.fromkeys(history.crashes):
            print("  crash:", crash.rule, crash.where, crash.traceback)
    return int(any(history.crashes for history in histories))


if __name__ == "__main__":
    sys.exit(main())
