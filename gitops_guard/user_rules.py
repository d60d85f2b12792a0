"""Rules in Python that are not ours: a folder of modules, each of which is one rule, as in `gitops_guard/rules/`.

They run with all that this program may do, so a folder is loaded where the caller names it, or where the configuration
of the caller's own work tree does. What a revision names is never run: it may be anybody's.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Final

from gitops_guard.load.sources import Source, Staged
from gitops_guard.model.errors import ConfigError, UsageError
from gitops_guard.model.resource import Location
from gitops_guard.model.rule import Rule

_PACKAGE: Final = "gitops_guard_user_rules"


@dataclass(frozen=True, slots=True)
class UserRules:
    """*digest* changes with every byte of the folders' modules, also of those that are no rules."""

    rules: Mapping[str, Rule] = field(default_factory=dict)
    digest: str = ""


def folders(given: Sequence[str], configured: Sequence[str], source: Source, config: str) -> list[Path]:
    """The folders to load: those that the caller names, else those of the configuration.

    Raises ConfigError for one that is not there or leads out of the repository, UsageError where the configuration is
    that of a revision, or in CI, where a work tree may be a pull request.
    """
    if given:
        return [_there(Path(name), f"--rules {name!r}") for name in given]
    if configured and source.is_virtual and not isinstance(source, Staged):
        message = f"{config} names rules in Python, and code of a revision is not run"
        raise UsageError(message, hint="--rules names a folder that you trust")
    if configured and os.environ.get("CI"):
        message = f"{config} names rules in Python, and in CI (the variable `CI` is set) nobody knows whose it is"
        raise UsageError(message, hint="--rules names a folder that you trust")
    return [_inside(source.root, name, config) for name in configured]


def _there(folder: Path, what: str) -> Path:
    if not folder.is_dir():
        raise UsageError(f"{what}: there is no such folder")
    return folder


def _inside(root: Path, name: str, config: str) -> Path:
    folder, top = Path(os.path.realpath(root / name)), Path(os.path.realpath(root))
    if folder != top and top not in folder.parents:
        raise ConfigError(f"the folder {name!r} of rules leads out of the repository", hint=f"{config} names it")
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {name!r} of rules", hint=f"{config} names it")
    return root / name


def load(found: Sequence[Path], builtin: Mapping[str, Rule]) -> UserRules:
    """The rules of all folders. Raises ConfigError for a module that is not one rule, or whose id is taken."""
    rules: dict[str, Rule] = {}
    where: dict[str, str] = dict.fromkeys(builtin, "a built-in rule")
    for number, folder in enumerate(found):
        for file in sorted(folder.glob("*.py")):
            if file.name.startswith("_"):
                continue
            rule = _rule_of(file, f"{_PACKAGE}_{number}")
            if rule.id in where:
                message = f"the id {rule.id!r} is taken: {where[rule.id]}"
                raise ConfigError(message, hint="the name of the file is the id", at=Location(str(file)))
            rules[rule.id], where[rule.id] = rule, str(file)
    return UserRules(rules, _digest(found))


def _rule_of(file: Path, package: str) -> Rule:
    module = _imported(file, package)
    found = [value for value in vars(module).values() if isinstance(value, Rule)]
    if len(found) != 1:
        hint = "a file whose name begins with `_` is none"
        raise ConfigError(f"a module holds one rule, and this one {len(found)}", hint=hint, at=Location(str(file)))
    return found[0]


def _imported(file: Path, package: str) -> ModuleType:
    """Without a trace in the folder; modules beside it are its siblings: `from ._shared import x`."""
    if package not in sys.modules:
        holder = ModuleType(package)
        holder.__path__ = [str(file.parent)]
        sys.modules[package] = holder
    name = f"{package}.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        at = Location(_shown(error.filename or "", file) or str(file), error.lineno or 1, error.offset or 1)
        raise ConfigError(f"the rule does not parse: {error.msg}", at=at) from error
    except Exception as error:  # whatever a module of the user's raises is for the user to read, without a traceback
        hint = "a module of rules is imported before anything is checked"
        message = f"the rule cannot be imported: {type(error).__name__}"
        raise ConfigError(message, hint=hint, at=_place(error, file)) from error
    finally:
        sys.dont_write_bytecode = writes
    return module


def _place(error: BaseException, file: Path) -> Location:
    """The last line of the folder's own that was at work."""
    at = Location(str(file))
    trace = error.__traceback__
    while trace is not None:
        name = _shown(trace.tb_frame.f_code.co_filename, file)
        if name:
            at = Location(name, trace.tb_lineno)
        trace = trace.tb_next
    return at


def _shown(name: str, file: Path) -> str:
    """The path of a module beside *file* as the caller would write it; "" for any other file."""
    beside = Path(name)
    same = os.path.realpath(beside.parent) == os.path.realpath(file.parent)
    return str(file.parent / beside.name) if name and same else ""


def _digest(found: Sequence[Path]) -> str:
    from hashlib import blake2b

    content = blake2b(digest_size=16)
    for path, data in _modules(found):
        content.update(repr((path, len(data))).encode() + data)
    return content.hexdigest()


def _modules(found: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    for folder in found:
        for file in sorted(folder.rglob("*.py")):
            yield str(file.relative_to(folder)), file.read_bytes()
