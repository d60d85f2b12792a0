"""All families asked of one Tree: questions to the engine, answers back to who asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gitops_guard.model.resource import Tree
from gitops_guard.policy.family import Evaluated, Family, Found, Inquiry
from gitops_guard.policy.program import Engine, Failure, Program, Question, Replies

_NOT_COMPILED: Final = re.compile(r"\bunsafe\b|\bused before definition\b")  # as regorus says it


def evaluate(families: Sequence[Family], tree: Tree, engine: Engine) -> Evaluated:
    """Raises GuardError where the engine is out of reach. What is wrong with a policy is a failure, once."""
    result = Evaluated()
    failures: dict[Failure, None] = dict.fromkeys(failure for family in families for failure in family.failures)
    inquiries = [inquiry for family in families for inquiry in family.inquiries(tree)]
    replies = _answered(engine, [inquiry.question for inquiry in inquiries], failures) if inquiries else []
    for inquiry, reply in zip(inquiries, replies, strict=True):
        failures.update(dict.fromkeys(reply.failures))
        if not reply.failures:
            _tell(inquiry, reply, result.found, failures)
    result.failures.extend(failures)
    result.notes.extend(note for family in families for note in family.silent())
    return result


def _answered(engine: Engine, questions: list[Question], failures: dict[Failure, None]) -> list[Replies]:
    """Without the modules of a folder that do not compile: an engine tells only when it is asked, and of all rules."""
    replies = engine.ask(questions)
    again: dict[int, Question] = {}
    left: dict[int, Program] = {}  # by the identity of the program, so that questions go on sharing one
    for number, (question, reply) in enumerate(zip(questions, replies, strict=True)):
        fault = _fault(question.program, reply)
        if fault is not None:
            failures[fault] = None
            program = left.setdefault(id(question.program), _without(question.program, fault))
            again[number] = replace(question, program=program)
    if again:
        answered = _answered(engine, list(again.values()), failures)
        for number, reply in zip(again, answered, strict=True):
            replies[number] = reply
    return replies


def _fault(program: Program, reply: Replies) -> Failure | None:
    """Why a module of a folder does not compile, where that is why nothing is answered, and others are left."""
    if not program.is_folder or len(program.modules) < 2:
        return None
    told = [*reply.failures, *(answer.failure for row in reply.answers for answer in row if answer.failure is not None)]
    held = {module.path for module in program.modules}
    for failure in told:
        if (
            failure.at is not None
            and failure.at.file in held
            and (reply.failures or _NOT_COMPILED.search(failure.message))
        ):
            return failure._replace(policy=failure.at.file)
    return None


def _without(program: Program, fault: Failure) -> Program:
    assert fault.at is not None
    return replace(program, modules=tuple(one for one in program.modules if one.path != fault.at.file))


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
