"""What is wrong with a resource, in a sentence for each cause: the field, what stands there, what would be accepted.

A validator tells every branch of a `oneOf` that did not fit; here the branch that fits best speaks. What could be a
secret is never shown, only its type. A value that holds a placeholder is not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from gitops_guard.model.finding import Problem
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FieldPath

if TYPE_CHECKING:
    import jsonschema_rs

MOST = 200  # findings about one resource; somebody who reads this many has another problem
GUESSES = 20  # what an unknown field was meant to be; one costs a millisecond
SHOWN = 40  # characters; a longer string is told by its type
_TYPES = {
    "array": "a list",
    "boolean": "a boolean",
    "integer": "an integer",
    "number": "a number",
    "object": "a mapping",
    "string": "a string",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """*accepted* are the types, values or fields that would do, by *keyword*."""

    path: FieldPath
    keyword: str
    message: str
    accepted: tuple[Any, ...] = ()
    on_key: bool = False
    suggestion: str = ""


class Explanation:
    """The causes of one resource's errors. *secret* says that no value of it may be shown.

    *since* tells the version of Kubernetes that brought a field, or "".
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        body: Mapping[str, Any],
        *,
        secret: bool,
        since: Callable[[FieldPath], str] = lambda _: "",
    ) -> None:
        self.schema = schema
        self.body = body
        self.secret = secret
        self.placeholders: set[FieldPath] = set()
        self._guesses = GUESSES
        self._since = since

    def problems(self, errors: Iterable[jsonschema_rs.ValidationError]) -> Iterator[Problem]:
        """Each cause once, in the order of the fields' names."""
        every = (cause for error in errors for cause in self._causes(error))
        causes = dict.fromkeys(islice(every, MOST))
        renamed = {(cause.path[:-1], cause.suggestion) for cause in causes if cause.suggestion}
        for cause in sorted(causes, key=lambda cause: (tuple(map(str, cause.path)), cause.message)):
            if cause.keyword == "required" and all((cause.path, name) in renamed for name in cause.accepted):
                continue
            yield Problem(cause.path, cause.message, on_key=cause.on_key)
        if next(every, None):
            yield Problem((), f"more than {MOST} fields of this resource are wrong; the others are not listed")

    def _causes(self, error: jsonschema_rs.ValidationError) -> list[Cause]:
        path: FieldPath = tuple(error.instance_path)
        value = self._value(path)
        if isinstance(value, str) and is_placeholder(value):
            self.placeholders.add(path)
            return []
        kind = error.kind
        match type(kind).__name__:
            case "AnyOf" | "OneOfNotValid":
                return self._best_branch(path, value, kind.context)  # type: ignore[attr-defined]  # a kind of error
            case "OneOfMultipleValid":
                return [self._too_many(path, value, self._node(error))]
            case "Not":
                return [self._forbidden(path, value, self._node(error))]
            case "AdditionalProperties":
                names: list[str] = kind.unexpected[: MOST + 1]  # type: ignore[attr-defined]  # a kind of error
                return [self._unknown(error, name) for name in names if not _is_placeholder_key(name)]
            case "Required":
                name = kind.property  # type: ignore[attr-defined]  # a kind of error
                return [Cause(path, "required", f"`{dotted((*path, name))}` is missing", (name,))]
            case "Type":
                return self._wrong_type(path, value, kind.types)  # type: ignore[attr-defined]  # a kind of error
            case "Enum":
                return [self._wrong_value(path, value, kind.options)]  # type: ignore[attr-defined]  # a kind of error
        return [self._other(path, value, type(kind).__name__, kind.as_dict())]

    def _wrong_type(self, path: FieldPath, value: object, types: Sequence[str]) -> list[Cause]:
        wanted = tuple(sorted(set(types) - {"null"}))
        if isinstance(value, float) and value.is_integer() and "integer" in wanted:
            return []  # 3.0 is an integer to kubeconform; draft 4 says no
        message = f"`{dotted(path)}` {self._stands(path, value)}; {_needed(wanted)}"
        if wanted == ("string",) and isinstance(value, bool | int | float):
            message += " (put it in quotes)"
        return [Cause(path, "type", message, wanted)]

    def _wrong_value(self, path: FieldPath, value: object, options: Sequence[Any]) -> Cause:
        accepted = tuple(option for option in options if option is not None)
        start = f"`{dotted(path)}` {self._stands(path, value)}"
        near = closest(value, [option for option in accepted if isinstance(option, str)])
        if near:
            return Cause(path, "enum", f"{start}; did you mean `{near}`?", accepted)
        return Cause(path, "enum", f"{start}; accepted: {_listed(accepted) or 'nothing'}", accepted)

    def _unknown(self, error: jsonschema_rs.ValidationError, name: str) -> Cause:
        path: FieldPath = tuple(error.instance_path)
        fields = self._node(error).get("properties", {})
        start = f"unknown field `{dotted((*path, name))}`"
        near = ""
        self._guesses -= 1
        if self._guesses < 0:
            message = start
        elif since := self._since((*path, name)):
            message = f"{start}; Kubernetes {since} and later have it"
        elif (home := self._home(error, name)) is not None:
            message = f"{start}; it belongs in `{dotted(home)}`"
        elif near := closest(name, list(fields)):
            message = f"{start}; did you mean `{near}`?"
        elif 0 < len(fields) <= 8:  # what fits in a line
            message = f"{start}; accepted here: {_listed(sorted(fields))}"
        else:
            message = start
        return Cause((*path, name), "additionalProperties", message, on_key=True, suggestion=near)

    def _home(self, error: jsonschema_rs.ValidationError, name: str) -> FieldPath | None:
        """Where a field of this name is known, if it only slipped: one level too far in or out, as YAML makes easy."""
        path: FieldPath = tuple(error.instance_path)
        nodes = self._nodes(error)
        for depth in range(len(path) - 1, -1, -1):
            if any(name in node.get("properties", ()) for node in nodes.get(depth, ())):
                return path[:depth] if depth else None  # `the resource` is no place to name
        below = self._node(error).get("properties", {})
        written = sorted(field for field in below if field != "status")  # nobody writes a status
        homes = [field for field in written if name in self._resolved(below[field]).get("properties", ())]
        return (*path, homes[0]) if len(homes) == 1 else None

    def _nodes(self, error: jsonschema_rs.ValidationError) -> dict[int, list[Mapping[str, Any]]]:
        """The parts of the schema above the failed keyword, by how deep in the resource they apply."""
        found: dict[int, list[Mapping[str, Any]]] = {}
        node: Any = self.schema
        depth = 0
        steps = list(error.evaluation_path[:-1])
        for index, part in enumerate(steps):
            if isinstance(node, Mapping):
                found.setdefault(depth, []).append(node)
            below_names = index > 0 and steps[index - 1] in ("properties", "patternProperties")
            if below_names or part in ("items", "additionalProperties"):
                depth += 1
            node = self._target(node["$ref"]) if part == "$ref" else node[part]
        return found

    def _resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._target(node["$ref"]) if "$ref" in node else node

    def _best_branch(
        self, path: FieldPath, value: object, context: Sequence[Sequence[jsonschema_rs.ValidationError]]
    ) -> list[Cause]:
        branches = [[cause for error in branch for cause in self._causes(error)] for branch in context]
        if not all(branches):
            return []  # but for a placeholder this branch fits
        branches = [branch for branch in branches if any(cause.accepted or cause.message for cause in branch)]
        branches = [branch for branch in branches if not _only_null(branch)] or branches
        for keyword in ("required", "type", "enum"):
            if all(cause.keyword == keyword and cause.path == path for branch in branches for cause in branch):
                return [self._merged(path, value, keyword, branches)]
        return min(branches, key=lambda branch: _misfit(branch, path))

    def _merged(self, path: FieldPath, value: object, keyword: str, branches: Sequence[Sequence[Cause]]) -> Cause:
        accepted = tuple(dict.fromkeys(each for branch in branches for cause in branch for each in cause.accepted))
        if keyword == "required":
            what = f"`{dotted(path)}` needs one of {_listed(accepted)}" if len(accepted) > 1 else branches[0][0].message
            return Cause(path, "required", what, accepted)
        if keyword == "type":
            wanted = tuple(sorted(accepted))
            return Cause(path, "type", f"`{dotted(path)}` {self._stands(path, value)}; {_needed(wanted)}", wanted)
        return self._wrong_value(path, value, accepted)

    def _too_many(self, path: FieldPath, value: object, node: Mapping[str, Any]) -> Cause:
        named = sorted({name for branch in node.get("oneOf", ()) for name in branch.get("required", ())})
        given = [name for name in named if isinstance(value, Mapping) and name in value]
        if len(given) > 1:
            return Cause(path, "oneOf", f"`{dotted(path)}` may have only one of {_listed(given)}")
        types = {kind for branch in node.get("oneOf", ()) for kind in _as_list(branch.get("type"))} - {"null"}
        if value is None and types:  # Quantity and IntOrString: both of their branches take null
            return Cause(
                path, "oneOf", f"`{dotted(path)}` {self._stands(path, value)}; {_needed(tuple(sorted(types)))}"
            )
        return Cause(path, "oneOf", f"`{dotted(path)}` fits more than one of the forms of which it may have one")

    def _forbidden(self, path: FieldPath, value: object, node: Mapping[str, Any]) -> Cause:
        denied = node.get("not", {})
        groups = [branch.get("required", []) for branch in (denied, *denied.get("anyOf", ()))]
        given = [names for names in groups if names and isinstance(value, Mapping) and all(n in value for n in names)]
        if given:
            together = " together" if len(given[0]) > 1 else ""
            return Cause(path, "not", f"`{dotted(path)}` may not have {_listed(given[0], 'and')}{together}")
        return Cause(path, "not", f"`{dotted(path)}` {self._stands(path, value)}; just this is not accepted")

    def _other(self, path: FieldPath, value: object, keyword: str, details: Mapping[str, Any]) -> Cause:
        stands = f"`{dotted(path)}` {self._stands(path, value)}"
        limit = details.get("limit")
        size = len(value) if isinstance(value, str | list | dict) else 0
        sentences = {
            "Format": f"{stands}; it is not a valid {details.get('format')}",
            "Pattern": f"{stands}; it has to match {_cut(str(details.get('pattern')))}",
            "Minimum": f"{stands}; at least {limit} is needed",
            "Maximum": f"{stands}; at most {limit} is accepted",
            "ExclusiveMinimum": f"{stands}; more than {limit} is needed",
            "ExclusiveMaximum": f"{stands}; less than {limit} is needed",
            "MultipleOf": f"{stands}; a multiple of {details.get('multiple_of')} is needed",
            "MinLength": f"`{dotted(path)}` has {_counted(size, 'character')}; at least {limit} needed",
            "MaxLength": f"`{dotted(path)}` has {_counted(size, 'character')}; at most {limit} accepted",
            "MinItems": f"`{dotted(path)}` has {_counted(size, 'item')}; at least {limit} needed",
            "MaxItems": f"`{dotted(path)}` has {_counted(size, 'item')}; at most {limit} accepted",
            "MinProperties": f"`{dotted(path)}` has {_counted(size, 'field')}; at least {limit} needed",
            "MaxProperties": f"`{dotted(path)}` has {_counted(size, 'field')}; at most {limit} accepted",
            "UniqueItems": f"`{dotted(path)}` has the same item twice",
            "AdditionalItems": f"`{dotted(path)}` has {_counted(size, 'item')}; at most {limit} accepted",
        }
        return Cause(path, keyword, sentences.get(keyword, f"{stands}; it is not accepted here"))

    def _stands(self, path: FieldPath, value: object) -> str:
        """`is the string "three"`, or only the type where the value could be a secret."""
        hidden = self.secret or self._looks_secret(path, value)
        match value:
            case None:
                return "is empty (null)"
            case bool():
                return "is a boolean" if hidden else f"is the boolean {str(value).lower()}"
            case int() | float():
                name = "an integer" if isinstance(value, int) else "a number"
                # Python refuses to write an integer of more than 4,300 digits.
                return f"is {name}" if hidden or abs(value) >= 10**18 else f"is the {name.split()[1]} {value}"
            case str() if hidden or len(value) > SHOWN or not value.isprintable():
                return "is a string"
            case str():
                return f'is the string "{value}"' if value else "is an empty string"
            case list():
                return "is a list"
        return "is a mapping"

    def _looks_secret(self, path: FieldPath, value: object) -> bool:
        from gitops_guard.model.sensitive import is_random, is_secret_name

        if any(isinstance(part, str) and is_secret_name(part) for part in path):
            return True
        if isinstance(value, str) and (is_random(value) or ("://" in value and "@" in value)):
            return True
        beside = self._value(path[:-1])
        if isinstance(beside, Mapping):  # {name: DB_PASSWORD, value: 1234}
            return any(isinstance(beside.get(key), str) and is_secret_name(beside[key]) for key in ("name", "key"))
        if isinstance(beside, list) and isinstance(path[-1], int) and path[-1] > 0:  # [--password, 1234]
            before = beside[path[-1] - 1]
            return isinstance(before, str) and is_secret_name(before)
        return False

    def _value(self, path: FieldPath) -> Any:
        value: Any = self.body
        for part in path:
            value = value[part]
        return value

    def _node(self, error: jsonschema_rs.ValidationError) -> Mapping[str, Any]:
        """The part of the schema that holds the keyword which failed."""
        node: Any = self.schema
        for part in error.evaluation_path[:-1]:
            node = self._target(node["$ref"]) if part == "$ref" else node[part]
        return node if isinstance(node, Mapping) else {}

    def _target(self, reference: str) -> Any:
        node: Any = self.schema
        for part in reference.removeprefix("#").split("/")[1:]:
            node = node[part.replace("~1", "/").replace("~0", "~")]
        return node


def dotted(path: FieldPath) -> str:
    """`spec.containers[0].image`; a name that has a dot or a slash in quotes: `metadata.labels["a.b/c"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part and not set(part) & set('./[]" '):
            text += f".{printable(part)}" if text else printable(part)
        else:
            text += f'["{printable(part)}"]'
    return text or "the resource"


def printable(name: str) -> str:
    """A name that a stranger chose, on one line: no control characters, and not longer than a line."""
    return _cut(name if name.isprintable() else name.encode("unicode_escape").decode("ascii"))


def closest(name: object, known: Sequence[str]) -> str:
    """The one of *known* that was probably meant, or ""."""
    if not isinstance(name, str) or len(name) > SHOWN:
        return ""
    folded = name.lower().replace("-", "").replace("_", "")
    for candidate in sorted(known):
        if candidate.lower() == folded and candidate != name:
            return candidate
    import difflib

    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.75)), "")


def _is_placeholder_key(name: str) -> bool:
    """`${NAME}` and `{{ name }}` are. `$patch` is none: strategic patches have it, resources may not."""
    return is_placeholder(f".{name}")  # the dot keeps `$NAME`, a placeholder as a whole value, from being one here


def _misfit(branch: Sequence[Cause], path: FieldPath) -> tuple[bool, int, int]:
    """Small for the branch that was probably meant: right in type, few errors, and those deep inside."""
    wrong_at_root = any(cause.path == path and cause.keyword in ("type", "enum", "not") for cause in branch)
    return wrong_at_root, len(branch), -max(len(cause.path) for cause in branch)


def _only_null(branch: Sequence[Cause]) -> bool:
    return len(branch) == 1 and branch[0].keyword == "enum" and not branch[0].accepted


def _needed(types: Sequence[str]) -> str:
    names = [_TYPES.get(name, name) for name in types]
    return f"{' or '.join(names)} is needed" if names else "null is needed"


def _listed(names: Sequence[Any], last: str = "or") -> str:
    shown = [f"`{name}`" if isinstance(name, str) else str(name).lower() for name in names[:12]]
    if len(names) > 12:
        return ", ".join(shown) + ", …"
    return f"{', '.join(shown[:-1])} {last} {shown[-1]}" if len(shown) > 1 else "".join(shown)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _cut(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []
