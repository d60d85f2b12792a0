"""The program: flags in, exit code out."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from gitops_guard import __version__
from gitops_guard.model.errors import GuardError, frames

INTERRUPTED = 130
_COMMANDS = {
    "apps": "List the apps and environments that were found.",
    "check": "Check a repository, some paths of it, a revision, or standard input.",
    "completion": "Print the shell completion script.",
    "config": "Show the JSON Schema of the configuration.",
    "explain": "Explain one rule: why, what fails, what passes, its options.",
    "hook": "Check the files that pre-commit names.",
    "policy": "Test policies, and list what was loaded of them.",
    "render": "Print what kustomizations become, with secrets masked.",
    "rules": "List all rules.",
}


class _Commands(click.Group):
    """Commands are imported when they are called: `--help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the signature is click's
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"gitops_guard.cli.{cmd_name}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the signature is click's
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, _COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else " `gitops-guard --help` lists the commands."
            raise click.UsageError(f"There is no command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gitops-guard")
def main() -> None:
    """Check a GitOps repository before it reaches a cluster.

    \b
    Exit codes: 0 nothing reached --fail-on; 1 findings did; 2 usage or
    configuration is wrong, or there was nothing to check; 3 the tool or its
    surroundings failed; 130 interrupted; 143 terminated.
    """


def run() -> NoReturn:
    """The entry point. Ends the process without a teardown of what was read: the system frees it faster."""
    # What is read stays until the end and has no cycles; looking for some costs 2 to 12 % of 3,000 resources.
    gc.disable()
    _open_closed_files()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup, for one, ignores SIGHUP
            signal.signal(number, _end)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    code = _run()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        pass
    except OSError:  # /dev/full
        code = 3
    atexit._run_exitfuncs()  # programs that were started end, and scratch folders go, also after an error
    os._exit(code)


class _Ended(BaseException):
    """A signal asked for the end: children and scratch folders go first, as with Ctrl-C."""


def _end(number: int, _frame: object) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise _Ended(number)


def _open_closed_files() -> None:
    """`>&-` closes standard output: the next file that is opened would get its number, and what is meant for it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - open until the end


def _run() -> int:
    try:
        code: Any = main.main(standalone_mode=False, prog_name="gitops-guard")
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (click.exceptions.Abort, KeyboardInterrupt):
        _say("Interrupted.")
        return INTERRUPTED
    except _Ended as ended:
        _say("Terminated.")
        return 128 + int(ended.args[0])
    except GuardError as error:
        _say(f"Error: {error}")
        return error.exit_code
    except BrokenPipeError:
        return _silence_stdout()
    except Exception as error:
        return _bug(error)
    return code if isinstance(code, int) else 0


def _silence_stdout() -> int:
    """The reader of our output is gone, as with `| head`: that is its own choice and no failure of ours."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _say(text: str) -> None:
    from gitops_guard.report.show.escape import visible

    print(visible(text), file=sys.stderr)  # noqa: T201 - the last words of the program


def _bug(error: Exception) -> int:
    """A mistake of ours: frames without values, and where to tell of it."""
    name = type(error).__name__
    _say(f"gitops-guard {__version__} failed: {name}. This is a mistake of ours; please report it with these lines:")
    for frame in frames(error)[-8:]:
        _say(f"  {frame}")
    return 3
