"""The program as a user runs it: a process of its own, with an exit code and two outputs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_QUIET = {"NO_COLOR": "1", "PYTHONWARNINGS": "error", "COLUMNS": "100"}


@dataclass(frozen=True, slots=True)
class Run:
    code: int
    out: str
    err: str


def environment(home: Path, **more: str) -> dict[str, str]:
    """Nothing of the user who runs the tests: an empty home, no caches, no Git configuration."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    git = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    names = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _PERSON.items()}
    return {**kept, **git, **names, **_QUIET, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), **more}


_PERSON = {"NAME": "Test", "EMAIL": "test@example.com", "DATE": "2026-01-01T00:00:00Z"}


def gitops_guard(*args: str, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Run:
    done = subprocess.run(
        [sys.executable, "-m", "gitops_guard", *args],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
        env=environment(cwd, **(env or {})),
    )
    return Run(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def git(*args: str, cwd: Path) -> str:
    done = subprocess.run(
        ["git", *args], cwd=cwd, capture_output=True, timeout=60, check=True, env=environment(cwd), text=True
    )
    return done.stdout


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def repository(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """A Git repository with one commit of *files*."""
    root.mkdir(parents=True, exist_ok=True)
    git("init", "-q", "-b", "main", cwd=root)
    write(root, files)
    git("add", "-A", cwd=root)
    git("commit", "-q", "--allow-empty", "-m", "first", cwd=root)
    return root
