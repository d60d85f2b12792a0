"""The same policies and files through the real conftest and through us: the same results."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policy.conftest_program import Case, conftest, ours, read_case

CASES = {file.stem: read_case(file) for file in sorted((Path(__file__).parent / "conftest_cases").glob("*.txtar"))}


# What the embedded engine cannot do: the reason is given with the policy, and an OPA server does it.
GAPS = {"arithmetic-on-text": "`add` expects numeric argument"}


@pytest.mark.parametrize("name", GAPS)
def test_what_the_engine_cannot_do_is_an_error_that_names_it(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    case.write(tmp_path)

    said = ours(tmp_path, case.flags, case.inputs)

    assert (said.code, said.failures) == ("error", [])
    assert [reason for reason in said.reasons if f"main.deny: {GAPS[name]}" in reason] == said.reasons != []


@pytest.mark.parametrize(
    "case", [case for name, case in CASES.items() if name not in GAPS], ids=[name for name in CASES if name not in GAPS]
)
def test_says_what_conftest_says(case: Case, tmp_path: Path) -> None:
    case.write(tmp_path)

    assert ours(tmp_path, case.flags, case.inputs) == conftest(tmp_path, case.flags, case.inputs)
