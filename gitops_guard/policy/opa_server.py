"""The OPA server as an engine: each program lies there while it is asked, and not a moment longer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from gitops_guard.model.errors import GuardError
from gitops_guard.policy import opa_modules, opa_upload
from gitops_guard.policy.opa_connection import TOKEN_VARIABLE, Connection
from gitops_guard.policy.opa_interrupts import Interrupts
from gitops_guard.policy.opa_query import Batches
from gitops_guard.policy.program import UNDEFINED, Answer, Failure, Module, Question, Replies

__all__ = ["TOKEN_VARIABLE", "OpaServer"]
_NAMED: Final = 10  # packages that a message lists


class OpaServer:
    """See `policy.program.Engine`. *timeout_s* is for each request.

    With a *package* nothing is uploaded: what the server itself holds is asked. Raises UsageError where the URL cannot
    be used, or the extra `opa` is not installed.
    """

    name = "opa"

    def __init__(self, url: str, timeout_s: float = 10, package: str = "", token: str = "") -> None:
        self._connection = Connection(url, timeout_s, token)
        self._package = package

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def held_rules(self, package: str) -> list[str]:
        """The rules of a package of the server that have a value, by name. Raises GuardError where it has no such."""
        wanted = opa_modules.path(package)
        held = self._connection.policies()
        if not any(policy.package == wanted for policy in held):
            has = sorted({".".join(policy.package) for policy in held})
            more = ", …" if len(has) > _NAMED else ""
            hint = f"it has: {', '.join(has[:_NAMED])}{more}" if has else "it holds no policy"
            raise GuardError(f"the OPA server {self._connection.url} holds no package {package}", hint=hint)
        return sorted({rule for policy in held if policy.package == wanted for rule in policy.rules})

    def ask(self, questions: Sequence[Question]) -> list[Replies]:
        """Program by program: two of them may have the same packages."""
        programs: dict[str, dict[int, Question]] = {}
        for number, question in enumerate(questions):
            programs.setdefault(question.program.name, {})[number] = question
        replies: dict[int, Replies] = {}
        with Interrupts() as interrupts:
            if not self._package:
                with interrupts.window():
                    opa_upload.check_free(self._connection, [question.program for question in questions])
            for asked in programs.values():
                replies.update(self._ask_one(asked, interrupts))
        return [replies[number] for number in range(len(questions))]

    def _ask_one(self, asked: Mapping[int, Question], interrupts: Interrupts) -> dict[int, Replies]:
        program = next(iter(asked.values())).program
        if self._package:
            if program.modules:
                said = f"it is not asked: with --opa-package {self._package} nothing is uploaded"
                return _without_answers(asked, [Failure(program.name, said, program.modules[0].at(1))])
            return self._answered(asked, {}, interrupts)
        upload = opa_upload.Upload(self._connection)
        try:
            if failures := upload.put(program):
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


def _without_answers(asked: Mapping[int, Question], failures: Sequence[Failure]) -> dict[int, Replies]:
    return {number: Replies(_undefined(question), failures) for number, question in asked.items()}


def _undefined(question: Question) -> list[list[Answer]]:
    return [[UNDEFINED] * len(question.rules) for _ in question.inputs]
