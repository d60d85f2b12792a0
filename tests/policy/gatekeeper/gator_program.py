"""What gator says of the same templates, constraints and resources."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.policy.conftest_program import ROOT
from tests.program import gitops_guard

GATOR = ROOT / "tools" / "bin" / "gator"
ACTIONS = {"deny": "error", "warn": "warning", "dryrun": "info"}
Result = tuple[str, str, str, str]  # constraint, resource, severity, message


def gator_test(folder: Path) -> tuple[int, list[Result]]:
    command: list[str | Path] = [GATOR, "test", "-f", "policies", "-f", "repo", "-o", "json"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode in (0, 1), ran.stderr
    return ran.returncode, sorted(_result(one) for one in json.loads(ran.stdout) or ())


def _result(one: dict[str, dict[str, dict[str, str]]]) -> Result:
    violating, constraint = one["violatingObject"], one["constraint"]
    name = f"{constraint['kind']}.{constraint['metadata']['name']}"
    (action,) = one.get("scopedActions") or [one["enforcementAction"]]
    return name, _identity(violating), ACTIONS[str(action)], str(one["msg"])


def _identity(body: dict[str, dict[str, str]]) -> str:
    metadata = body["metadata"]
    return f"{body['kind']} {metadata.get('namespace', '')}/{metadata['name']}"


def ours(folder: Path, *more: str) -> tuple[int, list[Result]]:
    flags = ("--policy", "policies", "--only-policies", "--no-lint", "--no-cache", "--format", "json")
    ran = gitops_guard("check", "repo", *flags, *more, cwd=folder)
    report = json.loads(ran.out)
    assert report["crashes"] == []
    found = [
        (
            one["rule"],
            f"{one['resource']['kind']} {one['resource']['namespace']}/{one['resource']['name']}",
            one["severity"],
            one["message"],
        )
        for one in report["findings"]
    ]
    return ran.code, sorted(found)


def gator_verify(folder: Path) -> dict[str, str]:
    """The outcome of each case: `test/case` → pass, fail or skip."""
    ran = subprocess.run([GATOR, "verify", "-v", "./..."], cwd=folder, capture_output=True, text=True, check=False)
    found = {}
    cases: list[str] = []
    for line in ran.stdout.splitlines():
        if case := re.match(r"    --- (PASS|FAIL|SKIP): (.*?)(?:\t|$)", line):
            cases.append(f"{case[2]}:{case[1].lower()}")
        elif test := re.match(r"--- (?:PASS|FAIL|SKIP): (.*?)(?:\t|$)", line):
            found.update({f"{test[1]}/{one.rpartition(':')[0]}": one.rpartition(":")[2] for one in cases})
            cases = []
    return found
