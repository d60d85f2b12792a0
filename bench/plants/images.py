"""Images, charts and sources whose version floats, and production ahead of the environment before it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bench.plants.ground import Ground, Plant, plants, value_at_any
from gitops_guard.model.resource import FileKind
from gitops_guard.model.workload import value_at

_TAGGED = re.compile(r"[\w./-]+:[\w.-]*\d[\w.-]*(?:@sha256:[0-9a-f]{64})?")


def _images(ground: Ground) -> Iterator[tuple[str, int, str, str]]:
    """File, line, what stands before the value, and the image, of each image that is pinned.

    What Skaffold builds gets its tag from there, so another one in the manifest is no mistake.
    """
    built = b"".join(data for path, data in ground.files.items() if "skaffold" in path)
    for resource, path, _ in ground.containers():
        place = ground.scalar(resource, (*path, "image"))
        if place is not None and _TAGGED.fullmatch(place[3]):
            file, line, column, image = place
            if image.rpartition("/")[2].partition(":")[0].encode() in built:
                continue
            yield file, line, ground.lines(file)[line - 1][: column - 1], image


@plants("unpinned-image-tag", "no tag")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file, line, before, image in _images(ground):
        yield ground.instead(file, line, f"{before}image: {image.partition('@')[0].rpartition(':')[0]} «")


@plants("unpinned-image-tag", "latest")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file, line, before, image in _images(ground):
        yield ground.instead(file, line, f"{before}image: {image.partition('@')[0].rpartition(':')[0]}:latest «")


@plants("unpinned-image-tag", "name of a branch")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file, line, before, image in _images(ground):
        yield ground.instead(file, line, f"{before}image: {image.partition('@')[0].rpartition(':')[0]}:main «")


@plants("unpinned-image-tag", "latest by a kustomization")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file in ground.files_of_kind(FileKind.KUSTOMIZATION):
        body = file.documents[0].body if len(file.documents) == 1 else None
        if isinstance(body, dict) and body.get("resources") and "images" not in body:
            text = "images:\n- name: ghcr.io/example/app\n  newTag: latest «"
            yield ground.appended(file.path, text, document=False)


@plants("unpinned-image-tag", "latest in the values of a HelmRelease")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("HelmRelease"):
        values = value_at(resource.body, ("spec", "values"))
        for path in _tags(values, ("spec", "values")):
            yield ground.rewritten(resource, path, "latest")


def _tags(values: object, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """The `tag` beside each `repository`."""
    if isinstance(values, dict):
        if isinstance(values.get("repository"), str) and isinstance(values.get("tag"), str):
            yield (*path, "tag")
        for key, value in values.items():
            yield from _tags(value, (*path, key))


@plants("unpinned-image-tag", "latest in a values file")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file in ground.files_of_kind(FileKind.HELM_VALUES):
        for path in _tags(file.documents[0].body if file.documents else None, ()):
            yield ground.rewritten(file, path, "latest")


@plants("unpinned-source", "chart without a version")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("HelmRelease"):
        place = ground.scalar(resource, ("spec", "chart", "spec", "version"))
        if place is not None and re.fullmatch(r"v?\d+\.\d+\.\d+", place[3]):
            planted = ground.instead(place[0], place[1])
            lines = (resource.locate(("spec", "chart", "spec", *key), key=True).line for key in ((), ("chart",)))
            expected = {(place[0], line - (line > place[1])) for line in lines}
            yield Plant(planted.files, frozenset(expected))


@plants("unpinned-source", "chart of any version")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("HelmRelease"):
        place = ground.scalar(resource, ("spec", "chart", "spec", "version"))
        if place is not None and re.fullmatch(r"v?\d+\.\d+\.\d+", place[3]):
            yield ground.rewritten(resource, ("spec", "chart", "spec", "version"), '"*"')


@plants("unpinned-source", "OCI artifact by the tag latest")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("OCIRepository"):
        yield ground.rewritten(resource, ("spec", "ref", "tag"), "latest")


@plants("unpinned-source", "remote base without a commit or tag")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file in ground.files_of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
        for path in _entries(file.documents[0].body if file.documents else None):
            if (place := ground.entry(file, path)) is not None:
                path_, line, _ = place
                indent = ground.lines(path_)[line - 1].partition("- ")[0]
                remote = f"{indent}- https://github.com/example/platform//deploy/base «"
                yield ground.instead(path_, line, ground.lines(path_)[line - 1], remote)


@plants("unpinned-source", "remote base by its branch")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file in ground.files_of_kind(FileKind.KUSTOMIZATION):
        for path in _entries(file.documents[0].body if file.documents else None):
            if (place := ground.entry(file, path)) is not None:
                path_, line, _ = place
                indent = ground.lines(path_)[line - 1].partition("- ")[0]
                remote = f"{indent}- github.com/example/platform/deploy?ref=main «"
                yield ground.instead(path_, line, ground.lines(path_)[line - 1], remote)


def _entries(body: object) -> Iterator[tuple[str | int, ...]]:
    """The last of the resources."""
    resources = value_at_any(body, ("resources",))
    if isinstance(resources, list) and resources:
        yield "resources", len(resources) - 1


_APPLICATION = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: planted
  namespace: argocd
spec:
  project: default
  source:
    repoURL: https://{host}
{source}
  destination:
    server: https://kubernetes.default.svc
    namespace: planted
  syncPolicy:
    automated:
      prune: true
      selfHeal: true"""


def _beside(ground: Ground, source: str, host: str = "github.com/another/platform") -> Iterator[Plant | None]:
    for path in dict.fromkeys(r.location.file for r in ground.of_kind("Namespace", "Kustomization", "Deployment")):
        yield ground.appended(path, _APPLICATION.format(source=source, host=host))


@plants("unpinned-source", "Argo CD: HEAD of another repository")
def _(ground: Ground) -> Iterator[Plant | None]:
    yield from _beside(ground, "    path: deploy\n    targetRevision: HEAD «")


@plants("unpinned-source", "Argo CD: chart of a range")
def _(ground: Ground) -> Iterator[Plant | None]:
    yield from _beside(ground, "    chart: redis\n    targetRevision: 18.* «", host="charts.example.com")


@plants("unpinned-source", "Argo CD: branch of another repository, in an ApplicationSet")
def _(ground: Ground) -> Iterator[Plant | None]:
    for path in dict.fromkeys(r.location.file for r in ground.of_kind("Namespace", "Kustomization", "Deployment")):
        yield ground.appended(path, _SET)


_SET = """apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata:
  name: planted
  namespace: argocd
spec:
  generators:
  - list:
      elements:
      - cluster: production
  template:
    metadata:
      name: "planted-{{cluster}}"
    spec:
      project: default
      source:
        repoURL: https://github.com/another/platform
        path: deploy
        targetRevision: main «
      destination:
        name: "{{cluster}}"
        namespace: planted
      syncPolicy:
        automated: {prune: true, selfHeal: true}"""
_SOURCES = {
    "Flux: branch of another repository": (
        "GitRepository", "  url: https://github.com/another/platform\n  ref:\n    branch: main «",
    ),
    "Flux: another repository without a revision": ("GitRepository", "  url: https://github.com/another/platform «"),
    "Flux: OCI artifact of others without a version": ("OCIRepository", "  url: oci://ghcr.io/another/manifests «"),
    "Flux: OCI artifact of any version": (
        "OCIRepository", "  url: oci://ghcr.io/another/manifests\n  ref:\n    semver: '*' «",
    ),
}  # fmt: skip


_USER = """
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: planted
  namespace: planted
spec:
  interval: 10m
  prune: true
  path: ./planted-platform
  sourceRef:
    kind: {kind}
    name: planted"""


def _of_flux(form: str, kind: str, spec: str) -> None:
    """With what deploys a folder of it, which is not here: so it is no source of this repository."""
    head = f"apiVersion: source.toolkit.fluxcd.io/v1\nkind: {kind}\nmetadata:\n  name: planted\n  namespace: planted\n"

    @plants("unpinned-source", form)
    def _(ground: Ground) -> Iterator[Plant | None]:
        for path in dict.fromkeys(r.location.file for r in ground.of_kind("HelmRelease", "Kustomization", "Namespace")):
            yield ground.appended(path, f"{head}spec: «\n  interval: 10m\n{spec}{_USER.format(kind=kind)}")


for _form, (_kind, _spec) in _SOURCES.items():
    _of_flux(_form, _kind, _spec)


@plants("unpinned-source", "chart of a kustomization without a version")
def _(ground: Ground) -> Iterator[Plant | None]:
    text = "helmCharts:\n- name: redis «\n  repo: https://charts.example.com\n  releaseName: cache"
    for file in ground.files_of_kind(FileKind.KUSTOMIZATION):
        body = file.documents[0].body if len(file.documents) == 1 else None
        if isinstance(body, dict) and body.get("resources") and "helmCharts" not in body:
            yield ground.appended(file.path, text, document=False)


_RELEASE = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: planted
  namespace: planted
spec:
  interval: 10m
  chart:
    spec:
      chart: planted
      version: {version}
      sourceRef:
        kind: HelmRepository
        name: planted"""
_WORKLOAD = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: planted
  namespace: planted
spec:
  selector:
    matchLabels:
      app: planted
  template:
    metadata:
      labels:
        app: planted
    spec:
      containers:
      - name: planted
        image: ghcr.io/example/planted:{version}"""


def _environments(ground: Ground) -> Iterator[tuple[str, str]]:
    """Folders of production with the folder of the environment before it, as they stand side by side."""
    for path in ground.files:
        folder = path.rpartition("/")[0]
        if folder.endswith("/production") and path.endswith("kustomization.yaml"):
            before = f"{folder.removesuffix('production')}staging"
            if any(other.startswith(f"{before}/") for other in ground.files):
                yield before, folder


def _promoted(ground: Ground, text: str, newer: str, older: str) -> Iterator[Plant | None]:
    """The same thing in both environments, newer in production."""
    for before, production in _environments(ground):
        there = ground.added(f"{before}/planted.yaml", text.format(version=older) + "\n")
        here = ground.added(f"{production}/planted.yaml", "\n".join(_marked(text.format(version=newer), newer)) + "\n")
        yield Plant({**there.files, **here.files}, here.expected)


def _marked(text: str, what: str) -> Iterator[str]:
    return (f"{line} «" if line.endswith(what) else line for line in text.split("\n"))


@plants("promotion-order", "image")
def _(ground: Ground) -> Iterator[Plant | None]:
    for newer, older in (("1.10.0", "1.9.3"), ("v2.0.0", "v1.14.2"), ("2.4.0", "2.4.0-rc.1")):
        yield from _promoted(ground, _WORKLOAD, newer, older)


@plants("promotion-order", "chart")
def _(ground: Ground) -> Iterator[Plant | None]:
    for newer, older in (("1.10.0", "1.9.3"), ("12.0.1", "11.9.9")):
        yield from _promoted(ground, _RELEASE, newer, older)


@plants("promotion-order", "image of a kustomization")
def _(ground: Ground) -> Iterator[Plant | None]:
    text = "images:\n- name: ghcr.io/example/planted\n  newTag: {version}"
    for before, production in _environments(ground):
        files = [f"{folder}/kustomization.yaml" for folder in (before, production)]
        if all(file in ground.files and b"\nimages:" not in ground.files[file] for file in files):
            there = ground.appended(files[0], text.format(version="6.2.1"), document=False)
            here = ground.appended(files[1], f"{text.format(version='6.3.0')} «", document=False)
            yield Plant({**there.files, **here.files}, here.expected)
