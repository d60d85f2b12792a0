"""A share of the files, examined in a worker, and its way back to the parent."""

from __future__ import annotations

import marshal
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from gitops_guard import check
from gitops_guard.load import tree
from gitops_guard.load.config import Config
from gitops_guard.load.fork import fork_map
from gitops_guard.load.manifests import FileSource
from gitops_guard.load.references import References
from gitops_guard.model.finding import Crash, Finding, Severity
from gitops_guard.model.resource import App, Document, FileKind, Location, Resource, ResourceId, SourceFile
from gitops_guard.model.rule import Rule
from gitops_guard.schema.embedded import EmbeddedSchemas

_WORTH_A_FORK = 150_000  # bytes of YAML; below that a second process costs more than it saves
_EACH = 400  # what a document costs beside its bytes, in bytes; a file costs as much again
_ASKING = 2  # processes for the rules about the whole tree: more would each work out anew what rules share
_BATCH = 50  # files between two ticks


class Progress(Protocol):
    """Told of the work, also by workers: each in its own process."""

    def expect(self, files: int) -> None: ...

    def done(self, files: int) -> None: ...


class Silent:
    """Nobody watches."""

    def expect(self, files: int) -> None:
        pass

    def done(self, files: int) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Setting:
    """What every worker needs to know."""

    known: References
    place: Callable[[str], App | None]
    rules: Mapping[str, Rule]
    config: Config
    schemas: EmbeddedSchemas | None
    progress: Progress


@dataclass(frozen=True, slots=True)
class Examined:
    """*placeholders* counts values whose type was not checked, *encrypted* the resources that SOPS encrypted.

    *resources* by file are those of this very process: what comes from a worker is made again from its files.
    """

    files: list[SourceFile]
    found: check.Part = field(default_factory=check.Part)
    placeholders: int = 0
    encrypted: int = 0
    resources: Mapping[str, Sequence[Resource]] = field(default_factory=dict)


class ExamineAll(Protocol):
    def __call__(self, files: Sequence[tuple[str, bytes]], setting: Setting, *, jobs: int) -> list[Examined]: ...


def examine_all(files: Sequence[tuple[str, bytes]], setting: Setting, *, jobs: int) -> list[Examined]:
    """Every file read and examined once, by as many processes as are worth their start."""
    setting.progress.expect(len(files))
    count = max(1, min(jobs, sum(map(_weight, files)) // _WORTH_A_FORK))
    if count == 1:
        return [_examine(files, setting)]
    groups = shares(files, count)
    first: list[Examined] = []

    def work(number: int) -> bytes:
        examined = _examine([files[at] for at in groups[number]], setting)
        if number == 0:  # done by this very process: nothing has to be packed
            first.append(examined)
            return b""
        return _pack(examined)

    packed = fork_map(work, range(len(groups)))
    data = dict(files)
    return [*first, *(_unpack(part, data) for part in packed[1:])]


def in_turn(jobs: int) -> check.InTurn:
    """Questions about the whole tree, asked by two processes: whichever is free takes the next one."""

    def ask_all(ask: Callable[[int], check.Part], count: int) -> list[check.Part]:
        if jobs < _ASKING or not 2 <= count < 256:
            return check.one_by_one(ask, count)
        waiting, writer = os.pipe()
        os.write(writer, bytes(range(count)))
        os.close(writer)

        def work(_: int) -> bytes:
            said = [ask(number[0]) for number in iter(lambda: os.read(waiting, 1), b"")]
            return marshal.dumps([_part_out(part) for part in said])

        try:
            packed = fork_map(work, range(_ASKING))
        finally:
            os.close(waiting)
        return [_part_in(part) for told in packed for part in marshal.loads(told)]  # noqa: S302 - our own child

    return ask_all


def finding_map(find: Callable[[int], list[Finding]], count: int) -> list[Finding]:
    """*find* of each number below *count*, each in a process of its own but the first."""
    first: list[Finding] = []

    def work(number: int) -> bytes:
        found = find(number)
        if number == 0:
            first.extend(found)
            return b""
        return marshal.dumps([finding_out(finding) for finding in found])

    packed = fork_map(work, range(count))
    return [*first, *(finding_in(one) for told in packed[1:] for one in marshal.loads(told))]  # noqa: S302 - our own child


def shares(files: Sequence[tuple[str, bytes]], count: int) -> list[list[int]]:
    """Numbers of files in at most *count* groups of about equal weight, files of the same name in one.

    They mostly hold the same kinds, so each worker compiles fewer schemas: 7 % of the time of 3,000 resources.
    """
    total = sum(map(_weight, files))
    groups: list[list[int]] = [[] for _ in range(count)]
    done = 0
    for _, _, number in sorted((path.rpartition("/")[2], path, at) for at, (path, _) in enumerate(files)):
        groups[done * count // total].append(number)
        done += _weight(files[number])
    return [sorted(group) for group in groups if group]


def _weight(file: tuple[str, bytes]) -> int:
    return len(file[1]) + _EACH * (2 + file[1].count(b"\n---"))


def _examine(files: Sequence[tuple[str, bytes]], setting: Setting) -> Examined:
    read: list[SourceFile] = []
    for path, data in files:
        read.append(tree.source_file(path, data, setting.known))
        if len(read) % _BATCH == 0:
            setting.progress.done(_BATCH)
    made = {file.path: list(tree.resources(file, setting.place)) for file in read}
    resources = (resource for group in made.values() for resource in group)
    found = check.examine(read, resources, setting.rules, setting.config, setting.schemas, setting.place)
    setting.progress.done(len(read) % _BATCH)
    if setting.schemas is None:
        return Examined(read, found, resources=made)
    return Examined(read, found, setting.schemas.placeholders, setting.schemas.sops, made)


def _pack(examined: Examined) -> bytes:
    """marshal: ten times as fast as pickle, and the bodies are plain JSON data. Deeper than it can go never parses."""
    return marshal.dumps(
        (
            [_file_out(file) for file in examined.files],
            _part_out(examined.found),
            examined.placeholders,
            examined.encrypted,
        )
    )


def _unpack(packed: bytes, data: Mapping[str, bytes]) -> Examined:
    files, found, placeholders, encrypted = marshal.loads(packed)  # noqa: S302 - written by our own child
    return Examined([_file_in(file, data) for file in files], _part_in(found), placeholders, encrypted)


def _part_out(part: check.Part) -> tuple[Any, ...]:
    crashes = [(crash.rule, crash.where, crash.traceback, crash.reason) for crash in part.crashes]
    return [finding_out(finding) for finding in part.findings], crashes


def _part_in(packed: tuple[Any, ...]) -> check.Part:
    findings, crashes = packed
    return check.Part([finding_in(finding) for finding in findings], [Crash(*crash) for crash in crashes])


def _file_out(file: SourceFile) -> tuple[Any, ...]:
    documents = [(document.index, document.line, document.body) for document in file.documents]
    return file.path, file.kind.value, file.reason, documents, file.provisional


def _file_in(packed: tuple[Any, ...], data: Mapping[str, bytes]) -> SourceFile:
    path, kind, reason, documents, provisional = packed
    content = data[path]
    return SourceFile(
        path,
        FileKind(kind),
        tuple(Document(*document) for document in documents),
        reason,
        data=content,
        source=FileSource(path, content) if documents else None,
        provisional=provisional,
    )


def finding_out(finding: Finding) -> tuple[Any, ...]:
    """What marshal takes, without the source line."""
    resource = tuple(finding.resource) if finding.resource is not None else None
    severity = int(finding.severity)
    return tuple(finding.location), finding.rule, severity, finding.message, resource, finding.path, finding.fix


def finding_in(packed: tuple[Any, ...]) -> Finding:
    location, rule, severity, message, resource, path, fix = packed
    return Finding(
        location=Location(*location),
        rule=rule,
        severity=Severity(severity),
        message=message,
        resource=ResourceId(*resource) if resource is not None else None,
        path=path,
        fix=fix,
    )
