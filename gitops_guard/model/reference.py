"""Which fields of which kinds refer to what: one table, and the Pods of all workloads.

A path of the table may hold `*` for each entry of a list. What stands there is a name, or a mapping that holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from gitops_guard.model.producer import Target, family
from gitops_guard.model.resource import FieldPath, Resource
from gitops_guard.model.workload import KINDS, template_path, value_at

FLUX_SOURCE: Final = "source.toolkit.fluxcd.io"
FLUX_KUSTOMIZE: Final = "kustomize.toolkit.fluxcd.io"
FLUX_HELM: Final = "helm.toolkit.fluxcd.io"
FLUX_NOTIFICATION: Final = "notification.toolkit.fluxcd.io"
FLUX_IMAGE: Final = "image.toolkit.fluxcd.io"
GATEWAY: Final = "gateway.networking.k8s.io"
RBAC: Final = "rbac.authorization.k8s.io"
EXTERNAL_SECRETS: Final = "external-secrets.io"
CERT_MANAGER: Final = "cert-manager.io"
ARGO: Final = "argoproj.io"


class Reference(NamedTuple):
    """*namespace* is "" where the reference means that of its own resource. *optional*: nothing breaks without it."""

    path: FieldPath
    target: Target
    namespace: str = ""
    optional: bool = False


class _Field(NamedTuple):
    """*kind* is that of a reference without one; *groups* are the kinds that may be named, with their groups.

    *required* is a kind that has to be named; others are not ours to judge.
    """

    path: FieldPath
    kind: str
    groups: Mapping[str, str] = {}
    name: str = "name"


_ANY: Final[Mapping[str, str]] = {}
_CONFIG: Final = {"ConfigMap": "", "Secret": ""}
_ROUTED: Final = {"Service": "", "Gateway": GATEWAY}
_SOURCES: Final = dict.fromkeys(
    ("GitRepository", "OCIRepository", "Bucket", "HelmRepository", "HelmChart", "ExternalArtifact"), FLUX_SOURCE
)
_STORES: Final = {"SecretStore": EXTERNAL_SECRETS, "ClusterSecretStore": EXTERNAL_SECRETS}
_ISSUERS: Final = {"Issuer": CERT_MANAGER, "ClusterIssuer": CERT_MANAGER}
_ROLES: Final = {"Role": RBAC, "ClusterRole": RBAC}
_ACCOUNTS: Final = {"ServiceAccount": ""}
_TRIGGERS: Final = {"TriggerAuthentication": "keda.sh", "ClusterTriggerAuthentication": "keda.sh"}
_SCALED: Final = {
    "Deployment": "", "StatefulSet": "", "DaemonSet": "", "ReplicaSet": "", "ReplicationController": "", "CronJob": "",
    "Job": "", "Rollout": ARGO,
}  # fmt: skip


def _secret(*path: str, name: str = "name") -> _Field:
    return _Field(path, "Secret", {"Secret": ""}, name)


def _account(*path: str) -> _Field:
    return _Field(path, "ServiceAccount", _ACCOUNTS, "")


_ROUTE: Final = (
    _Field(("spec", "rules", "*", "backendRefs", "*"), "Service", _ROUTED),
    _Field(("spec", "parentRefs", "*"), "Gateway", _ROUTED),
)
_BINDING: Final = (
    _Field(("roleRef",), "", _ROLES),
    _Field(("subjects", "*"), "", _ACCOUNTS),
)
_INGRESS: Final = tuple(
    field
    for at in (("spec", "rules", "*", "http", "paths", "*", "backend"), ("spec", "defaultBackend"), ("spec", "backend"))
    for field in (
        _Field((*at, "service"), "Service", {"Service": ""}),
        _Field(at, "Service", {"Service": ""}, "serviceName"),
    )
)
_TABLE: Final[Mapping[tuple[str, str], tuple[_Field, ...]]] = {
    ("", "StatefulSet"): (_Field(("spec", "serviceName"), "Service", _ANY, ""),),
    ("", "Ingress"): (*_INGRESS, _secret("spec", "tls", "*", name="secretName")),
    ("networking.k8s.io", "Ingress"): (*_INGRESS, _secret("spec", "tls", "*", name="secretName")),
    ("", "HorizontalPodAutoscaler"): (_Field(("spec", "scaleTargetRef"), "", _SCALED),),
    ("autoscaling.k8s.io", "VerticalPodAutoscaler"): (_Field(("spec", "targetRef"), "", _SCALED),),
    ("keda.sh", "ScaledObject"): (
        _Field(("spec", "scaleTargetRef"), "Deployment", _SCALED),
        _Field(("spec", "triggers", "*", "authenticationRef"), "TriggerAuthentication", _TRIGGERS),
    ),
    ("keda.sh", "TriggerAuthentication"): (_secret("spec", "secretTargetRef", "*"),),
    (RBAC, "RoleBinding"): _BINDING,
    (RBAC, "ClusterRoleBinding"): _BINDING,
    (GATEWAY, "HTTPRoute"): _ROUTE,
    (GATEWAY, "GRPCRoute"): _ROUTE,
    (GATEWAY, "TCPRoute"): _ROUTE,
    (GATEWAY, "TLSRoute"): _ROUTE,
    (GATEWAY, "UDPRoute"): _ROUTE,
    (GATEWAY, "Gateway"): (_secret("spec", "listeners", "*", "tls", "certificateRefs", "*"),),
    ("route.openshift.io", "Route"): (
        _Field(("spec", "to"), "Service", {"Service": ""}),
        _Field(("spec", "alternateBackends", "*"), "Service", {"Service": ""}),
    ),
    ("traefik.io", "IngressRoute"): (_Field(("spec", "routes", "*", "services", "*"), "Service", {"Service": ""}),),
    ("traefik.containo.us", "IngressRoute"): (
        _Field(("spec", "routes", "*", "services", "*"), "Service", {"Service": ""}),
    ),
    (FLUX_KUSTOMIZE, "Kustomization"): (
        _Field(("spec", "sourceRef"), "", _SOURCES),
        _Field(("spec", "dependsOn", "*"), "Kustomization", {"Kustomization": FLUX_KUSTOMIZE}),
        _secret("spec", "decryption", "secretRef"),
        _secret("spec", "kubeConfig", "secretRef"),
        _Field(("spec", "postBuild", "substituteFrom", "*"), "", _CONFIG),
        _account("spec", "serviceAccountName"),
    ),
    (FLUX_HELM, "HelmRelease"): (
        _Field(("spec", "chart", "spec", "sourceRef"), "", _SOURCES),
        _Field(("spec", "chartRef"), "", _SOURCES),
        _Field(("spec", "dependsOn", "*"), "HelmRelease", {"HelmRelease": FLUX_HELM}),
        _Field(("spec", "valuesFrom", "*"), "", _CONFIG),
        _secret("spec", "kubeConfig", "secretRef"),
        _account("spec", "serviceAccountName"),
    ),
    (FLUX_SOURCE, "HelmChart"): (_Field(("spec", "sourceRef"), "", _SOURCES),),
    (FLUX_SOURCE, "GitRepository"): (_secret("spec", "secretRef"),),
    (FLUX_SOURCE, "HelmRepository"): (_secret("spec", "secretRef"),),
    (FLUX_SOURCE, "OCIRepository"): (_secret("spec", "secretRef"), _account("spec", "serviceAccountName")),
    (FLUX_SOURCE, "Bucket"): (_secret("spec", "secretRef"),),
    ("source.extensions.fluxcd.io", "ArtifactGenerator"): (_Field(("spec", "sources", "*"), "", _SOURCES),),
    (FLUX_NOTIFICATION, "Alert"): (
        _Field(("spec", "providerRef"), "Provider", {"Provider": FLUX_NOTIFICATION}),
        _Field(
            ("spec", "eventSources", "*"),
            "",
            {**_SOURCES, "Kustomization": FLUX_KUSTOMIZE, "HelmRelease": FLUX_HELM},
        ),
    ),
    (FLUX_NOTIFICATION, "Provider"): (_secret("spec", "secretRef"),),
    (FLUX_NOTIFICATION, "Receiver"): (
        _secret("spec", "secretRef"),
        _Field(
            ("spec", "resources", "*"),
            "",
            {**_SOURCES, "Kustomization": FLUX_KUSTOMIZE, "HelmRelease": FLUX_HELM},
        ),
    ),
    (FLUX_IMAGE, "ImageRepository"): (_secret("spec", "secretRef"),),
    (FLUX_IMAGE, "ImagePolicy"): (
        _Field(("spec", "imageRepositoryRef"), "ImageRepository", {"ImageRepository": FLUX_IMAGE}),
    ),
    (FLUX_IMAGE, "ImageUpdateAutomation"): (_Field(("spec", "sourceRef"), "", _SOURCES),),
    (ARGO, "Application"): (_Field(("spec", "project"), "AppProject", {"AppProject": ARGO}, ""),),
    (ARGO, "ApplicationSet"): (
        _Field(("spec", "template", "spec", "project"), "AppProject", {"AppProject": ARGO}, ""),
    ),
    (EXTERNAL_SECRETS, "ExternalSecret"): (
        _Field(("spec", "secretStoreRef"), "SecretStore", _STORES),
        _Field(("spec", "data", "*", "sourceRef", "storeRef"), "SecretStore", _STORES),
        _Field(("spec", "dataFrom", "*", "sourceRef", "storeRef"), "SecretStore", _STORES),
    ),
    (EXTERNAL_SECRETS, "ClusterExternalSecret"): (
        _Field(("spec", "externalSecretSpec", "secretStoreRef"), "SecretStore", _STORES),
    ),
    (EXTERNAL_SECRETS, "PushSecret"): (
        _Field(("spec", "secretStoreRefs", "*"), "SecretStore", _STORES),
        _secret("spec", "selector", "secret"),
    ),
    (CERT_MANAGER, "Certificate"): (_Field(("spec", "issuerRef"), "Issuer", _ISSUERS),),
}
_POD: Final = (
    _account("serviceAccountName"),
    _secret("imagePullSecrets", "*"),
    _Field(("volumes", "*", "configMap"), "ConfigMap", _CONFIG),
    _secret("volumes", "*", "secret", name="secretName"),
    _Field(
        ("volumes", "*", "persistentVolumeClaim"),
        "PersistentVolumeClaim",
        {"PersistentVolumeClaim": ""},
        "claimName",
    ),
    _Field(("volumes", "*", "projected", "sources", "*", "configMap"), "ConfigMap", _CONFIG),
    _secret("volumes", "*", "projected", "sources", "*", "secret"),
)
_CONTAINER: Final = (
    _Field(("env", "*", "valueFrom", "configMapKeyRef"), "ConfigMap", _CONFIG),
    _secret("env", "*", "valueFrom", "secretKeyRef"),
    _Field(("envFrom", "*", "configMapRef"), "ConfigMap", _CONFIG),
    _secret("envFrom", "*", "secretRef"),
)
_CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")


def references(resource: Resource) -> list[Reference]:
    """All that *resource* refers to by name."""
    found: list[Reference] = []
    group, kind = resource.id.group, resource.id.kind
    for field in _TABLE.get((group if "." in group else "", kind), ()):
        _walk(field, resource.body, (), 0, (), found)
    if kind in KINDS:
        template = template_path(resource.id)
        if template is not None:
            at = (*template, "spec")
            spec = value_at(resource.body, at)
            if isinstance(spec, dict):
                _of_pod(spec, at, found)
    return found


def _of_pod(spec: dict[str, Any], at: FieldPath, found: list[Reference]) -> None:
    for field in _POD:
        if field.path[0] in spec:
            _walk(field, spec, at, 0, (), found)
    for key in _CONTAINERS:
        containers = spec.get(key)
        for number, container in enumerate(containers if isinstance(containers, list) else ()):
            if isinstance(container, dict):
                for field in _CONTAINER:
                    if field.path[0] in container:
                        _walk(field, container, (*at, key, number), 0, (), found)


def _walk(
    field: _Field, value: Any, prefix: FieldPath, depth: int, numbers: tuple[int, ...], found: list[Reference]
) -> None:
    """Add what *field* refers to, from its part number *depth* on; *numbers* stand for each `*` before."""
    parts = field.path
    for at in range(depth, len(parts)):
        part = parts[at]
        if part == "*":
            if isinstance(value, list):
                for number, entry in enumerate(value):
                    _walk(field, entry, prefix, at + 1, (*numbers, number), found)
            return
        if not isinstance(value, dict) or part not in value:
            return
        value = value[part]
    if value:
        _add_reference(field, value, prefix, numbers, found)


def _add_reference(
    field: _Field, value: Any, prefix: FieldPath, numbers: tuple[int, ...], found: list[Reference]
) -> None:
    if not field.name:
        if isinstance(value, str):
            target = Target(field.groups.get(field.kind, ""), field.kind, value)
            found.append(Reference((*prefix, *_filled(field.path, numbers)), target))
        return
    name = value.get(field.name) if isinstance(value, dict) else None
    if not isinstance(name, str) or not name:
        return
    kind = value.get("kind") or field.kind
    if not isinstance(kind, str) or kind not in field.groups or not _is_of(value, field.groups[kind]):
        return
    namespace = value.get("namespace")
    found.append(
        Reference(
            (*prefix, *_filled(field.path, numbers), field.name),
            Target(field.groups[kind], kind, name),
            namespace if isinstance(namespace, str) else "",
            optional=value.get("optional") is True,
        )
    )


def _filled(parts: FieldPath, numbers: tuple[int, ...]) -> FieldPath:
    """A path of the table with its places in lists."""
    if not numbers:
        return parts
    rest = iter(numbers)
    return tuple(next(rest) if part == "*" else part for part in parts)


def _is_of(value: dict[str, Any], group: str) -> bool:
    """Whether a reference that names a group means this one; `apiVersion` and `apiGroup` are other ways to say it."""
    named = value.get("group", value.get("apiGroup"))
    if named is None:
        version = value.get("apiVersion")
        named = version.rpartition("/")[0] if isinstance(version, str) else None
    return named is None or named == "" or (isinstance(named, str) and family(named) == group)
