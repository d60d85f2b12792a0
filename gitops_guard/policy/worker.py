"""Evaluation in processes that can be ended: by time, by memory, by a policy that brings the engine down.

The evaluation that a worker is at stands in memory that it shares with its parent, so that the policy at fault is
known whatever happens to the worker. That policy is then asked no more in the run; a new worker goes on with the rest.
"""

from __future__ import annotations

import marshal
import mmap
import os
import select
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from gitops_guard.model.resource import Location
from gitops_guard.policy.program import UNDEFINED, Answer, Failure, Limits, Question, Replies

_STATE: Final = struct.Struct("=qqqd")  # task, input, rule, processor time at which it began
_IDLE: Final = -1
_COMPILING: Final = -1
_LENGTH: Final = struct.Struct("=q")
_NUMBER: Final = struct.Struct("=i")
_INPUTS: Final = 200  # of a task: what is done again at most after a worker was ended
_MOST_TASKS: Final = 8000  # their numbers wait in a pipe, which holds 64 KiB
_ALONE: Final = 2  # times of one evaluation after which a worker ends by itself
_STILL: Final = 10  # a worker that neither ends nor uses the processor, as a multiple of the time


class Evaluation(Protocol):
    """A question that is ready to be asked; see `embedded.Evaluation`."""

    @property
    def refused(self) -> Failure | None: ...

    def give(self, value: Any) -> None: ...

    def answer(self, rule: str) -> Answer: ...


Prepare = Callable[[Question], Evaluation]


class _Task(NamedTuple):
    """Some inputs of one question."""

    question: int
    first: int
    last: int


@dataclass(slots=True)
class _Worker:
    pid: int
    reader: int
    state: mmap.mmap
    received: bytearray = field(default_factory=bytearray)
    at: tuple[int, int, int] = (_IDLE, 0, 0)
    since: float = 0.0


def answer(questions: Sequence[Question], prepare: Prepare, limits: Limits, jobs: int) -> list[Replies]:
    """The answers to all questions, by at most *jobs* workers at a time. In this process where there is no fork."""
    if not hasattr(os, "fork"):
        return [_whole(question, prepare) for question in questions]
    run = _Run(questions, prepare, limits)
    try:
        run.work(jobs)
    finally:
        run.end()
    return run.replies()


def _whole(question: Question, prepare: Prepare) -> Replies:
    evaluation = prepare(question)
    if evaluation.refused:
        return Replies([[UNDEFINED] * len(question.rules) for _ in question.inputs], [evaluation.refused])
    answers = []
    for value in question.inputs:
        evaluation.give(value)
        answers.append([evaluation.answer(rule) for rule in question.rules])
    return Replies(answers)


def _tasks(questions: Sequence[Question]) -> Iterator[_Task]:
    each = max(_INPUTS, sum(len(question.inputs) for question in questions) // _MOST_TASKS + 1)
    for number, question in enumerate(questions):
        for first in range(0, len(question.inputs), each):
            yield _Task(number, first, min(first + each, len(question.inputs)))


class _Run:
    def __init__(self, questions: Sequence[Question], prepare: Prepare, limits: Limits) -> None:
        self._questions = questions
        self._prepare = prepare
        self._limits = limits
        self._tasks = list(_tasks(questions))
        self._done: dict[int, list[list[Answer]]] = {}
        self._failures: list[dict[Failure, None]] = [{} for _ in questions]
        self._barred: set[tuple[int, str]] = set()  # number of the question and rule
        self._waiting, self._giver = os.pipe()
        self._workers: list[_Worker] = []
        for number in range(len(self._tasks)):
            os.write(self._giver, _NUMBER.pack(number))

    def work(self, jobs: int) -> None:
        for _ in range(max(1, min(jobs, len(self._tasks)))):
            self._start()
        while len(self._done) < len(self._tasks):
            readers = {worker.reader: worker for worker in self._workers}
            ready, _, _ = select.select(list(readers), [], [], min(0.25, self._limits.seconds / 4))
            for reader in ready:
                self._receive(readers[reader])
            for worker in list(self._workers):
                self._watch(worker)

    def end(self) -> None:
        for worker in self._workers:
            os.kill(worker.pid, signal.SIGKILL)
        for worker in self._workers:
            os.waitpid(worker.pid, 0)
            os.close(worker.reader)
        os.close(self._waiting)
        os.close(self._giver)

    def replies(self) -> list[Replies]:
        answers: list[list[list[Answer]]] = [[] for _ in self._questions]
        for number, task in enumerate(self._tasks):
            answers[task.question] += self._done[number]
        return [Replies(*pair) for pair in zip(answers, map(tuple, self._failures), strict=True)]

    def _start(self) -> None:
        reader, writer = os.pipe()
        state = mmap.mmap(-1, _STATE.size)
        state[:] = _STATE.pack(_IDLE, 0, 0, 0.0)
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            os.close(writer)
            self._workers.append(_Worker(pid, reader, state))
            return
        try:
            os.close(reader)
            os.close(self._giver)
            _Child(self._questions, self._tasks, self._prepare, self._barred, state, writer).run(
                self._waiting, self._limits
            )
        finally:  # the child must never return into its parent's stack
            os._exit(0)

    def _receive(self, worker: _Worker) -> None:
        data = os.read(worker.reader, 1 << 20)
        if not data:
            self._ended(worker, "")
            return
        worker.received += data
        while len(worker.received) >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(worker.received)
            if len(worker.received) < _LENGTH.size + size:
                return
            self._take(marshal.loads(worker.received[_LENGTH.size : _LENGTH.size + size]))  # noqa: S302 - our own child
            del worker.received[: _LENGTH.size + size]

    def _take(self, told: tuple[int, list[list[tuple[Any, ...]]], tuple[Any, ...] | None]) -> None:
        number, answers, refused = told
        task = self._tasks[number]
        self._done[number] = [[_answer_in(packed) for packed in row] for row in answers]
        if refused is not None:
            self._failures[task.question][_failure_in(refused)] = None

    def _watch(self, worker: _Worker) -> None:
        task, at, rule, began = _STATE.unpack(worker.state[:])
        if task == _IDLE:
            return
        used = _processor_time(worker.pid)
        if worker.at != (task, at, rule):
            worker.at, worker.since = (task, at, rule), time.monotonic()
        still = time.monotonic() - worker.since > self._limits.seconds * _STILL
        if still or (used is not None and used - began > self._limits.seconds):
            self._ended(worker, f"it was stopped: one evaluation took longer than {self._limits.seconds:g} s")

    def _ended(self, worker: _Worker, reason: str) -> None:
        """A worker that has to go, or is gone: its policy is at fault, the rest of its task is for a new one."""
        os.kill(worker.pid, signal.SIGKILL)
        _, status = os.waitpid(worker.pid, 0)
        os.close(worker.reader)
        self._workers.remove(worker)
        number, _, rule, _ = _STATE.unpack(worker.state[:])
        if number != _IDLE and number not in self._done:
            self._blame(number, rule, reason or _reason(os.waitstatus_to_exitcode(status), self._limits))
        if len(self._done) < len(self._tasks):
            self._start()

    def _blame(self, number: int, rule: int, reason: str) -> None:
        task = self._tasks[number]
        question = self._questions[task.question]
        if rule == _COMPILING:
            failure = Failure(question.program.name, reason)
            self._failures[task.question][failure] = None
            for other, each in enumerate(self._tasks):
                if each.question == task.question and other not in self._done:
                    self._done[other] = [[UNDEFINED] * len(question.rules)] * (each.last - each.first)
            return
        name = question.rules[rule]
        self._failures[task.question][Failure(name.removeprefix("data."), reason)] = None
        self._barred.add((task.question, name))
        os.write(self._giver, _NUMBER.pack(number))


class _Child:
    """The side of the worker."""

    def __init__(
        self,
        questions: Sequence[Question],
        tasks: Sequence[_Task],
        prepare: Prepare,
        barred: set[tuple[int, str]],
        state: mmap.mmap,
        writer: int,
    ) -> None:
        self._questions = questions
        self._tasks = tasks
        self._prepare = prepare
        self._barred = barred
        self._state = state
        self._writer = writer
        self._ready: tuple[int, Evaluation] | None = None
        self._alone = 0.0

    def run(self, waiting: int, limits: Limits) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGVTALRM):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # regorus writes there when it fails
        _bound_memory(limits.megabytes)
        self._alone = limits.seconds * _ALONE
        while packed := os.read(waiting, _NUMBER.size):
            (number,) = _NUMBER.unpack(packed)
            self._send(number, *self._done(number))
            self._at(_IDLE, 0, 0)

    def _at(self, task: int, at: int, rule: int) -> None:
        _STATE.pack_into(self._state, 0, task, at, rule, time.process_time())
        signal.setitimer(signal.ITIMER_VIRTUAL, self._alone)  # ends a worker whose parent was killed

    def _done(self, number: int) -> tuple[list[list[tuple[Any, ...]]], tuple[Any, ...] | None]:
        task = self._tasks[number]
        question = self._questions[task.question]
        self._at(number, task.first, _COMPILING)
        if self._ready is None or self._ready[0] != task.question:
            self._ready = task.question, self._prepare(question)
        evaluation = self._ready[1]
        if evaluation.refused:
            nothing = [_answer_out(UNDEFINED)] * len(question.rules)
            return [nothing] * (task.last - task.first), _failure_out(evaluation.refused)
        return [self._row(number, task, at, evaluation) for at in range(task.first, task.last)], None

    def _row(self, number: int, task: _Task, at: int, evaluation: Evaluation) -> list[tuple[Any, ...]]:
        question = self._questions[task.question]
        evaluation.give(question.inputs[at])
        row = []
        for rule, name in enumerate(question.rules):
            if (task.question, name) in self._barred:
                row.append(_answer_out(UNDEFINED))
                continue
            self._at(number, at, rule)
            row.append(_answer_out(evaluation.answer(name)))
        return row

    def _send(self, number: int, answers: list[list[tuple[Any, ...]]], refused: tuple[Any, ...] | None) -> None:
        data = marshal.dumps((number, answers, refused))
        view = memoryview(_LENGTH.pack(len(data)) + data)
        while view:
            view = view[os.write(self._writer, view) :]


def _answer_out(answer: Answer) -> tuple[Any, ...]:
    failure = _failure_out(answer.failure) if answer.failure is not None else None
    return answer.defined, answer.value, failure, answer.printed


def _answer_in(packed: tuple[Any, ...]) -> Answer:
    defined, value, failure, printed = packed
    return Answer(defined, value, _failure_in(failure) if failure is not None else None, printed)


def _failure_out(failure: Failure) -> tuple[Any, ...]:
    return failure.policy, failure.message, tuple(failure.at) if failure.at is not None else None


def _failure_in(packed: tuple[Any, ...]) -> Failure:
    policy, message, at = packed
    return Failure(policy, message, Location(*at) if at is not None else None)


def _bound_memory(megabytes: int) -> None:
    """The address space may grow by so much. Where the system does not say how large it is, it is not bounded."""
    import resource

    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - no pathlib in a worker
            now = int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return
    bound = now + (megabytes << 20)
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if most != resource.RLIM_INFINITY:
        bound = min(bound, most)
    resource.setrlimit(resource.RLIMIT_AS, (bound, most))


def _processor_time(pid: int) -> float | None:
    """Seconds of processor time of another process; None where that cannot be told. Linux numbers its clocks so."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return None


def _reason(code: int, limits: Limits) -> str:
    if code in (-signal.SIGABRT, -signal.SIGKILL):
        return f"it was stopped: it needed more than {limits.megabytes} MB of memory"
    if code == -signal.SIGVTALRM:
        return f"it was stopped: one evaluation took longer than {limits.seconds:g} s"
    if code == -signal.SIGSEGV:
        return "it was stopped: it calls itself too deeply"
    return "it was stopped: the engine ended early"
