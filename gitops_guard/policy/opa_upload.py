"""What lies on an OPA server for as long as a program is asked: put there, and taken away, and nothing else touched."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from gitops_guard.model.errors import GuardError, SourceError
from gitops_guard.policy import opa_merge, opa_modules
from gitops_guard.policy.opa_connection import Connection, Fault, HeldPolicy, RefusedError
from gitops_guard.policy.program import Failure, Module, Program

PREFIX: Final = "gitops-guard"
_SYSTEM: Final = "system"  # OPA's own: what lies there rules who may ask, and what is logged

_NO_STEPS: Final = frozenset({"", ".", ".."})  # OPA cleans the path of a request, also of what is quoted in it


def check_free(connection: Connection, programs: Sequence[Program]) -> None:
    """Raises SourceError where the server holds a package or data of *programs*: before anything is written."""
    packages = sorted({opa_modules.package(module.text) for program in programs for module in program.modules})
    keys = sorted({(key,) for program in programs for key in program.data})
    held = connection.policies()
    for path in (*packages, *keys):
        for policy in held:
            if _meet(path, policy.package):
                raise SourceError(
                    f"the OPA server {connection.url} already holds the package {'.'.join(policy.package)}, "
                    f"in its policy {policy.id}; {_wanted(path, packages)}",
                    hint=_next_step(policy),
                )
    paths = [*packages, *keys]
    for path, found in zip(paths, _existing(connection, paths), strict=True):
        if found:
            raise SourceError(
                f"the OPA server {connection.url} already holds data at data.{'.'.join(path)}; "
                f"{_wanted(path, packages)}",
                hint="ask a server that is not in use, or use --policy-engine embedded",
            )


def _meet(one: Sequence[str], other: Sequence[str]) -> bool:
    """The same path, or one within the other."""
    length = min(len(one), len(other))
    return tuple(one[:length]) == tuple(other[:length])


def _wanted(path: Sequence[str], packages: Iterable[Sequence[str]]) -> str:
    name = ".".join(path)
    return f"a policy here has the package {name}" if path in packages else f"data here has the key {name}"


def _next_step(policy: HeldPolicy) -> str:
    if policy.id.startswith(f"{PREFIX}/"):
        return "another run is at work, or was killed: then DELETE /v1/policies/" + policy.id
    return "--opa-package asks what the server holds; --policy-engine embedded needs no server"


def _existing(connection: Connection, paths: Sequence[Sequence[str]]) -> list[bool]:
    """Whether there is a document. No package is there, so that nothing is evaluated."""
    asked = [f"count([1 | _ := data{opa_modules.brackets(path)}])" for path in paths]
    try:
        return [count > 0 for count in connection.query(f"r := [{', '.join(asked)}]", {})] if asked else []
    except RefusedError as error:
        raise SourceError(f"the OPA server {connection.url} cannot be asked what it holds: {error.message}") from error


class Upload:
    """A program on its way. `remove` takes away all that `put` may have written, whatever became of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._folder = f"{PREFIX}/{secrets.token_hex(8)}"
        self._written: list[str] = []
        self._keys: list[str] = []
        self.modules: dict[str, Module] = {}

    def put(self, program: Program) -> list[Failure]:
        """Why it cannot be asked; nothing where all is there."""
        for key, value in program.data.items():
            self._keys.append(key)
            self._connection.put_data(key, value)
        return self._put_modules(program)

    def _put_modules(self, program: Program) -> list[Failure]:
        """OPA compiles with each module, so that one that needs another has to wait for it."""
        waiting = self._named(program.modules)
        together = False
        while waiting:
            faults = {name: found for name in waiting if (found := self._put_module(name))}
            if len(faults) < len(waiting):
                waiting = list(faults)
            elif together:
                return self._failures(program.name, faults)
            else:
                waiting = self._named(opa_merge.merged([self.modules[name] for name in waiting]))
                together = True
        return []

    def _named(self, modules: Sequence[Module]) -> list[str]:
        named = {f"{self._folder}/{number}": module for number, module in enumerate(modules, len(self.modules))}
        self.modules.update(named)
        return list(named)

    def _put_module(self, name: str) -> Sequence[Fault]:
        self._written.append(name)
        try:
            self._connection.put_policy(name, opa_modules.source(self.modules[name]))
        except RefusedError as error:
            self._written.remove(name)
            if not error.faults:
                said = f"the OPA server {self._connection.url} takes no policy {name}: {error.message}"
                raise SourceError(said, hint="see docs/policy-engines.md for what it must allow") from error
            return error.faults
        return ()

    def _failures(self, policy: str, faults: dict[str, Sequence[Fault]]) -> list[Failure]:
        telling = {name: told for name, every in faults.items() if (told := opa_modules.telling(every))}
        found = [
            opa_modules.failure(policy, fault, self.modules[name], self.modules)
            for name, some in (telling or faults).items()
            for fault in some
        ]
        return list(dict.fromkeys(found))

    def remove(self) -> None:
        """The last first: a module that is called cannot go before the one that calls it."""
        try:
            while self._written:
                self._connection.delete_policy(self._written[-1])
                self._written.pop()
            while self._keys:
                self._connection.delete_data(self._keys[-1])
                self._keys.pop()
        except GuardError as error:
            left = [*self._written, *(f"data.{key}" for key in self._keys)]
            raise SourceError(
                f"{error.message}; so it may still hold {', '.join(left)}, which was uploaded", hint=error.hint
            ) from error


def refused(program: Program) -> Iterator[Failure]:
    """Why it must not be uploaded."""
    for module in program.modules:
        if opa_modules.package(module.text)[0] == _SYSTEM:
            said = "the package `system` is OPA's own, and is not uploaded: it would change the server for all"
            yield Failure(program.name, said, module.at(1))
    for key in program.data:
        if key == _SYSTEM or not _NO_STEPS.isdisjoint(key.split("/")) or not _is_json(program.data[key]):
            yield Failure(program.name, f"data with the key {key!r} cannot be uploaded to an OPA server")


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
