"""What stands in one environment and names files of another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from posixpath import dirname, normpath
from typing import Any, Final, NamedTuple

from gitops_guard.load import environments
from gitops_guard.model import listing
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import App, FieldPath, FileKind, Location, Resource, SourceFile, Tree
from gitops_guard.model.workload import value_at

DEPLOYING: Final = frozenset({"Kustomization", "HelmRelease", "Application"})
KUSTOMIZATIONS: Final = (FileKind.KUSTOMIZATION, FileKind.COMPONENT)
_YAML: Final = (".yaml", ".yml", ".json")
_GENERAL: Final = "nonproduction"  # several environments in one
_NEAR_PRODUCTION: Final = frozenset({environments.canonical(word) for word in environments.SURE} | {"live"})
# Made from another environment on purpose, for a while or for a few.
_DERIVED: Final = frozenset({"preview", "canary", "sandbox", "demo"})
LONGEST_NAME: Final = 253  # characters

Subject = Resource | SourceFile


class Crossing(NamedTuple):
    """*environment* of *subject* is not the one that *text* belongs to, which is *other*; both as written."""

    subject: Subject
    at: Location
    path: FieldPath
    environment: str
    other: str
    text: str


def differ(environment: str, other: str) -> bool:
    """Whether the two are certainly different environments, neither of them made from the other."""
    mine, theirs = environments.canonical(environment), environments.canonical(other)
    if mine == theirs or not mine or mine in _DERIVED or environments.find(other) is None:
        return False
    return "production" in (mine, theirs) or _GENERAL not in (mine, theirs)


class Surrounding(NamedTuple):
    """One environment: its name, and its cluster if it is told by one."""

    environment: str
    cluster: str


def references(tree: Tree) -> Iterator[Crossing]:
    """Paths to files and folders of another environment.

    A place that names several others is a hub, and left out; so are environments of which none comes near production.
    """
    found: dict[Surrounding, list[Crossing]] = defaultdict(list)
    for app, crossing in (*_of_kustomizations(tree), *_of_reconcilers(tree)):
        if {environments.canonical(crossing.environment), environments.canonical(crossing.other)} & _NEAR_PRODUCTION:
            found[surrounding(app)].append(crossing)
    for crossings in found.values():
        if len({environments.canonical(crossing.other) for crossing in crossings}) == 1:
            yield from crossings


def surrounding(app: App) -> Surrounding:
    return Surrounding(environments.canonical(app.environment), app.cluster)


def _of_kustomizations(tree: Tree) -> Iterator[tuple[App, Crossing]]:
    for file in tree.of_kind(*KUSTOMIZATIONS):
        app = tree.app_of(file.path)
        if app is None or not app.environment:
            continue
        folder = dirname(file.path)
        for document, body in listing.bodies(file):
            for path, entry in listing.named(body):
                target = listing.local_path(folder, entry)
                if target is None or dirname(target) == folder:
                    continue
                other = _environment_of(tree, target)
                if differ(app.environment, other):
                    at = file.locate(document, path)
                    yield app, Crossing(file, at, path, app.environment, other, target)


def _environment_of(tree: Tree, path: str) -> str:
    if path.startswith("..") or is_placeholder(path):
        return ""
    app = tree.app_of(path if path.endswith(_YAML) else f"{path}/kustomization.yaml")
    return app.environment if app is not None else ""


class Body(NamedTuple):
    """A resource, or a patch of one, in an environment."""

    subject: Subject
    app: App
    body: Mapping[str, Any]
    document: int
    kind: str


def bodies(tree: Tree, kinds: frozenset[str]) -> Iterator[Body]:
    for resource in tree.resources:
        if resource.id.kind in kinds and resource.app is not None and resource.app.environment:
            yield Body(resource, resource.app, resource.body, resource.document, resource.id.kind)
    for file in tree.of_kind(FileKind.STRATEGIC_PATCH):
        app = tree.app_of(file.path)
        if app is None or not app.environment:
            continue
        for document in file.documents:
            kind = value_at(document.body, ("kind",))
            if isinstance(kind, str) and kind in kinds:
                yield Body(file, app, document.body, document.index, kind)


def locate(subject: Subject, document: int, path: FieldPath) -> Location:
    return subject.locate(path) if isinstance(subject, Resource) else subject.locate(document, path)


def _of_reconcilers(tree: Tree) -> Iterator[tuple[App, Crossing]]:
    for body in bodies(tree, DEPLOYING):
        if is_elsewhere(body.body):
            continue
        for path, text in _paths(body.body):
            other = _environment_of(tree, normpath(text.lstrip("/")))
            if differ(body.app.environment, other) and not _says(body.body, other):
                at = locate(body.subject, body.document, path)
                yield body.app, Crossing(body.subject, at, path, body.app.environment, other, text)


def is_elsewhere(body: Mapping[str, Any]) -> bool:
    """Whether it deploys to another cluster than the one that reads it."""
    return value_at(body, ("spec", "kubeConfig")) is not None


def _says(body: Mapping[str, Any], other: str) -> bool:
    """Whether it is called for the other environment, or says that it deploys there: then it is meant so."""
    destination = value_at(body, ("spec", "destination"))
    told = list(destination.values()) if isinstance(destination, Mapping) else []
    told += [value_at(body, ("metadata", "name")), value_at(body, ("spec", "targetNamespace"))]
    return any(is_named_for(text, other) for text in told if isinstance(text, str))


def is_named_for(text: str, environment: str) -> bool:
    word = environments.find(text) if len(text) < LONGEST_NAME else None
    return word is not None and environments.canonical(word.text) == environments.canonical(environment)


def _paths(body: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
    spec = body.get("spec")
    match body.get("kind"):
        case "Kustomization":
            yield from _text(spec, ("path",), ("spec",))
        case "HelmRelease":
            files = value_at(spec, ("chart", "spec", "valuesFiles"))
            yield from _texts(files, ("spec", "chart", "spec", "valuesFiles"))
        case "Application":
            for source, inside in _placed_sources(spec):
                yield from _text(source, ("path",), inside)
                yield from _texts(value_at(source, ("helm", "valueFiles")), (*inside, "helm", "valueFiles"))


def _placed_sources(spec: object) -> Iterator[tuple[Mapping[str, Any], FieldPath]]:
    if isinstance(value_at(spec, ("source",)), Mapping):
        yield value_at(spec, ("source",)), ("spec", "source")
    several = value_at(spec, ("sources",))
    for number, source in enumerate(several if isinstance(several, list) else ()):
        if isinstance(source, Mapping):
            yield source, ("spec", "sources", number)


def _text(body: object, path: FieldPath, inside: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    value = value_at(body, path)
    if isinstance(value, str) and "://" not in value:
        yield (*inside, *path), value


def _texts(values: object, inside: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    """A path of Argo CD may begin with the name of a source: `$values/envs/production/values.yaml`."""
    for number, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, str) and "://" not in value:
            yield (*inside, number), value.partition("/")[2] if value.startswith("$") else value
