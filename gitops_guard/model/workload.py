"""Where the Pods of a resource are described: Pod templates, Pod specs, containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gitops_guard.model.resource import FieldPath, ResourceId

_TEMPLATE: Final = ("spec", "template")
# The path of the Pod template, by group and kind. "" stands for the core group.
TEMPLATES: Final[Mapping[tuple[str, str], FieldPath]] = {
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): _TEMPLATE,
    ("apps", "DaemonSet"): _TEMPLATE,
    ("apps", "Deployment"): _TEMPLATE,
    ("apps", "ReplicaSet"): _TEMPLATE,
    ("apps", "StatefulSet"): _TEMPLATE,
    ("extensions", "DaemonSet"): _TEMPLATE,
    ("extensions", "Deployment"): _TEMPLATE,
    ("extensions", "ReplicaSet"): _TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("batch", "Job"): _TEMPLATE,
    ("argoproj.io", "Rollout"): _TEMPLATE,
    ("apps.kruise.io", "CloneSet"): _TEMPLATE,
    ("apps.kruise.io", "DaemonSet"): _TEMPLATE,
    ("apps.kruise.io", "StatefulSet"): _TEMPLATE,
    ("apps.openshift.io", "DeploymentConfig"): _TEMPLATE,
    ("keda.sh", "ScaledJob"): ("spec", "jobTargetRef", "template"),
    ("serving.knative.dev", "Configuration"): _TEMPLATE,
    ("serving.knative.dev", "Service"): _TEMPLATE,
}
# By the kind alone, for a group that is missing or misspelt: one without a dot can be no custom one.
_BUILT_IN: Final = {kind: path for (group, kind), path in TEMPLATES.items() if "." not in group}
KINDS: Final = frozenset({kind for _, kind in TEMPLATES} | {"Pod"})
_CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")


def template_path(resource: ResourceId) -> FieldPath | None:
    """Where the Pod template of a resource stands; `()` for a Pod itself, None where there is none."""
    if resource.kind == "Pod":
        return None if "." in resource.group else ()
    return TEMPLATES.get((resource.group, resource.kind)) if "." in resource.group else _BUILT_IN.get(resource.kind)


def value_at(body: object, path: FieldPath) -> Any:
    """The value of a field in nested mappings, None where a part of the path is not there."""
    for part in path:
        if not isinstance(body, Mapping) or part not in body:
            return None
        body = body[part]
    return body


def containers(resource: ResourceId, body: Mapping[str, Any]) -> Iterator[tuple[FieldPath, Mapping[str, Any]]]:
    """All containers with their paths: init, main, ephemeral."""
    template = template_path(resource)
    if template is None:
        return
    spec: Any = body
    for part in (*template, "spec"):
        if not isinstance(spec, dict) or part not in spec:
            return
        spec = spec[part]
    if not isinstance(spec, dict):
        return
    for group in _CONTAINERS:
        entries = spec.get(group)
        if isinstance(entries, list):
            for number, container in enumerate(entries):
                if isinstance(container, dict):
                    yield (*template, "spec", group, number), container
