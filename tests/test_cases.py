"""Whole-program cases: a folder with `repo/`, a `cmd`, and what it prints. `pytest --update` writes `expected.txt`."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.program import git, gitops_guard

CASES = Path(__file__).parent / "cases"
SECONDS = re.compile(r"\(\d+\.\d+s\)")


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if (path / "cmd").is_file()))
def test_a_case_prints_what_it_printed_when_it_was_reviewed(
    case: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = CASES / case
    root = tmp_path / "repo"
    shutil.copytree(folder / "repo", root, symlinks=True)
    git("init", "-q", "-b", "main", cwd=root)
    git("add", "-A", "-f", cwd=root)
    git("commit", "-q", "-m", "first", cwd=root)

    run = gitops_guard(*shlex.split((folder / "cmd").read_text())[1:], cwd=root)

    printed = SECONDS.sub("(0.00s)", f"{run.out}{run.err}exit code {run.code}\n")
    expected = folder / "expected.txt"
    if request.config.getoption("--update"):
        expected.write_text(printed)
    assert printed == expected.read_text()
