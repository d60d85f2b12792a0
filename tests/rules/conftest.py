"""Ask one rule about files in memory, without the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from textwrap import dedent

import pytest

from gitops_guard.load import tree
from gitops_guard.load.layout import Layout
from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location, Resource, SourceFile, Tree
from gitops_guard.model.rule import Rule, Scope
from gitops_guard.rules import all_rules

Files = Mapping[str, str] | str
Ask = Callable[..., list[tuple[Location, Problem]]]


def _answers(rule: Rule, repository: Tree, options: Mapping[str, object]) -> Iterator[tuple[Location, Problem]]:
    if rule.scope is Scope.TREE:
        for subject, problem in rule.run(repository, (lambda _: options) if rule.by_path else options):
            yield _place(subject, problem), problem
        return
    if rule.scope is Scope.FILE:
        for file in repository.files:
            for document, problem in rule.run(file, options):
                yield problem.at or file.locate(document, problem.path, key=problem.on_key), problem
        return
    for resource in repository.resources:
        if not rule.kinds or resource.id.kind in rule.kinds:
            for problem in rule.run(resource, options):
                yield _place(resource, problem), problem


def _place(subject: Resource | SourceFile, problem: Problem) -> Location:
    if problem.at is not None:
        return problem.at
    if isinstance(subject, Resource):
        return subject.locate(problem.path, key=problem.on_key)
    return subject.locate(0, problem.path, key=problem.on_key)


@pytest.fixture(scope="session")
def ask() -> Ask:
    """What a rule says of files, with the place of each problem, sorted: `ask("lint", {"a.yaml": "…"})`."""

    def run(rule_id: str, files: Files, **options: object) -> list[tuple[Location, Problem]]:
        rule = all_rules()[rule_id]
        named = {"file.yaml": files} if isinstance(files, str) else files
        data = {path: dedent(text).encode() for path, text in named.items()}
        repository = tree.from_files(data, Layout(data).app_of)
        settings = {name: option.default for name, option in rule.options.items()}
        settings |= {name.replace("_", "-"): value for name, value in options.items()}
        return sorted(_answers(rule, repository, settings), key=lambda answer: answer[0])

    return run
