"""Resources go into a namespace that nothing creates.

The API server refuses each of them until somebody creates the namespace by hand, and nobody knows of it in the next
cluster. Mostly the name is misspelt, or the namespace was renamed in one place.

Asked are `metadata.namespace`, the `namespace` of kustomizations, `targetNamespace` of Flux and the destination of
Argo CD. A Namespace creates it, an OpenShift Project, a kustomization that renames the Namespace that it collects,
`CreateNamespace=true` of Argo CD, `install.createNamespace` of a HelmRelease for its `targetNamespace`, and a script
that says so. It is told only in a repository that creates at least half of its namespaces itself, or where the name
is nearly that of one, once for each namespace, at the place that decides for most, and not of one that has its name
from an operator or a chart, which may create it. `default`, those of Kubernetes and OpenShift themselves, and those
of Flux and Argo CD come with the cluster, and so do the ones of the option `external`.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/

## Fails

```yaml title="namespaces.yaml"
apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: v1
kind: Namespace
metadata:
  name: monitoring
```

```yaml title="shop.yaml"
apiVersion: v1
kind: ServiceAccount
metadata:
  name: shop
  namespace: shop
```

```yaml title="dashboards.yaml"
apiVersion: v1
kind: ConfigMap
metadata:
  name: dashboards
  namespace: monitorin  # finding
```

## Passes

```yaml title="namespaces.yaml"
apiVersion: v1
kind: Namespace
metadata:
  name: shop
```

```yaml title="shop.yaml"
apiVersion: v1
kind: ServiceAccount
metadata:
  name: shop
  namespace: shop
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: cart
  namespace: argocd
spec:
  project: default
  source: {repoURL: "https://example.com/cart", path: deploy, targetRevision: v1.2.0}
  destination: {namespace: cart, server: "https://kubernetes.default.svc"}
  syncPolicy:
    syncOptions: [CreateNamespace=true]
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from gitops_guard.model import collected
from gitops_guard.model.collected import Collected
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.likeness import is_slip
from gitops_guard.model.placeholder import is_placeholder, may_become
from gitops_guard.model.resource import FieldPath, FileKind, Resource, SourceFile, Tree
from gitops_guard.model.rule import Option, Options, Topic, tree_rule
from gitops_guard.model.supply import is_maker
from gitops_guard.model.workload import value_at

_WITH_THE_CLUSTER: Final = (
    "default", "kube-system", "kube-public", "kube-node-lease", "flux-system", "flux", "argocd", "argo-cd",
    "openshift", "openshift-apiserver*", "openshift-authentication*", "openshift-cloud-*", "openshift-cluster-*",
    "openshift-config*", "openshift-console*", "openshift-controller-manager*", "openshift-dns*", "openshift-etcd*",
    "openshift-gitops*", "openshift-image-registry", "openshift-infra", "openshift-ingress*", "openshift-insights",
    "openshift-kube-apiserver*", "openshift-kube-controller-manager*", "openshift-kube-scheduler*",
    "openshift-machine-*", "openshift-marketplace", "openshift-monitoring", "openshift-multus", "openshift-network*",
    "openshift-node", "openshift-oauth-apiserver", "openshift-operators", "openshift-operator-lifecycle-manager",
    "openshift-ovn-kubernetes", "openshift-pipelines", "openshift-sdn", "openshift-service-ca*",
    "openshift-user-workload-monitoring",
)  # fmt: skip
_COMMANDS: Final = re.compile(rb"create +(?:ns|namespace) +[\"']?([a-z0-9][a-z0-9-]{0,62})")
_NAMESPACE: Final = ("metadata", "namespace")
_TARGETS: Final[Mapping[tuple[str, str], FieldPath]] = {
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): ("spec", "targetNamespace"),
    ("helm.toolkit.fluxcd.io", "HelmRelease"): ("spec", "targetNamespace"),
    ("argoproj.io", "Application"): ("spec", "destination", "namespace"),
    ("argoproj.io", "ApplicationSet"): ("spec", "template", "spec", "destination", "namespace"),
}
_SYNC_OPTIONS: Final[Mapping[str, FieldPath]] = {
    "Application": ("spec", "syncPolicy", "syncOptions"),
    "ApplicationSet": ("spec", "template", "spec", "syncPolicy", "syncOptions"),
}
_CREATING: Final = frozenset({"Namespace", "Project", "ProjectRequest"})


class _Use(NamedTuple):
    """Where a namespace is named; *rank* puts first what decides for most."""

    rank: int
    file: str
    number: int
    subject: Resource | SourceFile
    path: FieldPath


@tree_rule(
    Severity.WARNING,
    topic=Topic.INTEGRITY,
    whole=True,
    options={
        "external": Option(
            [],
            "namespaces that are created outside of the repository; `*` stands for any text",
            {"type": "array", "items": {"type": "string"}},
        )
    },
)
def namespace_missing(tree: Tree, options: Options) -> Iterator[tuple[Resource | SourceFile, Problem]]:
    if not any(resource.id.kind in _CREATING for resource in tree.resources):
        return
    layers = collected.of(tree)
    created = _created(tree, layers)
    uses = _uses(tree, layers, [*_WITH_THE_CLUSTER, *options["external"]])
    makers = [resource.id.name for resource in tree.resources if is_maker(resource)]
    missing = sorted(
        name
        for name in uses
        if name not in created and not _may_be_one_of(created, name) and not any(name in maker for maker in makers)
    )
    is_custom = len(uses.keys() & created) >= len(missing)
    for name in missing:
        like = next((other for other in sorted(created) if is_slip(name, other)), "")
        if like or is_custom:
            yield _told(name, uses[name], like)


def _told(name: str, uses: list[_Use], like: str) -> tuple[Resource | SourceFile, Problem]:
    first = min(uses, key=lambda use: use[:3])
    others = len(uses) - 1
    more = f" ({others} more {'place names' if others == 1 else 'places name'} it)" if others else ""
    message = f"nothing in the repository creates the namespace `{name}`{more}"
    fix = (
        f"did you mean `{like}`?"
        if like
        else "add a Namespace; or name it in the option `external`, if something else makes it"
    )
    at = None if isinstance(first.subject, Resource) else first.subject.locate(first.number, first.path)
    return first.subject, Problem(first.path, message, fix=fix, at=at)


def _may_be_one_of(created: set[str], name: str) -> bool:
    """Whether a created name with a placeholder may become *name*."""
    return any(may_become(other, name) for other in created if is_placeholder(other))


def _created(tree: Tree, layers: Collected) -> set[str]:
    found: set[str] = set()
    for resource in tree.resources:
        found.update(_created_by(resource))
        if resource.id.kind == "Namespace":
            for layer in layers.around(resource.location.file).above:
                found.update(layer.texts("namespace"))
    for file in tree.files:
        if b"create n" in file.data:
            found.update(match.decode() for match in _COMMANDS.findall(file.data))
    return found


def _created_by(resource: Resource) -> Iterator[str]:
    group, kind = resource.id.group, resource.id.kind
    if kind in _CREATING:
        yield resource.id.name
    elif kind == "HelmRelease":
        if value_at(resource.body, ("spec", "install", "createNamespace")) is True:
            target = value_at(resource.body, ("spec", "targetNamespace"))  # its own was there before it
            if isinstance(target, str):
                yield target
    elif group == "argoproj.io" and kind in _SYNC_OPTIONS:
        options = value_at(resource.body, _SYNC_OPTIONS[kind])
        if isinstance(options, list) and "CreateNamespace=true" in options:
            target = value_at(resource.body, _TARGETS[group, kind])
            if isinstance(target, str):
                yield target


def _uses(tree: Tree, layers: Collected, known: Sequence[str]) -> dict[str, list[_Use]]:
    found: dict[str, list[_Use]] = {}
    is_asked: dict[str, bool] = {}
    for name, use in (*_of_kustomizations(tree), *_of_resources(tree, layers)):
        if _is_asked(name, known, is_asked):
            found.setdefault(name, []).append(use)
    return found


def _is_asked(name: str, known: Sequence[str], told: dict[str, bool]) -> bool:
    """Whether it is a name that has to be created; the answer is kept in *told*."""
    if name not in told:
        told[name] = not is_placeholder(name) and not any(fnmatchcase(name, glob) for glob in known)
    return told[name]


def _of_kustomizations(tree: Tree) -> Iterator[tuple[str, _Use]]:
    for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
        for document in file.documents:
            name = value_at(document.body, ("namespace",))
            if isinstance(name, str) and name:
                yield name, _Use(0, file.path, document.index, file, ("namespace",))


def _of_resources(tree: Tree, layers: Collected) -> Iterator[tuple[str, _Use]]:
    is_replaced: dict[str, bool] = {}  # by a kustomization
    for number, resource in enumerate(tree.resources):
        target = _TARGETS.get(resource.id[:2])
        if target is not None:
            name = value_at(resource.body, target)
            if isinstance(name, str) and name:
                yield name, _Use(1, resource.location.file, number, resource, target)
        own, file = resource.id.namespace, resource.location.file
        if own:
            if file not in is_replaced:
                is_replaced[file] = any(layer.texts("namespace") for layer in layers.around(file).above)
            if not is_replaced[file]:
                yield own, _Use(2, file, number, resource, _NAMESPACE)
