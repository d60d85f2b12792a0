"""What Gatekeeper is shown of a resource: itself, and the Pods that it will make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from gitops_guard.model import workload
from gitops_guard.model.resource import FieldPath, Resource, ResourceId


@dataclass(frozen=True, slots=True)
class Review:
    """*body* is what is reviewed, *prefix* where it stands in *resource*. *implied_by* names the ExpansionTemplate that
    it was made with; *action* is its `enforcementAction`. *request* is that of an AdmissionReview, as it is written.
    """

    resource: Resource
    body: Mapping[str, Any] | None
    group: str
    version: str
    kind: str
    name: str
    namespace: str
    namespace_body: Mapping[str, Any] | None = None
    old: Mapping[str, Any] | None = None
    prefix: FieldPath = ()
    is_generated: bool = False
    implied_by: str = ""
    action: str = ""
    request: Mapping[str, Any] | None = None
    by_itself: bool = False
    """Nothing is known of where it will be: without a namespace it is about none, as in a Suite."""

    @property
    def is_namespace(self) -> bool:
        return self.kind == "Namespace" and not self.group

    @property
    def is_cluster_scoped(self) -> bool:
        """Of what is not Kubernetes' own, by the name that such kinds have: ClusterIssuer, ClusterPolicy."""
        if self.namespace:
            return False
        return self.by_itself or self.kind in _CLUSTER_SCOPED or self.kind.startswith("Cluster")

    def as_input(self) -> dict[str, Any]:
        """`input.review`, with all fields that an AdmissionRequest has."""
        return {
            "uid": "",
            "kind": {"group": self.group, "version": self.version, "kind": self.kind},
            "resource": {"group": "", "version": "", "resource": ""},
            "name": self.name,
            "namespace": self.namespace,
            "operation": "UPDATE" if self.old is not None and self.request is None else "",
            "userInfo": {},
            "options": None,
            **(self.request or {}),
            "object": self.body,
            "oldObject": self.old,
            "namespaceObject": self.namespace_body or {},
        }


_CLUSTER_SCOPED: Final = frozenset({
    "APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ComponentStatus", "CustomResourceDefinition",
    "DeviceClass", "FlowSchema", "IngressClass", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume", "PodSecurityPolicy", "PriorityClass",
    "PriorityLevelConfiguration", "ResourceSlice", "RuntimeClass", "ServiceCIDR", "StorageClass",
    "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
    "VolumeAttachment", "VolumeAttributesClass",
})  # fmt: skip


class Expansion(NamedTuple):
    """An ExpansionTemplate. *source* leads to the template in what it is applied to."""

    name: str
    groups: Sequence[str]
    versions: Sequence[str]
    kinds: Sequence[str]
    source: FieldPath
    group: str
    version: str
    kind: str
    action: str = ""

    def is_for(self, review: Review) -> bool:
        return review.group in self.groups and review.version in self.versions and review.kind in self.kinds


class Reviews:
    """Makes the reviews of resources. *namespaces* are the Namespaces that are known, by name."""

    def __init__(
        self,
        namespaces: Mapping[str, Mapping[str, Any]],
        expansions: Sequence[Expansion],
        *,
        of_workloads: bool = True,
    ) -> None:
        """*of_workloads*: also without an ExpansionTemplate, a workload is reviewed with its Pods."""
        self._namespaces = namespaces
        self._expansions = expansions
        self._of_workloads = of_workloads

    def of(self, resource: Resource, old: Mapping[str, Any] | None = None) -> Iterator[Review]:
        if resource.id.kind == "AdmissionReview" and resource.id.group == "admission.k8s.io":
            yield self._requested(resource)
            return
        group, _, version = resource.api_version.rpartition("/")
        namespace = resource.id.namespace
        known = self._namespaces.get(namespace)
        review = Review(
            resource, resource.body, group, version, resource.id.kind, resource.id.name, namespace, known, old
        )
        review = replace(review, by_itself=not self._of_workloads)
        yield review
        yield from self._expanded(review, self._expansions)

    def _requested(self, resource: Resource) -> Review:
        """An AdmissionReview: the request as it is written; for a DELETE what was there is the object."""
        request = resource.body.get("request")
        given: Mapping[str, Any] = request if isinstance(request, Mapping) else {}
        body, old = given.get("object"), given.get("oldObject")
        shown = body if isinstance(body, Mapping) else old if given.get("operation") == "DELETE" else None
        of = shown or old or {}
        group, _, version = str(of.get("apiVersion", "")).rpartition("/")
        found = of.get("metadata")
        metadata: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
        name, namespace = (str((given.get(key) or metadata.get(key)) or "") for key in ("name", "namespace"))
        known = self._namespaces.get(namespace)
        kind = str(of.get("kind", ""))
        return Review(
            resource, shown, group, version, kind, name, namespace, known, old, ("request", "object"), request=given
        )

    def _expanded(self, review: Review, expansions: Iterable[Expansion]) -> Iterator[Review]:
        """What *review* will make: by the ExpansionTemplates for it, else the Pods of a workload."""
        fitting = [expansion for expansion in expansions if expansion.is_for(review)]
        for expansion in fitting:
            made = _made(review, expansion)
            if made is not None:
                yield made
                yield from self._expanded(made, [one for one in expansions if one is not expansion])
        if self._of_workloads and not fitting and not review.is_generated:
            path = workload.template_path(ResourceId(review.group, review.kind, "", ""))
            if path:
                pods = Expansion("", (), (), (), path, "", "v1", "Pod")
                made = _made(review, pods)
                if made is not None:
                    yield made


def _made(review: Review, expansion: Expansion) -> Review | None:
    """None where there is no template at the place."""
    template = workload.value_at(review.body, expansion.source)
    if not isinstance(template, Mapping):
        return None
    name = f"{review.name}-{expansion.kind}".lower()
    metadata = template.get("metadata")
    owner = {"apiVersion": review.resource.api_version, "kind": review.kind, "name": review.name, "uid": ""}
    body = {
        **template,
        "apiVersion": f"{expansion.group}/{expansion.version}" if expansion.group else expansion.version,
        "kind": expansion.kind,
        "metadata": {
            **(metadata if isinstance(metadata, Mapping) else {}),
            **({"namespace": review.namespace} if review.namespace else {}),
            "name": name,
            "ownerReferences": [owner],
        },
    }
    return replace(
        review,
        body=body,
        group=expansion.group,
        version=expansion.version,
        kind=expansion.kind,
        name=name,
        old=None,
        prefix=(*review.prefix, *expansion.source),
        is_generated=True,
        implied_by=expansion.name,
        action=expansion.action,
    )
