"""Floor 4: a Report as text. One module of this folder is one format; `show/` holds what they share.

Imports nothing at the top: `--help` asks for the names of the formats, and is to answer at once.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitops_guard.model.finding import Report
    from gitops_guard.report.context import Context

_NO_FORMAT = {"__init__", "context"}


def formats() -> list[str]:
    """The names for `--format`, sorted. Imports none of them."""
    with os.scandir(__path__[0]) as entries:
        modules = [entry.name.removesuffix(".py") for entry in entries if entry.name.endswith(".py")]
    return sorted(set(modules) - _NO_FORMAT)


def render(name: str, report: Report, context: Context) -> str:
    """*report* as *name* shows it, with a final newline. Every order of the same report gives the same bytes.

    Raises UsageError for a name that is no format. The result holds no lone surrogate: it can be written as UTF-8.
    """
    from importlib import import_module

    from gitops_guard.report.show.order import in_order

    known = formats()
    if name not in known:
        from gitops_guard.model.errors import UsageError

        raise UsageError(f"there is no output format {name!r}", hint=f"there are: {', '.join(known)}")
    module = import_module(f"{__name__}.{name}")
    text: str = module.render(in_order(report), context)
    return text
