"""A patch, or another change of a kustomization, is for a resource that the kustomization does not collect.

A strategic merge patch without its resource stops the build, and so do `replicas`, the source of a `replacement` and
`behavior: merge` of a generator. A `target` that selects nothing is worse: kustomize says nothing, and the patch has
no effect. The same holds for the targets of `replacements` and for `images`. Mostly the resource was renamed or moved.

Judged are `patches`, `patchesStrategicMerge`, `patchesJson6902`, `replacements`, `replicas`, `images` and generators,
and the patches of Flux Kustomizations whose folder is here, as kustomize chooses: by group, version, kind, namespace
and name for a strategic merge patch, by regular expressions for a `target`, both under every name that a resource has
had on the way (before and after `namePrefix`, `nameSuffix` and `namespace`). Only where all is known that is collected:
not with remote bases, Helm charts, generators or transformers of one's own, nor files that cannot be read. A component
is judged in the kustomizations that use it.

Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/

## Fails

```yaml title="shop/base/kustomization.yaml"
resources:
  - account.yaml
```

```yaml title="shop/base/account.yaml"
apiVersion: v1
kind: ServiceAccount
metadata:
  name: shop
```

```yaml title="shop/production/kustomization.yaml"
resources:
  - ../base
patches:
  - path: account.yaml
  - target:
      kind: ServiceAccount
      name: shopp  # finding
    patch: |-
      - op: add
        path: /metadata/labels
        value: {tier: front}
```

```yaml title="shop/production/account.yaml"
apiVersion: v1
kind: ServiceAccount
metadata:
  name: cart  # finding
automountServiceAccountToken: false
```

## Passes

```yaml title="shop/base/kustomization.yaml"
resources:
  - account.yaml
namePrefix: eu-
```

```yaml title="shop/base/account.yaml"
apiVersion: v1
kind: ServiceAccount
metadata:
  name: shop
```

```yaml title="shop/production/kustomization.yaml"
resources:
  - ../base
patches:
  - target:
      kind: ServiceAccount
      name: .*shop
    patch: |-
      - op: add
        path: /metadata/labels
        value: {tier: front}
  - patch: |-
      apiVersion: v1
      kind: ServiceAccount
      metadata:
        name: eu-shop
      automountServiceAccountToken: false
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple

from gitops_guard.load import inline
from gitops_guard.model import kustomization, listing, patch_target
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.kustomization import SELECTING, Kustomizations, Member, Step, delivered
from gitops_guard.model.listing import GENERATORS, PATCHES, bodies, entries, local_path, texts
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import Document, FieldPath, FileKind, Location, SourceFile, Tree
from gitops_guard.model.rule import Options, Profile, Topic, tree_rule
from gitops_guard.model.source import deployments, of_this_repository

_JUDGED: Final = SELECTING | {"components"}
_SPEC: Final = frozenset({"patches", "images"})  # what a Flux Kustomization adds to the kustomization of its folder
_IMAGE: Final = re.compile(r"[\w./:@-]{1,500}")  # another name is computed later, or a regular expression
_SCALED: Final = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"})
_UNREADABLE: Final = frozenset({FileKind.BROKEN, FileKind.TEMPLATE, FileKind.GIT_CRYPT, FileKind.SYMLINK})


class _Ghost(NamedTuple):
    """What chooses nothing. *entry* is the field of the kustomization that names it, *at* the line at fault.

    *is_fatal* says that the build stops.
    """

    entry: FieldPath
    message: str
    at: Location
    is_fatal: bool


@tree_rule(Severity.ERROR, topic=Topic.INTEGRITY, profile=Profile.MINIMAL, whole=True)
def ghost_patch(tree: Tree, _: Options) -> Iterator[tuple[SourceFile, Problem]]:
    kustomizations = kustomization.of_tree(tree)
    if not kustomizations.files:
        return
    judge = _Judge(tree)
    unjudged: set[str] = set()
    components: dict[str, list[tuple[SourceFile, Step]]] = {}
    for folder, file in kustomizations.files.items():
        if file.kind is FileKind.KUSTOMIZATION and any(not _JUDGED.isdisjoint(body) for _, body in bodies(file)):
            build = kustomizations.build(folder)
            unjudged |= build.unjudged
            for step in build.steps:
                if step.file is file:
                    yield from ((file, _problem(ghost, ghost.at)) for ghost in judge.step(step))
                else:
                    components.setdefault(step.file.path, []).append((file, step))
    for path, used in components.items():
        yield from _of_component(judge, used, is_known=path not in unjudged)
    for step in _of_flux(tree, kustomizations):
        yield from ((step.file, _problem(ghost, ghost.at)) for ghost in judge.step(step))


def _of_flux(tree: Tree, kustomizations: Kustomizations) -> Iterator[Step]:
    """Flux Kustomizations with patches or images of their own, where all is known that they apply."""
    found = deployments(tree)
    if not any(entry.spec.get("patches") or entry.spec.get("images") for entry in found):
        return
    files = listing.of_tree(tree).files
    here = of_this_repository(tree)
    for entry in found:
        if entry.source not in here or entry.source[0] != "flux":
            continue
        build = kustomizations.of_flux(entry.folder, texts(entry.spec.get("components")))
        if not build.unknown and not _SPEC.isdisjoint(entry.spec):
            resource = entry.resource
            body = {key: value for key, value in entry.spec.items() if key in _SPEC}
            at = (*resource.prefix, *entry.field)
            file = files[resource.location.file]
            yield Step(file, resource.document, body, build.members, build.is_labelled, at=at)


def _problem(ghost: _Ghost, at: Location) -> Problem:
    return Problem(ghost.entry, ghost.message, at=at, severity=None if ghost.is_fatal else Severity.WARNING)


def _of_component(
    judge: _Judge, used: list[tuple[SourceFile, Step]], *, is_known: bool
) -> Iterator[tuple[SourceFile, Problem]]:
    """In the component what is for nobody who uses it; where it is used what stops that build alone.

    *is_known* says that there is nobody else.
    """
    found = [(user, step, judge.step(step)) for user, step in used]
    of_all = set.intersection(*({(step.document, ghost.entry) for ghost in ghosts} for _, step, ghosts in found))
    told: set[tuple[int, FieldPath]] = set()
    for user, step, ghosts in found:
        for ghost in ghosts:
            key = step.document, ghost.entry
            if key in of_all:
                if key not in told and (ghost.is_fatal or is_known):
                    yield step.file, _problem(ghost, ghost.at)
                told.add(key)
            elif ghost.is_fatal:
                message = f"{ghost.message}, and the component in {step.file.path} patches it"
                yield user, Problem(("components",), message, at=user.locate(0, ("components",)))


class _Judge:
    """Knows the files of patches, and what each step chooses."""

    def __init__(self, tree: Tree) -> None:
        self._files = listing.of_tree(tree).files
        self._users: dict[str, int] = {}
        for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
            for document in file.documents:
                for path in _patch_files(file, document.body):
                    self._users[path] = self._users.get(path, 0) + 1

    def step(self, step: Step) -> list[_Ghost]:
        found = [*self._patches(step), *_generators(step)]
        if not step.is_renamed and ("replicas" in step.body or "replacements" in step.body):
            members = delivered(step)
            found += [*_replicas(step, members), *_replacements(step, members)]
        if "images" in step.body:
            found += self._images(step)
        return found

    def _patches(self, step: Step) -> Iterator[_Ghost]:
        for field in PATCHES:
            value = step.body.get(field)
            for number, entry in enumerate(value if isinstance(value, list) else ()):
                path: FieldPath = (field, number)
                if isinstance(entry, str) and field == "patchesStrategicMerge":
                    yield from self._strategic(step, path, entry, path if "\n" in entry else None)
                elif isinstance(entry, Mapping):
                    yield from self._patch(step, path, entry)

    def _patch(self, step: Step, path: FieldPath, entry: Mapping[str, Any]) -> Iterator[_Ghost]:
        target = entry.get("target")
        if isinstance(target, Mapping):
            if not any(patch_target.is_selected(member, target, labelled=step.is_labelled) for member in step.seen):
                yield _of_target(step, (*path, "target"), target)
        elif target is None and isinstance(entry.get("patch"), str) and not entry.get("path"):
            yield from self._strategic(step, path, entry["patch"], (*path, "patch"))
        elif target is None and isinstance(entry.get("path"), str):
            yield from self._strategic(step, (*path, "path"), entry["path"], None)

    def _strategic(self, step: Step, path: FieldPath, text: str, within: FieldPath | None) -> Iterator[_Ghost]:
        """*text* is the name of a file, or the patch itself, which then stands at the path *within*."""
        file = None if within is not None else self._file(step, text)
        if within is not None:
            parsed = inline.read(text)
            documents: tuple[Document, ...] = () if parsed.problems else parsed.documents
        elif file is None or file.kind in _UNREADABLE:
            return
        else:
            documents = file.documents
        for document in documents:
            body = document.body
            if not isinstance(body, Mapping) or any(patch_target.has_id(member, body) for member in step.seen):
                continue
            if patch_target.name_of(body) is None or not isinstance(body.get("kind"), str):
                continue
            field = _wrong_field(step.seen, body)
            at = step.locate(path)
            if file is not None and self._users.get(file.path) == 1:
                at = file.locate(document.index, field)
            elif within is not None:
                line = parsed.source.locate(document.index, field).line - 1
                at = step.file.inside(step.document, (*step.at, *within), line)
            yield _Ghost(path, _nothing(_named(body), step.seen, str(body.get("kind"))), at, is_fatal=True)

    def _file(self, step: Step, entry: str) -> SourceFile | None:
        path = local_path(step.file.path.rpartition("/")[0], entry)
        return None if path is None else self._files.get(path)

    def _images(self, step: Step) -> Iterator[_Ghost]:
        for number, entry in entries(step.body.get("images")):
            name = entry.get("name")
            if not isinstance(name, str) or not _IMAGE.fullmatch(name):
                continue
            word = name.encode("utf-8", "surrogatepass")
            if not any(_says(text, word) for text in self._texts(step)):
                path: FieldPath = ("images", number, "name")
                message = f"no resource that is collected here has the image `{name}`, so this changes nothing"
                yield _Ghost(path, message, step.locate(path), is_fatal=False)

    def _texts(self, step: Step) -> Iterator[bytes]:
        """All that could name an image: what is collected, and every patch and kustomization but this one."""
        for path in {member.resource.location.file: None for member in step.seen if member.resource is not None}:
            yield self._files[path].data
        yield repr([step.body.get(field) for field in PATCHES]).encode("utf-8", "surrogatepass")
        yield from (file.data for file in self._changing if file is not step.file)

    @cached_property
    def _changing(self) -> list[SourceFile]:
        return [file for file in self._files.values() if file.kind in _CHANGING]


_CHANGING: Final = frozenset(
    {FileKind.KUSTOMIZATION, FileKind.COMPONENT, FileKind.STRATEGIC_PATCH, FileKind.JSON_PATCH}
)


_IN_NAMES: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-")


def _says(text: bytes, word: bytes) -> bool:
    """Whether *word* stands in *text*, and not as a part of a longer name."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if (not at or text[at - 1] not in _IN_NAMES) and (end == len(text) or text[end] not in _IN_NAMES):
            return True
        at = text.find(word, at + 1)
    return False


def _patch_files(file: SourceFile, body: object) -> Iterator[str]:
    folder = file.path.rpartition("/")[0]
    for field in PATCHES if isinstance(body, Mapping) else ():
        value = body.get(field) if isinstance(body, Mapping) else None
        for entry in value if isinstance(value, list) else ():
            named = entry.get("path") if isinstance(entry, Mapping) else entry
            path = local_path(folder, named) if isinstance(named, str) else None
            if path is not None:
                yield path


def _of_target(step: Step, path: FieldPath, target: Mapping[str, Any]) -> _Ghost:
    field = patch_target.nearest(step.seen, target)
    at = step.locate((*path, field) if field else path)
    kind = target.get("kind")
    message = _nothing(_selector(target), step.seen, kind if isinstance(kind, str) else "")
    late = field == "namespace" and step.body.get("namespace") == target[field]
    hint = "; the kustomization sets the namespace only after its patches" if late else ""
    return _Ghost(path, f"{message}{hint}; kustomize ignores the patch in silence", at, is_fatal=False)


def _selector(target: Mapping[str, Any]) -> str:
    fields = (*patch_target.FIELDS, "labelSelector", "annotationSelector")
    chosen = ", ".join(f"{field} `{target[field]}`" for field in fields if isinstance(target.get(field), str))
    return f"has {chosen}" if chosen else "is selected"


def _named(body: Mapping[str, Any]) -> str:
    name = patch_target.name_of(body)
    place = f" in the namespace `{name.namespace}`" if name is not None and name.namespace else ""
    return f"is the `{body.get('apiVersion')}` {body.get('kind')} `{name.name if name is not None else ''}`{place}"


def _nothing(wanted: str, seen: tuple[Member, ...], kind: str) -> str:
    there = sorted({"/".join(filter(None, member.names[-1])) for member in seen if member.kind == kind})
    listed = ", ".join(f"`{name}`" for name in there[:3]) + (" …" if len(there) > 3 else "")
    known = f" (of this kind there is {listed})" if there else ""
    return f"no resource that is collected here {wanted}{known}"


def _wrong_field(seen: tuple[Member, ...], body: Mapping[str, Any]) -> FieldPath:
    """What keeps a strategic merge patch from a resource: the first that alone would be enough, else the name."""
    group, version = patch_target.split_version(str(body.get("apiVersion")))
    wanted = patch_target.name_of(body)
    named = [member for member in seen if wanted is not None and any(name.name == wanted.name for name in member.names)]
    same = [member for member in named if member.kind == body.get("kind")]
    if any((member.group, member.version) == (group, version) for member in same):
        return "metadata", "namespace"
    if same:
        return ("apiVersion",)
    is_kind = any(member.kind == body.get("kind") for member in seen)
    return ("kind",) if named and not is_kind else ("metadata", "name")


def _generators(step: Step) -> Iterator[_Ghost]:
    for field, kind in GENERATORS.items():
        for number, entry in entries(step.body.get(field)):
            name, namespace = entry.get("name"), entry.get("namespace")
            if entry.get("behavior") not in ("merge", "replace") or not isinstance(name, str):
                continue
            target = {"kind": kind, "name": re.escape(name), "namespace": namespace}
            if not any(patch_target.is_selected(member, target) for member in step.seen):
                path: FieldPath = (field, number, "name")
                message = (
                    f"{_nothing(f'is the {kind} `{name}`', step.seen, kind)}; there is nothing to {entry['behavior']}"
                )
                yield _Ghost(path, message, step.locate(path), is_fatal=True)


def _replicas(step: Step, members: list[Member]) -> Iterator[_Ghost]:
    scaled = [member for member in members if member.kind in _SCALED]
    for number, entry in entries(step.body.get("replicas")):
        name = entry.get("name")
        if not isinstance(name, str) or is_placeholder(name):
            continue
        if not any(patch_target.matches(re.escape(name), known.name) for member in scaled for known in member.names):
            path: FieldPath = ("replicas", number, "name")
            message = f"nothing that is collected here has replicas and the name `{name}`"
            yield _Ghost(path, message, step.locate(path), is_fatal=True)


def _replacements(step: Step, members: list[Member]) -> Iterator[_Ghost]:
    for number, entry in entries(step.body.get("replacements")):
        source = entry.get("source")
        if isinstance(source, Mapping) and not any(patch_target.is_selected(member, source) for member in members):
            path: FieldPath = ("replacements", number, "source")
            message = _nothing(_selector(source), step.seen, str(source.get("kind")))
            yield _Ghost(path, message, _at_name(step, path, source), is_fatal=True)
        for index, target in entries(entry.get("targets")):
            select = target.get("select")
            if isinstance(select, Mapping) and not any(patch_target.is_selected(m, select) for m in members):
                path = ("replacements", number, "targets", index, "select")
                message = _nothing(_selector(select), step.seen, str(select.get("kind")))
                yield _Ghost(path, f"{message}; nothing is replaced", _at_name(step, path, select), is_fatal=False)


def _at_name(step: Step, path: FieldPath, selector: Mapping[str, Any]) -> Location:
    field = patch_target.nearest(step.seen, selector)
    return step.locate((*path, field) if field else path)
