"""Where a base is known, what is in both is reviewed as an update."""

from __future__ import annotations

from gitops_guard.load import tree
from gitops_guard.policy import folder, gatekeeper
from gitops_guard.policy.embedded import Embedded
from gitops_guard.policy.evaluation import evaluate
from gitops_guard.policy.places import PolicyFile

POLICIES = b"""apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: frozen}
spec:
  crd: {spec: {names: {kind: Frozen}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package frozen

      violation[{"msg": msg}] {
        input.review.operation == "UPDATE"
        input.review.oldObject.data.a != input.review.object.data.a
        msg := "data.a has changed"
      }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Frozen
metadata: {name: data}
spec:
  match: {kinds: [{apiGroups: [""], kinds: [ConfigMap]}]}
"""


def config_map(value: str) -> bytes:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, namespace: x}}\ndata: {{a: '{value}'}}\n".encode()


def test_an_update_has_the_old_object() -> None:
    before = tree.from_files({"a.yaml": config_map("1")}).resources
    after = tree.from_files({"a.yaml": config_map("2")})
    family = gatekeeper.load(folder.read([PolicyFile("p.yaml", POLICIES)]))
    assert family is not None

    family.old = {one.id: one.body for one in before}
    updated = [found.problem.message for found in evaluate([family], after, Embedded()).found]
    family.old = {}
    created = [found.problem.message for found in evaluate([family], after, Embedded()).found]

    assert (updated, created) == (["data.a has changed"], [])
