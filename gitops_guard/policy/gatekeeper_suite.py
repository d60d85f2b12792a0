"""Suites of Gatekeeper: a template, a constraint, objects and what is expected of them, as for `gator verify`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gitops_guard.load import tree
from gitops_guard.model.resource import FileKind, Location, Resource, SourceFile, Tree
from gitops_guard.policy import folder, gatekeeper
from gitops_guard.policy.evaluation import evaluate
from gitops_guard.policy.folder import Folder, PolicyDocument, PolicyKind
from gitops_guard.policy.gatekeeper import Gatekeeper
from gitops_guard.policy.places import PolicyFile
from gitops_guard.policy.program import Engine, Failure
from gitops_guard.policy.testing import Outcome, TestResult

_SCHEMA: Final = "the parameters do not fit"


class SuiteError(Exception):
    """A Suite, or something that it names, is not what it has to be: a sentence."""


@dataclass(frozen=True, slots=True)
class Suites:
    """*files* are all that the Suites may name, by path."""

    files: Mapping[str, bytes]
    engine: Engine
    allowed: Collection[str] = ()

    def run(self, document: PolicyDocument) -> list[TestResult]:
        """The results of one Suite in its order, a case as `test/case`."""
        suite = document.body
        tests = [entry for entry in suite.get("tests") or () if isinstance(entry, Mapping)]
        return [
            result
            for number, test in enumerate(tests)
            for result in self._test(document, test, number, skip=bool(suite.get("skip")))
        ]

    def _test(self, document: PolicyDocument, test: Mapping[str, Any], number: int, *, skip: bool) -> list[TestResult]:
        name = f"{document.file.path}:{test.get('name') or number + 1}"
        where = document.file.locate(document.document.index, ("tests", number))
        if skip or test.get("skip"):
            return [TestResult(name, where, Outcome.SKIP)]
        base = posixpath.dirname(document.file.path)
        try:
            loaded = self._loaded(test, base)
        except SuiteError as error:
            return [TestResult(name, where, Outcome.ERROR, str(error))]
        if test.get("invalid"):
            refused = any(_SCHEMA in failure.message for failure in loaded.failures)
            return [_result(name, where, "" if refused else "the constraint is valid, and was expected not to be")]
        if loaded.failures:
            failure = loaded.failures[0]
            return [TestResult(name, where, Outcome.ERROR, _sentence(failure))]
        cases = [case for case in test.get("cases") or () if isinstance(case, Mapping)]
        return [
            self._case(loaded, case, f"{name}/{case.get('name') or at + 1}", base, _place(document, number, at))
            for at, case in enumerate(cases)
        ] or [_result(name, where, "")]

    def _loaded(self, test: Mapping[str, Any], base: str) -> Gatekeeper:
        names = [str(test[key]) for key in ("template", "constraint") if test.get(key)]
        if len(names) < 2:
            raise SuiteError("a test names a template and a constraint")
        if test.get("expansion"):
            names.append(str(test["expansion"]))
        read: Folder = folder.read(PolicyFile(path, self._file(path)) for path in (_joined(base, one) for one in names))
        if read.failures:
            raise SuiteError(f"{read.failures[0].at}: {read.failures[0].message}")
        loaded = gatekeeper.load(read, self.allowed)
        if loaded is None or not read.of(PolicyKind.TEMPLATE) or not read.of(PolicyKind.CONSTRAINT):
            raise SuiteError(f"{', '.join(names[:2])}: there is no template, or no constraint")
        loaded.in_suite = True
        return loaded

    def _file(self, path: str) -> bytes:
        if path not in self.files:
            raise SuiteError(f"there is no file {path}")
        return self.files[path]

    def _case(self, loaded: Gatekeeper, case: Mapping[str, Any], name: str, base: str, where: Location) -> TestResult:
        if case.get("skip"):
            return TestResult(name, where, Outcome.SKIP)
        try:
            messages = self._messages(loaded, case, base)
            fault = next(filter(None, (_unmet(assertion, messages) for assertion in _assertions(case))), "")
        except SuiteError as error:
            return TestResult(name, where, Outcome.ERROR, str(error))
        return _result(name, where, fault)

    def _messages(self, loaded: Gatekeeper, case: Mapping[str, Any], base: str) -> list[str]:
        if not case.get("object"):
            raise SuiteError("the case names no object")
        objects = self._resources([_joined(base, str(case["object"]))])
        if len(objects) != 1:
            raise SuiteError(f"{case['object']} holds {len(objects)} objects, and a case is about one")
        inventory = self._resources([_joined(base, str(path)) for path in case.get("inventory") or ()])
        loaded.known = inventory
        result = evaluate([loaded], Tree((), tuple(objects)), self.engine)
        if result.failures:
            raise SuiteError(_sentence(result.failures[0]))
        return [found.problem.message for found in result.found]

    def _resources(self, paths: Iterable[str]) -> list[Resource]:
        return [resource for path in paths for resource in _of_file(path, self._file(path))]


def _result(name: str, where: Location, fault: str) -> TestResult:
    return TestResult(name, where, Outcome.FAIL if fault else Outcome.PASS, fault)


def _place(document: PolicyDocument, test: int, case: int) -> Location:
    return document.file.locate(document.document.index, ("tests", test, "cases", case))


def _joined(base: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(base, path))


def _of_file(path: str, data: bytes) -> Iterator[Resource]:
    from gitops_guard.load import manifests

    parsed = manifests.read(path, data)
    for _, _, problem in parsed.problems:
        if problem.at is not None and not parsed.documents:
            raise SuiteError(f"{problem.at}: {problem.message}")
    yield from tree.resources(SourceFile(path, FileKind.MANIFEST, parsed.documents, data=data, source=parsed.source))


def _sentence(failure: Failure) -> str:
    return f"{failure.at}: {failure.message}" if failure.at else f"{failure.policy}: {failure.message}"


def _assertions(case: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found = [entry for entry in case.get("assertions") or () if isinstance(entry, Mapping)]
    if not found:
        raise SuiteError("the case has no assertions")
    return found


def _unmet(assertion: Mapping[str, Any], messages: Sequence[str]) -> str:
    """Why *assertion* does not hold of the messages of all violations; "" where it does."""
    wanted, pattern = assertion.get("violations", "yes"), assertion.get("message")
    try:
        count = sum(pattern is None or re.search(str(pattern), message) is not None for message in messages)
    except re.error as error:
        raise SuiteError(f"the message of an assertion is no regular expression: {error.msg}") from error
    about = f" with a message like {pattern!r}" if pattern is not None else ""
    if wanted in (True, "yes"):
        return "" if count else f"no violation{about}; at least 1 was expected"
    if wanted in (False, "no"):
        return f"{count} violations{about}; none was expected" if count else ""
    if isinstance(wanted, int) and wanted >= 0:
        return "" if count == wanted else f"{count} violations{about}; {wanted} were expected"
    return "violations is a number, yes or no"
