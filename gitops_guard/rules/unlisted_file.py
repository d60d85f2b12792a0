"""A manifest lies beside a kustomization, and nothing lists it, so nothing deploys it.

Somebody added the file and forgot the line in `resources`, or removed the line and left the file: whoever edits it
later changes nothing. A patch that no kustomization names is reported in the same way.

Judged are manifests and patches in a folder with a kustomization, and in a folder of which a kustomization above lists
at least half of the files. Whoever mentions a file knows of it: a kustomization anywhere, also in a comment
(`# - job.yaml` says that it is left out on purpose), a script, a workflow, an Argo CD Application. Not reported are
examples, templates, tests and what its name or folder tells to be off (`words`), what bootstraps a cluster, the Flux
Kustomization or Argo CD Application that deploys the very folder, and what somebody applies by hand when it is needed:
files of Secrets that are not encrypted (forms to fill in), of Jobs, Pods, backups and restores, and the roles for users
that operators come with (`…_viewer_role.yaml`).

Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/resource/

## Fails

```yaml title="shop/kustomization.yaml"
resources:
  - account.yaml
```

```yaml title="shop/account.yaml"
apiVersion: v1
kind: ServiceAccount
metadata:
  name: shop
```

```yaml title="shop/settings.yaml"
apiVersion: v1  # finding
kind: ConfigMap
metadata:
  name: shop
```

## Passes

```yaml title="shop/kustomization.yaml"
resources:
  - account.yaml
  # - settings.yaml
```

```yaml title="shop/account.yaml"
apiVersion: v1
kind: ServiceAccount
metadata:
  name: shop
```

```yaml title="shop/settings.yaml"
apiVersion: v1
kind: ConfigMap
metadata:
  name: shop
```

```yaml title="shop/secret.example.yaml"
apiVersion: v1
kind: Secret
metadata:
  name: shop
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from posixpath import dirname, join, normpath
from typing import Final

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.listing import NAMES
from gitops_guard.model.own import Own
from gitops_guard.model.resource import FileKind, Resource, SourceFile, Tree
from gitops_guard.model.rule import Option, Options, Topic, tree_rule
from gitops_guard.model.source import Deployment, deployments
from gitops_guard.model.workload import value_at

_LISTED: Final = frozenset({FileKind.MANIFEST, FileKind.SOPS, FileKind.STRATEGIC_PATCH, FileKind.JSON_PATCH})
_PATCHES: Final = frozenset({FileKind.STRATEGIC_PATCH, FileKind.JSON_PATCH})
_TOKEN: Final = re.compile(rb"[^\s\"'=,\[\]{}#|>()`]+")
_ENDINGS: Final = (b".yaml", b".yml", b".json")
_BY_HAND: Final = frozenset({"Secret", "Job", "Pod", "Backup", "Restore"})
_USER_ROLE: Final = re.compile(r"_(?:editor|viewer|admin)_role\.ya?ml$")
_SPLIT: Final = re.compile(r"[^a-z0-9]+")
_WORDS: Final = (
    "example", "examples", "sample", "samples", "template", "templates", "test", "tests", "testing", "e2e", "demo",
    "disabled", "unused", "old", "bak", "archive", "archived", "deprecated", "draft", "wip", "optional", "docs", "doc",
    "bootstrap", "manual", "hack", "dist", "ignore", "ignored", "debug",
)  # fmt: skip


@tree_rule(
    Severity.WARNING,
    topic=Topic.INTEGRITY,
    whole=True,
    options={
        "words": Option(
            _WORDS,
            "words in the name of a file, or names of folders, that say that nothing has to list it",
            {"type": "array", "items": {"type": "string"}},
        )
    },
)
def unlisted_file(tree: Tree, options: Options) -> Iterator[tuple[Resource | SourceFile, Problem]]:
    mentions = _Mentions(tree)
    if not mentions.tokens:
        return
    words = frozenset(options["words"])
    found = [file for file in tree.files if file.kind in _LISTED and mentions.is_overlooked(file)]
    for file in found:
        if not _is_deliberate(file.path, words):
            yield from _finding(tree, file, mentions)


def _finding(tree: Tree, file: SourceFile, mentions: _Mentions) -> Iterator[tuple[Resource | SourceFile, Problem]]:
    resources = [resource for resource in tree.resources if resource.location.file == file.path]
    by_hand = _BY_HAND if file.kind is FileKind.MANIFEST else _BY_HAND - {"Secret"}
    if file.kind not in _PATCHES and all(resource.id.kind in by_hand for resource in resources):
        return
    if mentions.is_known_elsewhere(file):
        return
    beside = mentions.lister(file.path)
    name = file.path.rpartition("/")[2]
    if file.kind in _PATCHES:
        yield (
            file,
            Problem((), f"nothing applies the patch `{name}`: {beside} does not name it, nor does anything else"),
        )
        return
    if resources and not any(mentions.is_root(resource) for resource in resources):
        message = f"nothing deploys `{name}`: {beside} does not list it, nor does anything else"
        yield resources[0], Problem((), message, fix=f"list it in {beside}, or delete it")


def _is_deliberate(path: str, words: frozenset[str]) -> bool:
    if any(part.startswith((".", "_")) for part in path.split("/")) or _USER_ROLE.search(path):
        return True
    *folders, name = path.lower().split("/")
    return not words.isdisjoint(folders) or not words.isdisjoint(_SPLIT.split(name))


class _Mentions:
    """Who mentions which file."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.tokens: dict[str, frozenset[bytes]] = {}  # of each kustomization, by its folder
        self.names: dict[str, str] = {}
        for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
            folder, _, name = file.path.rpartition("/")
            if name in NAMES:
                self.tokens[folder] = frozenset(_TOKEN.findall(file.data))
                self.names[folder] = file.path

    def is_overlooked(self, file: SourceFile) -> bool:
        """Whether the kustomization that should list the file says nothing of it, not even in a comment."""
        folder, _, name = file.path.rpartition("/")
        tokens = self.tokens.get(folder)
        if tokens is None:
            return folder in self._half_listed and file.path not in self._half_listed[folder]
        word = name.encode("utf-8", "surrogateescape")
        return word not in tokens and b"./" + word not in tokens

    def lister(self, path: str) -> str:
        """The kustomization that should list a file: beside it, or the nearest above."""
        folder = dirname(path)
        while folder and folder not in self.names:
            folder = dirname(folder)
        return self.names.get(folder, "the kustomization above")

    @cached_property
    def _half_listed(self) -> dict[str, set[str]]:
        """Folders without a kustomization of which one above lists at least half of the manifests, with those."""
        listed: dict[str, set[str]] = {}
        for folder in self.tokens:
            for path in self._paths(folder):
                at = dirname(path)
                if at != folder and at not in self.tokens and at.startswith(f"{folder}/" if folder else ""):
                    listed.setdefault(at, set()).add(path)
        manifests: dict[str, int] = {}
        for file in self._tree.files:
            if file.kind in _LISTED and (at := dirname(file.path)) in listed:
                manifests[at] = manifests.get(at, 0) + 1
        return {at: paths for at, paths in listed.items() if 2 * len(paths) >= manifests.get(at, 0)}

    def _paths(self, folder: str) -> Iterator[str]:
        for token in [token for token in self.tokens[folder] if b"/" in token and token.endswith(_ENDINGS)]:
            if not token.startswith(b"..") and b"://" not in token:
                yield normpath(join(folder, token.decode("utf-8", "surrogateescape")))

    @cached_property
    def _by_name(self) -> dict[bytes, list[str]]:
        """The paths that kustomizations mention, by the name of the file."""
        found: dict[bytes, list[str]] = {}
        for folder, tokens in self.tokens.items():
            for token in [token for token in tokens if token.endswith(_ENDINGS)]:
                path = normpath(join(folder, token.decode("utf-8", "surrogateescape")))
                found.setdefault(token.rpartition(b"/")[2], []).append(path)
        return found

    def is_known_elsewhere(self, file: SourceFile) -> bool:
        """Whether any other file mentions it: with its folder, or by its name alone from the same folder."""
        folder, _, name = file.path.rpartition("/")
        word = name.encode("utf-8", "surrogateescape")
        if file.path in self._by_name.get(word, ()):
            return True
        with_folder = f"{folder.rpartition('/')[2]}/{name}".encode("utf-8", "surrogateescape")
        return any(
            (with_folder in other.data and other is not file)
            or (at == folder and word in other.data and other is not file)
            for at, other in self._texts
        )

    @cached_property
    def _texts(self) -> list[tuple[str, SourceFile]]:
        """All that could mention a file and is no kustomization, with its folder."""
        kinds = (FileKind.KUSTOMIZATION, FileKind.COMPONENT)
        return [(dirname(file.path), file) for file in self._tree.files if file.data and file.kind not in kinds]

    def is_root(self, resource: Resource) -> bool:
        """Whether it deploys the very folder that it lies in: somebody gives it to the cluster by hand.

        So is what recursion of an Argo CD Application reaches, kustomization or not.
        """
        folder = dirname(resource.location.file)
        for entry in deployments(self._tree):
            inside = f"{folder}/".startswith(f"{entry.folder}/") or not entry.folder
            is_rooted = inside and (entry.resource is resource or _recurses(entry))
            if is_rooted and (entry.folder or not self._is_of_others(entry)):
                return True
        return False

    def _is_of_others(self, entry: Deployment) -> bool:
        """Whether an artifact of others is deployed, the root of which is not the one of this repository."""
        name = value_at(entry.spec, ("sourceRef", "name"))
        if value_at(entry.spec, ("sourceRef", "kind")) != "OCIRepository":
            return False
        sources = (it for it in self._tree.resources if it.id.kind == "OCIRepository" and it.id.name == name)
        urls = [url for it in sources if isinstance(url := value_at(it.body, ("spec", "url")), str)]
        return bool(urls) and not any(self._own.has(url) for url in urls)

    @cached_property
    def _own(self) -> Own:
        return Own(self._tree)


def _recurses(entry: Deployment) -> bool:
    directory = entry.spec.get("directory")
    return isinstance(directory, Mapping) and bool(directory.get("recurse"))
