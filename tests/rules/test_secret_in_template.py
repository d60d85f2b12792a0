"""Credentials in the templates of Secrets that an operator fills in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location
from tests.rules.test_secret_in_config import DRAWN, KEY, SECRET, found

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "secret-in-template"


def of_kind(kind: str, spec: dict[str, Any]) -> str:
    return json.dumps({"apiVersion": "it/v1", "kind": kind, "metadata": {"name": "it"}, "spec": spec})


def external(data: dict[str, Any]) -> str:
    return of_kind("ExternalSecret", {"target": {"template": {"data": data}}})


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("ExternalSecret", {"target": {"template": {"data": {"password": SECRET}}}}),
        ("ExternalSecret", {"target": {"template": {"templateFrom": [{"literal": f"user: a\npassword: {SECRET}\n"}]}}}),
        ("ClusterExternalSecret", {"externalSecretSpec": {"target": {"template": {"data": {"token": DRAWN}}}}}),
        ("PushSecret", {"template": {"data": {"password": SECRET}}}),
        ("SealedSecret", {"template": {"data": {"password": SECRET}}}),
        ("SealedSecret", {"template": {"stringData": {"password": SECRET}}}),
        ("SopsSecret", {"secretTemplates": [{"name": "a", "stringData": {"password": SECRET}}]}),
        ("VaultStaticSecret", {"destination": {"transformation": {"templates": {"a": {"text": f"token={DRAWN}"}}}}}),
    ],
)  # fmt: skip
def test_templates_of_every_operator_are_judged_once(kind: str, spec: dict[str, Any]) -> None:
    assert [rule for _, _, rule in found(of_kind(kind, spec))] == [ASK]


@pytest.mark.parametrize(
    "data",
    [
        {"url": f"postgres://shop:{SECRET}@db/shop"},
        {"config.yaml": f"host: '{{{{ .host }}}}'\npassword: {SECRET}\n"},
        {"anything": DRAWN},
        {"tls.key": KEY},
        {"API_TOKEN": SECRET},
    ],
)
def test_literals_are_found(ask: Ask, data: dict[str, Any]) -> None:
    assert [(p.path[-1], p.severity) for _, p in ask(ASK, external(data))] == [(next(iter(data)), None)]


@pytest.mark.parametrize(
    "data",
    [
        {"password": "{{ .password }}"},
        {"url": "postgres://shop:{{ .password }}@db/shop", "type": "git", "project": "default"},
        {"config.yaml": "host: db\npassword: '{{ .password }}'\ntoken: {{ .token | b64dec }}\n"},
        {"username": "shop", "insecure": "false", "DB_HOST": "db.shop.svc", "level": "info", "region": "eu-west-1"},
        {"client_id": DRAWN},
        {"password": "", "token": None, "secret": ["a"]},
        {".dockerconfigjson": '{"auths": {"ghcr.io": {"auth": "{{ .auth }}"}}}'},
    ],
)
def test_what_a_template_is_for_is_fine(ask: Ask, data: dict[str, Any]) -> None:
    assert ask(ASK, external(data)) == []


def test_keys_and_ciphers_of_operators_are_no_literals() -> None:
    keys = {"secretKey": "AWS_SECRET_ACCESS_KEY5", "remoteRef": {"key": DRAWN, "property": "password5x"}}

    assert found(of_kind("ExternalSecret", {"data": [keys]})) == []
    assert found(of_kind("SealedSecret", {"encryptedData": {"password": "AgBy3i4OJSWK" + DRAWN}})) == []


def test_a_dummy_is_a_warning(ask: Ask) -> None:
    assert [p.severity for _, p in ask(ASK, external({"password": "changeme"}))] == [Severity.WARNING]


@pytest.mark.parametrize(
    "spec", [None, [], {"target": None}, {"target": {"template": []}}, {"target": {"template": {"templateFrom": [1]}}}]
)
def test_templates_of_any_shape_are_read_without_a_crash(spec: Any) -> None:
    assert found(of_kind("ExternalSecret", spec)) == []
