"""The same policies and files through the real conftest and through us: the same results."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policy.conftest_program import Case, conftest, ours, read_case

CASES = {file.stem: read_case(file) for file in sorted((Path(__file__).parent / "conftest_cases").glob("*.txtar"))}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_says_what_conftest_says(case: Case, tmp_path: Path) -> None:
    case.write(tmp_path)

    assert ours(tmp_path, case.flags, case.inputs) == conftest(tmp_path, case.flags, case.inputs)
