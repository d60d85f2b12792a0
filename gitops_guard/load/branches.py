"""Which branches the sources of Flux and Argo CD follow, and where environments are told apart by nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from gitops_guard.load import environments
from gitops_guard.model.resource import FieldPath, Resource, Tree
from gitops_guard.model.source import argo_sources
from gitops_guard.model.workload import value_at

_PARAMETER: Final = re.compile(r"\{\{-? ?\.?([\w.-]{1,64}) ?-?\}\}")
_DEEPEST: Final = 4  # generators in generators; Argo CD takes two
_KINDS: Final = frozenset({"GitRepository", "Application", "ApplicationSet"})


class Branch(NamedTuple):
    """*path* is where *resource* says the branch; *what* is one repository, or one folder of it for Argo CD."""

    resource: Resource
    path: FieldPath
    name: str
    what: tuple[str, ...]

    @property
    def environment(self) -> str:
        """The environment that the branch is named for, "" for none; `env/dev` counts as `dev`."""
        word = environments.find(self.name.rpartition("/")[2])
        if word is None or not (word.where in ("exact", "ring") or word.is_sure):
            return ""
        return environments.canonical(word.text)

    @property
    def place(self) -> str:
        """The environment of the folder that the source lies in."""
        app = self.resource.app
        return environments.canonical(app.environment) if app is not None else ""


def environments_by_branch(tree: Tree) -> Iterator[list[Branch]]:
    """Sources of one repository and one path whose branches are named for different environments."""
    groups: dict[tuple[str, ...], list[Branch]] = {}
    for resource in tree.resources:
        if resource.id.kind in _KINDS:
            for branch in _of(resource):
                groups.setdefault(branch.what, []).append(branch)
    for found in groups.values():
        if len(found) > 1 and _differ_by_environment(found):
            yield found


def _differ_by_environment(found: Iterable[Branch]) -> bool:
    """Two branches named for environments; or one that the folder of its source is named for, and another elsewhere.

    `clusters/staging` that follows `main` and `clusters/production` that follows `production` are such.
    """
    named = {branch.environment for branch in found} - {""}
    if len(named) > 1:
        return True
    own = [branch for branch in found if branch.environment and branch.environment == branch.place]
    return bool(own) and any(other.place not in ("", own[0].place) and other.name != own[0].name for other in found)


def _of(resource: Resource) -> Iterator[Branch]:
    spec = resource.body.get("spec")
    match resource.id.group, resource.id.kind:
        case "source.toolkit.fluxcd.io", "GitRepository":
            branch = value_at(spec, ("ref", "branch"))
            if isinstance(branch, str) and isinstance(spec, Mapping):
                yield Branch(resource, ("spec", "ref", "branch"), branch, ("flux", _repository(spec.get("url"))))
        case "argoproj.io", "Application":
            yield from _of_sources(resource, spec)
        case "argoproj.io", "ApplicationSet":
            yield from _of_generators(resource, spec)


def _of_sources(resource: Resource, spec: object) -> Iterator[Branch]:
    sources = argo_sources(spec)
    if len(sources) == 1 and isinstance(spec, Mapping):
        branch = sources[0].get("targetRevision")
        if isinstance(branch, str) and "chart" not in sources[0]:
            inside: FieldPath = ("source",) if isinstance(spec.get("source"), Mapping) else ("sources", 0)
            yield Branch(resource, ("spec", *inside, "targetRevision"), branch, _of_argo(sources[0]))


def _of_argo(source: Mapping[str, Any]) -> tuple[str, ...]:
    return "argo", _repository(source.get("repoURL")), str(source.get("path"))


def _of_generators(resource: Resource, spec: object) -> Iterator[Branch]:
    """What the generators of an ApplicationSet put into `targetRevision: "{{branch}}"`."""
    for source in argo_sources(value_at(spec, ("template", "spec"))):
        revision = source.get("targetRevision")
        match = _PARAMETER.fullmatch(revision.strip()) if isinstance(revision, str) and len(revision) < 200 else None
        if match is None or "chart" in source:
            continue
        key = (resource.location.file, str(resource.location.line), *_of_argo(source))
        for path, value in _parameters(value_at(spec, ("generators",)), match[1], ("spec", "generators"), 0):
            yield Branch(resource, path, value, key)


def _parameters(generators: object, name: str, inside: FieldPath, depth: int) -> Iterator[tuple[FieldPath, str]]:
    for number, generator in enumerate(generators if isinstance(generators, list) else ()):
        for kind, body in generator.items() if isinstance(generator, Mapping) else ():
            path = (*inside, number, kind)
            if kind == "list":
                elements = value_at(body, ("elements",))
                for at, element in enumerate(elements if isinstance(elements, list) else ()):
                    yield from _value(element, name, (*path, "elements", at))
            elif kind in ("matrix", "merge") and depth < _DEEPEST:
                yield from _parameters(value_at(body, ("generators",)), name, (*path, "generators"), depth + 1)
            else:
                yield from _value(body, name, path)


def _value(body: object, name: str, inside: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    """`values.branch` stands in `values`, `branch` in the element itself."""
    field = tuple(name.split("."))
    value = value_at(body, field)
    if isinstance(value, str):
        yield (*inside, *field), value


def _repository(url: object) -> str:
    return str(url).lower().removesuffix("/").removesuffix(".git")
