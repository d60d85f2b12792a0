"""What a reader needs in order to label the sample, and the way back of the answers.

    python -m bench.sheets                          # writes .cache/sheets/first/RULE.md and RULE.jsonl
    python -m bench.sheets --second                 # those that the second reader has not read, in .cache/sheets/second
    python -m bench.sheets --merge FILE [--second]  # takes answers over into bench/labels/

A sheet shows each finding in its file, and what the rule is about in one sentence. Beside it lies a file of answers, a
line of JSON for each finding, in which the reader writes `label` (true or false) and `why`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from bench import evidence
from bench.corpora import BUNDLES, ROOT
from bench.evidence import EVIDENCE, Sampled
from bench.labelled import LABELS, SECOND, Label, Labels, Reading, label_of, read_labels, write_labels
from gitops_guard.rules import all_rules

SHEETS: Final = ROOT / ".cache" / "sheets"
_AROUND: Final = 25  # lines above and below
_SHORT: Final = 80  # lines of a file that is shown as a whole

ReadFile = Callable[[str, str, str], str]  # corpus, commit, file


def sheet(rule: str, summary: str, sampled: Sequence[Sampled], read_file: ReadFile) -> str:
    parts = [f"# {rule}\n\n{summary}"]
    for number, found in enumerate(sampled, 1):
        title = f"## {number}. {found.corpus}@{found.commit}: {found.file}:{found.line}"
        text = _excerpt(read_file(found.corpus, found.commit, found.file), found.line)
        parts.append(f"{title}\n\n{found.severity}: {found.message}\n\n````\n{text}\n````")
    return "\n\n".join(parts) + "\n"


def _excerpt(text: str, line: int) -> str:
    """The lines around *line*, which is marked; numbers in front."""
    lines = text.splitlines()
    first, last = (1, len(lines)) if len(lines) <= _SHORT else (max(line - _AROUND, 1), line + _AROUND)
    shown = enumerate(lines[first - 1 : last], first)
    return "\n".join(f"{'>' if number == line else ' '}{number:5} {content}" for number, content in shown)


def answers(sampled: Iterable[Sampled]) -> Iterator[str]:
    for found in sampled:
        place = {"corpus": found.corpus, "commit": found.commit, "file": found.file, "line": found.line}
        yield json.dumps({**place, "rule": found.rule, "label": None, "why": ""}, ensure_ascii=False)


def merged(labels: Labels, lines: Iterable[str]) -> dict[Reading, Label]:
    """*labels* with those answers that have a label. Raises ValueError for one without a reason."""
    found = dict(labels)
    for number, line in enumerate(lines, 1):
        if line.strip() and (entry := json.loads(line))["label"] is not None:
            rule = entry.pop("rule")
            reading, label = label_of(rule, entry, f"line {number}")
            found[reading] = label
    return found


class Files:
    """Reads files of any commit of the repositories."""

    def __init__(self, bundles: Path, scratch: Path) -> None:
        self._bundles = bundles
        self._scratch = scratch

    def __call__(self, corpus: str, commit: str, file: str) -> str:
        folder = self._scratch / corpus
        if not folder.exists():
            bundle = str(self._bundles / f"{corpus}.bundle")
            subprocess.run(["git", "clone", "-q", "--no-checkout", bundle, str(folder)], check=True)
        shown = subprocess.run(["git", "show", f"{commit}:{file}"], cwd=folder, check=True, capture_output=True)
        return shown.stdout.decode(errors="replace")


def write_sheets(target: Path, sampled: Iterable[Sampled], read_file: ReadFile) -> int:
    """A sheet and a file of answers for each rule; how many findings there are to read."""
    by_rule: dict[str, list[Sampled]] = defaultdict(list)
    for found in sampled:
        by_rule[found.rule].append(found)
    target.mkdir(parents=True, exist_ok=True)
    for old in target.iterdir():
        old.unlink()
    rules = all_rules()
    for rule, findings in sorted(by_rule.items()):
        text = sheet(rule, rules[rule].summary if rule in rules else "", findings, read_file)
        (target / f"{rule}.md").write_text(text, encoding="utf-8")
        (target / f"{rule}.jsonl").write_text("".join(f"{line}\n" for line in answers(findings)), encoding="utf-8")
        print(f"{target / rule}.md: {len(findings)}")
    return sum(map(len, by_rule.values()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--second", action="store_true", help="of the second reader")
    parser.add_argument("--merge", metavar="FILE", type=Path, nargs="+", help="take the answers of these files over")
    options = parser.parse_args()
    folder = SECOND if options.second else LABELS
    labels = read_labels(folder)
    if options.merge:
        for path in options.merge:
            labels = merged(labels, path.read_text(encoding="utf-8").splitlines())
        write_labels(folder, labels)
        return 0
    unread = [found for found in evidence.read(EVIDENCE).sampled if found.reading not in labels]
    with tempfile.TemporaryDirectory(prefix="sheets-") as scratch:
        target = SHEETS / ("second" if options.second else "first")
        print(write_sheets(target, unread, Files(BUNDLES, Path(scratch))), "to read")
    return 0


if __name__ == "__main__":
    sys.exit(main())
