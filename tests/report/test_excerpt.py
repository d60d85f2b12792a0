"""The caret stands under the character that the column names, whatever stands before it."""

from __future__ import annotations

from unicodedata import category, east_asian_width

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.report.show.excerpt import excerpt

from .hostile import relaxed


def columns(text: str) -> int:
    return sum(0 if category(c) in {"Mn", "Me"} else 2 if east_asian_width(c) in {"W", "F"} else 1 for c in text)


@pytest.mark.parametrize(
    ("line", "column", "text", "caret"),
    [
        pytest.param("image: nginx", 8, "image: nginx", 7, id="plain"),
        pytest.param("\timage: nginx", 2, "    image: nginx", 4, id="a tab is four columns"),
        pytest.param("名前: 値", 5, "名前: 値", 6, id="wide characters are two columns"),
        pytest.param("e\u0301: x", 3, "e\u0301: x", 1, id="a combining mark is none"),
        pytest.param("a: \x1b[31m", 4, "a: \\x1b[31m", 3, id="an escape is shown"),
        pytest.param("\u202ea: b", 3, "\\u202ea: b", 7, id="and moves the caret"),
        pytest.param("##[x] y", 7, "##\\x5bx] y", 9, id="an old workflow command"),
        pytest.param("a:", 3, "a:", 2, id="behind the last character"),
        pytest.param("a:", 9, "a:", None, id="a column that the line does not have"),
        pytest.param("a: b\r\n", 1, "a: b", 0, id="the line ending is not shown"),
        pytest.param("", 1, "", 0, id="an empty line"),
        pytest.param("x" * 80, 80, "x" * 80, 79, id="a line that just fits is not cut"),
    ],
)
def test_places_the_caret(line: str, column: int, text: str, caret: int | None) -> None:
    assert excerpt(line, column, 80) == (text, caret)


@pytest.mark.parametrize(
    ("column", "text", "caret"),
    [
        pytest.param(1, "abcdefghijklmnopqr…", 0, id="at the start"),
        pytest.param(26, "…qrstuvwxyzABCDEFGH…", 10, id="in the middle"),
        pytest.param(52, "…IJKLMNOPQRSTUVWXYZ", 18, id="at the end"),
    ],
)
def test_a_long_line_is_cut_around_the_caret(column: int, text: str, caret: int) -> None:
    line = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

    assert excerpt(line, column, 20) == (text, caret)


def test_a_line_of_fifty_megabytes_costs_nothing() -> None:
    line = "x" * 50_000_000

    assert columns(excerpt(line, 25_000_000, 80).text) == 80


@relaxed
@given(st.text(), st.integers(1, 300), st.integers(20, 120))
def test_never_wider_than_the_terminal(line: str, column: int, width: int) -> None:
    shown = excerpt(line, column, width)

    assert columns(shown.text) <= width
    assert shown.caret is None or 0 <= shown.caret <= width
