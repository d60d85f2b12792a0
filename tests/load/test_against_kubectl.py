"""All manifests of the corpora, read by our loader and by `kubectl label --local -o json`."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.load import manifests

pytestmark = pytest.mark.shared

LABEL = "differential.invalid/read"
_SUFFIXES = (".yaml", ".yml", ".json")

# How many manifests kubectl reads in each: a comparison of nothing would be no difference either.
COMPARED = {
    "flux2-kustomize-helm-example": 30,
    "flux2-multi-tenancy": 24,
    "gitops-catalog": 1252,
    "home-ops-flux": 481,
    "home-ops-sops": 349,
    "kubernetes-examples": 283,
    "microservices-demo": 168,
    "podinfo": 61,
}


def _files(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.suffix in _SUFFIXES and ".git" not in path.parts)
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def _label(kubectl: Path, files: list[Path]) -> tuple[Counter[str], set[str]]:
    """What kubectl reads, and the files of which it refuses something."""
    named = [argument for path in files for argument in ("-f", str(path))]
    told = subprocess.run(
        [kubectl, "label", "--local", "-o", "json", f"{LABEL}=yes", *named], capture_output=True, text=True, check=False
    )
    refused = re.findall(r'^(?:error: )?(?:unable to decode "|error parsing )([^":]+)', told.stderr, re.MULTILINE)
    return Counter(map(_unlabelled, _values(told.stdout))), set(refused)


def _values(text: str) -> Iterator[Any]:
    decoder, offset = json.JSONDecoder(), 0
    while text := text[offset:].lstrip():
        value, offset = decoder.raw_decode(text)
        yield value


def _unlabelled(body: Mapping[str, Any]) -> str:
    """As text that is equal where JSON is, without our label; a label makes `labels` where there were none."""
    metadata = body.get("metadata") or {}
    if not isinstance(metadata, dict):
        return json.dumps(body, sort_keys=True)
    labels = {name: value for name, value in (metadata.get("labels") or {}).items() if name != LABEL}
    rest = {name: value for name, value in metadata.items() if name != "labels"}
    return json.dumps({**body, "metadata": {**rest, **({"labels": labels} if labels else {})}}, sort_keys=True)


def _items(body: Any) -> Iterator[Mapping[str, Any]]:
    match body:
        case {"kind": str(kind), "items": list(items)} if kind.endswith("List"):
            for item in items:
                yield from _items(item)
        case {"kind": kind} if kind:
            yield body


@pytest.mark.parametrize("name", COMPARED)
def test_reads_every_manifest_as_kubectl_does(name: str, corpus: Callable[[str], Path], kubectl: Path) -> None:
    files = _files(corpus(name))
    theirs, refused = _label(kubectl, files)

    ours: Counter[str] = Counter()
    beyond: Counter[str] = Counter()  # in a file of which kubectl refuses a part
    for path in files:
        texts = Counter(
            _unlabelled(item)
            for document in manifests.read(path.name, path.read_bytes()).documents
            for item in _items(document.body)
        )
        (beyond if str(path) in refused else ours).update(texts)

    assert sorted((ours - theirs).elements()) == []
    assert sorted((theirs - ours - beyond).elements()) == []
    assert theirs.total() == COMPARED[name]
