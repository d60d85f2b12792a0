"""Builtins that the embedded engine lacks, in Python: hashes, JSON web tokens, conftest's `parse_config`.

Each gives what OPA gives; where OPA has an error (and the expression is undefined), it raises ValueError.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import posixpath
import re
from base64 import urlsafe_b64decode
from binascii import Error
from collections.abc import Callable, Mapping
from typing import Any, Final

from gitops_guard.policy.builtins_sprintf import sprintf

Builtin = tuple[int, Callable[..., Any]]


def _hash(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def _hmac(name: str) -> Callable[[str, str], str]:
    return lambda text, key: hmac.new(key.encode(), text.encode(), name).hexdigest()


def _decoded(token: str) -> list[Any]:
    """[header, payload, signature in hexadecimal]."""
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("a JSON web token has three parts")
    header, payload = (json.loads(_bytes(part)) for part in parts[:2])
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise ValueError("header and payload of a JSON web token are objects")
    return [header, payload, _bytes(parts[2]).hex()]


def _bytes(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except Error as error:
        raise ValueError("a part of the JSON web token is not base64url") from error


def _verify(name: str) -> Callable[[str, str], bool]:
    def verify(token: str, secret: str) -> bool:
        _decoded(token)
        signed, _, signature = token.rpartition(".")
        return hmac.compare_digest(hmac.new(secret.encode(), signed.encode(), name).digest(), _bytes(signature))

    return verify


def _flattened(items: list[Any]) -> list[Any]:
    _must(isinstance(items, list))
    return [inner for item in items for inner in (item if isinstance(item, list) else [item])]


def _must(right: object) -> None:
    """OPA has an error for an operand of a wrong type."""
    if not right:
        raise ValueError("an operand is of a wrong type")


def _parsed(kind: str, text: str) -> Any:
    """`parse_config(kind, text)`. Raises ValueError for what does not parse, and for another kind."""
    if kind == "json":
        return json.loads(text)
    if kind == "toml":
        import tomllib

        return tomllib.loads(text)
    if kind not in ("yaml", "yml"):
        raise ValueError(f"parse_config of {kind} is not known here")
    from gitops_guard.load import manifests

    parsed = manifests.read("parse_config", text.encode())
    if parsed.problems:
        raise ValueError("parse_config: the text does not parse")
    bodies = [document.body for document in parsed.documents]
    return bodies[0] if len(bodies) == 1 else bodies or None


def _later(nanoseconds: int, years: int, months: int, days: int) -> int:
    """`time.add_date`: a day that the month has not is one of the next month."""
    from datetime import UTC, datetime, timedelta

    seconds, rest = divmod(nanoseconds, 10**9)
    try:
        at = datetime.fromtimestamp(seconds, UTC)
        month = at.month - 1 + months
        first = at.replace(year=at.year + years + month // 12, month=month % 12 + 1, day=1)
        moved = first + timedelta(days=at.day - 1 + days)
    except (OverflowError, OSError) as error:
        raise ValueError("time.add_date: the time is out of range") from error
    return int(moved.timestamp()) * 10**9 + rest


class _Files:
    """`parse_config_file` and `parse_combined_config_files`: of files beside the policies, and of no others."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def one(self, folder: str, path: str) -> Any:
        name = posixpath.normpath(posixpath.join(folder, path))
        if name not in self._files:
            raise ValueError(f"there is no file {name} among the policies")
        return _parsed(name.rpartition(".")[2], self._files[name].decode())

    def all(self, folder: str, paths: list[str]) -> list[dict[str, Any]]:
        found = []
        for path in sorted(posixpath.normpath(posixpath.join(folder, path)) for path in paths):
            contents = self.one("", path)
            items = contents if isinstance(contents, list) else [contents]
            found += [{"path": path, "contents": item} for item in items]
        return found


def _replaced(pairs: Mapping[str, str], text: str) -> str:
    """Each place once, the first of the sorted keys that fits there."""
    _must(isinstance(text, str) and isinstance(pairs, dict))
    _must(all(isinstance(one, str) for pair in pairs.items() for one in pair))
    if not pairs:
        return text
    pattern = "|".join(map(re.escape, sorted(pairs)))
    return re.sub(pattern, lambda match: pairs[match[0]], text)


def _counted(text: str, part: str) -> int:
    _must(isinstance(text, str) and isinstance(part, str))
    return text.count(part)


def _version(text: str) -> tuple[tuple[int, int, int], list[tuple[int, int, str]]]:
    match = _SEMVER.fullmatch(text)
    if match is None:
        raise ValueError("no semantic version")
    major, minor, patch = (int(match[name]) for name in ("major", "minor", "patch"))
    parts = match["before"].split(".") if match["before"] else []
    # Numbers go before words; a version without such parts goes after all that have some.
    order = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts] or [(2, 0, "")]
    return (major, minor, patch), order


def _compared(one: str, other: str) -> int:
    first, second = _version(one), _version(other)
    return (first > second) - (first < second)


def _is_version(text: object) -> bool:
    return isinstance(text, str) and _SEMVER.fullmatch(text) is not None


_COUNTED: Final = r"(?:0|[1-9]\d*)"
_PART: Final = rf"(?:{_COUNTED}|\d*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER: Final = re.compile(
    rf"v?(?P<major>{_COUNTED})\.(?P<minor>{_COUNTED})\.(?P<patch>{_COUNTED})(?:-(?P<before>{_PART}(?:\.{_PART})*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    re.ASCII,
)


FUNCTIONS: Final[Mapping[str, Builtin]] = {
    "all": (1, lambda items: all(item is True for item in items)),
    "any": (1, lambda items: any(item is True for item in items)),
    "array.flatten": (1, _flattened),
    "crypto.hmac.equal": (2, lambda one, other: hmac.compare_digest(one.encode(), other.encode())),
    **{f"crypto.hmac.{name}": (2, _hmac(name)) for name in ("md5", "sha1", "sha256", "sha512")},
    **{f"crypto.{name}": (1, _hash(name)) for name in ("md5", "sha1", "sha256")},
    "io.jwt.decode": (1, _decoded),
    **{f"io.jwt.verify_hs{size}": (2, _verify(f"sha{size}")) for size in ("256", "384", "512")},
    "parse_config": (2, _parsed),
    "time.add_date": (4, _later),
}
# What the engine has and answers otherwise than OPA does.
CORRECTED: Final[Mapping[str, Builtin]] = {
    "semver.compare": (2, _compared),
    "semver.is_valid": (1, _is_version),
    "sprintf": (2, sprintf),
    "strings.count": (2, _counted),
    "strings.replace_n": (2, _replaced),
}
# These get the folder of the module that calls them as their first argument: conftest's paths begin there.
WITH_FOLDER: Final = frozenset({"parse_config_file", "parse_combined_config_files"})
NAMES: Final = frozenset(FUNCTIONS) | WITH_FOLDER


def functions(files: Mapping[str, bytes]) -> dict[str, Builtin]:
    """All of them, by name; the number of arguments and the function."""
    given = _Files(files)
    return {
        **FUNCTIONS,
        **CORRECTED,
        "parse_config_file": (2, given.one),
        "parse_combined_config_files": (2, given.all),
    }
