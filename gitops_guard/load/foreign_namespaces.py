"""Namespaces that are called for one environment and used in another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from posixpath import basename
from typing import Final, NamedTuple

from gitops_guard.load import environments
from gitops_guard.load.crossings import (
    DEPLOYING,
    KUSTOMIZATIONS,
    LONGEST_NAME,
    Crossing,
    Subject,
    Surrounding,
    bodies,
    differ,
    is_elsewhere,
    is_named_for,
)
from gitops_guard.model.resource import App, FieldPath, Resource, Tree
from gitops_guard.model.workload import value_at

_OF_NAMESPACE: Final[tuple[FieldPath, ...]] = (("metadata", "name"),)
_OF_RESOURCE: Final[tuple[FieldPath, ...]] = (("metadata", "namespace"),)
_OF_DEPLOYING: Final = (*_OF_RESOURCE, ("spec", "targetNamespace"), ("spec", "destination", "namespace"))


def find(tree: Tree) -> Iterator[Crossing]:
    """Namespaces of another environment, each once for a file.

    A cluster, and an environment most of whose namespaces are such, holds several environments on purpose.
    """
    used = _Namespaces(tree)
    for uses in used.by_place.values():
        foreign = [use for use in uses if used.is_foreign(use)]
        most = 1 if any(use.cluster for use in uses) else max(len({use.text for use in uses}) // 2, 1)
        if len({use.text for use in foreign}) > most:
            continue
        seen: set[tuple[str, str]] = set()
        for use in foreign:
            if (use.file, use.text) not in seen:
                seen.add((use.file, use.text))
                yield use.crossing()


class _Use(NamedTuple):
    """One namespace in one environment. *other* is the environment in its name, "" for none."""

    environment: str
    cluster: str
    text: str
    other: str
    rest: str
    where: str
    app: str
    subject: Subject
    document: int
    path: FieldPath

    @property
    def file(self) -> str:
        return self.subject.location.file if isinstance(self.subject, Resource) else self.subject.path

    def crossing(self) -> Crossing:
        at = (
            self.subject.locate(self.path)
            if isinstance(self.subject, Resource)
            else self.subject.locate(self.document, self.path)
        )
        return Crossing(self.subject, at, self.path, self.environment, self.other, self.text)


class _Namespaces:
    """Which namespaces each environment uses."""

    def __init__(self, tree: Tree) -> None:
        self.by_place: dict[Surrounding, list[_Use]] = defaultdict(list)
        self._environments = {environments.canonical(app.environment) for app in tree.apps if app.environment}
        self._own: set[tuple[str, str]] = set()  # (environment, what is left of the name) of namespaces in their own
        self._used: set[tuple[str, str]] = set()  # (environment, namespace)
        for use in _uses(tree):
            mine = environments.canonical(use.environment)
            self.by_place[Surrounding(mine, use.cluster)].append(use)
            self._environments.add(mine)
            self._used.add((mine, use.text))
            if use.other and environments.canonical(use.other) == mine:
                self._own.add((mine, use.rest))

    def is_foreign(self, use: _Use) -> bool:
        if not use.other or len(self._environments) < 2 or not differ(use.environment, use.other):
            return False
        if is_named_for(basename(use.file).rpartition(".")[0], use.other):
            return False
        other, mine = environments.canonical(use.other), environments.canonical(use.environment)
        word = environments.find(use.other)
        if (mine, use.rest) in self._own or (other, use.text) in self._used:
            return True
        if word is None or use.where not in ("exact", "last"):
            return other in self._environments and use.rest == use.app
        return word.is_sure or (word.is_plain and other in self._environments)


def _uses(tree: Tree) -> Iterator[_Use]:
    for file in tree.of_kind(*KUSTOMIZATIONS):
        app = tree.app_of(file.path)
        if app is not None and app.environment:
            for document in file.documents:
                yield from _use(file, app, document.body, ("namespace",), document.index)
    for body in bodies(tree):
        paths = _OF_NAMESPACE if body.kind == "Namespace" else _OF_RESOURCE
        if body.kind in DEPLOYING and not is_elsewhere(body.body):
            paths = _OF_DEPLOYING
        for path in paths:
            yield from _use(body.subject, body.app, body.body, path, body.document)


def _use(subject: Subject, app: App, body: object, path: FieldPath, document: int) -> Iterator[_Use]:
    text = value_at(body, path)
    if not isinstance(text, str) or not text or len(text) > LONGEST_NAME:
        return
    word = environments.find(text)
    other, rest, where = (word.text, word.rest, word.where) if word is not None else ("", "", "")
    if where in ("middle", "ring"):
        other = ""
    yield _Use(app.environment, app.cluster, text, other, rest, where, app.name, subject, document, path)
