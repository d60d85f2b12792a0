"""Secrets in Git: what is found, what is fine, and that no byte of a value is shown."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.load import tree
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import Location
from gitops_guard.rules.plaintext_secret import plaintext_secret

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "plaintext-secret"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQmFzZTY0\n-----END CERTIFICATE-----\n"
PRIVATE_KEY = (
    "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY\n-----END EC PRIVATE KEY-----\n"
)


def secret(key: str, value: object, field: str = "stringData", **extra: object) -> str:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "it"}, **extra, field: {key: value}}
    return json.dumps(body, indent=1)


def encoded(value: str | bytes) -> str:
    return base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("password", "correct horse", id="a password"),
        pytest.param("anything", "s3cr3t-v4lue", id="a value under a name that says nothing"),
        pytest.param("tls.key", PRIVATE_KEY, id="a private key"),
        pytest.param("tls.crt", CERTIFICATE + PRIVATE_KEY, id="a private key behind its certificate"),
        pytest.param("url", "postgres://shop:hunter2@db/shop", id="a URL with a login"),
        pytest.param("webhook-url", "https://chat.example/hooks/T02/B03/x8Jq3kPz9LmN4vRt7WyB2cDf", id="a webhook"),
        pytest.param("config.ini", "[db]\nuser = shop\npassword = hunter2\n", id="a password in a configuration file"),
        pytest.param("config.yaml", "db:\n  user: shop\n  password: hunter2\n", id="a password in YAML"),
        pytest.param("connection", "Server=db;User Id=sa;Password=hunter2;", id="a connection string"),
        pytest.param("config.json", '{"user": "a", "password": "hunter2"}', id="a password in one line of JSON"),
        pytest.param("run.sh", "#!/bin/sh\nexec it --password=hunter2\nexport TOKEN=hunter2\n", id="a script"),
        pytest.param("users.yaml", "users:\n- name: a\n- password: hunter2\n", id="a password in a list"),
        pytest.param("tls.yaml", "secret: |\n  hunter2\n", id="a block in YAML"),
        pytest.param("list", "hunter2\nhunter3\n", id="lines that say nothing"),
        pytest.param("number", 1234567, id="a number"),
        pytest.param("kubeconfig", "users:\n- user:\n    token: abcdef\n", id="a kubeconfig"),
        pytest.param("htpasswd", "admin:$apr1$x$abc", id="a hash that can be cracked"),
        pytest.param("key.txt", "AGE-SECRET-KEY-1QQQQ", id="an age key"),
    ],
)
def test_a_literal_value_is_an_error_on_its_line(ask: Ask, key: str, value: object) -> None:
    found = ask(ASK, secret(key, value))

    assert [(at.line, problem.path, problem.severity) for at, problem in found] == [(8, ("stringData", key), None)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("password", "", id="an empty value"),
        pytest.param("password", None, id="null"),
        pytest.param("password", "${DB_PASSWORD}", id="a Flux variable"),
        pytest.param("password", "${DB_PASSWORD:=}", id="a Flux variable with a default"),
        pytest.param("password", "$(DB_PASSWORD)", id="a Kubernetes variable"),
        pytest.param("password", "{{ .password }}", id="a template"),
        pytest.param("password", "<path:kv/data/shop#password>", id="argocd-vault-plugin"),
        pytest.param("password", "vault:secret/data/shop#password", id="bank-vaults"),
        pytest.param("password", "op://vault/shop/password", id="1Password"),
        pytest.param("password", "ref+awssecrets://shop/password", id="vals"),
        pytest.param("password", "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]", id="SOPS"),
        pytest.param("tls.crt", CERTIFICATE, id="a public certificate"),
        pytest.param("id.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx8 me@host", id="a public SSH key"),
        pytest.param("known_hosts", "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMq", id="known hosts"),
        pytest.param("username", "shop", id="a user name"),
        pytest.param("POSTGRES_HOST", "db.shop.svc", id="a host"),
        pytest.param("keyStorePath", "/etc/keys/store.jks", id="a path"),
        pytest.param("type", "git", id="the type of an Argo CD repository"),
        pytest.param("insecure", "true", id="a switch"),
        pytest.param("app.properties", "# settings\nlevel=info\nretries=3\n", id="a file of settings"),
        pytest.param("config.ini", "user = shop\npassword = ${PASSWORD}\n", id="a file with a placeholder"),
        pytest.param(".dockerconfigjson", '{"auths":{}}', id="no registry"),
        pytest.param(".dockerconfigjson", '{"auths":{"ghcr.io":{}}}', id="a registry without login"),
    ],
)
@pytest.mark.parametrize("field", ["data", "stringData"])
def test_what_is_no_secret_is_not_found(ask: Ask, key: str, value: str | None, field: str) -> None:
    written = encoded(value) if field == "data" and isinstance(value, str) else value

    assert ask(ASK, secret(key, written, field)) == []


@pytest.mark.parametrize("value", ["changeme", "<YOUR_KEY>", "example", "your-token-here", "__REPLACE_ME__", "xxxxxx"])
def test_a_dummy_is_a_warning_since_somebody_deploys_it(ask: Ask, value: str) -> None:
    found = ask(ASK, secret("password", value))

    assert [problem.severity for _, problem in found] == [Severity.WARNING]


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        pytest.param(
            "kubernetes.io/dockerconfigjson",
            ".dockerconfigjson",
            '{"auths":{"ghcr.io":{"auth":"bWU6aHVudGVyMg=="}}}',
            id="a registry",
        ),
        pytest.param("kubernetes.io/basic-auth", "password", "hunter2", id="basic auth"),
        pytest.param("kubernetes.io/ssh-auth", "ssh-privatekey", PRIVATE_KEY, id="SSH"),
        pytest.param("kubernetes.io/tls", "tls.key", PRIVATE_KEY, id="TLS"),
        pytest.param("bootstrap.kubernetes.io/token", "token-secret", "f395accd246ae52d", id="bootstrap token"),
        pytest.param("kubernetes.io/service-account-token", "token", "eyJhbGciOi.eyJpc3Mi.c2ln", id="service account"),
    ],
)
def test_base64_is_decoded_in_secrets_of_every_type(ask: Ask, kind: str, key: str, value: str) -> None:
    found = ask(ASK, secret(key, encoded(value), "data", type=kind))

    assert [problem.path for _, problem in found] == [("data", key)]
    assert sha256(value.encode()).hexdigest()[:4] in found[0][1].message


def test_the_public_half_of_a_bootstrap_token_is_fine(ask: Ask) -> None:
    assert ask(ASK, secret("token-id", encoded("5emitj"), "data", type="bootstrap.kubernetes.io/token")) == []


def test_a_value_that_is_no_base64_stands_there_in_clear(ask: Ask) -> None:
    assert [problem.path for _, problem in ask(ASK, secret("password", "not base64!", "data"))] == [
        ("data", "password")
    ]


def test_a_value_that_is_no_text_is_found(ask: Ask) -> None:
    assert [p.path for _, p in ask(ASK, secret("store.jks", encoded(b"\xfe\xed\xfe\xed\x00"), "data"))] == [
        ("data", "store.jks")
    ]


def test_a_leaf_that_was_added_to_a_sops_file_after_encryption_is_found(ask: Ask) -> None:
    text = """\
        apiVersion: v1
        kind: Secret
        metadata: {name: it}
        stringData:
          old: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]
          new: hunter2
        sops: {mac: "ENC[AES256_GCM,data:x]", version: 3.9.0, age: [{recipient: age1x}]}
        """

    assert [(at.line, problem.path[-1]) for at, problem in ask(ASK, text)] == [(6, "new")]


def test_items_of_a_list_and_values_behind_aliases_are_found_where_they_stand(ask: Ask) -> None:
    text = """\
        apiVersion: v1
        kind: List
        items:
          - apiVersion: v1
            kind: Secret
            metadata: {name: one}
            stringData:
              first: &it hunter2
              again: *it
        """

    assert [at.line for at, _ in ask(ASK, text)] == [8, 9]


def test_angle_brackets_are_fields_where_an_annotation_names_a_vault(ask: Ask) -> None:
    metadata = {"name": "it", "annotations": {"avp.kubernetes.io/path": "kv/data/shop"}}

    assert ask(ASK, secret("password", "<password>", metadata=metadata)) == []


def test_other_kinds_called_secret_are_left_alone(ask: Ask) -> None:
    assert ask(ASK, secret("password", "hunter2").replace('"v1"', '"bitnami.example/v1"')) == []


def test_the_source_line_is_never_shown() -> None:
    assert not plaintext_secret.excerpt


@given(
    key=st.sampled_from(["password", "config.yaml", "tls.key", ".dockerconfigjson", "x"]),
    value=st.text(min_size=6, max_size=200),
    field=st.sampled_from(["data", "stringData"]),
    wrapped=st.booleans(),
)
def test_no_piece_of_a_value_is_in_a_message(key: str, value: str, field: str, wrapped: bool) -> None:
    raw = encoded(value.encode("utf-8", "surrogatepass")) if wrapped else value
    repository = tree.from_files({"a.json": secret(key, raw, field).encode()})
    said = " ".join(
        f"{problem.message} {problem.fix}"
        for resource in repository.resources
        for problem in plaintext_secret.run(resource, {})
    )
    known = (
        "holds a private key in plain text holds a dummy somebody will deploy it replace the secret, then keep it "
        "encrypted (SOPS, Sealed Secrets) or refer to it (ExternalSecret) a secret in plain text (SHA-256"
    )

    pieces = {text[at : at + 6] for text in (value, raw) for at in range(len(text) - 5)}
    assert {
        piece for piece in pieces if piece in said and piece not in known and piece not in f"`{field}.{key}`"
    } == set()


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("a" * 1_000_000, id="one long word"),
        pytest.param("a=" * 200_000, id="equal signs"),
        pytest.param("change" * 100_000, id="the beginning of a dummy"),
        pytest.param("${" * 200_000, id="open placeholders"),
        pytest.param("{{" * 200_000, id="open templates"),
        pytest.param("http://a:" * 100_000, id="open logins"),
        pytest.param("-----BEGIN " * 50_000, id="open PEM blocks"),
        pytest.param("ssh-rsa AAAA" * 50_000, id="open SSH keys"),
        pytest.param("x x AAAA " * 50_000, id="almost known hosts"),
        pytest.param("ab1" * 200_000, id="turns"),
        pytest.param("a b: " * 100_000, id="assignments in one line"),
        pytest.param("{" * 300_000, id="open mappings"),
        pytest.param("a ;" * 200_000, id="separators"),
        pytest.param(" " * 300_000 + "x", id="blanks"),
        pytest.param("x\n" + "\t" * 300_000 + "x", id="blanks at the start of a line"),
        pytest.param("x\na" + " " * 300_000 + "x", id="blanks behind a name"),
        pytest.param("\n".join(["aB_1"] * 100_000), id="lines"),
    ],
)
def test_hostile_values_are_judged_in_linear_time(value: str) -> None:
    repository = tree.from_files({"a.json": secret("config", value).encode()})
    started = time.process_time()

    list(plaintext_secret.run(repository.resources[0], {}))

    assert time.process_time() - started < 2.0


@pytest.mark.parametrize("value", ["$HOME", "${{ secrets.X }}", "{% if x %}", "#{TOKEN}#", "prefix-${NAME}-suffix"])
def test_other_placeholders_are_known(value: str) -> None:
    assert is_placeholder(value)


@pytest.mark.parametrize("value", ["$2y$10$abcdefghijklmnopqrstuv", "$apr1$x$abc", "a}b{c", "costs $5", "op:/x", "{}"])
def test_what_only_looks_like_a_placeholder_is_none(value: str) -> None:
    assert not is_placeholder(value)


def test_a_value_that_is_a_list_is_a_secret_all_the_same(ask: Ask) -> None:
    assert [problem.severity for _, problem in ask(ASK, secret("password", ["hunter2"]))] == [None]


DUMMY = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\nstringData:\n  password: __REPLACE_ME__\n"
REPLACEMENTS = "- source: {kind: ConfigMap, name: a}\n  targets:\n  - select: {kind: Secret, name: shop}\n"


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"a/kustomization.yaml": "resources: []\n"}, id="that no kustomization lists"),
        pytest.param(
            {
                "a/kustomization.yaml": "resources: [secret.yaml]\n",
                "b/kustomization.yaml": "replacements:\n" + REPLACEMENTS,
            },
            id="that a replacement writes into",
        ),
        pytest.param(
            {
                "a/kustomization.yaml": "resources: [secret.yaml]\nreplacements: [{path: replace.yaml}]\n",
                "a/replace.yaml": REPLACEMENTS,
            },
            id="that a replacement in a file of its own writes into",
        ),
    ],
)
def test_a_dummy_is_left_alone_in_a_secret(ask: Ask, files: dict[str, str]) -> None:
    real = DUMMY.replace("__REPLACE_ME__", "x9-Tq2-LmZ")

    assert ask("plaintext-secret", {**files, "a/secret.yaml": DUMMY}) == []
    assert [at.line for at, _ in ask("plaintext-secret", {**files, "a/secret.yaml": real})] == [6]
    assert [at.line for at, _ in ask("plaintext-secret", {"a/secret.yaml": DUMMY})] == [6]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("stringData:\n  user: storageos\n  password: storageos\n", id="the name of its user"),
        pytest.param("type: kubernetes.io/quobyte\nstringData:\n  password: quobyte\n", id="the name of the product"),
    ],
)
def test_the_login_that_a_product_comes_with_is_a_warning(ask: Ask, text: str) -> None:
    found = ask("plaintext-secret", f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\n{text}")

    assert [problem.severity for _, problem in found] == [Severity.WARNING]
