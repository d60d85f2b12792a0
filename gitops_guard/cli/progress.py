"""A progress bar on standard error, when it is a terminal and the work takes longer than a second."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from gitops_guard.parts import Progress, Silent

_AFTER_S = 1.0
_EVERY_S = 0.2
_SLOT = 8  # bytes
_SLOTS = 1024
_WIDTH = 30  # characters


@contextmanager
def progress() -> Iterator[Progress]:
    """Draws while its block runs."""
    if not sys.stderr.isatty() or os.environ.get("CI") or os.environ.get("TERM") == "dumb":
        yield Silent()
        return
    from threading import Event, Thread

    bar = _Bar()
    ended = Event()

    def draw() -> None:
        if ended.wait(_AFTER_S):
            return
        while not ended.wait(_EVERY_S):
            print(f"\r{bar.text()}\x1b[K", end="", file=sys.stderr, flush=True)  # noqa: T201 - this is the terminal
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)  # noqa: T201 - as above

    # It sleeps while workers are forked, and holds no lock that a child could miss.
    thread = Thread(target=draw, daemon=True)
    thread.start()
    try:
        yield bar
    finally:
        ended.set()
        thread.join(_EVERY_S * 2)


class _Bar:
    """Counts in memory that forked workers share; each process has a slot of its own."""

    def __init__(self) -> None:
        from mmap import mmap

        self._counts = mmap(-1, _SLOT * _SLOTS)
        self._total = 0

    def expect(self, files: int) -> None:
        self._total = files

    def done(self, files: int) -> None:
        slot = slice(at := (os.getpid() % _SLOTS) * _SLOT, at + _SLOT)
        known = int.from_bytes(self._counts[slot], "little")
        self._counts[slot] = (known + files).to_bytes(_SLOT, "little")

    def text(self) -> str:
        counts = (int.from_bytes(self._counts[at : at + _SLOT], "little") for at in range(0, len(self._counts), _SLOT))
        done = min(sum(counts), self._total)
        if not self._total:
            return "reading files …"
        if done == self._total:
            return f"{done} files checked, waiting for yamllint and the rules about the whole …"
        filled = _WIDTH * done // self._total
        return f"[{'#' * filled}{'-' * (_WIDTH - filled)}] {done}/{self._total} files"
