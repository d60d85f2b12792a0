"""Manifests that no cluster takes, or not as they are meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.plants.ground import Ground, Plant, plants
from gitops_guard.model.resource import FieldPath
from gitops_guard.model.workload import template_path, value_at

_OLD: Mapping[tuple[str, str], str] = {
    ("apps/v1", "Deployment"): "extensions/v1beta1",
    ("apps/v1", "StatefulSet"): "apps/v1beta1",
    ("apps/v1", "DaemonSet"): "apps/v1beta2",
    ("batch/v1", "CronJob"): "batch/v1beta1",
    ("autoscaling/v2", "HorizontalPodAutoscaler"): "autoscaling/v2beta2",
    ("policy/v1", "PodDisruptionBudget"): "policy/v1beta1",
    ("networking.k8s.io/v1", "Ingress"): "networking.k8s.io/v1beta1",
    ("networking.k8s.io/v1", "NetworkPolicy"): "extensions/v1beta1",
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): "rbac.authorization.k8s.io/v1beta1",
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): "rbac.authorization.k8s.io/v1beta1",
    ("storage.k8s.io/v1", "StorageClass"): "storage.k8s.io/v1beta1",
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): "apiextensions.k8s.io/v1beta1",
}


@plants("deprecated-api", "apiVersion of yesterday")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind():
        old = _OLD.get((resource.api_version, resource.id.kind))
        if old is not None:
            yield ground.rewritten(resource, ("apiVersion",), old)


@plants("selector-mismatch", "label of the Pod template")
def _(ground: Ground) -> Iterator[Plant | None]:
    yield from _other_label(ground, in_template=True)


@plants("selector-mismatch", "label of the selector")
def _(ground: Ground) -> Iterator[Plant | None]:
    yield from _other_label(ground, in_template=False)


def _other_label(ground: Ground, *, in_template: bool) -> Iterator[Plant | None]:
    """The selector, or the label that it asks for, gets another value; either line may be reported."""
    for resource in ground.of_kind("Deployment", "StatefulSet", "DaemonSet"):
        selector: FieldPath = ("spec", "selector", "matchLabels")
        template = template_path(resource.id)
        wanted = value_at(resource.body, selector)
        if not isinstance(wanted, Mapping) or template is None:
            continue
        for key, value in wanted.items():
            sides = ((*template, "metadata", "labels", key), (*selector, key))
            planted = ground.rewritten(resource, sides[0 if in_template else 1], f"{value}-other")
            if planted is not None and all(value_at(resource.body, side) == value for side in sides):
                at = [resource.locate(side) for side in sides]
                yield Plant(planted.files, frozenset((place.file, place.line) for place in at))


@plants("duplicate-key", "field of the metadata")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind():
        yield ground.behind(resource, ("metadata", "name"), "name: another «")


@plants("duplicate-key", "field of a container")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource, path, container in ground.containers():
        yield ground.behind(resource, (*path, "image"), f"image: {container.get('image')} «")


@plants("duplicate-key", "field of the specification")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("HelmRelease", "Kustomization", "OCIRepository", "HelmRepository"):
        yield ground.behind(resource, ("spec", "interval"), "interval: 5m «")


@plants("schema-invalid", "misspelt field of a container")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource, path, container in ground.containers():
        if "imagePullPolicy" not in container and resource.id.group in ("", "apps", "batch"):
            yield ground.behind(resource, (*path, "image"), "imagePullpolicy: Always «")


@plants("schema-invalid", "text for a number")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("Deployment", "StatefulSet", "ReplicationController", "HorizontalPodAutoscaler"):
        for field in ("replicas", "maxReplicas"):
            yield ground.rewritten(resource, ("spec", field), "three")


@plants("schema-invalid", "number for a text")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource, path, container in ground.containers():
        if not container.get("env") and resource.id.group in ("", "apps", "batch"):
            yield ground.behind(resource, (*path, "image"), "env:\n- name: PORT\n  value: 8080 «")


@plants("schema-invalid", "unknown field of the metadata")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("Service", "Deployment", "ConfigMap", "Namespace", "ServiceAccount"):
        yield ground.behind(resource, ("metadata", "name"), "lables: «\n  app: planted «")


@plants("schema-invalid", "text for a list")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource, path, container in ground.containers():
        if "command" not in container and resource.id.group in ("", "apps", "batch"):
            yield ground.behind(resource, (*path, "image"), "command: serve «")


@plants("schema-invalid", "unknown field of a custom resource")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("HelmRelease", "Kustomization", "OCIRepository", "HelmRepository"):
        yield ground.behind(resource, ("spec", "interval"), "intervall: 5m «")
