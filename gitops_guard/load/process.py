"""Run other programs: with a timeout, bounded output, and an environment that can be scrubbed.

`os.posix_spawn` instead of `subprocess`: the import of the latter alone costs 8 to 14 ms of the 250 that a run has, and
it knows no bound on output. No threads: the loader forks, and a fork beside threads can hang.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from gitops_guard.model.errors import SourceError

LIMIT_BYTES: Final = 256 << 20
_CHUNK: Final = 1 << 16  # the capacity of a pipe on Linux
_KEPT: Final = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "TEMP", "TMP", "TMPDIR", "TZ", "USER")
# posix_spawn cannot change the folder on the platforms that we run on; a shell that replaces itself can (0.5 ms).
_IN_FOLDER: Final = ("/bin/sh", "-c", 'cd "$0" && exec "$@"')
# Where the system knows no such limit (macOS), there is none; a memory dump would hold what the program read.
_LIMITED: Final = ("/bin/sh", "-c", 'ulimit -v "$0" 2>/dev/null; ulimit -c 0; exec "$@"')


class Completed(NamedTuple):
    returncode: int  # negative: ended by this signal
    stdout: bytes
    stderr: bytes


def run(
    argv: Sequence[str],
    *,
    cwd: str | os.PathLike[str] | None = None,
    input: bytes | None = None,  # noqa: A002 - the name that subprocess.run gives it
    timeout_s: float = 60.0,
    env: Mapping[str, str] | None = None,
    limit_bytes: int = LIMIT_BYTES,
    memory_kb: int = 0,
) -> Completed:
    """Run a program to its end; whatever its exit code, it is returned.

    *memory_kb* is how much it may have of addresses; 0 is no limit. Raises SourceError when it is missing, takes longer
    than *timeout_s*, or writes more than *limit_bytes*. It never outlives this call.
    """
    (in_reader, in_writer), (out_reader, out_writer), (err_reader, err_writer) = os.pipe(), os.pipe(), os.pipe()
    exchange = _Exchange(argv[0], in_writer, input or b"", (out_reader, err_reader), limit_bytes)
    deadline = time.monotonic() + timeout_s
    child = None
    try:
        try:
            child = _Child(argv, cwd, env, (in_reader, out_writer, err_writer), memory_kb)
        finally:
            _close(in_reader, out_writer, err_writer)
        exchange.run(deadline, timeout_s)
        return Completed(child.wait(deadline, timeout_s), *exchange.output())
    finally:
        exchange.close_input()
        _close(out_reader, err_reader)
        if child is not None:
            child.kill()


def start(
    argv: Sequence[str], *, cwd: str | os.PathLike[str] | None = None, env: Mapping[str, str] | None = None
) -> Running:
    """Start a program that is collected later. Its output goes to unnamed files, so it never waits for us.

    Raises SourceError when it is missing.
    """
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    out, err = _unnamed_file(), _unnamed_file()
    try:
        child = _Child(argv, cwd, env, (nothing, out, err))
    except BaseException:
        _close(out, err)
        raise
    finally:
        _close(nothing)
    return Running(child, out, err)


class Running:
    """A program that was started."""

    def __init__(self, child: _Child, out: int, err: int) -> None:
        self._child = child
        self._out = out
        self._err = err

    def done(self) -> bool:
        return self._child.ended()

    def collect(self, timeout_s: float = 60.0, limit_bytes: int = LIMIT_BYTES) -> Completed:
        """Wait for its end. Call it once. Raises SourceError as `run` does."""
        deadline = time.monotonic() + timeout_s
        try:
            while not self._child.ended():
                self._refuse_more_than(limit_bytes)
                self._child.pause(deadline, timeout_s)
            self._refuse_more_than(limit_bytes)
            return Completed(self._child.returncode, _whole(self._out), _whole(self._err))
        finally:
            self.kill()

    def kill(self) -> None:
        """End it, if it runs, and forget what it wrote."""
        self._child.kill()
        if self._out >= 0:
            _close(self._out, self._err)
            self._out = self._err = -1

    def _refuse_more_than(self, limit_bytes: int) -> None:
        if os.fstat(self._out).st_size + os.fstat(self._err).st_size > limit_bytes:
            raise _too_much(self._child.name, limit_bytes)


def scrubbed() -> dict[str, str]:
    """The environment without anything that a program does not need: no tokens, no configuration."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def find(program: str) -> str:
    """The absolute path of a program. Raises SourceError where there is none.

    Relative entries of PATH are left out: there they would name a program of the repository that is checked.
    """
    if program.startswith("/"):
        if os.access(program, os.X_OK):
            return program
        raise SourceError(f"the program {program} cannot be run")
    for folder in os.get_exec_path():
        path = f"{folder}/{program}"
        if folder.startswith("/") and os.access(path, os.X_OK) and not os.path.isdir(path):  # noqa: PTH112 - no pathlib: 10 ms
            return path
    raise SourceError(f"the program {program} was not found", hint="install it, or put its folder on PATH")


class _Child:
    """A process of ours; it is ended when this program ends by an exception or by Ctrl-C."""

    def __init__(
        self,
        argv: Sequence[str],
        cwd: str | os.PathLike[str] | None,
        env: Mapping[str, str] | None,
        files: tuple[int, int, int],
        memory_kb: int = 0,
    ) -> None:
        import signal

        program = find(argv[0])
        self.name = argv[0].rpartition("/")[2]
        self.returncode = 0
        command = (program, *argv[1:])
        if memory_kb:
            command = (*_LIMITED, str(memory_kb), *command)
        if cwd is not None:
            command = (*_IN_FOLDER, os.path.abspath(cwd), *command)  # noqa: PTH100 - no pathlib: 10 ms
        try:
            self._pid = os.posix_spawn(
                command[0],
                command,
                os.environ if env is None else env,
                file_actions=[(os.POSIX_SPAWN_DUP2, ours, theirs) for theirs, ours in enumerate(files)],
                setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # Python ignores both, and exec would hand that on
            )
        except OSError as error:
            raise SourceError(f"{self.name} could not be started: {error.strerror}") from error
        _register(self)

    def ended(self) -> bool:
        if self._pid and (told := os.waitpid(self._pid, os.WNOHANG))[0]:
            self._end(told[1])
        return not self._pid

    def wait(self, deadline: float, timeout_s: float) -> int:
        while not self.ended():
            self.pause(deadline, timeout_s)
        return self.returncode

    def pause(self, deadline: float, timeout_s: float) -> None:
        if time.monotonic() > deadline:
            raise _too_slow(self.name, timeout_s)
        time.sleep(0.001)

    def kill(self) -> None:
        if self.ended():
            return
        import signal

        os.kill(self._pid, signal.SIGKILL)
        self._end(os.waitpid(self._pid, 0)[1])

    def _end(self, status: int) -> None:
        self.returncode = os.waitstatus_to_exitcode(status)
        self._pid = 0
        _alive.discard(self)


class _Exchange:
    """Hands a child its input and takes its output, whichever it is ready for."""

    def __init__(self, name: str, writer: int, data: bytes, readers: tuple[int, int], limit_bytes: int) -> None:
        self._name = name
        self._writer = writer
        self._rest = memoryview(data)
        self._pieces: dict[int, list[bytes]] = {reader: [] for reader in readers}
        self._limit = limit_bytes
        self._taken = 0

    def run(self, deadline: float, timeout_s: float) -> None:
        import select

        poll = select.poll()
        waiting = set(self._pieces)
        for reader in waiting:
            poll.register(reader, select.POLLIN)
        if self._rest:
            os.set_blocking(self._writer, False)
            poll.register(self._writer, select.POLLOUT)
        else:
            self.close_input()
        while waiting:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise _too_slow(self._name, timeout_s)
            for file, _ in poll.poll(left_s * 1000):
                more = self._write() if file == self._writer else self._read(file)
                if not more:
                    poll.unregister(file)
                    waiting.discard(file)
                    if file == self._writer:
                        self.close_input()

    def output(self) -> tuple[bytes, ...]:
        return tuple(b"".join(pieces) for pieces in self._pieces.values())

    def close_input(self) -> None:
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1

    def _write(self) -> bool:
        try:
            self._rest = self._rest[os.write(self._writer, self._rest) :]
        except BrokenPipeError:  # it ended before it read all: its exit code says why
            return False
        return bool(self._rest)

    def _read(self, file: int) -> bool:
        piece = os.read(file, _CHUNK)
        self._pieces[file].append(piece)
        self._taken += len(piece)
        if self._taken > self._limit:
            raise _too_much(self._name, self._limit)
        return bool(piece)


_alive: set[_Child] = set()


def _register(child: _Child) -> None:
    if not _alive:
        import atexit

        atexit.unregister(_kill_all)
        atexit.register(_kill_all)
    _alive.add(child)


def _kill_all() -> None:
    for child in list(_alive):
        child.kill()


def _unnamed_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("output")
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _whole(file: int) -> bytes:
    size, data = os.fstat(file).st_size, []
    offset = 0
    while offset < size and (piece := os.pread(file, size - offset, offset)):
        data.append(piece)
        offset += len(piece)
    return b"".join(data)


def _too_slow(name: str, timeout_s: float) -> SourceError:
    return SourceError(f"{name} did not end within {timeout_s:g} s")


def _too_much(name: str, limit_bytes: int) -> SourceError:
    return SourceError(f"{name} wrote more than {limit_bytes} bytes")


def _close(*files: int) -> None:
    for file in files:
        os.close(file)
