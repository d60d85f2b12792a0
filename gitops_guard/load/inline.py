"""YAML that stands in a text of another document: inline patches of kustomizations, values of Argo CD."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from gitops_guard.load import manifests
from gitops_guard.load.manifests import Parsed
from gitops_guard.model.resource import FieldPath, Location, Locator, SourceFile


class Inline(NamedTuple):
    """One document, with its *body*, of the text in the field *path* of the document *outer* of a file."""

    file: SourceFile | Locator
    outer: int
    path: FieldPath
    parsed: Parsed
    document: int
    body: Any

    def locate(self, path: FieldPath) -> Location:
        """The place of a field in the file around it; of the text, where that is no literal block."""
        inner = self.parsed.source.locate(self.document, path)
        return self.file.inside(self.outer, self.path, inner.line - 1, inner.column)


def documents(file: SourceFile | Locator, document: int, path: FieldPath, text: str) -> Iterator[Inline]:
    """Those of the *text* that stands in a field of *file*."""
    parsed = read(text)
    for each in parsed.documents:
        yield Inline(file, document, path, parsed, each.index, each.body)


def read(text: str) -> Parsed:
    """Never raises for what is in *text*."""
    return manifests.read("", text.encode(errors="surrogatepass"))
