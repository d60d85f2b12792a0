"""`gitops-guard hook`: what pre-commit calls with the names of files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gitops_guard.cli import options, policy_options


@click.command("hook")
@click.argument("files", nargs=-1)
@options.configured
@options.checked
@policy_options.policed
@options.shown
def command(files: tuple[str, ...], **given: Any) -> int:
    """Check FILES, as pre-commit names them. It is no error when none of them is for us."""
    from gitops_guard.cli.check import run
    from gitops_guard.load import names, sources

    wanted = tuple(name for name in files if names.may_be_read(name.replace("\\", "/")) or not Path(name).exists())
    if not wanted:
        click.echo("None of the given files is YAML or JSON: nothing to check.")
        return 0
    return run(sources.work_tree(Path.cwd(), wanted), given, may_be_empty=True)
