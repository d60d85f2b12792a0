"""Suites that fail, skip or are wrong: the outcome of each case is gator's, and what is wrong is a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.policy.gatekeeper.gator_program import gator_verify
from tests.program import Run, gitops_guard, write

TEMPLATE = """apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: named}
spec:
  crd:
    spec:
      names: {kind: Named}
      validation:
        openAPIV3Schema:
          type: object
          properties: {names: {type: array, items: {type: string}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package named

      violation[{"msg": msg}] {
        input.review.object.metadata.name == input.parameters.names[_]
        msg := sprintf("%v is taken", [input.review.object.metadata.name])
      }

      violation[{"msg": msg}] {
        count(data.inventory.namespace.shop["v1"].ConfigMap) > 1
        msg := "too many"
      }
"""
CONSTRAINT = """apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Named
metadata: {name: taken}
spec:
  match: {kinds: [{apiGroups: [""], kinds: [ConfigMap]}]}
  parameters: {names: [a]}
"""
SUITE = """apiVersion: test.gatekeeper.sh/v1alpha1
kind: Suite
metadata: {name: s}
tests:
- name: names
  template: template.yaml
  constraint: constraint.yaml
  cases:
  - name: found
    object: a.yaml
    assertions: [{violations: yes}]
  - name: exact
    object: a.yaml
    assertions: [{violations: 1, message: is taken$}]
  - name: wrong-count
    object: a.yaml
    assertions: [{violations: 2}]
  - name: wrong-message
    object: a.yaml
    assertions: [{violations: yes, message: nothing like it}]
  - name: none
    object: b.yaml
    assertions: [{violations: no}]
  - name: expected-none
    object: a.yaml
    assertions: [{violations: no}]
  - name: inventory
    object: b.yaml
    inventory: [inventory.yaml]
    assertions: [{violations: 1, message: too many}]
  - name: default-is-yes
    object: a.yaml
    assertions: [{}]
  - name: skipped
    skip: true
    object: a.yaml
    assertions: [{violations: no}]
  - name: review
    object: review.yaml
    assertions: [{violations: yes}]
  - name: other-kind
    object: service.yaml
    assertions: [{violations: no}]
"""
OBJECTS = {
    "a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\n",
    "b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: shop}\n",
    "service.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: shop}\n",
    "inventory.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: shop}\n---\n"
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: z, namespace: shop}\n",
    "review.yaml": """apiVersion: admission.k8s.io/v1
kind: AdmissionReview
request:
  uid: "1"
  operation: DELETE
  kind: {group: "", version: v1, kind: ConfigMap}
  name: a
  namespace: shop
  oldObject:
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: a, namespace: shop}
""",
}
FILES = {"template.yaml": TEMPLATE, "constraint.yaml": CONSTRAINT, "suite.yaml": SUITE, **OBJECTS}


def run(folder: Path, *flags: str) -> Run:
    return gitops_guard("policy", "test", ".", *flags, cwd=folder)


def test_each_case_has_gators_outcome(tmp_path: Path) -> None:
    folder = write(tmp_path, FILES)

    ran = run(folder, "--format", "json")

    outcomes = {test["name"].partition(":")[2]: test["outcome"] for test in json.loads(ran.out)["tests"]}
    assert outcomes == {**gator_verify(folder), "names/skipped": "skip"}  # gator does not name what it skips
    assert set(outcomes.values()) == {"pass", "fail", "skip"}


def test_a_case_that_fails_says_what_was_found(tmp_path: Path) -> None:
    ran = run(write(tmp_path, FILES), "--run", "wrong")

    assert ran.code == 1
    assert ran.out == (
        "suite.yaml:15:5: fail suite.yaml:names/wrong-count: 1 violations; 2 were expected\n"
        "suite.yaml:18:5: fail suite.yaml:names/wrong-message: no violation with a message like 'nothing like it'; "
        "at least 1 was expected\n\n2 tests: 0 passed, 2 failed\n"
    )


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param({"suite.yaml": SUITE.replace("template.yaml", "gone.yaml")}, "no file gone.yaml", id="file"),
        pytest.param({"suite.yaml": SUITE.replace("object: b", "object: gone")}, "no file gone.yaml", id="object"),
        pytest.param({"b.yaml": OBJECTS["inventory.yaml"]}, "b.yaml holds 2 objects, and", id="two"),
        pytest.param({"constraint.yaml": CONSTRAINT.replace("[a]", "[1]")}, "parameters do not fit", id="parameters"),
        pytest.param({"suite.yaml": SUITE.replace("violations: 2", "violations: x")}, "a number, yes or no", id="word"),
        pytest.param({"suite.yaml": SUITE.replace("is taken$", "'('")}, "is no regular expression", id="pattern"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_suite_is_a_sentence(files: dict[str, str], said: str, tmp_path: Path) -> None:
    ran = run(write(tmp_path, {**FILES, **files}))

    assert ran.code == 1
    assert said in ran.out


def test_a_constraint_that_has_to_be_invalid_is(tmp_path: Path) -> None:
    suite = """apiVersion: test.gatekeeper.sh/v1alpha1
kind: Suite
metadata: {name: s}
tests:
- {name: refused, template: template.yaml, constraint: constraint.yaml, invalid: true}
"""
    valid = write(tmp_path / "valid", {**FILES, "suite.yaml": suite})
    invalid = write(
        tmp_path / "invalid", {**FILES, "suite.yaml": suite, "constraint.yaml": CONSTRAINT.replace("[a]", "[1]")}
    )

    assert (run(valid).code, run(invalid).code) == (1, 0)
