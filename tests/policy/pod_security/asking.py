"""Pod Security asked as a run asks it, of files or of Pods."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_guard.load import tree
from gitops_guard.load.layout import Layout
from gitops_guard.model.resource import Resource, Tree
from gitops_guard.model.rule import Options
from gitops_guard.policy.embedded import Embedded
from gitops_guard.policy.family import Found
from gitops_guard.policy.pod_security import RULES, PodSecurity
from gitops_guard.rules import all_rules

DEFAULTS = {
    rule: {name: option.default for name, option in all_rules()[rule].options.items()} for rule in RULES.values()
}


def files(content: Mapping[str, str]) -> Tree:
    encoded = {path: text.encode() for path, text in content.items()}
    return tree.from_files(encoded, Layout(encoded).app_of)


def asked(
    repository: Tree,
    *levels: str,
    refused: str = "",
    known: frozenset[str] = frozenset(),
    notes: list[str] | None = None,
    options: Mapping[str, str] | None = None,
) -> list[Found]:
    """What is found where the rules of *levels* are on, and that of the level *refused* is off by its name."""

    def effective(rule: str, resource: Resource) -> tuple[bool, Options]:
        return any(RULES[level] == rule for level in levels), {**DEFAULTS[rule], **(options or {})}

    family = PodSecurity(known or DEFAULTS.keys(), effective, lambda rule, resource: rule == RULES.get(refused))
    inquiries = list(family.inquiries(repository))
    replies = Embedded().ask([inquiry.question for inquiry in inquiries])
    assert [reply.failures for reply in replies if reply.failures] == []
    assert [answer for reply in replies for answers in reply.answers for answer in answers if answer.failure] == []
    told = [
        one
        for inquiry, reply in zip(inquiries, replies, strict=True)
        for number, answers in enumerate(reply.answers)
        for one in inquiry.told(number, answers)
    ]
    if notes is not None:
        notes.extend(family.silent())
    assert all(isinstance(one, Found) for one in told)
    return [one for one in told if isinstance(one, Found)]


def lines(found: list[Found]) -> list[tuple[str, int, str]]:
    """Where a person is led to: (file, line, level)."""
    placed = []
    for one in found:
        assert isinstance(one.subject, Resource)
        at = one.subject.locate(one.problem.path, key=one.problem.on_key)
        placed.append((at.file, at.line, one.rule.removeprefix("pod-security-")))
    return sorted(placed)
