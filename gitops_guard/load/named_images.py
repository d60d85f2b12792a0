"""All images that a Tree names outside of workloads: in kustomizations, patches, values and custom resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from gitops_guard.load import inline
from gitops_guard.load.inline import Inline
from gitops_guard.model import image, image_fields, listing, workload
from gitops_guard.model.image_fields import Text, Use
from gitops_guard.model.resource import FieldPath, FileKind, Location, Resource, SourceFile, Tree

# Policies: `image: "*:latest"` is what they forbid, and those of Flux do the pinning. The others never name an image.
_WITHOUT: Final = (
    ".k8s.io", "kyverno.io", "gatekeeper.sh", "image.toolkit.fluxcd.io", "source.toolkit.fluxcd.io",
    "external-secrets.io", "cert-manager.io", "bitnami.com",
)  # fmt: skip
_KINDS_WITHOUT: Final = frozenset({"PodMonitor", "Probe", "PrometheusRule", "ServiceMonitor"})
_POLLED: Final = ("spec", "updateStrategy", "registryPoll")  # OLM asks the tag for news at an interval
_STEPS: Final = frozenset(
    {"ClusterWorkflowTemplate", "CronWorkflow", "Workflow", "WorkflowTemplate"}
    | {"ClusterTask", "Pipeline", "PipelineRun", "StepAction", "Task", "TaskRun"}
)
_FILES: Final = (
    FileKind.KUSTOMIZATION, FileKind.COMPONENT, FileKind.STRATEGIC_PATCH, FileKind.JSON_PATCH, FileKind.HELM_VALUES,
)  # fmt: skip


class NamedImage(NamedTuple):
    """*inner* is set where the image stands in a text, which is in *field*."""

    subject: Resource | SourceFile
    document: int
    use: Use
    field: FieldPath
    inner: Inline | None = None

    @property
    def file(self) -> str:
        return self.subject.location.file if isinstance(self.subject, Resource) else self.subject.path

    @property
    def is_patch(self) -> bool:
        if self.inner or isinstance(self.subject, Resource):
            return self.inner is not None
        return self.subject.kind in (FileKind.STRATEGIC_PATCH, FileKind.JSON_PATCH)

    def outer(self) -> Location:
        """Where `field` stands."""
        if isinstance(self.subject, Resource):
            return self.subject.locate(self.field)
        return self.subject.locate(self.document, self.field)

    def location(self) -> Location:
        """Where the tag stands, also within a text."""
        return self.inner.locate(self.use.path) if self.inner else self.outer()


def find(tree: Tree) -> Iterator[NamedImage]:
    """In no order."""
    hinted = _Hinted(tree)
    for resource in tree.resources:
        group, kind = resource.id.group, resource.id.kind
        if "." not in group or group.endswith(_WITHOUT) or kind in _KINDS_WITHOUT or kind in workload.KINDS:
            continue
        if not hinted.has(resource.location.file):
            continue
        if kind == "CatalogSource" and workload.value_at(resource.body, _POLLED):
            continue
        steps = kind in _STEPS and group in ("argoproj.io", "tekton.dev")
        for found in image_fields.find(resource.body.get("spec"), above=("spec",), containers=steps):
            yield from _named(resource, resource.document, found._replace(path=("spec", *found.path)))
    for file in tree.of_kind(*_FILES):
        if hinted.has(file.path):
            for document in file.documents:
                for found in _in_body(document.body):
                    yield from _named(file, document.index, found)


class _Hinted:
    """Which files could name an image at all, by their bytes: a walk costs ten times as much."""

    def __init__(self, tree: Tree) -> None:
        self._files = listing.of_tree(tree).files
        self._known: dict[str, bool] = {}

    def has(self, path: str) -> bool:
        if path not in self._known:
            data = self._files[path].data if path in self._files else b""
            self._known[path] = b"mage" in data or b"Tag" in data or b"tag:" in data or b'tag"' in data
        return self._known[path]


def in_workloads(tree: Tree) -> Iterator[NamedImage]:
    """The images of Pods and Pod templates."""
    for resource in tree.resources:
        if resource.id.kind in workload.KINDS:
            for field, container in workload.containers(resource.id, resource.body):
                reference = container.get("image")
                if isinstance(reference, str):
                    use = Use((*field, "image"), image.parse(reference), False, str(container.get("imagePullPolicy")))
                    yield NamedImage(resource, resource.document, use, use.path)


def _in_body(body: object) -> Iterator[Use | Text]:
    if isinstance(body, list):
        return image_fields.in_json_patch(body)
    if isinstance(body, Mapping) and body.get("kind") in ("ConfigMap", "Secret"):
        return iter(())
    return image_fields.find(body)


def _named(subject: Resource | SourceFile, document: int, found: Use | Text) -> Iterator[NamedImage]:
    if isinstance(found, Use):
        yield NamedImage(subject, document, found, found.path)
        return
    file, prefix = (subject.source, subject.prefix) if isinstance(subject, Resource) else (subject, ())
    for inner in inline.documents(file, document, (*prefix, *found.path), found.text):
        for use in _in_body(inner.body):
            if isinstance(use, Use):
                yield NamedImage(subject, document, use, found.path, inner)
