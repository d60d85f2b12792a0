from __future__ import annotations

from collections.abc import Iterator

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
