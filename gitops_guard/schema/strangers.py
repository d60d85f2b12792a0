"""What is said of an apiVersion and kind that no schema knows: wrong for sure, or only unknown, and what was meant.

The kinds of Kubernetes' own groups are all known, so what is not among them there is a mistake. A group without a dot
is always Kubernetes' own: the API server takes no CustomResourceDefinition with one.
"""

from __future__ import annotations

from typing import Final

from gitops_guard.model.finding import Problem
from gitops_guard.model.likeness import is_slip
from gitops_guard.schema.explain import closest, printable
from gitops_guard.schema.store import KubernetesSchemas, PublicCatalog, kinds_of_all_versions, versions

# `oc` still takes these as `v1`, as they were before OpenShift 3.6 gave them groups.
_OPENSHIFT: Final = frozenset(
    {
        "BuildConfig", "Build", "DeploymentConfig", "Group", "Image", "ImageStream", "ImageStreamTag", "Project",
        "ProjectRequest", "Route", "SecurityContextConstraints", "Template", "User",
    }
)  # fmt: skip


def not_of_kubernetes(api_version: str, kind: str, built_in: KubernetesSchemas) -> Problem | None:
    """The mistake, where apiVersion claims to be Kubernetes' own; None where it may be somebody else's."""
    homes = _homes(kind, built_in)
    group, _, version = api_version.rpartition("/")
    if not _claims_kubernetes(group, version, kind, known=bool(homes)):
        return None
    if api_version == "v1" and kind == "List":
        return Problem((), "`items` is missing; a list is needed")
    every = kinds_of_all_versions()
    if f"{api_version}/{kind}" in every:
        message = (
            f"Kubernetes {built_in.version} has no {kind} of {api_version}; {_range(*every[f'{api_version}/{kind}'])}"
        )
        return Problem(("apiVersion",), message)
    start = f"{printable(api_version)} has no kind `{printable(kind)}`"
    if homes:
        return Problem(("apiVersion",), f"{start}; {kind} exists in {', '.join(homes)}")
    return Problem(("kind",), start + _meant(api_version, kind, built_in))


def _claims_kubernetes(group: str, version: str, kind: str, *, known: bool) -> bool:
    if group:
        return "." not in group or any(key.startswith(f"{group}/") for key in kinds_of_all_versions())
    if known:
        return True
    return version == "v1" and kind not in _OPENSHIFT  # the machine configurations of Talos are `v1alpha1`


def _homes(kind: str, built_in: KubernetesSchemas) -> list[str]:
    return sorted(key.rpartition("/")[0] for key in built_in.kinds if key.endswith(f"/{kind}"))


def _range(first: str, last: str) -> str:
    if last == versions()[-1]:
        return f"{first} and later have it"
    return f"{first} to {last} had it" if first != last else f"only {first} had it"


def _meant(api_version: str, kind: str, built_in: KubernetesSchemas) -> str:
    here = [key.rpartition("/")[2] for key in built_in.kinds if key.rpartition("/")[0] == api_version]
    if near := closest(kind, here):
        return f"; did you mean `{near}`?"
    if near := closest(kind, sorted({key.rpartition("/")[2] for key in built_in.kinds})):
        return f"; did you mean `{near}` of {', '.join(_homes(near, built_in))}?"
    return ""


def elsewhere(api_version: str, kind: str, built_in: KubernetesSchemas, catalog: PublicCatalog) -> str:
    """Where a kind that nobody knows by this apiVersion is known, as the end of a sentence; "" if nowhere near."""
    group = api_version.rpartition("/")[0]
    places = [*_homes(kind, built_in), *catalog.places(kind)]
    if own := [place for place in places if place.rpartition("/")[0] == group]:
        return f"; {kind} exists in {', '.join(own)}"
    near = [place for place in places if not group or _may_be_meant(group, place.rpartition("/")[0])]
    return f"; {kind} exists in {', '.join(near)}" if near and (group or _homes(kind, built_in)) else ""


def _may_be_meant(group: str, other: str) -> bool:
    """Whether a group is another one, mistyped or renamed: `certmanager.k8s.io`, now `cert-manager.io`; or its
    neighbour: `helm.toolkit.fluxcd.io`. `keycloak.org` and `k8s.keycloak.org` are of two operators.
    """
    labels, others = group.replace("-", "").split("."), other.replace("-", "").split(".")
    if is_slip(group, other) or (len(labels) > 1 and labels[0] == others[0]):
        return True
    return len(labels) == len(others) > 2 and labels[-2:] == others[-2:]
