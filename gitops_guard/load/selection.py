"""Which paths of a repository the user named. Paths are text, no `Path`: there are thousands."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from gitops_guard.load import git
from gitops_guard.model.errors import UsageError


class Selection:
    """The paths that the user named, as *named*: path below the root → what was typed. Empty: all."""

    def __init__(self, named: Mapping[str, str]) -> None:
        self.named = named

    @classmethod
    def of(cls, here: str, root: str, paths: Sequence[str]) -> Selection:
        """Raises UsageError for a path outside of *root*."""
        return cls({relative(absolute(here, path), path, root): path for path in paths})

    def __bool__(self) -> bool:
        return bool(self.named) and "" not in self.named

    def holds(self, path: str) -> bool:
        if path in self.named:
            return True
        end = path.find("/")
        while end >= 0:
            if path[:end] in self.named:
                return True
            end = path.find("/", end + 1)
        return False

    def of_listed(self, listed: Iterable[git.Listed]) -> list[git.Listed]:
        return [item for item in listed if self.holds(item.path)] if self else list(listed)

    def without(self, listed: Iterable[git.Listed]) -> dict[str, str]:
        """Named paths of which nothing is listed."""
        if not self:
            return {}
        left = dict(self.named)
        for item in listed:
            path = item.path
            while path and left:
                left.pop(path, None)
                path = path.rpartition("/")[0]
        return left


def absolute(here: str, path: str) -> str:
    """Without `..`; links in folders resolved, but not the last part: a link is checked as a link."""
    full = os.path.normpath(f"{here}/{path}" if not path.startswith("/") else path)
    above, name = os.path.split(full)
    return f"{os.path.realpath(above).rstrip('/')}/{name}"


def folder_of(here: str, path: str) -> str:
    full = absolute(here, path)
    return os.path.realpath(full) if os.path.isdir(full) else os.path.dirname(full)  # noqa: PTH112, PTH120 - text


def relative(full: str, typed: str, root: str) -> str:
    if full == root or os.path.realpath(full) == root:
        return ""
    if not inside(full, root):
        raise UsageError(f"{typed!r} lies outside of the repository", hint=f"its root is {root}")
    return full[len(root.rstrip("/")) + 1 :]


def inside(full: str, root: str) -> bool:
    return full == root or full.startswith(root.rstrip("/") + "/")
