from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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


AUTHORIZATION = """package system.authz

default allow := false

allow if input.identity == "right"

allow if input.path == ["health"]
"""


@pytest.fixture
def fresh_with_token(tmp_path: Path) -> Iterator[Server]:
    """One that answers to the token `right`."""
    (tmp_path / "authz.rego").write_text(AUTHORIZATION)
    with running(tmp_path, "--authentication=token", "--authorization=basic", "authz.rego") as server:
        yield server
