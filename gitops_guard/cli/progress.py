"""A progress bar on standard error, when it is a terminal and the work takes longer than a second."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_AFTER_S = 1.0
_EVERY_S = 0.2
_SLOT = 8
_SLOTS = 1024


@contextmanager
def progress() -> Iterator[Callable[[int], None]]:
    """Gives a function that counts files done, in this process and in those forked from it."""
    if not sys.stderr.isatty() or os.environ.get("CI"):
        yield lambda _count: None
        return
    from mmap import mmap
    from threading import Event, Timer

    shared = mmap(-1, _SLOT * _SLOTS)
    done = Event()

    def tick(count: int) -> None:
        slot = (os.getpid() % _SLOTS) * _SLOT
        known = int.from_bytes(shared[slot : slot + _SLOT], "little")
        shared[slot : slot + _SLOT] = (known + count).to_bytes(_SLOT, "little")

    def show() -> None:
        while not done.wait(_EVERY_S):
            total = sum(int.from_bytes(shared[at : at + _SLOT], "little") for at in range(0, len(shared), _SLOT))
            print(f"\r\x1b[K{total} files checked …", end="", file=sys.stderr, flush=True)  # noqa: T201
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)  # noqa: T201

    # The thread starts after the forks of a short run are long done; a fork with threads about could hang.
    timer = Timer(_AFTER_S, show)
    timer.daemon = True
    timer.start()
    try:
        yield tick
    finally:
        timer.cancel()
        done.set()
        timer.join(_EVERY_S * 2)
