"""The rules about secrets on documents of any shape: no crash, and no piece of a value in a message."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitops_guard import check
from gitops_guard.load import tree
from gitops_guard.load.config import Config
from gitops_guard.rules import all_rules
from tests.rules.test_secret_in_config import KEY, SECRET, SECRET_RULES

RULES = {name: rule for name, rule in all_rules().items() if name in SECRET_RULES}
KINDS = ["ConfigMap", "Secret", "HelmRelease", "Application", "Kustomization", "ExternalSecret", "SopsSecret", "Pod"]
FIELDS = [
    "annotations", "args", "data", "env", "envs", "files", "helm", "kind", "kustomize", "literals", "metadata", "name",
    "op", "parameters", "password", "patch", "patches", "path", "secretGenerator", "secretTemplates", "source", "spec",
    "stringData", "target", "template", "templateFrom", "token", "value", "values", "postRenderers",
]  # fmt: skip
TEXTS = [
    SECRET, KEY, f"password: {SECRET}\n", f"- op: add\n  path: /data/x\n  value: {SECRET}\n", "- op: add\n  path: 1\n",
    f"postgres://a:{SECRET}@c", f"kind: Secret\nstringData: {{a: {SECRET}}}\n", "{{ x }}", "", "--password", "a=b",
    f"\u0130=password={SECRET}\n\u0130",
]  # fmt: skip

bodies = st.recursive(
    st.sampled_from([*TEXTS, None, 1, 1.5, True]),
    lambda inner: st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5) | st.lists(inner, max_size=4),
    max_leaves=30,
)


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(body=bodies, kind=st.sampled_from(KINDS), name=st.sampled_from(["a.yaml", "kustomization.yaml", "values.yaml"]))
def test_any_document_is_read_and_no_value_is_shown(body: Any, kind: str, name: str) -> None:
    whole = {**body, "apiVersion": "v1", "kind": kind} if isinstance(body, dict) else body
    files = {
        name: json.dumps(whole).encode(),
        "patch.yaml": json.dumps([{"op": "add", "path": "/a", "value": body}]).encode(),
    }

    report = check.check(tree.from_files(files), RULES, Config())

    assert not report.crashes
    assert not any(SECRET in finding.message for finding in report.findings)


@pytest.mark.parametrize("number", [10, 150, 400])
def test_deep_bodies_end(number: int) -> None:
    body: Any = {"password": SECRET}
    for _ in range(number):
        body = {"spec": [body]}

    report = check.check(
        tree.from_files({"a.json": json.dumps({"kind": "X", "apiVersion": "v1", **body}).encode()}), RULES, Config()
    )

    assert not report.crashes
