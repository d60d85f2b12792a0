"""What every Rego engine is given and answers: programs, questions, answers.

A `Program` is closed: its modules see each other and its data, and nothing of another program. A folder of conftest
policies is one, each Gatekeeper template is one, each bundled policy is one. Engines answer many questions at once, so
that they may share them out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol

from gitops_guard.model.resource import Location

Place = Callable[[int, int], Location]


class Dialect(StrEnum):
    """The two languages named Rego: `V1` has `if` and `contains` as keywords (OPA 1.0)."""

    V0 = "v0"
    V1 = "v1"


@dataclass(frozen=True, slots=True)
class Module:
    """One Rego module. *path* is how messages name it, unique in its program.

    *place* tells where a line and a column of *text* (from 1) stand, for Rego inside of YAML; None: in *path* itself.
    *written*: the text is in the form that the embedded engine is given (`embedded.source`) already.
    """

    path: str
    text: str
    dialect: Dialect = Dialect.V1
    place: Place | None = field(default=None, repr=False, compare=False)
    written: bool = False

    def at(self, line: int, column: int = 1) -> Location:
        return self.place(line, column) if self.place is not None else Location(self.path, line, column)


@dataclass(frozen=True, slots=True)
class Program:
    """*name* is unique in a run, and what a message calls the policy. *data* is the document `data`, as JSON.

    *files* are what `parse_config_file` may read, by path. *trusted*: it came with this program, so that it needs no
    process of its own. *is_folder*: its modules are policies by themselves: one that does not compile is left out.
    """

    name: str
    modules: tuple[Module, ...]
    data: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    trusted: bool = False
    is_folder: bool = False


class AsJson(str):
    """An input that is written as JSON already: what several inputs have in common is written once."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Question:
    """Each of *rules* (`data.main.deny`) of *program*, asked of each of *inputs* (JSON, or AsJson).

    *data* stands over the program's own while these inputs are asked about: a mapping from a dotted path to a value,
    `{"conftest.file": {"name": …}}`.
    """

    program: Program
    rules: tuple[str, ...]
    inputs: Sequence[Any]
    data: Mapping[str, Any] = field(default_factory=dict)


class Failure(NamedTuple):
    """Something about a policy that could not be done: exit 3. *policy* is a rule id, or the name of a program.

    *message* is a sentence with the reason, and never carries the input. *at* is a place in the policy.
    """

    policy: str
    message: str
    at: Location | None = None


class Answer(NamedTuple):
    """What one rule says of one input. Undefined is not null: *defined* is False. *failure*: it could not be asked.

    *printed* is what `print` said, where the engine tells.
    """

    defined: bool
    value: Any = None
    failure: Failure | None = None
    printed: str = ""


UNDEFINED: Final = Answer(False)
# In place of the last rule of a question with one input: what lines the evaluation of the others went through, as
# {files: [{path, covered, not_covered}]}. Only the embedded engine knows.
COVERAGE: Final = "coverage"


class Replies(NamedTuple):
    """The answers to one question: `answers[input][rule]`.

    A failure that is about a whole program (it does not compile, a builtin is refused) stands in *failures* once, and
    every answer is then undefined.
    """

    answers: Sequence[Sequence[Answer]]
    failures: Sequence[Failure] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """For one evaluation (one rule, one input) the time, for a worker process the memory that it may grow by."""

    seconds: float = 5.0
    megabytes: int = 512


class Engine(Protocol):
    """Evaluates Rego. *ask* keeps the order of the questions.

    Raises GuardError where the engine itself is out of reach; what is wrong with a policy is a Failure.
    """

    @property
    def name(self) -> str: ...

    def ask(self, questions: Sequence[Question]) -> list[Replies]: ...
