"""What a family of policies (conftest, Gatekeeper, Pod Security, the bundled ones) has for a run.

A family is loaded once, tells its rules and what it did not take, and turns a Tree into questions. Whoever runs it
gives the questions to an engine and the answers back; what comes out are problems with a subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location, Resource, SourceFile, Tree
from gitops_guard.model.rule import Rule
from gitops_guard.policy.program import Answer, Failure, Question


class Found(NamedTuple):
    """What a policy says: *rule* is an id of the family's rules, *subject* what it is about.

    Of a SourceFile *document* is the index of the document; the path of the problem begins there, of a Resource at the
    resource. *holds* says that something in the Tree asks for it, so that it is a finding although no profile turned
    the rule on.
    """

    rule: str
    subject: Resource | SourceFile
    problem: Problem
    document: int = 0
    holds: bool = False


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question and what becomes of its answers.

    *told* is called once for each input, with its number and the answers in the order of the question's rules; what
    could not be answered is undefined.
    """

    question: Question
    told: Callable[[int, Sequence[Answer]], Iterable[Found | Failure]]


class Listed(NamedTuple):
    """A line of `policy list`. *kind* is `deny`, `warn`, `violation`, `ConstraintTemplate`, `constraint`, `data` …;
    *severity* is "" for what has none; *note* says why it is not evaluated, or what else is to be known."""

    id: str
    kind: str
    where: Location
    severity: str = ""
    title: str = ""
    note: str = ""


class Family(Protocol):
    """*rules* by id: engine rules, so that waivers, severities and SARIF hold on to them. *failures*: what of the
    policies could not be read, exit 3; the rest runs."""

    @property
    def rules(self) -> Mapping[str, Rule]: ...

    @property
    def listed(self) -> Sequence[Listed]: ...

    @property
    def failures(self) -> Sequence[Failure]: ...

    def inquiries(self, tree: Tree) -> Iterator[Inquiry]: ...

    def silent(self) -> Iterable[str]:
        """After a run: sentences about what was loaded and matched nothing."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What all families said in a run. *notes* are sentences for the coverage."""

    found: list[Found] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
