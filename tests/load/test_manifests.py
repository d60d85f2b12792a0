"""The dialect of kubectl, by the table of the design and by what breaks loaders."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.load import manifests
from gitops_guard.load.manifests import Parsed


def read(text: str | bytes, name: str = "x.yaml") -> Parsed:
    return manifests.read(name, text if isinstance(text, bytes) else text.encode())


def value(text: str) -> Any:
    parsed = read(f"value: {text}\n")
    assert parsed.problems == ()
    return parsed.documents[0].body["value"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("22:22", "22:22", id="no base 60"),
        pytest.param("2024-01-01", "2024-01-01", id="no dates"),
        pytest.param("2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z", id="no timestamps"),
        pytest.param("1e3", 1000, id="an exponent makes a number"),
        pytest.param("0o17", 15, id="octal of YAML 1.2"),
        pytest.param("017", 15, id="octal of YAML 1.1"),
        pytest.param("089", 89, id="no octal after all"),
        pytest.param("yes", True, id="yes"),
        pytest.param('"yes"', "yes", id="quoted yes"),
        pytest.param("1_000", 1000, id="underscores"),
        pytest.param("0b11", 3, id="binary"),
        pytest.param("0x1F", 31, id="hexadecimal"),
        pytest.param("1.0", 1, id="a whole float is an integer in JSON"),
        pytest.param(".5", 0.5, id="a float may begin with its point"),
        pytest.param("1.2.3", "1.2.3", id="a version is text"),
        pytest.param("100m", "100m", id="a quantity is text"),
        pytest.param("~", None, id="tilde"),
        pytest.param("!!str 12", "12", id="tag str"),
        pytest.param("!!float 12", 12, id="tag float"),
        pytest.param("!!binary aGk=", "hi", id="tag binary"),
        pytest.param("!vault abc", "abc", id="an unknown tag leaves text"),
        pytest.param("18446744073709551615", 18446744073709551615, id="the largest uint64"),
    ],
)
def test_a_scalar_is_read_as_kubectl_reads_it(text: str, expected: object) -> None:
    found = value(text)

    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("key", "expected"), [("n", "false"), ("on", "true"), ("1", "1"), ("'on'", "on"), ("0x10", "16"), ("1.5", "1.5")]
)
def test_a_key_becomes_the_text_that_json_would_have(key: str, expected: str) -> None:
    assert list(read(f"{key}: x\n").documents[0].body) == [expected]


@pytest.mark.parametrize("text", ["value: .inf", "value: .nan", "~: x", "!!int abc: x", "? [a]\n: x", "value: !!int x"])
def test_what_json_cannot_say_is_a_syntax_finding(text: str) -> None:
    assert [(rule, problem.at.line) for rule, _, problem in read(text).problems if problem.at] == [("yaml-syntax", 1)]


def test_a_later_anchor_replaces_an_earlier_one() -> None:
    assert read("a: &x 1\nb: &x 2\nc: *x\n").documents[0].body["c"] == 2


def test_a_merge_brings_keys_and_later_keys_win() -> None:
    body = read("base: &b {a: 1, b: 2}\nmade:\n  <<: *b\n  b: 3\n").documents[0].body

    assert body["made"] == {"a": 1, "b": 3}


def test_overriding_a_merged_key_is_no_duplicate() -> None:
    assert read("base: &b {a: 1}\nmade:\n  <<: *b\n  a: 3\n").problems == ()


def test_a_duplicate_key_is_placed_at_its_second_and_names_its_first_line() -> None:
    parsed = read("---\na: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")

    ((rule, _, problem),) = parsed.problems
    assert (rule, problem.at) == ("duplicate-key", ("x.yaml", 6, 3))
    assert "first in line 4" in problem.message
    assert parsed.documents[0].body["b"]["c"] == 3


def test_a_broken_document_hides_no_other() -> None:
    parsed = read("a: 1\n---\nb: [\n---\nc: 3\n")

    assert [document.body for document in parsed.documents] == [{"a": 1}, {"c": 3}]
    assert [(rule, problem.at.line) for rule, _, problem in parsed.problems if problem.at] == [("yaml-syntax", 3)]


def test_documents_know_their_line_behind_comments_and_separators() -> None:
    parsed = read("# head\n---\n# more\na: 1\n--- # next\n\nb: 2\n")

    assert [document.line for document in parsed.documents] == [4, 7]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_endings_and_a_byte_order_mark_move_nothing(ending: str, mark: str) -> None:
    parsed = read(mark + ending.join(["a: 1", "---", "b:", "  c: 2", ""]))

    assert [document.body for document in parsed.documents] == [{"a": 1}, {"b": {"c": 2}}]
    assert parsed.source.locate(1, ("b", "c")) == ("x.yaml", 4, 6)


PLACES = """\
# gitops-guard: allow x -- head
metadata:
  name: a # name of it
  labels: &labels
    app: "#no"
spec:
  selector: *labels
  template:
    metadata:
      labels:
        <<: *labels
        tier: web
  text: |
    # inside
    line
  items: [one, {two: 2}]
"""


@pytest.mark.parametrize(
    ("path", "key", "place"),
    [
        pytest.param(("metadata", "name"), False, (3, 9), id="value"),
        pytest.param(("metadata", "name"), True, (3, 3), id="key"),
        pytest.param(("spec", "selector"), False, (7, 13), id="alias itself"),
        pytest.param(("spec", "selector", "app"), False, (5, 10), id="through an alias"),
        pytest.param(("spec", "template", "metadata", "labels", "app"), False, (5, 10), id="through a merge"),
        pytest.param(("spec", "template", "metadata", "labels", "tier"), True, (12, 9), id="beside a merge"),
        pytest.param(("spec", "items", 0), False, (16, 11), id="item of a flow list"),
        pytest.param(("spec", "items", 1, "two"), False, (16, 22), id="mapping in a flow list"),
        pytest.param(("spec", "text"), False, (13, 9), id="block scalar"),
        pytest.param(("spec", "none", "deeper"), False, (7, 3), id="nearest ancestor"),
    ],
)
def test_a_field_is_found_where_a_person_edits_it(
    path: tuple[str | int, ...], key: bool, place: tuple[int, int]
) -> None:
    assert read(PLACES).source.locate(0, path, key=key) == ("x.yaml", *place)


def test_comments_are_told_from_text_that_has_a_hash() -> None:
    assert read(PLACES).source.comments() == {1: "gitops-guard: allow x -- head", 3: "name of it"}


def test_comments_of_each_document_keep_their_lines() -> None:
    assert read("a: 1 # one\n---\n# two\nb: 2\n").source.comments() == {1: "one", 3: "two"}


def test_json_has_lines_and_columns_too() -> None:
    parsed = read('{"a": [1, {"b": 2.0}],\n  "c": "x"}\n', "x.json")

    assert parsed.documents[0].body == {"a": [1, {"b": 2}], "c": "x"}
    assert parsed.source.locate(0, ("a", 1, "b")) == ("x.json", 1, 17)
    assert parsed.source.locate(0, ("c",), key=True) == ("x.json", 2, 3)


def test_a_duplicate_key_of_json_is_found() -> None:
    ((rule, _, problem),) = read('{"a": 1,\n "a": 2}', "x.json").problems

    assert (rule, problem.at) == ("duplicate-key", ("x.json", 2, 2))


def test_a_flow_mapping_in_a_yaml_file_is_no_broken_json() -> None:
    assert read("{a: 1}").documents[0].body == {"a": 1}


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(bomb(9), "aliases", id="alias bomb"),
        pytest.param("a: " + "[" * 10_000, "deeper", id="deep flow list"),
        pytest.param("- " * 10_000 + "a", "deeper", id="deep block list"),
        pytest.param('{"a":' * 10_000 + "1" + "}" * 10_000, "deeper", id="deep JSON"),
        pytest.param("a: b\0c", "control character", id="NUL"),
        pytest.param("&a [*a]", "contains itself", id="anchor in itself"),
        pytest.param("a: *b", "not defined", id="alias of nothing"),
    ],
)
def test_a_hostile_document_is_one_finding_and_fast(text: str, said: str) -> None:
    started = time.process_time()

    parsed = read(text)

    assert [(rule, said in problem.message) for rule, _, problem in parsed.problems] == [("yaml-syntax", True)]
    assert parsed.documents == ()
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: " + "!" * 500_000, id="marks of tags"),
        pytest.param("a:\n" + "- ! b\n" * 50_000, id="bare tags"),
        pytest.param("a: [" + "!b ,c, " * 50_000 + "]", id="tags in a flow list"),
        pytest.param("---\na: b # c\n" * 20_000, id="documents"),
        pytest.param("---\na: b\na: c\n" * 10_000, id="documents with repeated keys"),
        pytest.param('{"a":1}\n' * 50_000, id="values of JSON"),
        pytest.param('{"a":1,"a":2}\n' * 20_000, id="values of JSON with repeated keys"),
    ],
)
def test_the_time_grows_no_faster_than_the_text(text: str) -> None:
    started = time.process_time()

    parsed = read(text)
    parsed.source.comments()

    assert time.process_time() - started < 4


def test_no_file_has_more_problems_than_anybody_reads() -> None:
    problems = read("--- a\n" * 5000).problems

    assert len(problems) == manifests.MOST_PROBLEMS + 1
    assert problems[-1][2].message == "4000 more such places follow here"
    assert problems[-1][2].at == ("x.yaml", 1001, 4)


def test_json_has_no_comments() -> None:
    assert read('{"a": "b # gitops-guard: allow lint -- c"}', "x.json").source.comments() == {}


def test_bytes_that_are_not_utf8_are_placed() -> None:
    ((rule, _, problem),) = read(b"a: 1\nb: \xff\n").problems

    assert (rule, problem.at) == ("yaml-syntax", ("x.yaml", 2, 4))


@given(st.binary(max_size=200))
def test_no_bytes_make_the_loader_raise(data: bytes) -> None:
    parsed = manifests.read("x.yaml", data)

    assert all(problem.at and problem.at.line >= 1 and problem.at.column >= 1 for _, _, problem in parsed.problems)


@given(st.text(alphabet="ab:- \n#&*[]{}|>'\"!<0.~\t", max_size=60))
def test_every_value_has_a_place_inside_the_file(text: str) -> None:
    parsed = read(text)
    lines = text.count("\n") + 1

    for document in parsed.documents:
        for path in paths(document.body):
            assert 1 <= parsed.source.locate(document.index, path).line <= lines
    parsed.source.comments()


def paths(body: Any, prefix: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    children = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    return [prefix, *(found for key, child in children for found in paths(child, (*prefix, key)))]
