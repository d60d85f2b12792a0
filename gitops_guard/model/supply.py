"""What a repository brings for references to mean: every name by kind, and where nobody can know all names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import IntEnum
from itertools import islice
from typing import Any, Final, NamedTuple

from gitops_guard.model import collected, listing
from gitops_guard.model.collected import Layer, Surroundings
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.producer import Target, brought, generated, own
from gitops_guard.model.reference import Reference
from gitops_guard.model.resource import App, FileKind, Resource, SourceFile, Tree
from gitops_guard.model.workload import value_at

# Files whose resources cannot be read.
_CLOSED_FILES: Final = frozenset(
    {FileKind.BROKEN, FileKind.TEMPLATE, FileKind.HELM_TEMPLATE, FileKind.GIT_CRYPT, FileKind.HELM_CHART,
     FileKind.TOO_LARGE, FileKind.UNREADABLE, FileKind.SYMLINK, FileKind.SUBMODULE, FileKind.LFS_POINTER}
)  # fmt: skip
# Custom resources of these groups bring no workload, Service or account into being, and no name that is not known.
_PLAIN_GROUPS: Final = (
    "gateway.networking.k8s.io", "networking.k8s.io", "rbac.authorization.k8s.io", "storage.k8s.io", "policy",
    "apiextensions.k8s.io", "admissionregistration.k8s.io", "apiregistration.k8s.io", "scheduling.k8s.io",
    "autoscaling.k8s.io", "snapshot.storage.k8s.io", "metrics.k8s.io", "discovery.k8s.io", "networking.istio.io",
    "security.istio.io", "telemetry.istio.io", "cilium.io", "external-secrets.io", "bitnami.com", "cert-manager.io",
    "keda.sh", "kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io", "notification.toolkit.fluxcd.io",
    "image.toolkit.fluxcd.io", "source.extensions.fluxcd.io", "route.openshift.io", "apps.openshift.io",
    "image.openshift.io", "build.openshift.io", "security.openshift.io", "console.openshift.io",
    "config.openshift.io", "user.openshift.io", "project.openshift.io", "traefik.io", "traefik.containo.us",
    "externaldns.k8s.io", "k8s.cni.cncf.io", "grafana.integreatly.org", "isindir.github.com", "kyverno.io",
    "onepassword.com", "secrets.hashicorp.com", "secrets.infisical.com", "secrets.doppler.com", "viaductoss.ksops",
)  # fmt: skip
_PLAIN_KINDS: Final = frozenset(
    {
        ("argoproj.io", "AppProject"), ("argoproj.io", "Rollout"), ("argoproj.io", "AnalysisTemplate"),
        ("monitoring.coreos.com", "ServiceMonitor"), ("monitoring.coreos.com", "PodMonitor"),
        ("monitoring.coreos.com", "PrometheusRule"), ("monitoring.coreos.com", "Probe"),
        ("operators.coreos.com", "OperatorGroup"), ("operators.coreos.com", "CatalogSource"),
        ("monitoring.coreos.com", "ScrapeConfig"), ("monitoring.coreos.com", "AlertmanagerConfig"),
    }
)  # fmt: skip
_CLUSTER_WIDE: Final = frozenset(
    {"ClusterRole", "ClusterIssuer", "ClusterSecretStore", "ClusterTriggerAuthentication", "GatewayClass", "Namespace"}
)
_NOTHING: Final[frozenset[int]] = frozenset()
_ENOUGH: Final = 50  # things of one name that a reference may mean
_SHORT: Final = 3  # letters of a name that is a part of others by chance
_WORD: Final = re.compile(r"[A-Za-z0-9][\w.-]*")
_PATCHING: Final = (
    *listing.PATCHES, "replacements", "vars", "configurations", "transformers",
)  # fmt: skip


class Openness(IntEnum):
    """Where charts, operators or remote bases are that bring names which cannot be read."""

    NONE = 0
    NAMESPACE = 1  # elsewhere in the repository, for the same namespace
    BESIDE = 2


class _Unread(NamedTuple):
    """What of some surroundings cannot be read: files, remote bases, what makers deliver, by its namespaces."""

    is_closed: bool
    remote: list[Layer]
    delivered: set[frozenset[str]]


class Supplied(NamedTuple):
    """One thing that references can mean. *resource* is None for what a generator makes."""

    target: Target
    file: str
    namespace: str
    app: App | None
    resource: Resource | None = None


class Supply:
    """All names of a tree, and what may meet what. What surrounds a resource is worked out when it is asked for."""

    def __init__(self, tree: Tree) -> None:
        self.collected = collected.of(tree)
        self.by_target: dict[Target, list[Supplied]] = {}
        self.by_kind: dict[tuple[str, str], list[Supplied]] = {}
        self._files = listing.of_tree(tree).files
        self._in_file: dict[str, list[Resource]] = {}
        self._makers: dict[str, list[Resource]] | None = None
        self._open: dict[tuple[int, str], _Unread] = {}
        self._beside: dict[int, set[str]] = {}
        self._words: dict[str, set[int]] | None = None
        self._patches: dict[int, bytes] = {}
        for resource in tree.resources:
            self._in_file.setdefault(resource.location.file, []).append(resource)
            self._add(Supplied(own(resource), resource.location.file, resource.id.namespace, resource.app, resource))
            for target in brought(resource):
                self._add(Supplied(target, resource.location.file, resource.id.namespace, resource.app, resource))
        for layer in self.collected.layers.values():
            for body in layer.bodies:
                for target in generated(body):
                    self._add(Supplied(target, layer.file.path if layer.file else "", "", None))

    def _add(self, supplied: Supplied) -> None:
        if supplied.target.name:
            self.by_target.setdefault(supplied.target, []).append(supplied)
            self.by_kind.setdefault(supplied.target[:2], []).append(supplied)

    def found(self, reference: Reference, resource: Resource) -> list[Supplied]:
        """What *reference* may mean, by its name or by the name that a prefix makes of another; what is near, first."""
        target = reference.target
        candidates = self.by_target.get(target, [])
        if len(candidates) > 1:
            here, around = resource.location.file, self.around(resource).files
            near = [supplied for supplied in candidates if supplied.file == here or supplied.file in around]
            if near:
                return near[:_ENOUGH]
        meeting = (supplied for supplied in candidates if self.may_meet(supplied, resource, reference.namespace))
        met = list(islice(meeting, _ENOUGH))
        if met:
            return met
        for prefix, suffix in self.collected.affixes:
            if target.name.startswith(prefix) and target.name.endswith(suffix):
                name = target.name[len(prefix) : len(target.name) - len(suffix)]
                met += self.by_target.get(target._replace(name=name), [])
        return met

    def may_meet(self, supplied: Supplied, resource: Resource, namespace: str = "") -> bool:
        """Whether both may be in one place of one cluster; *namespace* is what the reference says itself."""
        here, there = resource.location.file, supplied.file
        if here == there or there in self.around(resource).files:
            return True
        if _apart(resource.app, supplied.app):
            return False
        if supplied.target.kind in _CLUSTER_WIDE or (not supplied.namespace and supplied.resource is None):
            return True
        wanted = frozenset({namespace}) if namespace else self.collected.namespaces(here, resource.id.namespace)
        having = self.collected.namespaces(there, supplied.namespace)
        return not wanted or not having or bool(wanted & having) or is_placeholder(namespace)

    def around(self, resource: Resource) -> Surroundings:
        return self.collected.around(resource.location.file)

    def beside(self, resource: Resource) -> Iterator[Resource]:
        """The resources that may be delivered with *resource*, itself among them."""
        for file in sorted(self.around(resource).files | {resource.location.file}):
            yield from self._in_file.get(file, ())

    def openness(self, resource: Resource) -> Openness:
        """Whether names that cannot be read here may be there where *resource* is."""
        around = self.around(resource)
        namespaces = self.collected.namespaces(resource.location.file, resource.id.namespace)
        unread = self._unread(around, resource.location.file)
        above = set(map(id, around.above)) if unread.remote else set()
        if (
            unread.is_closed
            or any(id(layer) in above or _may_be_same(namespaces, self._of_layer(layer)) for layer in unread.remote)
            or any(_may_be_same(namespaces, told) for told in unread.delivered)
        ):
            return Openness.BESIDE
        return Openness.NAMESPACE if any(map(self._makers_of, namespaces)) else Openness.NONE

    def _unread(self, around: Surroundings, path: str) -> _Unread:
        key = (id(around.files), "" if path in around.files else path)
        known = self._open.get(key)
        if known is None:
            files = around.files if path in around.files else around.files | {path}
            makers = [maker for file in files for maker in self._in_file.get(file, ()) if is_maker(maker)]
            known = self._open[key] = _Unread(
                any(file in self._files and self._files[file].kind in _CLOSED_FILES for file in files),
                [layer for layer in around.layers if layer.remote],
                {self._delivered_to(maker) for maker in makers},
            )
        return known

    def _of_layer(self, layer: Layer) -> frozenset[str]:
        return frozenset(layer.texts("namespace")) or self.collected.namespaces(layer.file.path if layer.file else "")

    def _delivered_to(self, maker: Resource) -> frozenset[str]:
        told = _told_namespace(maker)
        return frozenset({told}) if told else self.collected.namespaces(maker.location.file, maker.id.namespace)

    def _makers_of(self, namespace: str) -> list[Resource]:
        """Charts and operators that deliver into a namespace."""
        if self._makers is None:
            self._makers = {}
            for resource in filter(is_maker, (found for group in self._in_file.values() for found in group)):
                for name in self._delivered_to(resource):
                    self._makers.setdefault(name, []).append(resource)
        return self._makers.get(namespace, [])

    def may_be_made(self, resource: Resource, name: str) -> bool:
        """Whether *name* holds that of a chart or a custom resource that is near, or begins with its namespace."""
        namespaces = self.collected.namespaces(resource.location.file, resource.id.namespace)
        if any(len(namespace) > _SHORT and name.startswith(namespace) for namespace in namespaces):
            return True
        near = {maker.id.name for namespace in namespaces for maker in self._makers_of(namespace)}
        return any(len(maker) >= _SHORT and maker in name for maker in near | self._makers_beside(resource))

    def _makers_beside(self, resource: Resource) -> set[str]:
        around = self.around(resource)
        key = id(around.files)
        if key not in self._beside:
            self._beside[key] = {maker.id.name for maker in self.beside(resource) if is_maker(maker)}
        return self._beside[key]

    def mentions(self, name: str) -> AbstractSet[int]:
        """The resources, by their `id()`, that hold *name* as a word outside of their metadata."""
        if self._words is None:
            self._words = {}
            for group in self._in_file.values():
                for resource in group:
                    for word in _words(resource.body):
                        self._words.setdefault(word, set()).add(id(resource))
        return self._words.get(name, _NOTHING)

    def is_patched(self, resource: Resource, words: Iterable[str]) -> bool:
        """Whether a patch beside *resource* holds one of *words*: it may change what stands in the source."""
        return self.are_patched([resource], words)

    def are_patched(self, resources: Iterable[Resource], words: Iterable[str]) -> bool:
        above = {id(found): found for found in (self.around(resource).above for resource in resources)}
        texts = list(filter(None, map(self._patch_text, above.values())))
        return bool(texts) and any(map(_any_word(words).search, texts))

    def is_named_by_patch(self, resource: Resource, name: str) -> bool:
        """Whether a JSON patch beside *resource* sets *name* somewhere."""
        text = self._patch_text(self.around(resource).above)
        return bool(text) and re.search(rb"value: *[\"']?" + re.escape(_bytes(name)) + rb"(?![\w-])", text) is not None

    def _patch_text(self, above: tuple[Layer, ...]) -> bytes:
        known = self._patches.get(id(above))
        if known is None:
            known = self._patches[id(above)] = b"\n".join(filter(None, map(self._patch_text_of, above)))
        return known

    def _patch_text_of(self, layer: Layer) -> bytes:
        known = self._patches.get(id(layer))
        if known is None:
            known = self._patches[id(layer)] = b"\n".join(file.data for file in self._patching(layer))
        return known

    def _patching(self, layer: Layer) -> Iterator[SourceFile]:
        if layer.file is not None and any(body.get(key) for body in layer.bodies for key in _PATCHING):
            yield layer.file
        for path in layer.patches:
            if path in self._files:
                yield self._files[path]


def _any_word(words: Iterable[str]) -> re.Pattern[bytes]:
    return re.compile(rb"(?<![\w-])(?:" + b"|".join(re.escape(_bytes(word)) for word in words) + rb")(?![\w-])")


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")


def is_maker(resource: Resource) -> bool:
    """Whether its controller brings resources into being whose names are not in the repository."""
    group, kind = resource.id.group, resource.id.kind
    return "." in group and group not in _PLAIN_GROUPS and (group, kind) not in _PLAIN_KINDS


def _told_namespace(resource: Resource) -> str:
    for path in (("spec", "targetNamespace"), ("spec", "destination", "namespace")):
        told = value_at(resource.body, path)
        if isinstance(told, str) and told:
            return told
    return ""


def _apart(one: App | None, other: App | None) -> bool:
    """Whether two apps are of different environments or clusters, so that they never meet."""
    if one is None or other is None or one is other:
        return False
    return _differ(one.environment, other.environment) or _differ(one.cluster, other.cluster)


def _differ(one: str, other: str) -> bool:
    return bool(one and other and one != other)


def _may_be_same(one: frozenset[str], other: frozenset[str]) -> bool:
    return not one or not other or bool(one & other)


def _words(body: Mapping[str, Any]) -> set[str]:
    """All words of the texts in a body, `a.b-c` is one."""
    found: set[str] = set()
    waiting: list[Any] = [value for key, value in body.items() if key not in ("metadata", "apiVersion", "kind")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.update(_WORD.findall(value))
        elif isinstance(value, Mapping):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return found
