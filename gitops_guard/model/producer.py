"""What a resource brings into being beside itself: the Secret of an ExternalSecret, the one of a Certificate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from gitops_guard.model.resource import Resource
from gitops_guard.model.workload import value_at


class Target(NamedTuple):
    """Something that a reference can mean. *group* is "" for all built-in groups without a dot."""

    group: str
    kind: str
    name: str


def own(resource: Resource) -> Target:
    return Target(family(resource.id.group), resource.id.kind, resource.id.name)


def family(group: str) -> str:
    """One name for core, apps, batch, extensions: a reference may name any version of them."""
    return group if "." in group else ""


# Where a custom resource names the Secret that its controller writes; the first that is there counts.
# () is the name of the resource itself.
_NAME: Final = ("metadata", "name")
_SECRETS: Final[Mapping[tuple[str, str], tuple[tuple[str, ...], ...]]] = {
    ("external-secrets.io", "ExternalSecret"): (("spec", "target", "name"), _NAME),
    ("external-secrets.io", "ClusterExternalSecret"): (
        ("spec", "externalSecretSpec", "target", "name"),
        ("spec", "externalSecretName"),
        _NAME,
    ),
    ("kubernetes-client.io", "ExternalSecret"): (_NAME,),
    ("bitnami.com", "SealedSecret"): (("spec", "template", "metadata", "name"), _NAME),
    ("cert-manager.io", "Certificate"): (("spec", "secretName"),),
    ("cert-manager.io", "Issuer"): (("spec", "acme", "privateKeySecretRef", "name"),),
    ("cert-manager.io", "ClusterIssuer"): (("spec", "acme", "privateKeySecretRef", "name"),),
    ("onepassword.com", "OnePasswordItem"): (_NAME,),
    ("secrets.hashicorp.com", "VaultStaticSecret"): (("spec", "destination", "name"),),
    ("secrets.hashicorp.com", "VaultDynamicSecret"): (("spec", "destination", "name"),),
    ("secrets.hashicorp.com", "VaultPKISecret"): (("spec", "destination", "name"),),
    ("secrets.hashicorp.com", "HCPVaultSecretsApp"): (("spec", "destination", "name"),),
    ("ricoberger.de", "VaultSecret"): (_NAME,),
    ("redhatcop.redhat.io", "VaultSecret"): (("spec", "output", "name"), _NAME),
    ("secrets.infisical.com", "InfisicalSecret"): (
        ("spec", "managedSecretReference", "secretName"),
        ("spec", "managedKubeSecretReferences", "secretName"),
    ),
    ("secrets.doppler.com", "DopplerSecret"): (("spec", "managedSecret", "name"),),
    ("k8s.bitwarden.com", "BitwardenSecret"): (("spec", "secretName"), _NAME),
    ("spv.no", "AzureKeyVaultSecret"): (("spec", "output", "secret", "name"), _NAME),
    ("craftypath.github.io", "SopsSecret"): (_NAME,),
    ("mumoshu.github.io", "AWSSecret"): (_NAME,),
    ("secretgenerator.mittwald.de", "StringSecret"): (_NAME,),
    ("secretgenerator.mittwald.de", "BasicAuth"): (_NAME,),
    ("objectbucket.io", "ObjectBucketClaim"): (_NAME,),
    ("kafka.strimzi.io", "KafkaUser"): (_NAME,),
}
_SERVING_CERTIFICATE: Final = "io/serving-cert-secret-name"
_ISSUING: Final = ("cert-manager.io/", "kubernetes.io/tls-acme")
_MOST_VOLUMES: Final = 20  # replicas whose volumes are named


def brought(resource: Resource) -> Iterable[Target]:
    """All that exists, beside the resource itself, where it does and its controller runs."""
    group, kind = resource.id.group, resource.id.kind
    paths = _SECRETS.get((group, kind))
    special = _SPECIAL.get(kind)
    if paths is None and special is None:
        return ()
    return (*_first(resource.body, paths or ()), *(special(resource) if special is not None else ()))


def _first(body: Mapping[str, Any], paths: tuple[tuple[str, ...], ...]) -> Iterator[Target]:
    for path in paths:
        name = value_at(body, path)
        if isinstance(name, str) and name:
            yield Target("", "Secret", name)
            return


def _of_service(resource: Resource) -> Iterator[Target]:
    for key, name in resource.annotations.items():
        if isinstance(key, str) and key.endswith(_SERVING_CERTIFICATE) and isinstance(name, str):
            yield Target("", "Secret", name)


def _of_ingress(resource: Resource) -> Iterator[Target]:
    """cert-manager writes the Secrets of an Ingress that is annotated for it."""
    if any(isinstance(key, str) and key.startswith(_ISSUING) for key in resource.annotations):
        for entry in _entries(resource.body, ("spec", "tls")):
            if isinstance(entry.get("secretName"), str):
                yield Target("", "Secret", entry["secretName"])


def _of_gateway(resource: Resource) -> Iterator[Target]:
    if any(isinstance(key, str) and key.startswith(_ISSUING) for key in resource.annotations):
        for listener in _entries(resource.body, ("spec", "listeners")):
            for entry in _entries(listener, ("tls", "certificateRefs")):
                if isinstance(entry.get("name"), str):
                    yield Target("", "Secret", entry["name"])


def _of_stateful_set(resource: Resource) -> Iterator[Target]:
    replicas = value_at(resource.body, ("spec", "replicas"))
    count = min(replicas, _MOST_VOLUMES) if isinstance(replicas, int) else _MOST_VOLUMES
    for template in _entries(resource.body, ("spec", "volumeClaimTemplates")):
        name = value_at(template, ("metadata", "name"))
        if isinstance(name, str):
            yield Target("", "PersistentVolumeClaim", name)  # in its own Pods, a volume of this name is the claim
            for number in range(count):
                yield Target("", "PersistentVolumeClaim", f"{name}-{resource.id.name}-{number}")


def _of_artifacts(resource: Resource) -> Iterator[Target]:
    for artifact in _entries(resource.body, ("spec", "artifacts")):
        if isinstance(artifact.get("name"), str):
            yield Target("source.toolkit.fluxcd.io", "ExternalArtifact", artifact["name"])


def _of_flux_instance(resource: Resource) -> Iterator[Target]:
    """The Flux operator makes the source and the Kustomization of `sync`, which both have the name of the namespace."""
    sync = value_at(resource.body, ("spec", "sync"))
    if isinstance(sync, Mapping):
        name = sync.get("name") or resource.id.namespace or "flux-system"
        kind = sync.get("kind")
        if isinstance(name, str) and isinstance(kind, str):
            yield Target("source.toolkit.fluxcd.io", kind, name)
            yield Target("kustomize.toolkit.fluxcd.io", "Kustomization", name)


def _of_bundle(resource: Resource) -> Iterator[Target]:
    for kind in ("ConfigMap", "Secret"):
        yield Target("", kind, resource.id.name)


def _of_sops_secret(resource: Resource) -> Iterator[Target]:
    for template in _entries(resource.body, ("spec", "secretTemplates")):
        if isinstance(template.get("name"), str):
            yield Target("", "Secret", template["name"])


def _of_provider_class(resource: Resource) -> Iterator[Target]:
    for entry in _entries(resource.body, ("spec", "secretObjects")):
        if isinstance(entry.get("secretName"), str):
            yield Target("", "Secret", entry["secretName"])


def _of_bucket_claim(resource: Resource) -> Iterator[Target]:
    yield Target("", "ConfigMap", resource.id.name)


_SPECIAL: Final[Mapping[str, Callable[[Resource], Iterator[Target]]]] = {
    "ArtifactGenerator": _of_artifacts,
    "Bundle": _of_bundle,
    "FluxInstance": _of_flux_instance,
    "Gateway": _of_gateway,
    "Ingress": _of_ingress,
    "ObjectBucketClaim": _of_bucket_claim,
    "SecretProviderClass": _of_provider_class,
    "Service": _of_service,
    "SopsSecret": _of_sops_secret,
    "StatefulSet": _of_stateful_set,
}


def _entries(body: object, path: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    listed = value_at(body, path)
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, Mapping):
            yield entry


def generated(body: Mapping[str, Any]) -> Iterator[Target]:
    """The ConfigMaps and Secrets that the generators of a kustomization make, by the name that others refer to."""
    for key, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
        for entry in _entries(body, (key,)):
            if isinstance(entry.get("name"), str):
                yield Target("", kind, entry["name"])
