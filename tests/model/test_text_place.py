"""A piece of a text, and the line of the file on which it stands."""

from __future__ import annotations

import pytest

from gitops_guard.load import tree
from gitops_guard.model import text_place


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        pytest.param("a: |\n  one\n  two HERE\n", 3, 3, id="literal"),
        pytest.param("a: |-\n\n  one\n\n    two HERE\n", 5, 5, id="literal, with empty lines and an indent"),
        pytest.param("a: |2-  # a comment\n    one\n  HERE\n", 3, 3, id="literal, with an indicator and a comment"),
        pytest.param("a: &it |\n  one\n  HERE\n", 3, 3, id="literal, with an anchor"),
        pytest.param("a: >-\n  one\n  two\n\n  three HERE\n", 5, 3, id="folded"),
        pytest.param("a: HERE\n", 1, 4, id="plain"),
        pytest.param("a: one\n  two\n  HERE\n", 3, 3, id="plain, over several lines"),
        pytest.param('a: "one\n  two\n\n  HERE"\n', 4, 3, id="quoted, over several lines"),
        pytest.param('a: "one\\ntwo HERE"\n', 1, 4, id="quoted, with escapes"),
        pytest.param("b: &x |\n  HERE\na: *x\n", 3, 4, id="an alias: where it stands"),
        pytest.param("a: |\r\n  one\r\n  HERE\r\n", 3, 3, id="lines of Windows"),
        pytest.param('{"a": "one\\nHERE"}', 1, 7, id="JSON"),
    ],
)
def test_the_line_is_the_one_that_a_person_edits(text: str, line: int, column: int) -> None:
    file = tree.from_files({".github/workflows/a.yaml": text.encode()}).files[0]
    value = file.documents[0].body["a"]

    place = text_place.place(file, 0, ("a",), value, value.index("HERE"))

    assert (place.line, place.column) == (line, column)


def test_a_place_behind_the_end_is_that_of_the_field() -> None:
    file = tree.from_files({".github/workflows/a.yaml": b"a: |\n  one\n"}).files[0]

    assert text_place.place(file, 0, ("a",), "x\n" * 9, 17).line == 1
