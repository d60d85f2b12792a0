"""What SOPS encrypts: the same answers as the real one gave (`tools/record_sops_verdicts.py`)."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.load import tree
from gitops_guard.load.sops import Configs, Selection, comments_above, is_plain
from gitops_guard.model.occurrence import leaves

VERDICTS = json.loads((Path(__file__).parent / "sops_verdicts.json").read_text())


@pytest.mark.parametrize(("name", "selector", "encrypted"), VERDICTS["fields"], ids=lambda value: str(value)[:40])
def test_the_fields_that_are_encrypted_are_those_of_sops(name: str, selector: dict[str, str], encrypted: Any) -> None:
    file = tree.from_files({"file.yaml": VERDICTS["documents"][name].encode()}).files[0]
    selection = Selection(selector)

    ours = [
        [document.index, list(path)]
        for document in file.documents
        for path, value in leaves(document.body)
        if is_plain(value) and selection.covers(path, partial(comments_above, file, document.index, path))
    ]

    assert sorted(ours, key=str) == sorted(encrypted, key=str)


@pytest.mark.parametrize(("pattern", "path", "taken"), VERDICTS["rules"])
def test_the_creation_rule_is_that_of_sops(pattern: str, path: str, taken: int | None) -> None:
    text = json.dumps({"creation_rules": [{"path_regex": pattern}, {"encrypted_regex": "x"}]})
    configs = Configs(tree.from_files({"at/.sops.yaml": text.encode()}).files)

    config = configs.nearest(f"at/{path}")
    assert config is not None
    rule = config.rule_for(f"at/{path}")
    assert (rule.number if rule else None) == taken


def test_the_nearest_configuration_counts_and_none_above_it() -> None:
    files = {".sops.yaml": b"creation_rules: [{}]", "a/b/.sops.yaml": b"creation_rules: []"}
    configs = Configs(tree.from_files(files).files)

    def nearest(path: str) -> str:
        config = configs.nearest(path)
        return config.file.path if config else ""

    paths = ("x.yaml", "a/x.yaml", "a/b/x.yaml", "a/b/c/d/x.yaml", "a/bc/x.yaml")
    assert [nearest(path) for path in paths] == [
        ".sops.yaml", ".sops.yaml", "a/b/.sops.yaml", "a/b/.sops.yaml", ".sops.yaml",
    ]  # fmt: skip


@pytest.mark.parametrize("regex", ["(a+)+$", "(?:.*a){20}$", "((a{0,30}){0,30})$", "(.*)*$x"])
def test_a_hostile_pattern_does_not_hang_us(regex: str) -> None:
    text = json.dumps({"creation_rules": [{"path_regex": regex, "encrypted_regex": regex}]})
    start = time.process_time()

    configs = Configs(tree.from_files({".sops.yaml": text.encode()}).files)
    for number in range(100):
        path = f"{'a' * 200}!{number}.yaml"
        config = configs.nearest(path)
        assert config is not None
        config.rule_for(path)
        Selection({"encrypted_regex": regex}).covers(("a" * 2000 + "!",), list)

    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    "text",
    [
        "creation_rules: 5", "creation_rules: [5, null, [], {path_regex: 5}, {path_regex: [a]}]", "[]", "5", "a",
        "creation_rules: {a: b}", "creation_rules: [{encrypted_regex: {a: b}}]",
    ],
)  # fmt: skip
def test_a_configuration_of_any_shape_does_no_harm(text: str) -> None:
    config = Configs(tree.from_files({".sops.yaml": text.encode()}).files).nearest("a.yaml")

    assert config is None or config.rule_for("a.yaml") is None or config.rules
