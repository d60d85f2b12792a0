"""Where goyaml, which kubectl uses, and libyaml part. What stands here is asked of kubectl's own decoder as well."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.load import manifests


def read(text: str) -> tuple[list[Any], list[tuple[int, int]]]:
    """Values of the documents, and the places of syntax findings."""
    parsed = manifests.read("app.yaml", text.encode())
    places = [(problem.at.line, problem.at.column) for _, _, problem in parsed.problems if problem.at]
    return [document.body for document in parsed.documents], places


READ = pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("a: ! 12", {"a": "12"}, id="a bare tag makes a string"),
        pytest.param("a: &x ! 12\nb: *x", {"a": "12", "b": "12"}, id="a bare tag after an anchor"),
        pytest.param("a: ! [1]", {"a": [1]}, id="a bare tag on a list says nothing"),
        pytest.param("! <<: {a: 1}", {"a": 1}, id="a bare tag on a merge key says nothing"),
        pytest.param("a: [!x, b]", {"a": ["b"]}, id="the comma belongs to the tag"),
        pytest.param("a: [!!str x, ?b]", {"a": ["x", {"b": None}]}, id="the comma after a tagged value does not"),
        pytest.param("a: [x, ?y]", {"a": ["x", {"true": None}]}, id="a question mark begins a key"),
        pytest.param("?a: b?", {"?a": "b?"}, id="a question mark outside of [] and {}"),
        pytest.param("a: ['x?', \"?y\"]", {"a": ["x?", "?y"]}, id="a question mark in quotes"),
        pytest.param("a: |\n  x\n   ", {"a": "x\n \n"}, id="the last line gets a newline"),
        pytest.param("a: 'x\\/y'", {"a": "x\\/y"}, id="a backslash between single quotes"),
        pytest.param('a: "x\\\\/y"', {"a": "x\\/y"}, id="an escaped backslash before a slash"),
        pytest.param("a: .5_1", {"a": 0.51}, id="an underscore after a dot"),
        pytest.param("a: 18446744073709551616", {"a": 18446744073709552000}, id="more than 64 bits"),
        pytest.param("1234567.5: x\n1e39: v", {"1.2345675e+06": "x", ".inf": "v"}, id="keys have 32 bits"),
        pytest.param("0.1: x\n-0.0: v\n1e-5: z", {"0.1": "x", "-0": "v", "1e-05": "z"}, id="keys are short"),
        pytest.param('a: !!binary "w4PD/w=="', {"a": "Ã\ufffd\ufffd"}, id="a mark for each byte that is no UTF-8"),
        pytest.param('a: !!binary "YWJj\\\n ZGVm"', {"a": "abcdef"}, id="base64 over two lines"),
    ],
)


@READ
def test_reads_as_kubectl_does(text: str, value: Any) -> None:
    assert read(text) == ([value], [])


REFUSED = pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("b: 1\na: [x, http://x/?y=1]", (2, 8), id="a question mark inside []"),
        pytest.param("a: {key?: 1}", (1, 5), id="a question mark in a key inside {}"),
        pytest.param('a: "x\\/y"', (1, 4), id="an escaped slash"),
        pytest.param("{a: !!str, !!str : b}", (1, 12), id="two tags after all"),
        pytest.param("x: &x [{a: 1}]\nb: {<<: *x}", (2, 9), id="a merge of an alias of a list"),
        pytest.param("9223372036854775808: x", (1, 1), id="a key above 63 bits"),
        pytest.param('a: !!binary "YWI=YWI="', (1, 4), id="base64 that goes on after its end"),
        pytest.param('a: !!binary "YWJj="', (1, 4), id="base64 with a mark for nothing"),
        pytest.param('a: !!binary "YWJj ZGVm"', (1, 4), id="base64 with a blank"),
        pytest.param('a: !!binary "Yé=="', (1, 4), id="base64 that is not ASCII"),
    ],
)


@REFUSED
def test_refuses_what_kubectl_refuses(text: str, place: tuple[int, int]) -> None:
    assert read(text) == ([], [place])


def asked(kubeyaml: Path, text: str) -> list[dict[str, Any]]:
    request = json.dumps({"id": "", "data": b64encode(text.encode()).decode()})
    answer = subprocess.run([kubeyaml], input=request.encode(), capture_output=True, check=True).stdout
    documents: list[dict[str, Any]] = json.loads(answer)["documents"]
    return documents


@READ
def test_kubectl_reads_so(text: str, value: Any, kubeyaml: Path) -> None:
    assert asked(kubeyaml, text) == [{"json": value}]


@REFUSED
def test_kubectl_refuses(text: str, place: tuple[int, int], kubeyaml: Path) -> None:
    assert ["error" in document for document in asked(kubeyaml, text)] == [True]


def test_a_byte_order_mark_in_the_middle_is_refused() -> None:
    """kubectl makes the field `\\ufeffb` of it, which no resource has."""
    assert read("a: 1\n\ufeffb: 2") == ([], [(2, 1)])


@pytest.mark.parametrize("separator", ["--- text", "----", "---text", "--- |", "--- !!map", "---\t&a"])
def test_a_separator_with_text_begins_a_refused_document(separator: str) -> None:
    assert read(f"a: 1\n{separator}\nb: 2\n---\nc: 3\n") == ([{"a": 1}, {"c": 3}], [(2, 4)])


@pytest.mark.parametrize("separator", ["---", "--- ", "--- # text", "---#text", "---\t", "---\r"])
def test_a_separator_with_a_comment_is_one(separator: str) -> None:
    assert read(f"a: 1\n{separator}\nb: 2\n") == ([{"a": 1}, {"b": 2}], [])


def test_directives_before_a_refused_separator_are_no_document_of_their_own() -> None:
    assert read("%YAML 1.1\n# why\n--- text\n") == ([], [(3, 4)])
