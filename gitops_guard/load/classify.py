"""What a file is for: by its name, by who refers to it, and by what stands in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gitops_guard.load.names import KUSTOMIZATION_NAMES, is_candidate
from gitops_guard.load.references import References
from gitops_guard.model.resource import Document, FileKind

_GUARD_NAMES: Final = frozenset({".gitops-guard.yaml", ".gitops-guard.yml", ".gitops-guard-waivers.yaml"})
_CI_NAMES: Final = frozenset(
    {
        ".travis.yml", ".drone.yml", ".drone.yaml", "bitbucket-pipelines.yml", ".pre-commit-config.yaml", "action.yml",
        "action.yaml", ".woodpecker.yml", ".woodpecker.yaml",
    }
)  # fmt: skip
# `azure-pipelines-deploy.yml`, `cloudbuild.prod.yaml`, `build.gitlab-ci.yml`: one of a program's several files.
_CI_PATTERN: Final = re.compile(r"(?:azure-pipelines|cloudbuild)[\w.-]{0,100}\.ya?ml|[\w.-]{0,100}\.gitlab-ci\.ya?ml")
_CI_FOLDERS: Final = (
    ".github/", ".circleci/", ".gitea/", ".forgejo/", ".gitlab/", ".gitlab-ci/", ".woodpecker/", ".buildkite/",
    ".azure-pipelines/", ".azuredevops/", ".pipelines/",
)  # fmt: skip
_TEMPLATE_SUFFIXES: Final = (".j2", ".jinja", ".jinja2", ".tpl", ".tmpl", ".gotmpl", ".erb", ".ytt")
_TEMPLATE_LINE: Final = re.compile(
    rb"^[ \t]*(?:- )?(?:[\w.\"'/-]+:[ \t]+)?[|>]?\{[{%]|\{%-? *(?:if|for|set|endif|endfor)\b", re.MULTILINE
)
_GIT_CRYPT: Final = b"\0GITCRYPT\0"
_VALUES_NAME: Final = re.compile(r"(?:^|[-_.])values(?:[-_.]|$)")
_PATCH_NAME: Final = re.compile(r"(?:^|[-_./])(?:json6902-)?patch(?:es)?(?:[-_./]|$)")

# Kinds with apiVersion and kind that a program on a machine reads: no cluster is ever given them.
_LOCAL_GROUPS: Final = {
    "kustomize.config.k8s.io": "kustomize", "skaffold": "skaffold", "kind.x-k8s.io": "kind", "k3d.io": "k3d",
    "eksctl.io": "eksctl", "kuttl.dev": "kuttl", "backstage.io": "Backstage", "audit.k8s.io": "the API server",
    "apiserver.config.k8s.io": "the API server", "kubeadm.k8s.io": "kubeadm", "ctlptl.dev": "ctlptl",
    "kubelet.config.k8s.io": "the kubelet", "kubescheduler.config.k8s.io": "the scheduler",
    "client.authentication.k8s.io": "kubectl", "cli.kyverno.io": "kyverno", "test.gatekeeper.sh": "gator",
    "tanka.dev": "tanka", "devspace.sh": "devspace", "schema.plugin.fluxcd.io": "the flux plugin",
    "builtin": "kustomize",
}  # fmt: skip
_LOCAL_KINDS: Final = {"Config": "kubectl", "Policy": "the scheduler"}  # of `v1`, and without metadata

REASONS: Final = {
    FileKind.HELM_TEMPLATE: "Helm renders it; its source is no YAML",
    FileKind.TEMPLATE: "a template engine renders it; its source is no YAML",
    FileKind.STRATEGIC_PATCH: "a patch is a part of a resource; the schema fits the rendered whole",
    FileKind.JSON_PATCH: "a list of changes; the schema fits the rendered whole",
    FileKind.GIT_CRYPT: "encrypted as a whole",
    FileKind.BROKEN: "it does not parse",
    FileKind.NOT_YAML: "neither YAML nor JSON",
    FileKind.HELM_VALUES: "values have no Kubernetes schema",
    FileKind.OTHER_YAML: "no apiVersion and kind",
    FileKind.CI_WORKFLOW: "no Kubernetes schema",
    FileKind.HELM_CHART: "no Kubernetes schema",
}


def by_name(path: str, references: References) -> FileKind | None:
    """The kind that the name alone decides, so that the file need not be parsed; None where it does not."""
    name = path.rpartition("/")[2]
    if path.endswith(_TEMPLATE_SUFFIXES):
        return FileKind.TEMPLATE
    chart = references.chart_of(path)
    if chart is not None and path.removeprefix(chart).lstrip("/").startswith("templates/"):
        return FileKind.HELM_TEMPLATE
    return None if is_candidate(name) else FileKind.NOT_YAML


def reason_by_name(path: str, kind: FileKind) -> str:
    """Why a file that its name alone decides is not checked."""
    if kind is FileKind.NOT_YAML and is_candidate(path.lower()):
        return "its name ends in capitals, and kubectl takes only .yaml, .yml and .json from a folder"
    return REASONS[kind]


def looks_encrypted(data: bytes) -> bool:
    """By its bytes, for what must be known before a file is parsed."""
    return data.startswith(_GIT_CRYPT) or (b"ENC[AES256_GCM," in data and b"sops:" in data)


def needs_no_parse(path: str, data: bytes) -> tuple[FileKind, str] | None:
    """Files that are told by a look at their bytes."""
    if data.startswith(_GIT_CRYPT):
        return FileKind.GIT_CRYPT, REASONS[FileKind.GIT_CRYPT]
    if path.endswith(".json") and (b'"apiVersion"' not in data or b'"kind"' not in data) and b'"op"' not in data:
        return FileKind.OTHER_YAML, REASONS[FileKind.OTHER_YAML]
    if not data.strip():
        return FileKind.EMPTY, ""
    return None


def is_template(data: bytes) -> bool:
    """Whether text that is no YAML looks like the source of a template engine."""
    if b"{{" not in data and b"{%" not in data:  # the pattern needs 25 ms for 1,000 files that have neither
        return False
    return _TEMPLATE_LINE.search(data) is not None


def of_documents(path: str, documents: Sequence[Document], references: References) -> tuple[FileKind, str]:
    """The kind of a file that parses, and the reason why a part of it is not checked ("" where all is)."""
    kind = _known_by_name(path, references)
    if kind is None:
        kind = _known_by_use(path, documents, references)
    if kind is FileKind.OTHER_YAML:
        program = next(filter(None, (_local_program(document.body) for document in documents)), "")
        return kind, program or "a kustomization reads it, not a cluster"
    if kind is not None:
        return kind, REASONS.get(kind, "")
    if not documents:
        return FileKind.EMPTY, ""
    return _known_by_content(path, documents, references)


def _known_by_name(path: str, references: References) -> FileKind | None:
    name = path.rpartition("/")[2]
    if name in _GUARD_NAMES:
        return FileKind.GUARD
    if name in _CI_NAMES or path.startswith(_CI_FOLDERS) or _CI_PATTERN.fullmatch(name):
        return FileKind.CI_WORKFLOW
    if name in KUSTOMIZATION_NAMES:
        return None
    if name in ("Chart.yaml", "Chart.lock", "requirements.yaml") and path[: -len(name) - 1] in references.charts:
        return FileKind.HELM_CHART
    return None


def _known_by_use(path: str, documents: Sequence[Document], references: References) -> FileKind | None:
    role = references.roles.get(path)
    if role is not FileKind.STRATEGIC_PATCH or path in references.listed:
        return role if path not in references.listed else None
    return FileKind.JSON_PATCH if any(isinstance(document.body, list) for document in documents) else role


def _known_by_content(path: str, documents: Sequence[Document], references: References) -> tuple[FileKind, str]:
    kinds = [_of_body(path, document.body, references) for document in documents]
    for kind in (FileKind.SOPS, FileKind.MANIFEST, FileKind.COMPONENT, FileKind.KUSTOMIZATION):
        if kind in kinds:
            return kind, _sops_reason(documents) if kind is FileKind.SOPS else ""
    kind = kinds[0]
    if kind is FileKind.OTHER_YAML:
        return kind, _local_program(documents[0].body) or REASONS[kind]
    return kind, REASONS.get(kind, "")


def _of_body(path: str, body: Any, references: References) -> FileKind:
    name = path.rpartition("/")[2]
    if isinstance(body, list):
        return FileKind.JSON_PATCH if _is_json_patch(body) else FileKind.OTHER_YAML
    if not isinstance(body, dict):
        return FileKind.OTHER_YAML
    if is_sops(body):
        return FileKind.SOPS
    group = str(body.get("apiVersion", "")).partition("/")[0]
    if name in KUSTOMIZATION_NAMES or group == "kustomize.config.k8s.io":
        return FileKind.COMPONENT if body.get("kind") == "Component" else FileKind.KUSTOMIZATION
    if _is_manifest(body):
        if path not in references.listed and ("$patch" in body or _PATCH_NAME.search(path.rpartition(".")[0])):
            return FileKind.STRATEGIC_PATCH
        return FileKind.OTHER_YAML if _local_program(body) else FileKind.MANIFEST
    return FileKind.HELM_VALUES if _VALUES_NAME.search(name.rpartition(".")[0]) else FileKind.OTHER_YAML


def _is_manifest(body: Mapping[str, Any]) -> bool:
    """Also what lacks one of apiVersion and kind, so that the gap is found; values files have neither with metadata."""
    has_version, has_kind = "apiVersion" in body, "kind" in body
    if has_version and has_kind:
        return True
    return (has_version or has_kind) and isinstance(body.get("metadata"), dict)


def _is_json_patch(body: list[Any]) -> bool:
    return bool(body) and all(isinstance(item, dict) and "op" in item and "path" in item for item in body)


def is_sops(body: Mapping[str, Any]) -> bool:
    """Encrypted by SOPS, as a manifest or as a whole: a map `sops` with a `mac`, or an encrypted apiVersion."""
    block = body.get("sops")
    return isinstance(block, dict) and "mac" in block


def _sops_reason(documents: Sequence[Document]) -> str:
    if any(isinstance(document.body, dict) and _is_readable(document.body) for document in documents):
        return "values are encrypted by SOPS; names and places of fields are checked"
    return "encrypted by SOPS as a whole"


def _is_readable(body: Mapping[str, Any]) -> bool:
    version = body.get("apiVersion")
    return isinstance(version, str) and not version.startswith("ENC[") and isinstance(body.get("kind"), str)


def _local_program(body: Any) -> str:
    """Why a thing with apiVersion and kind is no manifest, or ""."""
    if not isinstance(body, dict):
        return ""
    version, kind = str(body.get("apiVersion", "")), body.get("kind")
    group = version.partition("/")[0]
    program = _LOCAL_GROUPS.get(group)
    if program is None and version == "v1" and "metadata" not in body:
        program = _LOCAL_KINDS.get(str(kind))
    return f"read by {program}, not by a cluster" if program else ""


def is_object(body: Mapping[str, Any]) -> bool:
    """Whether one document of a file of manifests is a resource that can be read: not a whole-document cipher."""
    version = body.get("apiVersion")
    if isinstance(version, str) and version.startswith("ENC["):
        return False
    return _is_manifest(body) and not _local_program(body)
