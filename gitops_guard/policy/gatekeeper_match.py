"""Which resources a constraint is about: `spec.match`, as Gatekeeper has it (pkg/mutation/match/match.go)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gitops_guard.policy.gatekeeper_review import Review

_ANY: Final = "*"


class NamespaceUnknownError(Exception):
    """The labels of the namespace decide, and nobody knows them."""


@dataclass(frozen=True, slots=True)
class Match:
    """*spec* is `spec.match` of a constraint."""

    spec: Mapping[str, Any]

    def __call__(self, review: Review) -> bool:
        """Raises NamespaceUnknownError where a `namespaceSelector` asks for labels of a Namespace that is not there."""
        if not self.has_kind(review.group, review.kind):
            return False
        return any(self._is_about(review, body) for body in (review.body, review.old) if body is not None)

    def has_kind(self, group: str, kind: str) -> bool:
        """Whether resources of this kind can match at all; an old object has the kind of the new one."""
        kinds = self.spec.get("kinds")
        if not kinds:
            return True
        entries = (entry for entry in kinds if isinstance(entry, Mapping))
        return any(_in(entry.get("kinds"), kind) and _in(entry.get("apiGroups"), group) for entry in entries)

    def _is_about(self, review: Review, body: Mapping[str, Any]) -> bool:
        return all(matches(self.spec, review, body) for matches in _MATCHERS)


def _in(names: object, name: str) -> bool:
    return not isinstance(names, list) or not names or _ANY in names or name in names


def _scope(spec: Mapping[str, Any], review: Review, _: Mapping[str, Any]) -> bool:
    has_namespace = not review.is_cluster_scoped
    match spec.get("scope"):
        case "Cluster":
            return not has_namespace
        case "Namespaced":
            return has_namespace
        case _:
            return True


def _namespaces(spec: Mapping[str, Any], review: Review, _: Mapping[str, Any]) -> bool:
    wanted = spec.get("namespaces")
    return not wanted or _has_none(review) or any(fits(pattern, _namespace(review)) for pattern in wanted)


def _excluded(spec: Mapping[str, Any], review: Review, _: Mapping[str, Any]) -> bool:
    excluded = spec.get("excludedNamespaces")
    return not excluded or _has_none(review) or not any(fits(pattern, _namespace(review)) for pattern in excluded)


def _has_none(review: Review) -> bool:
    return review.is_cluster_scoped and not review.is_namespace


def _namespace(review: Review) -> str:
    return review.name if review.is_namespace else review.namespace


def fits(pattern: str, name: str, *, generated: bool = False) -> bool:
    """A name with `*` in front, behind, or both. Of a *generated* name only the front is known."""
    front, behind = pattern.startswith(_ANY), pattern.endswith(_ANY)
    if front and behind:
        return pattern.strip(_ANY) in name
    if behind:
        return name.startswith(pattern[:-1])
    if generated:
        return False
    return name.endswith(pattern[1:]) if front else name == pattern


def _labels(spec: Mapping[str, Any], _: Review, body: Mapping[str, Any]) -> bool:
    selector = spec.get("labelSelector")
    return not isinstance(selector, Mapping) or selects(selector, labels(body))


def _namespace_labels(spec: Mapping[str, Any], review: Review, body: Mapping[str, Any]) -> bool:
    selector = spec.get("namespaceSelector")
    if not isinstance(selector, Mapping):
        return True
    if review.is_namespace:
        return selects(selector, labels(body))
    if review.is_cluster_scoped:
        return True
    if (
        not review.namespace
    ):  # whoever applies it says which: no pattern and no label of a namespace is met, as in gator
        return selects(selector, {})
    if review.namespace_body is None:
        raise NamespaceUnknownError
    return selects(selector, labels(review.namespace_body))


def _name(spec: Mapping[str, Any], review: Review, body: Mapping[str, Any]) -> bool:
    pattern = spec.get("name")
    if not pattern:
        return True
    metadata = body.get("metadata")
    start = metadata.get("generateName") if isinstance(metadata, Mapping) else None
    return fits(pattern, review.name) or (isinstance(start, str) and fits(pattern, start, generated=True))


def _source(spec: Mapping[str, Any], review: Review, _: Mapping[str, Any]) -> bool:
    source = spec.get("source") or "All"
    return bool(source == "All" or (source == "Generated") == review.is_generated)


_MATCHERS: Final[Sequence[Callable[[Mapping[str, Any], Review, Mapping[str, Any]], bool]]] = (
    _scope, _namespaces, _excluded, _labels, _namespace_labels, _name, _source
)  # fmt: skip


def labels(body: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = body.get("metadata")
    found = metadata.get("labels") if isinstance(metadata, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def selects(selector: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """A label selector of Kubernetes: `matchLabels` and `matchExpressions`."""
    wanted = selector.get("matchLabels") or {}
    expressions: Iterable[Mapping[str, Any]] = selector.get("matchExpressions") or ()
    return all(found.get(key) == value for key, value in wanted.items()) and all(
        _fulfils(expression, found) for expression in expressions
    )


def _fulfils(expression: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    key, values = str(expression.get("key")), expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return key in found and found[key] in values
        case "NotIn":
            return key not in found or found[key] not in values
        case "Exists":
            return key in found
        case "DoesNotExist":
            return key not in found
        case _:
            return False
