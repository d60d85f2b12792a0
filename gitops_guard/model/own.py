"""Which repositories are those of the people who keep this one: their sources may follow a branch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from posixpath import normpath
from typing import Any, Final

from gitops_guard.model import listing, revision
from gitops_guard.model.resource import Resource, Tree
from gitops_guard.model.source import argo_sources_of, folders
from gitops_guard.model.workload import value_at

_SOURCES: Final = frozenset({"GitRepository", "OCIRepository"})


class Own:
    """What the tree tells of the repository that it lies in, and of its owner.

    `flux bootstrap` and the Flux Operator say which it is; otherwise it is one from which a folder is deployed that
    lies in this tree. *named* are patterns of the configuration, as `github.com/example`.
    """

    def __init__(self, tree: Tree, named: tuple[str, ...] = ()) -> None:
        self._named = tuple(revision.repository(pattern) or pattern.lower() for pattern in named)
        self._folders = folders(tree)
        self._files = listing.of_tree(tree).files
        self._sources = {
            (resource.id.kind, resource.id.name): _text(value_at(resource.body, ("spec", "url")))
            for resource in tree.resources
            if resource.id.kind in _SOURCES
        }
        urls = {url for resource in tree.resources for url in self._told_by(resource) if url}
        self.owners = {revision.owner(url) for url in urls}

    def has(self, url: str) -> bool:
        """Whether *url* is one of ours. While nobody is known to be the owner, a private host is taken for ours."""
        known = revision.repository(url)
        if any(known == name or known.startswith(f"{name}/") or fnmatchcase(known, name) for name in self._named):
            return True
        if not self.owners and not revision.is_public(url):
            return True
        return revision.owner(url) in self.owners

    def holds(self, path: object) -> bool:
        """Whether this tree has the folder or file; one that is named by a template is not known."""
        if not isinstance(path, str):
            return False
        folder = normpath(path.strip("/") or ".")
        return folder != "." and (folder in self._folders or folder in self._files)

    def _told_by(self, resource: Resource) -> Iterator[str]:
        match resource.id.kind:
            case "GitRepository" | "OCIRepository" if resource.id.name == "flux-system":
                yield self._sources[resource.id.kind, resource.id.name]
            case "FluxInstance":
                yield _text(value_at(resource.body, ("spec", "sync", "url")))
            case "HelmRelease":
                yield _text(value_at(resource.body, ("spec", "values", "instance", "sync", "url")))
            case "Kustomization":
                if self.holds(value_at(resource.body, ("spec", "path"))):
                    reference = value_at(resource.body, ("spec", "sourceRef"))
                    if isinstance(reference, Mapping):
                        yield self._sources.get((str(reference.get("kind")), str(reference.get("name"))), "")
            case "Application" | "ApplicationSet":
                yield from self._told_by_argo(resource)

    def _told_by_argo(self, resource: Resource) -> Iterator[str]:
        sources = argo_sources_of(resource)
        for source in sources:
            reference = source.get("ref")
            if self.holds(source.get("path")) or (reference and self._has_values(sources, f"${reference}/")):
                yield _text(source.get("repoURL"))
        for generator in git_generators(resource):
            for listed in ("directories", "files"):
                entries = generator.get(listed)
                for entry in entries if isinstance(entries, list) else ():
                    if isinstance(entry, Mapping) and self.holds(_before_glob(entry.get("path"))):
                        yield _text(generator.get("repoURL"))

    def _has_values(self, sources: list[Mapping[str, Any]], prefix: str) -> bool:
        for source in sources:
            files = value_at(source, ("helm", "valueFiles"))
            for file in files if isinstance(files, list) else ():
                if isinstance(file, str) and file.startswith(prefix) and self.holds(file.removeprefix(prefix)):
                    return True
        return False


def git_generators(resource: Resource) -> list[Mapping[str, Any]]:
    """The `git` generators of an ApplicationSet, also within `matrix` and `merge`."""
    found: list[Mapping[str, Any]] = []
    stack = [value_at(resource.body, ("spec", "generators"))]
    for _ in range(1000):  # generators nest two deep
        if not stack:
            break
        entries = stack.pop()
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping):
                if isinstance(entry.get("git"), Mapping):
                    found.append(entry["git"])
                stack += [value_at(entry, (outer, "generators")) for outer in ("matrix", "merge")]
    return found


def _before_glob(path: object) -> str:
    if not isinstance(path, str):
        return ""
    parts = path.split("/")
    return "/".join(parts[: next((number for number, part in enumerate(parts) if "*" in part), len(parts))])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
