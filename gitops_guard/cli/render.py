"""`gitops-guard render`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_guard.cli import options

if TYPE_CHECKING:
    from gitops_guard.load.sources import Source
    from gitops_guard.model.masking import Masking
    from gitops_guard.render.build import Built

FAILED = 1


@click.command("render")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--rev", metavar="REV", help="Render a revision, read from Git's objects.")
@click.option("--show-secrets", is_flag=True, help="Print values of Secrets; only to a terminal.")
@click.option("-j", "--jobs", type=click.IntRange(1, 256), metavar="N", help="Processes.  [default: all cores]")
def command(paths: tuple[str, ...], rev: str | None, show_secrets: bool, jobs: int | None) -> int:
    """Print what kustomizations become, as kubectl builds them; secrets are masked.

    \b
      gitops-guard render                         all kustomizations that no other one builds
      gitops-guard render apps/web/overlays/prod  the one in this folder
      gitops-guard render --rev origin/main       as they are in a revision

    The build has the files of the repository that it names and nothing else: no home, no credentials, no network. What
    it may not have is said with its line, and the exit code is 1.
    """
    from gitops_guard.load import sources
    from gitops_guard.model.errors import UsageError
    from gitops_guard.render import build

    if show_secrets and not sys.stdout.isatty():
        raise UsageError("--show-secrets only prints to a terminal", hint="a file or a log would keep them")
    here = Path.cwd()
    source = sources.revision(here, rev) if rev else sources.work_tree(here)
    whole = build.read(source)
    wanted = build.folders(whole, [_folder(source, here, path) for path in paths])
    built = build.build(source, whole, wanted, options.processes(jobs))
    shown = None if show_secrets else _masking(built)
    for one in built:
        _show(one, shown)
    return FAILED if any(one.reasons for one in built) else 0


def _folder(source: Source, here: Path, path: str) -> str:
    from gitops_guard.load.selection import absolute, relative

    found = relative(absolute(str(here), path), path, str(source.root))
    return "" if found == "." else found


def _masking(built: Iterable[Built]) -> Masking:
    from gitops_guard.load import token_formats
    from gitops_guard.model import masking, token

    def holds_token(data: bytes) -> bool:
        return token_formats.may_hold(data) and bool(token.find(data, token_formats.formats()))

    bodies = (body for one in built for body in one.bodies)
    return masking.Masking(bodies, holds_token)


def _show(one: Built, masking: Masking | None) -> None:
    from gitops_guard.load import yaml_text
    from gitops_guard.report.show.escape import visible

    for location, reason in one.reasons:
        click.echo(visible(f"{location}: {reason}"), err=True)
    if not one.reasons:
        click.echo(visible(f"# {one.folder or '.'}"))
        bodies = one.bodies if masking is None else [masking.masked(body) for body in one.bodies]
        click.echo(yaml_text.dump(bodies), nl=False)
