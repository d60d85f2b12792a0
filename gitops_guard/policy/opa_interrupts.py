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
    """Within, a signal waits until `window`, or the end; there it does what it did before.

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
            if signal.getsignal(number) == self._received:  # a handler that was called may have set another one
                signal.signal(number, handler)
        if self._waiting and (error is None or isinstance(error, Exception)):
            self._hand_on(self._waiting, None)

    @contextmanager
    def window(self) -> Iterator[None]:
        """What can be broken off: a question, which may take long. Never what writes."""
        self._open = True
        try:
            if self._waiting:
                self._received(self._waiting, None)
            yield
        finally:
            self._open = False

    def _received(self, number: int, frame: FrameType | None) -> None:
        if not self._open:
            self._waiting = number
            return
        self._open = False
        self._waiting = 0
        self._hand_on(number, frame)

    def _hand_on(self, number: int, frame: FrameType | None) -> None:
        """To who was there before, who raises; a signal that would end the process at once raises here."""
        handler = self._before[number]
        if not callable(handler):
            raise SystemExit(128 + number)
        handler(number, frame)
