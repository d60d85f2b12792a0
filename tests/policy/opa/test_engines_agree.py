"""The same policies on an OPA server and on the embedded engine: the same results."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policy.conftest_program import Case, ours, read_case
from tests.policy.gatekeeper.gator_program import ours as gatekeeper_ours
from tests.policy.opa.server import Server

FOLDER = Path(__file__).parent.parent
CONFTEST = {file.stem: read_case(file) for file in sorted((FOLDER / "conftest_cases").glob("*.txtar"))}
GATEKEEPER = {file.stem: read_case(file) for file in sorted((FOLDER / "gatekeeper" / "cases").glob("*.txtar"))}
# Where the engines differ, and why.
ONLY_EMBEDDED = {
    "parse-config": "a server has none of conftest's builtins",
    "parse-config-file": "a server has none of conftest's builtins",
}
ONLY_SERVER = {"arithmetic-on-text": "the embedded engine ends with an error that says so"}
IN_V0 = {name for name, case in CONFTEST.items() if "--rego-version" in case.flags}


@pytest.mark.parametrize("name", [name for name in CONFTEST if name not in {*ONLY_EMBEDDED, *ONLY_SERVER}])
def test_a_policy_for_conftest_says_the_same_on_both(name: str, opa_v0: Server, tmp_path: Path) -> None:
    """The server takes modules for v0, so that those in v1 have to say so."""
    case = CONFTEST[name]
    case.write(tmp_path)

    by_server = ours(tmp_path, case.flags, case.inputs, "--policy-engine", "opa", "--opa-url", opa_v0.url)

    assert by_server == ours(tmp_path, case.flags, case.inputs)


@pytest.mark.parametrize("name", ["v1-deny", "v1-import", "exception-of-a-rule", "data", "combine", "file-name"])
def test_a_server_that_takes_modules_for_v1_says_the_same(name: str, opa_v1: Server, tmp_path: Path) -> None:
    case = CONFTEST[name]
    case.write(tmp_path)

    by_server = ours(tmp_path, case.flags, case.inputs, "--policy-engine", "opa", "--opa-url", opa_v1.url)

    assert by_server == ours(tmp_path, case.flags, case.inputs)


@pytest.mark.parametrize("name", GATEKEEPER)
def test_a_constraint_says_the_same_on_both(name: str, opa_v0: Server, tmp_path: Path) -> None:
    case: Case = GATEKEEPER[name]
    case.write(tmp_path)

    by_server = gatekeeper_ours(tmp_path, "--policy-engine", "opa", "--opa-url", opa_v0.url)

    assert by_server == gatekeeper_ours(tmp_path)


def test_what_differs_differs_still(opa_v0: Server, tmp_path: Path) -> None:
    for name in ONLY_EMBEDDED:
        case = CONFTEST[name]
        case.write(tmp_path / name)

        said = ours(tmp_path / name, case.flags, case.inputs, "--policy-engine", "opa", "--opa-url", opa_v0.url)

        assert said.code == "error"
        assert "undefined function parse_" in said.reasons[0]
