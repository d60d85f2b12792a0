"""What a policy returned → a Problem: the sentence, and the field that it is about.

A policy names its field in one of many ways: `_loc`, a returned `path`, a path in the message, the name of a container
in the message, a value in quotes. The first that is there in the body wins; else the problem is about the whole of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import FieldPath, Location

MASK: Final = "(value removed)"
_PATH_KEYS: Final = ("path", "field", "fieldPath", "field_path", "jsonpath", "location")
_DOTTED: Final = re.compile(r"[A-Za-z_$][\w$-]*(?:\.[A-Za-z_][\w-]*|\[[^\[\]\s]{1,120}\])+")
_POINTER: Final = re.compile(r"(?<![\w/.:])(?:/[\w~.-]+){2,}")
_QUOTED: Final = re.compile(r"\"([^\"\n]{1,253})\"|'([^'\n]{1,253})'|`([^`\n]{1,253})`|<([^<>\n]{1,253})>")
_VALUE: Final = re.compile(r"[^\s\"'`<>,;()]*[:/@][^\s\"'`<>,;()]+")
_STEP: Final = re.compile(r"\.?([A-Za-z_$][\w$/-]*)|\[([^\[\]]*)\]")
_WHOSE: Final = frozenset({"apiVersion", "kind", "name", "namespace"})
_LONGEST: Final = 2000  # characters of a message in which a field is looked for
_MOST_FIELDS: Final = 5000
_SHORTEST_SECRET: Final = 4
_MOST_KNOWN: Final = 2000  # bodies
_KNOWN: Final[dict[int, tuple[Any, dict[str, list[FieldPath]]]]] = {}


def problem(body: Any, message: str, told: Mapping[str, Any] | None = None, *, file: str = "") -> Problem:
    """*told* is what the policy returned beside the message. *file* is where a `_loc` that names no file is."""
    details = told or {}
    safe = without_secrets(message, body)
    path = _field(body, message, details)
    return Problem(path, safe, on_key=_holds_more(body, path), at=_given_place(details, file))


def _holds_more(body: Any, path: FieldPath) -> bool:
    """Whether a mapping or a list is there: its key is a better place than the first thing in it."""
    for step in path:
        body = body[step]
    return bool(path) and isinstance(path[-1], str) and isinstance(body, Mapping | list)


def _given_place(told: Mapping[str, Any], file: str) -> Location | None:
    loc = told.get("_loc")
    if not isinstance(loc, Mapping):
        return None
    line, name = loc.get("line"), loc.get("file")
    if isinstance(line, str) and line.isdigit():
        line = int(line)
    if isinstance(line, bool) or not isinstance(line, int) or line < 1:
        return None
    return Location(name.removeprefix("./") if isinstance(name, str) and name else file, line)


def _field(body: Any, message: str, told: Mapping[str, Any]) -> FieldPath:
    for given in _given_paths(told):
        if found := resolve(body, given):
            return found
    text = message[:_LONGEST]
    paths = [match[0] for pattern in (_DOTTED, _POINTER) for match in pattern.finditer(text)]
    found = max((resolve(body, steps(path)) for path in paths), key=len, default=())
    return found if len(found) > 1 else _named(body, text)


def _given_paths(told: Mapping[str, Any]) -> Iterator[Sequence[str | int]]:
    details = told.get("details")
    for mapping in (told, details if isinstance(details, Mapping) else {}):
        for key in _PATH_KEYS:
            value = mapping.get(key)
            if isinstance(value, str):
                yield steps(value)
            elif isinstance(value, list) and all(isinstance(step, str | int) for step in value):
                yield value


def steps(path: str) -> list[str | int]:
    """`spec.containers[0].image`, `$.spec['a']`, `/spec/containers/0` as steps."""
    if path.startswith("/"):
        parts = (part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/"))
        return [int(part) if part.isdigit() else part for part in parts]
    found: list[str | int] = []
    for match in _STEP.finditer(path.removeprefix("$").removeprefix("input.")):
        name, index = match[1], (match[2] or "").strip("\"'")
        found.append(name if name is not None else int(index) if index.isdigit() else index)
    return found


def resolve(body: Any, path: Sequence[str | int]) -> FieldPath:
    """The part of *path* that is there in *body*, from the front. An item of a list also by its `name`."""
    found: list[str | int] = []
    here = body
    for step in path:
        if isinstance(here, Mapping) and str(step) in here:
            step = str(step)
        elif isinstance(here, list):
            at = _item(here, step)
            if at is None:
                break
            step = at
        else:
            break
        found.append(step)
        here = here[step]
    return tuple(found)


def _item(items: list[Any], step: str | int) -> int | None:
    if isinstance(step, int):
        return step if 0 <= step < len(items) else None
    name = step.partition("=")[2].strip("\"'") or step
    named = (at for at, item in enumerate(items) if isinstance(item, Mapping) and item.get("name") == name)
    return next(named, None)


def _named(body: Any, text: str) -> FieldPath:
    """The one field with a value that the message has in quotes, or that looks like an image or an address."""
    words = [match[0].rstrip(".:") for match in _VALUE.finditer(text)]
    words += [next(filter(None, match.groups()), "") for match in _QUOTED.finditer(text)]
    if not words:
        return ()
    places = _places(body)
    return next((places[word][0] for word in words if len(places.get(word, ())) == 1), ())


def _places(body: Any) -> Mapping[str, list[FieldPath]]:
    """Where each text of *body* stands, but for what says whose it is. Kept: several policies speak of one body."""
    known = _KNOWN.get(id(body))
    if known is not None and known[0] is body:
        return known[1]
    places: dict[str, list[FieldPath]] = {}
    for path, value in islice(_scalars(body, ()), _MOST_FIELDS):
        if isinstance(value, str) and not _says_whose(path):
            places.setdefault(value, []).append(path)
    if len(_KNOWN) >= _MOST_KNOWN:
        _KNOWN.clear()
    _KNOWN[id(body)] = body, places
    return places


def _says_whose(path: FieldPath) -> bool:
    """A message names the resource that it is about: that is no field to point at."""
    return (len(path) == 1 and path[0] in _WHOSE) or (len(path) == 2 and path[0] == "metadata" and path[1] in _WHOSE)


def _scalars(value: Any, path: FieldPath) -> Iterator[tuple[FieldPath, Any]]:
    waiting = [(path, value)]
    while waiting:
        here, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting.extend(((*here, key), value[key]) for key in reversed(value))
        elif isinstance(value, list):
            waiting.extend(((*here, at), value[at]) for at in reversed(range(len(value))))
        else:
            yield here, value


def without_secrets(message: str, body: Any) -> str:
    """*message* without what a Secret holds, encoded or not: no value of a secret leaves the process."""
    for secret in sorted(_secrets(body), key=lambda value: (-len(value), value)):
        message = message.replace(secret, MASK)
    return message


def _secrets(body: Any) -> set[str]:
    if not isinstance(body, Mapping):
        return set()
    items = body.get("items") if str(body.get("kind", "")).endswith("List") else None
    if isinstance(items, list):
        return {value for item in items for value in _secrets(item)}
    if body.get("kind") != "Secret":
        return set()
    found: set[str] = set()
    for key in ("data", "stringData"):
        values = body.get(key)
        for value in values.values() if isinstance(values, Mapping) else ():
            if isinstance(value, str):
                found.update((value, value.strip(), _decoded(value)))
    return {value for value in found if len(value) >= _SHORTEST_SECRET}


def _decoded(value: str) -> str:
    from base64 import b64decode
    from binascii import Error

    try:
        return b64decode(value, validate=True).decode().strip()
    except (Error, UnicodeDecodeError, ValueError):
        return ""
