"""Which configuration yamllint has, in its own order: the repository, the folders around it, the user; else ours.

It is found by us, not by yamllint: its content is a part of the key of the cache, that of a commit or of the index is
in no folder where yamllint would look, and one in a repository must not name files outside of it (`extends: /etc/…`).
Source: yamllint/cli.py `find_project_config_filepath` and `run`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from gitops_guard.load import manifests
from gitops_guard.model.errors import ConfigError
from gitops_guard.model.resource import Location

Find = Callable[[Sequence[str]], Mapping[str, bytes]]
NAMES: Final = (".yamllint", ".yamllint.yaml", ".yamllint.yml")
BUNDLED: Final = os.path.join(os.path.dirname(os.path.dirname(__file__)), "_lint.yaml")  # noqa: PTH118, PTH120 - text
_SHIPPED: Final = ("default", "relaxed")


class Settings(NamedTuple):
    """*file* is what `yamllint -c` is given, relative to the root or absolute.

    *files* are those of the repository that yamllint reads to know its settings, by path below the root.
    """

    file: str
    files: Mapping[str, bytes]
    digest: str


def read(root: str, find: Find) -> Settings:
    """*find* answers for the revision that is linted. Raises ConfigError for files that are not there."""
    files: dict[str, bytes] = {}
    read_before: list[bytes] = []
    found = find(NAMES)
    name = next((name for name in NAMES if name in found), None)
    if name is not None:
        files[name] = found[name]
        _add_references(name, found[name], find, files, (name,))
    else:
        name = _around(root) or _of_user() or BUNDLED
        data = _read(name, name)
        read_before = [data, *_add_references(name, data, find, files, (name,))]
    return Settings(name, files, _digest(name, files, read_before))


def _around(root: str) -> str | None:
    """yamllint goes up to the home folder, or to the root of the disk, whichever is first."""
    home = os.path.abspath(os.path.expanduser("~"))  # noqa: PTH100, PTH111 - no pathlib in a hot path
    folder = root
    while folder not in (home, os.path.dirname(folder)):  # noqa: PTH120 - as above
        folder = os.path.dirname(folder)  # noqa: PTH120 - as above
        for name in NAMES:
            path = os.path.join(folder, name)  # noqa: PTH118 - as above
            if os.path.isfile(path):  # noqa: PTH113 - as above
                return path
    return None


def _of_user() -> str | None:
    environment = os.environ
    if "YAMLLINT_CONFIG_FILE" in environment:
        path = os.path.expanduser(environment["YAMLLINT_CONFIG_FILE"])  # noqa: PTH111 - no pathlib in a hot path
    elif "XDG_CONFIG_HOME" in environment:
        path = f"{environment['XDG_CONFIG_HOME']}/yamllint/config"
    else:
        path = os.path.expanduser("~/.config/yamllint/config")  # noqa: PTH111 - as above
    return os.path.abspath(path) if os.path.isfile(path) else None  # noqa: PTH100, PTH113 - as above


def _add_references(name: str, data: bytes, find: Find, files: dict[str, bytes], chain: tuple[str, ...]) -> list[bytes]:
    """Put what *name* refers to into *files*; the content of absolute paths, which users may name, is returned."""
    absolute: list[bytes] = []
    for path, extends in _references(name, data):
        if path in chain:
            raise ConfigError(f"this yamllint configuration extends itself by {path!r}", at=Location(name))
        content = _content(name, path, find)
        if os.path.isabs(path):  # noqa: PTH117 - no pathlib in a hot path
            absolute.append(content)
        else:
            files[os.path.normpath(path)] = content
        if extends:
            absolute += _add_references(path, content, find, files, (*chain, path))
    return absolute


def _content(name: str, path: str, find: Find) -> bytes:
    if os.path.isabs(path):  # noqa: PTH117 - no pathlib in a hot path
        if not os.path.isabs(name):  # noqa: PTH117 - as above
            raise _outside(name, path)
        return _read(path, name)
    below = os.path.normpath(path)
    if below.split("/")[0] == "..":
        raise _outside(name, path)
    found = find([below])
    if below not in found:
        raise ConfigError(f"this yamllint configuration names {path!r}, which is not there", at=Location(name))
    return found[below]


def _outside(name: str, path: str) -> ConfigError:
    hint = "paths are relative to the root of the repository"
    return ConfigError(f"this yamllint configuration names {path!r}, outside of it", at=Location(name), hint=hint)


def _references(name: str, data: bytes) -> Iterator[tuple[str, bool]]:
    """(path, whether it is a configuration itself). What cannot be read here, yamllint refuses with a reason."""
    documents = manifests.read(name, data).documents
    body = documents[0].body if documents else None
    if not isinstance(body, dict):
        return
    extends = body.get("extends")
    if isinstance(extends, str) and extends not in _SHIPPED:
        yield extends, True
    rules = body.get("rules")
    settings = [body, *(rules.values() if isinstance(rules, dict) else ())]
    for setting in settings:
        ignored = setting.get("ignore-from-file") if isinstance(setting, dict) else None
        for path in [ignored] if isinstance(ignored, str) else ignored if isinstance(ignored, list) else ():
            if isinstance(path, str):
                yield path, False


def _read(path: str, named_by: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - no pathlib in a hot path
            return file.read()
    except OSError as error:
        message = f"the yamllint configuration {path!r} cannot be read: {error.strerror}"
        raise ConfigError(message, at=Location(named_by)) from error


def _digest(name: str, files: Mapping[str, bytes], contents: Sequence[bytes]) -> str:
    from hashlib import blake2b

    digest = blake2b(os.fsencode(name), digest_size=16)
    for path, data in sorted(files.items()):
        digest.update(b"\0file %d " % len(data) + os.fsencode(path) + b"\0" + data)
    for data in contents:
        digest.update(b"\0text %d " % len(data) + data)
    return digest.hexdigest()
