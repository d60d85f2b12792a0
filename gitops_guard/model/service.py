"""Services: which Pods they select, which ports those have, and which ports routes ask of Services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.likeness import is_slip
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.producer import own
from gitops_guard.model.reference import Reference
from gitops_guard.model.resource import FieldPath, Resource, Tree
from gitops_guard.model.supply import Openness, Supplied, Supply
from gitops_guard.model.workload import containers, template_path, value_at

_SELECTOR: Final[Mapping[tuple[str, str], FieldPath]] = {
    ("", "Service"): ("spec", "selector"),
    ("policy", "PodDisruptionBudget"): ("spec", "selector", "matchLabels"),
}
_ROUTES: Final = frozenset({"Ingress", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute", "IngressRoute"})
_MOST_BESIDE: Final = 100  # workloads that a Service without Pods is compared with
_SHORT_LIVED: Final = frozenset({"Job", "CronJob", "PodTemplate"})


@dataclass(frozen=True, slots=True)
class _Pods:
    """The Pods of one workload. *added* are the label keys that a kustomization sets for all that it collects."""

    supplied: Supplied
    labels: Mapping[str, Any]
    ports: frozenset[str]
    added: frozenset[str]

    @property
    def resource(self) -> Resource:
        assert self.supplied.resource is not None
        return self.supplied.resource

    @property
    def is_loose(self) -> bool:
        """Whether some labels are not known as they stand."""
        return bool(self.added) or any(isinstance(value, str) and "{" in value for value in self.labels.values())

    def has(self, key: str, value: object) -> bool:
        mine = self.labels.get(key)
        if mine == value or key in self.added:
            return True
        return isinstance(mine, str) and ("{" in mine or "$" in mine) and is_placeholder(mine)


class Services:
    """What is wrong between the Services of a tree, their Pods and their routes."""

    def __init__(self, tree: Tree, supply: Supply, references: Iterable[tuple[Resource, Sequence[Reference]]]) -> None:
        self.tree = tree
        self.references = references
        self.supply = supply
        self._pods: list[_Pods] = []
        self._by_label: dict[tuple[str, str], list[_Pods]] = {}
        self._known: dict[tuple[object, ...], list[_Pods]] = {}
        for resource in tree.resources:
            if template_path(resource.id) is not None:
                self._add(resource)

    def _add(self, resource: Resource) -> None:
        pods = self._read(resource)
        self._pods.append(pods)
        for key, value in pods.labels.items():
            if isinstance(value, str):
                self._by_label.setdefault((key, value), []).append(pods)

    def _read(self, resource: Resource) -> _Pods:
        labels = value_at(resource.body, (*(template_path(resource.id) or ()), "metadata", "labels"))
        names = {
            port["name"]
            for _, container in containers(resource.id, resource.body)
            for port in _maps(container.get("ports"))
            if isinstance(port.get("name"), str)
        }
        supplied = Supplied(own(resource), resource.location.file, resource.id.namespace, resource.app, resource)
        return _Pods(
            supplied, labels if isinstance(labels, dict) else {}, frozenset(names), self._labels_above(resource)
        )

    def _labels_above(self, resource: Resource) -> frozenset[str]:
        found: set[str] = set()
        for layer in self.supply.around(resource).above:
            for body in layer.bodies:
                for pairs in [body.get("commonLabels"), *(entry.get("pairs") for entry in _maps(body.get("labels")))]:
                    if isinstance(pairs, Mapping):
                        found.update(key for key in pairs if isinstance(key, str))
        return frozenset(found)

    def problems(self) -> Iterator[tuple[Resource, Problem]]:
        unmatched: list[tuple[Resource, Mapping[str, str], FieldPath]] = []
        for resource in self.tree.resources:
            path = _SELECTOR.get(resource.id[:2])
            selector = value_at(resource.body, path) if path else None
            if path is None or not isinstance(selector, Mapping) or not _is_plain(selector):
                continue
            pods = self._matching(resource, selector)
            if not pods:
                unmatched.append((resource, selector, path))
            elif resource.id.kind == "Service":
                yield from ((resource, problem) for problem in self._target_ports(resource, pods))
        for resource, selector, path in unmatched:
            problem = self._unmatched(resource, selector, path)
            if problem is not None:
                yield resource, problem
        yield from self._routes()

    def _matching(self, resource: Resource, selector: Mapping[str, str]) -> list[_Pods]:
        """The Pods that *selector* selects, those of its own app where there are some."""
        candidates = min((self._by_label.get(item, []) for item in selector.items()), key=len)
        found = self._meeting(resource, selector, candidates)
        found = found or self._meeting(resource, selector, [pods for pods in self._beside(resource) if pods.is_loose])
        near = self._near(resource, found)
        return near or found

    def _meeting(self, resource: Resource, selector: Mapping[str, str], among: list[_Pods]) -> list[_Pods]:
        return [
            pods
            for pods in among
            if all(pods.has(key, value) for key, value in selector.items())
            and self.supply.may_meet(pods.supplied, resource)
        ]

    def _beside(self, resource: Resource) -> list[_Pods]:
        key = (id(self.supply.around(resource).files), resource.app, resource.location.file)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._near(resource, self._pods)[:_MOST_BESIDE]
        return known

    def _near(self, resource: Resource, among: list[_Pods]) -> list[_Pods]:
        """Those that are delivered with *resource*, or belong to the same app."""
        files = self.supply.around(resource).files | {resource.location.file}
        return [
            pods
            for pods in among
            if pods.supplied.file in files or (resource.app is not None and pods.supplied.app == resource.app)
        ]

    def _target_ports(self, service: Resource, pods: list[_Pods]) -> Iterator[Problem]:
        for number, port in enumerate(_list(value_at(service.body, ("spec", "ports")))):
            name = port.get("targetPort") if isinstance(port, Mapping) else None
            if not isinstance(name, str) or not name or name.isdigit() or is_placeholder(name):
                continue
            if any(name in found.ports for found in pods) or self._is_patched(service, pods, [name, "ports"]):
                continue
            there = sorted({port for found in pods for port in found.ports})
            known = f"; it has {', '.join(f'`{port}`' for port in there)}" if there else ""
            message = f"no container of `{pods[0].resource.id}` has a port named `{name}`{known}"
            path = ("spec", "ports", number, "targetPort")
            yield Problem(path, message, severity=None if self._near(service, pods) else Severity.WARNING)

    def _unmatched(self, resource: Resource, selector: Mapping[str, str], path: FieldPath) -> Problem | None:
        near = [pods for pods in self._beside(resource) if pods.resource.id.kind not in _SHORT_LIVED]
        if not near or self._is_patched(resource, near, ["selector", *selector]):
            return None
        openness = self.supply.openness(resource)
        told: list[tuple[int, int, _Pods, list[str]]] = []
        for number, pods in enumerate(near):
            wrong = [key for key, value in selector.items() if not pods.has(key, value)]
            if self._was_meant(resource, selector, wrong, pods, openness):
                is_named = resource.id.name == pods.resource.id.name
                told.append((len(wrong) - is_named, number, pods, wrong))
        if not told:
            return None
        _, _, pods, wrong = min(told, key=lambda entry: entry[:2])
        return self._not_selected(resource, selector, wrong, pods, path, openness)

    def _is_patched(self, resource: Resource, pods: list[_Pods], words: list[str]) -> bool:
        return self.supply.are_patched([resource, *(near.resource for near in pods)], words)

    def _is_slip(self, selector: Mapping[str, str], wrong: list[str], pods: _Pods) -> bool:
        theirs = [pods.labels.get(key) for key in wrong]
        return len(wrong) == 1 and isinstance(theirs[0], str) and is_slip(selector[wrong[0]], theirs[0])

    def _was_meant(
        self, resource: Resource, selector: Mapping[str, str], wrong: list[str], pods: _Pods, openness: Openness
    ) -> bool:
        """Whether *resource* is for these Pods: by a slip, by its name, or because nothing else could be."""
        if self._is_slip(selector, wrong, pods):
            return True
        if openness is Openness.BESIDE:
            return False
        if resource.id.name == pods.resource.id.name:
            return True
        return len(wrong) < len(selector) or (openness is Openness.NONE and any(key in pods.labels for key in wrong))

    def _not_selected(
        self, resource: Resource, selector: Mapping[str, str], wrong: list[str], pods: _Pods, path: FieldPath,
        openness: Openness,
    ) -> Problem:  # fmt: skip
        key = wrong[0]
        has = f"has `{key}: {pods.labels[key]}`" if key in pods.labels else f"has no label `{key}`"
        message = f"no Pod has `{key}: {selector[key]}` and so none is selected; that of {pods.resource.id} {has}"
        is_certain = not openness and (
            resource.id.name == pods.resource.id.name or self._is_slip(selector, wrong, pods)
        )
        return Problem((*path, key), message, severity=None if is_certain else Severity.WARNING)

    def _routes(self) -> Iterator[tuple[Resource, Problem]]:
        for resource, known in self.references:
            if resource.id.kind in _ROUTES:
                for reference in known:
                    if reference.target.kind == "Service":
                        yield from ((resource, problem) for problem in self._port(resource, reference))
            elif resource.id.kind == "Route" and resource.id.group == "route.openshift.io":
                yield from ((resource, problem) for problem in self._openshift_port(resource, known))

    def _port(self, resource: Resource, reference: Reference) -> Iterator[Problem]:
        """The port that a backend asks of its Service."""
        backend = value_at_index(resource.body, reference.path[:-1])
        keys: FieldPath = ("servicePort",) if reference.path[-1] == "serviceName" else ("port",)
        port = backend.get(keys[0]) if isinstance(backend, Mapping) else None
        if isinstance(port, Mapping):
            keys = ("port", "number") if "number" in port else ("port", "name")
            port = port.get(keys[-1])
        if (isinstance(port, int) and not isinstance(port, bool)) or (isinstance(port, str) and port):
            services = self._services(resource, reference)
            if services and not any(_offers(service, port) for service in services):
                yield from self._no_port(resource, services[0], port, (*reference.path[:-1], *keys))

    def _openshift_port(self, resource: Resource, known: Sequence[Reference]) -> Iterator[Problem]:
        port = value_at(resource.body, ("spec", "port", "targetPort"))
        if not isinstance(port, str) or not port:
            return
        for reference in known:
            services = self._services(resource, reference)
            if services and not any(_offers(service, port) or _aims_at(service, port) for service in services):
                yield from self._no_port(resource, services[0], port, ("spec", "port", "targetPort"))
            return

    def _services(self, resource: Resource, reference: Reference) -> list[Resource]:
        found = [supplied for supplied in self.supply.found(reference, resource) if supplied.resource is not None]
        files = self.supply.around(resource).files | {resource.location.file}
        near = [supplied for supplied in found if supplied.file in files] or found
        return [supplied.resource for supplied in near if supplied.resource is not None]

    def _no_port(self, resource: Resource, service: Resource, port: int | str, path: FieldPath) -> Iterator[Problem]:
        if is_placeholder(str(port)) or any(
            self.supply.is_patched(found, [str(port), "port", "ports"]) for found in (resource, service)
        ):
            return
        ports = [_name_of(known) for known in _maps(value_at(service.body, ("spec", "ports")))]
        known = f"; it has {', '.join(ports)}" if ports else ""
        yield Problem(path, f"{service.id} has no port `{port}`{known}")


def value_at_index(body: Any, path: FieldPath) -> Any:
    """The value of a field, through lists too; None where a part of the path is not there."""
    for part in path:
        if isinstance(part, int):
            body = body[part] if isinstance(body, list) and part < len(body) else None
        else:
            body = body.get(part) if isinstance(body, Mapping) else None
    return body


def _offers(service: Resource, port: int | str) -> bool:
    """Whether a Service has this port; one whose ports are not told, or that is a mere name, is not judged."""
    spec = service.body.get("spec")
    ports = _list(value_at(spec, ("ports",)))
    if not ports or value_at(spec, ("type",)) == "ExternalName":
        return True
    for known in ports:
        if not isinstance(known, Mapping) or isinstance(known.get("port"), str):
            return True
        if port in (known.get("port"), known.get("name")) or str(port) == str(known.get("port")):
            return True
    return False


def _aims_at(service: Resource, port: str) -> bool:
    return any(str(known.get("targetPort")) == port for known in _maps(value_at(service.body, ("spec", "ports"))))


def _name_of(port: Mapping[str, Any]) -> str:
    name = port.get("name")
    return f"`{port.get('port')}` (`{name}`)" if isinstance(name, str) else f"`{port.get('port')}`"


def _is_plain(selector: Mapping[Any, Any]) -> bool:
    """A selector that is not empty and of texts without placeholders."""
    return bool(selector) and all(
        isinstance(key, str) and isinstance(value, str) and not is_placeholder(value) for key, value in selector.items()
    )


def _maps(value: object) -> Iterator[Mapping[str, Any]]:
    return (entry for entry in _list(value) if isinstance(entry, Mapping))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
