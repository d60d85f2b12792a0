"""`gitops-guard explain`."""

from __future__ import annotations

import click

from gitops_guard.cli import options


@click.command("explain")
@click.argument("rule")
def command(rule: str) -> None:
    """Explain RULE: what it finds and why, what fails, what passes, its options, and how to allow a finding."""
    from gitops_guard.rules import explain

    click.echo(explain(options.require_rule(rule, options.load_rules())).rstrip())
