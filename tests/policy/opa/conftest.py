from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.policy.conftest_program import ROOT
from tests.policy.opa.server import Server, running


@pytest.fixture(scope="session")
def opa_v1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("opa")) as server:
        yield server


@pytest.fixture(scope="session")
def opa_v0(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("opa"), "--v0-compatible") as server:
        yield server


@pytest.fixture(params=["opa_v1", "opa_v0"])
def either(request: pytest.FixtureRequest) -> Server:
    """A server in each of the modes."""
    server: Server = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Server]:
    """One that a test may put something on."""
    with running(tmp_path) as server:
        yield server


PAGE = ROOT / "docs" / "policy-engines.md"


@pytest.fixture
def fresh_with_token(tmp_path: Path) -> Iterator[Server]:
    """One that allows what docs/policy-engines.md says, and nothing else, to `the-token`."""
    (policy,) = re.findall(r"```rego\n(.*?)```", PAGE.read_text(), re.DOTALL)
    health = '\nallow if input.path == ["health"]\n'
    (tmp_path / "authz.rego").write_text(policy + health)
    with running(tmp_path, "--authentication=token", "--authorization=basic", "authz.rego") as server:
        yield server
