"""docs/rego-builtins.md: which builtins of OPA the embedded engine has. Needs `tools/bin/opa` (`make tools`)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from gitops_guard.policy import builtins, builtins_python

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "rego-builtins.md"
_OPA: Final = ROOT / "tools" / "bin" / "opa"
_HEAD: Final = """# Builtins of Rego

Which builtins a policy may call on the embedded engine. Written by `tools/build_builtins_page.py` from what OPA itself
says that it has, and from `gitops_guard/policy/builtins.py`; a test compares both, and calls each of them.

- **yes**: the engine has it; **in Python**: gitops-guard adds it, with OPA's results.
- **refused**: it reaches out, or gives another answer each time. `policy.builtins` in the configuration can allow it;
  where the engine cannot do it at all, that is said.
- **no**: a policy that calls it is refused with that reason. `--policy-engine opa` has it.
"""


def opa_builtins() -> list[dict[str, Any]]:
    """What OPA says of its builtins, sorted by name; operators and internal ones left out."""
    told = subprocess.run([_OPA, "capabilities", "--current"], capture_output=True, check=True)
    found = json.loads(told.stdout)["builtins"]
    return sorted((one for one in found if not _is_operator(one)), key=lambda one: str(one["name"]))


def _is_operator(one: dict[str, Any]) -> bool:
    return "infix" in one or one["name"].startswith("internal.")


def status(name: str) -> str:
    if name in builtins.EMBEDDED:
        return "yes"
    if name in builtins_python.NAMES:
        return "in Python"
    if name in builtins.REFUSED:
        return f"refused: it {builtins.REFUSED[name]}"
    return "no"


def render() -> str:
    return f"{_HEAD}\n" + "".join(f"{line}\n" for line in _table())


def _table() -> Iterator[str]:
    yield "| builtin | embedded engine |"
    yield "|---|---|"
    for one in opa_builtins():
        yield f"| `{one['name']}` | {status(one['name'])} |"
    for name in sorted(builtins_python.NAMES - {one["name"] for one in opa_builtins()}):
        yield f"| `{name}` (conftest) | {status(name)} |"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
