"""Errors that a user can act on: a sentence, a place where there is one, and a next step."""

from __future__ import annotations

from gitops_guard.model.resource import Location


class GuardError(Exception):
    """The tool or its surroundings failed (exit 3). Never carries the text of a manifest."""

    exit_code = 3

    def __init__(self, message: str, *, hint: str = "", at: Location | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.at = at

    def __str__(self) -> str:
        place = f"{self.at.file}:{self.at.line}:{self.at.column}: " if self.at else ""
        return f"{place}{self.message}" + (f" ({self.hint})" if self.hint else "")


class UsageError(GuardError):
    """The caller has to change the call (exit 2)."""

    exit_code = 2


class ConfigError(UsageError):
    """The configuration, or a waiver, is wrong (exit 2)."""


class SourceError(GuardError):
    """Git, a renderer or another program failed (exit 3)."""


def frames(error: BaseException) -> list[str]:
    """Where a mistake of ours happened, innermost last; without the text of the error, which may hold a value."""
    found = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        file = code.co_filename.rpartition("gitops_guard/")[2] or code.co_filename
        found.append(f"{file}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return found
