"""Pairs of mistake and repair: a finding that a commit ends while its file, or its resource, is still there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from gitops_guard.model.finding import Finding
from gitops_guard.model.resource import Tree

if TYPE_CHECKING:
    from bench.histories import Identity


class Pair(NamedTuple):
    """*commit* is the one that repaired *file* (as it was called before), in line *line* of the commit before it.

    *before* and *after* are hashes of that line; *after* is "gone" where the line is, "as before" where the repair lies
    elsewhere.
    """

    corpus: str
    rule: str
    severity: str
    commit: str
    file: str
    line: int
    message: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is found and what is there in one commit."""

    commit: str
    findings: Mapping[Identity, Finding]
    data: Mapping[str, bytes]
    resources: frozenset[str]

    @classmethod
    def of(cls, commit: str, tree: Tree, findings: Mapping[Identity, Finding]) -> Standing:
        data = {file.path: file.data for file in tree.files}
        return cls(commit, findings, data, frozenset(str(resource.id) for resource in tree.resources))


def repairs(corpus: str, before: Standing, after: Standing) -> Iterator[Pair]:
    """A finding that another one of its rule replaces, in the same file or for the same resource, is not repaired."""
    ended = [found for found in before.findings if found not in after.findings]
    if not ended:
        return
    begun = [found for found in after.findings if found not in before.findings]
    in_file = Counter((found.rule, found.file) for found in begun)
    of_resource = Counter((found.rule, found.resource) for found in begun if found.resource)
    for found in ended:
        is_there = found.file in after.data
        if not is_there and found.resource not in after.resources:
            continue
        replaced, key = (in_file, found.file) if is_there else (of_resource, found.resource)
        if replaced[found.rule, key] > 0:
            replaced[found.rule, key] -= 1
            continue
        yield _pair(corpus, before, after, found)


def _pair(corpus: str, before: Standing, after: Standing, found: Identity) -> Pair:
    finding = before.findings[found]
    line = finding.location.line
    old, new = _lines(before, found.file), _lines(after, found.file)
    text = old[line - 1] if line <= len(old) else ""
    place = found.rule, found.severity, after.commit, found.file, line, finding.message
    return Pair(corpus, *place, _short(text), _followed(old, new, line - 1))


def _lines(standing: Standing, file: str) -> list[str]:
    return standing.data.get(file, b"").decode(errors="replace").splitlines()


def _followed(old: list[str], new: list[str], index: int) -> str:
    for tag, start, end, to, _ in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if start <= index < end:
            if tag == "equal":
                return "as before"
            return _short(new[min(to + index - start, len(new) - 1)]) if tag == "replace" else "gone"
    return "gone"


def _short(line: str) -> str:
    return sha256(line.strip().encode()).hexdigest()[:8]
