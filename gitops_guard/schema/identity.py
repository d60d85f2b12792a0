"""What every resource needs before a schema can judge it: apiVersion, kind and a name.

No schema demands a name, and kubeconform does not ask for one; kustomize and the API server do
(`name or generateName is required`, k8s.io/apimachinery, pkg/api/validation/objectmeta.go).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Resource

_TYPE: Final = ("apiVersion", "kind")
_NAMELESS: Final = ("Review", "List")  # SubjectAccessReview and its like are asked, not stored


def untyped(resource: Resource, homes: Sequence[str] = ()) -> Iterator[Problem]:
    """What is wrong with apiVersion and kind themselves. *homes* are the versions that have the kind."""
    from gitops_guard.schema.explain import closest

    body = resource.body
    for field in _TYPE:
        if field in body:
            if not isinstance(body[field], str) or not body[field]:
                yield Problem((field,), f"`{field}` is empty or no text; a string is needed")
            continue
        near = closest(field, [key for key in body if isinstance(key, str) and key not in _TYPE])
        if near:
            yield Problem((near,), f"`{field}` is missing; did you mean it by `{near}`?", on_key=True)
        elif field == "apiVersion" and homes:
            yield Problem((), f"`{field}` is missing; {resource.id.kind} exists in {', '.join(homes)}")
        else:
            yield Problem((), f"`{field}` is missing")


def unnamed(resource: Resource, *, is_known: bool) -> Problem | None:
    """That a resource has no name. *is_known* says that there is a schema: what has neither that nor metadata may be
    the configuration of a program. What is of a wrong type is left to the schema.
    """
    if resource.id.name or resource.id.kind.endswith(_NAMELESS):
        return None
    if "metadata" not in resource.body:
        return Problem((), "`metadata.name` is missing") if is_known else None
    metadata = resource.body["metadata"]
    if metadata is None:
        return Problem(("metadata",), "`metadata.name` is missing") if is_known else None
    if not isinstance(metadata, Mapping) or metadata.get("generateName"):
        return None
    if metadata.get("name") is None:
        return Problem(("metadata",), "`metadata.name` is missing")
    return Problem(("metadata", "name"), "`metadata.name` is empty") if metadata["name"] == "" else None
