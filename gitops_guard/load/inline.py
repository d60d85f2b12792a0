"""YAML that stands in a text of another document: inline patches of kustomizations, values of Argo CD."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from gitops_guard.load import manifests
from gitops_guard.load.manifests import Parsed
from gitops_guard.model.resource import FieldPath, Location, SourceFile

_HEADER: Final = re.compile(r"\|[+-]?([1-9])?")


class Inline(NamedTuple):
    """One document, with its *body*, of the text in the field *path* of the document *outer* of *file*."""

    file: SourceFile
    outer: int
    path: FieldPath
    parsed: Parsed
    document: int
    body: Any

    def locate(self, path: FieldPath) -> Location:
        return locate(self.parsed, self.document, path, self.file.locate(self.outer, self.path), self.file.data)


def documents(file: SourceFile, document: int, path: FieldPath, text: str) -> Iterator[Inline]:
    """Those of the *text* that stands in a field of *file*."""
    parsed = read(text)
    for each in parsed.documents:
        yield Inline(file, document, path, parsed, each.index, each.body)


def read(text: str) -> Parsed:
    """Never raises for what is in *text*."""
    return manifests.read("", text.encode(errors="surrogatepass"))


def locate(parsed: Parsed, document: int, path: FieldPath, outer: Location, data: bytes) -> Location:
    """The place of a field of *parsed* in the file around it.

    *outer* is where the text begins in the file, *data* are the bytes of the file. A text that is no literal block
    (`|`) has other lines than its source, and all of its fields stand where it begins.
    """
    lines = data.split(b"\n")
    opening = lines[outer.line - 1] if outer.line <= len(lines) else b""
    header = _HEADER.match(opening.decode("utf-8", "replace"), outer.column - 1)
    if header is None:
        return outer
    inner = parsed.source.locate(document, path)
    if header[1]:  # `|2` counts from the key
        indent = len(opening) - len(opening.lstrip(b" -")) + int(header[1])
    else:
        content = next((line for line in lines[outer.line :] if line.strip()), b"")
        indent = len(content) - len(content.lstrip(b" "))
    return Location(outer.file, outer.line + inner.line, indent + inner.column)
