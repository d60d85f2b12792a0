"""Ask the embedded engine about YAML in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

from gitops_guard.load import tree
from gitops_guard.model.resource import Resource
from gitops_guard.schema.embedded import EmbeddedSchemas


class Answer(NamedTuple):
    line: int
    column: int
    rule: str
    message: str


Check = Callable[..., list[Answer]]
Read = Callable[[str], tuple[Resource, ...]]


def _read(text: str) -> tuple[Resource, ...]:
    return tree.from_files({"file.yaml": dedent(text).encode()}).resources


@pytest.fixture(scope="session")
def read() -> Read:
    """The resources of a file in memory."""
    return _read


@pytest.fixture(scope="session")
def check() -> Check:
    """What the schemas alone say of a file in memory, sorted by place; see test_identity.py for the name."""
    known: dict[str, EmbeddedSchemas] = {}

    def run(
        text: str,
        *,
        version: str = "1.31",
        crds: Iterable[Mapping[str, Any]] = (),
        locations: Iterable[str] = (),
        online: bool = False,
        cache_dir: Path | None = None,
    ) -> list[Answer]:
        if crds or locations:
            definitions = list(crds)
            schemas = EmbeddedSchemas(
                version, crds=lambda *_: definitions, locations=list(locations), online=online, cache_dir=cache_dir
            )
        else:
            schemas = known.setdefault(version, EmbeddedSchemas(version, crds=lambda *_: ()))
        found = []
        for resource in _read(text):
            for rule, problem in schemas.judge(resource):
                place = resource.locate(problem.path, key=problem.on_key)
                found.append(Answer(place.line, place.column, rule, problem.message))
        return sorted(found)

    return run
