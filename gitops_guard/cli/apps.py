"""`gitops-guard apps`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gitops_guard.cli import options
from gitops_guard.model.resource import App


@click.command("apps")
@options.where
@options.config_file
def command(rev: str | None, staged: bool, **given: Any) -> int:
    """List the apps that were found: environment, cluster, name, renderer and folder."""
    from gitops_guard.cli.check import read_config
    from gitops_guard.load import names, sources
    from gitops_guard.load.layout import Layout

    here = Path.cwd()
    source = (
        sources.revision(here, rev, ()) if rev else sources.staged(here, ()) if staged else sources.work_tree(here, ())
    )
    config = read_config(source, options.Choice.take(given), options.load_rules())
    paths = [entry.path for entry in source.entries() if names.may_be_read(entry.path)]
    found = Layout(paths, config.layout).table(paths)
    if not found:
        click.echo("No apps were found here.", err=True)
        return 2
    for line in table(found):
        click.echo(line)
    return 0


def table(apps: list[App]) -> list[str]:
    rows = [("ENVIRONMENT", "CLUSTER", "APP", "RENDERER", "PATH")]
    rows += [
        (app.environment or "-", app.cluster or "-", app.name or "-", app.renderer, app.path or ".") for app in apps
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
