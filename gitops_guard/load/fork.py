"""Work on all cores by forked children: what the parent has read is theirs without a copy."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from gitops_guard.model.errors import GuardError

Part = TypeVar("Part")
_CHUNK = 1 << 20


def fork_map(work: Callable[[Part], bytes], parts: Sequence[Part]) -> list[bytes]:
    """*work* on each part, in order; the first part is done by this process. One process where there is no fork.

    Raises GuardError when a child dies; whatever *work* raises in a child is told there and counts as dying.
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
        statuses = [os.waitpid(pid, 0)[1] for pid, _ in children]
    if any(statuses):
        raise GuardError("a worker process ended early", hint="run again with -j 1 to see its error")
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
        os.close(reader)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        _write(writer, work(part))
        status = 0
    except BaseException:  # the child must never return into its parent's stack
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    finally:
        os._exit(status)


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
