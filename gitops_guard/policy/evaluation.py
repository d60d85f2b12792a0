"""All families asked of one Tree: questions to the engine, answers back to who asked."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_guard.model.resource import Tree
from gitops_guard.policy.family import Evaluated, Family, Found, Inquiry
from gitops_guard.policy.program import Engine, Failure, Replies


def evaluate(families: Sequence[Family], tree: Tree, engine: Engine) -> Evaluated:
    """Raises GuardError where the engine is out of reach. What is wrong with a policy is a failure, once."""
    result = Evaluated()
    failures: dict[Failure, None] = dict.fromkeys(failure for family in families for failure in family.failures)
    inquiries = [inquiry for family in families for inquiry in family.inquiries(tree)]
    replies = engine.ask([inquiry.question for inquiry in inquiries]) if inquiries else []
    for inquiry, reply in zip(inquiries, replies, strict=True):
        failures.update(dict.fromkeys(reply.failures))
        if not reply.failures:
            _tell(inquiry, reply, result.found, failures)
    result.failures.extend(failures)
    result.notes.extend(note for family in families for note in family.silent())
    return result


def _tell(inquiry: Inquiry, reply: Replies, found: list[Found], failures: dict[Failure, None]) -> None:
    for number, answers in enumerate(reply.answers):
        for answer in answers:
            if answer.failure is not None:
                failures[answer.failure] = None
        for told in inquiry.told(number, answers):
            if isinstance(told, Failure):
                failures[told] = None
            else:
                found.append(told)
