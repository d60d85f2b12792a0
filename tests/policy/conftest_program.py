"""A case for conftest and for us: the same files, the same flags, and what each of them says."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.program import gitops_guard

ROOT = Path(__file__).resolve().parents[2]
CONFTEST = ROOT / "tools" / "bin" / "conftest"
_FILE = re.compile(r"^-- (?P<path>[^\n]+) --\n", re.MULTILINE)
_OURS = {
    "--fail-on-warn": ["--fail-on", "warning"],
    "--data": ["--policy-data"],
}


@dataclass(frozen=True, slots=True)
class Case:
    """*flags* are conftest's; *files* by path, the policies below `policy/`."""

    name: str
    flags: tuple[str, ...]
    files: dict[str, str]

    def write(self, folder: Path) -> None:
        for path, content in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)

    @property
    def inputs(self) -> list[str]:
        aside = ("policy/", "exceptions/")
        return [path for path in self.files if not path.startswith(aside)]


def read_case(file: Path) -> Case:
    """A text archive: a line about it, perhaps `flags:`, then each file below a line `-- path --`."""
    text = file.read_text()
    parts = _FILE.split(text)
    files = dict(zip(parts[1::2], parts[2::2], strict=True))
    flags = re.search(r"^flags: (.*)$", parts[0], re.MULTILINE)
    return Case(file.stem, tuple(flags[1].split()) if flags else (), files)


@dataclass(frozen=True, slots=True)
class Said:
    """*code* is 0, 1, or "error" where a policy could not be asked. Messages are by file, with duplicates, sorted.

    *reasons* are ours for an error; conftest has its own.
    """

    code: int | str
    failures: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    excepted: int = 0
    reasons: list[str] = field(default_factory=list, compare=False)


def conftest(folder: Path, flags: tuple[str, ...], inputs: list[str]) -> Said:
    command = [str(CONFTEST), "test", "--output", "json", *flags, *inputs]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if not ran.stdout.strip():
        assert ran.returncode == 1, ran.stderr
        return Said("error")
    results = json.loads(ran.stdout)
    return Said(
        min(ran.returncode, 1),
        _messages(results, "failures"),
        _messages(results, "warnings"),
        sum(len(result.get("exceptions") or ()) for result in results),
    )


def _messages(results: list[dict[str, list[dict[str, str]]]], key: str) -> list[tuple[str, str]]:
    return sorted((str(result["filename"]), one["msg"]) for result in results for one in result.get(key) or ())


def ours(folder: Path, flags: tuple[str, ...], inputs: list[str], *more: str) -> Said:
    given = [part for flag in flags for part in _OURS.get(flag, [flag])]
    if "--rego-version" in given:  # each file is read as what it is
        at = given.index("--rego-version")
        del given[at : at + 2]
    always = ("--only-policies", "--no-lint", "--no-cache", "--format", "json")
    policy = () if "--policy" in given else ("--policy", "policy")
    ran = gitops_guard("check", *inputs, *policy, *given, *always, *more, cwd=folder)
    if not ran.out.strip():
        return Said(f"exit {ran.code}: {ran.err}")
    report = json.loads(ran.out)
    findings = report["findings"]
    excepted = [note for note in report["coverage"]["notes"] if "has an exception" in note]
    return Said(
        "error" if report["crashes"] else ran.code,
        _found(findings, "error", combined="--combine" in flags),
        _found(findings, "warning", combined="--combine" in flags),
        sum(int(number) for note in excepted for number in re.findall(r"not asked of (\d+)", note)),
        [f"{crash['where']}: {crash['rule']}: {crash['reason']}" for crash in report["crashes"]],
    )


def _found(findings: list[dict[str, str]], severity: str, *, combined: bool) -> list[tuple[str, str]]:
    found = [one for one in findings if one["severity"] == severity]
    return sorted(("Combined" if combined else one["file"], one["message"]) for one in found)
