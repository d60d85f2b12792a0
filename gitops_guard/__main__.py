"""The entry point: also `python -m gitops_guard`."""

from __future__ import annotations

import os
import signal
from typing import NoReturn


def main() -> NoReturn:
    """Ctrl-C ends with 130 and one word from here on, also while the rest is being imported."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    from gitops_guard.cli.main import run

    run()


def _leave(_number: int, _frame: object) -> None:
    os.write(2, b"Interrupted.\n")
    os._exit(130)


if __name__ == "__main__":
    main()
