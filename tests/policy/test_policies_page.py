"""docs/policies.md: each command prints what the page shows, on the files that the page shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from gitops_guard.load import config
from gitops_guard.rules import all_rules
from tests.policy.conftest_program import ROOT
from tests.policy.opa.server import running
from tests.program import gitops_guard, write

FILE = ROOT / "docs" / "policies.md"
PAGE = FILE.read_text()
FILES = dict(re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL))
SHOWN = re.findall(r"^```console\n\$ (.*)\n((?:.*\n)*?)```$", PAGE, re.MULTILINE)
DEFAULT_SERVER = "http://127.0.0.1:8181"


def said(folder: Path, command: str) -> str:
    """What *command* prints in *folder*, without the time that it took."""
    program, *arguments = shlex.split(command)
    assert program == "gitops-guard"
    files = {path: text for path, text in FILES.items() if "/" in path}
    ran = gitops_guard(*arguments, cwd=write(folder, files), env={"COLUMNS": "100"})
    return re.sub(r" \(\d+\.\d+s\)", "", ran.out + ran.err)


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=[command for command, _ in SHOWN])
def test_a_command_prints_what_the_page_shows(command: str, shown: str, tmp_path: Path) -> None:
    if DEFAULT_SERVER not in command:
        assert said(tmp_path, command) == shown
        return
    with running(tmp_path, "--v0-compatible") as server:
        assert said(tmp_path / "here", command.replace(DEFAULT_SERVER, server.url)) == shown


@pytest.mark.parametrize("name", [".gitops-guard.yaml", "configuration"])
def test_its_configurations_are_valid(name: str) -> None:
    assert config.load((".gitops-guard.yaml", FILES[name].encode()), all_rules()).policy.paths[0] == "policy"
