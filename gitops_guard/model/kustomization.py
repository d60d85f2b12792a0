"""What a kustomization collects: every resource with the names it had on the way, and whether all of it is known.

The order is that of kustomize: resources and bases, generators, components one by one, then the own patches, and only
then namespace, prefix, suffix and labels. So a patch sees what came before it, under each name it ever had.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from posixpath import dirname
from typing import Any, Final, NamedTuple

from gitops_guard.model import listing
from gitops_guard.model.listing import BUILT, GENERATORS, PATCHES, bodies, entries, local_path, local_paths, texts
from gitops_guard.model.once import per_tree
from gitops_guard.model.resource import FieldPath, FileKind, Location, Resource, ResourceId, SourceFile, Tree

_MADE_ELSEWHERE: Final = (
    "helmCharts", "helmChartInflationGenerator", "generators", "transformers", "configurations",
)  # fmt: skip
# What chooses among the collected resources.
SELECTING: Final = frozenset({*PATCHES, *GENERATORS, "images", "replacements", "replicas"})
# Where a JSON6902 patch gives another id: the name or namespace, all the metadata, kind or version.
_RENAMING: Final = re.compile(rb"/(?:metadata/name|(?:metadata|kind|apiVersion)(?![\w/]))")
_NOT_PREFIXED: Final = frozenset({"CustomResourceDefinition", "APIService", "Namespace"})
_MANY: Final = 10_000  # a kustomization that collects more is not followed: doubling bases reach any number
_DEEP: Final = 40  # components in components
_COMPONENTS: Final = 500  # in one kustomization, also through others
# The kinds without a namespace that Kubernetes itself has; of custom ones, kustomize knows nothing either.
CLUSTER_KINDS: Final = frozenset(
    {
        ("", "Namespace"), ("", "Node"), ("", "PersistentVolume"),
        ("rbac.authorization.k8s.io", "ClusterRole"), ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"), ("apiregistration.k8s.io", "APIService"),
        ("storage.k8s.io", "StorageClass"), ("storage.k8s.io", "CSIDriver"), ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "VolumeAttachment"), ("scheduling.k8s.io", "PriorityClass"),
        ("networking.k8s.io", "IngressClass"), ("node.k8s.io", "RuntimeClass"), ("policy", "PodSecurityPolicy"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("certificates.k8s.io", "CertificateSigningRequest"), ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    }
)  # fmt: skip


class Name(NamedTuple):
    namespace: str
    name: str


class Member(NamedTuple):
    """A collected resource. *names* are all it had, the written one first and the delivered one last.

    *resource* is None for what a generator makes.
    """

    group: str
    version: str
    kind: str
    names: tuple[Name, ...]
    labels: Mapping[str, Any]
    annotations: Mapping[str, Any]
    resource: Resource | None = None

    @property
    def id(self) -> ResourceId:
        last = self.names[-1]
        return ResourceId(self.group, self.kind, "" if self.is_of_cluster else last.namespace, last.name)

    @property
    def is_of_cluster(self) -> bool:
        return (self.group, self.kind) in CLUSTER_KINDS


class Step(NamedTuple):
    """A document of a kustomization or component that chooses among *seen*, all of which is known.

    *is_renamed* says that its own patches may change names, which what comes after them would have to know. *at* is
    where *body* stands in the document: a Flux Kustomization has it in its `spec`.
    """

    file: SourceFile
    document: int
    body: Mapping[str, Any]
    seen: tuple[Member, ...]
    is_labelled: bool
    is_renamed: bool = False
    at: FieldPath = ()

    def locate(self, path: FieldPath) -> Location:
        return self.file.locate(self.document, (*self.at, *path))


@dataclass(frozen=True, slots=True)
class Build:
    """*unknown* says why there may be more than *members*, and is "" where there is not.

    *steps* are those of the kustomization itself and of its components, not of its bases. *is_labelled* says that
    the labels and annotations of the members are known, which a patch may change; *is_exact* that all members are
    delivered, and under their names; *unjudged* are the files of steps that see more than is known.
    """

    members: tuple[Member, ...] = ()
    unknown: str = ""
    steps: tuple[Step, ...] = ()
    is_labelled: bool = True
    is_exact: bool = True
    unjudged: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Work:
    """A build while it goes on."""

    members: list[Member] = field(default_factory=list)
    unknown: str = ""
    steps: list[Step] = field(default_factory=list)
    is_labelled: bool = True
    is_exact: bool = True
    unjudged: set[str] = field(default_factory=set)
    components: int = 0

    def done(self) -> Build:
        unjudged = frozenset(self.unjudged)
        return Build(tuple(self.members), self.unknown, tuple(self.steps), self.is_labelled, self.is_exact, unjudged)


class Kustomizations:
    """The kustomizations of a tree, *files* by their folder, built when they are asked for, each once."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._builds: dict[str, Build] = {}
        self._plain: dict[str, Build] = {}
        self._by_path = listing.of_tree(tree).files
        self.files = listing.of_tree(tree).kustomizations

    @cached_property
    def _resources(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self._tree.resources:
            found.setdefault(resource.location.file, []).append(resource)
        return found

    @cached_property
    def _paths(self) -> list[str]:
        return sorted(self._by_path)

    @cached_property
    def _folders(self) -> list[str]:
        return sorted(self.files)

    def roots(self) -> list[str]:
        """The folders whose kustomization no other one collects."""
        used: set[str] = set()
        for folder, file in self.files.items():
            for _, body in bodies(file):
                used.update(local_paths(folder, body, BUILT))
        return [
            folder for folder, file in self.files.items() if folder not in used and file.kind is not FileKind.COMPONENT
        ]

    def build(self, folder: str) -> Build:
        """What the kustomization in *folder* collects. Ends for circles, and for chains of any length."""
        waiting = [folder]
        entered: set[str] = set()
        while waiting:
            top = waiting[-1]
            if top in self._builds:
                waiting.pop()
            elif top in entered:
                self._builds[top] = self._built(top)
                waiting.pop()
            else:
                entered.add(top)
                waiting += [base for base in self._bases(top) if base not in self._builds and base not in entered]
        return self._builds[folder]

    def _bases(self, folder: str) -> list[str]:
        """The folders that have to be built before, also those that components list."""
        found: list[str] = []
        seen = {folder}
        waiting = [folder]
        while waiting:
            at = waiting.pop()
            for _, body in bodies(self.files.get(at)):
                found += [path for path in local_paths(at, body, ("resources", "bases")) if path in self.files]
                inner = set(local_paths(at, body, ("components",))) & self.files.keys() - seen
                seen |= inner
                waiting += sorted(inner)
        return found

    def _built(self, folder: str) -> Build:
        work = _Work()
        self._apply(folder, work, ())
        return work.done()

    def of_flux(self, folder: str, components: Iterable[str] = ()) -> Build:
        """What a Flux Kustomization collects from its folder, with the components that it names from there."""
        build = self.build(folder) if folder in self.files else self.plain(folder)
        work = _Work(list(build.members), build.unknown, [], build.is_labelled, build.is_exact)
        for entry in components:
            path = local_path(folder, entry)
            for base in self._bases(path) if path in self.files else ():
                self.build(base)
            self._component(path, work, ())
        return work.done()

    def plain(self, folder: str) -> Build:
        """What Flux makes of a folder without a kustomization: all manifests below it, and kustomizations as bases."""
        if folder not in self._plain:
            self._plain[folder] = self._of_folder(folder)
        return self._plain[folder]

    def _of_folder(self, folder: str) -> Build:
        work = _Work()
        built = set(listing.lying_below(self._folders, folder))
        for below in sorted(built):
            if not any(above in built for above in _above(dirname(below))):
                self.build(below)
                self._add_build(below, work)
        for path in listing.lying_below(self._paths, folder):
            is_manifest = path.endswith((".yaml", ".yml"))
            if is_manifest and not any(above in built for above in _above(dirname(path))):
                self._add_file(path, work)
        return work.done()

    def directory(self, folder: str, *, recurses: bool) -> Iterator[Member]:
        """What Argo CD makes of a folder without a kustomization: its manifests, those below only if it *recurses*."""
        for path in listing.lying_below(self._paths, folder):
            if recurses or dirname(path) == folder:
                yield from map(member_of, self._resources.get(path, ()))

    def _apply(self, folder: str, work: _Work, within: tuple[str, ...]) -> None:
        """The documents of one kustomization or component, on what was collected before."""
        file = self.files[folder]
        documents = list(bodies(file))
        if not documents:
            work.unknown = work.unknown or f"{file.path} is no kustomization"
        for document, body in documents:
            self._collect(folder, body, work)
            _generate(body, work)
            for entry in texts(body.get("components")):
                self._component(local_path(folder, entry), work, (*within, folder))
            is_renamed, is_thinned = self._effects(folder, body)
            if work.unknown:
                work.unjudged.add(file.path)
            elif not SELECTING.isdisjoint(body):
                work.steps.append(Step(file, document, body, tuple(work.members), work.is_labelled, is_renamed))
            work.is_exact = work.is_exact and not (is_renamed or is_thinned or body.get("transformers"))
            if is_renamed:
                work.unknown = work.unknown or f"a patch in {file.path} may change names"
            _change(body, work)

    def _effects(self, folder: str, body: Mapping[str, Any]) -> tuple[bool, bool]:
        """Whether the patches of a kustomization may change what resources are known by, and whether delete any."""
        renames = any(_is_renaming(entry) for key in PATCHES for _, entry in entries(body.get(key)))
        deletes = False
        for text in (text for key in PATCHES for text in _patch_texts(body.get(key))):
            path = None if "\n" in text else local_path(folder, text)
            file = self._by_path.get(path) if path is not None else None
            content = file.data if file is not None else text.encode("utf-8", "surrogatepass")
            renames = renames or (b"/" in content and _RENAMING.search(content) is not None)
            deletes = deletes or b"$patch" in content
        return renames, deletes

    def _collect(self, folder: str, body: Mapping[str, Any], work: _Work) -> None:
        for key in _MADE_ELSEWHERE:
            if body.get(key):
                work.unknown = work.unknown or f"`{key}` in {self.files[folder].path} make or change resources"
        for key in ("resources", "bases"):
            for entry in texts(body.get(key)):
                path = local_path(folder, entry)
                if path is None:
                    work.unknown = work.unknown or f"`{entry}` is not in the repository"
                elif path in self.files:
                    self._add_build(path, work)
                else:
                    self._add_file(path, work)

    def _add_build(self, folder: str, work: _Work) -> None:
        build = self._builds.get(folder)
        if build is None:
            work.unknown = work.unknown or f"`{folder}` is part of a circle"
            return
        work.unknown = work.unknown or build.unknown
        work.is_labelled = work.is_labelled and build.is_labelled
        work.is_exact = work.is_exact and build.is_exact
        if len(work.members) + len(build.members) > _MANY:
            work.unknown = "it collects too much"
            work.members.clear()
            return
        work.members += build.members

    def _add_file(self, path: str, work: _Work) -> None:
        found = self._resources.get(path, ())
        file = self._by_path.get(path)
        if file is None or file.kind not in (FileKind.MANIFEST, FileKind.SOPS) or not found:
            work.unknown = work.unknown or f"`{path}` cannot be read as manifests"
        work.members += [member_of(resource) for resource in found]

    def _component(self, path: str | None, work: _Work, within: tuple[str, ...]) -> None:
        work.components += 1
        if path is None or path not in self.files:
            work.unknown = work.unknown or "a component is not in the repository"
        elif path in within:
            work.unknown = work.unknown or f"`{path}` is part of a circle"
        elif len(within) > _DEEP or work.components > _COMPONENTS:
            work.unknown = work.unknown or "it has too many components"
        else:
            self._apply(path, work, within)


# What one rule has built, the next need not build.
of_tree: Final = per_tree(Kustomizations)


def member_of(resource: Resource) -> Member:
    group, kind, namespace, name = resource.id
    version = resource.api_version.rpartition("/")[2]
    metadata = _map(resource.body.get("metadata"))
    labels, annotations = _map(metadata.get("labels")), _map(metadata.get("annotations"))
    return Member(group, version, kind, (Name(namespace, name),), labels, annotations, resource)


def _generate(body: Mapping[str, Any], work: _Work) -> None:
    for key, kind in GENERATORS.items():
        for _, entry in entries(body.get(key)):
            if entry.get("behavior") not in ("merge", "replace"):
                options = entry.get("options")
                options = options if isinstance(options, Mapping) else {}
                common = body.get("generatorOptions")
                common = common if isinstance(common, Mapping) else {}
                labels = {**_map(common.get("labels")), **_map(options.get("labels"))}
                annotations = {**_map(common.get("annotations")), **_map(options.get("annotations"))}
                name = Name(_text(entry.get("namespace")), _text(entry.get("name")))
                work.members.append(Member("", "v1", kind, (name,), labels, annotations))


def _change(body: Mapping[str, Any], work: _Work) -> None:
    """Namespace, prefix, suffix and labels, which come after the patches of the same kustomization."""
    if any(body.get(key) for key in PATCHES):
        work.is_labelled = False
    work.members = _given_names(body, work.members)
    labels, annotations = _labels(body), _map(body.get("commonAnnotations"))
    if labels or annotations:
        work.members = [
            member._replace(labels={**member.labels, **labels}, annotations={**member.annotations, **annotations})
            for member in work.members
        ]


def _patch_texts(value: object) -> Iterator[str]:
    """The patches of a list, each as its text or as the name of its file."""
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, Mapping):
            yield from (entry[key] for key in ("path", "patch") if isinstance(entry.get(key), str))
        elif isinstance(entry, str):
            yield entry


def _is_renaming(patch: Mapping[str, Any]) -> bool:
    options = patch.get("options")
    return isinstance(options, Mapping) and bool(options.get("allowNameChange") or options.get("allowKindChange"))


def _labels(body: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(_map(body.get("commonLabels")))
    for _, entry in entries(body.get("labels")):
        found.update(_map(entry.get("pairs")))
    return found


def in_namespace(members: Iterable[Member], namespace: str) -> tuple[Member, ...]:
    """As the `targetNamespace` of a Flux Kustomization leaves them."""
    return tuple(_renamed(member, namespace, "", "") for member in members)


def delivered(step: Step) -> list[Member]:
    """What the patches saw, with the names that the kustomization itself gives."""
    return _given_names(step.body, list(step.seen))


def _given_names(body: Mapping[str, Any], members: list[Member]) -> list[Member]:
    namespace, prefix, suffix = (_text(body.get(key)) for key in ("namespace", "namePrefix", "nameSuffix"))
    if not (namespace or prefix or suffix):
        return members
    return [_renamed(member, namespace, prefix, suffix) for member in members]


def _renamed(member: Member, namespace: str, prefix: str, suffix: str) -> Member:
    """With the names between: a patch of an overlay may use the new namespace and the old name."""
    old_space, name = last = member.names[-1]
    if member.kind == "Namespace" and not member.group:  # kustomize gives it the name of the namespace that it sets
        steps = [Name("", namespace or name)]
    else:
        space = "" if member.is_of_cluster else namespace or old_space
        steps = [Name(space, name)]
        if (prefix or suffix) and member.kind not in _NOT_PREFIXED:
            steps += [Name(space, f"{prefix}{name}"), Name(space, f"{prefix}{name}{suffix}")]
    new = steps[-1]
    if new == last:
        return member
    between = [step for step in steps[:-1] if step not in member.names and step != new]
    names = (*(known for known in member.names if known != new), *between, new)
    return Member(member.group, member.version, member.kind, names, *member[4:])


def _above(folder: str) -> Iterator[str]:
    """*folder* and all above it, the root as ""."""
    while folder:
        yield folder
        folder = dirname(folder)
    yield ""


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
