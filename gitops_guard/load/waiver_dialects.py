"""Suppressions that other linters read, where they mean the same as one of our rules.

Only checks of which the meaning is the same are listed: CKV_K8S_43 of checkov asks for a digest, and who skips it has
not allowed `latest`; dangling-service of kube-linter asks whether a Service finds Pods at all. docs/waivers.md lists
both kinds. Source: the lists of checks in the documentation of each linter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

_IMAGE: Final = "unpinned-image-tag"
_SECRETS: Final = ("known-token", "plaintext-secret", "private-key")
_PLACES: Final = ("secret-in-config", "secret-in-generator", "secret-in-template", "secret-in-values")
KUBE_LINTER: Final = {
    "env-var-secret": "secret-in-config",
    "latest-tag": _IMAGE,
    "mismatching-selector": "selector-mismatch",
    "no-extensions-v1beta": "deprecated-api",
}
KUBE_SCORE: Final = {
    "container-image-tag": _IMAGE,
    "stable-version": "deprecated-api",
    "deployment-pod-selector-labels-match-template-metadata-labels": "selector-mismatch",
    "statefulset-pod-selector-labels-match-template-metadata-labels": "selector-mismatch",
}
POLARIS: Final = {
    "sensitiveConfigmapContent": "secret-in-config",
    "sensitiveContainerEnvVar": "secret-in-config",
    "tagNotSpecified": _IMAGE,
}
CHECKOV: Final = {"CKV_K8S_14": _IMAGE}
TRIVY: Final = {"KSV013": _IMAGE}  # also written KSV-0013 and AVD-KSV-0013

_TRIVY: Final = re.compile(r"trivy:ignore:(?:avd-)?ksv-?0*(\d+)", re.IGNORECASE)
_NEXT_LINE: Final = re.compile(r"pragma: (?:allow|white)list nextline secret")
_SAME_LINE: Final = re.compile(r"gitleaks:allow|pragma: (?:allow|white)list secret")
_YAMLLINT: Final = re.compile(r"^yamllint disable-line(?P<rules>(?: rule:\S+)*)\s*$")
_CHECKOV_KEY: Final = re.compile(r"checkov\.io/skip\d+")


class Foreign(NamedTuple):
    """*reach* of a comment: `line` (its own), `next` (the next one) or `usual` (as our own comments)."""

    rule: str
    reason: str
    reach: str = "usual"


def of_comment(text: str) -> Iterator[Foreign]:
    """*text* is a comment without its `#`."""
    for match in _TRIVY.finditer(text):
        rule = TRIVY.get(f"KSV{int(match[1]):03}")
        if rule is not None:
            yield Foreign(rule, "trivy:ignore")
    reach = "next" if _NEXT_LINE.search(text) else "line" if _SAME_LINE.search(text) else ""
    if reach:
        yield from (Foreign(rule, "allowed for secret scanners", reach) for rule in (*_SECRETS, *_PLACES))
    lint = _YAMLLINT.match(text)
    if lint is not None and (not lint["rules"] or " rule:key-duplicates" in lint["rules"]):
        yield Foreign("duplicate-key", "yamllint disable-line")


def of_annotations(annotations: Mapping[str, Any]) -> Iterator[tuple[str, Foreign]]:
    """(key of the annotation, what it allows)."""
    for key in sorted(annotations):
        value = annotations[key]
        if "/" in key and isinstance(value, str):
            yield from ((key, Foreign(rule, reason)) for rule, reason in _of_annotation(key, value))


def _of_annotation(key: str, value: str) -> Iterator[tuple[str, str]]:
    domain, _, name = key.partition("/")
    if domain == "ignore-check.kube-linter.io":
        yield from _listed(KUBE_LINTER, [name], f"kube-linter: {value}")
    elif key == "kube-linter.io/ignore-all":
        yield from _listed(KUBE_LINTER, KUBE_LINTER, f"kube-linter: {value}")
    elif key == "kube-score/ignore":
        yield from _listed(KUBE_SCORE, [part.strip() for part in value.split(",")], "kube-score/ignore")
    elif domain == "polaris.fairwinds.com" and value == "true":
        names = POLARIS if name == "exempt" else [name.removesuffix("-exempt")] if name.endswith("-exempt") else []
        yield from _listed(POLARIS, names, f"polaris: {name}")
    elif _CHECKOV_KEY.fullmatch(key):
        check, _, reason = value.partition("=")
        yield from _listed(CHECKOV, [check.strip()], f"checkov: {reason.strip() or check.strip()}")


def _listed(table: Mapping[str, str], checks: Any, reason: str) -> Iterator[tuple[str, str]]:
    found = {table[check] for check in checks if check in table}
    return ((rule, reason) for rule in sorted(found))
