"""Patterns of Go mean the same to the validator. The answers were compared with Go's `regexp`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.load.re2 import translate
from gitops_guard.schema.compiled import RefusedError, compiled


def matches(pattern: str, text: str) -> bool:
    return compiled(json.dumps({"pattern": translate(pattern)})).is_valid(text)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        pytest.param("(?i)^ab-[c-e]$", ["AB-C", "ab-e"], ["ab-f", "AB_C"], id="case ignored to the end"),
        pytest.param("^a(?i)b$", ["ab", "aB"], ["AB"], id="case ignored from here"),
        pytest.param("^(?i:ab)c$", ["ABc"], ["ABC"], id="case ignored in a group"),
        pytest.param("^((?i)mon|tue)day$", ["TUEday", "monday"], ["MONDAY"], id="flags end with their group"),
        pytest.param("^(?i)a(?-i)b$", ["Ab"], ["AB"], id="a flag taken back"),
        pytest.param("^[[:alpha:]_]+$", ["aZ_"], ["a1", ""], id="a class by name"),
        pytest.param("^[^[:punct:] ]+$", ["abc1"], ["a-b", "a b"], id="not a class by name"),
        pytest.param("^[[:print:]]+$", ["a b~"], ["a\tb", "é"], id="printable"),
        pytest.param("^[]a]+$", ["]a"], ["b"], id="a bracket first in a class"),
        pytest.param("^[^]a]$", ["b"], ["]", "a"], id="a bracket first in a negated class"),
        pytest.param(r"^\PC*$", ["é b"], ["\x00"], id="no control characters"),
        pytest.param(r"^[^\pZ\pS]+$", ["ab"], ["a b", "a+b"], id="short classes inside a class"),
        pytest.param(r"^[a-z\d-_]+$", ["a-_1"], ["A"], id="a hyphen after a class"),
        pytest.param(r"^[-\w.]+$", ["a-b.c"], ["a b"], id="a hyphen before a class"),
        pytest.param(r"\Aab\z", ["ab"], ["ab\n", "xab"], id="begin and end of the text"),
        pytest.param(r"^\Qa.b\E+$", ["a.b", "a.bb"], ["axb"], id="quoted"),
        pytest.param("^(?P<year>[0-9]{4})$", ["2024"], ["24"], id="a named group"),
        pytest.param("^[a-z]+$", ["abc"], ["abc\n"], id="the end is no line feed"),
    ],
)
def test_a_pattern_of_go_means_the_same(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [text for text in yes if not matches(pattern, text)] == []
    assert [text for text in no if matches(pattern, text)] == []


@pytest.mark.parametrize("pattern", ["^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", r"^\d+(\.\d+)?$", "(?:a|b)", "^[+-]?1$"])
def test_what_both_read_alike_is_left_alone(pattern: str) -> None:
    assert translate(pattern) == pattern


@given(st.text(alphabet="ab[](){}?:^$\\-dPzQEpi|*+<>=!,01", max_size=30))
def test_no_text_crashes_the_translation(pattern: str) -> None:
    try:
        compiled(json.dumps({"pattern": translate(pattern)}))
    except RefusedError:
        return
