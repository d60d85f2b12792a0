"""Slips that everybody makes get a sentence and the line where they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.load import manifests, slips

CONFLICT = "a merge conflict is not resolved"
TAB = "a tab cannot indent YAML; use spaces"
SECOND = "a second resource begins in the same document, and only the last one counts; put `---` above"


def found(text: str) -> list[tuple[int, int, str]]:
    problems = [problem for _, _, problem in manifests.read("a.yaml", text.encode()).problems]
    return [(problem.at.line, problem.at.column, problem.message) for problem in problems if problem.at]


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        pytest.param("a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\n", 2, 1, CONFLICT, id="a conflict"),
        pytest.param("a: 1\n---\nb: 3\n>>>>>>> x\n", 4, 1, CONFLICT, id="its end in another document"),
        pytest.param("a:\n\tb: 1\n", 2, 1, TAB, id="a tab"),
        pytest.param("a:\n  b: 1\n\tc: 2\n", 3, 1, TAB, id="a tab later"),
        pytest.param("a: @foo\n", 1, 4, "a value that begins with `@` must be quoted", id="at"),
        pytest.param("a:\n- %foo\n", 2, 3, "a value that begins with `%` must be quoted", id="percent"),
        pytest.param("a: `foo`\n", 1, 4, "a value that begins with a backtick must be quoted", id="backtick"),
        pytest.param("apiVersion:v1\nkind: Pod\n", 1, 12, "a blank is missing after `apiVersion:`", id="no blank"),
        pytest.param("a: 1\nb:2\nc: 3\n", 2, 3, "a blank is missing after `b:`", id="no blank further down"),
        pytest.param(
            "apiVersion: v1\nkind: A\nmetadata: {name: a}\napiVersion: v1\nkind: B\nmetadata: {name: b}\n",
            4, 1, SECOND, id="no separator",
        ),
    ],
)  # fmt: skip
def test_a_slip_is_named_where_it_is(text: str, line: int, column: int, message: str) -> None:
    assert found(text) == [(line, column, message)]


def test_a_key_of_a_resource_that_stands_twice_is_still_that() -> None:
    assert [line for line, *_ in found("apiVersion: v1\nkind: A\ndata: {a: 1}\ndata: {b: 1}\n")] == [4]


def test_a_url_is_no_key_without_a_blank() -> None:
    assert "blank" not in found("a: b: c\nd: https://example.com\n")[0][2]


def test_a_key_that_opens_a_mapping_needs_no_blank() -> None:
    assert found("a:\n  b: c: d\n") == [(2, 7, "mapping values are not allowed in this context")]


@given(st.binary(max_size=60), st.integers(0, 5), st.integers(0, 20))
def test_no_text_is_too_odd(text: bytes, line: int, column: int) -> None:
    slip = slips.behind(text, line, column)

    assert slip is None or (0 <= slip.line <= text.count(b"\n") and slip.column >= 0)
