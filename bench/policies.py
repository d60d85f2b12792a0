"""Policies: against conftest and gator on the same files, after both have said the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench import corpus
from bench.measure import BenchError, Command

ROOT: Final = Path(__file__).resolve().parent.parent
REGO: Final = ROOT / "bench" / "policy_files" / "conftest"
_EXPANSION: Final = ROOT / "bench" / "policy_files" / "gatekeeper-expansion.yaml"
_SUITES: Final = ROOT.parent / "shared" / "suites" / "gatekeeper" / "general"
_KINDS: Final = {
    "Deployment": 500, "CronJob": 100, "Service": 150, "Ingress": 100, "ConfigMap": 100, "HorizontalPodAutoscaler": 50
}  # fmt: skip
_IN_A_FILE: Final = 10
_TWICE: Final = "httpsonly"  # the template with two of the 30 constraints


def conftest(folder: Path) -> Command:
    program = ROOT / "tools" / "bin" / "conftest"
    return Command((str(program), "test", "--policy", str(REGO), "--output", "json", "."), folder)


def gator(folder: Path) -> Command:
    program = ROOT / "tools" / "bin" / "gator"
    return Command((str(program), "test", "-f", "policies", "-f", "repo", "-o", "json"), folder)


def write_gatekeeper(folder: Path) -> bool:
    """29 templates with 30 constraints, 1,000 resources of which 600 make Pods. False where the templates are not
    beside this checkout."""
    if not _SUITES.is_dir():
        return False
    policies, repo = folder / "policies", folder / "repo"
    policies.mkdir(parents=True)
    repo.mkdir()
    shutil.copy(_EXPANSION, policies)
    for template in sorted(_SUITES.glob("*/template.yaml")):
        if "K8sNativeValidation" in template.read_text():  # gator would evaluate the CEL beside the Rego
            continue
        name = template.parent.name
        shutil.copy(template, policies / f"{name}-template.yaml")
        first, *more = sorted(template.parent.glob("samples/*/constraint.yaml"))
        for number, constraint in enumerate([first, *(more[:1] if name == _TWICE else [])]):
            shutil.copy(constraint, policies / f"{name}-constraint-{number}.yaml")
    documents = list(_documents())
    for at in range(0, len(documents), _IN_A_FILE):
        (repo / f"{at:04}.yaml").write_text("\n---\n".join(documents[at : at + _IN_A_FILE]))
    return True


def _documents() -> Iterator[str]:
    left = dict(_KINDS)
    for path, text in corpus.generate(20_000):
        if path.endswith("/kustomization.yaml"):
            continue
        for document in text.split("\n---\n"):
            kind = next((line[6:].strip() for line in document.splitlines() if line.startswith("kind: ")), "")
            if left.get(kind, 0):
                left[kind] -= 1
                yield document
        if not any(left.values()):
            return


def same_as_conftest(ours: Command, theirs: Command) -> int:
    """How many results both have. Raises BenchError where they differ."""
    found: set[tuple[str, ...]] = {
        (result["filename"], one["msg"])
        for result in _json(theirs)
        for key in ("failures", "warnings")
        for one in result.get(key) or ()
    }
    mine: set[tuple[str, ...]] = {
        (one["file"], one["message"]) for one in _json(ours)["findings"] if one["rule"].startswith("main.")
    }
    return _equal(mine, found)


def same_as_gator(ours: Command, theirs: Command) -> int:
    """As `same_as_conftest`."""
    found: set[tuple[str, ...]] = set()
    for one in _json(theirs):
        constraint, body = one["constraint"], one["violatingObject"]
        name = f"{constraint['kind']}.{constraint['metadata']['name']}"
        found.add((name, body["kind"], body["metadata"]["name"], one["msg"]))
    mine: set[tuple[str, ...]] = {
        (one["rule"], one["resource"]["kind"], one["resource"]["name"], one["message"])
        for one in _json(ours)["findings"]
        if one["rule"].startswith("K8s")
    }
    return _equal(mine, found)


def _equal(mine: set[tuple[str, ...]], found: set[tuple[str, ...]]) -> int:
    if mine != found or not found:
        raise BenchError(f"the programs differ: {len(mine - found)} only here, {len(found - mine)} only there")
    return len(found)


def _json(command: Command) -> Any:
    with tempfile.TemporaryFile() as said:
        subprocess.run(
            command.argv,
            cwd=command.cwd,
            env={"PATH": "/usr/bin:/bin", "HOME": str(command.cwd), **command.env},
            stdout=said,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        said.seek(0)
        return json.load(said)
