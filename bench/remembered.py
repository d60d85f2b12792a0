"""Check many revisions of one repository: what did not change is not examined again.

Only what is said of a single file or resource is remembered, and only under all that it depends on: the bytes, what
other files say of this one, its app, and the definitions of custom resources. Rules about the whole tree are asked
every time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from posixpath import dirname
from typing import Final

from gitops_guard import pipeline
from gitops_guard.check import examine
from gitops_guard.load import tree
from gitops_guard.load.config import Config, RuleSetting
from gitops_guard.load.crds import CRD_MARK
from gitops_guard.load.references import References
from gitops_guard.load.sources import Entry, Source
from gitops_guard.model.rule import Profile, Rule
from gitops_guard.parts import Examined, Setting

TODAY: Final = "2026-06-01"  # waivers that expire must not make a page of yesterday wrong


class Remembered:
    """`examine_all` with a memory, for one set of rules and one configuration.

    With *rules*, files are asked for those, whichever rules a run asks for: its memory then serves all of them.
    """

    def __init__(self, rules: Mapping[str, Rule] | None = None) -> None:
        self._rules = rules
        self._known: dict[tuple[object, ...], Examined] = {}

    def __call__(self, files: Sequence[tuple[str, bytes]], setting: Setting, *, jobs: int = 1) -> list[Examined]:  # noqa: ARG002 - one process
        definitions = _digest(files)
        if self._rules is not None:
            setting = replace(setting, rules=self._rules)
        return [self._one(path, data, definitions, setting) for path, data in files]

    def _one(self, path: str, data: bytes, definitions: bytes, setting: Setting) -> Examined:
        key = (path, data, *_role(path, setting.known), setting.place(path), definitions)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = _examined(path, data, setting)
        return found


def _role(path: str, known: References) -> tuple[object, ...]:
    """All that the other files say of this one."""
    return (
        known.roles.get(path),
        path in known.listed,
        known.chart_of(path),
        dirname(path) in known.kustomized,
        path in known.generated,
    )


def _digest(files: Sequence[tuple[str, bytes]]) -> bytes:
    found = sha256()
    for _, data in files:
        if CRD_MARK in data:
            found.update(data)
    return found.digest()


def _examined(path: str, data: bytes, setting: Setting) -> Examined:
    file = tree.source_file(path, data, setting.known)
    made = list(tree.resources(file, setting.place))
    found = examine([file], made, setting.rules, setting.config, setting.schemas, setting.place)
    return Examined([file], found, resources={path: made})


class InMemory:
    """Files that lie nowhere, as a source."""

    root = Path("/nowhere")
    label = "memory"
    is_virtual = True
    is_whole = True

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def entries(self) -> list[Entry]:
        return [Entry(path, len(data)) for path, data in sorted(self._files.items())]

    def read(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        return ((path, self._files[path]) for path in paths)

    def find(self, names: Sequence[str]) -> dict[str, bytes]:
        return {name: self._files[name] for name in names if name in self._files}

    def config(self) -> tuple[str, bytes] | None:
        return None

    def around(self) -> list[str]:
        return sorted(self._files)

    def blobs(self, paths: Sequence[str]) -> dict[str, str]:
        return dict.fromkeys(paths, "")

    def read_around(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        return self.read([path for path in paths if path in self._files])


def _everything(rules: Mapping[str, Rule]) -> Config:
    """The defaults, and the rules of the profile `strict` too; the profile itself would raise severities."""
    strict = (name for name, rule in rules.items() if rule.profile is Profile.STRICT)
    return Config(rules={name: RuleSetting(enabled=True) for name in strict})


def check(source: Source, rules: Mapping[str, Rule], examine_all: Remembered) -> pipeline.Outcome:
    """All rules with their defaults, also those of the profile `strict`; without yamllint."""
    return pipeline.run(
        pipeline.Request(
            source=source,
            rules=rules,
            known=frozenset(rules),
            config=_everything(rules),
            lint=False,
            today=TODAY,
            examine=examine_all,
        )
    )
