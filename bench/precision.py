"""Measure how precise the rules are and write `docs/precision.md`.

    python -m bench.precision           # measures, writes bench/evidence.jsonl and the page
    python -m bench.precision --check   # measures, and fails where evidence or page would change
    python -m bench.precision --page    # measures nothing: the page anew, after labels were merged
    python -m bench.precision --draft   # writes the page although findings of the sample have no label

Fails with a list where a finding of the sample has no label; `python -m bench.sheets` writes what a reader needs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench import evidence, histories, planting, precision_page
from bench.corpora import BUNDLES, ROOT, CorporaError
from bench.evidence import EVIDENCE, Evidence
from bench.labelled import LABELS, SECOND, read_labels
from bench.planting import Field
from bench.plants.ground import PLANTERS
from bench.precision_page import Judged
from gitops_guard.rules import all_rules

PAGE: Final = ROOT / "docs" / "precision.md"


def measure() -> Evidence:
    """Everything anew. Raises CorporaError where a rule crashed, or there is nothing to ask."""
    bundles = sorted(BUNDLES.glob("*.bundle"))
    if not bundles:
        raise CorporaError(f"there are no repositories in {BUNDLES}")
    rules = [rule for rule in all_rules() if rule != "lint"]
    read = histories.read_all(bundles)
    if crashes := [f"  {crash.rule}\t{crash.where}\t{crash.traceback}" for each in read for crash in each.crashes]:
        raise CorporaError("\n".join(("rules crashed:", *dict.fromkeys(crashes))))
    fields = {ground.name: Field(ground) for ground in planting.read_grounds(bundles)}
    planted = planting.plant_all(fields, [rule for rule in rules if rule in PLANTERS])
    return evidence.measured(rules, read, planted, read_labels(LABELS))


def render(found: Evidence, *, draft: bool = False) -> str:
    """Raises CorporaError with a list where the first reader has not read all of the sample."""
    first, second = read_labels(LABELS), read_labels(SECOND)
    unread = Judged(found.sampled, first, second).unread(first)
    if unread and not draft:
        lines = [f"  {each.rule}\t{each.corpus}@{each.commit}\t{each.file}:{each.line}" for each in unread]
        raise CorporaError("\n".join((f"{len(unread)} findings of the sample have no label in bench/labels/:", *lines)))
    return precision_page.render(found, first, second)


def compare(found: Evidence) -> None:
    """Raises CorporaError where evidence or page are not what they would be today."""
    with tempfile.TemporaryDirectory() as scratch:
        today = Path(scratch) / EVIDENCE.name
        found.write(today)
        same = today.read_bytes() == EVIDENCE.read_bytes()
    if not same or render(found) != PAGE.read_text(encoding="utf-8"):
        raise CorporaError("docs/precision.md is not what is measured today; `make precision` writes it anew")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where something would change")
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page anew")
    parser.add_argument("--draft", action="store_true", help="write the page although labels are missing")
    options = parser.parse_args()
    found = evidence.read(EVIDENCE) if options.page else measure()
    if options.check:
        compare(found)
        return 0
    found.write(EVIDENCE)
    PAGE.write_text(render(found, draft=options.draft), encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CorporaError as error:
        sys.exit(f"Error: {error}")
