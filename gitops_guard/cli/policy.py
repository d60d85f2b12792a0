"""`gitops-guard policy`: the tests of policies, and the list of what was loaded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitops_guard.cli import options, output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitops_guard.load.config import Config
    from gitops_guard.load.sources import Source
    from gitops_guard.policy.family import Listed
    from gitops_guard.policy.program import Failure
    from gitops_guard.policy.testing import TestReport

_DEFAULTS = ("policies", "policy")


@click.group("policy")
def command() -> None:
    """Test policies, and list what was loaded of them."""


@command.command("test")
@click.argument("paths", nargs=-1)
@options.config_file
@click.option("--policy-data", multiple=True, metavar="PATH", help="YAML and JSON for `data` in Rego (repeatable).")
@click.option("--policy-engine", type=click.Choice(["embedded", "opa"]), help="Who evaluates.  [default: embedded]")
@click.option("--opa-url", metavar="URL", help="The OPA server, for --policy-engine opa.")
@click.option("--run", "pattern", metavar="REGEX", help="Only tests whose name it is found in.")
@click.option("-v", "--verbose", is_flag=True, help="Also those that passed.")
@click.option("--coverage", is_flag=True, help="Which lines of Rego the tests went through.")
@click.option("--format", "formats", multiple=True, metavar="NAME[=FILE]", help="text, json, junit (repeatable).")
def test_command(
    paths: tuple[str, ...],
    config_file: str | None,
    pattern: str | None,
    verbose: bool,
    coverage: bool,
    formats: tuple[str, ...],
    **given: Any,
) -> int:
    """Run the tests in PATHS: rules `test_…` in Rego, and Suites of Gatekeeper.

    Without PATHS those of the configuration, else policies/ or policy/. Exit codes: 0 all passed; 1 a test did not; 2
    there was none; 3 a policy could not be read.
    """
    from gitops_guard.policy.testing import Outcome
    from gitops_guard.report import testing

    to = output.targets(formats, testing.FORMATS)
    report = _tested(paths, config_file, given, _pattern(pattern), coverage)
    for name, file in to:
        color = file is None and output.use_color()
        output.put(testing.render(name, report, verbose=verbose, color=color), file)
    if report.failures:
        return 3
    if not report.results:
        click.echo("Error: there is no test: rules are named test_…, Suites are of test.gatekeeper.sh", err=True)
        return 2
    return 1 if report.count(Outcome.FAIL) or report.count(Outcome.ERROR) else 0


def _pattern(given: str | None) -> re.Pattern[str]:
    from gitops_guard.model.errors import UsageError

    try:
        return re.compile(given or "")
    except re.error as error:
        raise UsageError(f"--run {given!r} is no regular expression: {error.msg}") from error


def _tested(
    paths: tuple[str, ...],
    config_file: str | None,
    flags: dict[str, Any],
    pattern: re.Pattern[str],
    coverage: bool,
) -> TestReport:
    from gitops_guard import policies
    from gitops_guard.cli.policy_options import PolicyChoice
    from gitops_guard.load import sources

    source = sources.work_tree(Path.cwd())
    config = PolicyChoice.take(flags).onto(_config(source, config_file))
    given = paths if paths or config.policy.paths else _default(paths)
    return policies.tested(config, source, given, pattern, coverage=coverage)


def _config(source: Source, config_file: str | None) -> Config:
    from gitops_guard.cli.check import read_config

    return read_config(source, options.Choice(config_file=config_file), options.load_rules())


def _default(paths: tuple[str, ...]) -> tuple[str, ...]:
    from gitops_guard.model.errors import UsageError

    if paths:
        return paths
    for name in _DEFAULTS:
        if Path(name).is_dir():
            return (name,)
    raise UsageError("there is no folder policies/ or policy/", hint="name the folder with the policies")


@command.command("list")
@click.argument("paths", nargs=-1)
@options.config_file
@click.option("--policy-data", multiple=True, metavar="PATH", help="YAML and JSON for `data` in Rego (repeatable).")
@click.option("--namespace", multiple=True, metavar="NAME", help="Rego packages to ask, with * ? [..].")
@click.option("--all-namespaces", is_flag=True, help="Ask all Rego packages.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="[default: text]")
def list_command(
    paths: tuple[str, ...],
    config_file: str | None,
    form: str,
    **given: Any,
) -> int:
    """List what PATHS hold: rules, constraints, data, and what is not evaluated, each with the reason."""
    from gitops_guard import policies
    from gitops_guard.cli.policy_options import PolicyChoice
    from gitops_guard.load import sources

    source = sources.work_tree(Path.cwd())
    config = _config(source, config_file)
    named = paths if paths or config.policy.paths else _default(paths)
    config = PolicyChoice(policy=named, **given).onto(config)
    loaded = policies.load(config.policy, source, config.file, options.load_rules())
    show = _as_json if form == "json" else _as_text
    click.echo(show(loaded.listed, loaded.all_failures))
    return 3 if loaded.all_failures else 0


def _as_json(listed: Sequence[Listed], failures: Sequence[Failure]) -> str:
    import json

    from gitops_guard.report.show.escape import encodable

    def line(where: object, **more: str) -> dict[str, str]:
        return {"where": encodable(str(where)), **{key: encodable(value) for key, value in more.items()}}

    found = [line(one.where, **{key: getattr(one, key) for key in _COLUMNS}) for one in listed]
    errors = [line(one.at or "", policy=one.policy, message=one.message) for one in failures]
    return json.dumps({"policies": found, "errors": errors}, indent=2, ensure_ascii=False)


_COLUMNS = ("id", "kind", "severity", "title", "note")


def _as_text(listed: Sequence[Listed], failures: Sequence[Failure]) -> str:
    from gitops_guard.report.show.escape import sentence, visible

    lines = []
    for one in listed:
        place = f"{one.where.file}:{one.where.line}"
        severity = f" {one.severity}" if one.severity else ""
        said = "; ".join(sentence(part) for part in (one.title, one.note) if part)
        lines.append(f"{visible(one.id)}  [{one.kind}{severity}]  {visible(place)}")
        if said:
            lines.append(f"    {said}")
    for failure in failures:
        at = f"{visible(str(failure.at))}: " if failure.at else ""
        lines.append(f"policy error: {at}{sentence(failure.message)} [{visible(failure.policy)}]")
    return "\n".join(lines or ["Nothing was loaded."])
