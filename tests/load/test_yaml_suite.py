"""The YAML test suite, read by our loader and by kubectl's own decoder (`tools/kubeyaml`)."""

from __future__ import annotations

import base64
import json
import random
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_guard.load import manifests
from gitops_guard.model.finding import Problem

pytestmark = pytest.mark.shared

EXCEPTIONS = yaml.safe_load((Path(__file__).parent / "yaml_suite_exceptions.yaml").read_text())
REFUSED = "refused"
_SEPARATOR = re.compile(rb"^---([^\n]*)\n?", re.MULTILINE)


def _text(marked: str) -> bytes:
    """The input that a case of the suite means. Source: yaml-test-suite, "Special characters" of its documentation."""
    plain = marked.replace("␣", " ").replace("⇔", "\ufeff").replace("↵", "").replace("←", "\r")
    return re.sub("∎\n\\Z", "", re.sub("—*»", "\t", plain)).encode()


@pytest.fixture(scope="module")
def suite(shared: Path) -> dict[str, bytes]:
    """Inputs by id; the second case of the file 2G84 is "2G84/01"."""
    inputs = {}
    for path in sorted((shared / "suites" / "yaml-test-suite").glob("*.yaml")):
        cases = yaml.safe_load(path.read_text(encoding="utf-8"))
        for number, case in enumerate(cases):
            if "yaml" in case:
                inputs[path.stem if len(cases) == 1 else f"{path.stem}/{number:02}"] = _text(case["yaml"])
    return inputs


Answers = Mapping[str, list[dict[str, Any]]]


def _ask(program: Path, inputs: Mapping[str, bytes]) -> Answers:
    lines = (json.dumps({"id": name, "data": base64.b64encode(data).decode()}) for name, data in inputs.items())
    told = subprocess.run([program], input="\n".join(lines).encode(), stdout=subprocess.PIPE, check=True).stdout
    return {answer["id"]: answer["documents"] for answer in map(json.loads, told.rstrip(b"\n").split(b"\n"))}


@pytest.fixture(scope="module")
def decoder(kubeyaml: Path, suite: dict[str, bytes]) -> Answers:
    return _ask(kubeyaml, suite)


def _same(value: Any) -> str:
    """A text that is equal where JSON values are: Python alone takes True for 1."""
    return json.dumps(value, sort_keys=True)


def _theirs(documents: Iterable[dict[str, Any]]) -> dict[int, str]:
    """By number of the document. Empty documents are left out, as kubectl leaves them out."""
    return {
        index: REFUSED if "error" in document else _same(document["json"])
        for index, document in enumerate(documents)
        if document.get("json", REFUSED) is not None
    }


def _ours(data: bytes) -> dict[int, str]:
    parsed = manifests.read("input.yaml", data)
    found = {document.index: _same(document.body) for document in parsed.documents}
    for rule, index, _ in parsed.problems:
        if rule == "yaml-syntax":
            assert index not in found, "a document has one answer: its value, or one finding"
            found[index] = REFUSED
    return found


def _refused_on_its_separator(documents: Iterable[dict[str, Any]]) -> bool:
    return any("invalid Yaml document separator" in document.get("error", "") for document in documents)


def _differences(inputs: Mapping[str, bytes], decoder: Answers) -> dict[str, tuple[Any, Any]]:
    both = {name: (_ours(data), _theirs(decoder[name])) for name, data in inputs.items()}
    return {name: (ours, theirs) for name, (ours, theirs) in both.items() if ours != theirs}


def test_reads_each_document_of_the_suite_as_kubectl_does(suite: dict[str, bytes], decoder: Answers) -> None:
    usual = {name: data for name, data in suite.items() if not _refused_on_its_separator(decoder[name])}

    assert sorted(_differences(usual, decoder)) == sorted(EXCEPTIONS)
    assert len(usual) > 350


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_exception_is_one_finding_where_libyaml_refuses(
    name: str, suite: dict[str, bytes], decoder: Answers
) -> None:
    problems = manifests.read("input.yaml", suite[name]).problems

    assert [(rule, problem.message) for rule, _, problem in problems] == [("yaml-syntax", EXCEPTIONS[name]["ours"])]
    assert [document["json"] for document in decoder[name]] == [EXCEPTIONS[name]["kubectl"]]


def test_a_finding_lies_inside_the_document_that_kubectl_refuses(suite: dict[str, bytes], decoder: Answers) -> None:
    outside = [
        (name, problem.at)
        for name, data in suite.items()
        for _, index, problem in manifests.read("input.yaml", data).problems
        if not _refused_on_its_separator(decoder[name]) and not _inside(problem, index, data)
    ]

    assert outside == []


def _inside(problem: Problem, index: int, data: bytes) -> bool:
    """By another way of counting than the loader's: lines between separators, a leading one belonging to the first."""
    ends = [number for number, line in enumerate(data.split(b"\n"), 1) if line.startswith(b"---")]
    if ends and not b"".join(data.split(b"\n")[: ends[0] - 1]).strip():
        ends = ends[1:]
    bounds = [0, *ends, data.count(b"\n") + 2]
    return problem.at is not None and bounds[index] < problem.at.line < bounds[index + 1]


def _without_refused(data: bytes) -> bytes:
    """The input without the documents that begin on their separator line."""
    separators = list(_SEPARATOR.finditer(data))
    ends = [match.start() for match in separators[1:]] + [len(data)]
    for match, end in reversed(list(zip(separators, ends, strict=True))):
        if match[1].strip() and not match[1].strip().startswith(b"#"):
            data = data[: match.start()] + data[end:]
    return data


def test_refuses_a_document_that_begins_on_its_separator_line(suite: dict[str, bytes], decoder: Answers) -> None:
    for name in (name for name in suite if _refused_on_its_separator(decoder[name])):
        problems = manifests.read("input.yaml", suite[name]).problems
        lines = suite[name].decode().split("\n")

        found = [
            problem.at.line for _, _, problem in problems if problem.at and lines[problem.at.line - 1][:3] == "---"
        ]
        assert found == [n for n, line in enumerate(lines, 1) if re.match(r"---[ \t]*[^\s#]", line)], name


def test_reads_the_documents_beside_a_refused_one_as_kubectl_does(
    kubeyaml: Path, suite: dict[str, bytes], decoder: Answers
) -> None:
    refused = {name: data for name, data in suite.items() if _refused_on_its_separator(decoder[name])}
    rest = {name: _without_refused(data) for name, data in refused.items()}

    assert _differences(rest, _ask(kubeyaml, rest)) == {}
    for name, data in refused.items():
        values = [value for value in _ours(data).values() if value != REFUSED]
        assert values == [value for value in _ours(rest[name]).values() if value != REFUSED], name
    assert len(refused) > 30


_PIECES = (
    b"\n", b" ", b"\t", b"- ", b": ", b"? ", b"?", b" #", b"[", b"]", b"{", b"}", b",", b'"', b"'", b"|\n", b">\n",
    b"&a ", b"*a", b"! ", b"!!str ", b"!!binary ", b"...\n", b"<<: ", b"\\", b"0x1", b"1e3", b"~", b"y", b"%", b"@",
    b"\r\n", b"\xc3\xa9", b"key: value\n", b"a: [b, c]\n", b"0o7", b"-.inf", b".5", b"1_0", b"1:2",
)  # fmt: skip


def _mutated(data: bytes, choose: random.Random) -> bytes:
    for _ in range(choose.randint(1, 3)):
        at = choose.randrange(len(data) + 1)
        data = data[:at] + choose.choice(_PIECES) + data[at + choose.randrange(3) :]
    return data


def _is_utf8(data: bytes) -> bool:
    return data.decode("utf-8", "replace").encode() == data


def test_takes_no_mutated_input_that_kubectl_refuses_or_reads_otherwise(
    kubeyaml: Path, suite: dict[str, bytes]
) -> None:
    choose = random.Random(1)
    mutated = {f"{name} {turn}": _mutated(data, choose) for turn in range(8) for name, data in suite.items()}
    # Where the beginning may be JSON, kubectl goes on as YAML behind the JSON that it could read.
    usual = {name: data for name, data in mutated.items() if _is_utf8(data) and not data.lstrip().startswith(b"{")}
    answers = _ask(kubeyaml, usual)
    whole = {name: data for name, data in usual.items() if not _refused_on_its_separator(answers[name])}

    wrong = {
        name: (data, ours[index], theirs.get(index))
        for name, data in whole.items()
        for ours, theirs in [(_ours(data), _theirs(answers[name]))]
        for index in sorted(ours.keys() | theirs.keys())
        if ours.get(index, "nothing") not in (theirs.get(index, "nothing"), REFUSED)
    }

    assert wrong == {}
    assert len(whole) > 2_500
