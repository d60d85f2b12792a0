"""`gitops-guard rules`."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import Final

import click

from gitops_guard.cli import options
from gitops_guard.rules import by_topic

_NARROWEST: Final = 50  # columns that a sentence beside its rule needs


@click.command("rules")
def command() -> None:
    """List all rules by topic: id, default severity, the profile from which on it is asked, and what it finds.

    At a terminal the sentences are wrapped; elsewhere a rule is one line.
    """
    known = options.load_rules()
    longest = max(map(len, known))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for number, (topic, rules) in enumerate(by_topic(known).items()):
        click.echo(f"{'' if number == 0 else chr(10)}{topic.value}:")
        for name, rule in rules.items():
            start = f"  {name:<{longest}}  {rule.severity!s:<7}  {rule.profile.value:<11}  "
            click.echo(_wrapped(start, rule.summary, width))


def _wrapped(start: str, text: str, width: int) -> str:
    """The text beside its start, or below it where the terminal is too narrow for both."""
    if not width:
        return start + text
    if width - len(start) >= _NARROWEST:
        return textwrap.fill(text, width, initial_indent=start, subsequent_indent=" " * len(start))
    below = " " * 6
    return start.rstrip() + "\n" + textwrap.fill(text, max(width, 40), initial_indent=below, subsequent_indent=below)
