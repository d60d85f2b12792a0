"""The real kubeconform as the judge: it gets our resources and our schemas, its answers get our places.

Each resource is a file of its own, so that an answer is never given to another resource of the same name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gitops_guard.load import process
from gitops_guard.model.errors import SourceError
from gitops_guard.model.finding import Problem
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FieldPath, Resource

if TYPE_CHECKING:
    from gitops_guard.schema.embedded import EmbeddedSchemas

INVALID, MISSING = "schema-invalid", "schema-missing"
TIMEOUT_S: Final = 300.0  # 1,000 resources take 0.3 s

# What may stand in JSON as it is, and must be escaped in YAML: kubeconform reads everything as YAML.
_NOT_YAML: Final = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_QUOTED: Final = re.compile(r"'((?:[^'\\]|\\.)*)'")
_NAMES: Final = re.compile(r"(missing propert(?:y|ies)|additional properties) '")
# The sentences that hold nothing of the value. Source: santhosh-tekuri/jsonschema v6, kind/kind.go.
_SAFE: Final = re.compile(
    r"got (?:null|boolean|object|array|number|integer|string), want [a-z ]+|value must be .*|"
    r"'(?:anyOf|allOf|oneOf|not)' failed.*|(?:min|max)(?:Items|Length|Properties): got \d+, want \d+|"
    r"items at \d+ and \d+ are equal",
    re.DOTALL,
)
# It reads the name of a resource into a struct first, and tells a wrong type there in the words of Go's JSON decoder.
_NAMELESS: Final = re.compile(r"cannot unmarshal (\w+) into Go struct field \.Metadata(?:\.(\w+))? of type (string)?")
_LIMIT: Final = re.compile(r"((?:exclusiveM|m)(?:inimum|aximum)|multipleOf): got \S+, want (\S+)")


@dataclass(frozen=True, slots=True)
class Fault:
    """One error as kubeconform tells it. *names* are the fields of *path* that are missing or unknown."""

    path: FieldPath
    text: str
    names: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[FieldPath, ...]:
        """The fields at fault: what is missing counts as a fault of the mapping that lacks it."""
        if self.text.startswith("additional") and self.names:
            return tuple((*self.path, name) for name in self.names)
        return (self.path,)


@dataclass(frozen=True, slots=True)
class Verdict:
    """*error* is why kubeconform did not judge; "" where it did. Its text may hold values: never show it."""

    resource: Resource
    faults: tuple[Fault, ...] = ()
    error: str = ""

    @property
    def valid(self) -> bool:
        return not self.faults and not self.error


def check(
    resources: Sequence[Resource], schemas: EmbeddedSchemas, *, binary: str = "kubeconform", jobs: int = 2
) -> list[tuple[Resource, str, Problem]]:
    """(resource, rule id, problem), in the order of the resources, then by field.

    Where the embedded engine finds the same fault its sentence is taken, which says more and hides secrets. Raises
    SourceError where the program is missing or fails.
    """
    found: list[tuple[Resource, str, Problem]] = []
    judged = {id(verdict.resource): verdict for verdict in verdicts(resources, schemas, binary=binary, jobs=jobs)}
    for resource in resources:
        verdict = judged.get(id(resource))
        if verdict is not None and (nameless := schemas.unnamed(resource)):
            found.append((resource, INVALID, nameless))  # kubeconform does not ask for a name
        if verdict is None:  # without a schema there was nothing to ask
            found.extend((resource, rule, problem) for rule, problem in schemas.check(resource))
        elif verdict.error:
            problem = Problem(("kind",), "kubeconform could not check this resource")
            found.append((resource, MISSING, problem))
        elif verdict.faults:
            ours = [problem for _, problem in schemas.judge(resource)]
            told = sorted(_problems(verdict, ours), key=lambda problem: tuple(map(str, problem.path)))
            found.extend((resource, INVALID, problem) for problem in told)  # it names fields in the order of Go's maps
    return found


def verdicts(
    resources: Sequence[Resource], schemas: EmbeddedSchemas, *, binary: str = "kubeconform", jobs: int = 2
) -> list[Verdict]:
    """What kubeconform says of each resource for which there is a schema. Raises SourceError."""
    import tempfile

    from gitops_guard.schema.export import export

    program = process.find(binary)
    known = [resource for resource in resources if schemas.text(resource.api_version, resource.id.kind)]
    if not known:
        return []
    with tempfile.TemporaryDirectory(prefix="gitops-guard-") as name:
        folder = Path(name)
        wanted = ((resource.api_version, resource.id.kind) for resource in known)
        location = export(schemas, wanted, folder / "schemas")
        names = _write(known, folder / "resources")
        command = (program, "-strict", "-verbose", "-output", "json", "-n", str(max(jobs, 1)))
        done = process.run(
            (*command, "-schema-location", location, "resources"),
            cwd=folder,
            timeout_s=TIMEOUT_S,
            env=process.scrubbed(),
        )
    answers = _answers(done)
    if answers.keys() != set(names):
        raise SourceError("kubeconform did not answer for each resource", hint="does it run by hand?")
    return [_verdict(resource, answers[name]) for resource, name in zip(known, names, strict=True)]


def _write(resources: Sequence[Resource], folder: Path) -> list[str]:
    import json

    folder.mkdir()
    names = []
    for number, resource in enumerate(resources):
        body = {field: value for field, value in resource.body.items() if field != "sops"}  # Flux takes it out
        text = _NOT_YAML.sub(_escaped, json.dumps(body, ensure_ascii=False))
        (folder / f"{number}.json").write_text(text, encoding="utf-8")
        names.append(f"{folder.name}/{number}.json")
    return names


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return "\\ufffd" if 0xD800 <= code < 0xE000 else f"\\u{code:04x}"  # half a surrogate pair is no character


def _answers(done: process.Completed) -> dict[str, list[Mapping[str, Any]]]:
    import json

    try:
        if done.returncode not in (0, 1):
            raise ValueError
        answers: dict[str, list[Mapping[str, Any]]] = {}
        for answer in json.loads(done.stdout)["resources"]:
            answers.setdefault(answer["filename"], []).append(answer)
        return answers
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"kubeconform failed with exit code {done.returncode} and without a report",
            hint="0.6 or newer is needed",
        ) from error


def _verdict(resource: Resource, answers: Sequence[Mapping[str, Any]]) -> Verdict:
    faults: list[Fault] = []
    for answer in answers:
        status, message = answer.get("status"), str(answer.get("msg"))
        if nameless := _NAMELESS.search(message):
            faults.append(_nameless(nameless))
        elif status == "statusError" or (status == "statusInvalid" and not answer.get("validationErrors")):
            return Verdict(resource, error=message or "no reason")
        errors = answer.get("validationErrors", ())
        faults.extend(_fault(resource.body, str(each["path"]), str(each["msg"])) for each in errors)
    return Verdict(resource, tuple(fault for fault in faults if not _is_open(resource.body, fault)))


def _nameless(match: re.Match[str]) -> Fault:
    field = ("metadata", match[2][0].lower() + match[2][1:]) if match[2] else ("metadata",)
    return Fault(field, f"got {match[1]}, want {match[3] or 'object'}")


def _fault(body: Mapping[str, Any], pointer: str, text: str) -> Fault:
    path = _path(body, pointer)
    if not _NAMES.match(text):
        return Fault(path, text)
    quoted = (match[1].replace("\\'", "'").replace("\\\\", "\\") for match in _QUOTED.finditer(text))
    names = tuple(name for name in quoted if not is_placeholder(name))
    return Fault(path, text, names)


def _path(body: Any, pointer: str) -> FieldPath:
    """The path that *pointer* means. Names are not escaped in it, so `a.b/c` of an annotation looks like two."""
    return next(_paths(body, pointer), ())


def _paths(node: Any, rest: str) -> Iterator[FieldPath]:
    if not rest:
        yield ()
        return
    steps: list[tuple[str | int, str, Any]] = []
    if isinstance(node, Mapping):
        steps = [(name, rest[len(name) + 1 :], value) for name, value in node.items() if rest[1:].startswith(name)]
    elif isinstance(node, list):
        number, slash, after = rest[1:].partition("/")
        if number.isdecimal() and int(number) < len(node):
            steps = [(int(number), slash + after, node[int(number)])]
    for step, after, value in steps:
        if after and not after.startswith("/"):
            continue
        for path in _paths(value, after):
            yield (step, *path)


def _is_open(body: Mapping[str, Any], fault: Fault) -> bool:
    """Whether the fault is one of a placeholder: nobody knows yet what will stand there."""
    if _NAMES.match(fault.text):
        return not fault.names
    value: Any = body
    for step in fault.path:
        value = value[step]
    if fault.text.startswith(("'anyOf'", "'oneOf'", "'allOf'", "'not'")):
        return _holds_placeholder(value)
    return isinstance(value, str) and is_placeholder(value)


def _holds_placeholder(value: Any) -> bool:
    match value:
        case str():
            return is_placeholder(value)
        case Mapping():
            return any(_holds_placeholder(each) for each in value.values())
        case list():
            return any(map(_holds_placeholder, value))
    return False


def _problems(verdict: Verdict, ours: Sequence[Problem]) -> Iterator[Problem]:
    """Ours where it lies at or below a field that kubeconform names; else what kubeconform says."""
    seen: set[int] = set()
    for fault in verdict.faults:
        for field in fault.fields:
            same = [problem for problem in ours if problem.path == field] or [
                problem for problem in ours if problem.path[: len(field)] == field and not fault.names
            ]
            fresh = [problem for problem in same if id(problem) not in seen]
            seen.update(map(id, same))
            yield from fresh
            if not same:
                yield from _told(fault, field)


def _told(fault: Fault, field: FieldPath) -> Iterator[Problem]:
    from gitops_guard.schema.explain import dotted

    if field != fault.path:
        yield Problem(field, f"unknown field `{dotted(field)}`", on_key=True)
        return
    for name in fault.names:
        yield Problem(field, f"`{dotted((*field, name))}` is missing")
    if not fault.names:
        yield Problem(field, f"`{dotted(field)}` {_sentence(fault.text)}")


def _sentence(text: str) -> str:
    """What kubeconform says, without the value: it may be a secret."""
    if limit := _LIMIT.fullmatch(text):
        return f"is out of range: {limit[1]} is {limit[2]}"
    if _SAFE.fullmatch(text):
        return f"is not what the schema wants: {text}"
    return "does not have the form that the schema wants"
