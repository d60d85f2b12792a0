"""What patches bring: strategic and JSON6902 ones, in files of their own and as texts in other files."""

from __future__ import annotations

from textwrap import indent

import pytest

from gitops_guard.load import tree
from gitops_guard.model.resource import Location
from gitops_guard.rules import all_rules
from tests.rules.test_secret_in_config import DRAWN, SECRET, found

STRATEGIC = f"""\
apiVersion: v1
kind: {{kind}}
metadata: {{{{name: it}}}}
{{field}}:
  password: {SECRET}
"""
JSON6902 = f"""\
- op: add
  path: /{{field}}/password
  value: {SECRET}
"""


@pytest.mark.parametrize(
    ("kind", "field", "rule"),
    [
        ("ConfigMap", "data", "secret-in-config"),
        ("Secret", "stringData", "plaintext-secret"),
        ("HelmRelease", "spec/values", "secret-in-values"),
        ("ExternalSecret", "spec/target/template/data", "secret-in-template"),
        ("SealedSecret", "spec/template/data", "secret-in-template"),
        ("Database", "spec/auth", "secret-in-config"),
    ],
)
def test_patches_are_judged_in_files_and_inside_of_kustomizations(kind: str, field: str, rule: str) -> None:
    operation = JSON6902.format(field=field)
    inline = "patches:\n  - target: {kind: " + kind + "}\n    patch: |\n" + indent(operation, "      ")
    flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: it}\nspec:\n" + indent(
        inline, "  "
    )

    assert found({"patch.yaml": operation}) == [("patch.yaml", 3, rule)]
    assert found({"kustomization.yaml": inline}) == [("kustomization.yaml", 6, rule)]
    assert found({"flux.yaml": flux}) == [("flux.yaml", 10, rule)]


@pytest.mark.parametrize(
    ("kind", "field", "rule"),
    [("ConfigMap", "data", "secret-in-config"), ("Secret", "stringData", "plaintext-secret")],
)
def test_strategic_patches_are_judged(kind: str, field: str, rule: str) -> None:
    patch = STRATEGIC.format(kind=kind, field=field)
    inline = "patchesStrategicMerge:\n  - |\n" + indent(patch, "    ")

    assert found({"a/patch.yaml": patch, "a/kustomization.yaml": "patches: [{path: patch.yaml}]"}) == [
        ("a/patch.yaml", 5, rule)
    ]
    assert found({"kustomization.yaml": inline}) == [("kustomization.yaml", 7, rule)]


def test_an_operation_on_data_is_that_of_a_secret_where_its_values_are_base64() -> None:
    operations = f"""\
        - op: add
          path: /data/anything
          value: aHVudGVyMiE=
        - op: replace
          path: /data
          value:
            one: aHVudGVyMiE=
        - op: replace
          path: /data
          value:
            password: {SECRET}
            level: info
        - op: remove
          path: /data/password
        - op: test
          path: /data/password
          value: {SECRET}
        """

    assert found({"patch.yaml": operations}) == [
        ("patch.yaml", 3, "plaintext-secret"),
        ("patch.yaml", 7, "plaintext-secret"),
        ("patch.yaml", 11, "secret-in-config"),
    ]


def test_an_operation_on_env_or_args_is_judged() -> None:
    operations = f"""\
        - op: add
          path: /spec/template/spec/containers/0/env/-
          value:
            name: DB_PASSWORD
            value: {SECRET}
        - op: add
          path: /spec/template/spec/containers/0/args/-
          value: --password={SECRET}
        - op: add
          path: /metadata/annotations/example.com~1api-token
          value: {DRAWN}
        """

    assert [line for _, line, _ in found({"patch.yaml": operations})] == [5, 8, 11]


def test_a_text_in_an_item_of_a_list_has_the_path_of_its_resource() -> None:
    operation = JSON6902.format(field="stringData")
    text = "kind: List\napiVersion: v1\nitems:\n- apiVersion: kustomize.toolkit.fluxcd.io/v1\n  kind: Kustomization\n"
    text += "  metadata: {name: it}\n  spec:\n    patches:\n    - patch: |\n" + indent(operation, "        ")
    rule = all_rules()["plaintext-secret"]
    [resource] = tree.from_files({"a.yaml": text.encode()}).resources

    assert [(problem.path, problem.at) for problem in rule.run(resource, {})] == [
        (("spec", "patches", 0, "patch"), Location("a.yaml", 12, 11))
    ]
