"""The embedded Rego engine: regorus, Microsoft's engine in Rust, out of the wheel `gordon-to-regorus`."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from gitops_guard.policy.program import UNDEFINED, Answer, Dialect, Failure, Limits, Module, Program, Question, Replies
from gitops_guard.policy.rego_text import mended

if TYPE_CHECKING:
    import regorus

_ERROR: Final = re.compile(
    r"\n--> (?P<file>[^\n]*):(?P<line>\d+):(?P<column>\d+)\n.*?^error: (?P<reason>[^\n]*)", re.S | re.M
)
_NO_RULE: Final = "not a valid rule path"


def syntax_tree(module: Module) -> Mapping[str, Any] | Failure:
    """The module as regorus parses it: {package, imports, rules}."""
    engine = _engine()
    try:
        _add(engine, module)
    except RuntimeError as error:
        return failure(error, module.path, (module,))
    tree: Mapping[str, Any] = json.loads(engine.get_ast_as_json())[0]["ast"]
    return tree


def _engine() -> regorus.Engine:
    import regorus

    return regorus.Engine()


def _add(engine: regorus.Engine, module: Module) -> None:
    engine.set_rego_v0(module.dialect is Dialect.V0)
    engine.add_policy(module.path, mended(module.text))


def failure(error: RuntimeError, policy: str, modules: Sequence[Module]) -> Failure:
    """One sentence; the excerpt and the stack that regorus adds are left out, and so are values."""
    match = _ERROR.search(str(error))
    if match is None:
        return Failure(policy, str(error).split("\n\nStack backtrace", 1)[0].strip().replace("\n", " "))
    by_path = {module.path: module for module in modules}
    module = by_path.get(match["file"])
    at = module.at(int(match["line"]), int(match["column"])) if module else None
    return Failure(policy, match["reason"], at)


class Embedded:
    """See `policy.program.Engine`."""

    name = "embedded"

    def __init__(self, limits: Limits | None = None, allowed: Collection[str] = (), jobs: int = 1) -> None:
        self._limits = limits or Limits()
        self._allowed = frozenset(allowed)
        self._jobs = jobs

    def ask(self, questions: Sequence[Question]) -> list[Replies]:
        return [_asked(question) for question in questions]


def _asked(question: Question) -> Replies:
    program = question.program
    engine = _engine()
    for module in program.modules:
        try:
            _add(engine, module)
        except RuntimeError as error:
            return _none(question, failure(error, program.name, program.modules))
    engine.add_data_json(json.dumps(_data(program, question)))
    return Replies([_answers(engine, question, value) for value in question.inputs])


def _none(question: Question, *failures: Failure) -> Replies:
    return Replies([[UNDEFINED] * len(question.rules) for _ in question.inputs], failures)


def _data(program: Program, question: Question) -> Mapping[str, Any]:
    data: dict[str, Any] = dict(program.data)
    for path, value in question.data.items():
        here = data
        *parents, last = path.split(".")
        for key in parents:
            inner = here.get(key)
            here[key] = dict(inner) if isinstance(inner, Mapping) else {}
            here = here[key]
        here[last] = value
    return data


def _answers(engine: regorus.Engine, question: Question, value: Any) -> list[Answer]:
    engine.set_input_json(json.dumps(value))
    return [_answer(engine, question.program, rule) for rule in question.rules]


def _answer(engine: regorus.Engine, program: Program, rule: str) -> Answer:
    try:
        return Answer(True, json.loads(engine.eval_rule_as_json(rule)))
    except RuntimeError as error:
        if _NO_RULE in str(error):
            return UNDEFINED
        return Answer(False, None, failure(error, rule.removeprefix("data."), program.modules))
    except ValueError:  # undefined is no JSON
        return UNDEFINED
