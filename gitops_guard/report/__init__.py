"""Floor 4: a Report as text. One module of this folder is one format; `show/` holds what they share."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from gitops_guard.model.errors import UsageError
from gitops_guard.model.finding import Report
from gitops_guard.report.context import Context

_NO_FORMAT = {"__init__", "context"}


def formats() -> list[str]:
    """The names for `--format`, sorted. Imports none of them: `--help` asks too."""
    return sorted(file.stem for file in Path(__file__).parent.glob("*.py") if file.stem not in _NO_FORMAT)


def render(name: str, report: Report, context: Context) -> str:
    """*report* as *name* shows it, with a final newline. Every order of the same report gives the same bytes.

    Raises UsageError for a name that is no format. The result holds no lone surrogate: it can be written as UTF-8.
    """
    from gitops_guard.report.show.order import in_order

    known = formats()
    if name not in known:
        raise UsageError(f"there is no output format {name!r}", hint=f"there are: {', '.join(known)}")
    module = import_module(f"{__name__}.{name}")
    return cast(str, module.render(in_order(report), context))
