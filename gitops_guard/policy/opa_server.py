"""The OPA server as an engine: each program lies there while it is asked, and not a moment longer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from gitops_guard.policy import opa_modules, opa_upload
from gitops_guard.policy.opa_connection import Connection, HeldPolicy
from gitops_guard.policy.opa_interrupts import Interrupts
from gitops_guard.policy.opa_query import Batches
from gitops_guard.policy.program import UNDEFINED, Answer, Failure, Module, Program, Question, Replies


class OpaServer:
    """See `policy.program.Engine`. *timeout_s* is for each request; *token* is sent as a bearer token.

    With a *package* nothing is uploaded: what the server itself holds is asked. Raises UsageError where the URL cannot
    be used, or the extra `opa` is not installed.
    """

    name = "opa"

    def __init__(self, url: str, *, timeout_s: float = 10, package: str = "", token: str = "") -> None:
        self._connection = Connection(url, timeout_s, token)
        self._package = package

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def held(self) -> list[HeldPolicy]:
        """The policies of the server. Raises SourceError where it cannot be asked."""
        return self._connection.policies()

    def ask(self, questions: Sequence[Question]) -> list[Replies]:
        """Program by program: two of them may have the same packages."""
        programs: dict[str, dict[int, Question]] = {}
        for number, question in enumerate(questions):
            programs.setdefault(question.program.name, {})[number] = question
        replies: dict[int, Replies] = {}
        with Interrupts() as interrupts:
            if not self._package:
                refused = {name: _refused(asked) for name, asked in programs.items()}
                programs = {name: asked for name, asked in programs.items() if not refused[name]}
                replies = {number: reply for found in refused.values() for number, reply in found.items()}
                with interrupts.window():
                    opa_upload.check_free(self._connection, [_program(asked) for asked in programs.values()])
            for asked in programs.values():
                replies.update(self._ask_one(asked, interrupts))
        return [replies[number] for number in range(len(questions))]

    def _ask_one(self, asked: Mapping[int, Question], interrupts: Interrupts) -> dict[int, Replies]:
        if self._package:
            return self._answered(asked, {}, interrupts)
        upload = opa_upload.Upload(self._connection)
        try:
            if failures := upload.put(_program(asked)):
                return _without_answers(asked, failures)
            return self._answered(asked, upload.modules, interrupts)
        finally:
            upload.remove()

    def _answered(
        self, asked: Mapping[int, Question], modules: Mapping[str, Module], interrupts: Interrupts
    ) -> dict[int, Replies]:
        found = Batches(_Interruptible(self._connection, interrupts), modules).answers(asked)
        return {
            number: Replies([found[number, place] for place in range(len(question.inputs))])
            for number, question in asked.items()
        }


class _Interruptible:
    """Questions may be broken off; see `Interrupts`."""

    def __init__(self, connection: Connection, interrupts: Interrupts) -> None:
        self._connection = connection
        self._interrupts = interrupts

    def query(self, text: str, given: Mapping[str, Any]) -> Any:
        with self._interrupts.window():
            return self._connection.query(text, given)


def _program(asked: Mapping[int, Question]) -> Program:
    """All of *asked* are about one."""
    return next(iter(asked.values())).program


def _refused(asked: Mapping[int, Question]) -> dict[int, Replies]:
    """Nothing for a program that may be uploaded."""
    failures = list(opa_upload.refused(_program(asked)))
    return _without_answers(asked, failures) if failures else {}


def _without_answers(asked: Mapping[int, Question], failures: Sequence[Failure]) -> dict[int, Replies]:
    return {number: Replies(_undefined(question), failures) for number, question in asked.items()}


def _undefined(question: Question) -> list[list[Answer]]:
    return [[UNDEFINED] * len(question.rules) for _ in question.inputs]


def rules_of(held: Sequence[HeldPolicy], package: str) -> Iterator[tuple[str, str]]:
    """(id of the policy, name of the rule) of a package."""
    wanted = opa_modules.path(package)
    return ((policy.id, name) for policy in held if policy.package == wanted for name in policy.rules)
