"""The agent is told not to keep the cluster as Git has it: synchronisation, self-healing or pruning is off.

What is merged does not arrive, what somebody changes by hand stays, what is deleted in Git lives on in the cluster.
Each may be wanted for a day; left in Git it is forgotten, and nobody can tell from Git any more what runs.

Argo CD, in an Application and in the template of an ApplicationSet: `automated.enabled: false`, `selfHeal: false`,
`prune: false`, `Prune=false` among the options, `skip-reconcile`, and differences ignored in a whole `/spec` or more.
No `automated` at all, or one that leaves out `selfHeal` or `prune`, is an `info`: they are off then, but that may be
how a team releases. Flux: `suspend: true` on any of its kinds, `prune: false`, a HelmRelease that ignores drift in
everything, and the annotations `kustomize.toolkit.fluxcd.io/reconcile: disabled` and `ssa: Ignore`. Patches are judged
by what they set.

Not reported: `prune: false` where a name or a path says that these are CRDs, since pruning them deletes all that was
made with them; annotations that protect a single resource from being pruned; a HelmRelease without drift detection,
which is the default; differences in single fields, such as `/spec/replicas`.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/

## Fails

```yaml
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop
spec:
  project: default
  destination: {namespace: shop, server: https://kubernetes.default.svc}
  source: {repoURL: https://git.example/shop.git, path: deploy, targetRevision: 1.4.2}
  syncPolicy:
    automated:
      selfHeal: false  # finding
      prune: true
  ignoreDifferences:
    - group: "*"
      kind: "*"
      jsonPointers:
        - /spec  # finding
```

```yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: shop
  namespace: flux-system
spec:
  interval: 10m
  suspend: true  # finding
  prune: false  # finding
  path: ./apps/shop
  sourceRef: {kind: GitRepository, name: flux-system}
```

## Passes

```yaml
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop
spec:
  project: default
  destination: {namespace: shop, server: https://kubernetes.default.svc}
  source: {repoURL: https://git.example/shop.git, path: deploy, targetRevision: 1.4.2}
  syncPolicy:
    automated: {selfHeal: true, prune: true}
  ignoreDifferences:
    - group: apps
      kind: Deployment
      jsonPointers: [/spec/replicas]
```

```yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: crds
  namespace: flux-system
spec:
  interval: 10m
  prune: false
  path: ./crds
  sourceRef: {kind: GitRepository, name: flux-system}
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import FieldPath, FileKind, Resource, SourceFile
from gitops_guard.model.rule import Option, Options, Topic, resource_rule
from gitops_guard.model.workload import value_at

_OPTIONS: Final = {
    "manual-sync": Option(
        False,
        "Allow Applications without `automated`: somebody releases by hand.",
        {"type": "boolean"},
    ),
}
_FLUX: Final = ".toolkit.fluxcd.io"
_FLUX_MARKS: Final = {
    "kustomize.toolkit.fluxcd.io/reconcile": "disabled",
    "kustomize.toolkit.fluxcd.io/ssa": "Ignore",
}
_ARGO_SKIP: Final = "argocd.argoproj.io/skip-reconcile"
_EVERYTHING: Final = frozenset({"", "/", "/spec", "/metadata", "/spec/template", "/spec/template/spec"})
_EVERYTHING_JQ: Final = frozenset({".", "..", ".[]", ".[]?", *(part.replace("/", ".") for part in _EVERYTHING if part)})
_TEMPLATES: Final[Mapping[str, FieldPath]] = {"Application": ("spec",), "ApplicationSet": ("spec", "template", "spec")}
_MARKED_PARTS: Final = ("annotations", "labels")


def _of_file(file: SourceFile, _: Options) -> Iterator[tuple[int, Problem]]:
    """What strategic patches set; what they leave out stands elsewhere."""
    for document in file.documents:
        if isinstance(document.body, Mapping):
            group = str(document.body.get("apiVersion")).partition("/")[0]
            for problem in _set(group, str(document.body.get("kind")), document.body):
                yield document.index, problem


@resource_rule(
    Severity.WARNING,
    topic=Topic.DELIVERY,
    options=_OPTIONS,
    run_file=_of_file,
    file_kinds=frozenset({FileKind.STRATEGIC_PATCH}),
)
def sync_disabled(resource: Resource, options: Options) -> Iterator[Problem]:
    yield from _set(resource.id.group, resource.id.kind, resource.body)
    if resource.id.group == "argoproj.io" and resource.id.kind in _TEMPLATES:
        yield from _left_out(resource, _TEMPLATES[resource.id.kind], manual=bool(options["manual-sync"]))


def _set(group: str, kind: str, body: Mapping[str, Any]) -> Iterator[Problem]:
    """Switches that are set."""
    metadata = body.get("metadata")
    if isinstance(metadata, Mapping) and ("annotations" in metadata or "labels" in metadata):
        yield from _marks(metadata, is_argo=kind in _TEMPLATES)
    if group.endswith(_FLUX):
        yield from _of_flux(kind, body)
    elif group == "argoproj.io" and kind in _TEMPLATES:
        path = _TEMPLATES[kind]
        yield from _of_argo(path, value_at(body, path))


def _marks(metadata: Mapping[str, Any], *, is_argo: bool) -> Iterator[Problem]:
    for part in _MARKED_PARTS:
        marks = metadata.get(part)
        if not isinstance(marks, Mapping):
            continue
        for name, value in _FLUX_MARKS.items():
            if name in marks and str(marks[name]).lower() == value.lower():
                message = f"`{name}: {value}` tells Flux to leave this resource as it is in the cluster"
                yield Problem(("metadata", part, name), message)
        if is_argo and _ARGO_SKIP in marks and str(marks.get(_ARGO_SKIP)).lower() == "true":
            message = "`skip-reconcile` tells Argo CD to leave this application alone"
            yield Problem(("metadata", part, _ARGO_SKIP), message)


def _of_flux(kind: str, body: Mapping[str, Any]) -> Iterator[Problem]:
    spec = body.get("spec")
    if not isinstance(spec, Mapping):
        return
    if spec.get("suspend") is True:
        yield Problem(("spec", "suspend"), f"this {kind} is suspended: Flux does not apply what is merged here")
    if kind == "Kustomization" and spec.get("prune") is False and not _is_about_crds(body, spec):
        yield Problem(("spec", "prune"), "`prune: false`: what is deleted in Git stays in the cluster")
    ignored = value_at(spec, ("driftDetection", "ignore")) if kind == "HelmRelease" else None
    for number, entry in enumerate(ignored if isinstance(ignored, list) else ()):
        if isinstance(entry, Mapping) and not value_at(entry, ("target", "name")):
            path = ("spec", "driftDetection", "ignore", number, "paths")
            yield from _wide(path, entry.get("paths"), _EVERYTHING)


def _is_about_crds(body: Mapping[str, Any], spec: Mapping[str, Any]) -> bool:
    """Whether it says of itself that it brings CustomResourceDefinitions."""
    return "crd" in f"{value_at(body, ('metadata', 'name'))} {spec.get('path')}".lower()


def _of_argo(path: FieldPath, spec: object) -> Iterator[Problem]:
    if not isinstance(spec, Mapping):
        return
    automated = value_at(spec, ("syncPolicy", "automated"))
    if isinstance(automated, Mapping):
        yield from _switches((*path, "syncPolicy", "automated"), automated)
    options = value_at(spec, ("syncPolicy", "syncOptions"))
    for number, option in enumerate(options if isinstance(options, list) else ()):
        if str(option).replace(" ", "").lower() == "prune=false":
            message = "`Prune=false`: what is deleted in Git stays in the cluster"
            yield Problem((*path, "syncPolicy", "syncOptions", number), message)
    ignored = spec.get("ignoreDifferences")
    for number, entry in enumerate(ignored if isinstance(ignored, list) else ()):
        if isinstance(entry, Mapping):
            at = (*path, "ignoreDifferences", number)
            yield from _wide((*at, "jsonPointers"), entry.get("jsonPointers"), _EVERYTHING)
            yield from _wide((*at, "jqPathExpressions"), entry.get("jqPathExpressions"), _EVERYTHING_JQ)


def _switches(path: FieldPath, automated: Mapping[str, Any]) -> Iterator[Problem]:
    if automated.get("enabled") is False:
        yield Problem((*path, "enabled"), "`automated.enabled: false`: Argo CD does not apply what is merged here")
        return
    if automated.get("selfHeal") is False:
        yield Problem((*path, "selfHeal"), "`selfHeal: false`: what somebody changes in the cluster by hand stays so")
    if automated.get("prune") is False:
        yield Problem((*path, "prune"), "`prune: false`: what is deleted in Git stays in the cluster")


def _wide(path: FieldPath, pointers: object, everything: frozenset[str]) -> Iterator[Problem]:
    for number, pointer in enumerate(pointers if isinstance(pointers, list) else ()):
        if isinstance(pointer, str) and pointer.strip() in everything:
            what = pointer.strip() or "the whole resource"
            yield Problem((*path, number), f"differences in `{what}` are ignored: what somebody changes there stays so")


def _left_out(resource: Resource, path: FieldPath, *, manual: bool) -> Iterator[Problem]:
    """Switches that are off because nobody set them."""
    spec = value_at(resource.body, path)
    if not isinstance(spec, Mapping) or "automated" in str(value_at(resource.body, ("spec", "templatePatch"))):
        return
    policy = spec.get("syncPolicy")
    if isinstance(policy, str):
        return
    automated = policy.get("automated") if isinstance(policy, Mapping) else None
    if isinstance(automated, Mapping):
        off = [name for name in ("selfHeal", "prune") if automated.get(name) is None]
        if off and automated.get("enabled") is not False:
            are, them = ("are", "them") if len(off) > 1 else ("is", "it")
            message = f"`{'` and `'.join(off)}` {are} off, since `automated` leaves {them} out"
            at = (*path, "syncPolicy", "automated")
            yield Problem(at, message, on_key=True, severity=Severity.INFO)
    elif automated is None and not manual:
        message = "no `syncPolicy.automated`: Argo CD does not apply what is merged here until somebody tells it to"
        at = (*path, "syncPolicy") if policy is not None else path
        yield Problem(at, message, on_key=True, severity=Severity.INFO)
