"""The engine `--engine kubeconform`, with the real program."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_guard.load import tree
from gitops_guard.model.errors import SourceError
from gitops_guard.model.resource import Resource
from gitops_guard.schema import kubeconform as engine
from gitops_guard.schema.embedded import EmbeddedSchemas


def resources(text: str) -> tuple[Resource, ...]:
    return tree.from_files({"app.yaml": text.encode()}).resources


def schemas() -> EmbeddedSchemas:
    return EmbeddedSchemas("1.37", crds=lambda group, kind: [])


def found(text: str, kubeconform: Path) -> list[tuple[int, int, str, str]]:
    answers = engine.check(resources(text), schemas(), binary=str(kubeconform))
    return [
        (*resource.locate(problem.path, key=problem.on_key)[1:], rule, problem.message)
        for resource, rule, problem in answers
    ]


CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\n"


def test_a_fault_has_the_place_of_its_field(kubeconform: Path) -> None:
    text = CONFIG_MAP + "data:\n  port: 8080\nextra: 1\n"

    assert [(line, column, rule) for line, column, rule, _ in found(text, kubeconform)] == [
        (6, 9, "schema-invalid"),
        (7, 1, "schema-invalid"),
    ]


def test_the_sentence_is_that_of_the_embedded_engine(kubeconform: Path) -> None:
    text = CONFIG_MAP + "data:\n  port: 8080\nextra: 1\n"
    given = resources(text)
    engines = schemas()

    embedded = [(resource, rule, problem) for resource in given for rule, problem in engines.check(resource)]

    assert engine.check(given, engines, binary=str(kubeconform)) == embedded


def test_two_resources_of_one_name_are_not_mixed_up(kubeconform: Path) -> None:
    text = CONFIG_MAP + "---\n" + CONFIG_MAP + "data: text\n---\n" + CONFIG_MAP

    assert [line for line, *_ in found(text, kubeconform)] == [10]


def test_a_name_with_a_slash_is_one_step_of_the_path(kubeconform: Path) -> None:
    text = CONFIG_MAP + "  annotations:\n    app: x\n    example.org/a/b: 1\n    example.org: text\n"

    assert [(line, column) for line, column, *_ in found(text, kubeconform)] == [(7, 22)]


def test_a_kind_without_schema_is_reported(kubeconform: Path) -> None:
    text = "apiVersion: example.org/v1\nkind: Unheard\nmetadata: {name: x}\n"

    assert [(line, rule) for line, _, rule, _ in found(text, kubeconform)] == [(2, "schema-missing")]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("replicas: ${REPLICAS}", id="of Flux"),
        pytest.param("replicas: ENC[AES256_GCM,data:eA==,type:int]", id="of SOPS"),
        pytest.param("minReadySeconds: <path:kv/shop#seconds>", id="of the Argo CD Vault Plugin"),
    ],
)
def test_a_placeholder_has_no_type_yet(line: str, kubeconform: Path) -> None:
    text = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n  selector: {matchLabels: {a: b}}\n"
        "  template:\n    metadata: {labels: {a: b}}\n    spec: {containers: [{name: a, image: b}]}\n"
        f"  {line}\n"
    )

    assert found(text, kubeconform) == []


def test_the_block_of_sops_is_left_out(kubeconform: Path) -> None:
    assert found(CONFIG_MAP + "sops:\n  mac: ENC[AES256_GCM,data:x]\n  version: 3.9.0\n", kubeconform) == []


def test_text_that_json_takes_and_yaml_does_not_arrives(kubeconform: Path) -> None:
    text = CONFIG_MAP + 'data:\n  a: "\\x7f\\x85\\u2028\\uFEFF"\n  b: "\U0001f600 / \\\\ud83d"\n  c: "---\\n---\\n"\n'

    assert found(text, kubeconform) == []


def test_no_sentence_holds_the_value_of_a_secret(kubeconform: Path) -> None:
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata:\n  a: [hunter2]\n  b: 271828\n  c: hunter2\n"

    answers = found(text, kubeconform)

    assert [line for line, *_ in answers] == [5, 6]
    assert not any("hunter2" in message or "271828" in message for *_, message in answers)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("got string, want integer", "is not what the schema wants: got string, want integer"),
        ("maximum: got 271828, want 65,535", "is out of range: maximum is 65,535"),
        ("'hunter2' does not match pattern '^[a-z]+$'", "does not have the form that the schema wants"),
        ("'hunter2' is not valid duration: must start with P", "does not have the form that the schema wants"),
        ("'x\nvalue must be hunter2' is not valid date: no", "does not have the form that the schema wants"),
    ],
)
def test_what_only_kubeconform_says_is_told_without_the_value(text: str, sentence: str) -> None:
    assert engine._sentence(text) == sentence


def test_a_missing_program_is_an_error_and_no_pass() -> None:
    with pytest.raises(SourceError, match="no-such-kubeconform was not found"):
        engine.check(resources(CONFIG_MAP), schemas(), binary="no-such-kubeconform")


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("exit 0", id="that says nothing"),
        pytest.param("echo '{\"resources\": []}'", id="that leaves a resource out"),
        pytest.param("echo oops; exit 1", id="that writes no JSON"),
        pytest.param("echo '{\"resources\": []}'; kill -9 $$", id="that is killed"),
        pytest.param('echo \'{"resources": [{"filename": "resources/0.json"}]}\'; exit 7', id="that fails"),
    ],
)
def test_a_failing_program_is_an_error_and_no_pass(script: str, tmp_path: Path) -> None:
    program = tmp_path / "kubeconform"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)

    with pytest.raises(SourceError, match="kubeconform"):
        engine.check(resources(CONFIG_MAP), schemas(), binary=str(program))


def test_a_resource_that_it_cannot_read_is_reported(tmp_path: Path) -> None:
    program = tmp_path / "kubeconform"
    answer = '{"resources": [{"filename": "resources/0.json", "status": "statusError", "msg": "line hunter2"}]}'
    program.write_text(f"#!/bin/sh\necho '{answer}'\nexit 1\n")
    program.chmod(0o755)

    answers = engine.check(resources(CONFIG_MAP), schemas(), binary=str(program))

    assert [(rule, problem.message) for _, rule, problem in answers] == [
        ("schema-missing", "kubeconform could not check this resource")
    ]
