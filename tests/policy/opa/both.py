"""Both engines as one, that keeps what they do not agree on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gitops_guard.policy.embedded import Embedded
from gitops_guard.policy.opa_server import OpaServer
from gitops_guard.policy.program import Answer, Question, Replies


class Disagreement(NamedTuple):
    """*embedded* and *opa*: a value, "undefined", or the reason why there is none."""

    program: str
    rule: str
    number: int
    embedded: object
    opa: object


class Both:
    """Answers as the embedded engine does. *asked* counts the answers that were compared."""

    name = "both"

    def __init__(self, server: OpaServer) -> None:
        self._embedded = Embedded()
        self._server = server
        self.disagreements: list[Disagreement] = []
        self.asked = 0

    def ask(self, questions: Sequence[Question]) -> list[Replies]:
        embedded, opa = self._embedded.ask(questions), self._server.ask(questions)
        for question, one, other in zip(questions, embedded, opa, strict=True):
            self.disagreements += self._compared(question, one, other)
        return embedded

    def _compared(self, question: Question, one: Replies, other: Replies) -> Iterator[Disagreement]:
        reasons = [[str(failure) for failure in replies.failures] for replies in (one, other)]
        if any(reasons):
            yield Disagreement(question.program.name, "", 0, *reasons)
        for number, (row, its) in enumerate(zip(one.answers, other.answers, strict=True)):
            for rule, answer, from_opa in zip(question.rules, row, its, strict=True):
                self.asked += 1
                if _said(answer) != _said(from_opa):
                    yield Disagreement(question.program.name, rule, number, _said(answer), _said(from_opa))


def _said(answer: Answer) -> object:
    if answer.failure is not None:
        return "a failure"
    return answer.value if answer.defined else "undefined"
