"""What tests of policies came to, as text. One module of this folder is one format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gitops_guard.policy.testing import TestReport

FORMATS: Final = ("text", "json", "junit")


def render(name: str, report: TestReport, *, verbose: bool = False, color: bool = False) -> str:
    """*report* in one of FORMATS, with a final newline. *verbose* and *color* are for `text`."""
    if name == "text":
        from gitops_guard.report.testing import text

        return text.render(report, verbose=verbose, color=color)
    from importlib import import_module

    module = import_module(f"{__name__}.{name}")
    rendered: str = module.render(report)
    return rendered
