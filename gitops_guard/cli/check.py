"""`gitops-guard check`."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitops_guard.cli import options, output, policy_options

if TYPE_CHECKING:
    from gitops_guard.load.config import Config
    from gitops_guard.load.sources import Source
    from gitops_guard.memo import Verdict
    from gitops_guard.model.rule import Rule
    from gitops_guard.policies import Policies
    from gitops_guard.policy.program import Engine

FOUND, NOTHING = 1, 2


@click.command("check")
@click.argument("paths", nargs=-1)
@options.where
@click.option("--stdin-filename", metavar="NAME", help="What `-` is called.  [default: stdin.yaml]")
@options.configured
@options.checked
@policy_options.policed
@options.shown
def command(paths: tuple[str, ...], rev: str | None, staged: bool, stdin_filename: str | None, **given: Any) -> int:
    """Check the repository around the current folder, or only PATHS of it; `-` is standard input.

    \b
      gitops-guard check                          the repository around the current folder
      gitops-guard check apps/production          some paths of it
      gitops-guard check --rev origin/main        a revision, read from Git's objects
      gitops-guard check --staged                 what is about to be committed
      kustomize build x | gitops-guard check -    standard input
      gitops-guard check --format sarif=out.sarif --format github
    """
    from gitops_guard.load import sources
    from gitops_guard.model.errors import UsageError

    if "-" in paths:
        if len(paths) > 1 or rev or staged:
            raise UsageError("`-` stands alone", hint="standard input is checked by itself")
        source = sources.stdin(stdin_filename or "stdin.yaml", sys.stdin.buffer.read())
    elif stdin_filename is not None:
        raise UsageError("--stdin-filename names standard input, and `-` is not given")
    elif rev is not None and not rev.strip():
        raise UsageError("--rev names no revision", hint="is the variable that it comes from empty?")
    elif rev and staged:
        raise UsageError("--rev and --staged exclude each other", hint="a revision or the index, not both")
    elif rev:
        source = sources.revision(Path.cwd(), rev, paths)
    elif staged:
        source = sources.staged(Path.cwd(), paths)
    else:
        source = sources.work_tree(Path.cwd(), paths)
    return run(source, given, may_be_empty=staged)


def run(source: Source, given: dict[str, Any], *, may_be_empty: bool) -> int:
    """Check *source* and write the reports; the exit code. Having nothing to check is an error, or *may_be_empty*."""
    from gitops_guard.model.errors import UsageError

    started = time.perf_counter()
    choice = options.Choice.take(given)
    policed = policy_options.PolicyChoice.take(given)
    to = output.targets(given.get("formats", ()))
    builtin = options.load_rules()
    own, code = load_user_rules(policed, source, choice, builtin)
    builtin.update(own)
    policies = load_policies(policed, source, choice, builtin)
    known = {**builtin, **policies.rules} if policies else builtin
    config = policed.onto(choice.onto(read_config(source, choice, known)))
    rules = choice.rules(known)
    if policed.only_policies:
        rules = _only_policies(rules, policies)
    elif not rules.keys() - ({"lint"} if choice.no_lint else set()):
        raise UsageError("these flags leave no rule to ask", hint="see --select, --ignore and --no-lint")
    outcome = _check(source, choice, config, rules, frozenset(known), policies, code)
    seconds = time.perf_counter() - started
    report = outcome.report
    output.write(
        report,
        to,
        coverage=bool(given.get("coverage")),
        seconds=seconds,
        fail_on=config.fail_on,
        checked=outcome.checked,
    )
    return exit_code(outcome, config, may_be_empty=may_be_empty)


def read_config(source: Source, choice: options.Choice, known: dict[str, Rule]) -> Config:
    from gitops_guard.load import config

    return config.load(_config_file(source, choice), known)


def _config_file(source: Source, choice: options.Choice) -> Path | tuple[str, bytes] | None:
    return options.named_file(choice.config_file) if choice.config_file else source.config()


def load_user_rules(
    policed: policy_options.PolicyChoice, source: Source, choice: options.Choice, builtin: dict[str, Rule]
) -> tuple[Mapping[str, Rule], str]:
    """The rules and a digest of their code. Before the configuration is read as a whole: it may speak of them."""
    from gitops_guard.load import config

    file = _config_file(source, choice)
    configured = config.policy_setting_of(file).python_rules
    if not configured and not policed.rules_folder:
        return {}, ""
    from gitops_guard import user_rules

    name = file[0] if isinstance(file, tuple) else str(file)
    found = user_rules.load(user_rules.folders(policed.rules_folder, configured, source, name), builtin)
    return found.rules, found.digest


def load_policies(
    policed: policy_options.PolicyChoice, source: Source, choice: options.Choice, builtin: dict[str, Rule]
) -> Policies | None:
    """Before the configuration is read as a whole: it may speak of their rules."""
    from gitops_guard.load import config

    file = _config_file(source, choice)
    setting = policed.onto_setting(config.policy_setting_of(file))
    if not setting.is_used:
        return None
    from gitops_guard import policies

    return policies.load(setting, source, file[0] if isinstance(file, tuple) else str(file or ""), builtin)


def _only_policies(rules: dict[str, Rule], policies: Policies | None) -> dict[str, Rule]:
    """What a policy cannot see because it does not parse is still said."""
    from gitops_guard.model.errors import UsageError

    if policies is None:
        raise UsageError("--only-policies, and there is no policy", hint="--policy names some")
    return {name: rule for name, rule in rules.items() if name in policies.rules or name == "yaml-syntax"}


def _check(
    source: Source,
    choice: options.Choice,
    config: Config,
    rules: dict[str, Rule],
    known: frozenset[str],
    policies: Policies | None,
    code: str,
) -> Verdict:
    from gitops_guard import memo, pipeline
    from gitops_guard.cli.progress import progress
    from gitops_guard.load.cache import open_cache

    with progress() as watched:
        return memo.check(
            pipeline.Request(
                source=source,
                rules=rules,
                known=known,
                config=config,
                jobs=choice.processes,
                lint=not choice.no_lint,
                cache=None if choice.no_cache else open_cache(source.root),
                online=choice.online,
                today=time.strftime("%Y-%m-%d"),
                progress=watched,
                policies=policies,
                code=code,
                policy_engine=_engine(config, choice) if policies else None,
            )
        )


def _engine(config: Config, choice: options.Choice) -> Engine:
    from gitops_guard import policies

    return policies.engine(config.policy, choice.processes)


def exit_code(outcome: Verdict, config: Config, *, may_be_empty: bool) -> int:
    """3 a rule crashed; 2 there was nothing to check; 1 a finding reached the level; 0."""
    from gitops_guard.check import reached

    report = outcome.report
    if report.crashes:
        return 3
    if reached(report, config.fail_on):
        return FOUND
    if report.findings or outcome.checked:
        return 0
    message = f"nothing to check: no file of the {outcome.label} holds a manifest that a cluster is given"
    message += " (--coverage lists the files)"
    click.echo(message if may_be_empty else f"Error: {message}", err=True)
    return 0 if may_be_empty else NOTHING
