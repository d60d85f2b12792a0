"""Where policies and their data are read from: paths that the caller names, paths that the configuration names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from gitops_guard.load import folders
from gitops_guard.load.sources import Source
from gitops_guard.model.errors import ConfigError, SourceError, UsageError

_PREFIXED: Final = re.compile(r"([A-Za-z_][\w.]*):(.+)", re.DOTALL)


class PolicyFile(NamedTuple):
    """*path* is how messages name it. *below* are the folders between the path that was named and the file."""

    path: str
    data: bytes
    below: tuple[str, ...] = ()


def named(paths: Sequence[str], flag: str) -> list[PolicyFile]:
    """Files and folders on disk, which the caller trusts. Raises UsageError for one that is not there."""
    return sorted(file for path in paths for file in _on_disk(path, flag))


def _on_disk(path: str, flag: str) -> Iterator[PolicyFile]:
    prefix, path = _without_prefix(path)
    if os.path.isfile(path):  # noqa: PTH113 - paths are text here
        yield PolicyFile(_shown(path), _bytes(path), prefix)
    elif os.path.isdir(path):  # noqa: PTH112 - paths are text here
        for listed in folders.walk(path):
            inside = f"{path.rstrip('/')}/{listed.path}"
            if os.path.isfile(inside):  # noqa: PTH113 - a link to a folder, a pipe: nothing to read
                below = tuple(listed.path.split("/")[:-1])
                yield PolicyFile(_shown(inside), _bytes(inside), (*prefix, *below))
    else:
        raise UsageError(f"{flag} {path!r}: there is no such file or folder")


def _without_prefix(path: str) -> tuple[tuple[str, ...], str]:
    """`name:path` puts data below `name`, as with conftest and OPA."""
    match = _PREFIXED.fullmatch(path)
    if match is None or os.path.exists(path):  # noqa: PTH110 - paths are text here
        return (), path
    return tuple(match[1].split(".")), match[2]


def _shown(path: str) -> str:
    return os.path.normpath(path).replace(os.sep, "/")


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - paths are text here
            data = file.read(folders.MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(f"the policy file {path!r} cannot be read: {error.strerror}") from error
    if len(data) > folders.MAX_BYTES:
        raise SourceError(f"the policy file {path!r} is larger than {folders.MAX_BYTES >> 20} MiB")
    return data


def configured(paths: Sequence[str], source: Source, config: str) -> list[PolicyFile]:
    """Files and folders of the checked revision, relative to its root. Raises ConfigError for one that is not there.

    *config* names the file that names them.
    """
    around = source.around()
    found: dict[str, tuple[str, ...]] = {}
    for path in paths:
        prefix, plain = _without_prefix(path)
        folder = os.path.normpath(plain).replace(os.sep, "/")
        inside = [name for name in around if name == folder or folder == "." or name.startswith(f"{folder}/")]
        if not inside:
            hint = f"{config} names it; paths are relative to the root of the repository"
            raise ConfigError(f"there is no file or folder {plain!r} with policies", hint=hint)
        for name in inside:
            rest = name.removeprefix(folder).strip("/") if name != folder else ""
            found[name] = (*prefix, *rest.split("/")[:-1])
    return sorted(PolicyFile(path, data, found[path]) for path, data in source.read_around(sorted(found)))
