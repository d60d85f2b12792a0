"""The library asked as a run asks it, and real OPA and conftest beside it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.load import tree
from gitops_guard.model.resource import Resource, Tree
from gitops_guard.model.rule import Options, Profile
from gitops_guard.policy.embedded import Embedded
from gitops_guard.policy.family import Found
from gitops_guard.policy.library import Library
from gitops_guard.rules import all_rules

OPT_IN = {name: rule for name, rule in all_rules().items() if rule.profile is Profile.OPT_IN}
Verify = Callable[..., list[Found]]
Conftest = Callable[..., list[dict[str, Any]]]


def asked(repository: Tree, settings: Mapping[str, Options]) -> list[Found]:
    """What the library finds where the rules in *settings* are on, with these options beside their defaults."""
    options = {name: _options(name, own) for name, own in settings.items()}

    def effective(rule: str, resource: Resource) -> tuple[bool, Options]:
        return rule in options, options.get(rule, {})

    library = Library({name: OPT_IN[name] for name in settings}, effective)
    inquiries = list(library.inquiries(repository))
    replies = Embedded().ask([inquiry.question for inquiry in inquiries])
    found = [
        one
        for inquiry, reply in zip(inquiries, replies, strict=True)
        for number, answers in enumerate(reply.answers)
        for one in inquiry.told(number, answers)
    ]
    assert all(isinstance(one, Found) for one in found)
    return [one for one in found if isinstance(one, Found)]


def _options(name: str, own: Options) -> dict[str, Any]:
    return {key: option.default for key, option in OPT_IN[name].options.items()} | dict(own)


def files(repository: Mapping[str, str]) -> Tree:
    return tree.from_files({path: text.encode() for path, text in repository.items()})


def _program(repository: Path, name: str) -> Path:
    path = repository / "tools" / "bin" / name
    if not path.is_file():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is not built; `make tools` builds it")
    return path


@pytest.fixture(scope="session")
def opa(repository: Path) -> Path:
    return _program(repository, "opa")


@pytest.fixture(scope="session")
def conftest_program(repository: Path) -> Path:
    return _program(repository, "conftest")


@pytest.fixture(scope="session")
def conftest(conftest_program: Path, repository: Path) -> Conftest:
    """The failures that real conftest sees: `conftest([file, …], rule_ids, data_file)`."""

    def run(paths: Iterable[Path], rules: Iterable[str], data: Path | None = None) -> list[dict[str, Any]]:
        command: list[str | Path] = [
            conftest_program,
            "test",
            "--policy",
            repository / "policies" / "library",
            "--output",
            "json",
        ]
        command += [part for rule in rules for part in ("--namespace", f"library.{rule.replace('-', '_')}")]
        command += ["--data", data] if data else []
        done = subprocess.run([*command, *paths], capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stderr
        return [
            {"file": entry["filename"], "rule": entry["namespace"], **failure}
            for entry in json.loads(done.stdout)
            for failure in entry.get("failures", ())
        ]

    return run
