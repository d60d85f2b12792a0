"""A real OPA on a loopback port, in both of its modes, for as long as the tests of this folder run."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).resolve().parents[3]
OPA = ROOT / "tools" / "bin" / "opa"


@dataclass(frozen=True, slots=True)
class Server:
    """*url* of a server that this process started."""

    url: str

    def state(self) -> tuple[Any, Any]:
        """All that it holds: policies with their texts, and documents."""
        policies = requests.get(f"{self.url}/v1/policies", timeout=30).json()["result"]
        data = requests.get(f"{self.url}/v1/data", timeout=30).json()["result"]
        return {policy["id"]: policy["raw"] for policy in policies}, data

    def put_policy(self, name: str, text: str) -> None:
        requests.put(f"{self.url}/v1/policies/{name}", data=text, timeout=30).raise_for_status()

    def put_data(self, path: str, value: Any) -> None:
        requests.put(f"{self.url}/v1/data/{path}", json=value, timeout=30).raise_for_status()

    def clear(self) -> None:
        for name in self.state()[0]:
            requests.delete(f"{self.url}/v1/policies/{name}", timeout=30).raise_for_status()
        for key in self.state()[1]:
            requests.delete(f"{self.url}/v1/data/{key}", timeout=30).raise_for_status()


@contextmanager
def running(folder: Path, *flags: str) -> Iterator[Server]:
    """Ends the OPA that it started. OPA does not tell the port that it chose, so it is given one that was free."""
    assert OPA.is_file(), "opa is not built; `make tools` builds it"
    address = f"127.0.0.1:{free_port()}"
    command = [str(OPA), "run", "--server", "--addr", address, "--disable-telemetry", "--log-level", "error", *flags]
    log = folder / "opa.log"
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output, cwd=folder) as process:
        try:
            _wait(f"http://{address}", process, log)
            yield Server(f"http://{address}")
        finally:
            process.kill()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            requests.get(f"{url}/health", timeout=30).raise_for_status()
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())


@pytest.fixture(scope="session")
def v1_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("opa-v1")) as server:
        yield server


@pytest.fixture(scope="session")
def v0_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("opa-v0"), "--v0-compatible") as server:
        yield server


@pytest.fixture
def v1(v1_server: Server) -> Iterator[Server]:
    """Empty before and after."""
    yield v1_server
    v1_server.clear()


@pytest.fixture
def v0(v0_server: Server) -> Iterator[Server]:
    yield v0_server
    v0_server.clear()


@pytest.fixture(params=["v1", "v0"])
def either(request: pytest.FixtureRequest) -> Server:
    """A server in each of the modes."""
    server: Server = request.getfixturevalue(request.param)
    return server
