"""A kustomization, or a Kustomization of Flux, names a file or a folder that is not in the repository.

The build stops there, and with it everything else that it would deliver. Mostly a file was renamed, or was never added
to Git: a file that Git ignores is on one machine only.

Asked for are `resources`, `components`, `bases`, `crds`, `configurations`, `transformers`, `generators`, `validators`,
patches, `replacements`, the files of generators and the values files of charts; a folder among the resources has to
hold a kustomization. The `path` of a Flux Kustomization is asked for where `flux bootstrap` says that its source is
this repository (`gotk-sync.yaml`). Remote addresses and what lies outside of the repository are left alone, and so are
paths of Argo CD, which do not say what repository they mean. A tree that holds nothing but YAML and JSON is an extract:
there, no script and no other text of a generator is missed.

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

import re
from collections.abc import Iterator, Mapping
from posixpath import basename, dirname, join, normpath
from typing import Any, Final

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FieldPath, FileKind, Resource, SourceFile, Tree
from gitops_guard.model.rule import Options, Profile, tree_rule
from gitops_guard.model.workload import value_at

_BUILDS: Final = frozenset({"resources", "components", "bases"})  # a folder among them is built
_LISTS: Final = (
    "resources", "components", "bases", "crds", "configurations", "transformers", "generators", "validators",
    "patches", "patchesStrategicMerge",
)  # fmt: skip
_PATHS: Final = ("patches", "patchesJson6902", "replacements")
_GENERATORS: Final = ("configMapGenerator", "secretGenerator")
_YAML: Final = (".yaml", ".yml", ".json")
_KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
# What kustomize fetches: a scheme, ssh, `//` or `?ref=` of go-getter, or a host where a folder could stand.
_REMOTE: Final = re.compile(r"\w+://|git@|\w+::|.*//|.*\?|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/(?!.*\.(?:ya?ml|json)$)")


class _Known:
    """The files and folders of the repository. What a link or a submodule leads to is not known."""

    def __init__(self, tree: Tree) -> None:
        self.files = {file.path for file in tree.files}
        self.opaque = {skipped.file for skipped in tree.skipped}
        self.folders: set[str] = set()
        # A LICENSE comes with every extract; a repository itself has a README.md, a .gitignore or scripts.
        self.is_extract = not any(file.kind is FileKind.NOT_YAML and "." in basename(file.path) for file in tree.files)
        for path in self.files | self.opaque:
            folder = dirname(path)
            while folder not in self.folders:
                self.folders.add(folder)
                folder = dirname(folder)

    def has(self, path: str) -> bool:
        return path in self.files or path in self.folders or self._is_opaque(path)

    def is_built(self, folder: str) -> bool:
        return any(join(folder, name) in self.files or join(folder, name) in self.opaque for name in _KUSTOMIZATIONS)

    def _is_opaque(self, path: str) -> bool:
        while path:
            if path in self.opaque:
                return True
            path = dirname(path)
        return False


@tree_rule(Severity.ERROR, profile=Profile.MINIMAL, whole=True)
def missing_file(tree: Tree, _: Options) -> Iterator[tuple[Resource | SourceFile, Problem]]:
    known: _Known | None = None
    for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
        known = known or _Known(tree)
        for document in file.documents:
            if isinstance(document.body, Mapping):
                for path, entry in _entries(document.body):
                    if message := _wrong(known, dirname(file.path), str(path[0]), entry):
                        yield file, Problem(path, message, at=file.locate(document.index, path))
    yield from _of_flux(tree, known)


def _wrong(known: _Known, folder: str, field: str, entry: str) -> str:
    if not entry or "\n" in entry or is_placeholder(entry) or _REMOTE.match(entry):
        return ""
    path = normpath(join(folder, entry))
    path = "" if path == "." else path
    if path.startswith(("..", "/")):
        return ""
    if known.is_extract and field in _GENERATORS and not path.endswith(_YAML):
        return ""
    if not known.has(path):
        return f"`{path}` is not in the repository"
    if field in _BUILDS and path in known.folders and not known.is_built(path):
        return f"the folder `{path or '.'}` holds no kustomization"
    return ""


def _entries(body: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
    """All that a kustomization names, with the place where it does."""
    for field in _LISTS:
        for number, entry in enumerate(_list(body.get(field))):
            if isinstance(entry, str):
                yield (field, number), entry
    for field in _PATHS:
        for number, entry in enumerate(_list(body.get(field))):
            yield from _named(entry, (field, number), "path")
    yield from _named(body.get("openapi"), ("openapi",), "path")
    for field in _GENERATORS:
        for number, entry in enumerate(_list(body.get(field))):
            yield from _generated(entry, (field, number))
    for number, entry in enumerate(_list(body.get("helmCharts"))):
        yield from _named(entry, ("helmCharts", number), "valuesFile")
        yield from _listed(entry, ("helmCharts", number), "additionalValuesFiles")


def _generated(entry: object, path: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    for field, source in _listed(entry, path, "files"):
        yield field, source.rpartition("=")[2]
    yield from _listed(entry, path, "envs")
    yield from _named(entry, path, "env")


def _named(entry: object, path: FieldPath, field: str) -> Iterator[tuple[FieldPath, str]]:
    if isinstance(entry, Mapping) and isinstance(entry.get(field), str):
        yield (*path, field), entry[field]


def _listed(entry: object, path: FieldPath, field: str) -> Iterator[tuple[FieldPath, str]]:
    for number, value in enumerate(_list(entry.get(field)) if isinstance(entry, Mapping) else ()):
        if isinstance(value, str):
            yield (*path, field, number), value


def _of_flux(tree: Tree, known: _Known | None) -> Iterator[tuple[Resource, Problem]]:
    kustomizations = [
        resource
        for resource in tree.resources
        if resource.id.kind == "Kustomization" and resource.id.group == "kustomize.toolkit.fluxcd.io"
    ]
    sources = {_source(resource) for resource in kustomizations if _is_bootstrap(resource)}
    if not sources:
        return
    known = known or _Known(tree)
    for resource in kustomizations:
        path = value_at(resource.body, ("spec", "path"))
        if _source(resource) in sources and isinstance(path, str) and not is_placeholder(path):
            folder = normpath(path.lstrip("/") or ".")
            if folder != "." and not folder.startswith("..") and not known.has(folder):
                yield resource, Problem(("spec", "path"), f"`{folder}` is not in the repository")


def _is_bootstrap(resource: Resource) -> bool:
    """Whether `flux bootstrap` wrote it, for the repository that it lies in: it names its own folder."""
    folder, _, name = resource.location.file.rpartition("/")
    path = value_at(resource.body, ("spec", "path"))
    return name == "gotk-sync.yaml" and isinstance(path, str) and normpath(path.lstrip("/")) == dirname(folder)


def _source(resource: Resource) -> tuple[str, str, str]:
    reference = value_at(resource.body, ("spec", "sourceRef"))
    reference = reference if isinstance(reference, Mapping) else {}
    namespace = reference.get("namespace") or resource.id.namespace
    return str(reference.get("kind")), str(namespace), str(reference.get("name"))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
