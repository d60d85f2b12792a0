"""The few questions that are asked of Git, and how they are asked.

Only plumbing commands, `-z` everywhere, and nothing that a repository's own configuration could start: no fsmonitor, no
filters (`ls-files -m` and `status` run clean filters), no fetching of objects that a partial clone left out. Names are
bytes; those that are not UTF-8 arrive with surrogate escapes, as `os.fsdecode` makes them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from gitops_guard.load import process
from gitops_guard.model.errors import GuardError, SourceError, UsageError

_ALWAYS: Final = ("--no-replace-objects", "-c", "core.fsmonitor=false", "-c", "protocol.allow=never")
_SETTINGS: Final = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LITERAL_PATHSPECS": "1",
}
_BATCH_BYTES: Final = 64 << 20  # of blobs read by one process: bounds our memory, not theirs
_OVERHEAD_BYTES: Final = 200  # of a blob in the output of cat-file: id, type, size, line ends

_NO_REPOSITORY: Final = b"not a git repository"
_NOT_OURS: Final = b"dubious ownership"
_CLOSED: Final = "warning: could not open directory '"
_PARTIAL: Final = (b"lazy fetching disabled", b"promisor remote")

REGULAR: Final = 0o100000
SYMLINK: Final = 0o120000
SUBMODULE: Final = 0o160000
_MODES: Final = {"100644": 0o100644, "100755": 0o100755, "120000": SYMLINK, "160000": SUBMODULE, "100664": 0o100664}

_CHANGED: Final = ("diff-index", "--cached", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--diff-filter=d")


# What `ls-files -z -s` prints of a path, with the tag of `-t` before it and without.
_TAGGED: Final = re.compile(r"(\w) (\d{6}) ([0-9a-f]+) (\d)\t([^\0]*)\0")
_UNTAGGED: Final = re.compile(_TAGGED.pattern.replace(r"(\w) ", "()"))


class Listed(NamedTuple):
    """A path that Git knows. *mode* is 0 and *blob* "" for one that is not tracked.

    *stage* is 0, or 1 to 3 for the sides of a merge conflict. *sparse* says that a sparse checkout left it out.
    """

    path: str
    mode: int
    blob: str
    stage: int = 0
    sparse: bool = False


def root_of(start: str) -> str | None:
    """The work tree around a folder (absolute, links resolved), None outside of one. Asks no process: 3 ms saved."""
    folder = os.path.realpath(start)
    while True:
        if os.path.isfile(f"{folder}/.git/HEAD") or os.path.isfile(f"{folder}/.git"):  # noqa: PTH113 - hot path
            return folder
        above = os.path.dirname(folder)  # noqa: PTH120 - hot path
        if above == folder:
            return None
        folder = above


def work_tree(root: str) -> Iterator[list[Listed]]:
    """Tracked paths, then those that are neither tracked nor ignored.

    Git begins at once. The caller works on the former while Git looks for the latter: that takes it 20 ms for 9,000
    files. A folder with a repository of its own ends in `/`; one that Git may not open is listed by its name.
    """
    tracked = _start(root, ("ls-files", "-z", "-t", "-s"))
    return _listed(tracked, _start(root, ("ls-files", "-z", "-o", "--exclude-standard")))


def _listed(tracked: process.Running, others: process.Running) -> Iterator[list[Listed]]:
    try:
        shown = _collect(tracked, "ls-files").stdout
        yield _staged(shown, _TAGGED)
        done = _collect(others, "ls-files")
        closed = [line for line in os.fsdecode(done.stderr).split("\n") if line.startswith(_CLOSED)]
        yield [Listed(path, 0, "") for path in _records(done.stdout)] + [
            Listed(line.removeprefix(_CLOSED).rpartition("': ")[0].rstrip("/"), 0, "") for line in closed
        ]
    finally:
        tracked.kill()
        others.kill()


def index(root: str) -> Callable[[], list[Listed]]:
    """What is staged, which is all of the next commit. Git begins at once; the answer waits for it."""
    listing = _start(root, ("ls-files", "-z", "-s"))
    return lambda: _staged(_collect(listing, "ls-files").stdout, _UNTAGGED)


def _staged(shown: bytes, record: re.Pattern[str]) -> list[Listed]:
    """All records by one pattern, and tuples made without their class: a third of the time for 9,000 files."""
    make, modes = tuple.__new__, _MODES
    return [
        make(Listed, (path, modes.get(mode, 0), blob, int(stage), tag == "S"))
        for tag, mode, blob, stage, path in record.findall(os.fsdecode(shown))
    ]


def changed_in_index(root: str) -> Callable[[], frozenset[str]]:
    """Paths that the next commit adds or changes, also where it is the first. Removed ones are not among them.

    Git begins at once; the answer waits for it.
    """
    comparing = _start(root, (*_CHANGED, "HEAD", "--"))

    def changed() -> frozenset[str]:
        done = comparing.collect()
        if done.returncode != 0:
            done = _changed_in_first(root, done)
        return frozenset(_records(done.stdout))

    return changed


def _changed_in_first(root: str, failed: process.Completed) -> process.Completed:
    if _run(root, ("rev-parse", "--quiet", "--verify", "HEAD^{commit}")).returncode == 0:
        raise _failed("diff-index", failed.stderr)
    empty_tree = _ask(root, "hash-object", "-t", "tree", "--stdin", input=b"").decode().strip()
    done = _run(root, (*_CHANGED, empty_tree, "--"))
    if done.returncode != 0:
        raise _failed("diff-index", done.stderr)
    return done


def resolve(root: str, revision: str) -> str:
    """The id of the commit that *revision* names. Raises UsageError where it names none."""
    if revision and not revision.startswith("-") and "\0" not in revision:
        done = _run(root, ("rev-parse", "--quiet", "--verify", f"{revision}^{{commit}}"))
        if done.returncode == 0:
            return done.stdout.decode().strip()
        if done.returncode != 1 and _NO_REPOSITORY in done.stderr:
            raise _failed("rev-parse", done.stderr)
    if is_shallow(root):
        hint = "this is a shallow clone: fetch-depth: 0 in actions/checkout, or git fetch --unshallow"
    else:
        hint = "git branch --all and git tag list what can be named"
    raise UsageError(f"git knows no revision {revision!r}", hint=hint)


def is_shallow(root: str) -> bool:
    return _ask(root, "rev-parse", "--is-shallow-repository").strip() == b"true"


def tree(root: str, commit: str) -> list[Listed]:
    """All files of a commit."""
    shown = _ask(root, "ls-tree", "-r", "-z", "--full-tree", commit)
    return [_tree_record(record) for record in _records(shown)]


def _tree_record(record: str) -> Listed:
    head, _, path = record.partition("\t")
    mode, _, blob = head.split(" ")
    return Listed(path, _MODES.get(mode, 0), blob)


def sizes(root: str, blobs: Sequence[str]) -> list[int]:
    """Bytes of each blob, in order; -1 where this clone does not have it."""
    if not blobs:
        return []
    shown = _ask(root, "cat-file", "--batch-check=%(objectsize)", input=_lines(blobs)).decode()
    return [int(line) if line.isdigit() else -1 for line in shown.splitlines()]


def blobs(root: str, wanted: Iterable[tuple[str, int]]) -> Iterator[bytes]:
    """The content of each (blob, size), in order. All of them have to be in this clone (see `sizes`)."""
    batch: list[str] = []
    total = 0
    for blob, size in wanted:
        if batch and total + size > _BATCH_BYTES:
            yield from _read_batch(root, batch, total)
            batch, total = [], 0
        batch.append(blob)
        total += size + _OVERHEAD_BYTES
    if batch:
        yield from _read_batch(root, batch, total)


def _read_batch(root: str, batch: Sequence[str], limit_bytes: int) -> Iterator[bytes]:
    shown = _ask(root, "cat-file", "--batch", input=_lines(batch), limit_bytes=limit_bytes)
    start = 0
    for blob in batch:
        end = shown.find(b"\n", start)
        fields = shown[start:end].split(b" ")
        if len(fields) != 3:
            raise SourceError(f"git cannot read the object {blob}")
        start = end + 1 + int(fields[2])
        yield shown[end + 1 : start]
        start += 1


def named(root: str, prefix: str, paths: Sequence[str], *, limit_bytes: int) -> dict[str, bytes]:
    """The content of those files that there are. *prefix* is `COMMIT:`, or `:` for the index; no path has a newline."""
    if not paths:
        return {}
    shown = _ask(root, "cat-file", "--batch", input=_lines(prefix + path for path in paths), limit_bytes=limit_bytes)
    found: dict[str, bytes] = {}
    start = 0
    for path in paths:
        end = shown.find(b"\n", start)
        head = shown[start:end]
        start = end + 1
        if head.endswith((b" missing", b" ambiguous")):
            continue
        _, kind, size = head.split(b" ")
        if kind == b"blob":
            found[path] = shown[start : start + int(size)]
        start += int(size) + 1
    return found


def _lines(names: Iterable[str]) -> bytes:
    return os.fsencode("\n".join(names) + "\n")


def _records(shown: bytes) -> list[str]:
    return os.fsdecode(shown).split("\0")[:-1]


def _run(
    root: str,
    arguments: Sequence[str],
    *,
    input: bytes | None = None,  # noqa: A002 - as in process.run
    limit_bytes: int = process.LIMIT_BYTES,
) -> process.Completed:
    return process.run(_argv(root, arguments), input=input, env=_environment(), limit_bytes=limit_bytes)


def _argv(root: str, arguments: Sequence[str]) -> Sequence[str]:
    return ("git", "-C", root, *_ALWAYS, *arguments)


def _environment() -> dict[str, str]:
    return {**os.environ, **_SETTINGS}


def _start(root: str, arguments: Sequence[str]) -> process.Running:
    return process.start(_argv(root, arguments), env=_environment())


def _collect(running: process.Running, command: str) -> process.Completed:
    done = running.collect()
    if done.returncode != 0:
        raise _failed(command, done.stderr)
    return done


def _ask(
    root: str,
    *arguments: str,
    input: bytes | None = None,  # noqa: A002 - as in process.run
    limit_bytes: int = process.LIMIT_BYTES,
) -> bytes:
    done = _run(root, arguments, input=input, limit_bytes=limit_bytes)
    if done.returncode != 0:
        raise _failed(arguments[0], done.stderr)
    return done.stdout


def _failed(command: str, stderr: bytes) -> GuardError:
    if _NO_REPOSITORY in stderr:
        return UsageError("this is not a Git repository", hint="--rev and --staged need one")
    if _NOT_OURS in stderr:
        hint = "it belongs to another user: git config --global --add safe.directory FOLDER"
        return SourceError("git refuses to read this repository", hint=hint)
    if any(sign in stderr for sign in _PARTIAL):
        hint = "git fetch --refetch, or clone without --filter; nothing is fetched during a check"
        return SourceError("this partial clone does not have all files of the revision", hint=hint)
    lines = stderr.decode(errors="replace").strip().splitlines()
    return SourceError(f"git {command} failed" + (f": {lines[0].removeprefix('fatal: ')}" if lines else ""))
