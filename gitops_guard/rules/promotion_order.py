"""Production runs a newer image or chart than the environment before it, where nobody could try it.

A change goes from development through test and staging to production. A version that production has first was tried
nowhere, or staging was left behind and no longer tells how production will fare; what is tried there next is an older
version than the one that runs.

Compared is what two environments of one app both name: `images`, `helmCharts` and remote `?ref=` of kustomizations,
containers, also in patches, charts of HelmReleases and Argo CD Applications, tags of OCIRepository and GitRepository,
dependencies in `Chart.yaml`, and tags of images in Helm values. Where the earlier environment names nothing itself,
what it takes from its base or from `values.yaml` counts. The nearest environment before is asked that has the thing at
all; of several side by side production must be ahead of all. Versions are compared as versions: `1.10.0` is newer than
`1.9.2` and than `1.10.0-rc.1`; ranges (`~1.2`, `2.x`), dates, build numbers and `main-<commit>-<time>` are understood.
What has no order (digests, commits, branches, `>=1.0`) and two versions of different forms are never reported, nor
what production takes from a base. Asked are the last environment of the order, and each ring but the first.

Source: https://developers.redhat.com/articles/2022/09/07/how-set-your-gitops-directory-structure,
https://codefresh.io/blog/how-to-model-your-gitops-environments-and-promote-releases-between-them/

## Fails

```yaml title="apps/shop/overlays/staging/kustomization.yaml"
resources: [../../base]
images:
  - name: ghcr.io/example/shop
    newTag: 1.9.2
```

```yaml title="apps/shop/overlays/production/kustomization.yaml"
resources: [../../base]
images:
  - name: ghcr.io/example/shop
    newTag: 1.10.0  # finding
```

```yaml title="apps/shop/base/kustomization.yaml"
resources: [account.yaml]
```

```yaml title="apps/shop/base/account.yaml"
apiVersion: v1
kind: ServiceAccount
metadata: {name: shop}
```

```yaml title="charts/cart/values-staging.yaml"
image: {repository: ghcr.io/example/cart, tag: 2.0.0-rc.3}
```

```yaml title="charts/cart/values-production.yaml"
image:
  repository: ghcr.io/example/cart
  tag: 2.0.0  # finding
```

## Passes

```yaml title="apps/shop/overlays/staging/kustomization.yaml"
images:
  - name: ghcr.io/example/shop
    newTag: v1.10.0
  - name: ghcr.io/example/worker
    newTag: 3f2c9d1
```

```yaml title="apps/shop/overlays/production/kustomization.yaml"
images:
  - name: ghcr.io/example/shop
    newTag: v1.9.2
  - name: ghcr.io/example/worker
    newTag: 1.4.0
```
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from posixpath import dirname
from typing import Final

from gitops_guard.load import environments, named_versions
from gitops_guard.load.named_versions import Named, Slot
from gitops_guard.load.stages import DEFAULT_ORDER, Order, Stage
from gitops_guard.model import listing, version
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import App, FileKind, Resource, SourceFile, Tree
from gitops_guard.model.rule import Option, Options, Topic, tree_rule
from gitops_guard.model.version import Version

_NAMES: Final = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_OPTIONS: Final = {
    "order": Option(
        DEFAULT_ORDER,
        "Environments from the first to the last; those in one list stand side by side.",
        {"type": "array", "items": _NAMES, "minItems": 2},
    ),
    "every-environment": Option(
        False, "Ask every environment, not only the last, whether it is ahead of the one before.", {"type": "boolean"}
    ),
}
_TELLING: Final = frozenset(
    {
        FileKind.KUSTOMIZATION, FileKind.COMPONENT, FileKind.STRATEGIC_PATCH, FileKind.JSON_PATCH,
        FileKind.HELM_VALUES, FileKind.OTHER_YAML, FileKind.HELM_CHART,
    }
)  # fmt: skip


@tree_rule(Severity.WARNING, topic=Topic.ENVIRONMENTS, whole=True, options=_OPTIONS)
def promotion_order(tree: Tree, options: Options) -> Iterator[tuple[Resource | SourceFile, Problem]]:
    order = Order(options["order"])
    places = _Places(tree, order)
    told: set[tuple[str, int, int]] = set()
    for app, by_stage in places.apps.items():
        if len(by_stage) < 2:
            continue
        for stage in sorted(by_stage):
            if not (options["every-environment"] or order.is_last(stage)):
                continue
            for named in _of_environments(by_stage[stage].values()):
                for problem in _ahead(places, app, stage, named):
                    if (place := named.locate()) not in told:
                        told.add(place)
                        yield named.subject, problem


class _Names:
    """What is named in one place, by where it stands and by its image."""

    def __init__(self) -> None:
        self.all: list[Named] = []
        self._by_slot: dict[Slot, list[Named]] = defaultdict(list)
        self._by_image: dict[str, list[Named]] = defaultdict(list)

    def add(self, found: Iterable[Named]) -> None:
        for named in found:
            self.all.append(named)
            self._by_slot[named.slot].append(named)
            self._by_image[named.image].append(named)

    def twins(self, named: Named) -> Sequence[Named]:
        """What has the same place; else, for an image, what names the same image."""
        same = self._by_slot.get(named.slot, [])
        return same if same or not named.image else self._by_image.get(named.image, [])


class _Environment:
    """What one environment has of one app."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.files: list[SourceFile] = []
        self.named = _Names()
        self.inherited: _Names | None = None


class _Places:
    """The environments of all apps, by stage; apps are known by their path without the environment."""

    def __init__(self, tree: Tree, order: Order) -> None:
        self.apps: dict[str, dict[Stage, dict[str, _Environment]]] = {}
        self._tree = tree
        self._order = order
        self._found: dict[App, _Environment | None] = {}
        self._resources: dict[str, list[Resource]] | None = None
        for file in tree.files:
            if file.kind in _TELLING and (environment := self._of(tree.app_of(file.path))) is not None:
                environment.files.append(file)
                environment.named.add(named_versions.of_file(file))
        for resource in tree.resources:
            if resource.id.kind in named_versions.KINDS and (environment := self._of(resource.app)) is not None:
                environment.named.add(named_versions.of_resource(resource))

    def _of(self, app: App | None) -> _Environment | None:
        if app is None or not app.environment:
            return None
        if app not in self._found:
            stage = self._order.stage(app.environment)
            self._found[app] = None if stage is None else self._make(app, stage)
        return self._found[app]

    def _make(self, app: App, stage: Stage) -> _Environment:
        path = app.path if not app.cluster else app.path.replace(app.cluster, app.environment, 1)
        key = environments.without(path, app.environment)
        by_name = self.apps.setdefault(key, {}).setdefault(stage, {})
        name = app.cluster or app.environment
        return by_name.setdefault(name, _Environment(name))

    def before(self, app: str, stage: Stage) -> Iterator[Sequence[_Environment]]:
        """The environments of the stages before, the nearest first."""
        stages = sorted(
            (other for other in self.apps[app] if other.track == stage.track and other < stage), reverse=True
        )
        for other in stages:
            yield list(self.apps[app][other].values())

    def inherited(self, environment: _Environment) -> _Names:
        """What an environment takes from files that it shares with others."""
        if environment.inherited is None:
            environment.inherited = _Names()
            for file in self._shared(environment.files):
                environment.inherited.add(self._of_file(file))
        return environment.inherited

    def _shared(self, files: Iterable[SourceFile]) -> Iterator[SourceFile]:
        known = listing.of_tree(self._tree)
        seen = {file.path for file in files}
        for file in files:
            beside = known.files.get(f"{dirname(file.path)}/values.yaml".lstrip("/"))
            values = [beside] if beside is not None and file.kind is FileKind.HELM_VALUES else []
            taken = [one for _, one in known.below(file)] if file.kind is FileKind.KUSTOMIZATION else values
            for other in taken:
                if other.path not in seen:
                    seen.add(other.path)
                    yield other

    def _of_file(self, file: SourceFile) -> Iterator[Named]:
        if self._resources is None:
            self._resources = defaultdict(list)
            for resource in self._tree.resources:
                self._resources[resource.location.file].append(resource)
        yield from named_versions.of_file(file)
        for resource in self._resources.get(file.path, ()):
            yield from named_versions.of_resource(resource)


def _of_environments(found: Iterable[_Environment]) -> Iterator[Named]:
    for environment in found:
        yield from environment.named.all


def _ahead(places: _Places, app: str, stage: Stage, named: Named) -> Iterator[Problem]:
    mine = version.parse(named.text)
    if mine is None:
        return
    for others in places.before(app, stage):
        told = {other: twins for other in others if (twins := other.named.twins(named))}
        told = told or {other: twins for other in others if (twins := places.inherited(other).twins(named))}
        if not told:
            continue
        rivals = [(other, _comparable(mine, twins)) for other, twins in told.items()]
        if all(found and all(version.is_newer(mine, their) for _, their in found) for _, found in rivals):
            before, newest = _newest(rivals)
            fix = f"let {before.name} run it first"
            yield Problem(named.path, _message(named, before, newest), fix=fix, at=named.locate())
        return


_Rival = tuple[Named, Version]


def _comparable(mine: Version, twins: Iterable[Named]) -> list[_Rival]:
    """One image may stand in several places, in some of them without an order."""
    parsed = ((twin, version.parse(twin.text)) for twin in twins)
    return [(twin, their) for twin, their in parsed if their is not None and version.are_comparable(mine, their)]


def _newest(rivals: Sequence[tuple[_Environment, Sequence[_Rival]]]) -> tuple[_Environment, Named]:
    (best, (named, newest)), *more = [(environment, rival) for environment, found in rivals for rival in found]
    for environment, (candidate, their) in more:
        if version.is_newer(their, newest):
            best, named, newest = environment, candidate, their
    return best, named


def _message(named: Named, environment: _Environment, other: Named) -> str:
    place = other.locate()
    return (
        f"{named.label} {named.text} is newer than {other.text} in {environment.name} ({place.file}:{place.line}), "
        "which comes before"
    )
