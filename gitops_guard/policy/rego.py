"""Reading a Rego module: which dialect, which package, which rules, which metadata, which builtins it calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gitops_guard.policy.program import Dialect, Failure, Module, Place


@dataclass(frozen=True, slots=True)
class RegoRule:
    """One head of a rule. *partial*: it makes a set (`deny contains x`, `deny[x]`) or an object, not one value.

    *metadata* is its `# METADATA` block with what it inherits from package, document and subpackages scopes, as OPA
    has it: `title`, `description`, `related_resources`, `custom` … *bodies* counts as conftest counts tests.
    """

    name: str
    line: int
    column: int = 1
    partial: bool = False
    has_arguments: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    bodies: int = 1
    is_true: bool = False
    """A complete rule whose value is `true` because none is given: `deny if …`, `deny { … }`."""


@dataclass(frozen=True, slots=True)
class Call:
    """A builtin that a module calls, or names as the target of `with`: `http.send` also for `http["send"]`."""

    name: str
    line: int
    column: int = 1


@dataclass(frozen=True, slots=True)
class Outline:
    """What a module says of itself. *package* has no `data.` in front."""

    module: Module
    package: str
    rules: tuple[RegoRule, ...] = ()
    calls: tuple[Call, ...] = ()
    imports: tuple[str, ...] = ()
    uses_data: tuple[str, ...] = ()
    """Paths below `data` that are read: `inventory`, `conftest.file`; as far as they are constant."""


def read(path: str, text: str, *, dialect: Dialect | None = None, place: Place | None = None) -> Outline | Failure:
    raise NotImplementedError
