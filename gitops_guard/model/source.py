"""Where reconcilers take manifests from: folders and branches that Flux and Argo CD resources name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from posixpath import normpath
from typing import Any, Final

from gitops_guard.model.resource import Resource, Tree
from gitops_guard.model.workload import value_at

_DEPLOYING: Final = frozenset({"Kustomization", "Application", "ApplicationSet"})


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


def argo_sources(spec: object) -> list[Mapping[str, Any]]:
    """The `source` and `sources` of an Argo CD Application's spec."""
    if not isinstance(spec, Mapping):
        return []
    several = spec.get("sources")
    listed = [spec.get("source"), *(several if isinstance(several, list) else [])]
    return [source for source in listed if isinstance(source, Mapping)]
