"""A repository in memory, and the edits that planters make in its text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from random import Random
from string import ascii_letters, digits
from typing import Any, Final, NamedTuple

from gitops_guard.load import tree
from gitops_guard.load.layout import Layout
from gitops_guard.model.resource import FieldPath, FileKind, Resource, SourceFile
from gitops_guard.model.workload import containers, value_at

MARK: Final = " «"  # at the end of a planted line: the rule has to report it
_AGENT: Final = (
    b"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: planted}\n"
    b"spec: {interval: 1h, path: ./deploy, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}\n"
)
_AGENTS: Final = frozenset(
    {
        ("kustomize.toolkit.fluxcd.io", "Kustomization"),
        ("argoproj.io", "Application"),
        ("argoproj.io", "ApplicationSet"),
    }
)


class Plant(NamedTuple):
    """Changed, new (and with None: removed) files, and the places of which the rule has to report one.

    Line 0 stands for any line of the file, for what has no line of its own.
    """

    files: Mapping[str, bytes | None]
    expected: frozenset[tuple[str, int]]


Planter = Callable[["Ground"], Iterator[Plant | None]]
PLANTERS: Final[dict[str, dict[str, Planter]]] = {}


def plants(rule: str, form: str) -> Callable[[Planter], Planter]:
    """Register a planter. It may yield None where a place turns out not to fit."""

    def register(planter: Planter) -> Planter:
        PLANTERS.setdefault(rule, {})[form] = planter
        return planter

    return register


class Ground:
    """The files of one repository."""

    def __init__(self, name: str, files: Mapping[str, bytes]) -> None:
        self.name = name
        self.files = files
        self.tree = tree.from_files(files, Layout(files).app_of)
        self._texts: dict[str, list[str]] = {}

    def lines(self, path: str) -> list[str]:
        if path not in self._texts:
            self._texts[path] = self.files[path].decode(errors="surrogateescape").split("\n")
        return self._texts[path]

    def of_kind(self, *kinds: str) -> Iterator[Resource]:
        """Resources that stand in YAML; in JSON nothing can be planted line by line."""
        for resource in self.tree.resources:
            if (not kinds or resource.id.kind in kinds) and not resource.location.file.endswith(".json"):
                yield resource

    def files_of_kind(self, *kinds: FileKind) -> Iterator[SourceFile]:
        return (file for file in self.tree.of_kind(*kinds) if file.source is not None and file.data)

    def containers(self) -> Iterator[tuple[Resource, FieldPath, Mapping[str, Any]]]:
        for resource in self.of_kind():
            for path, container in containers(resource.id, resource.body):
                yield resource, path, container

    def before(self, path: str, line: int, indent: int, snippet: str) -> Plant:
        """Insert a *snippet* above a line (from 1), with its marked lines to be reported."""
        old = self.lines(path)
        return self._spliced(path, old[: line - 1], _indented(snippet, indent), old[line - 1 :])

    def instead(self, path: str, line: int, *texts: str) -> Plant:
        old = self.lines(path)
        return self._spliced(path, old[: line - 1], list(texts), old[line:])

    def appended(self, path: str, snippet: str, *, document: bool = True) -> Plant:
        old = list(self.files[path].decode(errors="surrogateescape").rstrip("\n").split("\n"))
        added = [*(["---"] if document else []), *_indented(snippet, 0), ""]
        return self._spliced(path, old, added, [])

    def added(self, path: str, text: str) -> Plant:
        """A new file."""
        return self._spliced(path, [], text.split("\n"), [])

    def beside_agent(self, plant: Plant | None) -> Plant | None:
        """With a resource of Flux where the repository has no agent: without one, CI may write to the cluster."""
        if plant is None or any(resource.id[:2] in _AGENTS for resource in self.tree.resources):
            return plant
        return Plant({**plant.files, "planted/agent.yaml": _AGENT}, plant.expected)

    def _spliced(self, path: str, before: list[str], planted: list[str], after: list[str]) -> Plant:
        marked = {number for number, line in enumerate(planted, len(before) + 1) if line.endswith(MARK)}
        text = "\n".join((*before, *(line.removesuffix(MARK) for line in planted), *after))
        places = frozenset((path, number) for number in marked)
        return Plant({path: text.encode(errors="surrogateescape")}, places)

    def into(self, source: Resource | SourceFile, path: FieldPath, snippet: str, document: int = 0) -> Plant | None:
        """Insert keys as the first of a mapping in block style that has keys already."""
        found = value_at(_body(source, document), path) if path else _body(source, document)
        if isinstance(found, Mapping) and found and isinstance(key := next(iter(found)), str):
            file, line, column = _locate(source, (*path, key), document)
            if self.lines(file)[line - 1][: column - 1].isspace() or column == 1:
                return self.before(file, line, column - 1, snippet)
        return None

    def behind(self, source: Resource | SourceFile, path: FieldPath, snippet: str, document: int = 0) -> Plant | None:
        """Insert keys behind a key whose value ends in its own line."""
        place = self.scalar(source, path, document)
        return place and self.before(place[0], place[1] + 1, place[2] - 1, snippet)

    def scalar(
        self, source: Resource | SourceFile, path: FieldPath, document: int = 0
    ) -> tuple[str, int, int, str] | None:
        """File, line, column of the key and text of the value, if `key: value` is all that is in the line."""
        value = value_at_any(_body(source, document), path)
        if not isinstance(value, str | int) or not str(value) or not isinstance(path[-1], str):
            return None
        file, line, column = _locate(source, path, document)
        text = self.lines(file)[line - 1]
        written = text[column - 1 :].removeprefix(str(path[-1])).lstrip(":").strip()
        is_plain = written in (str(value), f'"{value}"', f"'{value}'") and not text[: column - 1].strip(" -")
        return (file, line, column, str(value)) if is_plain else None

    def rewritten(self, source: Resource | SourceFile, path: FieldPath, value: str, document: int = 0) -> Plant | None:
        """Give a field another value, in its own line."""
        place = self.scalar(source, path, document)
        if place is None:
            return None
        file, line, column, _ = place
        return self.instead(file, line, f"{self.lines(file)[line - 1][: column - 1]}{path[-1]}: {value}{MARK}")

    def entry(self, source: Resource | SourceFile, path: FieldPath, document: int = 0) -> tuple[str, int, int] | None:
        """File, line and column of an item of a list that stands in a line of its own, as `- text`."""
        value = value_at_any(_body(source, document), path)
        file, line, column = _locate(source, path, document, key=False)
        text = self.lines(file)[line - 1]
        if isinstance(value, str) and text.strip() in (f"- {value}", f'- "{value}"', f"- '{value}'"):
            return file, line, column
        return None


def value_at_any(body: object, path: FieldPath) -> Any:
    """As `value_at`, also through lists."""
    for part in path:
        if isinstance(part, int):
            if not isinstance(body, list) or part >= len(body):
                return None
            body = body[part]
        else:
            body = body.get(part) if isinstance(body, Mapping) else None
    return body


def _body(source: Resource | SourceFile, document: int) -> Any:
    if isinstance(source, Resource):
        return source.body
    return next((each.body for each in source.documents if each.index == document), None)


def _locate(source: Resource | SourceFile, path: FieldPath, document: int, *, key: bool = True) -> tuple[str, int, int]:
    at = source.locate(path, key=key) if isinstance(source, Resource) else source.locate(document, path, key=key)
    return at.file, at.line, at.column


def _indented(snippet: str, indent: int) -> list[str]:
    return [" " * indent + line if line else "" for line in snippet.split("\n")]


def secret(*about: object, size: int = 24, letters: str = ascii_letters + digits) -> str:
    """A value as a password generator draws it; another one for each place."""
    draw = Random(sha256(" ".join(map(str, about)).encode()).digest())
    while True:
        value = "".join(draw.choice(letters) for _ in range(size))
        if not value.isdigit() and not value.isalpha() and value[0].isalpha():
            return value
