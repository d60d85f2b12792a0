"""Definitions of the tree are found by group and kind, wherever they stand."""

from __future__ import annotations

from gitops_guard.load.crds import CrdIndex
from gitops_guard.load.references import References

CRD = (
    b"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {group: a.io, names: {kind: Thing}}\n"
)


def index(**files: bytes) -> CrdIndex:
    return CrdIndex(list(files.items()), References(charts=frozenset({"chart"})))


def test_a_definition_is_found_by_group_and_kind() -> None:
    found = index(**{"x.yaml": CRD})

    assert [body["spec"]["group"] for body in found("a.io", "Thing")] == ["a.io"]
    assert list(found("a.io", "Other")) == []
    assert list(found("b.io", "Thing")) == []


def test_a_definition_in_a_list_and_in_the_crds_of_a_chart_is_found() -> None:
    listed = b"kind: List\nitems:\n- " + CRD.replace(b"\n", b"\n  ")

    assert len(index(**{"l.yaml": listed, "chart/crds/x.yaml": CRD})("a.io", "Thing")) == 2


def test_a_template_of_a_chart_is_not_read() -> None:
    assert list(index(**{"chart/templates/x.yaml": CRD})("a.io", "Thing")) == []
