"""Credentials outside of Secrets: what is found and where, what is fine, and that no value is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from textwrap import dedent
from typing import Any

import pytest

from gitops_guard import check
from gitops_guard.load import tree
from gitops_guard.load.config import Config
from gitops_guard.model import embedded, leaves
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location
from gitops_guard.rules import all_rules

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "secret-in-config"
SECRET = "x9-Tq2" + "-LmZw"  # made up, so that no scanner of this repository is alarmed
DRAWN = "5e9326eeac8d40bf" + "9060e91dbe9d9000"
KEY = "-----BEGIN EC PRIVATE " + "KEY-----\nMHcCAQEEIIrYSSNQFaA2\n-----END EC PRIVATE " + "KEY-----\n"
SECRET_RULES = ("plaintext-secret", "secret-in-config", "secret-in-values", "secret-in-generator", "secret-in-template")


def found(files: dict[str, str] | str) -> list[tuple[str, int, str]]:
    """File, line and rule of all findings of the rules about secrets, as the engine tells them."""
    named = {"file.yaml": files} if isinstance(files, str) else files
    data = {path: dedent(text).encode() for path, text in named.items()}
    rules = {name: rule for name, rule in all_rules().items() if name in SECRET_RULES}
    report = check.check(tree.from_files(data), rules, Config())
    assert not report.crashes
    return [(f.location.file, f.location.line, f.rule) for f in report.findings]


def config_map(key: str, value: str) -> str:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "it"}, "data": {key: value}}
    return json.dumps(body, indent=1)


def pod(**container: Any) -> str:
    spec = {"containers": [{"name": "it", "image": "it:1", **container}]}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "it"}, "spec": spec}, indent=1)


def custom(**spec: Any) -> str:
    body = {"apiVersion": "example.com/v1", "kind": "Database", "metadata": {"name": "it"}, "spec": spec}
    return json.dumps(body, indent=1)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("password", SECRET, id="a password"),
        pytest.param("DB_PASSWORD", "postgres", id="a password that is a word"),
        pytest.param("DB_PASS", SECRET, id="pass behind something"),
        pytest.param("PGPASSWORD", "abd9", id="a joined name"),
        pytest.param("REDIS_PASSWORD_PROD", SECRET, id="an environment behind the name"),
        pytest.param("db-password.txt", SECRET, id="a file that is a password"),
        pytest.param("api-token", DRAWN, id="a token"),
        pytest.param("API_KEY", DRAWN, id="a key"),
        pytest.param("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI" + "bPxRfiCYzz", id="a key of AWS"),
        pytest.param("JWT_SECRET", "supersecret", id="a secret that is a word"),
        pytest.param("clientSecret", SECRET, id="a client secret"),
        pytest.param("encryption-key", DRAWN, id="an encryption key"),
        pytest.param("DATABASE_URL", f"postgres://shop:{SECRET}@db/shop", id="an address with a login"),
        pytest.param("dsn", f"shop:{SECRET}@tcp(db:3306)/shop", id="an address of Go"),
        pytest.param("connection", f"Server=db;User Id=sa;Password={SECRET};", id="a connection string"),
        pytest.param("JAVA_OPTS", f"-Xmx1g -Ddb.password={SECRET}", id="a property of Java"),
        pytest.param("auth", f"Basic {DRAWN}", id="an authorization"),
        pytest.param("tls.key", KEY, id="a private key"),
        pytest.param("config.json", json.dumps({"user": "a", "password": SECRET}), id="JSON in one line"),
        pytest.param("config.json", json.dumps({"db": {"password": SECRET}}, indent=1), id="JSON"),
        pytest.param("app.yaml", f"db:\n  user: a\n  password: {SECRET}\n", id="YAML"),
        pytest.param("app.yaml", f"db: {{user: a, password: {SECRET}}}\n", id="YAML in one line"),
        pytest.param("app.yaml", f"env:\n- name: DB_PASSWORD\n  value: {SECRET}\n", id="a pair in YAML"),
        pytest.param("app.yaml", f"db:\n  password: |\n    {SECRET}\n", id="a block in YAML"),
        pytest.param("app.properties", f"db.user=a\ndb.password={SECRET}\n", id="properties"),
        pytest.param("app.ini", f"[db]\nuser = a\npassword = {SECRET}\n", id="INI"),
        pytest.param("app.toml", f'[db]\nuser = "a"\npassword = "{SECRET}"\n', id="TOML"),
        pytest.param(".env", f"USER=a\nexport DB_PASSWORD='{SECRET}'\n", id="an env file"),
        pytest.param("redis.conf", f"port 6379\nrequirepass {SECRET}\n", id="a directive of Redis"),
        pytest.param("settings.xml", f"<a>\n<password>{SECRET}</password>\n</a>", id="XML"),
        pytest.param("web.xml", f'<a>\n<property name="password" value="{SECRET}"/>\n</a>', id="attributes of XML"),
        pytest.param("init.sql", f"\nCREATE USER a WITH PASSWORD '{SECRET}';\n", id="SQL"),
        pytest.param(".npmrc", f"a=b\n//registry.example.com/:_authToken={DRAWN}\n", id="npm"),
        pytest.param("wp-config.php", f"<?php\ndefine('DB_PASSWORD', '{SECRET}');\n", id="PHP"),
        pytest.param("gitlab.rb", f"a\nrails['smtp_password'] = \"{SECRET}\"\n", id="Ruby"),
        pytest.param("pipe.conf", f"x {{\n output {{ user => 'a' password => '{SECRET}' }}\n}}", id="Logstash"),
        pytest.param("kubeconfig", f"users:\n- user:\n    client-key-data: {DRAWN}\n", id="a kubeconfig"),
        pytest.param("apiKey", "ZkAbQpLr" + "TsWxNdVe", id="letters that are no words"),
        pytest.param("run.sh", f"#!/bin/sh\nexec it --password {SECRET} --verbose\n", id="an option in a script"),
        pytest.param("run.sh", f"#!/bin/sh\nmysql -u root -p{SECRET} shop\n", id="mysql in a script"),
        pytest.param("run.sh", f"#!/bin/sh\ncurl -s -u admin:{SECRET} http://it\n", id="curl in a script"),
        pytest.param("nginx.conf", f'a;\nproxy_set_header Authorization "Basic {DRAWN}";', id="a header"),
    ],
)
def test_a_credential_in_a_config_map_is_an_error(ask: Ask, key: str, value: str) -> None:
    answers = ask(ASK, config_map(key, value))

    assert [(at.line, problem.path, problem.severity) for at, problem in answers] == [(8, ("data", key), None)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("password", "", id="nothing"),
        pytest.param("password", "${DB_PASSWORD}", id="a Flux variable"),
        pytest.param("password", "$(DB_PASSWORD)", id="a Kubernetes variable"),
        pytest.param("password", "{{ .password }}", id="a template"),
        pytest.param("password", "<path:kv/data/shop#password>", id="argocd-vault-plugin"),
        pytest.param("password", "vault:secret/data/shop#password", id="bank-vaults"),
        pytest.param("password", "op://vault/shop/password", id="1Password"),
        pytest.param("password", "ref+awssecrets://shop/password", id="vals"),
        pytest.param("password", "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]", id="SOPS"),
        pytest.param("password", "/run/secrets/password", id="a path"),
        pytest.param("trustStorePassword", "changeit", id="a truststore of public certificates"),
        pytest.param("ETCD_INITIAL_CLUSTER_TOKEN", "etcd-cluster-1-a83kd92", id="an identifier of etcd"),
        pytest.param("PASSWORD", "shop-database-password", id="the name of a key"),
        pytest.param("passwordHash", "$2a$10$8zqjxKvJk5dRz0yXo4uEvuabcdefgh", id="a slow hash"),
        pytest.param("passwordFile", "password.txt", id="a file"),
        pytest.param("passwordSecretName", "shop-database", id="the name of a Secret"),
        pytest.param("existingSecret", "shop-database-2", id="an existing Secret"),
        pytest.param("tlsSecret", "shop-tls-2024x", id="a Secret for TLS"),
        pytest.param("secret", "shop-database", id="a Secret by its name"),
        pytest.param("SECRET_KEY_NAME", "key5", id="the name of a key in capitals"),
        pytest.param("DB_SECRET", "shop-database", id="a Secret in capitals"),
        pytest.param("tokenTTL", "3600", id="seconds"),
        pytest.param("passwordLength", "12", id="a length"),
        pytest.param("password-policy", "strong", id="a policy"),
        pytest.param("MAX_TOKENS", "4096", id="a number of tokens"),
        pytest.param("ALLOW_EMPTY_PASSWORD", "yes", id="a switch"),
        pytest.param("auth", "basic", id="a way of authentication"),
        pytest.param("AUTH", "enabled", id="a switch in capitals"),
        pytest.param("TOKEN_URL", "https://login.example/oauth/token", id="an address"),
        pytest.param("token", "https://login.example/oauth/token", id="an address without a login"),
        pytest.param("url", "https://login.example/x?user=a@example.com", id="an address with an @"),
        pytest.param("publicKey", DRAWN, id="a public key"),
        pytest.param("AWS_ACCESS_KEY_ID", "AKIA" + "Q3EGRZ4XK7WJ2L5M", id="the public half of a key"),
        pytest.param("partitionKey", "customer5Id", id="a key of a table"),
        pytest.param("key", "value-5x", id="a key"),
        pytest.param("password", "?*", id="a pattern"),
        pytest.param("password", "string", id="a type"),
        pytest.param("client_secret", "$__file{/etc/secrets/client_secret}", id="a variable of Grafana"),
        pytest.param("clientSecret", "$oidc.okta.clientSecret", id="a key of the Secret of Argo CD"),
        pytest.param("password", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbC5", id="an ARN"),
        pytest.param("secret", "projects/123456/secrets/db5/versions/latest", id="a secret of Google"),
        pytest.param("NEXT_PUBLIC_API_KEY", "abc5x6y7z8", id="a key that browsers get"),
        pytest.param("monkey", "banana42x", id="another word"),
        pytest.param("tls.crt", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", id="a certificate"),
        pytest.param("app.yaml", "# password: hunter2\nuser: a\n", id="a comment"),
        pytest.param("app.py", "password = os.environ['PASSWORD']\n", id="what Python computes"),
        pytest.param("app.js", "const password = req.body.password;\ntoken = getToken();\n", id="JavaScript"),
        pytest.param("run.sh", "PASSWORD=$(cat /run/password)\nTOKEN=$1\nX=\"$PASSWORD\"\n", id="a shell"),
        pytest.param("run.sh", 'it --password "$PASSWORD" --token-file /x\n', id="an option with a variable"),
        pytest.param("ui.json", '{\n"password": "Your password",\n"oldPassword": "Your old password?"}', id="UI"),
        pytest.param("app.yaml", "auth:\n  secretKeyRef:\n    name: shop-5x\n    key: password\n", id="a reference"),
        pytest.param("app.yaml", "url: postgres://shop:${PASSWORD}@db/shop\n", id="a variable in an address"),
        pytest.param("app.yaml", "password: {{ .Values.x }}\nx: pg://a:{{ x }}@b\n", id="{{"),
        pytest.param("image", "ghcr.io/example/token:1@sha256:" + "0a1b" * 16, id="an image"),
        pytest.param("checksum/secret", DRAWN * 2, id="a checksum"),
    ],
)  # fmt: skip
def test_what_is_no_credential_is_not_found(ask: Ask, key: str, value: str) -> None:
    assert ask(ASK, config_map(key, value)) == []
    assert ask(ASK, pod(env=[{"name": key, "value": value}])) == []
    assert ask(ASK, custom(**{key: value})) == []


@pytest.mark.parametrize(
    "value",
    ["changeme", "<YOUR_KEY>", "example", "your-token-here", "xxxxx", "yourpassword", "mykeystorepass", "Y2hhbmdlbWU="],
)
def test_a_dummy_is_a_warning_since_somebody_deploys_it(ask: Ask, value: str) -> None:
    assert [p.severity for _, p in ask(ASK, config_map("DB_PASSWORD", value))] == [Severity.WARNING]


@pytest.mark.parametrize("value", ["example-com-tls", "default", "test", "string"])
def test_a_plain_word_is_no_dummy_of_a_token(ask: Ask, value: str) -> None:
    assert ask(ASK, custom(secret=value, token=value)) == []


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Pod", ["spec"]),
        ("Deployment", ["spec", "template", "spec"]),
        ("CronJob", ["spec", "jobTemplate", "spec", "template", "spec"]),
        ("Rollout", ["spec", "template", "spec"]),
    ],
)
@pytest.mark.parametrize("group", ["containers", "initContainers", "ephemeralContainers"])
def test_env_of_every_container_is_judged_at_its_value(ask: Ask, kind: str, path: list[str], group: str) -> None:
    body: Any = {group: [{"name": "it", "env": [{"name": "DB_PASSWORD", "value": SECRET}]}]}
    for key in reversed(path):
        body = {key: body}
    text = json.dumps({"apiVersion": "v1", "kind": kind, "metadata": {"name": "it"}, **body})

    assert [p.path for _, p in ask(ASK, text)] == [(*path, group, 0, "env", 0, "value")]


@pytest.mark.parametrize(
    ("items", "at"),
    [
        ([f"--password={SECRET}"], 0),
        (["--user", "a", "--db-password", SECRET], 3),
        (["-c", f"exec it --password {SECRET}"], 1),
        (["mysqldump", "-uroot", f"-p{SECRET}"], 2),
        (["sh", "-c", f"mysqladmin ping -u root -p{SECRET}"], 2),
        (["redis-server", "--requirepass", SECRET], 2),
        (["/usr/bin/redis-cli", "-a", SECRET, "ping"], 2),
        (["sshpass", "-p", SECRET, "ssh", "host"], 2),
        (["sh", "-c", f"redis-cli -a {SECRET} ping"], 2),
        (["sh", "-c", f"PGPASSWORD={SECRET} psql -h db"], 2),
        ([f"--url=postgres://a:{SECRET}@db"], 0),
        ([f"--header=Authorization: Bearer {DRAWN}"], 0),
    ],
)
@pytest.mark.parametrize("field", ["args", "command"])
def test_arguments_are_judged(ask: Ask, items: list[str], at: int, field: str) -> None:
    assert [p.path[-2:] for _, p in ask(ASK, pod(**{field: items}))] == [(field, at)]


@pytest.mark.parametrize(
    "items",
    [
        ["--password-file=/run/secrets/password", "--token=$(TOKEN)"],
        ["--password", "--verbose"],
        ["--password", "$(PASSWORD)"],
        ["it", "-p8080"],
        ["-cert-key=/etc/tls/tls.key", "--cookie-secret-file=/etc/cookie"],
        ["sh", "-c", "mkdir -p /data && cp -p /a /b"],
        ["--auth=token", "--authorization-mode=RBAC,Node", "--token-ttl=1h"],
        ["--secret=shop/database", "--credentials=default"],
    ],
)
def test_arguments_that_hold_none(ask: Ask, items: list[str]) -> None:
    assert ask(ASK, pod(args=items)) == []


@pytest.mark.parametrize(
    "spec",
    [
        {"database": {"auth": {"rootPassword": SECRET}}},
        {"users": [{"name": "a", "password": SECRET}]},
        {"passwords": [SECRET]},
        {"headers": [{"name": "Authorization", "value": f"Bearer {DRAWN}"}]},
        {"parameters": [{"key": "db.password", "value": SECRET}]},
        {"webhook": {"secretKey": DRAWN}},
        {"postBuild": {"substitute": {"DB_PASSWORD": SECRET}}},
        {"a": {"b": {"c": {"d": {"e": [[{"apiKey": DRAWN}]]}}}}},
        {"pin": {"password": 83027461}},
        {"raw": f"user: a\npassword: {SECRET}\n"},
    ],
)
def test_custom_resources_are_judged_at_any_depth(ask: Ask, spec: dict[str, Any]) -> None:
    assert len(ask(ASK, custom(**spec))) == 1


def test_annotations_are_judged_also_those_of_pods(ask: Ask) -> None:
    text = f"""\
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: it
          annotations:
            example.com/api-token: {DRAWN}
            checksum/secret: {DRAWN * 2}
        spec:
          template:
            metadata:
              annotations:
                example.com/config: '{{"password": "{SECRET}"}}'
        """

    assert [at.line for at, _ in ask(ASK, text)] == [6, 12]


def test_a_line_inside_of_a_block_is_told(ask: Ask) -> None:
    text = f"""\
        apiVersion: v1
        kind: ConfigMap
        metadata: {{name: it}}
        data:
          app.yaml: |-  # settings

            user: a

            password: {SECRET}
            url: redis://:{SECRET}@cache
          folded: >
            user: a

            password: {SECRET}
        """

    assert [(at.line, at.column) for at, _ in ask(ASK, text)] == [(9, 5), (10, 5), (11, 11)]


def test_values_behind_aliases_and_in_lists_stand_where_they_are_used(ask: Ask) -> None:
    text = f"""\
        apiVersion: v1
        kind: List
        items:
          - apiVersion: v1
            kind: ConfigMap
            metadata: {{name: one}}
            data: &data
              password: &it {SECRET}
              app.yaml: |
                password: {SECRET}
          - apiVersion: v1
            kind: ConfigMap
            metadata: {{name: two}}
            data:
              PASSWORD: *it
        """

    assert [at.line for at, _ in ask(ASK, text)] == [8, 10, 15]


def test_one_secret_is_one_finding_whatever_it_lies_in() -> None:
    kinds = {
        "Secret": f"stringData: {{password: {SECRET}}}",
        "ConfigMap": f"data: {{password: {SECRET}}}",
        "HelmRelease": f"spec: {{values: {{password: {SECRET}}}}}",
        "ExternalSecret": f"spec: {{target: {{template: {{data: {{password: {SECRET}}}}}}}}}",
        "SealedSecret": f"spec: {{template: {{data: {{password: {SECRET}}}}}}}",
        "Application": f"spec: {{source: {{helm: {{valuesObject: {{password: {SECRET}}}}}}}}}",
    }

    documents = [f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: it}}\n{rest}\n" for kind, rest in kinds.items()]

    assert [(line, rule) for _, line, rule in found("---\n".join(documents))] == [
        (4, "plaintext-secret"), (9, "secret-in-config"), (14, "secret-in-values"),
        (19, "secret-in-template"), (24, "secret-in-template"), (29, "secret-in-values"),
    ]  # fmt: skip


def test_what_kubectl_left_of_a_secret_in_an_annotation_is_found_once() -> None:
    applied = json.dumps({"apiVersion": "v1", "kind": "Secret", "data": {"password": "aHVudGVyMiE="}})
    text = f"""\
        apiVersion: v1
        kind: Secret
        metadata:
          name: it
          annotations:
            kubectl.kubernetes.io/last-applied-configuration: '{applied}'
        data:
          password: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]
        """

    assert found(text) == [("file.yaml", 6, "plaintext-secret")]


def test_the_message_names_the_key_and_four_digits_of_a_hash(ask: Ask) -> None:
    [(_, problem)] = ask(ASK, config_map("DB_PASSWORD", SECRET))

    assert problem.message == (
        f"`data.DB_PASSWORD` holds a secret in plain text (SHA-256 {sha256(SECRET.encode()).hexdigest()[:4]}…)"
    )


def test_options_add_names_and_allow_names_and_values(ask: Ask) -> None:
    text = config_map("CARD_PIN", "8302") + "\n---\n" + config_map("LOCAL_PASSWORD", "local-only")

    assert [p.path[-1] for _, p in ask(ASK, text, names=["*_pin"])] == ["CARD_PIN", "LOCAL_PASSWORD"]
    assert ask(ASK, text, allow_names=["local_*"]) == []
    assert ask(ASK, text, allow_values=["local-*"]) == []


def test_names_that_are_added_are_seen_in_texts_and_patches_too() -> None:
    reader = leaves.Reader(("*_pin",), (), ())

    assert [leak.line for leak in reader.leaks({"a.ini": "x=1\ncard_pin=8302x\n"})] == [1]


@pytest.mark.parametrize(
    "body",
    [
        {"data": None}, {"data": []}, {"data": {"password": None}}, {"data": {"password": True}}, {"data": "text=1"},
        {"metadata": []}, {"metadata": {"annotations": ["password"]}}, {"spec": {"containers": "x"}},
        {"spec": {"containers": [None, 1, {"env": {"a": 1}, "args": {"b": 2}, "command": [None, 1, ["x"]]}]}},
        {"spec": {"env": [{"name": 1, "value": "x"}, {"name": "PASSWORD", "value": {"x": 1}}, {"value": None}]}},
        {"spec": {1: "x", None: "y", ("a",): "z"}},
    ],
)  # fmt: skip
def test_values_of_any_type_are_read_without_a_crash(body: dict[str, Any]) -> None:
    for kind in ("ConfigMap", "Pod", "HelmRelease", "Application", "Kustomization", "Secret"):
        resource = tree.from_files({"a.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: it}\n"}).resources[0]
        object.__setattr__(resource, "body", body)
        object.__setattr__(resource, "id", resource.id._replace(kind=kind))

        for rule in all_rules().values():
            if rule.id in SECRET_RULES and rule.scope == "resource":
                list(rule.run(resource, {}))


def test_a_body_that_contains_itself_ends() -> None:
    body: dict[str, Any] = {"password": SECRET}
    body["again"] = body
    body["list"] = [body["list"]] if "list" in body else [[]]

    assert len(leaves.reader({}).leaks(body)) > 0


def test_the_source_line_is_never_shown() -> None:
    assert not any(all_rules()[name].excerpt for name in SECRET_RULES)


def test_lines_of_embedded_texts_are_counted_from_zero() -> None:
    assert list(embedded.assignments("a: 1\npassword: x\n", lambda name: name == "password", ["pass"])) == [
        embedded.Assigned(1, "password", "x", quoted=False)
    ]


@pytest.mark.parametrize("text", [f"x\n{DRAWN}password==\n", f"a: 1\nAb{DRAWN}_pwd=abc\n"])
def test_what_stands_in_place_of_a_name_and_looks_drawn_is_not_shown(ask: Ask, text: str) -> None:
    answers = [*ask(ASK, config_map("it", text)), *ask(ASK, pod(args=[f"-p{DRAWN}token", "x"]))]

    assert not any(DRAWN[:6] in problem.message for _, problem in answers)
