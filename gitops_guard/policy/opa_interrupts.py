"""Ctrl-C and SIGTERM while something of ours lies on a server: not before it is removed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final, Self

_NUMBERS: Final = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]  # Windows has no SIGHUP


class Interrupts:
    """Within, a signal waits until `window`, or the end; there it becomes KeyboardInterrupt or SystemExit.

    Python calls handlers between any two steps, so that a `finally` alone may be left before it has begun. Only the
    main thread may set handlers: in another one this does nothing.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._open = False
        self._waiting = 0

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _NUMBERS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._received)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._waiting and (error is None or isinstance(error, Exception)):
            raise _error(self._waiting)

    @contextmanager
    def window(self) -> Iterator[None]:
        """What can be broken off: a question, which may take long. Never what writes."""
        self._open = True
        try:
            if self._waiting:
                raise _error(self._waiting)
            yield
        finally:
            self._open = False

    def _received(self, number: int, _: FrameType | None) -> None:
        self._waiting = number
        if self._open:
            self._open = False
            raise _error(number)


def _error(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)
