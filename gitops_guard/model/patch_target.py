"""How kustomize chooses what a patch is applied to: by id, or by a selector of regular expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final
from warnings import catch_warnings

from gitops_guard.model.kustomization import Member, Name
from gitops_guard.model.placeholder import is_placeholder

FIELDS: Final = ("group", "version", "kind", "namespace", "name")
_LONGEST: Final = 253  # of a name in Kubernetes, and of a pattern that is tried
_REPEATS: Final = re.compile(r"[*+?{]")
_EQUAL: Final = re.compile(r"\s*([\w./-]+)\s*==?\s*([\w.-]*)\s*")


def has_id(member: Member, body: Mapping[str, Any]) -> bool:
    """Whether a strategic merge patch is meant for *member*; what cannot be read is taken for a match."""
    version, kind = body.get("apiVersion"), body.get("kind")
    wanted = name_of(body)
    if wanted is None or not isinstance(version, str) or not isinstance(kind, str):
        return True
    if (member.group, member.version, member.kind) != (*split_version(version), kind):
        return False
    return any(_is_same(member, name, wanted) for name in member.names)


def split_version(version: str) -> tuple[str, str]:
    """`apps/v1` → (`apps`, `v1`)."""
    group, _, number = version.rpartition("/")
    return group, number


def name_of(body: Mapping[str, Any]) -> Name | None:
    """The name and namespace of a body; None where they are no text, or are computed later."""
    metadata = body.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    name, namespace = metadata.get("name"), metadata.get("namespace", "")
    if not isinstance(name, str) or not isinstance(namespace, str) or is_placeholder(name) or is_placeholder(namespace):
        return None
    return Name(namespace, name)


def _is_same(member: Member, name: Name, wanted: Name) -> bool:
    if is_placeholder(name.name) or is_placeholder(name.namespace):
        return True
    is_there = member.is_of_cluster or _effective(name.namespace) == _effective(wanted.namespace)
    return is_there and name.name == wanted.name


def _effective(namespace: str) -> str:
    return namespace or "default"


def is_selected(member: Member, target: Mapping[str, Any], *, labelled: bool = True) -> bool:
    """Whether the `target` of a patch selects *member*.

    What cannot be judged is taken for a match: patterns that could run long, selectors of sets, and labels where not
    all of them are known (*labelled* is False).
    """
    own = {"group": member.group, "version": member.version, "kind": member.kind}
    for field, value in own.items():
        if not matches(target.get(field), value):
            return False
    if not any(_is_named(member, name, target) for name in member.names):
        return False
    if not labelled:
        return True
    return _has(member.labels, target.get("labelSelector")) and _has(
        member.annotations, target.get("annotationSelector")
    )


def _is_named(member: Member, name: Name, target: Mapping[str, Any]) -> bool:
    if is_placeholder(name.name) or is_placeholder(name.namespace):
        return True
    is_there = member.is_of_cluster or matches(target.get("namespace"), _effective(name.namespace))
    return is_there and matches(target.get("name"), name.name)


def matches(pattern: object, value: str) -> bool:
    """Whether a field of a selector, a whole regular expression, matches; one that is missing matches all."""
    if not isinstance(pattern, str) or not pattern or pattern == value or is_placeholder(pattern):
        return True
    if len(value) > _LONGEST:
        return True
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """None for a pattern that is not tried: no regular expression, or one that could run long.

    With two repetitions and none of a group, a name of 253 characters is tried at most 32,000 times.
    """
    if len(pattern) > _LONGEST or len(_REPEATS.findall(pattern)) > 2 or re.search(r"\)[*+?{]|\(\?|\\[^.-]", pattern):
        return None
    try:
        with catch_warnings(action="ignore"):  # of sets in sets, which Go does not have
            return re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return None


def _has(labels: Mapping[str, Any], selector: object) -> bool:
    if not isinstance(selector, str):
        return True
    for part in selector.split(","):
        equal = _EQUAL.fullmatch(part)
        if equal is None:
            return True  # `in (…)`, `!=`, `!key`, or a mistake
        if labels.get(equal[1]) != equal[2] and not is_placeholder(str(labels.get(equal[1]))):
            return False
    return True


def nearest(members: Iterable[Member], target: Mapping[str, Any]) -> str:
    """The field of a selector that keeps it from matching: without it alone, something would.

    Where more than one is wrong: the kind if there is nothing of it, else the name. "" for none.
    """
    known = list(members)
    for field in reversed(FIELDS):
        if target.get(field):
            rest = {key: value for key, value in target.items() if key != field}
            if any(is_selected(member, rest) for member in known):
                return field
    is_kind = any(matches(target.get("kind"), member.kind) for member in known)
    return next((field for field in (("name",) if is_kind else ("kind", "name")) if target.get(field)), "")
