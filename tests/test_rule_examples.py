"""The documentation of every rule is its test: each example is checked by the real engine."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from gitops_guard import check, policies
from gitops_guard.load import tree
from gitops_guard.load.config import Config, RuleSetting
from gitops_guard.load.layout import Layout
from gitops_guard.model.finding import Finding, Severity
from gitops_guard.model.rule import Profile, Rule, Topic
from gitops_guard.rules import all_rules, explain
from gitops_guard.schema.embedded import EmbeddedSchemas

RULES = all_rules()
OFF = (Profile.STRICT, Profile.OPT_IN)
WITHOUT_EXAMPLES = {
    "file-too-large": "an example would be larger than the limit",
    "lint": "yamllint runs as a program, which tests/test_lint.py does",
}
_FENCE = re.compile(r'^```yaml(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"[ ]*# finding$")


def test_every_rule_has_a_topic() -> None:
    assert [name for name, rule in RULES.items() if rule.topic is Topic.OTHER] == []


class Example(NamedTuple):
    """Files as they would stand in a repository, and the lines on which findings are expected."""

    files: Mapping[str, bytes]
    marked: list[tuple[str, int]]


def example(doc: str, section: str) -> Example:
    """The fenced YAML of a section of a rule's documentation; a block without title is a file of its own."""
    text = doc.partition(f"## {section}\n")[2].partition("\n## ")[0]
    files: dict[str, bytes] = {}
    marked: list[tuple[str, int]] = []
    for number, (title, block) in enumerate(_FENCE.findall(text), 1):
        path = title or f"example-{number}.yaml"
        lines = block.splitlines()
        marked += [(path, at) for at, line in enumerate(lines, 1) if _MARK.search(line)]
        files[path] = "\n".join(_MARK.sub("", line) for line in lines).encode() + b"\n"
    return Example(files, sorted(marked))


def findings(files: Mapping[str, bytes], name: str) -> list[Finding]:
    """A rule that no profile has is turned on: all others have to be silent as they are."""
    place = Layout(files).app_of
    repository = tree.from_files(files, place)
    schemas = EmbeddedSchemas("", crds=lambda group, kind: ())
    config = Config(rules={name: RuleSetting(enabled=True)} if RULES[name].profile in OFF else {})
    part = check.examine(repository.files, repository.resources, RULES, config, schemas)
    families = policies.bundled(RULES, config, repository.resources)
    policed, _ = policies.examine(families, repository, config, place, policies.own_engine(1), RULES)
    report = check.conclude(repository, [part, policed], RULES, config, today="2026-06-01")
    assert not report.crashes
    return list(report.findings)


def places(rule: str, found: list[Finding]) -> list[tuple[str, int]]:
    return [(finding.location.file, finding.location.line) for finding in found if finding.rule == rule]


def with_examples() -> list[str]:
    return [name for name in RULES if name not in WITHOUT_EXAMPLES]


@pytest.mark.parametrize("name", with_examples())
def test_every_marked_line_is_found_and_no_other(name: str) -> None:
    fails = example(RULES[name].doc, "Fails")

    assert fails.marked
    assert places(name, findings(fails.files, name)) == fails.marked


@pytest.mark.parametrize("name", with_examples())
def test_what_passes_has_no_finding_of_the_rule_and_no_error_of_another(name: str) -> None:
    passes = example(RULES[name].doc, "Passes")
    found = findings(passes.files, name)

    assert passes.files
    assert not passes.marked
    assert places(name, found) == []
    assert [f"{f.location} {f.rule}: {f.message}" for f in found if f.severity is Severity.ERROR] == []


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_documentation_begins_with_one_sentence_and_names_its_source(rule: Rule) -> None:
    assert rule.summary.endswith((".", ".)"))
    assert rule.summary.count(". ") == 0
    assert re.search(r"^Source: \S", rule.doc, re.MULTILINE)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_explain_tells_severity_profile_options_and_how_to_allow(rule: Rule) -> None:
    text = explain(rule)

    assert text.startswith(f"# {rule.id}\n")
    assert f"`{rule.severity}`" in text
    assert f"`{rule.profile}`" in text
    assert all(f"| `{option}` |" in text for option in rule.options)
    assert (f"allow {rule.id} -- " in text) is not rule.id.startswith("waiver-")


def test_the_pages_in_docs_are_current(repository: Path) -> None:
    spec = importlib.util.spec_from_file_location("build_rule_docs", repository / "tools" / "build_rule_docs.py")
    assert spec is not None
    assert spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)

    written = {file.name: file.read_text(encoding="utf-8") for file in (repository / "docs" / "rules").glob("*.md")}

    assert written == builder.pages(RULES), "run: python tools/build_rule_docs.py"
