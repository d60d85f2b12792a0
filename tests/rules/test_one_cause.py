"""One cause is one finding: a rule has none where another one, that it yields to, says the same better."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

import pytest

from gitops_guard import check
from gitops_guard.load import tree
from gitops_guard.load.config import Config
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import FieldPath, SourceFile
from gitops_guard.model.rule import Options, Rule, Scope
from gitops_guard.rules import all_rules

TEXT = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: it}\ndata: {password: x9-Tq2-LmZ, token_password: x9-Tq2}\n"


def other(path: FieldPath, severity: Severity) -> Rule:
    def run(file: SourceFile, _: Options) -> Iterator[tuple[int, Problem]]:
        yield 0, Problem(path, "said better", at=file.locate(0, ("data", "password")), severity=severity)

    return Rule("known-token", Severity.ERROR, "", Scope.FILE, run)


def found(rule: Rule) -> list[tuple[str, FieldPath]]:
    rules = {name: all_rules()[name] for name in ("secret-in-config",)} | {rule.id: rule}
    report = check.check(tree.from_files({"a.yaml": TEXT}), rules, Config())
    return [(finding.rule, finding.path) for finding in report.findings]


MINE = ("secret-in-config", ("data", "password"))
NEXT = ("secret-in-config", ("data", "token_password"))


@pytest.mark.parametrize("path", [("data", "password"), ("items", 0, "data", "password"), ()])
def test_the_same_field_in_the_same_line_is_said_once(path: FieldPath) -> None:
    said = found(other(path, Severity.ERROR))

    assert MINE not in said
    assert (NEXT in said) is bool(path)


def test_another_field_and_a_lower_severity_take_nothing_away() -> None:
    assert found(other(("data", "user"), Severity.ERROR))[1:] == [MINE, NEXT]
    assert MINE in found(other(("data", "password"), Severity.WARNING))


def test_the_key_of_a_kubeconfig_is_said_once_in_a_file_and_in_a_text() -> None:
    lines = "".join(f"{letter * 3}{'qM8xTz2LpW7rKd4v' * 3}\n" for letter in "abcdefgh")
    pem = "\n".join(("-----BEGIN RSA PRIVATE " + "KEY-----", lines + "-----END RSA PRIVATE " + "KEY-----"))
    user = f"users:\n- name: a\n  user:\n    client-key-data: {b64encode(pem.encode()).decode()}\n"
    text = f"apiVersion: v1\nkind: Config\n{user}"
    inside = "".join(f"    {line}\n" for line in text.splitlines())
    map_ = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: it\ndata:\n  kubeconfig: |\n{inside}"
    files = {"clusters/a.yaml": text.encode(), "map.yaml": map_.encode()}
    names = ("cluster-credentials", "known-token", "private-key", "secret-in-config")

    report = check.check(tree.from_files(files), {name: all_rules()[name] for name in names}, Config())

    assert [(finding.rule, *finding.location[:2]) for finding in report.findings] == [
        ("cluster-credentials", "clusters/a.yaml", 6),
        ("cluster-credentials", "map.yaml", 12),
    ]
