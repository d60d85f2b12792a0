"""Write docs/rules/: a page for each rule and a table for each topic, from the rules themselves.

    python tools/build_rule_docs.py

`tests/test_rule_examples.py` fails where the pages are not current.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gitops_guard.model.rule import Rule
from gitops_guard.rules import all_rules, by_topic, explain

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "rules"


def pages(rules: Mapping[str, Rule]) -> dict[str, str]:
    """The text of every file in docs/rules/, by name."""
    return {f"{name}.md": explain(rule) for name, rule in rules.items()} | {"README.md": _table(rules)}


def _table(rules: Mapping[str, Rule]) -> str:
    rows = [
        "# Rules",
        "",
        "`gitops-guard explain RULE` prints a page of this folder; both come from the rule itself.",
        "",
    ]
    for topic, found in by_topic(rules).items():
        rows += [f"## {topic.value}", "", "| rule | severity | from profile | what is found |", "|---|---|---|---|"]
        rows += [
            f"| [{name}]({name}.md) | {rule.severity} | {rule.profile} | {rule.summary} |"
            for name, rule in found.items()
        ]
        rows.append("")
    return "\n".join(rows)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = pages(all_rules())
    for old in FOLDER.glob("*.md"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"{len(wanted)} pages in {FOLDER}")


if __name__ == "__main__":
    main()
