"""A kustomization, or a Kustomization of Flux, names a file or a folder that is not in the repository.

The build stops there, and with it everything else that it would deliver. Mostly a file was renamed, or was never added
to Git: a file that Git ignores is on one machine only.

Asked for are `resources`, `components`, `bases`, `crds`, `configurations`, `transformers`, `generators`, `validators`,
patches, `replacements`, the files of generators and the values files of charts; a folder among the resources has to
hold a kustomization. Of Flux: `path` and `components` of Kustomizations, chart and `valuesFiles` of HelmReleases. Of
Argo CD: `path` and `valueFiles` of Applications and ApplicationSets, also `$ref/…`.

Flux and Argo CD name a source, and only where that is this repository is a path asked for: `flux bootstrap` says so
(`gotk-sync.yaml`), or at least three folders of the same source and branch are here, and no more than one in four is
not. Remote addresses, versions and commits, and what lies outside of the repository are left alone. A tree that holds
nothing but YAML and JSON is an extract: there, no script and no other text of a generator is missed.

Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/

## Fails

```yaml title="apps/shop/base/kustomization.yaml"
resources:
  - settings.yaml
  - deploiment.yaml  # finding
```

```yaml title="apps/shop/base/settings.yaml"
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
```

```yaml title="apps/shop/overlays/production/kustomization.yaml"
resources:
  - ../../base
  - ../../common  # finding
patches:
  - path: replicas.yaml  # finding
configMapGenerator:
  - name: rates
    files: [rates.json=files/rates.json]  # finding
```

## Passes

```yaml title="apps/shop/base/kustomization.yaml"
resources:
  - settings.yaml
  - https://example.com/shop/crds.yaml
  - github.com/example/shop//deploy?ref=1.4.2
```

```yaml title="apps/shop/base/settings.yaml"
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
```

```yaml title="apps/shop/overlays/production/kustomization.yaml"
resources: [../../base]
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from posixpath import basename, dirname, join
from typing import Final

from gitops_guard.model import listing, source
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.likeness import is_slip
from gitops_guard.model.listing import BUILT, GENERATORS, NAMES, bodies, local_path, named, texts_at
from gitops_guard.model.resource import FieldPath, FileKind, Resource, SourceFile, Tree
from gitops_guard.model.rule import Options, Profile, Topic, tree_rule
from gitops_guard.model.source import Deployment
from gitops_guard.model.workload import value_at

_MOST_BESIDE: Final = 200  # files of a folder that are compared with a name that is not there
_YAML: Final = (".yaml", ".yml", ".json")


class _Known:
    """The files and folders of the repository. What a link or a submodule leads to is not known."""

    def __init__(self, tree: Tree) -> None:
        self.files = listing.of_tree(tree).files
        self.opaque = {skipped.file for skipped in tree.skipped}
        self.folders = source.folders(tree)
        self._by_folder: dict[str, list[str]] = {}
        # A LICENSE comes with every extract; a repository itself has a README.md, a .gitignore or scripts.
        self.is_extract = not any(file.kind is FileKind.NOT_YAML and "." in basename(file.path) for file in tree.files)

    def has(self, path: str) -> bool:
        return path in self.files or path in self.folders or self._is_opaque(path)

    def is_built(self, folder: str) -> bool:
        return any(join(folder, name) in self.files or join(folder, name) in self.opaque for name in NAMES)

    def missing(self, path: str) -> tuple[str, str]:
        """What is said of a path that is not here, and what to do."""
        folder, name = dirname(path), basename(path)
        beside = [other for other in sorted(self._beside(folder)) if is_slip(name, basename(other))]
        fix = f"did you mean `{basename(beside[0])}`?" if beside else "add it to Git, or take it out here"
        return f"`{path}` is not in the repository", fix

    def _beside(self, folder: str) -> list[str]:
        if not self._by_folder:
            for path in {*self.files, *self.folders}:
                self._by_folder.setdefault(dirname(path), []).append(path)
        found = self._by_folder.get(folder, [])
        return found if len(found) <= _MOST_BESIDE else []

    def _is_opaque(self, path: str) -> bool:
        while path:
            if path in self.opaque:
                return True
            path = dirname(path)
        return False


@tree_rule(Severity.ERROR, topic=Topic.INTEGRITY, profile=Profile.MINIMAL, whole=True)
def missing_file(tree: Tree, _: Options) -> Iterator[tuple[Resource | SourceFile, Problem]]:
    known: _Known | None = None
    for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
        known = known or _Known(tree)
        for document, body in bodies(file):
            for path, entry in named(body):
                if wrong := _wrong(known, dirname(file.path), str(path[0]), entry):
                    yield file, Problem(path, *wrong, at=file.locate(document, path))
    yield from _of_reconcilers(tree, known)


def _wrong(known: _Known, folder: str, field: str, entry: str) -> tuple[str, str] | None:
    """What is wrong with an entry, and what to do."""
    path = local_path(folder, entry)
    if path is None:
        return None
    if known.is_extract and field in GENERATORS and not path.endswith(_YAML):
        return None
    if not known.has(path):
        return known.missing(path)
    if field in BUILT and path in known.folders and not known.is_built(path):
        return f"the folder `{path or '.'}` holds no kustomization", "write one there, or name the files of the folder"
    return None


def _named(entry: object, path: FieldPath, field: str) -> Iterator[tuple[FieldPath, str]]:
    if isinstance(entry, Mapping) and isinstance(entry.get(field), str):
        yield (*path, field), entry[field]


def _listed(entry: object, path: FieldPath, field: str) -> Iterator[tuple[FieldPath, str]]:
    for number, value in texts_at(entry.get(field) if isinstance(entry, Mapping) else None):
        yield (*path, field, number), value


def _of_reconcilers(tree: Tree, known: _Known | None) -> Iterator[tuple[Resource, Problem]]:
    """What Flux and Argo CD take from this repository, where it is known to be this one."""
    found = source.deployments(tree)
    releases = [resource for resource in tree.resources if resource.id.kind == "HelmRelease"]
    if not found:
        return
    known = known or _Known(tree)
    here = source.of_this_repository(tree)
    for entry in found:
        if entry.source in here:
            if entry.folder and not known.has(entry.folder):
                path = (*entry.field, "path")
                yield entry.resource, Problem(path, *known.missing(entry.folder))
            else:
                yield from _below(entry, known)
        yield from _from_other_sources(entry, here, known)
    for release in releases:
        yield from _of_release(release, here, known)


def _below(entry: Deployment, known: _Known) -> Iterator[tuple[Resource, Problem]]:
    """Components of a Flux Kustomization and values files of an Argo CD source, which are named from its folder."""
    if entry.source[0] == "flux":
        for path, component in _listed(entry.spec, entry.field, "components"):
            if wrong := _wrong(known, entry.folder, "components", component):
                yield entry.resource, Problem(path, *wrong)
        return
    for path, file in _value_files(entry):
        if not file.startswith("$"):
            folder = "" if file.startswith("/") else entry.folder
            yield from _absent(entry.resource, path, local_path(folder, file.lstrip("/")), known)


def _from_other_sources(
    entry: Deployment, here: frozenset[tuple[str, ...]], known: _Known
) -> Iterator[tuple[Resource, Problem]]:
    """`$name/…` among the values files of an Argo CD source: from the root of another source."""
    for path, file in _value_files(entry):
        name, _, rest = file.removeprefix("$").partition("/")
        if file.startswith("$") and _reference(entry, name) in here:
            yield from _absent(entry.resource, path, local_path("", rest), known)


def _reference(entry: Deployment, name: str) -> tuple[str, ...]:
    above = entry.field[: -2 if isinstance(entry.field[-1], int) else -1]
    for other in source.argo_sources(value_at(entry.resource.body, above)):
        if other.get("ref") == name:
            return source.argo_source(other)
    return ()


def _value_files(entry: Deployment) -> Iterator[tuple[FieldPath, str]]:
    helm = entry.spec.get("helm")
    if isinstance(helm, Mapping) and not helm.get("ignoreMissingValueFiles"):
        yield from _listed(helm, (*entry.field, "helm"), "valueFiles")


def _of_release(
    release: Resource, here: frozenset[tuple[str, ...]], known: _Known
) -> Iterator[tuple[Resource, Problem]]:
    """The chart of a HelmRelease and its values files, named from the root of its source."""
    chart = value_at(release.body, ("spec", "chart", "spec"))
    if not isinstance(chart, Mapping) or source.flux_source(release, chart.get("sourceRef")) not in here:
        return
    at: FieldPath = ("spec", "chart", "spec")
    for path, name in _named(chart, at, "chart"):
        yield from _absent(release, path, local_path("", name), known)
    if not chart.get("ignoreMissingValuesFiles"):
        for path, file in _listed(chart, at, "valuesFiles"):
            yield from _absent(release, path, local_path("", file), known)


def _absent(
    resource: Resource, field: FieldPath, path: str | None, known: _Known
) -> Iterator[tuple[Resource, Problem]]:
    if path and not any(sign in path for sign in "*?[{") and not known.has(path):
        yield resource, Problem(field, *known.missing(path))
