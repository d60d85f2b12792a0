"""What we write as YAML is read as the same data, by us and by kubectl's own decoder."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.load import manifests, yaml_text

# What a reader of YAML 1.1, of 1.2 or of Go could take for something else than a text.
ODD = (
    "", " ", "y", "N", "yes", "No", "on", "OFF", "true", "True", "null", "Null", "~", "1", "1e3", "0o17", "017", "0x1f",
    "22:22", "190:20:30", "2024-01-01", "2024-01-01T00:00:00Z", "1_000", "0b11", ".inf", "-.INF", ".nan", ".5", "+1",
    "-", "- a", "?", ": a", "a: b", "a #b", "#", "&a", "*a", "!a", "|", ">", "%", "@", "`", "{a", "[a", "<<", "=",
    "a\n", "a\n\n", "\na", " a\nb", "a \nb", "a\tb", "\ta\nb", "a\r\nb", "é", "\u2028", "\x07", "'", '"', "a'b\"c",
    "---", "...", "--- a\n", "0", "00", "1.", "1.5", "12e03", "-2E+05", "1:2", "12345678901234567890",
)  # fmt: skip
TEXTS = st.one_of(st.sampled_from(ODD), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff")))
NUMBERS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(-1e15, 1e15))
DATA = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


def back(document: Any) -> Any:
    read = manifests.read("a.yaml", yaml_text.dump([document]).encode())
    assert not read.problems
    return read.documents[0].body


@given(st.dictionaries(TEXTS, DATA, min_size=1, max_size=5))
def test_any_mapping_comes_back_as_it_was(document: dict[str, Any]) -> None:
    assert back(document) == document


def test_kubectl_reads_every_odd_text_as_that_text(kubeyaml: Path) -> None:
    document = {"values": list(ODD), "keys": {text: number for number, text in enumerate(ODD)}}
    given = json.dumps({"id": "a", "data": b64encode(yaml_text.dump([document]).encode()).decode()})
    told = subprocess.run([kubeyaml], input=given.encode(), capture_output=True, check=True, timeout=30)
    assert json.loads(told.stdout)["documents"] == [{"json": document}]


def test_lines_of_a_text_stay_lines() -> None:
    assert yaml_text.dump([{"a": "b\nc\n"}]) == "---\na: |\n  b\n  c\n"


@pytest.mark.parametrize("text", ["plain", "nginx:1.27", "a/b", "two words", "1.27.3", "v1"])
def test_a_text_that_nobody_mistakes_is_written_as_it_is(text: str) -> None:
    quoted = f"'{text}'" if text[0].isdigit() else text
    assert yaml_text.dump([{"a": text}]) == f"---\na: {quoted}\n"


def test_each_document_begins_with_a_line_of_its_own() -> None:
    assert yaml_text.dump([{"a": 1}, {"b": 2}]) == "---\na: 1\n---\nb: 2\n"
