"""Builds `schemas/deprecations.json`: removed and deprecated Kubernetes APIs, and what takes their place.

    python tools/build_deprecations.py [--out schemas]

Two sources. APIs that were gone, or marked, before the oldest schemas that we have: the table below, from
https://kubernetes.io/docs/reference/using-api/deprecation-guide/ and the release notes of each version. APIs that
went since then: a kind that one version's schemas have and a later version's have not. A beta API is deprecated three
versions after its introduction, by default (`k8s.io/code-generator`, prerelease-lifecycle-gen); we say so only where
there is a newer version of the same kind.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

SOURCE = "https://kubernetes.io/docs/reference/using-api/deprecation-guide/"
_RBAC = "ClusterRole ClusterRoleBinding Role RoleBinding"
_REVIEWS = "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview"
_WEBHOOKS = "MutatingWebhookConfiguration ValidatingWebhookConfiguration"
_FLOW = "FlowSchema PriorityLevelConfiguration"
_STORAGE = "CSIDriver CSINode StorageClass VolumeAttachment"

# apiVersion, kinds, deprecated in, removed in, apiVersion (and kind) that takes the place
_TABLE = (
    ("extensions/v1beta1", "DaemonSet Deployment ReplicaSet", "1.8", "1.16", "apps/v1"),
    ("extensions/v1beta1", "NetworkPolicy", "1.9", "1.16", "networking.k8s.io/v1"),
    ("extensions/v1beta1", "PodSecurityPolicy", "1.11", "1.16", ""),
    ("extensions/v1beta1", "Ingress", "1.14", "1.22", "networking.k8s.io/v1"),
    ("apps/v1beta1", "ControllerRevision Deployment ReplicaSet StatefulSet", "1.9", "1.16", "apps/v1"),
    ("apps/v1beta2", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet", "1.9", "1.16", "apps/v1"),
    ("admissionregistration.k8s.io/v1beta1", _WEBHOOKS, "1.16", "1.22", "admissionregistration.k8s.io/v1"),
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", "1.16", "1.22", "apiextensions.k8s.io/v1"),
    ("apiregistration.k8s.io/v1beta1", "APIService", "1.19", "1.22", "apiregistration.k8s.io/v1"),
    ("authentication.k8s.io/v1beta1", "TokenReview", "1.19", "1.22", "authentication.k8s.io/v1"),
    ("authorization.k8s.io/v1beta1", _REVIEWS, "1.19", "1.22", "authorization.k8s.io/v1"),
    ("certificates.k8s.io/v1beta1", "CertificateSigningRequest", "1.19", "1.22", "certificates.k8s.io/v1"),
    ("coordination.k8s.io/v1beta1", "Lease", "1.19", "1.22", "coordination.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", "Ingress IngressClass", "1.19", "1.22", "networking.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1alpha1", _RBAC, "1.17", "1.22", "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", _RBAC, "1.17", "1.22", "rbac.authorization.k8s.io/v1"),
    ("scheduling.k8s.io/v1beta1", "PriorityClass", "1.14", "1.22", "scheduling.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", _STORAGE, "1.19", "1.22", "storage.k8s.io/v1"),
    ("batch/v2alpha1", "CronJob", "1.8", "1.21", "batch/v1"),
    ("batch/v1beta1", "CronJob", "1.21", "1.25", "batch/v1"),
    ("discovery.k8s.io/v1beta1", "EndpointSlice", "1.21", "1.25", "discovery.k8s.io/v1"),
    ("events.k8s.io/v1beta1", "Event", "1.22", "1.25", "events.k8s.io/v1"),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler", "1.22", "1.25", "autoscaling/v2"),
    ("policy/v1beta1", "PodDisruptionBudget", "1.21", "1.25", "policy/v1"),
    ("policy/v1beta1", "PodSecurityPolicy", "1.21", "1.25", ""),
    ("node.k8s.io/v1beta1", "RuntimeClass", "1.22", "1.25", "node.k8s.io/v1"),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "1.23", "1.26", "autoscaling/v2"),
    ("flowcontrol.apiserver.k8s.io/v1beta1", _FLOW, "1.23", "1.26", "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta2", _FLOW, "1.26", "1.29", "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta3", _FLOW, "1.29", "1.32", "flowcontrol.apiserver.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity", "1.24", "1.27", "storage.k8s.io/v1"),
    ("v1", "ComponentStatus", "1.19", "", ""),
    ("v1", "Endpoints", "1.33", "", "discovery.k8s.io/v1 EndpointSlice"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "schemas")
    out: Path = parser.parse_args().out
    kinds = json.loads((out / "kubernetes" / "kinds.json").read_text())
    apis = table(kinds)
    (out / "deprecations.json").write_text(json.dumps({"source": SOURCE, "apis": apis}, indent=0) + "\n")
    print(f"{len(apis)} APIs")
    return 0


def table(kinds: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """`apiVersion/Kind` → deprecated in, removed in, replacement. *kinds* has the first and last version of each."""
    apis = {**_from_schemas(kinds), **_by_hand()}
    return dict(sorted(apis.items()))


def _by_hand() -> dict[str, list[str]]:
    apis = {}
    for api_version, names, deprecated, removed, replacement in _TABLE:
        for kind in names.split():
            instead = replacement if " " in replacement or not replacement else f"{replacement} {kind}"
            apis[f"{api_version}/{kind}"] = [deprecated, removed, instead]
    return apis


def _from_schemas(kinds: Mapping[str, list[str]]) -> dict[str, list[str]]:
    newest = max((last for _, last in kinds.values()), key=_number)
    apis = {}
    for key, (first, last) in kinds.items():
        group, _, rest = key.rpartition("/")[0].rpartition("/")
        kind = key.rpartition("/")[2]
        if not group or kind.endswith("List"):
            continue
        newer = _newest_version(group, kind, newest, kinds)
        replaced = bool(newer) and _maturity(newer) > _maturity(rest)
        deprecated = _plus(first, 3) if replaced and "beta" in rest else ""
        removed = _plus(last, 1) if last != newest else ""
        if removed or (deprecated and _number(deprecated) <= _number(newest)):
            apis[key] = [deprecated, removed, f"{group}/{newer} {kind}" if replaced else ""]
    return apis


def _newest_version(group: str, kind: str, release: str, kinds: Mapping[str, list[str]]) -> str:
    served = [
        key.split("/")[1]
        for key, (_, last) in kinds.items()
        if last == release and key.startswith(f"{group}/") and key.endswith(f"/{kind}")
    ]
    return max(served, key=_maturity, default="")


def _maturity(version: str) -> tuple[int, int, int]:
    """As the API server orders versions: v2 before v1, v1 before v1beta2, betas before alphas."""
    found = re.fullmatch(r"v(\d+)(?:(alpha|beta)(\d+))?", version)
    if found is None:
        return (-1, 0, 0)
    return ({None: 2, "beta": 1, "alpha": 0}[found[2]], int(found[1]), int(found[3] or 0))


def _plus(version: str, releases: int) -> str:
    major, minor = _number(version)
    return f"{major}.{minor + releases}"


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


if __name__ == "__main__":
    sys.exit(main())
