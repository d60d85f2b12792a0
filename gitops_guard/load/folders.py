"""Folders and files as they lie there: all paths below a folder, and the content of a file up to the size limit."""

from __future__ import annotations

import os
from typing import Final

from gitops_guard.load import git

MAX_BYTES: Final = 16 << 20


def walk(root: str) -> list[git.Listed]:
    """All files below a folder, links unfollowed, `.git` left out."""
    found: list[git.Listed] = []
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        try:
            with os.scandir(f"{root}/{prefix}") as items:
                for item in items:
                    if item.is_dir(follow_symlinks=False):
                        if item.name != ".git":
                            waiting.append(f"{prefix}{item.name}/")
                    else:
                        found.append(git.Listed(prefix + item.name, 0, ""))
        except OSError:
            found.append(git.Listed(prefix.rstrip("/"), 0, ""))
    return found


def rest(file: int, data: bytes) -> bytes:
    pieces = [data]
    size = len(data)
    while size <= MAX_BYTES and (piece := os.read(file, 1 << 20)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)
