"""The Pod Security Standards as a family: `policies/pod-security/` says what a Pod must not have, by level and version.

A rule is asked of each Pod and workload for which it is on. Where the Namespace of a resource enforces a level, the
rule of that level is asked as well, although no profile has turned it on: the API server will refuse the Pods. Of a
workload it only warns, but its Pods never start, so that is found, too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Final, NamedTuple

from gitops_guard.load import bundled
from gitops_guard.model.finding import Problem
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FieldPath, Location, Resource, Tree
from gitops_guard.model.rule import Options, Rule
from gitops_guard.model.workload import template_path, value_at
from gitops_guard.policy.family import Found, Inquiry, Listed
from gitops_guard.policy.pod_security_labels import Enforced, Labels, newest
from gitops_guard.policy.program import Answer, Failure, Module, Program, Question

Effective = Callable[[str, Resource], tuple[bool, Options]]

RULES: Final[Mapping[str, str]] = {"baseline": "pod-security-baseline", "restricted": "pod-security-restricted"}
_FOLDER: Final = "policies/pod-security"  # as messages name it
_MODULES: Final = ("pod", "baseline", "restricted")


class _Asked(NamedTuple):
    """A resource, where its Pods are described, and which Namespace asks although the rule is off."""

    resource: Resource
    template: FieldPath
    by: Enforced | None = None


class PodSecurity:
    """*known* are the ids of the rules of the run; a level whose rule is not among them is not asked about.

    *effective* tells whether a rule is on for a resource, and the options that hold there, also where it is off.

    *is_refused* tells whether somebody turned the rule off by its name for that resource, which also holds where a
    Namespace enforces the level.
    """

    rules: Mapping[str, Rule] = {}  # they are built-in rules: modules of `rules/`
    failures: Sequence[Failure] = ()

    def __init__(
        self, known: Collection[str], effective: Effective, is_refused: Callable[[str, Resource], bool]
    ) -> None:
        self._levels = {level: rule for level, rule in RULES.items() if rule in known}
        self._effective = effective
        self._is_refused = is_refused
        self._unknown: list[str] = []
        self._said: set[tuple[str, int, FieldPath]] = set()

    @property
    def listed(self) -> Sequence[Listed]:
        return [
            Listed(rule, "deny", Location(f"{_FOLDER}/{level}.rego"), "error", f"Pod Security Standards, level {level}")
            for level, rule in self._levels.items()
        ]

    def inquiries(self, tree: Tree) -> Iterator[Inquiry]:
        labels = Labels(tree)
        self._unknown = list(labels.unknown())
        self._said = set()
        groups: dict[tuple[str, str], list[_Asked]] = {}
        for resource in tree.resources:
            template = template_path(resource.id)
            if template is None or not isinstance(value_at(resource.body, (*template, "spec")), Mapping):
                continue
            for key, by in self._wanted(resource, labels).items():
                groups.setdefault(key, []).append(_Asked(resource, template, by))
        for (level, version), asked in sorted(groups.items(), key=lambda group: group[0]):
            yield self._inquiry(level, version, asked)

    def silent(self) -> Iterable[str]:
        """Labels that name no level."""
        return self._unknown

    @cached_property
    def program(self) -> Program:
        folder = bundled.folder("policies") / "pod-security"
        modules = [
            Module(f"{_FOLDER}/{name}.rego", (folder / f"{name}.rego").read_text(encoding="utf-8")) for name in _MODULES
        ]
        return Program("pod-security", tuple(modules), trusted=True)

    def _wanted(self, resource: Resource, labels: Labels) -> dict[tuple[str, str], Enforced | None]:
        """The levels and versions that are asked of a resource, and what asks for each beside the rule."""
        wanted: dict[tuple[str, str], Enforced | None] = {}
        cluster: dict[str, str] = {}
        for level, rule in self._levels.items():
            enabled, options = self._effective(rule, resource)
            cluster[level] = options["kubernetes-version"]
            if enabled:
                wanted[level, newest(options["version"], cluster[level])] = None
        told = labels.of(resource)
        if told is not None and told.level in self._levels and not self._is_refused(RULES[told.level], resource):
            key = told.level, newest(told.version, cluster[told.level])
            wanted.setdefault(key, told)
        return wanted

    def _inquiry(self, level: str, version: str, asked: Sequence[_Asked]) -> Inquiry:
        question = Question(
            self.program,
            rules=(f"data.pod_security.{level}.deny",),
            inputs=[_pod(one) for one in asked],
            data={"parameters.version": version},
        )
        return Inquiry(question, partial(self._told, RULES[level], asked))

    def _told(self, rule: str, asked: Sequence[_Asked], number: int, answers: Sequence[Answer]) -> Iterator[Found]:
        one = asked[number]
        for result in answers[0].value if answers[0].defined else ():
            path = (*one.template, *result["path"])
            key = (rule, id(one.resource), path)
            if key in self._said or _is_open(one.resource.body, path):
                continue
            self._said.add(key)
            message = result["msg"]
            if one.by is not None:
                message += (
                    f"; the Namespace `{one.by.namespace}` enforces `{one.by.level}`, so that its Pods are refused"
                )
            on_key = isinstance(_value(one.resource.body, path), Mapping | list)
            yield Found(rule, one.resource, Problem(path, message, on_key=on_key), holds=one.by is not None)


def _pod(one: _Asked) -> dict[str, Any]:
    """The Pod as the policies see it: all that they ask about, and none of the rest of a workload."""
    template = value_at(one.resource.body, one.template)
    return {"metadata": template.get("metadata"), "spec": template["spec"]}


def _value(body: Any, path: FieldPath) -> Any:
    """The value of a field, also in lists; None where it is not there."""
    for part in path:
        try:
            body = body[part]
        except (LookupError, TypeError):
            return None
    return body


def _is_open(body: Any, path: FieldPath) -> bool:
    """Whether a placeholder stands at *path*, above or below it: nobody knows yet what the field will be."""
    above = (_value(body, path[:length]) for length in range(len(path)))
    return any(isinstance(value, str) and is_placeholder(value) for value in above) or _holds(_value(body, path))


def _holds(value: Any) -> bool:
    match value:
        case str():
            return is_placeholder(value)
        case list():
            return any(map(_holds, value))
        case _:
            return False
