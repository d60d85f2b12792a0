"""Asking a program of tests, and telling whether all of it compiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from gitops_guard.policy.program import COVERAGE, UNDEFINED, Answer, Engine, Failure, Module, Program, Question

# The engine tells only when it evaluates that some module does not compile, whatever is asked: so this is asked.
_PROBE: Final = Module("gitops_guard_probe", "package gitops_guard_probe\n\nok := true\n")
_PROBED: Final = "data.gitops_guard_probe.ok"


class Told(NamedTuple):
    """*answers* by path. *fault*: a place where the program does not compile, and then the answers mean nothing.

    *stopped* are other failures, by what they are about: a path without `data.`, or the name of the program.
    """

    answers: dict[str, Answer]
    fault: Failure | None
    stopped: dict[str, Failure]
    coverage: Answer = UNDEFINED


def ask(engine: Engine, program: Program, paths: Sequence[str], *, coverage: bool = False) -> Told:
    probed = replace(program, modules=(*program.modules, _PROBE))
    question = Question(probed, (_PROBED, *paths, *([COVERAGE] if coverage else ())), [None])
    reply = engine.ask([question])[0]
    probe, *answers = reply.answers[0]
    stopped = {failure.policy: failure for failure in reply.failures}
    fault = None
    if not probe.defined:
        faults = [failure for failure in (*reply.failures, probe.failure) if failure is not None]
        held = {module.path for module in program.modules}
        fault = next((one for one in faults if one.at is not None and one.at.file in held), None)
        if faults:
            stopped[program.name] = faults[0]
    report = _without_probe(answers[-1]) if coverage else UNDEFINED
    return Told(dict(zip(paths, answers, strict=False)), fault, stopped, report)


def _without_probe(report: Answer) -> Answer:
    if not report.defined:
        return report
    files = [file for file in report.value["files"] if file["path"] != _PROBE.path]
    return report._replace(value={"files": files})
