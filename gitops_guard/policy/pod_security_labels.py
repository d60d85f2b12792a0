"""Which level of the Pod Security Standards the namespace of a resource enforces, by labels of Namespaces in the Tree.

Where a resource goes, and which Namespace is delivered with it, is what kustomizations and reconcilers say; for the
rest its own namespace counts, and the Namespaces of that name that may be in the same cluster. Of several that may be
meant, the one that asks least holds: nothing is found that might not be so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from gitops_guard.model import kustomization, owner, workload
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import Resource, ResourceId, Tree

LEVELS: Final = ("privileged", "baseline", "restricted")  # the stricter, the later
LATEST: Final = "latest"
_LEVEL: Final = "pod-security.kubernetes.io/enforce"
_VERSION: Final = "pod-security.kubernetes.io/enforce-version"
_VERSIONS: Final = re.compile(r"v(1\.(?:0|[1-9][0-9]*))")
_ALONE: Final = -1  # the scope of what nothing else is known to be delivered with


class Enforced(NamedTuple):
    """*version* is `1.34`, or `latest`: that of the cluster."""

    level: str
    version: str
    namespace: str


class Labels:
    """What the Namespaces of a tree enforce. Nothing else of the tree is read where none of them says so."""

    def __init__(self, tree: Tree) -> None:
        self._namespaces = [one for one in tree.resources if one.id.kind == "Namespace" and not one.id.group]
        self._together: dict[tuple[int, str], list[Resource]] = {}  # by what delivers them, and their name
        self._by_name: dict[str, list[Resource]] = {}
        self._places: dict[int, list[tuple[int, str]]] = {}  # of workloads, by their identity
        if any(enforced(one) for one in self._namespaces):
            self._read(tree)

    def _read(self, tree: Tree) -> None:
        for scope, told, resource in _delivered(tree):
            if told.kind == "Namespace" and not told.group:
                self._together.setdefault((scope, told.name), []).append(resource)
                self._by_name.setdefault(told.name, []).append(resource)
            elif workload.template_path(told) is not None and told.namespace:
                self._places.setdefault(id(resource), []).append((scope, told.namespace))

    def of(self, resource: Resource) -> Enforced | None:
        """The strictest that one of the namespaces that *resource* is delivered to enforces."""
        if resource.provisional:  # it is not delivered as it stands
            return None
        told = (self._there(scope, name, resource) for scope, name in self._places.get(id(resource), ()))
        return max((one for one in told if one is not None), key=_strictness, default=None)

    def _there(self, scope: int, name: str, resource: Resource) -> Enforced | None:
        known = self._together.get((scope, name)) if scope != _ALONE else None
        if not known:
            known = [one for one in self._by_name.get(name, ()) if _may_be_together(one, resource)]
        told = [enforced(one) for one in known]
        sure = [one for one in told if one is not None]
        if not sure or len(sure) < len(told):
            return None
        return min(sure, key=_strictness)._replace(namespace=name)

    def unknown(self) -> Iterator[str]:
        """Sentences about labels that name no level."""
        for namespace in self._namespaces:
            level = namespace.labels.get(_LEVEL)
            if level is not None and level not in LEVELS:
                yield (
                    f"policies: `{_LEVEL}` of the Namespace `{namespace.id.name}` ({namespace.location}) names no "
                    f"level that is known ({', '.join(LEVELS)}), so nothing is judged by it"
                )


def enforced(namespace: Resource) -> Enforced | None:
    """A version that is none is the latest, as for the API server."""
    level, version = (namespace.labels.get(label) for label in (_LEVEL, _VERSION))
    if not isinstance(level, str) or level not in LEVELS[1:]:
        return None
    if isinstance(version, str) and is_placeholder(version):
        return None
    match = _VERSIONS.fullmatch(version) if isinstance(version, str) else None
    return Enforced(level, match[1] if match else LATEST, namespace.id.name)


def _strictness(told: Enforced) -> int:
    return LEVELS.index(told.level)


def _may_be_together(namespace: Resource, resource: Resource) -> bool:
    """Whether both may be in one cluster: what belongs to no environment, or to no cluster, may be in each."""
    here, there = namespace.app, resource.app
    if here is None or there is None:
        return True
    pairs = ((here.environment, there.environment), (here.cluster, there.cluster))
    return all(not one or not other or one == other for one, other in pairs)


def _delivered(tree: Tree) -> Iterator[tuple[int, ResourceId, Resource]]:
    """All resources with the ids that they are delivered under; a number says what is delivered together."""
    kustomizations = kustomization.of_tree(tree)
    told: set[int] = set()
    scope = _ALONE
    for one in owner.owners(tree, kustomizations):
        scope += 1
        for found, member in one.ids():
            if member.resource is not None:
                told.add(id(member.resource))
                yield scope, found, member.resource
    owned = frozenset(told)
    for folder in kustomizations.roots():
        scope += 1
        for member in kustomizations.build(folder).members:
            if member.resource is not None and id(member.resource) not in owned:
                told.add(id(member.resource))
                yield scope, member.id, member.resource
    for resource in tree.resources:
        if id(resource) not in told:
            yield _ALONE, resource.id, resource


def newest(wanted: str, cluster: str) -> str:
    """The version of the standards that a cluster of the version *cluster* (`1.34.2`) holds where *wanted* is asked.

    An API server knows no version newer than itself.
    """
    here = minor(cluster)
    return f"1.{here if wanted == LATEST else min(minor(wanted), here)}"


def minor(version: str) -> int:
    return int(version.removeprefix("v").split(".")[1])
