"""Which part of a resource which rule about secrets judges, so that one secret is one finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from gitops_guard.model.listing import PATCHES
from gitops_guard.model.resource import FieldPath
from gitops_guard.model.source import argo_sources
from gitops_guard.model.workload import value_at


class Piece(NamedTuple):
    """A part of a body. *name* is the key that it stands under."""

    path: FieldPath
    node: Any
    name: str


# Kinds that are about secrets: their fields name keys, hold ciphers, or are judged by another rule.
_ABOUT_SECRETS: Final = frozenset(
    {"BitwardenSecret", "ClusterExternalSecret", "ClusterPushSecret", "ClusterSecretStore", "CustomResourceDefinition",
     "DopplerSecret", "ExternalSecret", "InfisicalSecret", "OnePasswordItem", "PushSecret", "SealedSecret", "Secret",
     "SecretProviderClass", "SopsSecret", "VaultDynamicSecret", "VaultPKISecret", "VaultStaticSecret"}
)  # fmt: skip
_HELM_CONTROLLER: Final = (("spec", "valuesContent"), ("spec", "set"), ("spec", "valuesSecrets"))
WITH_VALUES: Final = frozenset(
    {"Application", "ApplicationSet", "HelmChart", "HelmChartConfig", "HelmRelease", "Kustomization"}
)  # or with patches of those that have
WITH_TEMPLATES: Final = frozenset(
    {"ClusterExternalSecret", "ExternalSecret", "PushSecret", "SealedSecret", "SopsSecret", "VaultDynamicSecret",
     "VaultPKISecret", "VaultStaticSecret"}
)  # fmt: skip
WITH_PATCHES: Final = frozenset({"Application", "ApplicationSet", "HelmRelease", "Kustomization"})
_NEVER: Final = frozenset({"apiVersion", "kind", "metadata", "sops", "status"})
_ELSEWHERE: Final = frozenset(
    {"bases", "components", "configMapGenerator", "crds", "helmCharts", "images", "namespace", "resources",
     "secretGenerator"}
)  # fmt: skip


def config(kind: str, body: Mapping[str, Any]) -> Iterator[Piece]:
    """All but labels that neither `plaintext-secret` nor one of the other rules judges."""
    metadata = body.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if isinstance(annotations, dict):
        yield Piece(("metadata", "annotations"), _judged_annotations(kind, annotations), "annotations")
    if kind in _ABOUT_SECRETS:
        return
    rest = {key: node for key, node in body.items() if key not in _NEVER}
    if kind in WITH_VALUES or kind in WITH_PATCHES:
        yield from _without(
            (), rest, "", {*values_paths(kind, body), *(piece.path for piece in patch_texts(kind, body))}
        )
    else:
        yield Piece((), rest, "")


def kustomization(body: Mapping[str, Any]) -> Iterator[Piece]:
    """What a kustomization itself adds to resources; its generators and charts are judged by other rules."""
    rest = {key: node for key, node in body.items() if key not in _NEVER and key not in _ELSEWHERE}
    return _without((), rest, "", {piece.path for piece in patch_texts("Kustomization", body)})


def _judged_annotations(kind: str, annotations: dict[str, Any]) -> dict[str, Any]:
    """What kubectl wrote into a Secret is judged as a Secret."""
    if kind != "Secret" or LAST_APPLIED not in annotations:
        return annotations
    return {key: value for key, value in annotations.items() if key != LAST_APPLIED}


LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def _without(path: FieldPath, node: Any, name: str, excluded: set[FieldPath]) -> Iterator[Piece]:
    if path in excluded:
        return
    if not any(known[: len(path)] == path for known in excluded):
        yield Piece(path, node, name)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _without((*path, key), value, key, excluded)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _without((*path, number), value, name, excluded)


def values(kind: str, body: Mapping[str, Any]) -> Iterator[Piece]:
    """What a chart is given: Flux, Argo CD, the Helm controller of K3s, `helmCharts` of a kustomization."""
    for path in values_paths(kind, body):
        node = at(body, path)
        if isinstance(node, dict | list | str):
            yield Piece(path, node, str(path[-1]))


def values_paths(kind: str, body: Mapping[str, Any]) -> list[FieldPath]:
    match kind:
        case "HelmRelease":
            return [("spec", "values")]
        case "HelmChart" | "HelmChartConfig":
            return list(_HELM_CONTROLLER)
        case "Application":
            return _argo_helm(body, ("spec",))
        case "ApplicationSet":
            return _argo_helm(body, ("spec", "template", "spec"))
    return []


def _argo_helm(body: Mapping[str, Any], path: FieldPath) -> list[FieldPath]:
    return [(*source, "helm") for source in _argo_sources(body, path)]


def _argo_sources(body: Mapping[str, Any], path: FieldPath) -> Iterator[FieldPath]:
    spec = value_at(body, path)
    if not argo_sources(spec):
        return
    yield (*path, "source")
    several = spec.get("sources")
    for number in range(len(several) if isinstance(several, list) else 0):
        yield (*path, "sources", number)


def templates(kind: str, body: Mapping[str, Any]) -> Iterator[Piece]:
    """What an operator writes into a Secret beside the values that it fetches or decrypts."""
    match kind:
        case "ExternalSecret":
            yield from _external(body, ("spec", "target", "template"))
        case "ClusterExternalSecret":
            yield from _external(body, ("spec", "externalSecretSpec", "target", "template"))
        case "PushSecret":
            yield from _external(body, ("spec", "template"))
        case "SealedSecret":
            yield from _pieces(body, ("spec", "template", "data"), ("spec", "template", "stringData"))
        case "SopsSecret":
            for number, _ in _entries(body, ("spec", "secretTemplates")):
                at_template: FieldPath = ("spec", "secretTemplates", number)
                yield from _pieces(body, (*at_template, "stringData"), (*at_template, "data"))
        case "VaultStaticSecret" | "VaultDynamicSecret" | "VaultPKISecret":
            yield from _pieces(body, ("spec", "destination", "transformation", "templates"))


def _external(body: Mapping[str, Any], path: FieldPath) -> Iterator[Piece]:
    yield from _pieces(body, (*path, "data"))
    for number, _ in _entries(body, (*path, "templateFrom")):
        yield from _pieces(body, (*path, "templateFrom", number, "literal"))


def _pieces(body: Mapping[str, Any], *paths: FieldPath) -> Iterator[Piece]:
    for path in paths:
        node = at(body, path)
        if node is not None:
            yield Piece(path, node, str(path[-1]))


def patch_texts(kind: str, body: Mapping[str, Any]) -> Iterator[Piece]:
    """The texts that are patches, in a kustomization, a Kustomization or HelmRelease of Flux, an Application."""
    for path in _patched(kind, body):
        for field in PATCHES:
            for number, entry in _entries(body, (*path, field)):
                text = entry.get("patch") if isinstance(entry, dict) else entry
                if isinstance(text, str) and ("\n" in text or ":" in text):
                    at_text: FieldPath = (*path, field, number)
                    yield Piece((*at_text, "patch") if isinstance(entry, dict) else at_text, text, "patch")


def _patched(kind: str, body: Mapping[str, Any]) -> Iterator[FieldPath]:
    match kind:
        case "Kustomization" | "Component":
            yield ("spec",) if "spec" in body else ()
        case "HelmRelease":
            for number, _ in _entries(body, ("spec", "postRenderers")):
                yield "spec", "postRenderers", number, "kustomize"
        case "Application":
            yield from ((*source, "kustomize") for source in _argo_sources(body, ("spec",)))
        case "ApplicationSet":
            yield from ((*source, "kustomize") for source in _argo_sources(body, ("spec", "template", "spec")))


def _entries(body: Mapping[str, Any], path: FieldPath) -> Iterator[tuple[int, Any]]:
    found = at(body, path)
    yield from enumerate(found if isinstance(found, list) else ())


def at(body: Any, path: FieldPath) -> Any:
    """The node at *path*, through mappings and lists; None where there is none."""
    for part in path:
        if isinstance(body, list) and isinstance(part, int):
            body = body[part] if part < len(body) else None
        elif isinstance(body, dict):
            body = body.get(part)
        else:
            return None
    return body
