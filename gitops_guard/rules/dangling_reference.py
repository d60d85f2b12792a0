"""A resource refers to another one that is not there.

The Pod does not start, the route answers 503, the autoscaler scales nothing, and Flux waits for ever: all of it is
found by the cluster, after the merge. Mostly one side was renamed.

Asked for are the ConfigMaps, Secrets, ServiceAccounts and volume claims of workloads; the Services of Ingresses, routes
and StatefulSets, and their ports; the Pods of Services, with the port names that a `targetPort` means; the targets of
autoscalers; Roles and ServiceAccounts of bindings; sources, dependencies, values and substitutions of Flux; projects
and `$ref` sources of Argo CD; stores of ExternalSecrets and issuers of Certificates. What brings a name into being
counts: an ExternalSecret, a SealedSecret, a Certificate, the generators of kustomize, a prefix of an overlay.

A reference is told when it has no answer in the whole repository, other environments left out, and one of these holds:
something beside it is named almost so, or has lost its only reference; or all that is delivered beside it can be read,
so that nothing else could bring the name. It is an error when both hold, and a warning otherwise. What only a copy of
the app in another folder brings, for itself, is a warning too. Nothing is told of what a Helm chart, an operator or a
remote base may bring, of an `optional` reference, of names that a program fills in, or of fields that a patch changes,
nor in what is parked: a kustomization names it in a comment only (`# - shop`). Secrets that are handed over by hand
(pull secrets, keys for decryption, TLS) are told only with a likely match; other Secrets, only where the repository
mostly brings its Secrets itself.

Source: https://kubernetes.io/docs/concepts/configuration/configmap/#using-configmaps

## Fails

```yaml title="apps/shop/kustomization.yaml"
resources: [shop.yaml]
configMapGenerator:
  - name: shop-settings
    literals: [LEVEL=info]
```

```yaml title="apps/shop/shop.yaml"
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      serviceAccountName: shop  # finding
      containers:
        - name: shop
          image: shop:1.0
          ports: [{name: http, containerPort: 8080}]
          envFrom:
            - configMapRef:
                name: shop-setting  # finding
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  selector: {app: shop}
  ports:
    - port: 80
      targetPort: web  # finding
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  defaultBackend:
    service:
      name: shop
      port: {number: 8080}  # finding
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec:
  maxReplicas: 5
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: shopp  # finding
```

## Passes

```yaml title="apps/shop/shop.yaml"
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: shop
          image: shop:1.0
          ports: [{name: http, containerPort: 8080}]
          envFrom:
            - secretRef: {name: shop-database}
            - configMapRef: {name: shop-extras, optional: true}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: database}
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  target: {name: shop-database}
  dataFrom: [{extract: {key: shop}}]
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  selector: {app: shop}
  ports: [{port: 80, targetPort: http}]
```
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from posixpath import basename, dirname
from typing import Final, NamedTuple

from gitops_guard.model.argo import unmet_refs
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.likeness import is_slip, words
from gitops_guard.model.parked import Parked
from gitops_guard.model.placeholder import is_placeholder, may_become
from gitops_guard.model.reference import Reference, references
from gitops_guard.model.resource import FieldPath, FileKind, Resource, Tree
from gitops_guard.model.rule import Option, Options, Profile, Topic, tree_rule
from gitops_guard.model.service import Services
from gitops_guard.model.supply import Openness, Supplied, Supply

# Made by the cluster, by `flux bootstrap` or by the controllers of Flux and Argo CD themselves.
_FIX: Final = "add it; or name it in the option `external`, if something else makes it"
_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "ConfigMap": frozenset(
        {"kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert", "extension-apiserver-authentication",
         "cluster-info", "kubeadm-config", "aws-auth", "coredns"}
    ),
    "ServiceAccount": frozenset(
        {"default", "builder", "deployer", "pipeline", "kustomize-controller", "helm-controller", "source-controller",
         "notification-controller", "image-reflector-controller", "image-automation-controller", "flux-operator"}
    ),
    "ClusterRole": frozenset(
        {"cluster-admin", "admin", "edit", "view", "cluster-reader", "cluster-monitoring-view", "cluster-status",
         "self-provisioner", "basic-user", "sudoer", "registry-viewer", "registry-editor", "registry-admin"}
    ),
    "Role": frozenset({"extension-apiserver-authentication-reader"}),
    "Service": frozenset({"kubernetes", "webhook-receiver", "notification-controller", "argocd-server"}),
    "AppProject": frozenset({"default"}),
}  # fmt: skip
_FLUX: Final = ".toolkit.fluxcd.io"
# Told where all that is beside them can be read.
_READABLE: Final = frozenset(
    {"ConfigMap", "PersistentVolumeClaim", "ServiceAccount", "Role", "Service", "Deployment", "StatefulSet",
     "DaemonSet", "ReplicaSet", "ReplicationController", "Rollout"}
)  # fmt: skip
_WORKLOADS: Final = frozenset(
    {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Rollout"}
)
# Told where the repository brings others of their kind.
_CUSTOMARY: Final = frozenset(
    {"SecretStore", "ClusterSecretStore", "Issuer", "ClusterIssuer", "AppProject", "Gateway", "TriggerAuthentication",
     "ClusterTriggerAuthentication"}
)  # fmt: skip
# Told where others of their kind lie in the same folder, although something brings names that cannot be read.
_BESIDE: Final = frozenset({"ConfigMap", "Secret", "PersistentVolumeClaim", "ServiceAccount", "Role", "Service"})
_ACCOUNTS: Final = frozenset({"ServiceAccount", "Role"})
_COPIED: Final = frozenset({"ConfigMap", "PersistentVolumeClaim", "ServiceAccount", "Role"})
# Kinds that are there to be referred to: one without a reference has lost it.
_REFERRED: Final = frozenset(
    {"ConfigMap", "Secret", "PersistentVolumeClaim", "ServiceAccount", "Role", "ClusterRole", "SecretStore", "Issuer",
     "AppProject", "ClusterSecretStore", "ClusterIssuer", "GitRepository", "OCIRepository", "HelmRepository",
     "Bucket", "Provider", "TriggerAuthentication", "ImageRepository"}
)  # fmt: skip
_BY_HAND: Final = frozenset({"imagePullSecrets", "decryption", "kubeConfig", "tls"})
_CERTIFYING: Final = frozenset({"Service", "Ingress", "Gateway", "Certificate"})  # their Secrets are of one purpose
_LIBRARIES: Final = frozenset({"base", "bases", "common", "shared", "components"})
_USUAL: Final = 2  # names beside each other that may have a word in common before it tells nothing
_MOST_BESIDE: Final = 200  # things that a missing one is compared with
_MOSTLY: Final = 3  # Secrets in the repository for each that is not, where it brings its Secrets itself


class _Beside(NamedTuple):
    """The things of one kind beside a resource, and how often each word is in their names.

    *lost* are those without a reference and the words of each, apart for where a chart may hold one; made when asked.
    """

    things: list[Supplied]
    words: Counter[str]
    lost: dict[bool, list[tuple[Supplied, frozenset[str]]]]


class _Dangling:
    """The references of a tree that have no answer, and what is known about them."""

    def __init__(self, tree: Tree, external: Sequence[str]) -> None:
        self.supply = Supply(tree)
        self.external = external
        self.references: list[tuple[Resource, list[Reference]]] = []
        self.far: list[tuple[Resource, Reference, list[Supplied]]] = []
        self.used_at_home: set[int] = set()
        self.unanswered: list[tuple[Resource, Reference]] = []
        self.answered: Counter[str] = Counter()
        self.meant: set[int] = set()
        self.referring: defaultdict[str, set[int]] = defaultdict(set)
        self._beside: dict[tuple[object, ...], _Beside] = {}
        self._open_names: dict[tuple[str, str], list[str]] = {}
        self.templates_flux = any(resource.id.kind == "ResourceSet" for resource in tree.resources)
        for resource in tree.resources:
            known = references(resource)
            if known:
                self.references.append((resource, known))
            for reference in known:
                self._sort(resource, reference)
        self.missing = Counter(reference.target for _, reference in self.unanswered)

    def _sort(self, resource: Resource, reference: Reference) -> None:
        found = self.supply.found(reference, resource)
        self.referring[reference.target.name].add(id(resource))
        self.meant.update(map(id, self._nearest(found, resource)))
        if found and self._is_far(found, resource, reference):
            self.far.append((resource, reference, found))
        else:
            self.used_at_home.update(map(id, found))
        if found:
            self.answered[reference.target.kind] += 1
        elif not reference.optional and not self._is_elsewhere(reference):
            self.unanswered.append((resource, reference))

    def _is_far(self, found: list[Supplied], resource: Resource, reference: Reference) -> bool:
        """Whether all that answers belongs to other apps."""
        if reference.target.kind not in _COPIED or reference.namespace or reference.optional:
            return False
        file, around = resource.location.file, self.supply.around(resource).files
        return not any(
            supplied.file == file
            or supplied.file in around
            or (supplied.app is not None and supplied.app == resource.app)
            for supplied in found
        )

    def _copies(self) -> Iterator[tuple[Resource, Problem]]:
        """References that only another copy of the app answers, which uses its own."""
        for resource, reference, found in self.far:
            if self.supply.openness(resource) or self._is_elsewhere(reference):
                continue
            if any(id(supplied) not in self.used_at_home or self._is_sure(supplied, resource) for supplied in found):
                continue
            if not self._is_patched(resource, _field(reference.path)):
                target = reference.target
                message = f"no {target.kind} `{target.name}` is in this app; that of {found[0].file} is another's"
                yield resource, Problem(reference.path, message, severity=Severity.WARNING)

    def _is_sure(self, supplied: Supplied, resource: Resource) -> bool:
        """Whether both are known to be in one namespace."""
        layers = self.supply.collected
        here = layers.namespaces(resource.location.file, resource.id.namespace)
        return bool(here & layers.namespaces(supplied.file, supplied.namespace))

    def _nearest(self, found: list[Supplied], resource: Resource) -> list[Supplied]:
        """Copies of a thing lie in several apps; meant is that of the same file, then folder, then app."""
        if len(found) < 2:
            return found
        file, around = resource.location.file, self.supply.around(resource).files
        return (
            [supplied for supplied in found if supplied.file == file]
            or [supplied for supplied in found if dirname(supplied.file) == dirname(file)]
            or [supplied for supplied in found if supplied.file in around]
            or found
        )

    def _is_elsewhere(self, reference: Reference) -> bool:
        kind, name = reference.target.kind, reference.target.name
        if name in _KNOWN.get(kind, ()) or name == "*" or is_placeholder(name) or is_placeholder(reference.namespace):
            return True
        if name == "flux-system" and (reference.target.group.endswith(_FLUX) or kind == "Secret"):
            return True
        if name.startswith("system:") and not any(
            known.target.name.startswith("system:") for known in self.supply.by_kind.get(reference.target[:2], ())
        ):
            return True
        return any(fnmatchcase(name, glob) or fnmatchcase(f"{kind}/{name}", glob) for glob in self.external)

    def problems(self) -> Iterator[tuple[Resource, Problem]]:
        for resource, reference in self.unanswered:
            problem = self._problem(resource, reference)
            if problem is not None:
                yield resource, problem
        yield from self._copies()

    def _problem(self, resource: Resource, reference: Reference) -> Problem | None:
        supply, kind, name = self.supply, reference.target.kind, reference.target.name
        if kind not in _READABLE and reference.target[:2] not in supply.by_kind:
            return None  # the repository leaves this kind to others
        if self._has_open_name(reference) or self._is_patched(resource, _field(reference.path)):
            return None
        if supply.is_named_by_patch(resource, name):
            return None
        openness = supply.openness(resource)
        twin = self._twin(resource, reference, openness)
        if twin is None and not self._must_be_here(resource, reference, openness):
            return None
        message = f"there is no {kind} `{name}` in the repository"
        if twin is None:
            return Problem(reference.path, message, fix=_FIX, severity=Severity.WARNING)
        at = f"{twin.file}:{twin.resource.location.line}" if twin.resource else twin.file
        message += f"; `{twin.target.name}` is in {at}"
        fix = f"did you mean `{twin.target.name}`?"
        return Problem(reference.path, message, fix=fix, severity=Severity.WARNING if openness else None)

    def _is_patched(self, resource: Resource, field: str) -> bool:
        return field != "resources" and self.supply.is_patched(resource, [field])

    def _has_open_name(self, reference: Reference) -> bool:
        """Whether a name of this kind is filled in later and may become the one that is meant."""
        of_kind = reference.target[:2]
        if of_kind not in self._open_names:
            names = {supplied.target.name for supplied in self.supply.by_kind.get(of_kind, ())}
            self._open_names[of_kind] = sorted(filter(is_placeholder, names))
        return any(may_become(pattern, reference.target.name) for pattern in self._open_names[of_kind])

    def _twin(self, resource: Resource, reference: Reference, openness: Openness) -> Supplied | None:
        """Something beside *resource* that was probably meant."""
        name = reference.target.name
        beside = self._of_kind_beside(resource, reference)
        for supplied in beside.things:
            if is_slip(name, supplied.target.name):
                return supplied
        lost = beside.lost.get(bool(openness))
        if lost is None:
            lost = beside.lost[bool(openness)] = [
                (supplied, words(supplied.target.name))
                for supplied in beside.things
                if self._is_lost(supplied, is_open=bool(openness))
            ]
        telling = {word for word in words(name) if beside.words[word] <= _USUAL}
        for supplied, its_words in lost:
            if telling & its_words or _continues(name, supplied.target.name):
                return supplied
        only = [supplied for supplied, _ in lost if not openness or supplied.file == resource.location.file]
        return only[0] if len(only) == 1 and self.missing[reference.target] == 1 else None

    def _of_kind_beside(self, resource: Resource, reference: Reference) -> _Beside:
        around = self.supply.around(resource)
        key = (id(around.files), resource.app, resource.id.namespace, reference.namespace, reference.target[:2])
        known = self._beside.get(key)
        if known is None:
            things = [
                supplied
                for supplied in self.supply.by_kind.get(reference.target[:2], ())
                if supplied.file in around.files or self._is_close(supplied, resource, reference)
            ][:_MOST_BESIDE]
            usual = Counter(word for supplied in things for word in words(supplied.target.name))
            known = self._beside[key] = _Beside(things, usual, {})
        return known

    def _is_close(self, supplied: Supplied, resource: Resource, reference: Reference) -> bool:
        """Whether it belongs to the same app, or to all of the cluster."""
        if supplied.target.kind in _CUSTOMARY or supplied.target.group.endswith(_FLUX):
            return self.supply.may_meet(supplied, resource, reference.namespace)
        return supplied.file == resource.location.file or (supplied.app is not None and supplied.app == resource.app)

    def _is_lost(self, supplied: Supplied, *, is_open: bool) -> bool:
        """Whether nothing refers to it any more, neither by a field that is known nor anywhere in a chart's values."""
        if supplied.target.kind not in _REFERRED or id(supplied) in self.meant or is_placeholder(supplied.target.name):
            return False
        if supplied.resource is not None and any("aggregat" in str(label) for label in supplied.resource.labels):
            return False  # a ClusterRole that others take in by its label
        if supplied.target.kind in ("Role", "ClusterRole") or (not is_open and supplied.target.kind != "ConfigMap"):
            return True
        return not self.supply.mentions(supplied.target.name) - {id(supplied.resource)}

    def _must_be_here(self, resource: Resource, reference: Reference, openness: Openness) -> bool:
        """Whether nothing outside of the repository could bring what is meant, as far as one can read."""
        kind = reference.target.kind
        if reference.target.group.endswith(_FLUX) or kind in _CUSTOMARY:
            return self._is_custom(resource, reference)
        if self._is_made(reference):
            return False
        if openness or (reference.namespace and reference.namespace != resource.id.namespace):
            return self._is_known_beside(resource, reference, openness)
        if kind in _WORKLOADS:
            return any(other.id.kind in _WORKLOADS for other in self.supply.beside(resource))
        if kind == "Secret":
            may_be_told = not self._is_by_hand(reference) and not self._is_library(resource)
            return may_be_told and self._brings_secrets(resource, reference)
        return kind in _READABLE

    def _is_known_beside(self, resource: Resource, reference: Reference, openness: Openness) -> bool:
        """Whether others of the kind are in the same folder, and no chart or custom resource has a name like it."""
        kind, folder = reference.target.kind, dirname(resource.location.file)
        if kind not in _BESIDE or (kind == "Service" and openness is Openness.BESIDE):
            return False
        if not _BY_HAND.isdisjoint(reference.path):
            return False
        others = [
            supplied.target.name
            for supplied in self._of_kind_beside(resource, reference).things
            if dirname(supplied.file) == folder and self.supply.may_meet(supplied, resource, reference.namespace)
        ]
        if not others or not self.supply.may_be_made(resource, reference.target.name):
            return bool(others)
        return kind in _ACCOUNTS and any(self.supply.may_be_made(resource, name) for name in others)

    def _is_by_hand(self, reference: Reference) -> bool:
        """Whether people make such a Secret before the repository is there: for a pull, a decryption, a source."""
        return not _BY_HAND.isdisjoint(reference.path) or reference.path[:2] == ("spec", "secretRef")

    def _is_custom(self, resource: Resource, reference: Reference) -> bool:
        """Whether the repository brings others of the kind, and this one is not what most refer to."""
        if reference.target.group.endswith(_FLUX) and self.templates_flux:
            return False
        others = self.supply.by_kind.get(reference.target[:2], ())
        if not any(self.supply.may_meet(supplied, resource, reference.namespace) for supplied in others):
            return False
        if reference.target.kind in ("HelmRelease", "Kustomization"):
            return True  # made by nobody else
        return self.missing[reference.target] <= max(2, self.answered[reference.target.kind] // 4)

    def _brings_secrets(self, resource: Resource, reference: Reference) -> bool:
        """Whether the app, or the repository in most of its apps, brings its Secrets itself."""
        beside = [supplied.resource for supplied in self._of_kind_beside(resource, reference).things]
        if any(found is None or found.id.kind not in _CERTIFYING for found in beside):
            return True
        missing = sum(count for target, count in self.missing.items() if target.kind == "Secret")
        kept = sum(map(_is_protected, self.supply.by_kind.get(reference.target[:2], ())))
        return kept >= _MOSTLY and self.answered["Secret"] >= _MOSTLY * missing

    def _is_library(self, resource: Resource) -> bool:
        """Whether it is a base or a component that only somebody outside of the repository builds on."""
        above = self.supply.around(resource).above
        top = above[-1] if above else None
        if top is None:
            return False
        is_component = top.file is not None and top.file.kind is FileKind.COMPONENT
        return is_component or basename(top.folder) in _LIBRARIES

    def _is_made(self, reference: Reference) -> bool:
        """Whether something else in the repository names it: a script that makes it, the values of a chart."""
        if reference.target.kind not in ("ConfigMap", "Secret"):
            return False
        return bool(self.supply.mentions(reference.target.name) - self.referring[reference.target.name])


def _field(path: FieldPath) -> str:
    """The key that a patch of this reference has to hold: `configMapRef` of `configMapRef.name`."""
    keys = [part for part in path if isinstance(part, str)]
    return keys[-2] if keys[-1] in ("name", "secretName", "claimName", "serviceName") and len(keys) > 1 else keys[-1]


def _is_protected(supplied: Supplied) -> bool:
    """Whether a Secret is encrypted, or is made from one that is kept elsewhere."""
    resource = supplied.resource
    if resource is None or "Secret" not in resource.id.kind:
        return False
    return resource.id.kind != "Secret" or "sops" in resource.body


def _continues(name: str, other: str) -> bool:
    return min(len(name), len(other)) > 2 and (name.startswith(other) or other.startswith(name))


@tree_rule(
    Severity.ERROR,
    topic=Topic.INTEGRITY,
    profile=Profile.RECOMMENDED,
    whole=True,
    options={
        "external": Option(
            [],
            "names, or `Kind/name`, that are made outside of the repository; `*` stands for any text",
            {"type": "array", "items": {"type": "string"}},
        ),
    },
)
def dangling_reference(tree: Tree, options: Options) -> Iterator[tuple[Resource, Problem]]:
    parked = Parked(tree)
    for resource, problem in _problems(tree, options):
        if not parked.holds(resource.location.file):
            yield resource, problem


def _problems(tree: Tree, options: Options) -> Iterator[tuple[Resource, Problem]]:
    dangling = _Dangling(tree, options["external"])
    yield from dangling.problems()
    for resource in tree.resources:
        for path, ref in unmet_refs(resource):
            yield resource, Problem(path, f"no source of this {resource.id.kind} has `ref: {ref}`")
    yield from Services(tree, dangling.supply, dangling.references).problems()
