"""The examples in the documentation of the rules, asked of the policies themselves."""

from __future__ import annotations

import pytest

from gitops_guard.load import tree
from tests.policy.library.conftest import OPT_IN, asked
from tests.test_rule_examples import Example, example


def places(found: Example, rule: str) -> list[tuple[str, int]]:
    problems = asked(tree.from_files(found.files), {rule: {}})
    located = [one.subject.locate(one.problem.path, key=one.problem.on_key) for one in problems]  # type: ignore[call-arg, arg-type]  # the library speaks of resources alone
    return sorted((place.file, place.line) for place in located)


@pytest.mark.parametrize("rule", OPT_IN)
def test_every_marked_line_is_found_and_no_other(rule: str) -> None:
    fails = example(OPT_IN[rule].doc, "Fails")

    assert fails.marked
    assert places(fails, rule) == fails.marked


@pytest.mark.parametrize("rule", OPT_IN)
def test_what_passes_has_no_finding(rule: str) -> None:
    passes = example(OPT_IN[rule].doc, "Passes")

    assert passes.files
    assert places(passes, rule) == []
