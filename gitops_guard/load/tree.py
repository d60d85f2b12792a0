"""Files → Tree: each file read, named for what it is, and its resources unwrapped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gitops_guard.load import classify, manifests, references
from gitops_guard.load.references import References
from gitops_guard.model.resource import (
    App,
    Document,
    FieldPath,
    FileKind,
    Location,
    Locator,
    Resource,
    ResourceId,
    Skipped,
    SourceFile,
    Tree,
    no_app,
)

Place = Callable[[str], App | None]
RESOURCE_KINDS = frozenset({FileKind.MANIFEST, FileKind.SOPS})


def from_files(files: Mapping[str, bytes], place: Place | None = None, *, complete: bool = True) -> Tree:
    """The Tree of files that are in memory. *place* tells the app of a path."""
    ordered = sorted(files.items())
    known = references.read(ordered)
    return assemble([source_file(path, data, known) for path, data in ordered], place, complete=complete)


def assemble(
    files: Iterable[SourceFile],
    place: Place | None = None,
    *,
    made: Mapping[str, Sequence[Resource]] | None = None,
    skipped: Sequence[Skipped] = (),
    complete: bool = True,
) -> Tree:
    """The Tree of files that were read before, in any order. *made* are resources that need not be made again."""
    ordered = tuple(sorted(files, key=lambda file: file.path))
    known = made or {}
    found = tuple(
        resource
        for file in ordered
        for resource in (known[file.path] if file.path in known else resources(file, place))
    )
    apps = tuple(sorted({resource.app for resource in found if resource.app is not None}, key=_app_order))
    return Tree(ordered, found, apps, tuple(skipped), complete, place or no_app)


def _app_order(app: App) -> tuple[str, str, str, str]:
    return app.path, app.name, app.environment, app.cluster


def source_file(path: str, data: bytes, known: References) -> SourceFile:
    """Read one file. Never raises for what is in it."""
    kind = classify.by_name(path, known)
    if kind is not None:
        return SourceFile(path, kind, reason=classify.reason_by_name(path, kind), data=data)
    told = classify.needs_no_parse(path, data)
    if told is not None:
        return SourceFile(path, told[0], reason=told[1], data=data)
    parsed = manifests.read(path, data)
    broken = any(rule == "yaml-syntax" for rule, _, _ in parsed.problems)
    if broken and classify.is_template(data):
        return SourceFile(path, FileKind.TEMPLATE, reason=classify.REASONS[FileKind.TEMPLATE], data=data)
    file = SourceFile(path, FileKind.BROKEN, parsed.documents, "", parsed.problems, data, parsed.source)
    if broken and not parsed.documents:
        return replace(file, reason=classify.REASONS[FileKind.BROKEN])
    kind, reason = classify.of_documents(path, parsed.documents, known)
    if broken and not reason:
        reason = "one of its documents does not parse"
    if kind is FileKind.MANIFEST and not reason:
        reason = _left_out(parsed.documents)
    return replace(file, kind=kind, reason=reason, provisional=_is_provisional(path, parsed.documents, known))


def _is_provisional(path: str, documents: Sequence[Document], known: References) -> bool:
    if known.leaves_out(path):
        return True
    return bool(known.replaced) and any(_is_replaced(document.body, known) for document in documents)


def _is_replaced(body: Any, known: References) -> bool:
    return isinstance(body, dict) and body.get("kind") == "Secret" and identify(body).name in known.replaced


def _left_out(documents: Sequence[Document]) -> str:
    """A `---` too many cuts a resource in two, and nobody may think that the second half was checked."""
    left = sum(not _is_resource(document.body) for document in documents)
    if not left:
        return ""
    return f"{left} of its {len(documents)} documents {'is no resource' if left == 1 else 'are no resources'}"


def _is_resource(body: Any) -> bool:
    if not isinstance(body, dict):
        return False
    if is_list(body):
        return all(isinstance(item, dict) and _is_resource(_typed(body, item)) for item in body["items"])
    return classify.is_object(body)


def resources(file: SourceFile, place: Place | None = None) -> Iterator[Resource]:
    """The objects of a file in their order, items of a `List` one by one."""
    if file.kind not in RESOURCE_KINDS or file.source is None:
        return
    app = place(file.path) if place is not None else None
    for document in file.documents:
        if isinstance(document.body, dict):
            yield from _unwrap(file, file.source, document, document.body, (), app)


def _unwrap(
    file: SourceFile, source: Locator, document: Document, body: Mapping[str, Any], prefix: FieldPath, app: App | None
) -> Iterator[Resource]:
    if is_list(body):
        for number, item in enumerate(body["items"]):
            if isinstance(item, dict):
                yield from _unwrap(file, source, document, _typed(body, item), (*prefix, "items", number), app)
        return
    if not classify.is_object(body):
        return
    location = Location(file.path, document.line) if not prefix else source.locate(document.index, prefix)
    yield Resource(
        id=identify(body),
        api_version=_text(body.get("apiVersion")),
        body=body,
        location=location,
        app=app,
        source=source,
        document=document.index,
        prefix=prefix,
        provisional=file.provisional,
    )


def is_list(body: Mapping[str, Any]) -> bool:
    """A `List`, or a typed one such as `ConfigMapList`: kubectl takes its items one by one."""
    kind = body.get("kind")
    return isinstance(kind, str) and kind.endswith("List") and isinstance(body.get("items"), list)


def _typed(outer: Mapping[str, Any], item: Mapping[str, Any]) -> Mapping[str, Any]:
    """An item of a typed list may leave out what the list says."""
    kind = str(outer["kind"]).removesuffix("List")
    if not kind or "kind" in item:
        return item
    return {"apiVersion": outer.get("apiVersion"), "kind": kind, **item}


def identify(body: Mapping[str, Any]) -> ResourceId:
    """The id of a body; parts that are missing or no text are ""."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    version = _text(body.get("apiVersion"))
    group = version.rpartition("/")[0]
    return ResourceId(group, _text(body.get("kind")), _text(metadata.get("namespace")), _text(metadata.get("name")))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
