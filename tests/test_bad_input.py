"""Bad input ends in a sentence and the right exit code, never in a traceback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.program import Run, environment, git, gitops_guard, repository, write

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
BAD = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\nspec: {}\n"
QUIET = ("--no-lint", "--no-cache")


def check(cwd: Path, *args: str, stdin: bytes = b"", **env: str) -> Run:
    run = gitops_guard("check", *QUIET, *args, cwd=cwd, stdin=stdin, env=env)
    assert "Traceback" not in run.out + run.err
    return run


@pytest.mark.parametrize("flag", ["--rev=HEAD", "--staged"])
def test_a_revision_needs_a_repository(tmp_path: Path, flag: str) -> None:
    run = check(write(tmp_path, {"a.yaml": GOOD}), flag)

    assert (run.code, "needs a Git repository" in run.err) == (2, True)


def test_an_empty_folder_is_nothing_to_check(tmp_path: Path) -> None:
    run = check(tmp_path)

    assert (run.code, "nothing to check" in run.err) == (2, True)


def test_yaml_that_no_cluster_reads_is_nothing_to_check(tmp_path: Path) -> None:
    run = check(write(tmp_path, {"compose.yaml": "services: {}\n"}))

    assert (run.code, "nothing to check" in run.err) == (2, True)


def test_a_plain_folder_is_checked_without_git(tmp_path: Path) -> None:
    run = check(write(tmp_path, {"apps/a.yaml": BAD}))

    assert (run.code, "apps/a.yaml:5:" in run.out) == (1, True)


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    run = check(write(tmp_path, {"a.yaml": GOOD}), "nope.yaml")

    assert (run.code, "'nope.yaml'" in run.err) == (2, True)


def test_a_path_outside_of_the_repository_is_refused(tmp_path: Path) -> None:
    root = repository(tmp_path / "repository", {"a.yaml": GOOD})
    write(tmp_path, {"b.yaml": GOOD})

    run = check(root, "a.yaml", "../b.yaml")

    assert (run.code, "outside of the repository" in run.err) == (2, True)


def test_a_revision_that_does_not_exist_is_named(tmp_path: Path) -> None:
    run = check(repository(tmp_path, {"a.yaml": GOOD}), "--rev", "v9.9")

    assert (run.code, "v9.9" in run.err) == (2, True)


def test_a_shallow_clone_says_what_to_fetch(tmp_path: Path) -> None:
    origin = repository(tmp_path / "origin", {"a.yaml": GOOD})
    first = git("rev-parse", "HEAD", cwd=origin).strip()
    git("commit", "-q", "--allow-empty", "-m", "second", cwd=origin)
    git("clone", "-q", "--depth=1", f"file://{origin}", "clone", cwd=tmp_path)

    run = check(tmp_path / "clone", "--rev", first)

    assert (run.code, "fetch-depth: 0" in run.err) == (2, True)


def test_a_revision_is_read_from_objects_and_the_work_tree_is_left_alone(tmp_path: Path) -> None:
    root = repository(tmp_path, {"a.yaml": BAD})
    write(root, {"a.yaml": GOOD, "new.yaml": BAD})

    run = check(root, "--rev", "HEAD")

    assert (run.code, "a.yaml:5:" in run.out, "new.yaml" in run.out) == (1, True, False)
    assert (root / "a.yaml").read_text() == GOOD


def test_staged_is_the_index_and_not_the_work_tree(tmp_path: Path) -> None:
    root = repository(tmp_path, {"old.yaml": BAD})
    write(root, {"a.yaml": BAD})
    git("add", "a.yaml", cwd=root)
    write(root, {"a.yaml": GOOD})

    run = check(root, "--staged")

    assert (run.code, "a.yaml:5:" in run.out, "old.yaml" in run.out) == (1, True, False)


def test_nothing_relevant_staged_is_no_error_and_is_said(tmp_path: Path) -> None:
    root = repository(tmp_path, {"a.yaml": GOOD})
    write(root, {"README.md": "hi"})
    git("add", "README.md", cwd=root)

    run = check(root, "--staged")

    assert (run.code, "nothing" in (run.out + run.err).lower()) == (0, True)


def test_a_link_out_of_the_repository_and_a_loop_are_listed_and_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: 7f3kd92jx}\n"})
    root = repository(tmp_path / "repository", {"a.yaml": GOOD})
    (root / "out.yaml").symlink_to("../secret.yaml")
    (root / "loop.yaml").symlink_to("loop.yaml")
    (root / "again").symlink_to(".")

    run = check(root, "--coverage")

    assert run.code == 0
    assert all(name in run.out for name in ("out.yaml", "loop.yaml"))
    assert "plaintext-secret" not in run.out


@pytest.mark.parametrize(
    "name", ["with blank.yaml", "quo\"te'.yaml", "line\nbreak.yaml", "größe-日本.yaml", "::error::x.yaml", "100%.yaml"]
)
@pytest.mark.parametrize("form", ["text", "github", "sarif", "junit", "json", "markdown", "rdjson"])
def test_odd_file_names_are_checked_and_shown(tmp_path: Path, name: str, form: str) -> None:
    run = check(repository(tmp_path, {name: BAD}), "--format", form)

    assert (run.code, "schema-invalid" in run.out, run.err) == (1, True, "")


def test_a_file_name_that_is_not_utf8_is_checked_and_shown(tmp_path: Path) -> None:
    root = repository(tmp_path, {"a.yaml": GOOD})
    (root / os.fsdecode(b"\xff.yaml")).write_text(BAD)

    assert check(root).code == 1


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ("profil: strict\n", ":1:1: "),
        ("rules:\n  unpinned-image-tag:\n    tags: [a]\n", ":3:5: "),
        ("rules:\n  no-such-rule: error\n", ":2:3: "),
        ("a: [\n", ":1:5: "),
    ],
)
def test_a_wrong_configuration_is_placed_and_explained(tmp_path: Path, config: str, place: str) -> None:
    run = check(write(tmp_path, {"a.yaml": GOOD, ".gitops-guard.yaml": config}))

    assert (run.code, f".gitops-guard.yaml{place}" in run.err) == (2, True)


@pytest.mark.parametrize("flag", ["--select=no-such-rule", "--ignore=plaintext-secrt", "--config=nope.yaml"])
def test_a_name_that_is_not_known_is_said(tmp_path: Path, flag: str) -> None:
    run = check(write(tmp_path, {"a.yaml": GOOD}), flag)

    assert (run.code, flag.partition("=")[2] in run.err) == (2, True)


@pytest.mark.parametrize("form", ["text=no/such/folder/x.txt", "text=.", "nope", "json=", "text,json"])
def test_an_output_that_cannot_be_written_is_said_before_any_work(tmp_path: Path, form: str) -> None:
    run = check(write(tmp_path, {"a.yaml": GOOD}), "--format", form)

    assert (run.code, run.out, run.err.startswith("Error: ")) == (2, "", True)


def test_two_formats_cannot_share_standard_output(tmp_path: Path) -> None:
    run = check(write(tmp_path, {"a.yaml": GOOD}), "--format", "json", "--format", "text")

    assert (run.code, "standard output" in run.err) == (2, True)


def test_several_formats_come_from_one_run(tmp_path: Path) -> None:
    run = check(write(tmp_path, {"a.yaml": BAD}), "--format", "sarif=out.sarif", "--format", "github")

    assert run.code == 1
    assert run.out.startswith("::error ")
    assert '"2.1.0"' in (tmp_path / "out.sarif").read_text()


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    write(tmp_path, {f"a{number}.yaml": BAD for number in range(400)})
    shell = f"'{sys.executable}' -m gitops_guard check --no-lint --no-cache | head -1"

    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell],
        cwd=tmp_path,
        capture_output=True,
        env=environment(tmp_path),
        check=False,
        timeout=60,
    )

    assert done.stderr == b""


def _wait_for_children(pid: int) -> None:
    """Until the program has started another one: by then it is at work."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    deadline = time.monotonic() + 30
    while not children.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)


def test_an_interrupt_ends_with_130_and_one_word(tmp_path: Path) -> None:
    write(tmp_path, {f"a{number}.yaml": BAD for number in range(3000)})
    running = subprocess.Popen(
        [sys.executable, "-m", "gitops_guard", "check"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
        start_new_session=True,
    )
    _wait_for_children(running.pid)

    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=30)

    assert (running.returncode, err.strip(), out) == (130, b"Interrupted.", b"")


def _is_gone(group: int) -> bool:
    """Whether no process of a group is left, once their new parent has seen that they ended."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


# Where the signal comes while Python reads a module, it is Python that leaves this file to the collector, and only
# PYTHONWARNINGS=error has it say so. A file of ours that stays open is still seen.
_UNFINISHED_IMPORT = re.compile(
    rb"Exception ignored in: <_io\.FileIO name='[^']*\.pyc' [^\n]*\nTraceback \(most recent call last\):\n"
    rb"  File \"<frozen importlib\._bootstrap_external>\"[^\n]*\nResourceWarning: unclosed file [^\n]*\.pyc'>\n"
)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_everything_that_was_started(tmp_path: Path, number: signal.Signals, code: int) -> None:
    root = repository(tmp_path / "repository", {f"a{n}.yaml": BAD * 20 for n in range(1000)})
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    before = signal.signal(number, signal.SIG_DFL)  # `nohup make test` ignores it, and a child inherits that
    try:
        running = subprocess.Popen(
            [sys.executable, "-m", "gitops_guard", "check", "--rev=HEAD", "--no-cache"],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(tmp_path, TMPDIR=str(scratch)),
            start_new_session=True,
        )
    finally:
        signal.signal(number, before)
    while running.poll() is None and not any(scratch.iterdir()):
        time.sleep(0.05)

    running.send_signal(number)
    out, err = running.communicate(timeout=30)

    assert (running.returncode, _UNFINISHED_IMPORT.sub(b"", err), out) == (code, b"Terminated.\n", b"")
    assert list(scratch.iterdir()) == []
    assert _is_gone(running.pid)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_standard_file_changes_nothing_else(tmp_path: Path, closed: str) -> None:
    root = repository(tmp_path, {"a.yaml": BAD})
    shell = f"'{sys.executable}' -m gitops_guard check --format json=report.json --format text {closed}"

    done = subprocess.run(
        ["sh", "-c", shell], cwd=root, capture_output=True, env=environment(tmp_path), check=False, timeout=60
    )

    assert (done.returncode, done.stderr) == (1, b"")
    assert "schema-invalid" in (root / "report.json").read_text()


@pytest.mark.parametrize("to", ["--format=text=/dev/full", "--format=text > /dev/full"])
def test_a_full_disk_is_told_in_a_sentence(tmp_path: Path, to: str) -> None:
    shell = f"'{sys.executable}' -m gitops_guard check --no-lint --no-cache {to}"

    done = subprocess.run(
        ["sh", "-c", shell],
        cwd=write(tmp_path, {"a.yaml": BAD}),
        capture_output=True,
        env=environment(tmp_path),
        check=False,
        timeout=60,
        text=True,
    )

    assert (done.returncode, done.stderr.count("\n"), "No space left" in done.stderr) == (3, 1, True)


def test_an_unreadable_file_is_listed(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": GOOD})
    os.mkfifo(tmp_path / "pipe.yaml")

    run = check(tmp_path, "--coverage")

    assert (run.code, "pipe.yaml" in run.out) == (0, True)


def test_a_file_that_is_too_large_is_a_finding(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": GOOD, "huge.yaml": b"a: b\n" * (4 << 20)})

    run = check(tmp_path)

    assert (run.code, "huge.yaml:1:1" in run.out, "file-too-large" in run.out) == (1, True, True)


CRASH = """
import sys
from dataclasses import replace
from gitops_guard import rules
from gitops_guard.cli import main

known = rules.all_rules()

def crash(*_):
    raise ValueError("7f3kd92jx")

known["selector-mismatch"] = replace(known["selector-mismatch"], run=crash)
rules.all_rules = lambda: known
sys.argv = ["gitops-guard", "check", "--no-lint", "--no-cache"]
main.run()
"""


def test_a_rule_that_crashes_is_named_and_hides_no_other_finding(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": BAD})

    done = subprocess.run(
        [sys.executable, "-c", CRASH],
        cwd=tmp_path,
        capture_output=True,
        env=environment(tmp_path),
        check=False,
        timeout=60,
        text=True,
    )

    assert done.returncode == 3
    assert "selector-mismatch" in done.stdout
    assert "schema-invalid" in done.stdout
    assert "7f3kd92jx" not in done.stdout + done.stderr


def test_standard_input_is_named_by_its_flag(tmp_path: Path) -> None:
    run = check(tmp_path, "-", "--stdin-filename", "apps/web.yaml", stdin=BAD.encode())

    assert (run.code, "apps/web.yaml:5:" in run.out) == (1, True)


def test_empty_standard_input_is_nothing_to_check(tmp_path: Path) -> None:
    assert check(tmp_path, "-").code == 2


def test_the_hook_says_that_no_file_is_for_us(tmp_path: Path) -> None:
    run = gitops_guard("hook", "README.md", cwd=write(tmp_path, {"README.md": "hi"}))

    assert (run.code, "nothing to check" in run.out) == (0, True)


def test_the_hook_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    run = gitops_guard("hook", "nope.yaml", *QUIET, cwd=write(tmp_path, {"a.yaml": GOOD}))

    assert (run.code, "'nope.yaml'" in run.err) == (2, True)
