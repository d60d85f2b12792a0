"""Work on all cores by forked children: what the parent has read is theirs without a copy."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from gitops_guard.model.errors import GuardError, frames

Part = TypeVar("Part")
_CHUNK = 1 << 20
_DONE, _REFUSED, _FAILED = 0, 3, 4  # exit codes of a child, for what it told


def fork_map(work: Callable[[Part], bytes], parts: Sequence[Part]) -> list[bytes]:
    """*work* on each part, in order; the first part is done by this process. One process where there is no fork.

    Raises GuardError when a child dies, and in place of what *work* raises in a child: its own where it is one, else
    one that tells the place and the type, never the text, which may hold a value.
    """
    if len(parts) < 2 or not hasattr(os, "fork"):
        return [work(part) for part in parts]
    children = [_start(work, part) for part in parts[1:]]
    try:
        results = [work(parts[0])]
        results.extend(_collect(reader) for _, reader in children)
    except BaseException:
        for pid, _ in children:
            os.kill(pid, signal.SIGKILL)
        raise
    finally:
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid, _ in children]
    for code, told in zip(codes, results[1:], strict=True):
        _raise(code, told)
    return results


def _start(work: Callable[[Part], bytes], part: Part) -> tuple[int, int]:
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    status = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.close(reader)
        ending, told = _told(work, part)
        _write(writer, told)
        status = ending
    finally:  # the child must never return into its parent's stack
        os._exit(status)


def _told(work: Callable[[Part], bytes], part: Part) -> tuple[int, bytes]:
    try:
        return _DONE, work(part)
    except GuardError as error:
        import pickle

        return _REFUSED, pickle.dumps(error)
    except BaseException as error:
        places = " < ".join(reversed(frames(error)[-5:]))
        return _FAILED, f"{type(error).__name__} at {places}".encode("utf-8", "replace")


def _raise(code: int, told: bytes) -> None:
    if code == _DONE:
        return
    if code == _REFUSED:
        import pickle

        error = pickle.loads(told)  # noqa: S301 - written by our own child
        assert isinstance(error, GuardError)
        raise error
    if code == _FAILED:
        hint = "this is a mistake of ours; please report it"
        raise GuardError(f"a worker process failed: {told.decode()}", hint=hint)
    raise GuardError("a worker process ended early", hint="it may have been short of memory; -j 1 starts none")


def _write(writer: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(writer, view) :]


def _collect(reader: int) -> bytes:
    pieces = []
    while piece := os.read(reader, _CHUNK):
        pieces.append(piece)
    os.close(reader)
    return b"".join(pieces)


def balance(sizes: Sequence[tuple[int, int]], bins: int) -> list[list[int]]:
    """Numbers of items in *bins* groups of about equal weight. *sizes* are (weight, number); every order gives one."""
    loads = [0] * bins
    groups: list[list[int]] = [[] for _ in range(bins)]
    for weight, number in sorted(sizes, reverse=True):
        lightest = loads.index(min(loads))
        loads[lightest] += weight
        groups[lightest].append(number)
    return [sorted(group) for group in groups if group]
