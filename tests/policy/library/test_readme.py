"""policies/README.md: its commands print what it says, and it names every policy."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gitops_guard.load import config
from gitops_guard.rules import all_rules
from tests.policy.library.conftest import OPT_IN

PAGE = (Path(__file__).resolve().parents[3] / "policies" / "README.md").read_text()
YAML = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
CONSOLE = "".join(re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = dict(re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", CONSOLE, re.MULTILINE))


@pytest.fixture
def here(repository: Path, tmp_path: Path) -> Path:
    shutil.copytree(repository / "policies", tmp_path / "policies")
    for name, text in zip(("shop.yaml", "parameters.yaml"), YAML[1:], strict=True):
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_prints_what_the_page_shows(here: Path, opa: Path, conftest_program: Path, command: str) -> None:
    program, *arguments = command.split()

    path = {"opa": opa, "conftest": conftest_program}[program]
    done = subprocess.run([path, *arguments], cwd=here, capture_output=True, text=True, check=False)

    assert done.stdout.rstrip("\n") == COMMANDS[command].rstrip("\n")


def test_the_configuration_is_valid() -> None:
    found = config.load((".gitops-guard.yaml", YAML[0].encode()), all_rules())

    assert found.rules.keys() | found.environments["production"].rules.keys() <= OPT_IN.keys()


def test_the_table_names_every_policy_with_its_parameters() -> None:
    rows = re.findall(r"^\| \[(\w+)\]\(library/\1\.rego\) \|.*\|(.*)\|$", PAGE, re.MULTILINE)

    named = {name.replace("_", "-"): re.findall(r"`([\w-]+)`", parameters) for name, parameters in rows}
    assert {name: sorted(parameters) for name, parameters in named.items()} == {
        name: sorted(rule.options) for name, rule in OPT_IN.items()
    }
