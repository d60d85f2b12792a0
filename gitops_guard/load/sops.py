"""SOPS: which files a `.sops.yaml` wants encrypted, and which fields of a file its `sops` block does.

Read from the source of SOPS 3.13 (`config/config.go`, `sops.go`). Patterns are Go's, unanchored, and come from the
repository: they run on an engine that is linear in time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from gitops_guard.load.linear import Linear, RefusedError
from gitops_guard.model.resource import FieldPath, SourceFile

CIPHER: Final = "ENC[AES256_GCM,data:"
SELECTORS: Final = (
    "unencrypted_suffix", "encrypted_suffix", "unencrypted_regex", "encrypted_regex",
    "unencrypted_comment_regex", "encrypted_comment_regex",
)  # fmt: skip
_DEFAULT_SUFFIX: Final = "_unencrypted"

Comments = Callable[[], Sequence[str]]


class Selection:
    """Which fields are encrypted: what a `sops` block or a creation rule says; *is_default* where it says nothing."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self._said = {name: said[name] for name in SELECTORS if isinstance(said.get(name), str) and said[name]}
        self.is_default = not self._said
        if self.is_default:
            self._said = {"unencrypted_suffix": _DEFAULT_SUFFIX}
        self._patterns: dict[str, Linear | None] = {}
        self._known: dict[tuple[str, str], bool] = {}

    def covers(self, path: FieldPath, comments: Comments) -> bool:
        """Whether the field at *path* is encrypted. Numbers of lists are no part of a path; *comments* stand above."""
        names = [step for step in path if isinstance(step, str)]
        encrypted = True
        for selector, pattern in self._said.items():
            texts = comments() if "comment" in selector else names
            matches = any(self._matches(selector, pattern, text) for text in texts)
            if selector.startswith("encrypted"):
                encrypted = matches
            elif matches:
                encrypted = False
        return encrypted

    def _matches(self, selector: str, pattern: str, text: str) -> bool:
        if selector.endswith("suffix"):
            return text.endswith(pattern)
        known = self._known.get((selector, text))
        if known is None:
            known = self._known[selector, text] = self._found(pattern, text)
        return known

    def _found(self, pattern: str, text: str) -> bool:
        if pattern not in self._patterns:
            self._patterns[pattern] = _compiled(pattern)
        compiled = self._patterns[pattern]
        # Go's `regexp.Match` gives an error for what is no pattern, and SOPS takes that for "does not match".
        return compiled is not None and compiled.found_in(_clean(text))


def _compiled(pattern: str) -> Linear | None:
    try:
        return Linear(pattern)
    except RefusedError:
        return None


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class CreationRule:
    """*pattern* is None where there is none, and the rule is for every file. *faults* are (field, error)."""

    number: int
    written: str
    pattern: Linear | None
    selection: Selection
    faults: tuple[tuple[str, RefusedError], ...] = ()
    has_several: bool = False

    @property
    def is_refused(self) -> bool:
        return any(name == "path_regex" for name, _ in self.faults)

    def matches(self, path: str) -> bool:
        return self.pattern is None or self.pattern.found_in(_clean(path))


@dataclass(frozen=True, slots=True)
class SopsConfig:
    """One `.sops.yaml`."""

    file: SourceFile
    rules: tuple[CreationRule, ...] = field(default_factory=tuple)

    @property
    def folder(self) -> str:
        return self.file.path.rpartition("/")[0]

    def rule_for(self, path: str) -> CreationRule | None:
        """The first rule whose `path_regex` is in the path relative to this file; SOPS stops at one it cannot read."""
        relative = self.relative(path)
        for rule in self.rules:
            if rule.is_refused:
                return None
            if rule.matches(relative):
                return rule
        return None

    def relative(self, path: str) -> str:
        return path.removeprefix(f"{self.folder}/") if self.folder else path


class Configs:
    """All `.sops.yaml` of a tree, by folder."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self._by_folder = {config.folder: config for config in map(_config, files)}
        self._nearest: dict[str, SopsConfig | None] = {}

    def __bool__(self) -> bool:
        return bool(self._by_folder)

    def __iter__(self) -> Iterator[SopsConfig]:
        return iter(self._by_folder.values())

    def nearest(self, path: str) -> SopsConfig | None:
        """That of the file's folder, or of the nearest above it."""
        return self._of_folder(path.rpartition("/")[0])

    def _of_folder(self, folder: str) -> SopsConfig | None:
        passed = []
        at = folder
        while at not in self._nearest and at not in self._by_folder and at:
            passed.append(at)
            at = at.rpartition("/")[0]
        found = self._nearest[at] if at in self._nearest else self._by_folder.get(at)
        self._nearest.update(dict.fromkeys(passed, found))
        return found


def _config(file: SourceFile) -> SopsConfig:
    body = file.documents[0].body if file.documents else None
    listed = body.get("creation_rules") if isinstance(body, Mapping) else None
    entries = listed if isinstance(listed, list) else []
    return SopsConfig(file, tuple(_rule(at, entry) for at, entry in enumerate(entries) if isinstance(entry, Mapping)))


def _rule(number: int, entry: Mapping[str, Any]) -> CreationRule:
    faults: list[tuple[str, RefusedError]] = []
    pattern: Linear | None = None
    written = entry.get("path_regex")
    for name in ("path_regex", *(name for name in SELECTORS if name.endswith("regex"))):
        value = entry.get(name)
        if isinstance(value, str) and value:
            try:
                compiled = Linear(value)
            except RefusedError as error:
                faults.append((name, error))
                continue
            pattern = compiled if name == "path_regex" else pattern
    return CreationRule(
        number=number,
        written=written if isinstance(written, str) else "",
        pattern=pattern,
        selection=Selection(entry),
        faults=tuple(faults),
        has_several=sum(bool(entry.get(name)) for name in SELECTORS) > 1,
    )


def is_plain(value: object) -> bool:
    """Whether SOPS would have something to encrypt there: it leaves null and empty text as they are."""
    if isinstance(value, str):
        return bool(value) and not value.startswith(CIPHER)
    return isinstance(value, int | float)


def comments_above(file: SourceFile, document: int, path: FieldPath) -> list[str]:
    """The comments beside and right above a field, and above all that it lies in, as SOPS reads them."""
    if file.source is None:
        return []
    comments, lines = file.source.comments(), _lines(file.data)
    found: list[str] = []
    for length in range(1, len(path) + 1):
        line = file.locate(document, path[:length], key=isinstance(path[length - 1], str)).line
        found.append(comments.get(line, ""))
        # What ends the line of another field belongs to that one.
        while (line := line - 1) in comments and lines[line - 1].lstrip().startswith(b"#"):
            found.append(comments[line])
    return [written for text in found if text for written in (text, f" {text}")]


@lru_cache(maxsize=1)
def _lines(data: bytes) -> list[bytes]:
    return data.split(b"\n")
