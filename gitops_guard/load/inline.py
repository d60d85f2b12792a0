"""YAML that stands as text in a field of another file, such as an inline patch, with the places of that file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from gitops_guard.load import manifests
from gitops_guard.model.resource import FieldPath, Location, SourceFile


class Inline(NamedTuple):
    """One document of the text in the field *path* of *file*."""

    file: SourceFile
    outer: int
    path: FieldPath
    text: str
    document: int
    body: Any

    def locate(self, path: FieldPath) -> Location:
        """The line of a field in the text; of the whole text where it is no block (`|`)."""
        start = self.file.locate(self.outer, self.path)
        lines = self.file.data.decode(errors="replace").splitlines()
        head = lines[start.line - 1][start.column - 1 :] if start.line <= len(lines) else ""
        if not head.startswith("|"):
            return start
        inner = manifests.read(start.file, self.text.encode()).source.locate(self.document, path)
        line = start.line + inner.line
        written = lines[line - 1] if line <= len(lines) else ""
        plain = self.text.splitlines()[inner.line - 1] if inner.line <= self.text.count("\n") + 1 else ""
        return Location(start.file, line, inner.column + max(len(written) - len(plain), 0))


def read(file: SourceFile, document: int, path: FieldPath, text: str) -> Iterator[Inline]:
    for parsed in manifests.read(file.path, text.encode(errors="replace")).documents:
        yield Inline(file, document, path, text, parsed.index, parsed.body)
