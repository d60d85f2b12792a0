"""Rego as conftest has it: `deny`, `violation` and `warn` of some packages, asked of every document.

Conventions: open-policy-agent/conftest v0.71, policy/engine.go and runner/test.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import groupby
from typing import Any, Final, NamedTuple

from gitops_guard.model.finding import Severity
from gitops_guard.model.resource import Location, Tree
from gitops_guard.model.rule import Profile, Rule, Scope
from gitops_guard.policy import conftest_documents as documents
from gitops_guard.policy.family import Found, Inquiry, Listed
from gitops_guard.policy.metadata import document, own_id, title
from gitops_guard.policy.program import Answer, Failure, Program, Question
from gitops_guard.policy.rego import Outline, RegoRule

_FAILS: Final = re.compile(r"(?:deny|violation)(?:_[a-zA-Z0-9]+)*")
_WARNS: Final = re.compile(r"warn(?:_[a-zA-Z0-9]+)*")
_PREFIX: Final = re.compile(r"(?:deny|violation|warn)_?")
_WILD: Final = re.compile(r"[*?\[]")
_EXCEPTION: Final = "exception"
PROGRAM: Final = "conftest"


@dataclass(frozen=True, slots=True)
class Settings:
    """*root* is the absolute path of the checked folder, which `data.conftest.file.dir` tells."""

    namespaces: tuple[str, ...] = ("main",)
    all_namespaces: bool = False
    combine: bool = False
    root: str = ""


class _Asked(NamedTuple):
    """A rule of a package: all heads of one name."""

    package: str
    name: str
    heads: tuple[tuple[Outline, RegoRule], ...]

    @property
    def id(self) -> str:
        ids = {own_id(head.metadata) for _, head in self.heads}
        own = next(iter(ids)) if len(ids) == 1 else ""
        return own or f"{self.package}.{self.name}"

    @property
    def where(self) -> Location:
        module, head = self.heads[0]
        return module.module.at(head.line, head.column)

    @property
    def severity(self) -> Severity:
        return Severity.WARNING if _WARNS.fullmatch(self.name) else Severity.ERROR

    @property
    def path(self) -> str:
        return f"data.{self.package}.{self.name}"

    @property
    def fault(self) -> str:
        """Why conftest refuses the rule; "" where it does not."""
        if any(head.path != head.name and head.is_true for _, head in self.heads):
            return "the rule has `if` and no `contains`: it is true or undefined, and holds no message"
        return ""


class Conftest:
    """The family; see `policy.family.Family`."""

    def __init__(
        self,
        modules: Sequence[Outline],
        data: Mapping[str, Any],
        settings: Settings,
        files: Mapping[str, bytes] | None = None,
    ) -> None:
        self._modules = modules
        self._settings = settings
        self.program = Program(PROGRAM, tuple(outline.module for outline in modules), data, files or {}, is_folder=True)
        self._ignored: dict[str, str] = {}
        self._excepted: dict[str, int] = {}
        self.failures = [Failure(rule.id, rule.fault, rule.where) for rule in self._named if rule.fault]

    @cached_property
    def _packages(self) -> list[str]:
        return sorted({outline.package for outline in self._modules})

    @cached_property
    def _named(self) -> list[_Asked]:
        """All rules that conftest would ask in some namespace."""
        heads: dict[tuple[str, str], list[tuple[Outline, RegoRule]]] = {}
        for outline in self._modules:
            for rule in outline.rules:
                if _FAILS.fullmatch(rule.name) or _WARNS.fullmatch(rule.name):
                    heads.setdefault((outline.package, rule.name), []).append((outline, rule))
        asked = [_Asked(package, name, tuple(found)) for (package, name), found in sorted(heads.items())]
        return [rule for rule in asked if rule.fault or any(head.path == head.name for _, head in rule.heads)]

    @cached_property
    def _chosen(self) -> list[str]:
        """The packages that are asked. Where one has a wildcard, all are patterns, as in conftest."""
        wanted = self._settings.namespaces
        if self._settings.all_namespaces:
            return self._packages
        if not any(map(_WILD.search, wanted)):
            return [package for package in self._packages if package in wanted]
        patterns = [pattern.replace("[^", "[!") for pattern in wanted]
        return [name for name in self._packages if any(fnmatchcase(name, pattern) for pattern in patterns)]

    @cached_property
    def _rules(self) -> list[_Asked]:
        return [rule for rule in self._named if rule.package in self._chosen and not rule.fault]

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """Engine rules by id; rules of one id are one."""
        return {asked.id: _rule(asked) for asked in self._rules}

    @property
    def listed(self) -> Sequence[Listed]:
        return [*self._listed_rules(), *self._listed_libraries()]

    def _listed_rules(self) -> Iterator[Listed]:
        for asked in self._named:
            note = asked.fault or ("" if asked.package in self._chosen else _not_asked(asked.package))
            kind = asked.name.partition("_")[0]
            yield Listed(asked.id, kind, asked.where, str(asked.severity), title(asked.heads[0][1].metadata), note)

    def _listed_libraries(self) -> Iterator[Listed]:
        with_rules = {asked.package for asked in self._named}
        for outline in self._modules:
            if outline.package not in with_rules:
                yield Listed(outline.package, "library", outline.module.at(1), note="no deny, violation or warn")

    def inquiries(self, tree: Tree) -> Iterator[Inquiry]:
        asked = documents.subjects(tree) if self._rules else []
        if asked and self._settings.combine:
            yield self._inquiry([documents.Combined(asked)])
        elif self._reads_file:
            for path, group in groupby(asked, key=lambda subject: subject.file.path):
                yield self._inquiry(list(group), {"conftest.file": self._file(path)})
        elif asked:
            yield self._inquiry(asked)

    @property
    def _reads_file(self) -> bool:
        read = [path for outline in self._modules for path in outline.uses_data]
        return any(path == "" or path.split(".", 1)[0] == "conftest" for path in read)

    def _file(self, path: str) -> dict[str, str]:
        folder, _, name = path.rpartition("/")
        if self._settings.combine:
            folder, name = "", "Combined"
        return {"name": name, "dir": "/".join(part for part in (self._settings.root.rstrip("/"), folder) if part)}

    def _inquiry(self, asked: Sequence[documents.Subject], data: Mapping[str, Any] | None = None) -> Inquiry:
        packages = sorted({rule.package for rule in self._rules} & self._with_exceptions)
        paths = [f"data.{package}.{_EXCEPTION}" for package in packages]
        question = Question(
            self.program,
            (*paths, *(rule.path for rule in self._rules)),
            [subject.contents for subject in asked],
            data or {},
        )

        def told(number: int, answers: Sequence[Answer]) -> Iterator[Found | Failure]:
            exceptions = dict(zip(packages, answers, strict=False))
            for rule, answer in zip(self._rules, answers[len(packages) :], strict=True):
                yield from self._told(asked[number], rule, answer, exceptions.get(rule.package))

        return Inquiry(question, told)

    @cached_property
    def _with_exceptions(self) -> set[str]:
        return {outline.package for outline in self._modules if any(rule.name == _EXCEPTION for rule in outline.rules)}

    def _told(
        self, subject: documents.Subject, rule: _Asked, answer: Answer, exception: Answer | None
    ) -> Iterator[Found | Failure]:
        if exception is not None and _is_excepted(exception, _PREFIX.sub("", rule.name, count=1)):
            self._excepted[rule.id] = self._excepted.get(rule.id, 0) + 1
            return
        for value in answer.value if isinstance(answer.value, list) else ():
            match value:
                case str() if value:
                    yield subject.found(rule.id, value, {})
                case {"msg": str() as message, **others}:
                    if message:
                        yield subject.found(rule.id, message, {str(key): other for key, other in others.items()})
                case Mapping():
                    yield Failure(rule.id, "the rule returned an object without the string `msg`", rule.where)
                    return
                case str():
                    pass
                case _:
                    self._ignored[rule.id] = type(value).__name__

    def silent(self) -> Iterator[str]:
        """Packages that were loaded and matched nothing, values that are no messages, exceptions in force."""
        for package in self._packages:
            if package not in self._chosen and any(rule.package == package for rule in self._named):
                yield f"policies: package {package} is loaded and matched nothing: {_not_asked(package)}"
        for rule in self._rules:
            if not any(head.partial for _, head in rule.heads):
                yield f"policies: {rule.id} makes no set of messages, so it can never fail (`deny contains msg if`)"
        for name, kind in sorted(self._ignored.items()):
            yield f"policies: {name} returned a {_JSON_NAMES.get(kind, kind)} where a message belongs; it is no result"
        for name, count in sorted(self._excepted.items()):
            yield f"policies: {name} was not asked of {count} documents, for which the policy has an exception"


def _is_excepted(answer: Answer, suffix: str) -> bool:
    """`exception[_][_] == suffix`: the values of the values."""
    return any(value == suffix for values in _values(answer.value) for value in _values(values))


def _values(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def _not_asked(package: str) -> str:
    return f"`--namespace {package}` asks it"


_JSON_NAMES: Final = {
    "int": "number", "float": "number", "bool": "boolean", "list": "list", "NoneType": "null"
}  # fmt: skip


def _rule(asked: _Asked) -> Rule:
    return Rule(
        id=asked.id,
        severity=asked.severity,
        doc=document([head.metadata for _, head in asked.heads], asked.path),
        scope=Scope.ENGINE,
        run=tuple,
        profile=Profile.MINIMAL,
    )
