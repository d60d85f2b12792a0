"""Where reconcilers take manifests from: folders and branches that Flux and Argo CD resources name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import dirname, normpath
from typing import Any, Final, NamedTuple

from gitops_guard.model.once import per_tree
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FieldPath, Resource, Tree
from gitops_guard.model.workload import value_at

_DEPLOYING: Final = frozenset({"Kustomization", "Application", "ApplicationSet"})


@per_tree
def deployed_folders(tree: Tree) -> frozenset[str]:
    """The folders, relative to the root, that a Flux Kustomization or an Argo CD Application of the tree deploys.

    Whether its source is this very repository is not known offline; a folder that is not in the tree tells that it
    is not.
    """
    deploying = (resource for resource in tree.resources if resource.id.kind in _DEPLOYING)
    found = {normpath(path.lstrip("/")) for resource in deploying for path in _paths(resource)}
    return frozenset("" if path == "." else path for path in found)


def _paths(resource: Resource) -> Iterator[str]:
    spec = resource.body.get("spec")
    if not isinstance(spec, Mapping):
        return
    match resource.id.group, resource.id.kind:
        case "kustomize.toolkit.fluxcd.io", "Kustomization":
            candidates = [spec.get("path")]
        case "argoproj.io", "Application":
            candidates = [source.get("path") for source in argo_sources(spec)]
        case "argoproj.io", "ApplicationSet":
            template = value_at(spec, ("template", "spec"))
            candidates = [source.get("path") for source in argo_sources(template)]
        case _:
            return
    yield from (path for path in candidates if isinstance(path, str) and path)


def argo_sources_of(resource: Resource) -> list[Mapping[str, Any]]:
    """The sources of an Application, or of the template of an ApplicationSet."""
    spec = resource.body.get("spec")
    return argo_sources(spec if resource.id.kind == "Application" else value_at(spec, ("template", "spec")))


def argo_sources(spec: object) -> list[Mapping[str, Any]]:
    """The `source` and `sources` of an Argo CD Application's spec."""
    if not isinstance(spec, Mapping):
        return []
    several = spec.get("sources")
    listed = [spec.get("source"), *(several if isinstance(several, list) else [])]
    return [source for source in listed if isinstance(source, Mapping)]


class Deployment(NamedTuple):
    """A folder that a reconciler takes from a source. *spec* is what names it, at *field* of the resource.

    *folder* is relative to the root of the source, "" for the root itself. *source* tells sources, and branches of
    them, apart; it is () for a chart, and where another revision than the newest of a branch is meant.
    """

    resource: Resource
    field: FieldPath
    spec: Mapping[str, Any]
    folder: str
    source: tuple[str, ...]


# A commit or a version: what it holds is not what is here now.
_FIXED: Final = re.compile(r"[0-9a-f]{7,40}|v?[0-9]+\..*|.*[*<>=~^].*")
_EVIDENCE: Final = 3  # folders of a source that are here, for it to be this repository


@per_tree
def deployments(tree: Tree) -> Sequence[Deployment]:
    """What Flux Kustomizations and Argo CD Applications of the tree deploy from Git, where a path says so."""
    fixed = {_flux_key(resource.id.namespace, resource) for resource in tree.resources if _is_fixed(resource)}
    deploying = (resource for resource in tree.resources if resource.id.kind in _DEPLOYING)
    found = [entry for resource in deploying for entry in _deployments(resource)]
    return [entry._replace(source=()) if entry.source in fixed else entry for entry in found]


def _is_fixed(resource: Resource) -> bool:
    if resource.id.kind != "GitRepository":
        return False
    if value_at(resource.body, ("spec", "include")):
        return True  # folders of other repositories lie in it
    reference = value_at(resource.body, ("spec", "ref"))
    return isinstance(reference, Mapping) and not reference.keys().isdisjoint(("tag", "semver", "commit", "name"))


def _flux_key(namespace: str, resource: Resource) -> tuple[str, ...]:
    return "flux", resource.id.kind, namespace, resource.id.name


def _deployments(resource: Resource) -> Iterator[Deployment]:
    spec = resource.body.get("spec")
    if not isinstance(spec, Mapping):
        return
    match resource.id.group, resource.id.kind:
        case "kustomize.toolkit.fluxcd.io", "Kustomization":
            if (folder := _folder(spec.get("path", "./"))) is not None:
                yield Deployment(resource, ("spec",), spec, folder, flux_source(resource, spec.get("sourceRef")))
        case "argoproj.io", "Application":
            yield from _of_argo(resource, ("spec",), spec)
        case "argoproj.io", "ApplicationSet":
            yield from _of_argo(resource, ("spec", "template", "spec"), value_at(spec, ("template", "spec")))


def flux_source(resource: Resource, reference: object) -> tuple[str, ...]:
    """The source that a `sourceRef` means."""
    reference = reference if isinstance(reference, Mapping) else {}
    namespace = reference.get("namespace") or resource.id.namespace
    return "flux", str(reference.get("kind")), str(namespace), str(reference.get("name"))


def _of_argo(resource: Resource, at: FieldPath, spec: object) -> Iterator[Deployment]:
    if not isinstance(spec, Mapping):
        return
    several = spec.get("sources")
    listed: list[tuple[FieldPath, Any]] = [(("source",), spec.get("source"))]
    listed += [
        (("sources", number), source) for number, source in enumerate(several if isinstance(several, list) else [])
    ]
    for path, source in listed:
        if not isinstance(source, Mapping):
            continue
        if "chart" in source:
            yield Deployment(resource, (*at, *path), source, "", ())
        elif "path" in source and (folder := _folder(source["path"])) is not None:
            yield Deployment(resource, (*at, *path), source, folder, argo_source(source))


def argo_source(source: Mapping[str, Any]) -> tuple[str, ...]:
    """Which repository at which branch; () for a version or a commit, and for what is computed later."""
    url, revision = source.get("repoURL"), source.get("targetRevision") or "HEAD"
    if not isinstance(url, str) or not isinstance(revision, str) or is_placeholder(url) or is_placeholder(revision):
        return ()
    if _FIXED.fullmatch(revision):
        return ()
    return "argo", url.lower().removesuffix("/").removesuffix(".git"), revision


def _folder(path: object) -> str | None:
    if not isinstance(path, str) or is_placeholder(path) or "\n" in path:
        return None
    folder = normpath(path.lstrip("/") or ".")
    return None if folder.startswith("..") else "" if folder == "." else folder


@per_tree
def of_this_repository(tree: Tree) -> frozenset[tuple[str, ...]]:
    """The sources of deployments that are this very repository.

    `flux bootstrap` says so, in `gotk-sync.yaml`. Else the folders tell: of one source at least three are here, and
    at most one in four is not.
    """
    there: dict[tuple[str, ...], set[str]] = {}
    gone: dict[tuple[str, ...], set[str]] = {}
    told: set[tuple[str, ...]] = set()
    known = folders(tree)
    for entry in deployments(tree):
        if not entry.source:
            continue
        if is_bootstrap(entry):
            told.add(entry.source)
        if entry.folder:
            (there if entry.folder in known else gone).setdefault(entry.source, set()).add(entry.folder)
    told.update(source for source, here in there.items() if len(here) >= max(_EVIDENCE, 3 * len(gone.get(source, ()))))
    return frozenset(told)


@per_tree
def folders(tree: Tree) -> frozenset[str]:
    """All folders that hold a file, read or not, at any depth; the root is ""."""
    found: set[str] = set()
    for path in {*(file.path for file in tree.files), *(skipped.file for skipped in tree.skipped)}:
        folder = dirname(path)
        while folder not in found:
            found.add(folder)
            folder = dirname(folder)
    return frozenset(found)


def is_bootstrap(entry: Deployment) -> bool:
    """Whether `flux bootstrap` wrote it, for the repository that it lies in: it names its own folder."""
    folder, _, name = entry.resource.location.file.rpartition("/")
    return name == "gotk-sync.yaml" and entry.folder == dirname(folder)
