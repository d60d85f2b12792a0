"""An OPA server that holds something, refuses something, or does not behave: nothing of its own is touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.policy.opa.server import Server, running
from tests.policy.opa.wire import WAIT, answering, http
from tests.program import Run, environment, gitops_guard, write

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: []}\n"
DENY = 'package shop.rules\n\nimport rego.v1\n\ndeny contains "no" if input.kind == "Pod"\n'
V0 = 'package old.rules\n\ndeny[msg] {\n  input.kind == "Pod"\n  msg := "old"\n}\n'


def check(folder: Path, url: str, *flags: str) -> Run:
    always = ("--policy-engine", "opa", "--opa-url", url, "--only-policies", "--all-namespaces", "--no-cache")
    return gitops_guard("check", "pod.yaml", *always, *flags, cwd=folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, {"pod.yaml": POD, "policy/a.rego": DENY})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path) as started:
        yield started


def test_what_was_uploaded_is_taken_away_again(folder: Path, server: Server) -> None:
    server.policy("theirs", 'package theirs\n\nallow := "yes"\n')
    server.data("teams", {"a": 1})
    before = server.holds()

    ran = check(folder, server.url, "--policy", "policy")

    assert "pod.yaml:1:1: error[shop.rules.deny] no" in ran.out
    assert server.holds() == before


@pytest.mark.parametrize(
    ("put", "flags", "said"),
    [
        pytest.param(
            lambda server: server.policy("theirs", "package shop.rules\n\nx := 1\n"),
            [],
            "already holds the package shop.rules, in its policy theirs",
            id="the package",
        ),
        pytest.param(
            lambda server: server.data("registries", ["a"]),
            ["--policy-data", "data"],
            "already holds data at data.registries",
            id="the data",
        ),
    ],
)
def test_what_the_server_holds_already_is_an_error_before_anything_is_written(
    put: Callable[[Server], None], flags: list[str], said: str, folder: Path, server: Server
) -> None:
    write(folder, {"data/registries.yaml": "registries: [b]\n"})
    put(server)
    before = server.holds()

    ran = check(folder, server.url, "--policy", "policy", *flags)

    assert ran.code == 3
    assert said in ran.err
    assert server.holds() == before


def test_a_module_that_does_not_compile_is_named_and_nothing_stays(folder: Path, server: Server) -> None:
    write(folder, {"policy/b.rego": 'package other\n\ndeny contains "x" if data.shop.nothing(1)\n'})
    before = server.holds()

    ran = check(folder, server.url, "--policy", "policy")

    assert ran.code == 3
    assert "policy error: policy/b.rego:3:24: rego_type_error" in ran.out or "undefined function" in ran.out
    assert server.holds() == before


def test_a_dialect_that_the_server_does_not_read_is_named_with_the_flag(folder: Path, server: Server) -> None:
    write(folder, {"policy/a.rego": V0})

    ran = check(folder, server.url, "--policy", "policy")

    assert ran.code == 3
    assert "policy/a.rego" in ran.out
    assert "`opa run --v0-compatible`" in ran.out


def test_a_package_that_the_server_holds_is_asked_and_nothing_is_uploaded(folder: Path, server: Server) -> None:
    server.policy("theirs", DENY)
    before = server.holds()

    ran = check(folder, server.url, "--opa-package", "shop.rules")

    assert ran.code == 1
    assert "pod.yaml:1:1: error[shop.rules.deny] no" in ran.out
    assert server.holds() == before


def test_a_package_that_the_server_does_not_hold_is_an_error(folder: Path, server: Server) -> None:
    ran = check(folder, server.url, "--opa-package", "nowhere")

    assert ran.code == 3
    assert "the OPA server holds no package 'nowhere'" in ran.err


@pytest.mark.parametrize(
    ("number", "code", "told"),
    [
        pytest.param(signal.SIGINT, 130, "Interrupted.", id="Ctrl-C"),
        pytest.param(signal.SIGTERM, 143, "Terminated.", id="SIGTERM"),
    ],
)
def test_after_an_interrupt_nothing_stays(number: int, code: int, told: str, folder: Path, server: Server) -> None:
    slow = "some a in numbers.range(1, 2000)\n  some b in numbers.range(1, 2000)\n  a * b == -1"
    write(folder, {"policy/a.rego": f"package slow\n\nimport rego.v1\n\ndeny contains a if {{\n  {slow}\n}}\n"})
    before = server.holds()
    command = [sys.executable, "-m", "gitops_guard", "check", "pod.yaml", "--policy", "policy", "--policy-engine"]
    command += ["opa", "--opa-url", server.url, "--only-policies", "--all-namespaces", "--no-cache"]
    with subprocess.Popen(command, cwd=folder, env=environment(folder), stderr=subprocess.PIPE) as process:
        until = time.monotonic() + 30
        while server.policies() == before[0] and time.monotonic() < until:
            time.sleep(0.02)
        os.kill(process.pid, number)
        _, said = process.communicate(timeout=60)

    assert process.returncode == code
    assert said.decode().strip() == told
    assert server.holds() == before


JSON = "Content-Type: application/json"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(http("500 Internal Server Error", "{}"), "answered GET /v1/policies with 500", id="500"),
        pytest.param(http("502 Bad Gateway", "<html>"), "and not as OPA does (its log, or that of a proxy", id="502"),
        pytest.param(http("401 Unauthorized", "{}"), "wants a token for GET /v1/policies (set GITOPS_", id="401"),
        pytest.param(http("404 Not Found", "nothing here"), "with 404, and not as OPA does", id="404"),
        pytest.param(http("200 OK", "<html></html>"), "does not answer GET /v1/policies as OPA does", id="HTML"),
        pytest.param(http("200 OK", "<html>", JSON), "does not answer GET /v1/policies as OPA", id="HTML that is JSON"),
        pytest.param(http("200 OK", "[1]", JSON), "does not answer GET /v1/policies as OPA", id="JSON of another"),
        pytest.param(http("200 OK", '{"result": 1}', JSON), "does not answer GET /v1/policies as", id="no list"),
        pytest.param(http("302 Found", "", "Location: http://127.0.0.1:1/"), "a redirect, which is not", id="302"),
        pytest.param(b"", "closed the connection without an answer (its log says why)", id="it hangs up"),
        pytest.param(b"SSH-2.0-x\r\n", "closed the connection without an answer", id="it is no HTTP server"),
        pytest.param(http("200 OK", "{}", JSON)[:-1], "closed the connection within an answer", id="half an answer"),
    ],
)
def test_a_server_that_does_not_behave_is_a_sentence(answer: bytes, said: str, folder: Path) -> None:
    with answering(answer) as url:
        ran = check(folder, url, "--policy", "policy")

    assert ran.code == 3
    assert ran.err.startswith("Error: ")
    assert url in ran.err
    assert said in ran.err


def test_a_server_that_is_not_there_is_a_sentence(folder: Path) -> None:
    ran = check(folder, "http://127.0.0.1:9", "--policy", "policy")

    assert ran.code == 3
    assert ran.err.startswith("Error: the OPA server http://127.0.0.1:9 does not answer (is it running?")


def test_a_password_in_the_address_is_refused_and_not_told(folder: Path) -> None:
    ran = check(folder, "http://user:hunter2@127.0.0.1:9", "--policy", "policy")

    assert ran.code == 2
    assert "must not hold a password (a token for OPA goes into GITOPS_GUARD_OPA_TOKEN)" in ran.err
    assert "hunter2" not in ran.err


def test_a_server_that_is_slow_is_a_sentence(folder: Path) -> None:
    with answering(WAIT) as url:
        ran = check(folder, url, "--policy", "policy")

    assert ran.code == 3
    assert "did not answer within 10 seconds" in ran.err


@pytest.mark.parametrize("url", ["", "127.0.0.1:8181", "ftp://127.0.0.1", "http://127.0.0.1:8181/v1"])
def test_an_address_that_is_none_is_the_callers_mistake(url: str, folder: Path) -> None:
    ran = check(folder, url, "--policy", "policy")

    assert ran.code == 2
    assert "http://127.0.0.1:8181" in ran.err
