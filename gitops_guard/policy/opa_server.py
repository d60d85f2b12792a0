"""An OPA server as the engine, through opa-python-client. This is the only module that imports it.

Each program is uploaded by itself, asked and taken away again: programs are closed, and two of them may have the same
package. Before the first write the server is asked what it holds: nothing of that is touched, whatever happens.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

from gitops_guard.model.errors import GuardError, SourceError, UsageError
from gitops_guard.policy.program import UNDEFINED, Answer, AsJson, Dialect, Failure, Module, Program, Question, Replies
from gitops_guard.policy.rego_text import with_import_of_v1

if TYPE_CHECKING:
    from opa_client.opa import OpaClient

_PREFIX: Final = "gitops-guard"
_INPUTS: Final = 50  # of one request: enough that the way there does not count, little enough for the timeout
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_CONFLICTS: Final = ("eval_conflict_error", "eval_type_error")
_V0_WORDS: Final = ("`if` keyword is required", "`contains` keyword is required", "var cannot be used for rule name")
Told = TypeVar("Told")


class Held(NamedTuple):
    """A package that the server holds, by id of the policy, with the names of its rules."""

    policy: str
    package: str
    rules: tuple[str, ...]


class OpaServer:
    """See `policy.program.Engine`. *package* "": programs are uploaded; else nothing is, and that package is asked.

    *token* is sent as a bearer token. Use as a context manager, or call `close`.
    """

    name = "opa"

    def __init__(self, url: str, *, timeout_s: float = 10.0, package: str = "", token: str = "") -> None:
        self._url = _without_user(url)
        self._package = package
        self._client = _client(url, timeout_s, token)
        self._ids = f"{_PREFIX}/{secrets.token_hex(4)}"
        self._packages: dict[str, str] | None = None

    def close(self) -> None:
        self._client.close_connection()

    def __enter__(self) -> OpaServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def held(self) -> list[Held]:
        """What the server holds. Raises SourceError where it cannot be asked."""
        found = self._reached(lambda: self._json("policies"))
        return [_held(policy) for policy in found.get("result") or ()]

    def ask(self, questions: Sequence[Question]) -> list[Replies]:
        """Raises SourceError where the server cannot be asked, or holds what has to be uploaded."""
        if self._package:
            return [self._answered(question) for question in questions]
        replies: dict[int, Replies] = {}
        for program, numbers in _by_program(questions):
            self._may_be_uploaded(program)
            with _Upload(self, program) as upload:
                for number in numbers:
                    question = questions[number]
                    replies[number] = _none(question, upload.failures) if upload.failures else self._answered(question)
        return [replies[number] for number in range(len(questions))]

    def _answered(self, question: Question) -> Replies:
        rows: list[list[Answer]] = []
        for first in range(0, len(question.inputs), _INPUTS):
            rows += self._rows(question, question.inputs[first : first + _INPUTS])
        return Replies(rows)

    def _rows(self, question: Question, inputs: Sequence[Any]) -> list[list[Answer]]:
        """Where one evaluation ends with an error, all of a request does: it is asked in halves then."""
        answers = self._asked(question, question.rules, inputs)
        if not isinstance(answers, Failure):
            return answers
        if len(inputs) > 1:
            middle = len(inputs) // 2
            return [*self._rows(question, inputs[:middle]), *self._rows(question, inputs[middle:])]
        row = []
        for rule in question.rules:
            answer = self._asked(question, (rule,), inputs)
            row.append(Answer(False, None, answer) if isinstance(answer, Failure) else answer[0][0])
        return [row]

    def _asked(self, question: Question, rules: Sequence[str], inputs: Sequence[Any]) -> list[list[Answer]] | Failure:
        query = _query(question, rules)
        payload = {"query": query, "input": {"inputs": [_plain(value) for value in inputs]}}
        response = self._reached(lambda: self._post("query", payload))
        body = self._body(response)
        if response.status_code == 200:
            result = (body.get("result") or [{}])[0]
            columns = [result.get(f"r{number}", [[]] * len(inputs)) for number in range(len(rules))]
            return [[_answer(column[at]) for column in columns] for at in range(len(inputs))]
        errors = body.get("errors") or [{}]
        if any(error.get("code") in _CONFLICTS for error in errors):
            name = rules[0].removeprefix("data.")
            return _failure(name, errors[0], question.program.modules, self._ids)
        raise self._refused(response)

    def _may_be_uploaded(self, program: Program) -> None:
        """Raises SourceError where the server holds a package or data of the program already."""
        if self._packages is None:
            self._packages = {held.package: held.policy for held in self.held()}
        from gitops_guard.policy import rego

        for module in program.modules:
            outline = rego.outline(module)
            package = "" if isinstance(outline, Failure) else outline.package
            if package in self._packages:
                message = (
                    f"the OPA server {self._url} holds the package {package!r} already ({self._packages[package]})"
                )
                raise SourceError(message, hint="--opa-package asks what the server holds; else give it another server")
        for key in program.data:
            if "result" in self._reached(partial(self._json, f"data/{key}")):
                raise SourceError(
                    f"the OPA server {self._url} holds data.{key} already", hint="rename it, or ask there"
                )

    def put_module(self, number: int, module: Module) -> list[Mapping[str, Any]]:
        """Upload one; the server's errors where it refuses."""
        from opa_client.errors import RegoParseError

        text = with_import_of_v1(module.text) if module.dialect is Dialect.V1 else module.text
        try:
            self._reached(
                lambda: self._client.update_policy_from_string(text, f"{self._ids}/{number}", rego_compat=False)
            )
        except RegoParseError as error:
            return list(error.errors or [{"message": str(error)}])
        return []

    def put_data(self, key: str, value: Any) -> None:
        self._reached(lambda: self._put(f"data/{key}", value))

    def remove(self, modules: int, keys: Sequence[str]) -> None:
        """Take away what was uploaded; all of it is tried before an error is raised.

        A module that others need goes after them: what is refused is tried again while anything else went.
        """
        waiting = [*(f"policies/{self._ids}/{number}" for number in range(modules)), *(f"data/{key}" for key in keys)]
        failed: dict[str, GuardError] = {}
        while waiting:
            failed = {}
            for path in waiting:
                try:
                    self._reached(partial(self._delete, path))
                except GuardError as error:
                    failed[path] = error
            if len(failed) == len(waiting):
                break
            waiting = list(failed)
        if failed:
            message = f"what was uploaded to {self._url} below {self._ids}/ could not all be removed"
            raise SourceError(message, hint=str(next(iter(failed.values()))))

    def _reached(self, call: Callable[[], Told]) -> Told:
        import requests

        try:
            return call()
        except requests.exceptions.TooManyRedirects as error:
            raise SourceError(f"the OPA server {self._url} sends elsewhere", hint="name the server itself") from error
        except requests.exceptions.HTTPError as error:
            raise self._refused(error.response) from error
        except requests.exceptions.JSONDecodeError as error:
            hint = "is that address an OPA server's?"
            raise SourceError(f"{self._url} answered something that is no JSON", hint=hint) from error
        except requests.exceptions.RequestException as error:
            if isinstance(error, requests.exceptions.Timeout) or "timed out" in str(error):
                hint = "is a policy slow, or the server busy?"
                raise SourceError(f"the OPA server {self._url} did not answer in time", hint=hint) from error
            hint = "is it running, and is --opa-url right?"
            raise SourceError(f"the OPA server {self._url} cannot be reached", hint=hint) from error

    def _refused(self, response: Any) -> SourceError:
        code = response.status_code
        hints = {401: "GITOPS_GUARD_OPA_TOKEN holds its token", 403: "its authorization policy does not allow this"}
        return SourceError(f"the OPA server {self._url} answered {code}", hint=hints.get(code, "its log says why"))

    def _body(self, response: Any) -> Mapping[str, Any]:
        found = self._reached(response.json)
        if not isinstance(found, dict):
            raise SourceError(f"{self._url} answered something that is no OPA's", hint="is --opa-url right?")
        return found

    # The client has no call that keeps the body of an error apart, takes null as input, or tells what a PUT met.
    def _post(self, path: str, payload: Any) -> Any:
        return self._client._session.post(self._at(path), json=payload, timeout=self._client.timeout)

    def _json(self, path: str) -> Mapping[str, Any]:
        response = self._client._session.get(self._at(path), timeout=self._client.timeout)
        response.raise_for_status()
        return self._body(response)

    def _put(self, path: str, value: Any) -> None:
        self._client._session.put(self._at(path), json=value, timeout=self._client.timeout).raise_for_status()

    def _delete(self, path: str) -> None:
        response = self._client._session.delete(self._at(path), timeout=self._client.timeout)
        if response.status_code != 404:
            response.raise_for_status()

    def _at(self, path: str) -> str:
        return f"{self._client.root_url}/{path}"


class _Upload:
    """A program on the server, and away again. *failures* say what of it the server refuses."""

    def __init__(self, server: OpaServer, program: Program) -> None:
        self._server = server
        self._program = program
        self._tried = 0
        self._keys: list[str] = []
        self.failures: list[Failure] = []

    def __enter__(self) -> _Upload:
        try:
            for key in self._program.data:
                self._keys.append(key)
                self._server.put_data(key, self._program.data[key])
            self._put_modules()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._server.remove(self._tried, self._keys)

    def _put_modules(self) -> None:
        """A module that calls another is refused before that one is there, so the refused are tried again."""
        modules = self._program.modules
        self._tried = len(modules)
        waiting = list(range(len(modules)))
        while waiting:
            errors = {number: self._server.put_module(number, modules[number]) for number in waiting}
            refused = [number for number in waiting if errors[number]]
            if len(refused) == len(waiting):
                self.failures = [self._failure(number, errors[number][0]) for number in refused]
                return
            waiting = refused

    def _failure(self, number: int, error: Mapping[str, Any]) -> Failure:
        module = self._program.modules[number]
        found = _failure(self._program.name, error, [module], "")
        flag = "--v0-compatible" if module.dialect is Dialect.V0 else "--v1-compatible"
        if any(words in found.message for words in _V0_WORDS):
            message = f"the server does not read Rego {module.dialect.value}: start it with `opa run --server {flag}`"
            return found._replace(message=message)
        return found


def _client(url: str, timeout_s: float, token: str) -> OpaClient:
    try:
        from opa_client.opa import OpaClient
    except ImportError as error:
        hint = "pip install 'gitops-guard[opa]'"
        raise UsageError("--policy-engine opa needs a package that is not installed", hint=hint) from error
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise UsageError(f"--opa-url {_without_user(url)!r} is no address of a server", hint="http://127.0.0.1:8181")
    port = parts.port or (443 if parts.scheme == "https" else 8181)
    client = OpaClient(
        parts.hostname, port, ssl=parts.scheme == "https", token=token or None, retries=0, timeout=timeout_s
    )
    client._session.max_redirects = 0  # policies go to the server that was named, and to no other
    if parts.hostname in _LOOPBACK:
        client._session.trust_env = False  # a proxy of the environment does not know our loopback
    return client


def _without_user(url: str) -> str:
    """Without credentials, which stand in front of an `@`."""
    scheme, slashes, rest = url.partition("://")
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}"


def _by_program(questions: Sequence[Question]) -> list[tuple[Program, list[int]]]:
    found: dict[int, tuple[Program, list[int]]] = {}
    for number, question in enumerate(questions):
        found.setdefault(id(question.program), (question.program, []))[1].append(number)
    return list(found.values())


def _plain(value: Any) -> Any:
    import json

    return json.loads(value) if isinstance(value, AsJson) else value


def _none(question: Question, failures: Sequence[Failure]) -> Replies:
    return Replies([[UNDEFINED] * len(question.rules) for _ in question.inputs], failures)


def _query(question: Question, rules: Sequence[str]) -> str:
    """For each rule an item for each input: empty where it is undefined, else with the value."""
    import json

    over = "".join(f" with data.{path} as {json.dumps(value)}" for path, value in question.data.items())
    return "; ".join(
        f"r{number} = [a | x := input.inputs[_]; a := [v | v := {rule} with input as x{over}]]"
        for number, rule in enumerate(rules)
    )


def _answer(found: list[Any]) -> Answer:
    return Answer(True, found[0]) if found else UNDEFINED


def _failure(policy: str, error: Mapping[str, Any], modules: Sequence[Module], ids: str) -> Failure:
    """An error of the server at its place; an id of ours ends with the number of the module."""
    location = error.get("location") or {}
    name = str(location.get("file", ""))
    number = name.removeprefix(f"{ids}/") if ids else "0"
    module = modules[int(number)] if number.isdigit() and int(number) < len(modules) else None
    at = module.at(int(location.get("row", 1)), int(location.get("col", 1))) if module and location else None
    return Failure(policy, str(error.get("message") or "the server refuses it").partition("\n")[0], at)


def _held(policy: Mapping[str, Any]) -> Held:
    tree = policy.get("ast") or {}
    path = [str(step.get("value")) for step in (tree.get("package") or {}).get("path") or ()]
    names = dict.fromkeys(_name(rule) for rule in tree.get("rules") or ())
    return Held(str(policy.get("id")), ".".join(path[1:]), tuple(name for name in names if name))


def _name(rule: Mapping[str, Any]) -> str:
    head = rule.get("head") or {}
    reference = head.get("ref") or [{}]
    return str(head.get("name") or reference[0].get("value") or "")


def rules_of(held: Sequence[Held], package: str) -> Iterator[tuple[str, str]]:
    """(id of the policy, name of the rule) of a package."""
    return ((one.policy, name) for one in held if one.package == package for name in one.rules)
