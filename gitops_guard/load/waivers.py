"""Who allowed what, where, why and until when: comments, annotations and waiver files, laid over the findings.

Only files in whose bytes a marker stands are looked at again, those for other linters only where they have findings.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, TypeVar

from gitops_guard.load import globs
from gitops_guard.load.config import read_document
from gitops_guard.load.globs import GlobError, Globs
from gitops_guard.load.manifests import FileSource
from gitops_guard.model.errors import ConfigError
from gitops_guard.model.finding import Finding, Severity, Waived, Waiver
from gitops_guard.model.resource import FieldPath, FileKind, Location, Resource, ResourceId, SourceFile, Tree

ANNOTATION: Final = "gitops-guard.dev/allow"
MALFORMED, EXPIRED, UNUSED = "waiver-malformed", "waiver-expired", "waiver-unused"
# Each suppression of `waiver_dialects` holds one of these; without any, that module is not even imported.
FOREIGN_MARKERS: Final = (
    b"kube-linter.io/", b"kube-score/ignore", b"polaris.fairwinds.com/", b"checkov.io/skip", b"trivy:ignore:",
    b"gitleaks:allow", b"pragma: allowlist", b"pragma: whitelist", b"yamllint disable-line",
)  # fmt: skip
_KEYS: Final = ("rule", "paths", "resource", "reason", "owner", "until")
_REQUIRED: Final = ("rule", "paths", "reason", "owner", "until")
# A comment in the source of a template is for what it renders, which is not looked at here.
_TEMPLATES: Final = frozenset({FileKind.HELM_TEMPLATE, FileKind.TEMPLATE})
_UNREAD: Final = frozenset({FileKind.NOT_YAML, FileKind.GIT_CRYPT, FileKind.EXCLUDED, FileKind.TOO_LARGE})
_WHOLE_FILE: Final = 1 << 60
_MOST_OF_DOCUMENT: Final = 100  # waivers of one rule; 20,000 over 20,000 findings took four minutes
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class FileWaiver:
    """One entry of a waiver file. *resource* are patterns for `Kind/name` and `Kind/namespace/name`; empty: all."""

    waiver: Waiver
    paths: Globs
    resource: Globs


@dataclass(frozen=True, slots=True)
class Outcome:
    """*kept* and *waived* in the order of the findings; *extra* are findings about waivers, sorted."""

    kept: list[Finding] = field(default_factory=list)
    waived: list[Waived] = field(default_factory=list)
    extra: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Allow:
    """A waiver that stands in a file of the tree, and what it reaches: lines, or one resource."""

    waiver: Waiver
    first: int = 0
    last: int = 0
    resource: ResourceId | None = None
    is_ours: bool = True

    @property
    def lines(self) -> range:
        return range(self.first, self.last + 1)


class _Allowed:
    """The waivers of one file by what they reach, so that not every finding meets every waiver."""

    def __init__(self, allows: Iterable[_Allow]) -> None:
        self._of_line: dict[tuple[str, int], list[tuple[int, _Allow]]] = {}
        self._of_resource: dict[tuple[str, ResourceId], list[tuple[int, _Allow]]] = {}
        self._of_document: dict[tuple[str, int], list[tuple[int, _Allow]]] = {}
        for item in enumerate(allows):
            allow = item[1]
            rule = allow.waiver.rule
            if allow.resource is not None:
                self._of_resource.setdefault((rule, allow.resource), []).append(item)
            elif allow.first == allow.last:
                self._of_line.setdefault((rule, allow.first), []).append(item)
            elif len(inside := self._of_document.setdefault((rule, allow.last), [])) < _MOST_OF_DOCUMENT:
                inside.append(item)
        self._ends = sorted({end for _, end in self._of_document})

    def reaching(self, finding: Finding) -> list[Waiver]:
        """In the order in which they stand."""
        rule, line = finding.rule, finding.location.line
        found = list(self._of_line.get((rule, line), ()))
        if finding.resource is not None:
            found += self._of_resource.get((rule, finding.resource), ())
        number = bisect_left(self._ends, line)
        if number < len(self._ends):  # a document that ends later begins later
            inside = self._of_document.get((rule, self._ends[number]), ())
            found += (item for item in inside if line in item[1].lines)
        return [allow.waiver for _, allow in sorted(found, key=itemgetter(0))]


def read(file: Path | tuple[str, bytes], known: Collection[str]) -> tuple[FileWaiver, ...]:
    """A waiver file. Raises ConfigError at the first thing that is wrong."""
    name, data = (str(file), _bytes(file)) if isinstance(file, Path) else file
    document, source = read_document(name, data, what="the waiver file")
    if document is None:
        return ()
    if not isinstance(document, list):
        raise ConfigError("the waiver file is not a list of waivers", at=source.locate(0, ()))
    return tuple(_entry(entry, number, source, known) for number, entry in enumerate(document))


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"the waiver file {str(file)!r} cannot be read: {error.strerror}") from error


def _entry(entry: Any, number: int, source: FileSource, known: Collection[str]) -> FileWaiver:
    from gitops_guard.load import waiver_text

    _check_shape(entry, number, source)
    paths = entry["paths"] if isinstance(entry["paths"], list) else [entry["paths"]]
    names = [entry["resource"]] if "resource" in entry else []
    _placed(source, (number, "rule"), lambda: waiver_text.check_rule(entry["rule"], known))
    until = _placed(source, (number, "until"), lambda: waiver_text.check_date(entry["until"]))
    patterns = _placed(source, (number, "paths"), lambda: _patterns(paths))
    resource = _placed(source, (number, "resource"), lambda: _patterns(names))
    waiver = Waiver(entry["rule"], source.locate(0, (number,)), entry["reason"], until, entry["owner"])
    return FileWaiver(waiver, patterns, resource)


def _check_shape(entry: Any, number: int, source: FileSource) -> None:
    at = source.locate(0, (number,))
    if not isinstance(entry, dict):
        raise ConfigError("a waiver is a mapping", at=at, hint=f"with {', '.join(_REQUIRED)}")
    for key in entry:
        if key not in _KEYS:
            at = source.locate(0, (number, key), key=True)
            raise ConfigError(f"a waiver has no key {key!r}", at=at, hint=_meant(key))
    missing = [f"`{key}`" for key in _REQUIRED if not entry.get(key)]
    if missing:
        raise ConfigError(f"a waiver needs {', '.join(missing)}", at=at)
    for key in entry:
        if key != "paths" and not isinstance(entry[key], str):
            raise ConfigError(f"`{key}` is not text", at=source.locate(0, (number, key)))


def _meant(key: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key, _KEYS, n=1)
    return f"did you mean {close[0]!r}?" if close else f"it has: {', '.join(_KEYS)}"


def _placed(source: FileSource, path: FieldPath, make: Callable[[], _Made]) -> _Made:
    """What *make* gives; what it refuses, at its place in the waiver file."""
    try:
        return make()
    except ValueError as error:
        raise ConfigError(str(error), at=source.locate(0, path)) from error


def _patterns(texts: Iterable[Any]) -> Globs:
    found = list(texts)
    if not all(isinstance(text, str) for text in found):
        raise GlobError("a pattern is text")
    return globs.of(found)


def apply(
    findings: Sequence[Finding],
    tree: Tree,
    file_waivers: Sequence[FileWaiver],
    known: Collection[str],
    today: str,
    *,
    complete: bool,
    ran: Collection[str],
    other_linters: bool = True,
) -> Outcome:
    """*known* are all rule ids, *ran* those that looked at this tree, *today* an ISO date.

    Unused waivers are told only of a *complete* tree: in a part of it, what they allow may lie elsewhere.
    """
    reader = _Reader(tree, known)
    allowed = reader.ours()
    if other_linters:
        reader.foreign({finding.location.file for finding in findings}, allowed)
    used: set[int] = set()
    indexed = {file: _Allowed(allows) for file, allows in allowed.items()}
    outcome = Outcome(extra=reader.malformed)
    for finding in findings:
        waivers = _matching(finding, indexed.get(finding.location.file), file_waivers, today, used)
        if waivers:
            outcome.waived.append(Waived(finding, waivers[0]))
        else:
            outcome.kept.append(finding)
    ours = [allow.waiver for file in sorted(allowed) for allow in allowed[file] if allow.is_ours]
    everyone = [*ours, *(entry.waiver for entry in file_waivers)]
    outcome.extra.extend(_expired(waiver) for waiver in everyone if _is_over(waiver, today))
    if complete:
        idle = (w for w in everyone if id(w) not in used and w.rule in ran and not _is_over(w, today))
        outcome.extra.extend(_unused(waiver) for waiver in idle if waiver.where.file not in reader.templates)
    outcome.extra.sort(key=lambda finding: (finding.location, finding.rule, finding.message))
    return outcome


def _matching(
    finding: Finding, allowed: _Allowed | None, file_waivers: Iterable[FileWaiver], today: str, used: set[int]
) -> list[Waiver]:
    if finding.rule.startswith("waiver-"):
        return []
    found = allowed.reaching(finding) if allowed is not None else []
    found += [entry.waiver for entry in file_waivers if _reaches(entry, finding)]
    found = [waiver for waiver in found if not _is_over(waiver, today)]
    used.update(map(id, found))
    return found


def _reaches(entry: FileWaiver, finding: Finding) -> bool:
    if entry.waiver.rule != finding.rule or not entry.paths.match(finding.location.file):
        return False
    if not entry.resource:
        return True
    if finding.resource is None:
        return False
    _, kind, namespace, name = finding.resource
    return entry.resource.match(f"{kind}/{name}") or entry.resource.match(f"{kind}/{namespace}/{name}")


def _is_over(waiver: Waiver, today: str) -> bool:
    return bool(waiver.until) and waiver.until < today


def _expired(waiver: Waiver) -> Finding:
    message = f"this waiver of `{waiver.rule}` expired on {waiver.until} and allows nothing any more"
    return Finding(waiver.where, EXPIRED, Severity.WARNING, message)


def _unused(waiver: Waiver) -> Finding:
    message = f"this waiver of `{waiver.rule}` is not used: there is no such finding; remove it"
    return Finding(waiver.where, UNUSED, Severity.WARNING, message)


class _Reader:
    """Finds the waivers of a tree. *malformed* grows while it reads."""

    def __init__(self, tree: Tree, known: Collection[str]) -> None:
        self._tree = tree
        self._known = known
        self.malformed: list[Finding] = []
        self.templates: set[str] = set()

    def ours(self) -> dict[str, list[_Allow]]:
        files = self._marked((b"gitops-guard",), self._tree.files)
        self.templates.update(path for path, file in files.items() if file.kind in _TEMPLATES)
        allowed: dict[str, list[_Allow]] = {}
        if not files:
            return allowed
        from gitops_guard.load import waiver_text

        for path, file in files.items():
            for comment in _comments(file):
                for body in waiver_text.directives(comment.text):
                    allowed.setdefault(path, []).extend(self._granted(comment, body))
        for resource in self._resources(files, (ANNOTATION.encode(),)):
            if ANNOTATION in resource.annotations:
                allowed.setdefault(resource.location.file, []).extend(self._annotated(resource))
        return allowed

    def foreign(self, paths: Collection[str], allowed: dict[str, list[_Allow]]) -> None:
        """Adds to *allowed* what other linters were told."""
        files = self._marked(FOREIGN_MARKERS, [file for file in self._tree.files if file.path in paths])
        if not files:
            return
        from gitops_guard.load import waiver_dialects

        for path, file in files.items():
            for comment in _comments(file):
                for found in waiver_dialects.of_comment(comment.text):
                    waiver = Waiver(found.rule, comment.where, found.reason)
                    first, last = comment.reach(found.reach)
                    allowed.setdefault(path, []).append(_Allow(waiver, first, last, is_ours=False))
        for resource in self._resources(files, FOREIGN_MARKERS):
            for key, found in waiver_dialects.of_annotations(resource.annotations):
                where = resource.locate(("metadata", "annotations", key), key=True)
                allow = _Allow(Waiver(found.rule, where, found.reason), resource=resource.id, is_ours=False)
                allowed.setdefault(resource.location.file, []).append(allow)

    @staticmethod
    def _marked(markers: Collection[bytes], files: Iterable[SourceFile]) -> dict[str, SourceFile]:
        readable = (file for file in files if file.kind not in _UNREAD)
        return {file.path: file for file in readable if any(marker in file.data for marker in markers)}

    def _resources(self, files: Mapping[str, SourceFile], markers: Iterable[bytes]) -> Iterator[Resource]:
        with_marker = {path for path, file in files.items() if any(marker in file.data for marker in markers)}
        if with_marker:
            yield from (one for one in self._tree.resources if one.location.file in with_marker)

    def _granted(self, comment: _Comment, body: str) -> Iterator[_Allow]:
        from gitops_guard.load import waiver_text

        try:
            grant = waiver_text.read(body, self._known)
        except waiver_text.WaiverError as error:
            self._refuse(comment.where, error)
            return
        if grant is None:
            return
        first, last = comment.reach("usual")
        for rule in grant.rules:
            yield _Allow(Waiver(rule, comment.where, grant.reason, grant.until), first, last)

    def _annotated(self, resource: Resource) -> Iterator[_Allow]:
        from gitops_guard.load import waiver_text

        where = resource.locate(("metadata", "annotations", ANNOTATION), key=True)
        value = resource.annotations[ANNOTATION]
        for text in str(value).replace("\n", ";").split(";"):
            if not text.strip():
                continue
            try:
                grant = waiver_text.grant(text.strip(), self._known)
            except waiver_text.WaiverError as error:
                self._refuse(where, error)
                continue
            for rule in grant.rules:
                yield _Allow(Waiver(rule, where, grant.reason, grant.until), resource=resource.id)

    def _refuse(self, where: Location, error: ValueError) -> None:
        self.malformed.append(Finding(where, MALFORMED, Severity.ERROR, str(error)))


class _Outline:
    """What follows each line of a file, found in one pass: a file can hold a waiver in every line.

    Lines count from 0. *begins* are those with which the content of a document begins.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self.begins: set[int] = set()
        is_new = True
        for number, line in enumerate(lines):
            if _is_separator(line):
                is_new = True
            elif is_new and not _is_void(line):
                self.begins.add(number)
                is_new = False
        self.content = _following(lines, lambda line: not _is_void(line))
        self.separator = _following(lines, _is_separator)


def _following(lines: Sequence[str], is_one: Callable[[str], bool]) -> list[int]:
    """For each line, and for the end, the first one from there on that is one; -1 where none is."""
    found = [-1]
    for number in range(len(lines) - 1, -1, -1):
        found.append(number if is_one(lines[number]) else found[-1])
    return found[::-1]


@dataclass(frozen=True, slots=True)
class _Comment:
    """A comment, which may be *alone* on its line. *where* counts from 1."""

    text: str
    where: Location
    alone: bool
    outline: _Outline

    def reach(self, how: str) -> tuple[int, int]:
        """First and last line: its own beside a value; alone, the next one, or the document that begins there."""
        line = self.where.line
        if how == "line" or (how == "usual" and not self.alone):
            return line, line
        target = self._next()
        if how == "usual" and target and target - 1 in self.outline.begins:
            end = self.outline.separator[target]
            return line, end if end >= 0 else _WHOLE_FILE
        return target, target

    def _next(self) -> int:
        """The next line with content, 0 where the document ends before it; the `---` of a file's head ends nothing."""
        line = self.where.line
        first, found, end = self.outline.content[0], self.outline.content[line], self.outline.separator[line]
        if 0 <= first < line and 0 <= end < found:
            return 0
        return found + 1


def _is_separator(line: str) -> bool:
    return line.startswith("---") and line[3:].strip()[:1] in ("", "#")


def _is_void(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#") or _is_separator(line)


def _comments(file: SourceFile) -> Iterator[_Comment]:
    lines = file.data.decode("utf-8", "replace").removeprefix("\ufeff").split("\n")
    if file.source is None:
        found = {number: line.partition("#")[2].strip() for number, line in enumerate(lines, start=1) if "#" in line}
    else:
        found = dict(file.source.comments())
    outline = _Outline(lines)
    for number in sorted(found):
        line = lines[number - 1].rstrip()
        column = line.rfind(found[number]) if found[number] else 0
        start = len(line[: max(column, 0)].rstrip("# \t"))
        start = line.find("#", start)
        yield _Comment(
            found[number], Location(file.path, number, max(start, 0) + 1), line.lstrip().startswith("#"), outline
        )
