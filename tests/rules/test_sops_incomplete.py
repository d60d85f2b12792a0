"""What SOPS should have encrypted and did not, and what it encrypted so that nothing can read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location

Ask = Callable[..., list[tuple[Location, Problem]]]
CIPHER = "ENC[AES256_GCM,data:3KdcgU7jmmYx,iv:b2s=,tag:b2s=,type:str]"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n"
PLAIN = SECRET + "stringData:\n  password: Wq7ZkX29fLm\n"
FOR_MARKED = "creation_rules:\n- path_regex: .*\\.sops\\.yaml\n"


def block(rules: str = "encrypted_regex: ^(data|stringData)$") -> str:
    return f"sops:\n  mac: {CIPHER}\n  {rules}\n"


def found(ask: Ask, files: Mapping[str, str] | str, **options: object) -> list[tuple[str, int, int]]:
    answers = ask("sops-incomplete", files, **options)
    return [(place.file, place.line, place.column) for place, _ in answers]


def severities(ask: Ask, files: Mapping[str, str]) -> list[Severity | None]:
    return [problem.severity for _, problem in ask("sops-incomplete", files)]


@pytest.mark.parametrize(
    ("rules", "lines"),
    [
        ("encrypted_regex: ^(data|stringData)$", [6, 7, 8, 9]),
        ("unencrypted_regex: ^(apiVersion|kind|metadata)$", [6, 7, 8, 9, 11, 14]),
        ("encrypted_suffix: word", [6]),
        ("unencrypted_suffix: Data", [1, 2, 4, 11, 14]),
        ("unencrypted_suffix: _unencrypted", [1, 2, 4, 6, 7, 8, 9, 11]),
        ("mac_only_encrypted: true", [6, 7, 8, 9]),
        ("encrypted_regex: '('", []),
        ("encrypted_comment_regex: secret", [11]),
    ],
)
def test_fields_that_the_own_rules_encrypt_are_found_where_they_are_plain(
    ask: Ask, rules: str, lines: list[int]
) -> None:
    plain = "stringData:\n  password: hunter2\n  number: 5\n  is: true\n  list: [a]\n# secret\nother: x\n"
    rest = f"empty: ''\nnothing: null\nplain_unencrypted: y\ndone: {CIPHER}\n"

    assert [line for _, line, _ in found(ask, SECRET + plain + rest + block(rules))] == lines


def test_the_message_names_the_field_and_no_value(ask: Ask) -> None:
    [(_, problem)] = ask("sops-incomplete", PLAIN + block())

    assert problem.path == ("stringData", "password")
    assert problem.message == (
        "`password` is plain, though the `sops` block says that it is encrypted; sops refuses the file"
    )


def test_a_document_beside_an_encrypted_one_is_found(ask: Ask) -> None:
    encrypted = SECRET + f"stringData: {{password: '{CIPHER}'}}\n" + block()
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {currency: EUR}\n"
    files = {"a.yaml": f"{encrypted}---\n{PLAIN}---\n{config}"}

    assert found(ask, files) == [("a.yaml", 15, 13), ("a.yaml", 20, 18)]
    assert severities(ask, files) == [None, Severity.WARNING]


def test_a_list_that_is_encrypted_as_one_is_a_warning(ask: Ask) -> None:
    item = f"{{apiVersion: v1, kind: Secret, metadata: {{name: a}}, stringData: {{password: '{CIPHER}'}}}}"
    files = {"a.yaml": f"apiVersion: v1\nkind: List\nitems:\n- {item}\n" + block()}

    assert found(ask, files) == [("a.yaml", 5, 1)]
    assert severities(ask, files) == [Severity.WARNING]


def test_an_item_of_a_list_is_judged_by_its_own_block(ask: Ask) -> None:
    item = (
        f"kind: Secret\n  apiVersion: v1\n  stringData:\n    a: {CIPHER}\n    password: hunter2\n  "
        + block().replace("\n", "\n  ")
    )

    assert found(ask, f"apiVersion: v1\nkind: List\nitems:\n- {item}\n- 5\n- sops: 1\n") == [("file.yaml", 8, 15)]


def test_a_document_without_a_readable_kind_is_found_where_kustomize_reads_it(ask: Ask) -> None:
    whole = f"apiVersion: {CIPHER}\nkind: {CIPHER}\nstringData: {{password: '{CIPHER}'}}\n" + block("x: y")
    listing = "resources: [a.yaml]\n"

    assert found(ask, {"app/a.yaml": whole}) == []
    assert found(ask, {"app/a.yaml": whole, "app/kustomization.yaml": listing}) == [("app/a.yaml", 1, 13)]
    assert found(ask, {"a.yaml": whole, "app/kustomization.yaml": "resources: [../a.yaml]\n"}) == [("a.yaml", 1, 13)]


@pytest.mark.parametrize(
    "path", ["a.sops.yaml", "a.enc.yaml", "deep/er/secret.enc.yml", "a.encrypted.yaml", "a.sops.json"]
)
def test_a_name_that_says_encrypted_has_to_be_right(ask: Ask, path: str) -> None:
    text = (
        '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"},\n "stringData": {"password": "Wq7ZkX29fLm"}}'
    )
    [(place, problem)] = ask("sops-incomplete", {path: text if path.endswith("json") else PLAIN})

    assert (place.file, place.line) == (path, 2 if path.endswith("json") else 6)
    assert problem.message == "the name of this file says that it is encrypted, and it is not"


def test_the_parts_of_names_can_be_set(ask: Ask) -> None:
    assert found(ask, {"a.crypt.yaml": PLAIN, "b.sops.yaml": PLAIN}, markers=[".crypt."]) == [("a.crypt.yaml", 6, 13)]


def test_plain_values_with_the_name_of_encrypted_ones_are_found(ask: Ask) -> None:
    files = {"values.sops.yaml": "db:\n  host: db\n  password: Wq7ZkX29fLm\n", "hosts.enc.yaml": "host: db\n"}

    assert found(ask, files) == [("values.sops.yaml", 3, 13)]


def test_a_creation_rule_is_named_in_the_message(ask: Ask) -> None:
    [(place, problem)] = ask("sops-incomplete", {"x/.sops.yaml": FOR_MARKED, "x/y/a.sops.yaml": PLAIN})

    assert place == Location("x/y/a.sops.yaml", 6, 13)
    assert problem.message == "rule 1 of x/.sops.yaml says that this file is encrypted, and it is not"


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        pytest.param("secrets/", "secrets/a.yaml", id="a folder"),
        pytest.param(".*", "anywhere/a.yaml", id="everything"),
        pytest.param("", "anywhere/a.yaml", id="a rule without a pattern"),
        pytest.param("secret\\.yaml$", "b/secret.yaml", id="a name"),
    ],
)
def test_a_secret_in_a_file_that_a_rule_covers_is_found(ask: Ask, pattern: str, path: str) -> None:
    rules = f"creation_rules:\n- path_regex: '{pattern}'\n" if pattern else "creation_rules:\n- age: age1x\n"

    assert found(ask, {".sops.yaml": rules, path: PLAIN}) == [(path, 6, 13)]


def test_the_first_rule_that_matches_decides(ask: Ask) -> None:
    rules = "creation_rules:\n- path_regex: a.yaml\n  encrypted_regex: ^nothing$\n- path_regex: .*\n"

    assert found(ask, {".sops.yaml": rules, "a.yaml": PLAIN, "b.yaml": PLAIN}) == [("b.yaml", 6, 13)]


def test_the_input_of_a_generator_is_judged_as_text(ask: Ask) -> None:
    rules = "creation_rules:\n- path_regex: \\.env$\n"
    generator = "secretGenerator:\n- name: a\n  envs: [a.env, b.env]\n"
    encrypted = f"PASSWORD={CIPHER}\nsops_mac=x\n"
    files = {
        ".sops.yaml": rules,
        "kustomization.yaml": generator,
        "a.env": "PASSWORD=Wq7ZkX29fLm\n",
        "b.env": encrypted,
    }

    assert found(ask, files) == [("a.env", 1, 1)]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param(
            "a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n", id="a ConfigMap"
        ),
        pytest.param("a.yaml", SECRET + "stringData:\n  password: ${PASSWORD}\n  empty: ''\n", id="placeholders"),
        pytest.param("kustomization.yaml", "resources: []\n", id="a kustomization"),
        pytest.param(
            "secret.yaml",
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: a}\nspec: {password: a}\n",
            id="an ExternalSecret",
        ),
        pytest.param("a.yaml", "a: [\n", id="a file that does not parse"),
        pytest.param("a.yaml", SECRET + "stringData: [a]\ndata: 5\n", id="data of another type"),
        pytest.param("a.yaml", SECRET + f"stringData: {{a: '{CIPHER}'}}\n" + block(), id="an encrypted file"),
    ],
)
def test_other_files_below_a_rule_for_all_are_left_alone(ask: Ask, path: str, text: str) -> None:
    rules = "creation_rules:\n- path_regex: .*\\.ya?ml\n  encrypted_regex: ^(data|stringData|password)$\n"

    assert found(ask, {".sops.yaml": rules, path: text}) == []


def test_a_dummy_is_a_warning(ask: Ask) -> None:
    assert severities(ask, {"a.sops.yaml": SECRET + "stringData:\n  password: changeme\n"}) == [Severity.WARNING]


def test_a_file_that_name_and_rule_promise_to_encrypt_is_at_least_a_warning(ask: Ask) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {domain: example.net}\n"

    assert severities(ask, {".sops.yaml": FOR_MARKED, "a.sops.yaml": text}) == [Severity.WARNING]


@pytest.mark.parametrize(
    ("rule", "column", "severity"),
    [
        pytest.param("path_regex: '*.yaml'", 15, None, id="no expression"),
        pytest.param("path_regex: '('", 15, None, id="an open bracket"),
        pytest.param("encrypted_regex: '['", 20, None, id="what to encrypt"),
        pytest.param("path_regex: 'a(?=b)'", 15, Severity.WARNING, id="one that is not Go's"),
    ],
)
def test_an_invalid_expression_is_found(ask: Ask, rule: str, column: int, severity: Severity | None) -> None:
    [(place, problem)] = ask("sops-incomplete", {".sops.yaml": f"creation_rules:\n- {rule}\n"})

    assert (place, problem.severity) == (Location(".sops.yaml", 2, column), severity)


def test_two_selectors_in_one_rule_are_found(ask: Ask) -> None:
    text = "creation_rules:\n- encrypted_regex: a\n  encrypted_suffix: b\n"

    assert found(ask, {".sops.yaml": text}) == [(".sops.yaml", 2, 3)]


def test_bodies_of_any_shape_do_no_harm(ask: Ask) -> None:
    bodies = ("- a", "5", "sops: {mac: x}\na: [1, [2, {b: [3]}]]", "sops: 5\nkind: [a]", "? [a]\n: b", block())
    text = "\n---\n".join(bodies)

    assert all(
        place.line for place, _ in ask("sops-incomplete", {".sops.yaml": "creation_rules: [{}]", "a.enc.yaml": text})
    )
