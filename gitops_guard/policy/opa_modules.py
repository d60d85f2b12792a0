"""Rego modules as an OPA server is given them, and its faults told in the words of our files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from gitops_guard.policy.opa_connection import Fault
from gitops_guard.policy.program import Dialect, Failure, Module
from gitops_guard.policy.rego_text import Token, tokens, with_import_of_v1

_UNDEFINED_FUNCTION: Final = "undefined function "
_CONFTESTS: Final = frozenset({"parse_config", "parse_config_file", "parse_combined_config_files"})
# What OPA says of a v0 module that it reads as v1.
_V0_ON_V1: Final = ("keyword is required", "deprecated built-in function")
_START_V0: Final = "the policy is Rego v0 and the server reads v1: start it with `opa run --v0-compatible`"
_START_V1: Final = "the policy is Rego v1 and the server does not know it: start it with `opa run --v1-compatible`"


def package(text: str) -> tuple[str, ...]:
    """The path of the package of a module that parses, without `data`."""
    found = tokens(text)
    next(found, None)
    return _path(found)


def path(reference: str) -> tuple[str, ...]:
    """`data.main["a-b"].deny` in parts."""
    return _path(tokens(reference))


def _path(found: Iterator[Token]) -> tuple[str, ...]:
    parts = [token.text for token in islice(found, 1)]
    for sign in found:
        if sign.text not in (".", "["):
            break
        part = next(found, sign)
        parts.append(json.loads(part.text) if part.text.startswith('"') else part.text.strip("`"))
        if sign.text == "[":
            next(found, None)
    return tuple(parts)


def brackets(parts: Sequence[str]) -> str:
    """Also for what is a keyword, or no name at all."""
    return "".join(f"[{json.dumps(part)}]" for part in parts)


def source(module: Module) -> str:
    """The text for a server in either mode: a v1 module says so itself. Lines stay."""
    return module.text if module.dialect is Dialect.V0 else with_import_of_v1(module.text)


def telling(faults: Sequence[Fault]) -> Sequence[Fault]:
    """Without what is wrong only because another module is; of a module in the other dialect OPA names every rule."""
    if any(_is_v0_on_v1(fault) for fault in faults):
        return faults[:1]
    return [fault for fault in faults if not fault.message.startswith(f"{_UNDEFINED_FUNCTION}data.")]


def _is_v0_on_v1(fault: Fault) -> bool:
    return any(words in fault.message for words in _V0_ON_V1)


def failure(policy: str, fault: Fault, module: Module | None, modules: Mapping[str, Module]) -> Failure:
    """A fault of compiling. *module* is what was given, *modules* are all of the program by the ids that they got."""
    at = modules.get(fault.file)
    message = f"OPA: {fault.message}"
    if at is None and fault.file:
        message += f" (in {fault.file}, which the server holds)"
    if module is not None:
        message += _advice(fault, module)
    return Failure(policy, message, at.at(max(fault.row, 1), max(fault.column, 1)) if at else None)


def _advice(fault: Fault, module: Module) -> str:
    if module.dialect is Dialect.V0 and _is_v0_on_v1(fault):
        return f"; {_START_V0}"
    if module.dialect is Dialect.V1 and "rego.v1" in fault.message and "shadow" not in fault.message:
        return f"; {_START_V1}"
    function = fault.message.removeprefix(_UNDEFINED_FUNCTION)
    if function in _CONFTESTS:
        return "; it is a builtin of conftest that OPA has not: `--policy-engine embedded` has it"
    if function != fault.message and function.startswith("data."):
        return "; OPA takes modules one by one, so that two that call each other cannot be uploaded"
    return ""
