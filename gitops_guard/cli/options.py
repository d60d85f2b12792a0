"""Flags that mean the same in every command, and what they make of a configuration."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitops_guard.model.errors import UsageError
from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Profile, Rule

if TYPE_CHECKING:
    from gitops_guard.load.config import Config, RuleSetting

Command = Callable[..., Any]
LEVELS = ("info", "warning", "error")


def decorate(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def apply(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return apply


config_file = click.option("--config", "config_file", metavar="FILE", help="Read this instead of .gitops-guard.yaml.")

configured = decorate(
    config_file,
    click.option("--profile", type=click.Choice(["minimal", "recommended", "strict"]), help="Which rules are on."),
)

where = decorate(
    click.option("--rev", metavar="REV", help="Check a revision, read from Git's objects."),
    click.option("--staged", is_flag=True, help="Check what is about to be committed (the index)."),
)

checked = decorate(
    click.option("--select", multiple=True, metavar="RULE", help="Only these rules (repeatable, commas allowed)."),
    click.option("--ignore", multiple=True, metavar="RULE", help="Not these rules (repeatable, commas allowed)."),
    click.option("--enable", multiple=True, metavar="RULE", help="These rules as well (repeatable)."),
    click.option("--fail-on", type=click.Choice(LEVELS), help="Exit 1 from this severity on.  [default: error]"),
    click.option("--kubernetes-version", metavar="X.Y", help="Kubernetes 1.25 to 1.37.  [default: the newest]"),
    click.option("--schema-location", multiple=True, metavar="TEMPLATE", help="More schemas, as kubeconform has them."),
    click.option(
        "--engine",
        type=click.Choice(["embedded", "kubeconform", "both"]),
        help="Who validates.  [default: embedded]",
    ),
    click.option("--online", is_flag=True, help="Allow schema locations to be fetched."),
    click.option("--no-lint", is_flag=True, help="Leave yamllint out."),
    click.option("--no-cache", is_flag=True, help="Neither read nor write the cache."),
    click.option("-j", "--jobs", type=click.IntRange(1, 256), metavar="N", help="Processes.  [default: all cores]"),
)

shown = decorate(
    click.option(
        "--format",
        "formats",
        multiple=True,
        metavar="NAME[=FILE]",
        help="text, json, sarif, junit, github, markdown, rdjson; with =FILE into a file (repeatable).",
    ),
    click.option(
        "--coverage",
        is_flag=True,
        help="List every file that was not checked, with the reason, and every waiver in use.",
    ),
)


def processes(jobs: int | None) -> int:
    """How many processes work; all cores that this one may use, where nobody says."""
    if jobs:
        return jobs
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Choice:
    """The flags of `checked` and `configured` as given."""

    config_file: str | None = None
    profile: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    enable: tuple[str, ...] = ()
    fail_on: str | None = None
    kubernetes_version: str | None = None
    schema_location: tuple[str, ...] = ()
    engine: str | None = None
    online: bool = False
    no_lint: bool = False
    no_cache: bool = False
    jobs: int | None = None

    @classmethod
    def take(cls, given: dict[str, Any]) -> Choice:
        """Takes its own flags out of *given*."""
        return cls(**{name: given.pop(name) for name in cls.__dataclass_fields__ if name in given})

    @property
    def processes(self) -> int:
        return processes(self.jobs)

    def onto(self, config: Config) -> Config:
        """A flag wins over the configuration."""
        changes: dict[str, Any] = {}
        if self.select or self.enable:
            changes["rules"] = {**config.rules, **_turned_on(config, (*self.select, *self.enable))}
        if self.profile:
            changes["profile"] = Profile(self.profile)
        if self.fail_on:
            changes["fail_on"] = Severity.parse(self.fail_on)
        if self.kubernetes_version:
            changes["kubernetes_version"] = self.kubernetes_version.removeprefix("v")
        if self.schema_location:
            changes["schema_locations"] = self.schema_location
        if self.engine:
            changes["engine"] = self.engine
        return replace(config, **changes) if changes else config

    def rules(self, known: Mapping[str, Rule]) -> dict[str, Rule]:
        """The rules that `--select` and `--ignore` leave. Raises UsageError for what is no rule."""
        select, ignore = _ids(self.select, known), _ids(self.ignore, known)
        _ids(self.enable, known)
        return {name: rule for name, rule in known.items() if (not select or name in select) and name not in ignore}


def _turned_on(config: Config, select: Iterable[str]) -> dict[str, RuleSetting]:
    """A rule that is named is asked, whatever the profile says."""
    from gitops_guard.load.config import RuleSetting

    names = (name.strip() for entry in select for name in entry.split(","))
    return {name: replace(config.rules.get(name) or RuleSetting(), enabled=True) for name in names if name}


def _ids(given: Iterable[str], known: Mapping[str, Rule]) -> frozenset[str]:
    ids = [name.strip() for entry in given for name in entry.split(",") if name.strip()]
    for name in ids:
        require_rule(name, known)
    return frozenset(ids)


def require_rule(name: str, known: Mapping[str, Rule]) -> Rule:
    """Raises UsageError, with the nearest name."""
    if name in known:
        return known[name]
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "`gitops-guard rules` lists them"
    raise UsageError(f"there is no rule {name!r}", hint=hint)


def load_rules() -> dict[str, Rule]:
    from gitops_guard.rules import all_rules

    return all_rules()


def named_file(name: str) -> Path:
    """A file that a flag names. Raises UsageError where it is not there."""
    path = Path(name)
    if not path.is_file():
        raise UsageError(f"there is no file {name!r}", hint="--config takes the path of a configuration file")
    return path
