"""Reading a Rego module: which dialect, which package, which rules, which metadata, which builtins it calls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from gitops_guard.policy import rego_annotations, rego_tree
from gitops_guard.policy.program import Dialect, Failure, Module, Place

_IMPORTS_V1: Final = re.compile(r"^[ \t]*import[ \t]+rego\.v1\b", re.MULTILINE)
_ROOTS: Final = frozenset({"data", "input"})


@dataclass(frozen=True, slots=True)
class RegoRule:
    """One head of a rule. *partial*: it makes a set (`deny contains x`, `deny[x]`) or an object, not one value.

    *metadata* is its `# METADATA` block with what it inherits from package and document scopes: `title`,
    `description`, `related_resources`, `custom` … *bodies* counts as conftest counts tests. *is_true*: its value is
    `true` because none is given: `deny if …`. *path* is the whole name of a rule with dots in it.
    """

    name: str
    line: int
    column: int = 1
    partial: bool = False
    has_arguments: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    bodies: int = 1
    is_true: bool = False
    path: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """Something that a module calls, or names with dots, perhaps as the target of `with`: `http.send` also for
    `http["send"]`."""

    name: str
    line: int
    column: int = 1
    called: bool = True


@dataclass(frozen=True, slots=True)
class Outline:
    """What a module says of itself. *package* has no `data.` in front.

    *calls* are of everything that is not known to be a rule: builtins, functions of other modules of the package, and
    names with dots, which are mostly variables. *uses_data* are paths below `data` that are read (`inventory`,
    `conftest.file`), as far as they are constant; "" where all of `data` is.
    """

    module: Module
    package: str
    rules: tuple[RegoRule, ...] = ()
    calls: tuple[Call, ...] = ()
    imports: tuple[str, ...] = ()
    uses_data: tuple[str, ...] = ()


def tree(module: Module) -> tuple[Mapping[str, Any], bytes]:
    """The syntax tree of a module that parses, and the text that its offsets are of."""
    from gitops_guard.policy import embedded

    found = embedded.syntax_tree(module)
    assert not isinstance(found, Failure)
    return found, embedded.source(module).encode()


def read(path: str, text: str, *, dialect: Dialect | None = None, place: Place | None = None) -> Outline | Failure:
    """Without a *dialect* by trying: `import rego.v1` is v1, and so is what parses as v1; else it is v0.

    A failure names line, column and the reason of the parser; of two dialects the one that came further.
    """
    wanted = (dialect,) if dialect else (Dialect.V1,) if _IMPORTS_V1.search(text) else (Dialect.V1, Dialect.V0)
    refused: list[Failure] = []
    for each in wanted:
        found = outline(Module(path, text, each, place))
        if isinstance(found, Outline):
            return found
        refused.append(found)
    return max(refused, key=lambda failure: (failure.at.line, failure.at.column) if failure.at else (0, 0))


@lru_cache(maxsize=4096)
def outline(module: Module) -> Outline | Failure:
    """What a module whose dialect is known says of itself."""
    from gitops_guard.policy import embedded

    parsed = embedded.syntax_tree(module)
    if isinstance(parsed, Failure):
        return parsed
    metadata = rego_annotations.read(module)
    if isinstance(metadata, Failure):
        return metadata
    imports = rego_tree.imports(*tree(module))
    names = list(rego_tree.names(parsed))
    heads = list(rego_tree.heads(parsed))
    return Outline(
        module=module,
        package=rego_tree.package(parsed),
        rules=tuple(_rule(head, metadata.of(head.path[0] if head.path else "", head.line)) for head in heads),
        calls=tuple(
            _calls(
                names,
                imports,
                {head.path[0] for head in heads if head.path},
                {".".join(head.path) for head in heads},
            )
        ),
        imports=tuple(sorted({".".join(path) for path in imports.values()})),
        uses_data=tuple(sorted(_data(names, imports))),
    )


def _rule(head: rego_tree.Head, metadata: Mapping[str, Any]) -> RegoRule:
    return RegoRule(
        name=head.path[0] if head.path else "",
        line=head.line,
        column=head.column,
        partial=head.partial,
        has_arguments=head.has_arguments,
        metadata=metadata,
        bodies=head.bodies,
        is_true=head.is_true,
        path=".".join(head.path),
    )


def _calls(
    names: list[rego_tree.Named], imports: Mapping[str, tuple[str, ...]], rules: set[str], paths: set[str]
) -> list[Call]:
    """What is called, and every dotted name that is neither a document nor a rule: `with http.send as f`.

    The engine looks for a builtin by its name also where an import or a rule has the first word of it (`import
    input.time`, and then `time.now_ns()`). *paths* are the whole names of the rules.
    """
    found = {}
    for named in names:
        first, name = named.path[0], ".".join(named.path)
        if first in _ROOTS or name in paths or (first in rules and len(named.path) == 1):
            continue
        if len(named.path) > 1 or (named.called and first not in imports):
            call = Call(name, named.line, named.column, named.called and first not in imports)
            found[call.name, call.line, call.column] = call
    return [found[key] for key in sorted(found)]


def _data(names: list[rego_tree.Named], imports: Mapping[str, tuple[str, ...]]) -> set[str]:
    found = {".".join(path[1:]) for path in imports.values() if path[0] == "data"}
    for named in names:
        path = (*imports.get(named.path[0], named.path[:1]), *named.path[1:])
        if path[0] == "data":
            found.add(".".join(path[1:]))
    return found
