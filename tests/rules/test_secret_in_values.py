"""Credentials among the values of charts: in values files, in Flux and Argo CD, in kustomizations."""

from __future__ import annotations

import json
from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location
from tests.rules.test_secret_in_config import DRAWN, SECRET, found

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "secret-in-values"


def of_kind(kind: str, spec: dict[str, Any]) -> str:
    return json.dumps({"apiVersion": "it/v1", "kind": kind, "metadata": {"name": "it"}, "spec": spec})


SOURCE = {"helm": {"parameters": [{"name": "auth.password", "value": SECRET}]}}
PARAMETER = ("helm", "parameters", 0, "value")
OBJECT = ("source", "helm", "valuesObject")
TEMPLATE = ("template", "spec")


@pytest.mark.parametrize(
    ("kind", "spec", "path"),
    [
        ("HelmRelease", {"values": {"a": {"adminPassword": SECRET}}}, ("values", "a", "adminPassword")),
        ("HelmRelease", {"values": {"env": [{"name": "TOKEN", "value": DRAWN}]}}, ("values", "env", 0, "value")),
        ("Application", {"source": SOURCE}, ("source", *PARAMETER)),
        ("Application", {"sources": [{}, SOURCE]}, ("sources", 1, *PARAMETER)),
        ("Application", {"source": {"helm": {"values": f"a:\n  password: {SECRET}\n"}}}, ("source", "helm", "values")),
        ("Application", {"source": {"helm": {"valuesObject": {"pwd": SECRET}}}}, (*OBJECT, "pwd")),
        ("ApplicationSet", {"template": {"spec": {"source": SOURCE}}}, (*TEMPLATE, "source", *PARAMETER)),
        ("ApplicationSet", {"template": {"spec": {"sources": [SOURCE]}}}, (*TEMPLATE, "sources", 0, *PARAMETER)),
        ("HelmChart", {"valuesContent": f"password: {SECRET}\nx: 1\n"}, ("valuesContent",)),
        ("HelmChartConfig", {"set": {"auth.password": SECRET}}, ("set", "auth.password")),
    ],
)  # fmt: skip
def test_values_in_resources_are_judged(ask: Ask, kind: str, spec: dict[str, Any], path: tuple[Any, ...]) -> None:
    text = of_kind(kind, spec)

    assert [(p.path, p.severity) for _, p in ask(ASK, text)] == [(("spec", *path), None)]
    assert [rule for _, _, rule in found(text)] == [ASK]


@pytest.mark.parametrize("name", ["values.yaml", "values-production.yaml", "prod.values.yaml"])
def test_values_files_are_judged_at_their_lines(name: str) -> None:
    text = json.dumps({"a": 1, "auth": {"password": SECRET}}, indent=1)

    assert found({f"apps/shop/{name}": text}) == [(f"apps/shop/{name}", 4, ASK)]


def test_values_that_a_kustomization_gives_a_chart_are_judged() -> None:
    kustomization = f"""\
        helmCharts:
          - name: shop
            valuesInline:
              auth:
                password: {SECRET}
            valuesFile: shop.yaml
        """
    files = {"kustomization.yaml": kustomization, "shop.yaml": f"a: 1\npassword: {SECRET}\n"}

    assert found(files) == [("kustomization.yaml", 5, ASK), ("shop.yaml", 2, ASK)]


def test_a_patch_of_a_release_is_judged() -> None:
    patch = dedent(f"""\
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {{name: it}}
        spec:
          values:
            auth: {{password: {SECRET}}}
          postRenderers:
            - kustomize:
                patches:
                  - patch: |
                      apiVersion: v1
                      kind: ConfigMap
                      metadata: {{name: it}}
                      data:
                        password: {SECRET}
        """)

    assert found({"patches/patch.yaml": patch, "kustomization.yaml": "patches: [{path: patches/patch.yaml}]"}) == [
        ("patches/patch.yaml", 6, ASK)
    ]
    assert found(patch) == [("file.yaml", 6, ASK), ("file.yaml", 15, "secret-in-config")]


@pytest.mark.parametrize(
    "values",
    [
        {"password": ""},
        {"auth": {"existingSecret": "shop-2x", "secretKeys": {"adminPasswordKey": "postgres-password"}}},
        {"auth": {"existingSecretPasswordKey": "password", "passwordKey": "password5"}},
        {"secret": {"create": True, "name": "shop"}, "secretName": "shop-5x"},
        {"imagePullSecrets": [{"name": "registry5"}], "pullSecret": "registry5x"},
        {"tokenTTL": 3600, "passwordLength": 12, "password": None, "secret": False},
        {"auth": {"enabled": True, "type": "basic"}, "token": {"expiry": "1h"}},
        {"tls": {"secretName": "shop-tls", "key": "tls.key", "cert": "tls.crt"}},
        {"passwordSecretRef": {"name": "shop", "key": "password"}},
        {"env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]},
        {"password": "${PASSWORD}", "token": "<path:kv/data/a#token>", "url": "redis://:$(PASSWORD)@cache"},
        {"image": {"repository": "example/token", "tag": "1.2.3-5e9326ee"}},
        {"serviceAccount": {"automountServiceAccountToken": False}},
        {"config": {"authorization": "rbac", "credentials": "default-credentials"}},
        {"apiKeySecretName": "a5-b6", "keycloak": "a5b6c7d8e9"},
    ],
)
def test_values_that_are_no_credentials(ask: Ask, values: dict[str, Any]) -> None:
    assert ask(ASK, of_kind("HelmRelease", {"values": values})) == []


def test_a_dummy_is_a_warning(ask: Ask) -> None:
    [(_, problem)] = ask(ASK, of_kind("HelmRelease", {"values": {"adminPassword": "changeme"}}))

    assert problem.severity is Severity.WARNING


def test_an_empty_file_of_values_and_one_that_is_a_list_are_read() -> None:
    assert found({"values.yaml": "", "a/values.yaml": f"- password: {SECRET}\n", "b/values.yaml": "text"}) == []
