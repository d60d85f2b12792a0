"""The documents that conftest would see of a Tree, and where what is said of them belongs.

Conftest cuts at lines that are exactly `---`, so that an empty part is a document as well, which is null; the items of
a file that is one list are documents each (parser/yaml/yaml.go, policy/engine.go `Check`). What conftest does not see,
documents behind a `--- # comment`, is seen here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from gitops_guard.load import manifests
from gitops_guard.model.resource import Document, FieldPath, FileKind, Location, Resource, SourceFile, Tree
from gitops_guard.policy import locating
from gitops_guard.policy.family import Found

_WORD: Final = re.compile(r"[^\s\"'`]+")


class Subject(Protocol):
    """*contents* is what a policy sees as `input`."""

    @property
    def file(self) -> SourceFile: ...

    @property
    def contents(self) -> Any: ...

    def found(self, rule: str, message: str, told: Mapping[str, Any]) -> Found: ...


@dataclass(frozen=True, slots=True)
class Single:
    """One document, or an item of a file that is a list: *prefix* leads to it."""

    file: SourceFile
    document: int
    contents: Any
    line: int = 1
    prefix: FieldPath = ()
    resources: Mapping[FieldPath, Resource] = field(default_factory=dict)

    def found(self, rule: str, message: str, told: Mapping[str, Any]) -> Found:
        """About the resource whose field it is; about the document where it is none."""
        problem = locating.problem(self.contents, message, told, file=self.file.path)
        path = (*self.prefix, *problem.path)
        for prefix in sorted(self.resources, key=len, reverse=True):
            if path[: len(prefix)] == prefix:
                return Found(rule, self.resources[prefix], replace(problem, path=path[len(prefix) :]))
        at = problem.at or (
            self.file.locate(self.document, path, key=problem.on_key) if path else Location(self.file.path, self.line)
        )
        return Found(rule, self.file, replace(problem, path=path, at=at), self.document)


@dataclass(frozen=True, slots=True)
class Combined:
    """All documents as one list, sorted by path."""

    subjects: Sequence[Single]

    @property
    def file(self) -> SourceFile:
        return self.subjects[0].file

    @property
    def contents(self) -> Any:
        return [{"path": subject.file.path, "contents": subject.contents} for subject in self.subjects]

    def found(self, rule: str, message: str, told: Mapping[str, Any]) -> Found:
        """In the document that the message names, by its path or its name; else in the first of all."""
        words = {word.strip(".,:;()[]<>") for word in _WORD.findall(message)}
        best = max(self.subjects, key=lambda subject: _mentions(subject, words))
        return best.found(rule, message, told)


def _mentions(subject: Single, words: set[str]) -> int:
    metadata = subject.contents.get("metadata") if isinstance(subject.contents, Mapping) else None
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    kind = subject.contents.get("kind") if isinstance(subject.contents, Mapping) else None
    return 4 * (subject.file.path in words) + 2 * (name in words) + (kind in words)


def subjects(tree: Tree) -> list[Single]:
    """In the order of the files, which are sorted by path."""
    resources: dict[tuple[str, int], dict[FieldPath, Resource]] = {}
    for resource in tree.resources:
        resources.setdefault((resource.location.file, resource.document), {})[resource.prefix] = resource
    return [subject for file in tree.files for subject in _of_file(file, resources)]


def _parsed(file: SourceFile) -> SourceFile:
    """JSON that is no resource is not parsed for rules; a policy may be about it."""
    if file.documents or file.kind is not FileKind.OTHER_YAML or not file.path.endswith(".json"):
        return file
    parsed = manifests.read(file.path, file.data)
    return replace(file, documents=parsed.documents, source=parsed.source)


def _of_file(file: SourceFile, resources: Mapping[tuple[str, int], Mapping[FieldPath, Resource]]) -> Iterator[Single]:
    file = _parsed(file)
    if file.kind is FileKind.GUARD or not (file.documents or file.kind is FileKind.EMPTY):
        return
    documents = sorted([*file.documents, *_empty(file)], key=lambda document: document.line)
    if len(documents) == 1 and isinstance(documents[0].body, list):
        document = documents[0]
        for number, item in enumerate(document.body):
            line = file.locate(document.index, (number,)).line
            yield Single(file, document.index, item, line, (number,))
        return
    for document in documents:
        known = resources.get((file.path, document.index), {})
        yield Single(file, document.index, document.body, document.line, (), known)


def _empty(file: SourceFile) -> Iterator[Document]:
    """The parts of a file that hold nothing, as conftest sees them: each is null."""
    if file.path.endswith(".json") or (b"\n---" not in file.data and file.kind is not FileKind.EMPTY):
        return
    newline = b"\r\n" if b"\r\n" in file.data else b"\n"
    line = 1
    for part in file.data.split(newline + b"---" + newline):
        lines = part.removeprefix(b"---").removesuffix(b"---").split(b"\n")
        if all(not text.strip() or text.lstrip().startswith(b"#") for text in lines):
            yield Document(-1, line, None)
        line += part.count(b"\n") + 2
