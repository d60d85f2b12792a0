"""A folder of policies: what each file and each document of it is. Nothing in it is ignored in silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from gitops_guard.load import manifests
from gitops_guard.model.resource import Document, FileKind, Location, SourceFile
from gitops_guard.policy import rego
from gitops_guard.policy.family import Listed
from gitops_guard.policy.places import PolicyFile
from gitops_guard.policy.program import Failure
from gitops_guard.policy.rego import Outline

REGO: Final = ".rego"
TESTS: Final = "_test.rego"
DATA: Final = (".yaml", ".yml", ".json")


class PolicyKind(StrEnum):
    """What a document of a folder of policies is; the value is what `policy list` prints."""

    TEMPLATE = "ConstraintTemplate"
    CONSTRAINT = "constraint"
    EXPANSION = "ExpansionTemplate"
    SUITE = "Suite"
    CEL = "CEL policy"
    KYVERNO = "Kyverno policy"
    GATEKEEPER_OTHER = "Gatekeeper resource"


_GROUPS: Final = {
    "templates.gatekeeper.sh": PolicyKind.TEMPLATE,
    "constraints.gatekeeper.sh": PolicyKind.CONSTRAINT,
    "expansion.gatekeeper.sh": PolicyKind.EXPANSION,
    "test.gatekeeper.sh": PolicyKind.SUITE,
    "config.gatekeeper.sh": PolicyKind.GATEKEEPER_OTHER,
    "connection.gatekeeper.sh": PolicyKind.GATEKEEPER_OTHER,
    "externaldata.gatekeeper.sh": PolicyKind.GATEKEEPER_OTHER,
    "mutations.gatekeeper.sh": PolicyKind.GATEKEEPER_OTHER,
    "status.gatekeeper.sh": PolicyKind.GATEKEEPER_OTHER,
    "syncset.gatekeeper.sh": PolicyKind.GATEKEEPER_OTHER,
    "kyverno.io": PolicyKind.KYVERNO,
    "policies.kyverno.io": PolicyKind.KYVERNO,
}
_CEL_KINDS: Final = frozenset({"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"})
_NOT_EVALUATED: Final = {
    PolicyKind.CEL: "not evaluated: CEL is for the API server",
    PolicyKind.KYVERNO: "not evaluated: Kyverno's own program is to be asked",
    PolicyKind.GATEKEEPER_OTHER: "not evaluated: it sets up Gatekeeper and holds no rule",
}


class PolicyDocument(NamedTuple):
    """A document of a folder of policies, in its file: the file tells where a field stands."""

    file: SourceFile
    document: Document

    @property
    def body(self) -> Mapping[str, Any]:
        assert isinstance(self.document.body, Mapping)
        return self.document.body

    @property
    def where(self) -> Location:
        return Location(self.file.path, self.document.line)


@dataclass(frozen=True, slots=True)
class Folder:
    """*modules* and *tests* are Rego, in the order of their paths. *others* are not evaluated, each with its reason."""

    modules: list[Outline] = field(default_factory=list)
    tests: list[Outline] = field(default_factory=list)
    documents: dict[PolicyKind, list[PolicyDocument]] = field(default_factory=dict)
    others: list[Listed] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def of(self, kind: PolicyKind) -> Sequence[PolicyDocument]:
        return self.documents.get(kind, ())


def read(files: Iterable[PolicyFile]) -> Folder:
    """What *files* hold. A module that does not parse is a failure, the others go on."""
    found = Folder()
    for path, data, _ in sorted(files):
        if path.endswith(REGO):
            _rego(path, data, found)
        elif path.endswith(DATA):
            _documents(path, data, found)
        else:
            found.others.append(_other(path, "no Rego, YAML or JSON"))
    return found


def _rego(path: str, data: bytes, found: Folder) -> None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found.failures.append(Failure(path, "the policy is not UTF-8", Location(path, line)))
        return
    outline = rego.read(path, text)
    if isinstance(outline, Failure):
        found.failures.append(outline)
    else:
        (found.tests if path.endswith(TESTS) else found.modules).append(outline)


def _documents(path: str, data: bytes, found: Folder) -> None:
    parsed = manifests.read(path, data)
    for _, _, problem in parsed.problems[:1]:
        found.failures.append(Failure(path, f"the file does not parse: {problem.message}", problem.at))
    file = SourceFile(path, FileKind.MANIFEST, parsed.documents, data=data, source=parsed.source)
    taken = False
    for document in parsed.documents:
        kind = kind_of(document.body) if isinstance(document.body, dict) else None
        if kind is None:
            continue
        taken = True
        found.documents.setdefault(kind, []).append(PolicyDocument(file, document))
        if kind in _NOT_EVALUATED:
            found.others.append(_not_evaluated(kind, PolicyDocument(file, document)))
    if not taken and not parsed.problems:
        found.others.append(_other(path, "neither a policy nor named as data (--policy-data)"))


def kind_of(body: Mapping[str, Any]) -> PolicyKind | None:
    """None for what is no policy at all."""
    version, kind = body.get("apiVersion"), body.get("kind")
    if not isinstance(version, str) or not isinstance(kind, str):
        return None
    group = version.rpartition("/")[0]
    if group == "admissionregistration.k8s.io" and kind in _CEL_KINDS:
        return PolicyKind.CEL
    return _GROUPS.get(group)


def listed_tests(found: Folder) -> Iterator[Listed]:
    for outline in found.tests:
        yield Listed(outline.package, "test", outline.module.at(1), note="`gitops-guard policy test` runs it")
    for document in found.of(PolicyKind.SUITE):
        name = _name(document.body)
        yield Listed(name, "Suite", document.where, note="`gitops-guard policy test` runs it")


def listed_data(file: PolicyFile) -> Listed:
    keys = ".".join(("data", *file.below))
    return Listed(keys, "data", Location(file.path))


def _name(body: Mapping[str, Any]) -> str:
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return str(name or "?")


def _other(path: str, note: str) -> Listed:
    return Listed(path, "not a policy", Location(path), note=note)


def _not_evaluated(kind: PolicyKind, document: PolicyDocument) -> Listed:
    return Listed(
        f"{document.body['kind']}/{_name(document.body)}", kind.value, document.where, note=_NOT_EVALUATED[kind]
    )


def read_data(files: Iterable[PolicyFile]) -> tuple[dict[str, Any], list[Failure]]:
    """The document `data` that *files* make together, as OPA merges them: only mappings may meet.

    A folder below the one that was named is a key. Of a file with several documents OPA reads the first.
    """
    data: dict[str, Any] = {}
    failures: list[Failure] = []
    for file in sorted(files):
        if not file.path.endswith(DATA):
            continue
        parsed = manifests.read(file.path, file.data)
        if parsed.problems:
            _, _, problem = parsed.problems[0]
            failures.append(Failure(file.path, f"the data file does not parse: {problem.message}", problem.at))
            continue
        body = parsed.documents[0].body if parsed.documents else None
        if not isinstance(body, dict):
            failures.append(Failure(file.path, "the data file is not a mapping", Location(file.path)))
            continue
        for key in reversed(file.below):
            body = {key: body}
        if clash := _merge(data, body, ()):
            failures.append(Failure(file.path, f"another data file has `data.{clash}` as well", Location(file.path)))
    return data, failures


def _merge(into: dict[str, Any], more: Mapping[str, Any], path: tuple[str, ...]) -> str:
    """The path that both have and that is no mapping in both, "" for none."""
    for key, value in more.items():
        mine = into.get(key)
        if key not in into:
            into[key] = value
        elif not (isinstance(mine, dict) and isinstance(value, dict)):
            return ".".join((*path, key))
        elif clash := _merge(mine, value, (*path, key)):
            return clash
    return ""
