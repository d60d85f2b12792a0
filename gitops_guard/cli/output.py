"""Where reports go: standard output or files, in several formats of one run."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from gitops_guard import __version__
from gitops_guard.model.errors import SourceError, UsageError
from gitops_guard.model.finding import Report, Severity
from gitops_guard.report import formats, render
from gitops_guard.report.context import Context

Target = tuple[str, Path | None]


def targets(given: tuple[str, ...], known: Sequence[str] = ()) -> list[Target]:
    """(format, file or None for standard output). Raises UsageError before any work is done.

    *known* are the formats that there are; without them those of a check.
    """
    found = [_target(entry, known or formats()) for entry in given or ("text",)]
    to_stdout = [name for name, file in found if file is None]
    if len(to_stdout) > 1:
        raise UsageError(
            f"{' and '.join(to_stdout)} both go to standard output", hint=f"write one into a file: {to_stdout[1]}=FILE"
        )
    return found


def _target(entry: str, known: Sequence[str]) -> Target:
    name, equals, file = entry.partition("=")
    if name not in known:
        raise UsageError(f"there is no output format {name!r}", hint=f"there are: {', '.join(known)}")
    if not equals:
        return name, None
    path = Path(file)
    if not file or path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"the report cannot be written to {file!r}", hint="its folder must be there")
    return name, path


def use_color() -> bool:
    """NO_COLOR and FORCE_COLOR as no-color.org and force-color.org have them; else only on a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def write(
    report: Report, to: list[Target], *, coverage: bool, seconds: float, fail_on: Severity, checked: bool
) -> None:
    for name, file in to:
        context = Context(
            color=file is None and use_color(),
            width=shutil.get_terminal_size((100, 24)).columns,
            seconds=seconds,
            coverage=coverage,
            version=__version__,
            fail_on=fail_on,
            waived_results=False,
            checked=checked,
        )
        put(render(name, report, context), file)


def put(text: str, file: Path | None) -> None:
    """Write *text* into a file, or to standard output."""
    if file is None:
        _print(text)
    else:
        _save(file, text)


def _print(text: str) -> None:
    try:
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise SourceError(f"the report cannot be written: {error.strerror}") from error


def _save(file: Path, text: str) -> None:
    try:
        file.write_bytes(text.encode("utf-8", "backslashreplace"))
    except PermissionError as error:
        raise UsageError(f"the report cannot be written to {str(file)!r}: {error.strerror}") from error
    except OSError as error:
        raise SourceError(f"the report cannot be written to {str(file)!r}: {error.strerror}") from error
