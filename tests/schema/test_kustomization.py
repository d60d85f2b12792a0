"""Kustomizations against kustomize's own fields; kustomize is the judge."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gitops_guard import check
from gitops_guard.load import tree
from gitops_guard.load.config import Config
from gitops_guard.rules import all_rules
from gitops_guard.schema.embedded import EmbeddedSchemas

HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


def found(text: str, name: str = "kustomization.yaml") -> list[tuple[int, int, str]]:
    rules = {"schema-invalid": all_rules()["schema-invalid"]}
    schemas = EmbeddedSchemas("", crds=lambda *_: ())
    report = check.check(tree.from_files({name: text.encode()}), rules, Config(), schemas=schemas)
    assert not report.crashes
    return [(each.location.line, each.location.column, each.message) for each in report.findings]


def kustomize_takes(text: str, folder: Path) -> bool:
    (folder / "kustomization.yaml").write_text(text)
    kubectl = Path(sys.executable).with_name("kubectl")
    return subprocess.run([kubectl, "kustomize", folder], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("namePrefx: a-\n", (1, 1, "unknown field `namePrefx`; did you mean `namePrefix`?"), id="bare"),
        pytest.param(
            f"{HEAD}namePrefx: a-\n", (3, 1, "unknown field `namePrefx`; did you mean `namePrefix`?"), id="named"
        ),
        pytest.param(
            "resources: a.yaml\n", (1, 12, '`resources` is the string "a.yaml"; a list is needed'), id="no list"
        ),
        pytest.param(
            "images:\n- name: a\n  tag: b\n", (3, 3, "unknown field `images[0].tag`; did you mean `newTag`?"), id="deep"
        ),
    ],
)
def test_what_kustomize_refuses_is_found_at_its_place(text: str, place: tuple[int, int, str], tmp_path: Path) -> None:
    assert [answer[:2] for answer in found(text)] == [place[:2]]
    assert not kustomize_takes(text, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nhelmCharts: []\nnamespace: a\n",
            id="component",
        ),
        pytest.param("namePrefix: a-\nconfigMapGenerator:\n- name: a\n  literals: [a=b]\n", id="without kind"),
        pytest.param("imageTags:\n- name: a\n  newTag: b\nconfigMapGenerator: [{name: a}]\n", id="an old name"),
        pytest.param("namespace: ${NAMESPACE}\n", id="a placeholder"),
        pytest.param("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {}\n", id="of Flux"),
    ],
)
def test_what_it_takes_is_fine(text: str) -> None:
    assert found(text) == []


@pytest.mark.shared
@pytest.mark.parametrize("name", ["gitops-catalog", "home-ops-flux", "podinfo"])
def test_no_kustomization_of_the_corpora_is_refused(name: str, shared: Path, tmp_path: Path) -> None:
    bundle = shared / "corpora" / f"{name}.bundle"
    subprocess.run(["git", "clone", "--quiet", bundle, tmp_path / name], check=True, capture_output=True)
    schemas = EmbeddedSchemas("", crds=lambda *_: ())
    files = {str(path): path.read_bytes() for path in (tmp_path / name).rglob("kustomization.yaml")}

    read = tree.from_files(files).files

    assert files
    assert [
        (file.path, problem.message)
        for file in read
        for document in file.documents
        for problem in schemas.kustomization(document.body)
    ] == []
