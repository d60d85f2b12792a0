"""The bundled library as a family: `policies/library/<rule_id>.rego` says what the rule of that id finds.

A rule is off until it is turned on by name, so nothing is read before one is. Resources for which the same rules are on
with the same options are one question: an engine converts each of them once, whatever is asked of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Final

from gitops_guard.load import bundled
from gitops_guard.model import workload
from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import FieldPath, Location, Resource, Tree
from gitops_guard.model.rule import Options, Profile, Rule
from gitops_guard.policy.family import Found, Inquiry, Listed
from gitops_guard.policy.program import Answer, Failure, Module, Program, Question

Effective = Callable[[str, Resource], tuple[bool, Options]]

_FOLDER: Final = "policies/library"  # as messages name it
_IMPORT: Final = re.compile(r"^import data\.library\.(\w+)", re.MULTILINE)
_HEAD: Final = re.compile(r"^deny contains ", re.MULTILINE)


class Library:
    """*rules* are the rules of the run that may be on; those that are not of the library are left out.

    *effective* tells whether a rule is on for a resource, and the options that hold there.
    """

    failures: Sequence[Failure] = ()

    def __init__(self, rules: Mapping[str, Rule], effective: Effective) -> None:
        self._effective = effective
        self._folder = bundled.folder("policies") / "library"
        self._rules = {
            name: rule for name, rule in rules.items() if rule.profile is Profile.OPT_IN and self._has(_package(name))
        }
        self._known: dict[int, tuple[Options, str]] = {}

    @property
    def rules(self) -> Mapping[str, Rule]:
        return self._rules

    @property
    def listed(self) -> Sequence[Listed]:
        return [
            Listed(name, "deny", self._head(_package(name)), str(rule.severity), rule.summary)
            for name, rule in self._rules.items()
        ]

    def inquiries(self, tree: Tree) -> Iterator[Inquiry]:
        groups: dict[tuple[tuple[str, str], ...], list[Resource]] = {}
        for resource in tree.resources:
            asked = tuple(self._asked(resource))
            if asked:
                groups.setdefault(asked, []).append(resource)
        for asked, resources in groups.items():
            yield self._inquiry(asked, resources)

    def silent(self) -> Iterable[str]:
        """Nothing: what is on and finds nothing is as it should be."""
        return ()

    @cached_property
    def program(self) -> Program:
        """The policies of the rules that may be on, with the modules that they import, and no others."""
        modules: dict[str, Module] = {}
        wanted = [_package(name) for name in self._rules]
        while wanted:
            name = wanted.pop()
            if name not in modules:
                modules[name] = Module(f"{_FOLDER}/{name}.rego", self._text(name))
                wanted += _IMPORT.findall(modules[name].text)
        return Program("library", tuple(modules[name] for name in sorted(modules)), trusted=True)

    def _asked(self, resource: Resource) -> Iterator[tuple[str, str]]:
        """The rules that are on for a resource of this kind, with their options as JSON."""
        kind = resource.id.kind
        # `Service` is a workload of Knative, and of nobody else.
        has_no_pods = kind in workload.KINDS and workload.template_path(resource.id) is None
        for name, rule in self._rules.items():
            if rule.kinds and (kind not in rule.kinds or (has_no_pods and rule.kinds >= workload.KINDS)):
                continue
            enabled, options = self._effective(name, resource)
            if enabled and (not options.get("kinds") or kind in options["kinds"]):
                yield name, self._as_json(options)

    def _as_json(self, options: Options) -> str:
        known = self._known.get(id(options))
        if known is None:  # the options are kept with it, so that no others can get their id
            text = json.dumps(options, sort_keys=True, default=sorted)
            known = self._known[id(options)] = options, text
        return known[1]

    def _inquiry(self, asked: tuple[tuple[str, str], ...], resources: Sequence[Resource]) -> Inquiry:
        parameters = {_package(name): json.loads(text) for name, text in asked if text != "{}"}
        question = Question(
            self.program,
            rules=tuple(f"data.library.{_package(name)}.deny" for name, _ in asked),
            inputs=[resource.body for resource in resources],
            data={"parameters": parameters} if parameters else {},
        )
        return Inquiry(question, partial(_told, [name for name, _ in asked], resources))

    def _has(self, package: str) -> bool:
        return (self._folder / f"{package}.rego").is_file()

    def _text(self, package: str) -> str:
        return (self._folder / f"{package}.rego").read_text(encoding="utf-8")

    def _head(self, package: str) -> Location:
        text = self._text(package)
        found = _HEAD.search(text)
        return Location(f"{_FOLDER}/{package}.rego", text.count("\n", 0, found.start()) + 1 if found else 1)


def _package(rule_id: str) -> str:
    return rule_id.replace("-", "_")


def _told(
    names: Sequence[str], resources: Sequence[Resource], number: int, answers: Sequence[Answer]
) -> Iterator[Found | Failure]:
    resource = resources[number]
    for name, answer in zip(names, answers, strict=True):
        for result in answer.value if answer.defined else ():
            path = tuple(result["path"])
            problem = Problem(path, result["msg"], on_key=_holds_more(resource.body, path))
            yield Found(name, resource, problem)


def _holds_more(body: Any, path: FieldPath) -> bool:
    """Whether a mapping or a list stands at *path*: its key is a better place than the first thing in it."""
    for part in path:
        try:
            body = body[part]
        except (LookupError, TypeError):
            return False
    return isinstance(body, Mapping | list)
