"""Picked files get the findings that a check of the whole repository has for them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gitops_guard import pipeline
from gitops_guard.load import config, names, sources
from gitops_guard.load.sources import Source
from gitops_guard.model.finding import Finding
from gitops_guard.rules import all_rules
from tests.program import git, gitops_guard, repository, write

RULES = all_rules()
LEFT = {rule.id for rule in RULES.values() if rule.whole}
QUIET = ("--no-lint", "--no-cache")
DEFINITION = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: baskets.shop.example.com
spec:
  group: shop.example.com
  names: {kind: Basket, plural: baskets}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size: {type: integer}
"""
BASKET = "apiVersion: shop.example.com/v1\nkind: Basket\nmetadata:\n  name: mine\nspec:\n  size: {}\n"
PATCH = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\nspec:\n  replicas: 2\n"


def examine(source: Source) -> pipeline.Outcome:
    settings = config.load(source.config(), RULES)
    request = pipeline.Request(source=source, rules=RULES, known=frozenset(RULES), config=settings, lint=False)
    return pipeline.run(request)


def is_left(finding: Finding) -> bool:
    """What the note of such a run names: rules about the whole, and images that another file may give a tag."""
    is_bare = finding.rule == "unpinned-image-tag" and "has no tag" in finding.message
    return finding.rule in LEFT or (is_bare and "/" not in finding.message.split("`")[1])


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["flux2-kustomize-helm-example", "microservices-demo", "home-ops-flux", "home-ops-sops", "gitops-catalog"]
)
def test_one_file_alone_has_the_findings_and_the_ledger_that_it_has_in_the_whole(
    corpus: Callable[[str], Path], name: str
) -> None:
    root = corpus(name)
    whole = examine(sources.work_tree(root)).report
    found: dict[str, list[Finding]] = {}
    for finding in whole.findings:
        if not is_left(finding):
            found.setdefault(finding.location.file, []).append(finding)
    paths = [entry.path for entry in sources.work_tree(root).entries() if names.may_be_read(entry.path)]
    chance = random.Random(3)
    picked = {*chance.sample(paths, 25), *chance.sample(sorted(found), min(len(found), 15))}

    for path in sorted(picked):
        alone = examine(sources.work_tree(root, (str(root / path),))).report

        assert [finding for finding in alone.findings if not is_left(finding)] == found.get(path, [])
        for here, there in (
            (alone.coverage.skipped, whole.coverage.skipped),
            (alone.coverage.partial, whole.coverage.partial),
            (alone.coverage.other, whole.coverage.other),
        ):
            assert list(here) == [skipped for skipped in there if skipped.file == path]


@pytest.mark.parametrize("how", ["hook", "check", "staged"])
def test_a_definition_in_a_file_of_any_name_is_found(tmp_path: Path, how: str) -> None:
    root = repository(tmp_path, {"operator/install.yaml": DEFINITION})
    write(root, {"apps/basket.yaml": BASKET.format("large")})
    git("add", "-A", cwd=root)
    command = {"hook": ("hook", "apps/basket.yaml"), "check": ("check", "apps"), "staged": ("check", "--staged")}[how]

    run = gitops_guard(*command, *QUIET, cwd=root)

    assert "schema-missing" not in run.out
    assert "apps/basket.yaml:6:9: error[schema-invalid]" in run.out


@pytest.mark.parametrize(("where", "path"), [(".", "."), ("a", ".."), (".", "a/.."), (".", "a")])
def test_the_root_by_name_is_the_whole(tmp_path: Path, where: str, path: str) -> None:
    root = repository(tmp_path, {"a/a.yaml": PATCH, "a/b.yaml": PATCH})

    run = gitops_guard("check", path, *QUIET, cwd=root / where)

    assert ("left to a check of the whole repository" in run.out) == (path == "a")


def test_standard_input_knows_what_refers_to_its_name(tmp_path: Path) -> None:
    files = {
        "app/kustomization.yaml": "resources: [a.yaml]\npatches:\n  - path: replicas.yaml\n",
        "install.yaml": DEFINITION,
    }
    root = repository(tmp_path, files)

    patch = gitops_guard("check", *QUIET, "-", "--stdin-filename", "app/replicas.yaml", cwd=root, stdin=PATCH.encode())
    basket = gitops_guard("check", *QUIET, "-", cwd=root, stdin=BASKET.format("large").encode())

    assert (patch.code, "1 strategic merge patch" in patch.out) == (0, True)
    assert "stdin.yaml:6:9: error[schema-invalid]" in basket.out


def test_what_the_configuration_excludes_is_listed(tmp_path: Path) -> None:
    files = {".gitops-guard.yaml": "exclude: [vendor/**]\n", "vendor/a.yaml": PATCH, "b.yaml": BASKET.format(1)}

    run = gitops_guard("check", *QUIET, "--coverage", cwd=write(tmp_path, files))

    assert "  vendor/a.yaml: excluded file: the configuration excludes it\n" in run.out
    assert "1 excluded file" in run.out


@pytest.mark.parametrize("text", ["image:", "image:a/", "x.y", "{[ "])
def test_a_long_line_takes_no_longer_where_files_are_picked(tmp_path: Path, text: str) -> None:
    line = f"a: '{text * 200_000}'\n"
    root = repository(tmp_path, {"a.yaml": PATCH + line, "b/kustomization.yaml": f"resources: []\nimages: []\n{line}"})
    started = time.monotonic()

    run = gitops_guard("hook", "a.yaml", *QUIET, cwd=root)

    assert run.code == 1
    assert time.monotonic() - started < 10


def test_a_picked_file_is_held_against_the_creation_rules_above_it(tmp_path: Path) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\nstringData:\n  password: x9-Tq2-LmZ\n"
    files = {".sops.yaml": "creation_rules:\n  - path_regex: '*'\n", "a/.sops.yaml": "creation_rules: [{}]\n"}
    root = repository(tmp_path, {**files, "a/b/secret.yaml": secret, "other/.sops.yaml": "creation_rules: 1\n"})

    run = gitops_guard("check", "a/b/secret.yaml", *QUIET, "--select", "sops-incomplete", cwd=root)

    assert "a/b/secret.yaml:6:13: error[sops-incomplete] rule 1 of a/.sops.yaml says that" in run.out
    assert "Found 1 error " in run.out
