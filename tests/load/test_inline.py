"""Text in a field has the places of its file where it is a block, and else that of the field."""

from __future__ import annotations

import pytest

from gitops_guard.load import inline, tree

HEAD = "patches:\n  - patch: "


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        pytest.param("|\n      - a: 1\n        b: 2\n", 4, 12, id="a block"),
        pytest.param("|-  # why\n      - a: 1\n        b: 2\n", 4, 12, id="with a comment"),
        pytest.param("|2-\n        - a: 1\n          b: 2\n", 4, 14, id="with an indentation of its own"),
        pytest.param("|\r\n      - a: 1\r\n        b: 2\r\n", 4, 12, id="with CRLF"),
        pytest.param("|\n\n      # first\n      - a: 1\n        b: 2\n", 6, 12, id="after other lines"),
        pytest.param(">-\n      - {a: 1, b: 2}\n", 2, 12, id="folded"),
        pytest.param('"- {a: 1, b: 2}"\n', 2, 12, id="quoted"),
    ],
)
def test_a_field_is_found_where_it_is_written(text: str, line: int, column: int) -> None:
    (file,) = tree.from_files({"kustomization.yaml": (HEAD + text).encode()}).files
    value = file.documents[0].body["patches"][0]["patch"]

    (found,) = inline.documents(file, 0, ("patches", 0, "patch"), value)

    assert found.body == [{"a": 1, "b": 2}]
    at = found.locate((0, "b"))
    assert (at.file, at.line, at.column) == ("kustomization.yaml", line, column)


def test_several_documents_are_read_and_broken_ones_left_out() -> None:
    text = "|\n      a: 1\n      ---\n      b: [\n      ---\n      c: 3\n"
    (file,) = tree.from_files({"kustomization.yaml": (HEAD + text).encode()}).files
    value = file.documents[0].body["patches"][0]["patch"]

    found = list(inline.documents(file, 0, ("patches", 0, "patch"), value))

    assert [(each.body, each.locate(tuple(each.body)).line) for each in found] == [({"a": 1}, 3), ({"c": 3}, 7)]
