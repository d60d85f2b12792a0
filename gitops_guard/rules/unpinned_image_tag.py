"""An image has no tag, or a tag that moves: what runs tomorrow is not what was reviewed.

Name a version, better a digest. Two Pods of one Deployment can run different code behind the same moving tag, a
rollback has nothing to go back to, and Git no longer says what runs. Where `imagePullPolicy` is `IfNotPresent` or
`Never` beside such a tag, each node even keeps what it pulled first; the message says so.

Judged are

- all containers of Pods and Pod templates, and those of Argo Workflows and Tekton;
- the `images` of kustomizations, of Flux Kustomizations and post-renderers, and of Argo CD Applications;
- patches: strategic and JSON6902 ones, in files and inline;
- Helm values by the conventions of charts (`image: {repository, tag}`, `image: name:tag`, `imageTag`, also under longer
  names such as `sidecarImage`): values files, `spec.values` of HelmReleases, `valuesInline`, and `values`,
  `valuesObject` and `parameters` of Argo CD; the same fields in other custom resources, but for policies;
- lines below `# renovate: datasource=docker depName=…`, whatever they are called: the comment says that they are tags.

A base may leave an image open, or name a tag that moves, where a kustomization or a patch that is built on it sets the
tag. In values, a tag that is missing is the chart's own version and is fine. Not reported are digests, placeholders,
images that Skaffold builds, catalogs that OLM polls, and images under a Flux image policy (`# {"$imagepolicy": …}`),
which may have a tag alone even where digests are demanded. Where only picked files are checked, a bare name without a
tag (`image: shop`) is left to the check of the whole repository.

The options may differ by environment (`environments.production.rules.unpinned-image-tag` in the configuration). What
is fine in a base and not in an environment that is built on it is reported at the entry of that environment's own
kustomization. `demand: version` asks for a tag of one build: `1.27.3`, a date or a commit, and not `1`, `1.27` or
`1.27-alpine`, which are pushed again for each patch. With `registries`, an image from elsewhere is a finding too; a
name without a host is one of `docker.io`, but in values it is the chart that decides.

Source: https://kubernetes.io/docs/concepts/containers/images/#image-names,
https://fluxcd.io/flux/guides/image-update/, https://docs.renovatebot.com/modules/manager/regex/

## Fails

```yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      initContainers:
        - name: migrate
          image: registry.example:5000/migrate  # finding
      containers:
        - name: shop
          image: ghcr.io/example/shop:latest  # finding
```

```yaml title="apps/cart/overlays/production/kustomization.yaml"
resources: [../../base]
images:
  - name: ghcr.io/example/cart
    newTag: main  # finding
patches:
  - target: {kind: Deployment, name: cart}
    patch: |
      - op: replace
        path: /spec/template/spec/containers/1/image
        value: ghcr.io/example/proxy:edge  # finding
```

```yaml title="apps/cart/values.yaml"
image:
  repository: ghcr.io/example/cart
  tag: latest  # finding
# renovate: datasource=docker depName=ghcr.io/example/tools
toolsVersion: nightly  # finding
```

## Passes

```yaml
apiVersion: batch/v1
kind: CronJob
metadata:
  name: report
spec:
  schedule: "0 4 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: report
              image: ghcr.io/example/report:1.4.2
            - name: proxy
              image: nginx@sha256:4c0fdaa8b6341bfdeca5f18f7837462c80cff90527ee35ef185571e1c327beac
            - name: automated
              image: ghcr.io/example/shop:main  # {"$imagepolicy": "flux-system:shop"}
```

```yaml title="apps/shop/base/pod.yaml"
apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: shop
      image: shop
```

```yaml title="apps/shop/base/kustomization.yaml"
resources: [pod.yaml]
```

```yaml title="apps/shop/overlays/production/kustomization.yaml"
resources: [../../base]
images:
  - name: shop
    newTag: 2.0.1
```

```yaml title="apps/cart/values.yaml"
image:
  repository: ghcr.io/example/cart
  tag: ""  # the version of the chart
sidecarImage: ghcr.io/example/proxy:1.4.2
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from gitops_guard.load import named_images
from gitops_guard.load.named_images import NamedImage
from gitops_guard.model import automation, image, listing, workload
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.image import Image
from gitops_guard.model.image_fields import Use
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FileKind, Location, Resource, SourceFile, Tree
from gitops_guard.model.rule import Option, Options, OptionsAt, Topic, tree_rule
from gitops_guard.model.source import argo_sources_of

_NAMES: Final = {"type": "array", "items": {"type": "string", "minLength": 1}}
_OPTIONS: Final = {
    "floating-tags": Option(image.FLOATING_TAGS, "Tags that move.", _NAMES),
    "demand": Option(
        "tag",
        "`tag`: any that does not move; `version`: one of a single build; `digest`: a digest beside or instead of it.",
        {"enum": ["tag", "version", "digest"]},
    ),
    "registries": Option(
        (),
        "Where images may come from: `ghcr.io/example`, `*.dkr.ecr.*.amazonaws.com`; without any, from everywhere.",
        _NAMES,
    ),
}
_RENOVATED: Final = b"datasource=docker"
_KEEPS: Final = ("IfNotPresent", "Never")

_NO_TAG: Final = frozenset(" /{}[]$\t")
_Subject = Resource | SourceFile
_Found = Iterator[tuple[_Subject, Problem]]


class _Demand:
    """What is asked of the images of one environment. *fine* are references that were judged before."""

    def __init__(self, options: Options) -> None:
        self.floating = frozenset(options["floating-tags"])
        self.level = options["demand"]
        self.registries = tuple(options["registries"])
        self.fine: set[str] = set()

    def wrong(self, use: Use) -> Iterator[str]:
        """Sentences about one image. A placeholder is judged when it is filled in."""
        found = use.image
        if not found.name or "<" in found.name or any(map(is_placeholder, found)) or _is_hole(found):
            return
        if not found.digest and (found.tag or not use.is_open):
            yield from self._unpinned(found, use.policy)
        is_known = not use.is_open or image.is_host(found.name.partition("/")[0])
        if self.registries and is_known and not image.is_allowed(found, self.registries):
            listed = ", ".join(f"`{registry}`" for registry in self.registries)
            yield f"the image `{found.name}` comes from `{found.registry}`; allowed is {listed}"

    def _unpinned(self, found: Image, policy: str) -> Iterator[str]:
        name, tag = found.name, found.tag
        stale = f", and `imagePullPolicy: {policy}` keeps what a node pulled first" if policy in _KEEPS else ""
        if not tag:
            yield f"the image `{name}` has no tag, which means `latest`{stale}; name a version or a digest"
        elif tag.lower() in self.floating:
            yield f"the tag `{tag}` of the image `{name}` moves{stale}; name a version or a digest"
        elif self.level == "digest":
            yield f"the image `{name}` has no digest; the tag `{tag}` can be pushed again"
        elif self.level == "version" and not image.is_exact(tag):
            yield f"the tag `{tag}` of the image `{name}` stands for a series of builds; name an exact version"


def _is_hole(found: Image) -> bool:
    """Whether a part is a word as `IMAGE_TAG` that `sed` or a script fills in: no registry has capitals in its name."""
    return any("_" in part and part.isupper() for part in (found.tag, found.name.partition("/")[0]))


class _Demands:
    """The demand that holds for a file; one for each set of options."""

    def __init__(self, options_at: OptionsAt) -> None:
        self._options_at = options_at
        self._known: dict[int, tuple[Options, _Demand]] = {}

    def at(self, path: str) -> _Demand:
        options = self._options_at(path)
        known = self._known.get(id(options))
        if known is None:  # the options are kept with it, so that no others can get their id
            known = self._known[id(options)] = options, _Demand(options)
        return known[1]

    def differ_from(self, demand: _Demand) -> Callable[[SourceFile], bool]:
        return lambda file: self.at(file.path) is not demand


@tree_rule(Severity.WARNING, topic=Topic.VERSIONS, options=_OPTIONS, left="image names without a tag", by_path=True)
def unpinned_image_tag(tree: Tree, options_at: OptionsAt) -> _Found:
    demands = _Demands(options_at)
    named = list(named_images.find(tree))
    yield from _in_workloads(tree, demands, named)
    told: set[tuple[str, int]] = set()
    for one in named:
        for message in demands.at(one.file).wrong(one.use):
            if not _is_automated(one):
                location = one.location()
                told.add((location.file, location.line))
                yield one.subject, Problem(one.field, message, at=location)
    yield from _renovated(tree, demands, told)
    if tree.complete:
        yield from _in_bases(tree, demands, named)


def _in_workloads(tree: Tree, demands: _Demands, named: list[NamedImage]) -> _Found:
    filled: _Filled | None = None
    path, demand = "", demands.at("")
    for resource in tree.resources:
        if resource.id.kind not in workload.KINDS:
            continue
        for field, container in workload.containers(resource.id, resource.body):
            reference = container.get("image")
            if not isinstance(reference, str):
                continue
            if resource.location.file != path:
                path = resource.location.file
                demand = demands.at(path)
            if reference in demand.fine:
                continue
            use = Use((*field, "image"), image.parse(reference), False, str(container.get("imagePullPolicy")))
            if not any(demand.wrong(use)):
                demand.fine.add(reference)
                continue
            if not tree.complete and not use.image.tag and "/" not in use.image.name:
                continue  # such a name is often filled in by a file that was not picked
            filled = filled or _Filled(tree, named)
            one = NamedImage(resource, resource.document, use, use.path)
            if not filled.fills(one) and not _is_automated(one):
                for message in demand.wrong(filled.renamed(use)):
                    yield resource, Problem(use.path, message)


def _is_automated(named: NamedImage) -> bool:
    """Whether a Flux image policy writes this line."""
    source = named.subject.source
    return source is not None and automation.is_flux_policy(source.comments().get(named.outer().line, ""))


def _in_bases(tree: Tree, demands: _Demands, named: list[NamedImage]) -> _Found:
    """Images of bases that are fine where they stand, and not in an environment that is built on them."""
    general = demands.at("")
    stricter = [file for file in tree.of_kind(FileKind.KUSTOMIZATION) if demands.at(file.path) is not general]
    if not stricter:
        return
    uses: dict[str, list[NamedImage]] = {}
    for one in (*named_images.in_workloads(tree), *named):
        uses.setdefault(one.file, []).append(one)
    known, filled = listing.of_tree(tree), _Filled(tree, named)
    for file in stricter:
        demand = demands.at(file.path)
        told: set[str] = set()
        for path, base in known.below(file, demands.differ_from(demand)):
            for one in uses.get(base.path, ()):
                at_home = set(demands.at(base.path).wrong(one.use))
                for message in demand.wrong(filled.renamed(one.use)):
                    if message in at_home or message in told or filled.fills(one) or _is_automated(one):
                        continue
                    told.add(message)
                    yield file, Problem(path, f"{message} (`{base.path}`)")


class _Filled:
    """What something else than the workload says of its image: a kustomization, a patch, Skaffold."""

    def __init__(self, tree: Tree, named: list[NamedImage]) -> None:
        self._tree = tree
        self._by_kustomization: dict[str, set[str]] = {}
        self._names: dict[str, str] = {}
        for file, entry in _overrides(tree):
            name = str(entry.get("name"))
            if entry.get("newTag") or entry.get("digest"):
                self._by_kustomization.setdefault(file, set()).add(name)
            if isinstance(entry.get("newName"), str):
                self._names[name] = entry["newName"]
        self._add_patches(named)
        self._everywhere = {*self._by_kustomization.get("", ()), *_built_by_skaffold(tree)}
        self._somewhere = self._everywhere.union(*self._by_kustomization.values())
        self._by_file: dict[str, set[str]] | None = None

    def _add_patches(self, named: list[NamedImage]) -> None:
        patches = [one for one in named if one.is_patch and (one.use.image.tag or one.use.image.digest)]
        patching = listing.of_tree(self._tree).patched_by() if patches else {}
        for one in patches:
            for file in (one.file,) if one.inner else patching.get(one.file, ()):
                self._by_kustomization.setdefault(file, set()).add(one.use.image.name)

    def fills(self, named: NamedImage) -> bool:
        """Whether the image gets its tag elsewhere. One without a tag is open on purpose, and any entry for its name
        will do; one that has a tag gets another where something is built on its file.
        """
        name = named.use.image.name
        if name not in self._somewhere:
            return False
        if not named.use.image.tag or name in self._everywhere:
            return True
        if self._by_file is None:
            self._by_file = self._reached()
        return name in self._by_file.get(named.file, ())

    def _reached(self) -> dict[str, set[str]]:
        """The names that the kustomizations above a file fill, with the components that they take in."""
        found: dict[str, set[str]] = {}
        known = listing.of_tree(self._tree)
        for file in self._tree.of_kind(FileKind.KUSTOMIZATION):
            components = known.below(file, lambda one: one.kind is FileKind.COMPONENT)
            paths = [file.path, *(component.path for _, component in components)]
            names = set().union(*(self._by_kustomization.get(path, ()) for path in paths))
            for _, below in known.below(file) if names else ():
                found.setdefault(below.path, set()).update(names)
        return found

    def renamed(self, use: Use) -> Use:
        name = self._names.get(use.image.name)
        return use._replace(image=use.image._replace(name=name)) if name else use


def _overrides(tree: Tree) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The `images` entries of kustomizations by their file; those of Flux and of Argo CD by "", as they reach far."""
    for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
        for document in file.documents:
            yield from ((file.path, entry) for entry in _entries(document.body))
    for resource in tree.resources:
        if resource.id.kind == "Kustomization":
            yield from (("", entry) for entry in _entries(resource.body.get("spec")))
        elif resource.id.kind in ("Application", "ApplicationSet"):
            for source in argo_sources_of(resource):
                yield from (("", entry) for entry in _entries(source.get("kustomize")))


def _entries(body: object) -> Iterator[Mapping[str, Any]]:
    entries = body.get("images") if isinstance(body, Mapping) else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping):
            yield entry
        elif isinstance(entry, str):  # name=newName:newTag
            name, _, override = entry.rpartition("=")
            parsed = image.parse(override)
            yield {"name": image.parse(name).name or parsed.name, "newTag": parsed.tag, "digest": parsed.digest}


def _renovated(tree: Tree, demands: _Demands, told: set[tuple[str, int]]) -> _Found:
    """Tags below a comment for Renovate; those in *told* were found by their field."""
    for file in tree.files:
        if file.source is None or _RENOVATED not in file.data:
            continue
        lines = file.data.split(b"\n")
        for number, comment in file.source.comments().items():
            name = automation.renovated_image(comment)
            if not name or number >= len(lines) or (file.path, number + 1) in told:
                continue
            line = lines[number].decode("utf-8", "replace")
            column, tag = _value(line)
            for message in demands.at(file.path).wrong(Use((), image.parse(f"{name}:{tag}"))) if tag else ():
                yield file, Problem((), message, at=Location(file.path, number + 1, column))


def _value(line: str) -> tuple[int, str]:
    """The column and the text of the value in a line `key: value`; "" where it is no plain tag."""
    key, _, rest = line.partition(": ")
    value = rest.partition(" #")[0].strip()
    column = len(key) + 3 + len(rest) - len(rest.lstrip())
    value = value.strip("\"'")
    return column, value if value and not set(value) & _NO_TAG else ""


def _built_by_skaffold(tree: Tree) -> Iterator[str]:
    for file in tree.of_kind(FileKind.OTHER_YAML):
        for document in file.documents:
            body = document.body
            if isinstance(body, Mapping) and str(body.get("apiVersion", "")).startswith("skaffold/"):
                artifacts = workload.value_at(body, ("build", "artifacts"))
                for artifact in artifacts if isinstance(artifacts, list) else ():
                    if isinstance(artifact, Mapping):
                        yield str(artifact.get("image"))
