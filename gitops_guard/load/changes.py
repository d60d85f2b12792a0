"""What patches bring into resources: strategic and JSON6902 ones, as files and as texts inside of other files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gitops_guard.load import manifests
from gitops_guard.model import secret_pieces
from gitops_guard.model.leaves import NEEDLES
from gitops_guard.model.resource import FieldPath, FileKind, Location, Locator, Resource, SourceFile

if TYPE_CHECKING:
    from gitops_guard.model.finding import Problem
    from gitops_guard.model.leaves import Reader
    from gitops_guard.model.secret_pieces import Piece

Needles = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A patch that stands as a text in a field of another document: *path* in the document, *field* in the resource."""

    outer: Locator
    document: int
    path: FieldPath
    field: FieldPath


@dataclass(frozen=True, slots=True)
class Change:
    """The part of a resource that a patch brings, as a *body* of its own; *kind* may be "".

    Of an operation, `{path: /data/x, value: 1}` becomes `{data: {x: 1}}`; *field* is then the field of its value, and
    *depth* the number of keys that its path added.
    """

    kind: str
    body: Mapping[str, Any]
    source: Locator | None
    document: int
    field: FieldPath = ()
    depth: int = 0
    within: Text | None = None

    def problems(
        self, reader: Reader, pieces: Iterable[Piece], fix: str, *, drawn: bool = False
    ) -> Iterator[tuple[int, Problem]]:
        """The leaks in *pieces* of the body, each with the number of its document; see `Reader.leaks`."""
        for piece in pieces:
            for leak in reader.leaks(piece.node, piece.path, piece.name, drawn=drawn):
                from gitops_guard.model import credentials

                at = self.locate(leak.path, leak.line)
                yield self.number, credentials.problem(leak, fix, at, self.path(leak.path))

    @property
    def number(self) -> int:
        """The number of the document of the file."""
        return self.document if self.within is None else self.within.document

    def path(self, path: FieldPath) -> FieldPath:
        """The path in the file, or in the resource that holds the text, for a *path* of the body."""
        return self.within.field if self.within is not None else (*self.field, *path[self.depth :])

    def locate(self, path: FieldPath, line: int = -1) -> Location | None:
        """The place of a field of the body, or of a line of its text."""
        if self.source is None:
            return None
        field = (*self.field, *path[self.depth :])
        inner = self.source.locate(self.document, field) if line < 0 else self.source.inside(self.document, field, line)
        if self.within is None:
            return inner
        return self.within.outer.inside(self.within.document, self.within.path, inner.line - 1)


class _Latest:
    """The changes of the file that was asked for last: every rule about secrets asks for them."""

    file: SourceFile | None = None
    needles: Needles = ()
    changes: tuple[Change, ...] = ()


def of_file(file: SourceFile, needles: Needles = NEEDLES) -> tuple[Change, ...]:
    """What the patches in a file, or in the texts of a kustomization, change.

    Of texts, those are read that hold one of the *needles*, or data.
    """
    if _Latest.file is not file or _Latest.needles != needles:
        _Latest.file, _Latest.needles, _Latest.changes = file, needles, tuple(_of_file(file, needles))
    return _Latest.changes


def _of_file(file: SourceFile, needles: Needles) -> Iterator[Change]:
    for document in file.documents:
        body = document.body
        if file.kind in (FileKind.KUSTOMIZATION, FileKind.COMPONENT):
            if isinstance(body, dict) and file.source is not None:
                kind = "Component" if file.kind is FileKind.COMPONENT else "Kustomization"
                yield from _inline(file.source, document.index, kind, body, (), needles)
        else:
            yield from _of_document(body, file.source, document.index, "")


def of_resource(resource: Resource, needles: Needles = NEEDLES) -> Iterator[Change]:
    """What the patches in the texts of a Flux Kustomization, a HelmRelease, an Application change.

    Their fields are those of the resource, without its place in a `List`.
    """
    yield from _inline(resource.source, resource.document, resource.id.kind, resource.body, resource.prefix, needles)


def _inline(
    source: Locator, document: int, kind: str, body: Mapping[str, Any], prefix: FieldPath, needles: Needles
) -> Iterator[Change]:
    for piece in secret_pieces.patch_texts(kind, body):
        lowered = piece.node.lower()
        if "data" not in lowered and not any(needle in lowered for needle in needles):
            continue  # most patches only set images
        target = secret_pieces.at(body, (*piece.path[:-1], "target", "kind")) if piece.path[-1] == "patch" else None
        parsed = manifests.read("", piece.node.encode("utf-8", "surrogatepass"))
        within = Text(source, document, (*prefix, *piece.path), piece.path)
        for found in parsed.documents:
            for change in _of_document(
                found.body, parsed.source, found.index, target if isinstance(target, str) else ""
            ):
                yield replace(change, within=within)


def _of_document(body: object, source: Locator | None, document: int, target: str) -> Iterator[Change]:
    if isinstance(body, dict):
        kind = body.get("kind")
        yield Change(kind if isinstance(kind, str) else target, body, source, document)
    elif isinstance(body, list):
        for number, operation in enumerate(body):
            if isinstance(operation, dict):
                yield from _of_operation(operation, source, document, number, target)


def _of_operation(
    operation: Mapping[str, Any], source: Locator | None, document: int, number: int, target: str
) -> Iterator[Change]:
    pointer, value = operation.get("path"), operation.get("value")
    if operation.get("op") not in ("add", "replace") or not isinstance(pointer, str) or value is None:
        return
    keys = [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]
    if len(keys) > 50:
        return
    body: Any = value
    for key in reversed(keys):
        body = {key: body}
    if isinstance(body, dict):
        kind = target or _kind_of(keys, value)
        yield Change(kind, body, source, document, (number, "value"), len(keys))


def _kind_of(keys: list[str], value: Any) -> str:
    """What an operation changes, by its path, where no target says it."""
    match keys:
        case ["stringData", *_]:
            return "Secret"
        case ["data", *_]:
            return "Secret" if _is_encoded(value) else "ConfigMap"
        case ["spec", "values", *_]:
            return "HelmRelease"
        case ["spec", "target", "template", *_]:
            return "ExternalSecret"
        case ["spec", "encryptedData", *_] | ["spec", "template", "data" | "stringData", *_]:
            return "SealedSecret"
        case ["spec", "source", "helm", *_]:
            return "Application"
    return ""


def _is_encoded(value: Any) -> bool:
    """Whether this is what the `data` of a Secret has to be: base64, of a text."""
    if isinstance(value, dict):
        return bool(value) and all(_is_encoded(entry) for entry in value.values())
    if not isinstance(value, str) or not value or len(value) % 4:
        return False
    from base64 import b64decode

    try:
        return b64decode(value, validate=True).decode("utf-8").replace("\n", "").isprintable()
    except ValueError:
        return False
