"""Which files a run opens beside YAML and JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_guard import pipeline
from gitops_guard.load import sources
from gitops_guard.load.config import Config
from gitops_guard.load.sources import Source
from tests.program import repository

FILES = {
    "shop/kustomization.yaml": "secretGenerator:\n- name: shop\n  envs: [shop.env]\n  files: [key=files/shop.pem]\n",
    "shop/shop.env": "LEVEL=debug\n",
    "shop/files/shop.pem": "text\n",
    "shop/other.env": "LEVEL=info\n",
    "hack/deploy.sh": "kubectl version\n",
    "Jenkinsfile": "pipeline {}\n",
    "clusters/kubeconfig": "kind: Config\n",
    "README.md": "A shop.\n",
}


@pytest.mark.parametrize("where", ["work tree", "revision"])
def test_texts_are_read_that_a_generator_names_or_that_are_scripts(tmp_path: Path, where: str) -> None:
    root = repository(tmp_path, FILES)
    source: Source = sources.work_tree(root) if where == "work tree" else sources.revision(root, "HEAD")

    outcome = pipeline.run(pipeline.Request(source=source, rules={}, known=frozenset(), config=Config(), lint=False))

    read = {file.path for file in outcome.tree.files if file.data}
    assert read == {*FILES} - {"shop/other.env", "README.md"}
