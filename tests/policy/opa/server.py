"""A real OPA server on loopback, and what it holds."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.policy.conftest_program import ROOT

OPA = ROOT / "tools" / "bin" / "opa"


class Server:
    def __init__(self, url: str) -> None:
        self.url = url

    def put(self, path: str, data: bytes, kind: str) -> None:
        request = urllib.request.Request(f"{self.url}/v1/{path}", data, {"Content-Type": kind}, method="PUT")
        urllib.request.urlopen(request, timeout=10).close()

    def policy(self, name: str, text: str) -> None:
        self.put(f"policies/{name}", text.encode(), "text/plain")

    def data(self, path: str, value: Any) -> None:
        self.put(f"data/{path}", json.dumps(value).encode(), "application/json")

    def holds(self) -> tuple[dict[str, str], Any]:
        """Policies by id, and all documents: asking for those evaluates the policies."""
        return self.policies(), self._get("data").get("result")

    def policies(self) -> dict[str, str]:
        return {one["id"]: one["raw"] for one in self._get("policies")["result"]}

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/v1/{path}", timeout=10) as response:
            return json.load(response)


@contextmanager
def running(folder: Path, *flags: str) -> Iterator[Server]:
    """Ends what it started, and nothing else."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command: list[str | Path] = [
        OPA,
        "run",
        "--server",
        "--addr",
        address,
        "--log-level",
        "error",
        "--disable-telemetry",
        *flags,
    ]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(f"http://{address}/health")
        yield Server(f"http://{address}")
    finally:
        process.kill()
        process.wait()


def _wait(url: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (urllib.error.URLError, OSError):
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
