"""Real Git repositories for tests, without the settings of the person who runs them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Self

import pytest


class Repository:
    """A work tree with Git; `write`, `stage` and `commit` return it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
        argv = ["git", "-C", str(self.root), *identity, "-c", "protocol.file.allow=always", *arguments]
        done = subprocess.run(argv, check=True, capture_output=True)
        return os.fsdecode(done.stdout).strip()

    def write(self, files: dict[str, str]) -> Self:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return self

    def stage(self) -> Self:
        self.git("add", "-A")
        return self

    def commit(self) -> Self:
        self.stage().git("commit", "-q", "--allow-empty", "-m", "x")
        return self


@pytest.fixture
def git_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in os.environ:
        if name.startswith("GIT_"):  # set where the tests run inside of a hook
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return Repository(tmp_path / "repository")
