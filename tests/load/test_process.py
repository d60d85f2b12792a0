"""Other programs: their output, their ends, and what they are kept from."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from gitops_guard.load import process
from gitops_guard.model.errors import SourceError


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_returns_the_exit_code_and_both_outputs() -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"

    assert process.run(python(code)) == (3, b"out\n", b"err\n")


def test_hands_over_more_input_than_a_pipe_holds() -> None:
    data = bytes(range(256)) * 4096

    assert process.run(["cat"], input=data).stdout == data


def test_a_program_that_does_not_read_its_input_is_no_error() -> None:
    assert process.run(["true"], input=b"x" * 1_000_000).returncode == 0


def test_without_input_there_is_nothing_to_read() -> None:
    assert process.run(["cat"]).stdout == b""


@pytest.mark.parametrize("name", ["plain", "with blank", "-dash", "quo'te", 'dou"ble', "new\nline", "$HOME"])
def test_runs_in_a_folder_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()

    done = process.run(python("import os; print(os.getcwd(), end='')"), cwd=folder)

    assert done.stdout == os.fsencode(folder.resolve())


def test_a_missing_program_is_named() -> None:
    with pytest.raises(SourceError, match="no-such-program was not found"):
        process.run(["no-such-program"])


def test_a_program_in_a_relative_folder_of_path_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = tmp_path / "trap-program"
    trap.write_text("#!/bin/sh\n")
    trap.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}")

    with pytest.raises(SourceError, match="trap-program was not found"):
        process.run(["trap-program"])


def test_a_program_that_takes_too_long_is_ended() -> None:
    began = time.monotonic()

    with pytest.raises(SourceError, match=r"sleep did not end within 0\.2 s"):
        process.run(["sleep", "30"], timeout_s=0.2)

    assert time.monotonic() - began < 10


def test_output_over_the_limit_ends_the_program() -> None:
    with pytest.raises(SourceError, match="yes wrote more than 1000 bytes"):
        process.run(["yes"], limit_bytes=1000)


def test_a_started_program_writes_on_while_nobody_reads() -> None:
    program = process.start(python("print('x' * 1_000_000)"))
    for _ in range(2000):
        if program.done():
            break
        time.sleep(0.01)

    assert program.done()
    assert len(program.collect().stdout) == 1_000_001


def test_a_started_program_is_ended_when_it_writes_too_much() -> None:
    with pytest.raises(SourceError, match="yes wrote more than 1000 bytes"):
        process.start(["yes"]).collect(limit_bytes=1000)


def test_a_started_program_is_ended_when_it_takes_too_long() -> None:
    with pytest.raises(SourceError, match="did not end within"):
        process.start(["sleep", "30"]).collect(timeout_s=0.2)


def test_what_was_started_ends_with_this_program() -> None:
    code = "from gitops_guard.load import process; p = process.start(['sleep', '60']); print(p._child._pid); 1 / 0"

    done = process.run(python(code))

    assert done.returncode == 1
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


def test_leaves_no_file_open(tmp_path: Path) -> None:
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208 - counts open files, not paths

    process.run(["true"], input=b"x")
    process.start(["true"]).collect()
    for argv in (["yes"], ["no-such-program"]):
        with pytest.raises(SourceError):
            process.run(argv, limit_bytes=10)
        with pytest.raises(SourceError):
            process.start(argv).collect(limit_bytes=10)

    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208 - as above


def test_a_scrubbed_environment_has_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "value")

    shown = process.run(["env"], env=process.scrubbed()).stdout

    assert b"GITHUB_TOKEN" not in shown
    assert b"PATH=" in shown
