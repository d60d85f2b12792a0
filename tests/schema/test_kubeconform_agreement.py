"""The embedded engine against the real kubeconform, by the same schemas: fixtures, corpora, seeded mutations."""

from __future__ import annotations

import copy
import json
import random
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_guard.load import references, tree
from gitops_guard.load.crds import CrdIndex
from gitops_guard.model.resource import FieldPath, Resource, Tree
from gitops_guard.rules.deprecated_api import deprecated_api
from gitops_guard.schema import kubeconform as engine
from gitops_guard.schema.embedded import EmbeddedSchemas
from gitops_guard.schema.export import export

pytestmark = pytest.mark.shared

# Resources that have a schema: an agreement about nothing would be one too.
JUDGED = {
    "flux2-kustomize-helm-example": 20,
    "flux2-multi-tenancy": 15,
    "gitops-catalog": 460,
    "home-ops-flux": 367,
    "home-ops-sops": 226,
    "kubernetes-examples": 269,
    "microservices-demo": 139,
    "podinfo": 50,
}
MUTATIONS = 625  # of each corpus, 5,000 in all
FIXTURE_EXCEPTIONS = yaml.safe_load((Path(__file__).parent / "kubeconform_fixtures.yaml").read_text())
_SUFFIXES = (".yaml", ".yml", ".json")


def _read(folder: Path) -> tuple[Tree, EmbeddedSchemas]:
    found = (path for path in sorted(folder.rglob("*")) if path.suffix in _SUFFIXES and ".git" not in path.parts)
    files = {str(path.relative_to(folder)): path.read_bytes() for path in found if not path.is_symlink()}
    ordered = sorted(files.items())
    return tree.from_files(files), EmbeddedSchemas("1.37", crds=CrdIndex(ordered, references.read(ordered)))


def _fields(resource: Resource, schemas: EmbeddedSchemas) -> set[FieldPath]:
    """By the schemas alone: that a name is missing is a check of ours, and kubeconform has none."""
    return {problem.path for rule, problem in schemas.judge(resource) if rule == engine.INVALID}


def _disagreement(verdict: engine.Verdict, ours: set[FieldPath]) -> str:
    """How the two judge a resource differently; "" where verdict and failing fields are the same.

    Of a failed oneOf kubeconform names the field only, and we the place below it that is wrong.
    """
    theirs = {field for fault in verdict.faults for field in fault.fields}
    if verdict.error:
        return f"kubeconform gave up: {verdict.error}"
    if verdict.valid != (not ours):
        return f"verdict: kubeconform {sorted(theirs, key=str)}, ours {sorted(ours, key=str)}"
    beyond = {field for field in ours if not any(_lies_in(field, other) for other in theirs)}
    missed = {field for field in theirs if not any(_lies_in(other, field) for other in ours)}
    return f"fields: only ours {beyond}, only kubeconform's {missed}" if beyond or missed else ""


def _lies_in(field: FieldPath, outer: FieldPath) -> bool:
    return field[: len(outer)] == outer


@pytest.mark.parametrize("name", JUDGED)
def test_agrees_on_every_resource_of_the_corpora(name: str, corpus: Callable[[str], Path], kubeconform: Path) -> None:
    found, schemas = _read(corpus(name))

    verdicts = engine.verdicts(found.resources, schemas, binary=str(kubeconform))

    judged = {str(each.resource.location): _disagreement(each, _fields(each.resource, schemas)) for each in verdicts}
    assert {place: difference for place, difference in judged.items() if difference} == {}
    assert len(verdicts) == JUDGED[name]


@dataclass(frozen=True)
class Mutation:
    what: str
    path: FieldPath
    resource: Resource


_OTHERS: Sequence[Any] = (None, True, "text", 7, 1.5, [], {}, ["a"], {"a": "b"})
_EXTREMES: Sequence[Any] = (-1, 0, 65536, 2**31, 2**63, 10**20, "", "x" * 300, "UPPER case!", "99z")


def _places(node: Any, path: FieldPath = ()) -> Iterator[FieldPath]:
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, value in steps:
        if (*path, step) not in (("apiVersion",), ("kind",)):  # without these there is no schema to judge by
            yield (*path, step)
            yield from _places(value, (*path, step))


def _mutated(resource: Resource, choose: random.Random) -> Mutation:
    body = copy.deepcopy(dict(resource.body))
    path = choose.choice(list(_places(body)))
    parent: Any = body
    for step in path[:-1]:
        parent = parent[step]
    name, old = path[-1], parent[path[-1]]
    what = choose.choice(["removed", "renamed", "added", "of a wrong type", "out of range"])
    if what == "renamed" and isinstance(name, int):
        what = "removed"
    match what:
        case "removed":
            del parent[name]
        case "renamed":
            parent[f"{name}{choose.choice('sxE')}"] = parent.pop(name)
        case "added":
            target = next(each for each in (old, parent, body) if isinstance(each, dict))
            target[choose.choice(["unknown", "replica", "x-y"])] = choose.choice(_OTHERS)
        case "of a wrong type":
            parent[name] = choose.choice([value for value in _OTHERS if type(value) is not type(old)])
        case "out of range":
            parent[name] = choose.choice(_EXTREMES)
    return Mutation(what, path, replace(resource, body=body))


@pytest.mark.slow
@pytest.mark.parametrize("name", JUDGED)
def test_agrees_on_mutations_of_valid_manifests(name: str, corpus: Callable[[str], Path], kubeconform: Path) -> None:
    found, schemas = _read(corpus(name))
    whole = [each for each in found.resources if schemas.text(each.api_version, each.id.kind)]
    valid = [each for each in whole if not list(schemas.check(each))]
    choose = random.Random(name)
    mutations = [_mutated(choose.choice(valid), choose) for _ in range(MUTATIONS)]

    verdicts = engine.verdicts([each.resource for each in mutations], schemas, binary=str(kubeconform))

    differences = [
        f"{mutation.path} {mutation.what} in {mutation.resource.location}: {difference}"
        for mutation, verdict in zip(mutations, verdicts, strict=True)
        if (difference := _disagreement(verdict, _fields(mutation.resource, schemas)))
    ]
    assert differences == []
    assert sum(not verdict.valid for verdict in verdicts) > MUTATIONS / 2


def test_judges_the_fixtures_of_kubeconform_as_it_does(shared: Path, kubeconform: Path, tmp_path: Path) -> None:
    folder = shared / "suites" / "kubeconform"
    schemas = EmbeddedSchemas("1.37", crds=lambda group, kind: [])
    differences = [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.suffix in _SUFFIXES
        and _accepts(path, schemas) != _kubeconform_accepts(path, schemas, kubeconform, tmp_path)
    ]

    assert differences == sorted(FIXTURE_EXCEPTIONS)


def _accepts(path: Path, schemas: EmbeddedSchemas) -> bool:
    """No finding of the loader, the schemas, or of the rule that knows the removed APIs.

    Not asked is for a name (`schemas.unnamed`): that is a check of ours, and kubeconform has none.
    """
    found = tree.from_files({path.name: path.read_bytes()})
    options = {name: option.default for name, option in deprecated_api.options.items()}
    return not (
        any(file.problems for file in found.files)
        or any(list(schemas.judge(each)) for each in found.resources)
        or any(list(deprecated_api.run(each, options)) for each in found.resources)
    )


def _kubeconform_accepts(path: Path, schemas: EmbeddedSchemas, kubeconform: Path, folder: Path) -> bool:
    found = tree.from_files({path.name: path.read_bytes()})
    location = export(schemas, [(each.api_version, each.id.kind) for each in found.resources], folder)
    command = [str(kubeconform), "-strict", "-output", "json", "-schema-location", location, str(path)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert json.loads(done.stdout)["resources"] or done.returncode == 0
    return done.returncode == 0
