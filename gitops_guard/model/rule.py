"""What a rule is. One type for Python, Rego, schema and lint.

A built-in rule is a module of `gitops_guard/rules/` with one decorated function; its docstring is its documentation.
The decorators only describe: the engine (`check.py`) calls, places and counts.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gitops_guard.model.finding import Problem, RuleInfo, Severity
from gitops_guard.model.resource import Resource, SourceFile, Tree

Options = Mapping[str, Any]
OptionsAt = Callable[[str], Options]  # the options that hold for the file of this path


class Scope(StrEnum):
    RESOURCE = "resource"
    FILE = "file"
    TREE = "tree"
    ENGINE = "engine"  # found by the loader, the schemas or the linter; there is no function to call


class Profile(StrEnum):
    """Each profile holds the rules of those before it.

    Nobody chooses `OPT_IN`: its rules are asked where they are turned on by name.
    """

    MINIMAL = "minimal"
    RECOMMENDED = "recommended"
    STRICT = "strict"
    OPT_IN = "opt-in"


class Topic(StrEnum):
    """What a rule is about, for lists of rules; in the order in which a list has them."""

    SECRETS = "Secrets"
    ENVIRONMENTS = "Environments"
    VERSIONS = "Images and sources"
    DELIVERY = "Delivery"
    INTEGRITY = "Integrity"
    FORM = "Schemas and YAML"
    POLICIES = "Policies"
    WAIVERS = "Waivers"
    OTHER = "Other"


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of a rule. *schema* is JSON Schema for its value in `.gitops-guard.yaml`."""

    default: Any
    doc: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """*run* takes a Resource, a SourceFile or a Tree, by *scope*, and the options; see the decorators.

    *kinds* limits a resource rule to these kinds (empty: all), *file_kinds* a file rule to these kinds of file.
    *run_file* lets a resource rule ask files too, as a file rule does. *excerpt* says that the source line may be
    shown: never for a rule about secrets. *whole* says that the rule has no answer where only picked files were read
    (`Tree.complete` is False), *left* which part of its answer is missing there. *by_path* gives a tree rule a function
    from a path to the options there (`OptionsAt`) instead of those that hold in general: environments may differ.
    Where one of the rules that it *yields_to* has a finding about the same field in the same line, this one has none:
    one cause is one finding.
    """

    id: str
    severity: Severity
    doc: str
    scope: Scope
    run: Callable[..., Iterable[Any]]
    profile: Profile = Profile.RECOMMENDED
    options: Mapping[str, Option] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset()
    file_kinds: frozenset[str] = frozenset()
    excerpt: bool = True
    run_file: Callable[..., Iterable[Any]] | None = None
    whole: bool = False
    left: str = ""
    by_path: bool = False
    yields_to: frozenset[str] = frozenset()
    topic: Topic = Topic.OTHER

    @property
    def summary(self) -> str:
        return self.doc.split("\n\n", 1)[0].replace("\n", " ").strip()

    @property
    def may_differ(self) -> bool:
        """Whether its options may differ between environments: not where it is asked once, of all of them."""
        return self.scope is not Scope.TREE or self.by_path

    @property
    def info(self) -> RuleInfo:
        return RuleInfo(self.id, self.summary, self.doc, self.severity)


ResourceCheck = Callable[[Resource, Options], Iterable[Problem]]
FileCheck = Callable[[SourceFile, Options], Iterable[tuple[int, Problem]]]
_Found = Iterable[tuple[Resource | SourceFile, Problem]]
TreeCheck = Callable[[Tree, Options], _Found] | Callable[[Tree, OptionsAt], _Found]


def resource_rule(
    severity: Severity, *, kinds: Iterable[str] = (), **described: Any
) -> Callable[[ResourceCheck], Rule]:
    """A rule about one resource: yields Problems with paths into its body."""
    return _describe(Scope.RESOURCE, severity, kinds=frozenset(kinds), **described)


def file_rule(severity: Severity, *, file_kinds: Iterable[str] = (), **described: Any) -> Callable[[FileCheck], Rule]:
    """A rule about one file, also one that holds no resource: yields (document index, Problem)."""
    return _describe(Scope.FILE, severity, file_kinds=frozenset(file_kinds), **described)


def tree_rule(severity: Severity, **described: Any) -> Callable[[TreeCheck], Rule]:
    """A rule about the whole Tree: yields (the resource or file at fault, Problem)."""
    return _describe(Scope.TREE, severity, **described)


def engine_rule(module: str, doc: str | None, severity: Severity, **described: Any) -> Rule:
    """What the loader, the schemas, the linter or the waivers find: `RULE = engine_rule(__name__, __doc__, …)`."""
    return Rule(
        id=_id(module), severity=severity, doc=inspect.cleandoc(doc or ""), scope=Scope.ENGINE, run=tuple, **described
    )


def _id(module: str) -> str:
    return module.rpartition(".")[2].replace("_", "-")


def _describe(scope: Scope, severity: Severity, **described: Any) -> Callable[[Callable[..., Iterable[Any]]], Rule]:
    def decorate(run: Callable[..., Iterable[Any]]) -> Rule:
        module = inspect.getmodule(run)
        doc = inspect.cleandoc(module.__doc__ or "") if module else ""
        return Rule(id=_id(run.__module__), severity=severity, doc=doc, scope=scope, run=run, **described)

    return decorate
