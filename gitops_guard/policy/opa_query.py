"""Questions in batches: one ad-hoc query for many inputs, and ever fewer where one of them is an error."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from gitops_guard.model.errors import SourceError
from gitops_guard.policy import opa_modules
from gitops_guard.policy.opa_connection import RefusedError, TooSlowError
from gitops_guard.policy.opa_modules import brackets
from gitops_guard.policy.program import UNDEFINED, Answer, AsJson, Failure, Module, Question

_INPUTS: Final = 200  # in one request
_BYTES: Final = 4 << 20
_REASONS: Final = {
    "internal_error": "the value cannot be written as JSON, or the server is not well",
    "unreadable": "the value has a number of thousands of digits, or is nested by the thousand",
    "eval_conflict_error": "the rule, or what it asks, has more than one value, or more than one value for a key",
    "eval_cancel_error": "the server broke off",
    "eval_with_merge_error": "data that the policy replaces by `with` is no object",
}


class Asked(NamedTuple):
    """One input. *place* is the number of its question, and its own in it; *data* goes over the documents.

    All inputs of a question share *data*, which may be large (an inventory), and is sent once.
    """

    place: tuple[int, int]
    value: Any
    data: tuple[Any, ...]


class Queries(Protocol):
    """What is asked of a connection."""

    def query(self, text: str, given: Mapping[str, Any]) -> Any: ...


class Batches:
    """Asks all questions about one program. *modules* by the ids that the server has them under."""

    def __init__(self, connection: Queries, modules: Mapping[str, Module]) -> None:
        self._connection = connection
        self._modules = modules
        self._stopped: dict[str, Answer] = {}

    def answers(self, questions: Mapping[int, Question]) -> dict[tuple[int, int], list[Answer]]:
        """By question and input; questions that differ only in inputs and data share their batches."""
        found: dict[tuple[int, int], list[Answer]] = {}
        alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = {}
        for number, question in questions.items():
            alike.setdefault((question.rules, tuple(sorted(question.data))), []).append(number)
        for (rules, paths), numbers in alike.items():
            for batch in _batches(_asked((number, questions[number]) for number in numbers), rules, found):
                columns = self._columns(rules, paths, batch)
                for place, row in zip((one.place for one in batch), zip(*columns, strict=True), strict=True):
                    found[place] = list(row)
        return found

    def _columns(self, rules: Sequence[str], paths: Sequence[str], batch: Sequence[Asked]) -> list[Sequence[Answer]]:
        """For each rule what it says of each input."""
        going = [rule for rule in rules if rule not in self._stopped]
        try:
            columns = dict(zip(going, self._query(going, paths, batch), strict=True)) if going else {}
        except (RefusedError, TooSlowError):
            columns = {rule: self._column(rule, paths, batch) for rule in going}
        return [columns[rule] if rule in columns else [self._stopped[rule]] * len(batch) for rule in rules]

    def _column(self, rule: str, paths: Sequence[str], batch: Sequence[Asked]) -> Sequence[Answer]:
        """One rule that may be the one at fault."""
        if rule in self._stopped:
            return [self._stopped[rule]] * len(batch)
        try:
            (answers,) = self._query([rule], paths, batch)
        except RefusedError as error:
            if len(batch) == 1:
                return [Answer(False, None, self._failure(rule, error))]
            middle = len(batch) // 2
            return [*self._column(rule, paths, batch[:middle]), *self._column(rule, paths, batch[middle:])]
        except TooSlowError as error:
            if len(batch) == 1:
                return [self._stop(rule, error)]
            return [answer for one in batch for answer in self._column(rule, paths, [one])]
        return answers

    def _query(self, rules: Sequence[str], paths: Sequence[str], batch: Sequence[Asked]) -> list[Sequence[Answer]]:
        data = {one.place[0]: one.data for one in batch}
        order = {number: at for at, number in enumerate(data)}
        inputs = [[_plain(one.value), order[one.place[0]]] for one in batch]
        given = {"inputs": inputs, "data": list(data.values())}
        try:
            rows = self._connection.query(query_text(rules, paths), given)
        except TooSlowError:
            self._be_there()
            raise
        if not isinstance(rows, list) or len(rows) != len(batch):
            raise SourceError("the OPA server answered another number of inputs than it was asked about")
        return [[UNDEFINED if not row[at] else Answer(True, row[at][0]) for row in rows] for at in range(len(rules))]

    def _be_there(self) -> None:
        """Raises SourceError where the server does not even answer this."""
        try:
            self._connection.query("r := true", {})
        except TooSlowError as error:
            raise SourceError(error.message, hint=error.hint) from error

    def _stop(self, rule: str, error: TooSlowError) -> Answer:
        """One input took all the time, and the server is well: the policy is at fault, and is not asked again."""
        said = f"{error.message} for one input, so the rule is not asked again"
        self._stopped[rule] = Answer(False, None, Failure(rule.removeprefix("data."), said))
        return self._stopped[rule]

    def _failure(self, rule: str, error: RefusedError) -> Failure:
        """OPA's own words hold the values that are in conflict, so they are told only where it could not compile."""
        fault = error.faults[0]
        name = rule.removeprefix("data.")
        module = self._modules.get(fault.file)
        at = module.at(max(fault.row, 1), max(fault.column, 1)) if module else None
        if fault.code.startswith("rego_"):
            return opa_modules.failure(name, fault._replace(file=""), module, self._modules)._replace(at=at)
        return Failure(name, f"OPA: {_REASONS.get(fault.code, 'it cannot be evaluated')} ({fault.code})", at)


def query_text(rules: Sequence[str], paths: Sequence[str]) -> str:
    """In words that v0 and v1 share: `r` is a row for each input, in it for each rule `[]` where it is undefined.

    What follows `with` must be a variable: within a comprehension OPA 1.22 takes `input.inputs[i]` to be undefined.
    """
    over = [f" with data{brackets(path.split('.'))} as d{at}" for at, path in enumerate(paths)]
    data = "".join(f" d{at} := input.data[n][{at}];" for at in range(len(paths)))
    asked = [f"[v | v := {_reference(rule)} with input as e{''.join(over)}]" for rule in rules]
    return f"r := [s | some i; [e, n] := input.inputs[i];{data} s := [{', '.join(asked)}]]"


def _reference(rule: str) -> str:
    """`data.main["a-b"].deny` as OPA takes it, also where a part is a keyword."""
    first, *rest = opa_modules.path(rule)
    return first + brackets(rest)


def _asked(questions: Iterator[tuple[int, Question]]) -> Iterator[Asked]:
    for number, question in questions:
        data = tuple(question.data[path] for path in sorted(question.data))
        for place, value in enumerate(question.inputs):
            yield Asked((number, place), value, data)


def _batches(
    asked: Iterator[Asked], rules: Sequence[str], found: dict[tuple[int, int], list[Answer]]
) -> Iterator[list[Asked]]:
    """Requests of a bounded size. What is no JSON (`.nan`) is answered into *found*."""
    batch: list[Asked] = []
    size = 0
    sizes: dict[int, int | None] = {}
    for one in asked:
        number = one.place[0]
        if number not in sizes:
            sizes[number] = _length(one.data)
        data, length = sizes[number], _length(one.value)
        if data is None or length is None:
            found[one.place] = [_not_json(rule) for rule in rules]
            continue
        if batch and (len(batch) == _INPUTS or size + length > _BYTES):
            yield batch
            batch, size = [], 0
        if not batch or batch[-1].place[0] != number:
            size += data
        batch.append(one)
        size += length
    if batch:
        yield batch


def _plain(value: Any) -> Any:
    """The client takes no JSON, only what becomes JSON."""
    return json.loads(value) if isinstance(value, AsJson) else value


def _length(value: Any) -> int | None:
    """In JSON; None for what is none."""
    try:
        return len(value) if isinstance(value, AsJson) else len(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return None


def _not_json(rule: str) -> Answer:
    said = "a document cannot be given to OPA: it holds a value that JSON has not, such as .nan or .inf"
    return Answer(False, None, Failure(rule.removeprefix("data."), said))
