"""`gitops-guard completion`."""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL; `gitops-guard completion bash >> ~/.bashrc` installs it."""
    from click.shell_completion import get_completion_class

    from gitops_guard.cli.main import main

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(found(main, {}, "gitops-guard", "_GITOPS_GUARD_COMPLETE").source())
