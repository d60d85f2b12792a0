"""An image has no tag, or a tag that moves: what runs tomorrow is not what was reviewed.

Name a version, better a digest. Two Pods of one Deployment can run different code behind the same moving tag, a
rollback has nothing to go back to, and Git no longer says what runs.

Judged are all containers of Pods and Pod templates, also in patch files, and the `images` of kustomizations. A base
may leave an image open where a kustomization or a patch of the repository sets its tag. Not reported are digests,
placeholders, images that Skaffold builds, and images under a Flux image policy (`# {"$imagepolicy": …}`). Where only
picked files are checked, a bare name without tag (`image: shop`) is left to the check of the whole repository.

Source: https://kubernetes.io/docs/concepts/containers/images/#image-names

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
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from gitops_guard.model import image, workload
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.image import Image
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FieldPath, FileKind, Location, Resource, ResourceId, SourceFile, Tree
from gitops_guard.model.rule import Option, Options, tree_rule

_FLOATING: Final = (
    "latest", "main", "master", "head", "edge", "nightly", "stable", "rolling", "canary", "dev", "develop", "snapshot",
)  # fmt: skip
_OPTIONS: Final = {
    "floating-tags": Option(_FLOATING, "Tags that move.", {"type": "array", "items": {"type": "string"}}),
    "digest": Option(False, "Demand a digest beside, or instead of, the tag.", {"type": "boolean"}),
}


class _Demand(NamedTuple):
    floating: frozenset[str]
    digest: bool


@tree_rule(Severity.WARNING, options=_OPTIONS, left="image names without a tag")
def unpinned_image_tag(tree: Tree, options: Options) -> Iterator[tuple[Resource | SourceFile, Problem]]:
    demand = _Demand(frozenset(options["floating-tags"]), bool(options["digest"]))
    pinned: frozenset[str] | None = None
    fine: set[str] = set()
    for resource in tree.resources:
        if resource.id.kind not in workload.KINDS:
            continue
        for path, container in workload.containers(resource.id, resource.body):
            reference = container.get("image")
            if not isinstance(reference, str) or reference in fine:
                continue
            found = _judge(reference, demand)
            if found is None:
                fine.add(reference)
                continue
            if not tree.complete and not found[0].tag and "/" not in found[0].name:
                continue  # such a name is often filled in by a file that was not picked
            if pinned is None:
                pinned = _set_elsewhere(tree)
            field = (*path, "image")
            if found[0].name not in pinned and not _is_automated(resource, resource.locate(field)):
                yield resource, Problem(field, found[1])
    yield from _in_patches(tree, demand)
    yield from _in_kustomizations(tree, demand)


def _judge(reference: str, demand: _Demand) -> tuple[Image, str] | None:
    """The image and what is wrong with it."""
    parsed = image.parse(reference)
    if parsed.digest or (parsed.tag and parsed.tag.lower() not in demand.floating and not demand.digest):
        return None
    if not parsed.name or "<" in reference or is_placeholder(reference):
        return None
    return parsed, _message(parsed.name, parsed.tag, demand)


def _message(name: str, tag: str, demand: _Demand) -> str:
    if not tag:
        return f"the image `{name}` has no tag, which means `latest`; name a version or a digest"
    if tag.lower() in demand.floating:
        return f"the tag `{tag}` of the image `{name}` moves; name a version or a digest"
    return f"the image `{name}` has no digest; the tag `{tag}` can be pushed again"


def _is_automated(where: Resource | SourceFile, location: Location) -> bool:
    """Whether a Flux image policy writes this line."""
    return where.source is not None and "$imagepolicy" in where.source.comments().get(location.line, "")


def _in_patches(tree: Tree, demand: _Demand) -> Iterator[tuple[SourceFile, Problem]]:
    """A patch that names no tag may leave it to an `images` entry; one that names a moving tag is at fault."""
    for file, document, path, reference in _patched(tree):
        found = _judge(reference, demand)
        if found is None or not found[0].tag:
            continue
        location = file.locate(document, (*path, "image"))
        if not _is_automated(file, location):
            yield file, Problem((*path, "image"), found[1], at=location)


def _in_kustomizations(tree: Tree, demand: _Demand) -> Iterator[tuple[SourceFile, Problem]]:
    for file, document, path, entry in _overrides(tree):
        tag = entry.get("newTag")
        if entry.get("digest") or not isinstance(tag, str) or is_placeholder(tag):
            continue
        if tag.lower() not in demand.floating and not demand.digest:
            continue
        location = file.locate(document, (*path, "newTag"))
        if not _is_automated(file, location):
            message = _message(str(entry.get("newName") or entry.get("name")), tag, demand)
            yield file, Problem((*path, "newTag"), message, at=location)


def _overrides(tree: Tree) -> Iterator[tuple[SourceFile, int, FieldPath, Mapping[str, Any]]]:
    """The `images` entries of all kustomizations, with their document and path."""
    for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
        for document in file.documents:
            entries = document.body.get("images") if isinstance(document.body, Mapping) else None
            for number, entry in enumerate(entries if isinstance(entries, list) else ()):
                if isinstance(entry, Mapping):
                    yield file, document.index, ("images", number), entry


def _patched(tree: Tree) -> Iterator[tuple[SourceFile, int, FieldPath, str]]:
    """The images that strategic merge patches set: file, document, path of the container, image."""
    for file in tree.of_kind(FileKind.STRATEGIC_PATCH):
        for document in file.documents:
            body = document.body
            if not isinstance(body, Mapping):
                continue
            group = str(body.get("apiVersion", "")).rpartition("/")[0]
            target = ResourceId(group, str(body.get("kind")), "", "")
            for path, container in workload.containers(target, body):
                if isinstance(container.get("image"), str):
                    yield file, document.index, path, container["image"]


def _set_elsewhere(tree: Tree) -> frozenset[str]:
    """Names of images that something else than the workload gives a tag: a kustomization, a patch, Skaffold."""
    names = {str(entry.get("name")) for _, _, _, entry in _overrides(tree) if "newTag" in entry or "digest" in entry}
    for _, _, _, reference in _patched(tree):
        parsed = image.parse(reference)
        if parsed.tag or parsed.digest:
            names.add(parsed.name)
    for file in tree.of_kind(FileKind.OTHER_YAML):
        for document in file.documents:
            names.update(_built_by_skaffold(document.body))
    return frozenset(names)


def _built_by_skaffold(body: object) -> Iterator[str]:
    if not isinstance(body, Mapping) or not str(body.get("apiVersion", "")).startswith("skaffold/"):
        return
    artifacts = workload.value_at(body, ("build", "artifacts"))
    for artifact in artifacts if isinstance(artifacts, list) else ():
        if isinstance(artifact, Mapping):
            yield str(artifact.get("image"))
