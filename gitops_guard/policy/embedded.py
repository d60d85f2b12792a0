"""The embedded Rego engine: regorus, Microsoft's engine in Rust, out of the wheel `gordon-to-regorus`.

This is the only module that imports it. What is tried here of version 0.13: an evaluation cannot be interrupted, so
policies that did not come with this program are evaluated by workers; an error of a builtin ends the evaluation, where
OPA has undefined, so that such an input is asked again with guarded calls (`rego_safe.py`). Regorus' second machine
(`Rvm`) goes on after such an error, but has wrong answers: a variable without a value passes `not v in {null}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from gitops_guard.policy import builtins, builtins_python, builtins_regex, rego_depth, rego_hoisting, rego_safe, worker
from gitops_guard.policy.program import (
    COVERAGE,
    UNDEFINED,
    Answer,
    AsJson,
    Dialect,
    Failure,
    Limits,
    Module,
    Program,
    Question,
    Replies,
)
from gitops_guard.policy.rego_text import mended, with_folder, with_full_names, with_metadata

if TYPE_CHECKING:
    import regorus

_ERROR: Final = re.compile(
    r"\n--> (?P<file>[^\n]*):(?P<line>\d+):(?P<column>\d+)\n.*?^error: (?P<reason>[^\n]*)", re.DOTALL | re.MULTILINE
)
_FEW: Final = 300  # evaluations of a bundled policy that are done before another process has started
_LONGEST: Final = 4 << 20  # characters of an answer: those of all inputs stand in memory
_NO_RULE: Final = "not a valid rule path"
_ASKED: Final = "gitops_guard_asked"
_NO_FUNCTION: Final = "could not find function"
# Errors that are errors for OPA as well; any other one is of a builtin, and then undefined.
_CONFLICTS: Final = ("conflict", "complete rules", "multiple outputs", "recursi", _NO_FUNCTION, "not found")
_UNDEFINED: Final = '"<undefined>"'  # what regorus gives for a rule without a value
_WHERE: Final = re.compile(r" at line \d|:|\n")
# What the engine says of values, which may be secrets: tests/policy/engine/test_secrets.py.
_TEMPLATES: Final = ('$"', "$`")
_VALUES: Final = re.compile(
    r" Got `.*|(?<=^invalid duration): .*|(?<=^invalid schema): .*|(?<=^Error parsing) .*| for node `.*(?= must be)"
    r"|(?<=is unsafe) \(path .*"
    r"|(?<=^value) for key `.*(?= generated multiple)|(?<=generated multiple times): .*",
    re.DOTALL,
)
_IN_PYTHON: Final = re.compile(r"^extension '(?P<name>[^']*)' raises Python error: (?P<kind>\w+)(?:: (?P<said>.*))?")


@lru_cache(maxsize=4096)
def syntax_tree(module: Module) -> Mapping[str, Any] | Failure:
    """The module as regorus parses it: {package, imports, rules}."""
    if said := rego_depth.too_much(module.text):
        line, reason = said
        return Failure(module.path, reason, module.at(line))
    engine = _new_engine()
    engine.set_rego_v0(module.dialect is Dialect.V0)
    try:
        engine.add_policy(module.path, source(module))
    except RuntimeError as error:
        return failure(error, module.path, (module,))
    except BaseException as error:
        if not _is_panic(error):
            raise
        return Failure(module.path, "the embedded engine fails to parse the module", module.at(1))
    tree: Mapping[str, Any] = json.loads(engine.get_ast_as_json())[0]["ast"]
    return tree


def _new_engine() -> regorus.Engine:
    import regorus

    engine = regorus.Engine()
    engine.set_gather_prints(True)
    engine.set_policy_length_config(max_col=rego_depth.COLUMNS + 1000, max_file_bytes=4 << 20, max_lines=100_000)
    return engine


def _add(engine: regorus.Engine, module: Module, *, guarded: bool = False) -> None:
    text = _evaluated(module)
    engine.set_rego_v0(module.dialect is Dialect.V0)
    engine.add_policy(module.path, rego_safe.guarded(text) if guarded else text)


@lru_cache(maxsize=4096)
def _evaluated(module: Module) -> str:
    """The source, and in front of a statement what OPA evaluates before it. What does not parse stays as it is."""
    text = source(module)
    tree = syntax_tree(module)
    return builtins_regex.with_patterns(text if isinstance(tree, Failure) else rego_hoisting.hoisted(tree, text))


def source(module: Module) -> str:
    """What the engine is given in place of the text of a module; its lines are the same."""
    if module.written:
        return module.text
    text = with_folder(
        with_full_names(mended(module.text)), module.path.rpartition("/")[0], builtins_python.WITH_FOLDER
    )
    return with_metadata(text, partial(_metadata, module))


def _metadata(module: Module, line: int) -> Mapping[str, Any]:
    from gitops_guard.policy import rego_annotations

    found = rego_annotations.read(module)
    return {} if isinstance(found, Failure) else {"scope": "rule", **found.rules.get(line, {})}


def failure(error: RuntimeError, policy: str, modules: Sequence[Module]) -> Failure:
    """One sentence; the excerpt and the stack that regorus adds are left out, and so are values."""
    match = _ERROR.search(str(error))
    if match is None:
        reason = str(error).split("\n\nStack backtrace", 1)[0].strip().partition("\n")[0]
        return Failure(policy, _told(reason))
    module = next((module for module in modules if module.path == match["file"]), None)
    line, column = int(match["line"]), int(match["column"])
    at = module.at(line, column) if module else None
    if module is not None and module.text.split("\n")[line - 1][column - 1 :].startswith(_TEMPLATES):
        return Failure(policy, 'template strings (`$"…"`) are not known here; `sprintf` does the same', at)
    return Failure(policy, _told(match["reason"]), at)


def _told(reason: str) -> str:
    """The reason without what could be of the input."""
    match = _IN_PYTHON.match(reason)
    if match is None:
        return _VALUES.sub("", reason)
    if match["kind"] == builtins.BarredError.__name__:
        return match["said"]
    return f"`{match['name']}` is not done with what it is given here"


class Embedded:
    """See `policy.program.Engine`. *allowed* are builtins beside those of `builtins.EMBEDDED`."""

    name = "embedded"

    def __init__(self, limits: Limits | None = None, allowed: Collection[str] = (), jobs: int = 1) -> None:
        self._limits = limits or Limits()
        self._allowed = frozenset(allowed)
        self._jobs = jobs

    def ask(self, questions: Sequence[Question]) -> list[Replies]:
        """A little that came with this program is answered here, all else by workers."""
        replies: dict[int, Replies] = {}
        for number, question in enumerate(questions):
            if failures := self._refused(question.program):
                replies[number] = _none(question, *failures)
            elif question.program.trusted and len(question.inputs) * len(question.rules) <= _FEW:
                here = _here(question)
                if here is not None:
                    replies[number] = here
        waiting = [number for number in range(len(questions)) if number not in replies]
        asked = [questions[number] for number in waiting]
        ready = partial(Evaluation, allowed=self._allowed)
        answered = worker.answer(asked, ready, self._limits, self._jobs) if asked else []
        replies.update(zip(waiting, answered, strict=True))
        return [replies[number] for number in range(len(questions))]

    def _refused(self, program: Program) -> list[Failure]:
        """Builtins are looked for in what was parsed: before anything is evaluated."""
        if program.trusted:
            return []
        from gitops_guard.policy import rego

        read = [rego.outline(module) for module in program.modules]
        outlines = [outline for outline in read if not isinstance(outline, Failure)]
        _, failures = builtins.sifted(outlines, self._allowed, embedded=True)
        return [*(outline for outline in read if isinstance(outline, Failure)), *failures]


def _here(question: Question) -> Replies | None:
    """None where the engine panics: a worker finds out where."""
    try:
        evaluation = Evaluation(question)
        if evaluation.refused:
            return _none(question, evaluation.refused)
        return Replies([evaluation.answers(value) for value in question.inputs])
    except BaseException as error:
        if not _is_panic(error):
            raise
        return None


def _is_panic(error: BaseException) -> bool:
    """Rust's panics are no Exceptions, and their class cannot be imported."""
    return type(error).__name__ == "PanicException"


def _none(question: Question, *failures: Failure) -> Replies:
    return Replies([[UNDEFINED] * len(question.rules) for _ in question.inputs], failures)


class Evaluation:
    """A program that is ready to be asked. *refused* says why it is not."""

    def __init__(self, question: Question, allowed: Collection[str] = ()) -> None:
        self._question = question
        self._allowed = allowed
        self._program = question.program
        self._text = ""
        self._ungiven = ""
        self._careful: regorus.Engine | None = None
        self.refused: Failure | None = None
        try:
            self._engine = self._ready()
        except RuntimeError as error:
            self.refused = failure(error, self._program.name, self._program.modules)

    def _ready(self, *, guarded: bool = False) -> regorus.Engine:
        engine = _new_engine()
        engine.set_enable_coverage(COVERAGE in self._question.rules)
        functions = {**builtins_python.functions(self._program.files), **builtins.barred(self._allowed)}
        functions[builtins_regex.NAME] = (1, builtins_regex.at_run_time)
        if guarded:
            del functions["sprintf"]  # that of the engine knows values that cannot be given to Python
            engine.add_policy(rego_safe.PATH, rego_safe.module())
        for name, (arity, function) in functions.items():
            engine.add_extension(name, arity, function)
        for module in self._program.modules:
            _add(engine, module, guarded=guarded)
        engine.add_data_json(json.dumps(_data(self._question)))
        return engine

    def answers(self, value: Any) -> list[Answer]:
        self.give(value)
        return [self.answer(rule) for rule in self._question.rules]

    def give(self, value: Any) -> None:
        """The input of the answers that follow. One that is no JSON for the engine has a failure of its own."""
        self._ungiven = ""
        try:
            self._text = value if isinstance(value, AsJson) else json.dumps(value, allow_nan=False)
            self._engine.set_input_json(self._text)
        except (RuntimeError, RecursionError, ValueError) as error:
            self._ungiven = _WHERE.split(str(error), maxsplit=1)[0]

    def answer(self, rule: str) -> Answer:
        if self._ungiven:
            said = f"an input cannot be given to the embedded engine: {self._ungiven}"
            return Answer(False, None, Failure(self._program.name, said))
        if rule == COVERAGE:
            return Answer(True, json.loads(self._engine.get_coverage_report_as_json()))
        answer = self._answer(rule)
        printed = self._engine.take_prints()
        return answer._replace(printed="\n".join(printed)) if printed else answer

    def _answer(self, rule: str) -> Answer:
        try:
            told = self._engine.eval_rule_as_json(rule)
            if len(told) > _LONGEST:
                reason = f"it answers more than {_LONGEST >> 20} MiB for one input"
                return Answer(False, None, Failure(rule.removeprefix("data."), reason))
            return _read(told)
        except RuntimeError as error:
            text = str(error)
            if _NO_RULE in text:
                return self._indirect(rule)
            said = failure(error, rule.removeprefix("data."), self._program.modules)
            if any(word in said.message for word in _CONFLICTS):
                return Answer(False, None, said)
            return self._guarded(rule) or Answer(False, None, said)

    def _indirect(self, rule: str) -> Answer:
        """What the engine does not call a rule: one with dots or a constant key, `deny["a"] := 1`; or there is none."""
        from gitops_guard.policy import rego_tree

        trees = [syntax_tree(module) for module in self._program.modules]
        heads = [head for tree in trees if not isinstance(tree, Failure) for head in rego_tree.heads(tree)]
        if rule.rpartition(".")[2] not in {part for head in heads for part in head.path}:
            return UNDEFINED
        try:
            engine = self._ready()
            engine.set_rego_v0(False)
            engine.add_policy(f"{_ASKED}.rego", f"package {_ASKED}\n\nasked := {rule}\n")
            engine.set_input_json(self._text)
            return _read(engine.eval_rule_as_json(f"data.{_ASKED}.asked"))
        except RuntimeError as error:
            return Answer(False, None, failure(error, rule.removeprefix("data."), self._program.modules))

    def _guarded(self, rule: str) -> Answer | None:
        """The same with calls that are undefined where OPA's are; None where the engine fails again."""
        if not all(rego_safe.can_be_guarded(module.text) for module in self._program.modules):
            return None
        if self._careful is None:
            self._careful = self._ready(guarded=True)
        self._careful.set_input_json(self._text)
        try:
            return _read(self._careful.eval_rule_as_json(rule))
        except RuntimeError as error:
            return UNDEFINED if _NO_RULE in str(error) else None


def _read(text: str) -> Answer:
    if not text or text == _UNDEFINED:
        return UNDEFINED
    return Answer(True, json.loads(text))


def _data(question: Question) -> Mapping[str, Any]:
    """The data of the program with that of the question over it."""
    data: dict[str, Any] = dict(question.program.data)
    for path, value in question.data.items():
        here = data
        *parents, last = path.split(".")
        for key in parents:
            inner = here.get(key)
            here[key] = dict(inner) if isinstance(inner, Mapping) else {}
            here = here[key]
        here[last] = value
    return data
