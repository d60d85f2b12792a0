"""Tokens are found by their format, wherever they stand, and shown nowhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from gitops_guard.load import token_formats
from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location
from gitops_guard.rules import all_rules
from tests.tokens import pem, token

Ask = Callable[..., list[tuple[Location, Problem]]]
FORMATS = [known.id for known in token_formats.formats()]
TOKEN = token("github-pat")


def found(ask: Ask, files: Mapping[str, str] | str) -> list[tuple[str, int, int]]:
    return [(place.file, place.line, place.column) for place, _ in ask("known-token", files)]


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_found(ask: Ask, name: str) -> None:
    [(place, problem)] = ask("known-token", f"settings:\n  - a\n  - key: {token(name)}\n")

    assert (place.line, problem.path) == (3, ("settings", 1, "key"))
    assert "`key` holds a token in plain text, by its format" in problem.message


@pytest.mark.parametrize("name", FORMATS)
def test_no_part_of_a_token_is_in_the_message(ask: Ask, name: str) -> None:
    value = token(name)
    [(_, problem)] = ask("known-token", f"key: {value}\n")

    said = problem.message + (problem.fix or "")
    assert [value[at : at + 8] for at in range(8, len(value) - 8) if value[at : at + 8] in said] == []


@pytest.mark.parametrize(
    ("path", "text", "line", "column"),
    [
        pytest.param("a.yaml", f"a: {TOKEN}\n", 1, 4, id="a field"),
        pytest.param("a.yaml", f"a: |\n  one\n  two é {TOKEN}\n", 3, 9, id="a text of several lines, by characters"),
        pytest.param("a.yaml", f"a: 1\n# old: {TOKEN}\n", 2, 8, id="a comment"),
        pytest.param("a.yaml", f"{TOKEN}: 1\n", 1, 1, id="a key"),
        pytest.param("a.yaml", f"a: https://x:{TOKEN}@example.com\n", 1, 14, id="an address"),
        pytest.param("a.yaml", f"a: [b, '{TOKEN}', c]\n", 1, 9, id="a list in one line"),
        pytest.param("a.yaml", f"a: {{b: {TOKEN}}}\n", 1, 8, id="a map in one line"),
        pytest.param("a.yaml", f"a: &x {TOKEN}\nb: *x\n", 1, 7, id="an alias, once"),
        pytest.param("a.yaml", f"\ufeffa: {TOKEN}\n", 1, 4, id="behind a byte order mark"),
        pytest.param("a.yaml", f"x: 1\r\na: {TOKEN}\r\n", 2, 4, id="lines of Windows"),
        pytest.param("a.yaml", f"a: [\n  b: {TOKEN}\n", 2, 6, id="a file that does not parse"),
        pytest.param("a.json", f'{{"a": "one\\n{TOKEN}"}}\n', 1, 13, id="JSON"),
        pytest.param("run.sh", f"#!/bin/sh\ncurl -H 'Authorization: token {TOKEN}'\n", 2, 31, id="a script"),
        pytest.param(".gitlab-ci.yml", f"a:\n  script:\n    - login {TOKEN}\n", 3, 13, id="a workflow"),
        pytest.param("Chart.yaml", f"name: a\ndescription: {TOKEN}\n", 2, 14, id="a chart"),
    ],
)
def test_the_place_is_exact(ask: Ask, path: str, text: str, line: int, column: int) -> None:
    assert found(ask, {path: text}) == [(path, line, column)]


def test_a_token_begins_behind_an_escaped_newline(ask: Ask) -> None:
    value = token("aws-access-token")

    assert found(ask, {"a.json": f'{{"op": 1, "a": "x\\n{value}\\n"}}'}) == [("a.json", 1, 20)]


def test_the_data_of_a_secret_is_left_to_the_rule_that_judges_it(ask: Ask) -> None:
    text = f"""\
        apiVersion: v1
        kind: List
        items:
          - apiVersion: v1
            kind: Secret
            metadata: {{name: a, annotations: {{note: {TOKEN}}}}}
            stringData: {{password: {TOKEN}}}
          - apiVersion: v1
            kind: ConfigMap
            metadata: {{name: b}}
            data: {{password: {TOKEN}}}
        """

    assert [line for _, line, _ in found(ask, text)] == [6, 11]


def test_a_secret_that_no_other_rule_reads_is_judged(ask: Ask) -> None:
    files = {"Chart.yaml": "name: a\n", "templates/a.yaml": f"kind: Secret\nstringData:\n  {{{{ x }}}}\n  a: {TOKEN}\n"}

    assert found(ask, files) == [("templates/a.yaml", 4, 6)]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("ghp_" + "x" * 36, id="one letter only"),
        pytest.param("AKIA" + "IOSFODNN7EXAMPLE", id="the example of AWS"),
        pytest.param("ghp_" + "1234567890abcdefghij" + "1234567890abcdef", id="counted"),
        pytest.param("ghp_YOUR_TOKEN", id="a word"),
        pytest.param("ghp_${TOKEN}", id="a placeholder"),
        pytest.param("ghp_" + "a1B2", id="too short"),
        pytest.param("eyJ" + "hbGciOiJIUzI1NiJ9." + "eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0.", id="a JWT without signature"),
        pytest.param("image@sha256:" + "0a1b" * 16, id="a digest"),
        pytest.param("0a1b2c3d4e" * 4, id="a commit"),
        pytest.param("ENC[AES256_GCM,data:Zk+ZyZ6Ahs8dUQ==,iv:a,tag:b,type:str]", id="encrypted by SOPS"),
        pytest.param("AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq" * 20, id="sealed"),
    ],
)
def test_what_opens_nothing_is_not_reported(ask: Ask, value: str) -> None:
    assert found(ask, f"a: {value}\n") == []


def test_a_certificate_and_a_key_are_none(ask: Ask) -> None:
    assert found(ask, {"a.yaml": "a: |\n  " + pem().replace("PRIVATE KEY", "CERTIFICATE").replace("\n", "\n  ")}) == []


def test_bodies_that_are_no_maps_do_no_harm(ask: Ask) -> None:
    text = f"- {TOKEN}\n---\n{TOKEN}\n---\nkind: List\nitems: {TOKEN}\n---\nkind: List\nitems: [1, [{TOKEN}], null]\n"

    assert [line for _, line, _ in found(ask, text)] == [1, 3, 6, 9]


def test_formats_can_be_allowed(ask: Ask) -> None:
    text = f"a: {TOKEN}\nb: {token('npm-access-token')}\n"

    assert [place.line for place, _ in ask("known-token", text, allow_formats=["github-pat"])] == [2]


def test_the_documentation_counts_the_formats() -> None:
    assert f"The {len(FORMATS)} formats are" in all_rules()["known-token"].doc
