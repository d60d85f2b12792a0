"""The verdict on a repository that has not changed since the run before: told again, without reading a document.

A message may name a value, so what is kept is sealed with a key that is made of the files themselves: it can be opened
by who has all of them, and says nothing to anybody else. Source lines are never kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from gitops_guard import check as engine
from gitops_guard import parts, pipeline
from gitops_guard.load import bundled
from gitops_guard.model.finding import Coverage, Finding, Report, Waived, Waiver
from gitops_guard.model.resource import Location, Skipped
from gitops_guard.pipeline import Given, Outcome, Request

_RUNS: Final = 8  # verdicts of one repository: its last states, with a few sets of flags
_KEY_BYTES: Final = 16


class Verdict(NamedTuple):
    """*checked* says whether there was anything to check, *label* what was looked at."""

    report: Report
    checked: bool
    label: str


def check(request: Request) -> Verdict:
    """Raises GuardError where the surroundings fail."""
    given = pipeline.given(request)
    label = request.source.label
    if not _can_be_kept(request):
        outcome = pipeline.run(request, given)
        return Verdict(outcome.report, outcome.checked, label)
    assert request.cache is not None
    store = request.cache.store("verdicts", limit=_RUNS)
    name, seal = _keys(request, given)
    kept = store.get(name)
    told = _recall(kept, seal, request, given) if kept is not None else None
    if told is not None:
        return Verdict(*told, label)
    outcome = pipeline.run(request, given)
    if not outcome.report.crashes:
        store.put(name, _sealed(_kept(request, outcome), seal))
        store.save()
    return Verdict(outcome.report, outcome.checked, label)


def _can_be_kept(request: Request) -> bool:
    """Not where schemas come from elsewhere, which may change, or another program judges, which OPA also is."""
    config = request.config
    return (
        request.cache is not None
        and request.cache.folder is not None
        and request.source.is_whole
        and not request.online
        and not config.schema_locations
        and config.engine == "embedded"
        and config.policy.engine == "embedded"
    )


def _keys(request: Request, given: Given) -> tuple[bytes, bytes]:
    """The name of an entry and the key that opens it: both change with all that can change a verdict."""
    from hashlib import blake2b

    linted = request.lint and request.config.lint and "lint" in request.rules
    settings = (
        request.config.digest,
        sorted(request.rules),
        sorted(request.known),
        request.today,
        _lint_state(request) if linted else "",
        [(path, kind and kind.value, reason) for path, _, kind, reason, _ in given.entries],
        request.code,
        request.policies.digest if request.policies is not None else "",
        [(entry.waiver, entry.paths.patterns, entry.resource.patterns) for entry in given.waivers],
        _program(),
    )
    content = blake2b(repr(settings).encode("utf-8", "surrogateescape"), digest_size=64)
    for path, data in given.files:
        content.update(b"\0%d %d " % (len(path), len(data)) + os.fsencode(path) + data)
    whole = content.digest()
    return blake2b(whole, digest_size=_KEY_BYTES, person=b"name").digest(), blake2b(whole, person=b"seal").digest()


def _lint_state(request: Request) -> str:
    from gitops_guard import lint

    return lint.state(request.source.root, request.source.find)


def _program() -> list[tuple[str, int, int]]:
    """The files of this very program: an installation from a newer commit may bear the same version."""
    package = os.path.dirname(__file__)  # noqa: PTH120 - no pathlib in a hot path
    folders = [package, str(bundled.folder("schemas")), str(bundled.folder("policies"))]
    found: list[tuple[str, int, int]] = []
    while folders:
        with os.scandir(folders.pop()) as items:
            for item in items:
                if item.is_dir(follow_symlinks=False):
                    if item.name != "__pycache__":
                        folders.append(item.path)
                else:
                    state = item.stat()
                    found.append((item.path, state.st_mtime_ns, state.st_size))
    return sorted(found)


def _kept(request: Request, outcome: Outcome) -> bytes:
    """As JSON: whoever can write into the cache may make us tell nonsense, but not run code."""
    import json

    read = dict(request.source.read_around(outcome.texts))
    texts = [(path, _digest(read.get(path, b""))) for path in outcome.texts]
    return json.dumps((texts, outcome.checked, _report_out(outcome.report))).encode()


def _recall(kept: bytes, seal: bytes, request: Request, given: Given) -> tuple[Report, bool] | None:
    """None where a text that a generator or a workflow names is another one now."""
    import json

    texts, checked, packed = json.loads(_sealed(kept, seal))
    now = dict(request.source.read_around([path for path, _ in texts]))
    if any(_digest(now.get(path, b"")) != digest for path, digest in texts):
        return None
    return _report_in(packed, request, {**dict(given.files), **now}), checked


def _digest(content: bytes) -> str:
    from hashlib import blake2b

    return blake2b(content, digest_size=_KEY_BYTES).hexdigest()


def _sealed(data: bytes, key: bytes) -> bytes:
    """Sealed, or opened again: the same exclusive or with a stream that the key makes."""
    from hashlib import shake_256

    stream = shake_256(key).digest(len(data))
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(data), "big")


def _report_out(report: Report) -> tuple[Any, ...]:
    covered = report.coverage
    return (
        [parts.finding_out(finding) for finding in report.findings],
        [(parts.finding_out(each.finding), _waiver_out(each.waiver)) for each in report.waived],
        (covered.resources, covered.files, covered.environments, covered.apps),
        [_lines_out(lines) for lines in (covered.skipped, covered.partial, covered.other)],
        covered.notes,
    )


def _report_in(packed: Sequence[Any], request: Request, data: Mapping[str, bytes]) -> Report:
    findings, waived, counts, ledger, notes = packed
    found = [_finding_in(each) for each in findings]
    named = sorted({finding.rule for finding in found} & request.rules.keys())
    return Report(
        findings=tuple(engine.with_excerpts(found, data, request.rules)),
        waived=tuple(Waived(_finding_in(finding), _waiver_in(waiver)) for finding, waiver in waived),
        coverage=_coverage_in(counts, ledger, notes),
        rules=tuple(request.rules[name].info for name in named),
    )


def _coverage_in(counts: Sequence[int], ledger: Sequence[Sequence[Sequence[str]]], notes: Sequence[str]) -> Coverage:
    resources, files, environments, apps = counts
    skipped, partial, other = (tuple(Skipped(*line) for line in lines) for lines in ledger)
    return Coverage(resources, files, environments, apps, skipped, partial, other, tuple(notes))


def _finding_in(packed: Sequence[Any]) -> Finding:
    *head, path, fix = packed
    return parts.finding_in((*head, tuple(path), fix))


def _lines_out(lines: Iterable[Skipped]) -> list[tuple[str, str, str]]:
    return [(line.file, line.kind, line.reason) for line in lines]


def _waiver_out(waiver: Waiver) -> tuple[Any, ...]:
    return waiver.rule, tuple(waiver.where), waiver.reason, waiver.until, waiver.owner


def _waiver_in(packed: Sequence[Any]) -> Waiver:
    rule, where, *rest = packed
    return Waiver(rule, Location(*where), *rest)
