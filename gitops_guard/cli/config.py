"""`gitops-guard config`."""

from __future__ import annotations

import json

import click

from gitops_guard.cli import options


@click.group("config")
def command() -> None:
    """Show the JSON Schema of the configuration."""


@command.command("schema", short_help="Print the JSON Schema of `.gitops-guard.yaml`.")
def schema() -> None:
    """Print the JSON Schema of `.gitops-guard.yaml`, options of the rules included."""
    from gitops_guard.load import config

    click.echo(json.dumps(config.schema(options.load_rules()), indent=2, sort_keys=True))
