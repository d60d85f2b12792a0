"""Symbolic links: where they lead, and whether that may be read.

A link is read where its target is a file of the repository that is not checked under its own name; every other one is
refused with a reason. A link that leaves the repository shows files of the machine to whoever reads the report (Argo CD
CVE-2022-24348, GHSA-6gcg-hp2x-q54h).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Container, Mapping
from typing import Final

_OUTSIDE: Final = "points outside of the repository: refused"
_LOOP: Final = "a loop of links: refused"
_MAX_HOPS: Final = 40  # as Linux
_TYPE: Final = 0o170000
_FOLDER: Final = 0o040000


def follow(root: str, path: str, checked: Container[str]) -> tuple[str, str]:
    """(target below the root, "") where the link may be read, else ("", reason)."""
    try:
        real = os.path.realpath(f"{root}/{path}", strict=True)
    except OSError as error:
        # The text of the link is not shown: it may name folders of the machine.
        return "", _LOOP if error.errno == errno.ELOOP else "points to nothing"
    prefix = root.rstrip("/") + "/"
    if not real.startswith(prefix):
        return "", _OUTSIDE
    target = real[len(prefix) :]
    if target == ".git" or target.startswith(".git/"):
        return "", "points into .git: refused"
    if os.path.isdir(real):  # noqa: PTH112 - text, as all paths of a source
        return "", f"points to the folder {target}: links to folders are not followed"
    if not os.path.isfile(real) or not os.access(real, os.R_OK):  # noqa: PTH113 - as above
        return "", f"points to {target}, which cannot be read"
    return ("", _twice(target)) if target in checked else (target, "")


def resolve_in(path: str, links: Mapping[str, str], files: Container[str], checked: Container[str]) -> tuple[str, str]:
    """As `follow`, among the *files* and *links* (path → text) of a revision that is in no folder."""
    parts = path.split("/")
    done: list[str] = []
    hops = 0
    while parts:
        part = parts.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            if not done:
                return "", _OUTSIDE
            done.pop()
            continue
        done.append(part)
        text = links.get("/".join(done))
        if text is None:
            continue
        hops += 1
        if hops > _MAX_HOPS:
            return "", _LOOP
        if text.startswith("/"):
            return "", _OUTSIDE
        done.pop()
        parts[:0] = text.split("/")
    target = "/".join(done)
    if target in checked:
        return "", _twice(target)
    return (target, "") if target in files else ("", "points to no file of this revision")


def _twice(target: str) -> str:
    return f"points to {target}, which is checked under its own name"


class RealFolders:
    """Tells paths that lie behind a link: Git lists a file below a folder that has since become a link."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._real = {"": True}

    def hold(self, path: str) -> bool:
        folder = path.rpartition("/")[0]
        known = self._real.get(folder)
        if known is None:
            mode = os.lstat(f"{self._root}/{folder}").st_mode
            known = self._real[folder] = mode & _TYPE == _FOLDER and self.hold(folder)
        return known
