"""Real conftest, given the same policies and the same resources, says the same: message, field and rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.load import tree
from gitops_guard.model.resource import Resource, Tree
from gitops_guard.model.rule import Options
from tests.policy.library.conftest import OPT_IN, Conftest, asked, files
from tests.test_rule_examples import example

Said = set[tuple[str, str, str, str]]  # file, rule, message, path
ALL: Mapping[str, Options] = {name: {} for name in OPT_IN}
CONFIGURED: Mapping[str, Options] = {
    "foreign-registry": {"registries": ["*.io/example", "docker.io", "gcr.io"]},
    "host-path": {"allowed": ["/var/log", "/mnt/"]},
    "ingress-without-tls": {"annotations": []},
    "latest-tag": {"tags": ["latest", "v1", "1.0"]},
    "missing-label": {"labels": ["app", "tier"], "kinds": []},
    "missing-limits": {"resources": ["memory"]},
    "missing-requests": {"resources": ["cpu", "ephemeral-storage"]},
}
SETTINGS = [pytest.param(ALL, id="defaults"), pytest.param({**ALL, **CONFIGURED}, id="configured")]


def both(
    resources: Iterable[Resource], settings: Mapping[str, Options], conftest: Conftest, folder: Path
) -> tuple[Said, Said]:
    """What we and what conftest say of the resources, one a file: conftest would judge a `List` as one."""
    kept = list(resources)
    paths = [folder / f"{number}.json" for number in range(len(kept))]
    for path, resource in zip(paths, kept, strict=True):
        path.write_text(json.dumps(resource.body))
    data = folder / "parameters.yaml"  # JSON is YAML
    data.write_text(json.dumps({"parameters": {_package(name): own for name, own in settings.items() if own}}))
    by_subject = {id(resource): path for resource, path in zip(kept, paths, strict=True)}

    ours = asked(Tree((), tuple(kept)), settings)
    theirs = conftest(paths, settings, data)
    return (
        {
            (str(by_subject[id(one.subject)]), one.rule, one.problem.message, json.dumps(one.problem.path))
            for one in ours
        },
        {(one["file"], _rule(one), one["msg"], json.dumps(one["metadata"]["path"])) for one in theirs},
    )


def _package(rule: str) -> str:
    return rule.replace("-", "_")


def _rule(failure: Mapping[str, Any]) -> str:
    return str(failure["rule"]).removeprefix("library.").replace("_", "-")


@pytest.mark.parametrize("settings", SETTINGS)
def test_of_every_example(settings: Mapping[str, Options], conftest: Conftest, tmp_path: Path) -> None:
    documents = [example(rule.doc, section).files for rule in OPT_IN.values() for section in ("Fails", "Passes")]
    resources = [resource for found in documents for resource in tree.from_files(found).resources]

    ours, theirs = both(resources, settings, conftest, tmp_path)

    assert ours == theirs
    assert {rule for _, rule, *_ in ours} == OPT_IN.keys()


ODD = """\
apiVersion: v1
kind: Pod
metadata: {name: odd, labels: null}
spec:
  hostNetwork: "true"
  hostPID: null
  containers:
    - {image: "localhost:5000/a", resources: null, securityContext: {privileged: "true"}}
    - {name: "käse", image: "docker.io/nginx:v1@sha256:00", resources: {limits: {cpu: null, memory: 0}}}
    - {name: b, image: "index.docker.io/x/y:1.0", resources: {requests: {cpu: 1}, limits: {memory: 1Gi}}}
    - {name: c, image: "${IMAGE}"}
    - null
  initContainers: null
  volumes:
    - {name: a, hostPath: {path: /mnt}}
    - {name: b, hostPath: {path: /var/log/pods/../..}}
    - {name: c, hostPath: {path: /var/logs, type: Directory}}
---
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: odd}
spec:
  tls: [{hosts: ["*.example.com", b.example.org]}]
  rules: [{host: a.b.example.com}, {host: a.example.com}, {host: B.example.org}, {}]
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: odd}
spec: {template: {spec: {containers: [{image: a}], hostIPC: true}}}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: odd}
spec: {hostPath: {path: /mnt/disk}}
"""


@pytest.mark.parametrize("settings", SETTINGS)
def test_of_odd_resources(settings: Mapping[str, Options], conftest: Conftest, tmp_path: Path) -> None:
    ours, theirs = both(files({"odd.yaml": ODD}).resources, settings, conftest, tmp_path)

    assert ours == theirs
    assert len(ours) > 10


@pytest.mark.shared
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("name", ["kubernetes-examples", "microservices-demo"])
def test_of_real_repositories(
    name: str,
    settings: Mapping[str, Options],
    conftest: Conftest,
    corpus: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    clone = corpus(name)
    found = {
        str(path.relative_to(clone)): path.read_bytes()
        for suffix in ("yaml", "yml", "json")
        for path in sorted(clone.rglob(f"*.{suffix}"))
        if path.is_file()
    }

    ours, theirs = both(tree.from_files(found).resources, settings, conftest, tmp_path)

    assert ours == theirs
    assert len({rule for _, rule, *_ in ours}) > 4
