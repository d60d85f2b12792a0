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
    locate,
    surrounding,
)
from gitops_guard.load.environments import Word
from gitops_guard.model.resource import App, FieldPath, FileKind, Resource, Tree
from gitops_guard.model.workload import value_at

_OWN: Final = ("metadata", "namespace")
_SPECIAL: Final = DEPLOYING | {"Namespace"}  # what names a namespace in another field
_OF_DEPLOYING: Final[tuple[FieldPath, ...]] = (("spec", "targetNamespace"), ("spec", "destination", "namespace"))


def find(tree: Tree) -> Iterator[Crossing]:
    """Namespaces of another environment, each once for a file.

    A cluster, and an environment most of whose namespaces are such, holds several environments on purpose.
    """
    known = _Known(tree)
    for place, used in known.by_place.items():
        foreign = {key: word for key in used if (word := known.foreign(*key)) is not None}
        texts, all_texts = {text for _, text in foreign}, {text for _, text in used}
        if len(texts) > (1 if place.cluster else max(len(all_texts) // 2, 1)):
            continue
        for (app, text), word in foreign.items():
            for use in _once_for_a_file(used[app, text]):
                if not is_named_for(basename(use.file).rpartition(".")[0], word.text):
                    at = locate(use.subject, use.document, use.path)
                    yield Crossing(use.subject, at, use.path, app.environment, word.text, text)


class _Use(NamedTuple):
    """Where a namespace is named."""

    subject: Subject
    document: int
    path: FieldPath

    @property
    def file(self) -> str:
        return self.subject.location.file if isinstance(self.subject, Resource) else self.subject.path


def _once_for_a_file(uses: list[_Use]) -> list[_Use]:
    return list({use.file: use for use in reversed(uses)}.values())[::-1]


class _Known:
    """Which namespaces each environment uses."""

    def __init__(self, tree: Tree) -> None:
        self.by_place: dict[Surrounding, dict[tuple[App, str], list[_Use]]] = {}
        built = (tree.app_of(file.path) for file in tree.of_kind(*KUSTOMIZATIONS))
        apps = {app for app in (*tree.apps, *built) if app is not None and app.environment}
        self._environments = {environments.canonical(app.environment) for app in apps}
        self._own: set[tuple[str, str]] = set()  # (environment, what is left of the name) of namespaces in their own
        self._used: set[tuple[str, str]] = set()  # (environment, namespace)
        uses: dict[tuple[App, str], list[_Use]] = defaultdict(list)
        for app, text, use in _uses(tree):
            uses[app, text].append(use)
        for (app, text), found in uses.items():
            place = surrounding(app)
            self.by_place.setdefault(place, {})[app, text] = found
            self._environments.add(place.environment)
            self._used.add((place.environment, text))
            word = environments.find(text)
            if word is not None and environments.canonical(word.text) == place.environment:
                self._own.add((place.environment, word.rest))

    def foreign(self, app: App, text: str) -> Word | None:
        """The other environment that the namespace is called for, None where that is not certain."""
        word = environments.find(text)
        if word is None or word.where in ("middle", "ring") or len(self._environments) < 2:
            return None
        if not differ(app.environment, word.text):
            return None
        other, mine = environments.canonical(word.text), environments.canonical(app.environment)
        is_its_own = (mine, word.rest) in self._own or (other, text) in self._used
        if word.where == "first":
            is_certain = other in self._environments and word.rest == app.name
        else:
            is_certain = word.is_sure or (word.is_plain and other in self._environments)
        return word if is_its_own or is_certain else None


def _uses(tree: Tree) -> Iterator[tuple[App, str, _Use]]:
    for file in tree.of_kind(*KUSTOMIZATIONS, FileKind.STRATEGIC_PATCH):
        app = tree.app_of(file.path)
        path: FieldPath = _OWN if file.kind is FileKind.STRATEGIC_PATCH else ("namespace",)
        if app is not None and app.environment:
            for document in file.documents:
                if _is_name(text := value_at(document.body, path)):
                    yield app, text, _Use(file, document.index, path)
    for resource in tree.resources:
        app, text = resource.app, resource.id.namespace
        if app is not None and app.environment and resource.id.kind != "Namespace" and _is_name(text):
            yield app, text, _Use(resource, resource.document, _OWN)
    for body in bodies(tree, _SPECIAL):
        paths = _OF_DEPLOYING if body.kind in DEPLOYING else (("metadata", "name"),)
        for field in paths if not is_elsewhere(body.body) else ():
            if _is_name(text := value_at(body.body, field)):
                yield body.app, text, _Use(body.subject, body.document, field)


def _is_name(text: object) -> bool:
    return isinstance(text, str) and 0 < len(text) <= LONGEST_NAME
