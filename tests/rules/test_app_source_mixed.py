"""Applications that are built in the repository from which they are deployed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "app-source-mixed"
SETTINGS = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}})
MANIFESTS = {"deploy/settings.yaml": SETTINGS}
BUILD = {"Dockerfile": "FROM a\n", "go.mod": "module a\n"}


def application(path: object, kind: str = "Application") -> dict[str, str]:
    spec: object = {"source": {"repoURL": "https://git.example/shop.git", "path": path}}
    if kind == "ApplicationSet":
        spec = {"template": {"spec": spec}}
    body = {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"name": "shop"}, "spec": spec}
    return {"argocd/shop.yaml": json.dumps(body)}


def flux(path: object) -> dict[str, str]:
    body = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "shop"},
        "spec": {"path": path, "sourceRef": {"kind": "GitRepository", "name": "flux-system"}},
    }
    return {"clusters/prod/shop.yaml": json.dumps(body)}


def workflow(*steps: object) -> dict[str, str]:
    found = [{"run": step} if isinstance(step, str) else step for step in steps]
    return {".github/workflows/ci.yaml": json.dumps({"on": "push", "jobs": {"build": {"steps": found}}})}


@pytest.mark.parametrize(
    ("agent", "path"),
    [
        pytest.param(application("deploy"), ("spec", "source", "path"), id="Argo CD"),
        pytest.param(
            application("deploy", "ApplicationSet"), ("spec", "template", "spec", "source", "path"), id="a set of them"
        ),
        pytest.param(flux("./deploy"), ("spec", "path"), id="Flux"),
    ],
)
@pytest.mark.parametrize(
    "build",
    [
        BUILD,
        {"src/cart/Dockerfile": "", "src/cart/package.json": "{}"},
        {"Containerfile": "", "pom.xml": ""},
        {"api/api.Dockerfile": "", "api/api.csproj": ""},
    ],
)
def test_a_build_beside_what_is_deployed_is_an_info(
    ask: Ask, agent: dict[str, str], path: tuple[str, ...], build: dict[str, str]
) -> None:
    found = ask(ASK, {**agent, **MANIFESTS, **build})

    assert [(problem.path, problem.severity) for _, problem in found] == [(path, Severity.INFO)]


@pytest.mark.parametrize(
    "files",
    [
        workflow("git commit -am 'new tag'\ngit push origin main"),
        workflow("sed -i s/a/b/ x && git -C . push"),
        workflow({"uses": "stefanzweifel/git-auto-commit-action@v5"}),
        {
            "clusters/a/auto.yaml": json.dumps(
                {
                    "apiVersion": "image.toolkit.fluxcd.io/v1",
                    "kind": "ImageUpdateAutomation",
                    "metadata": {"name": "all"},
                }
            )
        },
    ],
)
def test_a_build_that_writes_back_is_a_warning(ask: Ask, files: dict[str, str]) -> None:
    found = ask(ASK, {**application("deploy"), **MANIFESTS, **BUILD, **files})

    assert [problem.severity for _, problem in found] == [None]


@pytest.mark.parametrize(
    "script", ["git push --tags", "git push origin refs/tags/v1", "docker push x", "echo git push"]
)
def test_a_tag_that_is_pushed_is_no_way_back(ask: Ask, script: str) -> None:
    found = ask(ASK, {**application("deploy"), **MANIFESTS, **BUILD, **workflow(script)})

    assert [problem.severity for _, problem in found] == [Severity.INFO]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({**MANIFESTS, **BUILD}, id="an application that brings manifests for others"),
        pytest.param({**application("deploy"), **MANIFESTS}, id="nothing is built"),
        pytest.param({**application("charts/shop"), **MANIFESTS, **BUILD}, id="a folder of another repository"),
        pytest.param({**application("deploy"), **MANIFESTS, "Dockerfile": ""}, id="an image without source"),
        pytest.param({**application("deploy"), **MANIFESTS, "a/Dockerfile": "", "go.mod": ""}, id="apart from it"),
        pytest.param({**application("deploy"), **MANIFESTS, "go.mod": "", "Dockerfile.md": ""}, id="a text"),
        pytest.param({**application("{{ path }}"), **MANIFESTS, **BUILD}, id="a placeholder"),
        pytest.param({**application("../deploy"), **MANIFESTS, **BUILD}, id="outside"),
        pytest.param({**flux("."), **MANIFESTS, **BUILD}, id="the root, which every repository has"),
    ],
)
def test_other_repositories_are_fine(ask: Ask, files: dict[str, str]) -> None:
    assert ask(ASK, files) == []


def test_there_is_one_finding_for_a_repository(ask: Ask) -> None:
    assert len(ask(ASK, {**application("deploy"), **flux("deploy"), **MANIFESTS, **BUILD})) == 1


@pytest.mark.parametrize("value", [None, 1, "x", [], [1, {"path": 1}], {}, {"path": ["deploy"]}])
def test_values_of_any_type_are_read(ask: Ask, value: object) -> None:
    bodies = [
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "a"}, "spec": spec}
        for spec in (value, {"source": value}, {"sources": value}, {"sources": [value]})
    ]
    files = {f"{number}.yaml": json.dumps(body) for number, body in enumerate(bodies)}

    assert ask(ASK, {**files, **flux(value), **MANIFESTS, **BUILD}) == []
