"""`gitops-guard rules`."""

from __future__ import annotations

import click

from gitops_guard.cli import options


@click.command("rules")
def command() -> None:
    """List all rules: id, default severity, the profile from which on it is asked, and what it finds."""
    known = options.load_rules()
    width = max(map(len, known))
    for name, rule in sorted(known.items()):
        click.echo(f"{name:<{width}}  {rule.severity!s:<7}  {rule.profile.value:<11}  {rule.summary}")
