"""What others publish (a chart, manifests, a repository) is fetched at a version that moves.

Name a version, a tag or a commit. What moves reaches every cluster at once, without a commit here, also on the day when
it breaks or is taken over; and going back to an older commit here does not bring the older version back.

What is a finding depends on what fetches it:

- Argo CD, a chart: no `targetRevision`, `HEAD`, `*`, or a range (`1.x`, `>=1.0`);
- Argo CD, Git: none, `HEAD`, a branch or a range, of a repository of others; also in the template of an ApplicationSet;
- Flux `HelmRelease` and `HelmChart`, `HelmChart` of k3s: no `version`, `*`, `>=0.0.0`;
- Flux `OCIRepository`: no `ref`, the tag `latest` and the like, `semver: "*"`, unless the artifact is yours;
- Flux `GitRepository`: no `ref` or a branch, of a repository of others;
- kustomize: `resources`, `components` and `bases` without a revision, on a branch, or from `releases/latest`; charts in
  `helmCharts` without a version or with a range; and, as `info`, files for generators from a branch;
- Helm: `dependencies` of a chart with a range, where there is neither `Chart.lock` nor the chart itself in `charts/`.

That a cluster follows the main branch of its own repository is what GitOps is. Your own is the repository that `flux
bootstrap` or a FluxInstance names, or from which a folder of this tree is deployed, and all others of the same owner
(`github.com/example`; on a host of your own, the host). More are named in `own`. While no owner is known, only what
comes from a public forge, and from a path that is not in this tree, is taken for the work of others. Manifests in a
private registry are taken for yours. Helm repositories and buckets have no version. A version that a patch of the
repository sets is looked for in the patch. What a kustomization builds on is asked for its revision whosever it is:
otherwise the build of one commit is another one tomorrow. Entries of a file that fetch from one repository at one
revision have one finding, at the first. Nothing is told of what is parked: a parent kustomization names it in a comment
only (`# - thanos`), and nothing else. A branch is told by its name: a tag or a commit has digits, `main` has none.

Ranges are how Flux automates updates, and there they are on purpose: `flux-ranges` can refuse them, in production for
example. Argo CD recommends a version in production and ranges before it; `argo-ranges` allows them.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/tracking_strategies/,
https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/, https://fluxcd.io/flux/components/source/

## Fails

```yaml title="apps/shop.yaml"
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
spec:
  project: default
  destination: {name: in-cluster, namespace: shop}
  sources:
    - repoURL: https://charts.example.com
      chart: shop
      targetRevision: 1.x  # finding
    - repoURL: https://github.com/somebody/dashboards
      path: grafana
      targetRevision: HEAD  # finding
```

```yaml title="apps/proxy.yaml"
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: proxy, namespace: shop}
spec:
  interval: 1h
  chart:
    spec:
      chart: proxy
      version: "*"  # finding
      sourceRef: {kind: HelmRepository, name: example}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: policies, namespace: flux-system}
spec:
  interval: 1h
  url: oci://ghcr.io/somebody/policies
  ref:
    tag: latest  # finding
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: crds, namespace: flux-system}
spec:
  interval: 1h
  url: https://github.com/somebody/operator
  ref:
    branch: main  # finding
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: crds, namespace: flux-system}
spec:
  interval: 1h
  prune: false
  path: ./config/crd
  sourceRef: {kind: GitRepository, name: crds}
```

```yaml title="apps/operator/kustomization.yaml"
resources:
  - github.com/somebody/operator//config/default  # finding
  - https://raw.githubusercontent.com/somebody/operator/main/crds.yaml  # finding
```

```yaml title="charts/shop/Chart.yaml"
apiVersion: v2
name: shop
version: 1.0.0
dependencies:
  - name: redis
    version: 17.x  # finding
    repository: https://charts.example.com
```

## Passes

```yaml title="clusters/production/flux-system/gotk-sync.yaml"
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec:
  interval: 1m
  url: ssh://git@github.com/example/fleet
  ref:
    branch: main
```

```yaml title="apps/sources.yaml"
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: tenant, namespace: flux-system}
spec:
  interval: 1m
  url: https://github.com/example/tenant
  ref:
    branch: main
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: cert-manager, namespace: flux-system}
spec:
  interval: 1h
  url: oci://quay.io/somebody/cert-manager
  ref:
    semver: 1.x
```

```yaml title="apps/operator/kustomization.yaml"
resources:
  - github.com/somebody/operator//config/default?ref=v1.4.2
  - https://github.com/somebody/operator/releases/download/v1.4.2/crds.yaml
```

```yaml title="charts/shop/Chart.yaml"
apiVersion: v2
name: shop
version: 1.0.0
dependencies:
  - name: redis
    version: 17.11.3
    repository: https://charts.example.com
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from posixpath import dirname
from typing import Any, Final, NamedTuple

from gitops_guard.load import patched
from gitops_guard.load.patched import CHART_VERSION
from gitops_guard.model import fetched, image, revision
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.own import Own
from gitops_guard.model.parked import Parked
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FieldPath, FileKind, Resource, SourceFile, Tree
from gitops_guard.model.rule import Option, Options, OptionsAt, Topic, tree_rule
from gitops_guard.model.workload import value_at

_RANGES: Final = {"enum": ["none", "bounded", "any"]}
_RANGES_DOC: Final = "`none`, `bounded` (`1.x`, `>=1 <2`) or `any`."
_OPTIONS: Final = {
    "own": Option(
        (),
        "Repositories of yours, beside those that are recognized: `github.com/example`, `git.example.com/*/charts`.",
        {"type": "array", "items": {"type": "string", "minLength": 1}},
    ),
    "flux-ranges": Option("any", f"Which ranges of versions Flux may follow: {_RANGES_DOC}", _RANGES),
    "argo-ranges": Option("none", f"Which ranges of versions Argo CD may follow: {_RANGES_DOC}", _RANGES),
}
_KINDS: Final = frozenset(
    {"Application", "ApplicationSet", "GitRepository", "HelmChart", "HelmRelease", "OCIRepository"}
)
_UNLOCKED: Final = {"Chart.yaml": "Chart.lock", "requirements.yaml": "requirements.lock"}

_CHARTS: Final = {"flux-ranges": "none"}  # kustomize has no automation that writes down what it took

_Placed = tuple[FieldPath, str, Severity | None]
_Found = Iterator[tuple[Resource | SourceFile, Problem]]


class _Context:
    """The tree, and what is looked up in it only where it is asked for."""

    def __init__(self, tree: Tree, options_at: OptionsAt) -> None:
        self.tree = tree
        self.options_at = options_at
        self._own: Own | None = None
        self._elsewhere: frozenset[str] | None = None
        self._charts: frozenset[str] | None = None
        self._patched: frozenset[tuple[str, str]] | None = None
        self.parked = Parked(tree)

    @property
    def own(self) -> Own:
        if self._own is None:
            self._own = Own(self.tree, tuple(self.options_at("")["own"]))
        return self._own

    @property
    def charts(self) -> frozenset[str]:
        """Names of the sources that Helm releases take for their chart."""
        if self._charts is None:
            releases = (resource.body for resource in self.tree.resources if resource.id.kind == "HelmRelease")
            self._charts = frozenset(str(value_at(body, ("spec", "chartRef", "name"))) for body in releases)
        return self._charts

    @property
    def elsewhere(self) -> frozenset[str]:
        """Names of the sources of Flux Kustomizations whose path is not in this tree."""
        if self._elsewhere is None:
            asked = (resource.body for resource in self.tree.resources if resource.id.kind == "Kustomization")
            self._elsewhere = frozenset(
                str(value_at(body, ("spec", "sourceRef", "name")))
                for body in asked
                if _says_where(body.get("spec")) and not self.own.holds(value_at(body, ("spec", "path")))
            )
        return self._elsewhere

    def is_patched(self, resource: Resource) -> bool:
        """Whether a patch of the tree sets the version of this resource."""
        if self._patched is None:
            self._patched = frozenset(patched.versions(self.tree))
        kind = resource.id.kind
        return bool(self._patched & {(kind, resource.id.name), (kind, ""), ("", "")})


class _Moves(NamedTuple):
    """A field that moves, and a sentence about it. *is_missing* says that a patch may fill it."""

    path: FieldPath
    message: str
    is_missing: bool = False


@tree_rule(
    Severity.WARNING,
    topic=Topic.VERSIONS,
    options=_OPTIONS,
    left="sources without a version, and branches in Git",
    by_path=True,
)
def unpinned_source(tree: Tree, options_at: OptionsAt) -> _Found:
    context = _Context(tree, options_at)
    for resource in tree.resources:
        if resource.id.kind in _KINDS:
            for moves in _of_resource(resource, context):
                if context.parked.holds(resource.location.file):
                    continue
                if not moves.is_missing or (tree.complete and not context.is_patched(resource)):
                    yield resource, Problem(moves.path, moves.message)
    for file, problem in _in_files(tree, options_at):
        if not context.parked.holds(file.path):
            yield file, problem
    if tree.complete:
        yield from _in_charts(tree)


def _in_files(tree: Tree, options_at: OptionsAt) -> Iterator[tuple[SourceFile, Problem]]:
    for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT, FileKind.STRATEGIC_PATCH):
        is_patch = file.kind is FileKind.STRATEGIC_PATCH
        for document in file.documents:
            if isinstance(document.body, Mapping):
                options = options_at(file.path)
                found = _in_patch(document.body, options) if is_patch else _in_kustomization(document.body)
                for path, message, severity in found:
                    yield file, Problem(path, message, at=file.locate(document.index, path), severity=severity)


def _of_resource(resource: Resource, context: _Context) -> Iterator[_Moves]:
    spec = resource.body.get("spec")
    if not isinstance(spec, Mapping):
        return
    options = context.options_at(resource.location.file)
    match resource.id.group, resource.id.kind:
        case "argoproj.io", "Application" | "ApplicationSet":
            yield from _of_argo(resource, context, options)
        case "helm.toolkit.fluxcd.io", "HelmRelease":
            if value_at(spec, ("chart", "spec", "sourceRef", "kind")) == "HelmRepository":
                yield from _of_chart(value_at(spec, ("chart", "spec")), ("spec", "chart", "spec"), options)
        case "source.toolkit.fluxcd.io", "HelmChart":
            if value_at(spec, ("sourceRef", "kind")) == "HelmRepository":
                yield from _of_chart(spec, ("spec",), options)
        case "helm.cattle.io", "HelmChart":
            chart = spec.get("chart")
            if isinstance(chart, str) and not chart.startswith(("http://", "https://", "/", ".")):
                yield from _of_chart(spec, ("spec",), options)
        case "source.toolkit.fluxcd.io", "OCIRepository":
            yield from _of_oci(spec, context, options, is_chart=resource.id.name in context.charts)
        case "source.toolkit.fluxcd.io", "GitRepository":
            if context.own.owners or resource.id.name in context.elsewhere:
                yield from _of_git(spec, context, options)


def _of_chart(chart: Mapping[str, Any], path: FieldPath, options: Options) -> Iterator[_Moves]:
    version, name = chart.get("version"), str(chart.get("chart"))
    if version is None or version == "":
        message = f"the chart `{name}` has no version, so that each new one is installed; name a version"
        yield _Moves((*path, "chart"), message, is_missing=True)
    elif message := _floats(version, f"the chart `{name}`", options["flux-ranges"], partial=True):
        yield _Moves((*path, "version"), message)


def _floats(version: object, what: str, allowed: str, *, partial: bool = False) -> str:
    """What is wrong with a version of a chart or an artifact, or ""."""
    if not isinstance(version, str) or is_placeholder(version):
        return ""
    if revision.is_newest(version):
        if version.strip() in ("", "latest"):
            return f"the version `{version}` of {what} means the newest; name a version"
        return f"{_unbounded(version, what)}, in production too; write `>=1 <2`, for example, or one version"
    if allowed == "any" or not revision.is_range(version, partial=partial):
        return ""
    if allowed == "bounded" and revision.is_bounded(version):
        return ""
    if not revision.is_bounded(version):
        return f"{_unbounded(version, what)}; name a version"
    return f"the version `{version}` of {what} is a range; name a version"


def _unbounded(version: str, what: str) -> str:
    return f"the version `{version}` of {what} has no upper bound, so that each new major version is installed"


def _of_oci(spec: Mapping[str, Any], context: _Context, options: Options, *, is_chart: bool) -> Iterator[_Moves]:
    """Manifests in a private registry are mostly pushed there by the owner's own pipeline, charts are mirrored."""
    url, reference = spec.get("url"), spec.get("ref")
    if not isinstance(url, str) or is_placeholder(url):
        return
    reference = reference if isinstance(reference, Mapping) else {}
    tag, what = reference.get("tag"), f"`{revision.repository(url)}`"
    moves: _Moves | None = None
    if reference.get("digest"):
        return
    if semver := reference.get("semver"):
        if message := _floats(semver, what, options["flux-ranges"]):
            moves = _Moves(("spec", "ref", "semver"), message)
    elif not tag:
        message = f"{what} has no `ref`, which means the tag `latest`; name a version or a digest"
        moves = _Moves(("spec", "url"), message, is_missing=True)
    elif isinstance(tag, str) and tag.lower() in image.FLOATING_TAGS:
        moves = _Moves(("spec", "ref", "tag"), f"the tag `{tag}` of {what} moves; name a version or a digest")
    if moves is None or not context.tree.complete or not (is_chart or revision.is_public(url)):
        return
    if not context.own.has(url):
        yield moves


def _of_git(spec: Mapping[str, Any], context: _Context, options: Options) -> Iterator[_Moves]:
    url, reference = spec.get("url"), spec.get("ref")
    if not isinstance(url, str) or is_placeholder(url) or not context.tree.complete:
        return
    reference = reference if isinstance(reference, Mapping) else {}
    if any(reference.get(pin) for pin in ("commit", "tag")):
        return
    what = f"`{revision.repository(url)}`"
    moves: _Moves | None = None
    if name := reference.get("name"):
        if isinstance(name, str) and name.startswith("refs/heads/"):
            moves = _Moves(("spec", "ref", "name"), _branch(what, name))
    elif semver := reference.get("semver"):
        if message := _floats(semver, what, options["flux-ranges"]):
            moves = _Moves(("spec", "ref", "semver"), message)
    elif branch := reference.get("branch"):
        if isinstance(branch, str) and not is_placeholder(branch):
            moves = _Moves(("spec", "ref", "branch"), _branch(what, branch))
    else:
        message = f"{what} has no `ref`, which means the branch `master`; name a tag or a commit"
        moves = _Moves(("spec", "url"), message, is_missing=True)
    if moves is not None and not context.own.has(url):
        yield moves


def _branch(what: str, branch: str) -> str:
    return f"{what} is followed on `{branch.removeprefix('refs/heads/')}`, which moves; name a tag or a commit"


def _of_argo(resource: Resource, context: _Context, options: Options) -> Iterator[_Moves]:
    is_set = resource.id.kind == "ApplicationSet"
    spec: FieldPath = ("spec", "template", "spec") if is_set else ("spec",)
    sources = value_at(resource.body, (*spec, "sources"))
    listed = [
        ((*spec, "sources", number), one) for number, one in enumerate(sources if isinstance(sources, list) else ())
    ]
    for path, source in [((*spec, "source"), value_at(resource.body, (*spec, "source"))), *listed]:
        if isinstance(source, Mapping):
            yield from _of_argo_source(source, path, context, options)


def _of_argo_source(
    source: Mapping[str, Any], path: FieldPath, context: _Context, options: Options
) -> Iterator[_Moves]:
    url, target = source.get("repoURL"), source.get("targetRevision")
    if not isinstance(url, str) or is_placeholder(url) or not (target is None or isinstance(target, str)):
        return
    chart = source.get("chart")
    field = (*path, "targetRevision" if target else "repoURL")
    if isinstance(chart, str):
        what = f"the chart `{chart}`"
        if not target or target == "HEAD":
            yield _Moves(field, f"{what} has no version, so that each new one is installed; name a version", not target)
        elif message := _floats(target, what, options["argo-ranges"]):
            yield _Moves(field, message)
        return
    target = target or "HEAD"
    if is_placeholder(target) or not context.tree.complete:
        return
    what = f"`{revision.repository(url)}`"
    message = _floats(target, what, options["argo-ranges"]) if revision.is_range(target) else ""
    if not message and revision.is_moving(target):
        message = _branch(what, target)
    if message and not context.own.has(url) and (context.own.owners or _says_where(source)):
        yield _Moves(field, message, not source.get("targetRevision"))


def _says_where(source: object) -> bool:
    """Whether the path could be looked for in this tree: where it is another, so is the repository."""
    path = value_at(source, ("path",))
    return isinstance(path, str) and path.strip("./") != "" and not is_placeholder(path)


def _in_kustomization(body: Mapping[str, Any]) -> Iterator[_Placed]:
    for one, more in fetched.moving(body):
        rest = f"; likewise {more} more {'entry' if more == 1 else 'entries'} of this file" if more else ""
        yield one.path, one.message + rest, Severity.INFO if one.is_file else None
    for number, chart in enumerate(_list(body.get("helmCharts"))):
        if isinstance(chart, Mapping) and chart.get("repo"):
            for moves in _of_chart({**chart, "chart": chart.get("name")}, ("helmCharts", number), _CHARTS):
                path = (*moves.path[:-1], "name") if moves.is_missing else moves.path
                yield path, moves.message, None


def _in_patch(body: Mapping[str, Any], options: Options) -> Iterator[_Placed]:
    """A patch that sets the version of a chart to one that moves."""
    version = value_at(body, CHART_VERSION) if body.get("kind") == "HelmRelease" else None
    if version and (message := _floats(version, "the chart", options["flux-ranges"], partial=True)):
        yield CHART_VERSION, message, None


def _in_charts(tree: Tree) -> _Found:
    """Dependencies with a range, where neither a lock nor the chart itself says which version is meant."""
    paths: set[str] = set()
    for file in tree.of_kind(FileKind.HELM_CHART):
        folder, _, name = file.path.rpartition("/")
        if name not in _UNLOCKED:
            continue
        paths = paths or {path for one in tree.files for path in (one.path, dirname(one.path))}
        prefix = f"{folder}/" if folder else ""
        if f"{prefix}{_UNLOCKED[name]}" in paths:
            continue
        for document in file.documents:
            dependencies = value_at(document.body, ("dependencies",))
            for number, dependency in enumerate(_list(dependencies)):
                if message := _unlocked(dependency, f"{prefix}charts/", paths):
                    path = ("dependencies", number, "version")
                    yield file, Problem(path, message, at=file.locate(document.index, path))


def _unlocked(dependency: object, charts: str, paths: set[str]) -> str:
    if not isinstance(dependency, Mapping):
        return ""
    name, version, home = (dependency.get(key) for key in ("name", "version", "repository"))
    if not isinstance(home, str) or "://" not in home or home.startswith("file://") or not isinstance(version, str):
        return ""
    if is_placeholder(version) or not revision.is_range(version, partial=True):
        return ""
    if any(path.startswith(f"{charts}{name}") for path in paths):
        return ""
    what = f"the version `{version}` of the chart `{name}` is a range"
    return f"{what}, and there is no lock beside it; name a version, or commit the lock"


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
