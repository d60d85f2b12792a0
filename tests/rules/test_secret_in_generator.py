"""Generators of kustomize: literals, env files, files."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gitops_guard import check
from gitops_guard.load import tree
from gitops_guard.load.config import Config
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location
from gitops_guard.rules import all_rules
from tests.rules.test_secret_in_config import DRAWN, KEY, SECRET, found

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "secret-in-generator"
CIPHER = "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]"


def generator(kind: str, **listed: list[str]) -> str:
    lines = [f"{kind}:", "- name: it"]
    for field, entries in listed.items():
        lines += [f"  {field}:", *(f'  - "{entry}"' for entry in entries)]
    return "\n".join(lines) + "\n"


def secret(**listed: list[str]) -> str:
    return generator("secretGenerator", **listed)


def config(**listed: list[str]) -> str:
    return generator("configMapGenerator", **listed)


def test_literals_of_a_secret_are_found_but_for_harmless_ones(ask: Ask) -> None:
    text = secret(literals=["username=shop", f"password={SECRET}", "anything='s3cr3t-v4lue'", "x=${X}", "empty=", "no"])

    assert [at.line for at, _ in ask(ASK, {"kustomization.yaml": text})] == [5, 6]


def test_literals_of_a_config_map_are_found_by_their_names(ask: Ask) -> None:
    text = config(literals=["LEVEL=info", f"DB_PASSWORD={SECRET}", "anything=s3cr3t-v4lue", f"URL=redis://:{SECRET}@c"])

    assert [at.line for at, _ in ask(ASK, {"kustomization.yaml": text})] == [5, 7]


def test_a_dummy_is_a_warning(ask: Ask) -> None:
    answers = ask(ASK, {"kustomization.yaml": secret(literals=["password=changeme", "token=Y2hhbmdlbWU="])})

    assert [p.severity for _, p in answers] == [Severity.WARNING, Severity.WARNING]


ENV = f"# settings\nUSERNAME=shop\nexport PASSWORD={SECRET}\nEMPTY=\nX=${{X}}\n"


@pytest.mark.parametrize("make", [secret, config])
def test_lines_of_env_files_are_found_in_the_file(ask: Ask, make: Callable[..., str]) -> None:
    files = {"a/kustomization.yaml": make(envs=["../env/shop.env"]), "env/shop.env": ENV}

    assert [(at.file, at.line, at.column) for at, _ in ask(ASK, files)] == [("env/shop.env", 3, 1)]


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("password.txt", SECRET, 1),
        ("tls.key", "\n" + KEY, 2),
        ("app.yaml", f"db:\n  password: {SECRET}\n", 2),
        ("app.ini", f"[db]\nuser = a\npassword = {SECRET}\n", 3),
        ("htpasswd", "admin:$apr1$x$abcdefgh\n", 1),
    ],
)
def test_files_of_a_secret_are_found_at_the_line_to_edit(ask: Ask, name: str, content: str, line: int) -> None:
    files = {"kustomization.yaml": secret(files=[name]), name: content}

    assert [(at.file, at.line) for at, _ in ask(ASK, files)] == [(name, line)]


def test_a_file_of_a_config_map_is_judged_by_what_it_assigns(ask: Ask) -> None:
    text = config(files=["password=plain.txt", "app.yaml=app.conf", "rates.json"])
    files = {"kustomization.yaml": text, "plain.txt": SECRET, "app.conf": f"a=1\ntoken = {DRAWN}\n", "rates.json": "{}"}

    assert [(at.file, at.line) for at, _ in ask(ASK, files)] == [("app.conf", 2), ("plain.txt", 1)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.env", f"PASSWORD={CIPHER}\nsops_mac={CIPHER}\nsops_age__list_0__map_enc=abc\n"),
        ("a.yaml", f"password: {CIPHER}\nsops: {{mac: '{CIPHER}', version: 3.9.0}}\n"),
        ("a.json", f'{{"data": "{CIPHER}", "sops": {{"mac": "x"}}}}'),
        ("ca.crt", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
        ("settings.yaml", "level: info\nhost: db\n"),
        ("empty", ""),
    ],
)  # fmt: skip
def test_files_that_hold_no_plain_secret(ask: Ask, name: str, content: str) -> None:
    field = "envs" if name.endswith(".env") else "files"

    assert ask(ASK, {"kustomization.yaml": secret(**{field: [name]}), name: content}) == []


def test_a_file_that_two_kustomizations_name_is_one_finding() -> None:
    text = secret(files=["../password.txt"])

    assert found({"a/kustomization.yaml": text, "b/kustomization.yaml": text, "password.txt": SECRET}) == [
        ("password.txt", 1, ASK)
    ]


def test_files_outside_and_files_that_are_missing_are_left_alone(ask: Ask) -> None:
    assert ask(ASK, {"kustomization.yaml": secret(files=["../../x", "y=nothing"], envs=["z"])}) == []


@pytest.mark.parametrize(
    "text",
    [
        "secretGenerator: 1",
        "secretGenerator: [1, {literals: x}, {literals: [1, null, {a: b}]}]",
        "configMapGenerator: [{envs: {a: b}}, {files: [null]}, {env: [1]}]",
        "- secretGenerator",
    ],
)
def test_generators_of_any_shape_are_read_without_a_crash(text: str) -> None:
    report = check.check(tree.from_files({"kustomization.yaml": text.encode()}), all_rules(), Config())

    assert not report.crashes


def test_a_line_of_base64_in_place_of_a_name_is_not_shown(ask: Ask) -> None:
    blob = f"{DRAWN}Ab{DRAWN}=="
    files = {
        "kustomization.yaml": secret(literals=[blob], envs=["a.env"], files=["b.txt"]),
        "a.env": blob,
        "b.txt": blob,
    }

    answers = ask(ASK, files)

    assert [at.file for at, _ in answers] == ["a.env", "b.txt", "kustomization.yaml"]
    assert not any(DRAWN[:6] in problem.message for _, problem in answers)
