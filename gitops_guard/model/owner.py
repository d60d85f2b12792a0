"""Who applies what: Flux Kustomizations and Argo CD Applications of this repository, cluster by cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from gitops_guard.model.kustomization import Kustomizations, Member, Name, in_namespace
from gitops_guard.model.listing import texts
from gitops_guard.model.resource import Resource, ResourceId, Tree
from gitops_guard.model.source import Deployment, deployments, of_this_repository

_NO_CLUSTER: Final = ("kubeConfig", "suspend")  # with these, what a Flux Kustomization holds is not applied here


class Owner(NamedTuple):
    """One reconciler at work. *destination* tells the clusters apart to which one Argo CD delivers."""

    deployment: Deployment
    destination: str
    members: tuple[Member, ...]

    @property
    def resource(self) -> Resource:
        return self.deployment.resource

    def ids(self) -> Iterator[tuple[ResourceId, Member]]:
        for member in self.members:
            yield self._id(member), member

    def _id(self, member: Member) -> ResourceId:
        found = member.id
        if found.namespace or member.is_of_cluster or self.resource.id.group != "argoproj.io":
            return found
        return found._replace(namespace=_text(_map(_spec(self.resource).get("destination")).get("namespace")))


def owners(tree: Tree, kustomizations: Kustomizations) -> list[Owner]:
    """Those whose source is this repository and whose members are known by the names that they are applied with."""
    found = deployments(tree)
    if len(found) < 2:
        return []
    here = of_this_repository(tree)
    return [owner for entry in found if entry.source in here for owner in _owner(kustomizations, entry)]


def _owner(kustomizations: Kustomizations, entry: Deployment) -> Iterator[Owner]:
    if entry.source[0] == "flux":
        if not any(entry.spec.get(key) for key in _NO_CLUSTER):
            yield from _of_flux(kustomizations, entry)
    elif entry.field[1:2] != ("template",) and not any(entry.spec.get(key) for key in ("helm", "kustomize", "plugin")):
        yield from _of_argo(kustomizations, entry)


def _of_flux(kustomizations: Kustomizations, entry: Deployment) -> Iterator[Owner]:
    build = kustomizations.of_flux(entry.folder, texts(entry.spec.get("components")))
    if not build.is_exact or _may_change(entry.spec.get("patches")):
        return
    namespace = entry.spec.get("targetNamespace")
    members = in_namespace(build.members, namespace) if isinstance(namespace, str) and namespace else build.members
    prefix, suffix = (_text(entry.spec.get(key)) for key in ("namePrefix", "nameSuffix"))
    if prefix or suffix:
        members = tuple(
            member._replace(names=(Name(member.names[-1].namespace, f"{prefix}{member.names[-1].name}{suffix}"),))
            for member in members
        )
    yield Owner(entry, "", members)


def _may_change(patches: object) -> bool:
    text = repr(patches)
    return "$patch" in text or "/metadata/name" in text or "allowNameChange" in text


def _of_argo(kustomizations: Kustomizations, entry: Deployment) -> Iterator[Owner]:
    destination = _map(_spec(entry.resource).get("destination"))
    cluster = _text(destination.get("server")) or _text(destination.get("name"))
    directory = _map(entry.spec.get("directory"))
    if entry.folder in kustomizations.files:
        build = kustomizations.build(entry.folder)
        if build.is_exact:
            yield Owner(entry, cluster, build.members)
    elif not directory.get("include") and not directory.get("exclude"):
        yield Owner(
            entry, cluster, tuple(kustomizations.directory(entry.folder, recurses=bool(directory.get("recurse"))))
        )


def clusters(found: Sequence[Owner]) -> list[list[Owner]]:
    """The owners that apply to one cluster, as far as the repository says so: all that one of them leads to.

    One leads to another when it applies the resource that describes it. Those that nobody leads to are the roots of
    clusters.
    """
    numbers: dict[int, list[int]] = {}
    for number, owner in enumerate(found):
        numbers.setdefault(id(owner.resource), []).append(number)
    leads: list[list[int]] = []
    for owner in found:
        described = {id(member.resource) for member in owner.members if id(member.resource) in numbers}
        leads.append(sorted(n for one in described - {id(owner.resource)} for n in numbers[one]))
    led = {number for following in leads for number in following}
    groups: list[list[Owner]] = []
    for root in range(len(found)):
        if root not in led:
            by_destination: dict[str, list[Owner]] = {}
            for number in _reached(root, leads):
                by_destination.setdefault(found[number].destination, []).append(found[number])
            groups += [group for group in by_destination.values() if len(group) > 1]
    return groups


def _reached(root: int, leads: Sequence[Sequence[int]]) -> list[int]:
    seen = {root}
    waiting = [root]
    while waiting:
        for number in leads[waiting.pop()]:
            if number not in seen:
                seen.add(number)
                waiting.append(number)
    return sorted(seen)


def _spec(resource: Resource) -> Mapping[str, Any]:
    return _map(resource.body.get("spec"))


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
