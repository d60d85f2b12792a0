"""No line of a file that holds a Secret is shown, whichever rule found something on it."""

from __future__ import annotations

import pytest

from gitops_guard import check
from gitops_guard.load import tree
from gitops_guard.load.config import Config
from gitops_guard.model.sensitive import holds_secret, is_secret_name, may_show
from gitops_guard.rules import all_rules

SECRET = b"""\
apiVersion: v1
kind: Secret
metadata: {name: it}
data:
  note: aHVudGVyMg==
  note: aHVudGVyMw==
---
apiVersion: v1
kind: Secret
metadata: {name: "it}
stringData: {note: Canary}
"""


def test_findings_of_other_rules_in_a_file_with_a_secret_have_no_excerpt() -> None:
    report = check.check(tree.from_files({"it.yaml": SECRET}), all_rules(), Config())

    assert {finding.rule for finding in report.findings} == {"duplicate-key", "plaintext-secret", "yaml-syntax"}
    assert [finding.excerpt for finding in report.findings if finding.excerpt] == []


@pytest.mark.parametrize(
    "text",
    [b"kind: Secret", b'"kind": "Secret"', b"kind:   'SealedSecret'", b"- kind: SopsSecret", b"kind: ExternalSecret"],
)
def test_a_kind_that_is_called_secret_is_seen_in_yaml_and_json(text: bytes) -> None:
    assert holds_secret(text)


@pytest.mark.parametrize("text", [b"kind: Deployment\nsecretName: x", b"kind: ConfigMap", b"secretKeyRef: {name: x}"])
def test_a_reference_to_a_secret_is_none(text: bytes) -> None:
    assert not holds_secret(text)


@pytest.mark.parametrize(
    "line",
    [
        "  password: hunter2",
        "  value: hunter2",
        '  "apiToken": "x",',
        "- clientSecret: x",
        "- {name: TOKEN, value: hunter2}",
        "  - --password=hunter2",
        "args: [--user=a, --password=hunter2]",
        "url: postgres://shop:hunter2@db",
        "x: 5e9326eeac8d40bf9060e91dbe9d9000",
        "-----BEGIN PRIVATE KEY-----",
    ],
)
def test_a_line_that_could_hold_a_secret_is_not_shown(line: str) -> None:
    assert not may_show(line, "Pod")


@pytest.mark.parametrize(
    "line", ["  image: nginx:latest", "replicas: three", "secretName: shop", f"image: a@sha256:{'0a1b' * 16}"]
)
def test_other_lines_are_shown(line: str) -> None:
    assert may_show(line, "Pod")


@pytest.mark.parametrize(
    "name", ["password", "DB_PASSWORD", "dbPassword", "apiKey", "API_KEY", "clientSecret", "auth", "private-key", "key"]
)
def test_names_that_hold_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["passwordFile", "secretName", "token-url", "auth.username", "keyPath", "monkey", "tokenTTL", "", "42"]
)
def test_names_that_only_speak_of_secrets(name: str) -> None:
    assert not is_secret_name(name)
