"""Agents that are told to leave the cluster as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gitops_guard.load import tree
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location
from gitops_guard.rules.sync_disabled import sync_disabled

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "sync-disabled"
ON = {"automated": {"selfHeal": True, "prune": True}}
Answer = list[tuple[tuple[str | int, ...], Severity | None]]


def resource(group: str, kind: str, spec: object, **metadata: object) -> str:
    return json.dumps({"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "it", **metadata}, "spec": spec})


def application(policy: object, **spec: object) -> str:
    return resource("argoproj.io", "Application", {"syncPolicy": policy, **spec})


def flux(kind: str, spec: object, group: str = "kustomize", **metadata: object) -> str:
    return resource(f"{group}.toolkit.fluxcd.io", kind, spec, **metadata)


def told(found: list[tuple[Location, Problem]]) -> Answer:
    return [(problem.path, problem.severity) for _, problem in found]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param(ON, [], id="all on"),
        pytest.param({"automated": {"enabled": True, **ON["automated"]}}, [], id="enabled"),
        pytest.param({"automated": {"enabled": False, **ON["automated"]}}, [("automated", "enabled")], id="disabled"),
        pytest.param({"automated": {"enabled": False}}, [("automated", "enabled")], id="disabled, the rest left out"),
        pytest.param({"automated": {"selfHeal": False, "prune": True}}, [("automated", "selfHeal")], id="self-heal"),
        pytest.param({"automated": {"selfHeal": True, "prune": False}}, [("automated", "prune")], id="prune"),
        pytest.param(
            {"automated": {"selfHeal": False, "prune": False}},
            [("automated", "prune"), ("automated", "selfHeal")],
            id="both",
        ),
        pytest.param({**ON, "syncOptions": ["A=b", "Prune=false"]}, [("syncOptions", 1)], id="an option"),
        pytest.param({**ON, "syncOptions": ["CreateNamespace=true"]}, [], id="another option"),
        pytest.param({"automated": {"selfHeal": "{{ .heal }}", "prune": "{{ .prune }}"}}, [], id="placeholders"),
    ],
)
def test_switches_that_are_off_are_found_where_they_are_set(ask: Ask, policy: Any, expected: list[Any]) -> None:
    wanted = [(("spec", "syncPolicy", *path), None) for path in expected]

    assert sorted(told(ask(ASK, application(policy)))) == sorted(wanted)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param("spec:\n  project: a", 4, "no `syncPolicy.automated`", id="no policy"),
        pytest.param("spec:\n  syncPolicy:\n    retry: {limit: 2}", 5, "no `syncPolicy.automated`", id="no automation"),
        pytest.param("spec:\n  syncPolicy:\n    automated: {}", 6, "`selfHeal` and `prune` are off", id="nothing"),
        pytest.param("spec:\n  syncPolicy:\n    automated: {prune: true}", 6, "`selfHeal` is off", id="no self-heal"),
        pytest.param("spec:\n  syncPolicy:\n    automated: {selfHeal: true}", 6, "`prune` is off", id="no prune"),
    ],
)
def test_what_is_off_because_it_is_left_out_is_an_info(ask: Ask, text: str, line: int, words: str) -> None:
    head = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: it}\n"

    found = ask(ASK, head + text + "\n")

    assert [(at.line, problem.severity) for at, problem in found] == [(line, Severity.INFO)]
    assert words in found[0][1].message


def test_releases_by_hand_can_be_allowed(ask: Ask) -> None:
    assert ask(ASK, application({}), manual_sync=True) == []
    assert ask(ASK, application({"automated": {}}), manual_sync=True) != []


def test_the_template_of_an_application_set_is_judged(ask: Ask) -> None:
    spec = {"syncPolicy": {"automated": {"selfHeal": False, "prune": True}}}
    text = resource("argoproj.io", "ApplicationSet", {"template": {"spec": spec}})

    assert told(ask(ASK, text)) == [(("spec", "template", "spec", "syncPolicy", "automated", "selfHeal"), None)]


def test_a_patch_of_the_template_may_turn_it_on(ask: Ask) -> None:
    patch = "spec:\n  syncPolicy:\n    automated: {prune: true, selfHeal: true}\n"

    assert ask(ASK, resource("argoproj.io", "ApplicationSet", {"template": {"spec": {}}, "templatePatch": patch})) == []


@pytest.mark.parametrize(
    ("entry", "is_wide"),
    [
        ({"group": "*", "kind": "*", "jsonPointers": ["/spec"]}, True),
        ({"group": "apps", "kind": "Deployment", "jsonPointers": ["/metadata/labels", "/spec"]}, True),
        ({"kind": "Deployment", "jsonPointers": [""]}, True),
        ({"kind": "Deployment", "jqPathExpressions": [".spec.template.spec"]}, True),
        ({"kind": "Deployment", "jqPathExpressions": ["."]}, True),
        ({"kind": "Deployment", "jsonPointers": ["/spec/replicas"]}, False),
        ({"kind": "Secret", "jsonPointers": ["/data"]}, False),
        ({"kind": "*", "jsonPointers": ["/status"]}, False),
        ({"kind": "*", "jqPathExpressions": [".webhooks[]?.clientConfig.caBundle"]}, False),
        ({"kind": "Deployment", "managedFieldsManagers": ["kube-controller-manager"]}, False),
    ],
)
def test_differences_in_everything_are_found_and_those_in_a_field_are_fine(ask: Ask, entry: Any, is_wide: bool) -> None:
    assert bool(ask(ASK, application(ON, ignoreDifferences=[entry]))) is is_wide


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(flux("Kustomization", {"suspend": True}), [("spec", "suspend")], id="a Kustomization"),
        pytest.param(flux("HelmRelease", {"suspend": True}, "helm"), [("spec", "suspend")], id="a HelmRelease"),
        pytest.param(flux("GitRepository", {"suspend": True}, "source"), [("spec", "suspend")], id="a source"),
        pytest.param(flux("Kustomization", {"suspend": False, "prune": True}), [], id="nothing off"),
        pytest.param(flux("Kustomization", {"prune": False}), [("spec", "prune")], id="prune"),
        pytest.param(flux("Kustomization", {"prune": False, "path": "./infra/crds"}), [], id="definitions, by path"),
        pytest.param(flux("Kustomization", {"prune": False}, name="crds"), [], id="definitions, by name"),
        pytest.param(flux("Kustomization", {"suspend": "${SUSPEND}"}), [], id="a placeholder"),
        pytest.param(flux("HelmRelease", {"driftDetection": {"mode": "disabled"}}, "helm"), [], id="the default"),
        pytest.param(
            flux("HelmRelease", {"driftDetection": {"mode": "enabled", "ignore": [{"paths": [""]}]}}, "helm"),
            [("spec", "driftDetection", "ignore", 0, "paths", 0)],
            id="drift in everything",
        ),
        pytest.param(
            flux("HelmRelease", {"driftDetection": {"ignore": [{"paths": ["/spec/replicas"]}]}}, "helm"),
            [],
            id="drift in a field",
        ),
        pytest.param(
            flux("HelmRelease", {"driftDetection": {"ignore": [{"paths": [""], "target": {"name": "a"}}]}}, "helm"),
            [],
            id="drift in one resource",
        ),
        pytest.param(resource("batch", "CronJob", {"suspend": True}), [], id="a CronJob that rests"),
        pytest.param(
            resource("apps", "Deployment", {}, annotations={"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}),
            [("metadata", "annotations", "kustomize.toolkit.fluxcd.io/reconcile")],
            id="a resource that is left alone",
        ),
        pytest.param(
            resource("apps", "Deployment", {}, labels={"kustomize.toolkit.fluxcd.io/ssa": "Ignore"}),
            [("metadata", "labels", "kustomize.toolkit.fluxcd.io/ssa")],
            id="a resource that is ignored",
        ),
        pytest.param(
            resource("apps", "Deployment", {}, annotations={"kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"}),
            [],
            id="a resource that is made once",
        ),
        pytest.param(
            resource("apps", "Deployment", {}, annotations={"kustomize.toolkit.fluxcd.io/prune": "disabled"}),
            [],
            id="a resource that is kept",
        ),
        pytest.param(
            resource(
                "argoproj.io",
                "Application",
                {"syncPolicy": ON},
                annotations={"argocd.argoproj.io/skip-reconcile": "true"},
            ),
            [("metadata", "annotations", "argocd.argoproj.io/skip-reconcile")],
            id="an application that is left alone",
        ),
    ],
)
def test_what_is_switched_off_is_found_where_it_stands(ask: Ask, text: str, expected: list[Any]) -> None:
    assert told(ask(ASK, text)) == [(path, None) for path in expected]


def test_a_patch_is_judged_by_what_it_sets() -> None:
    patch = flux("Kustomization", {"suspend": True}) + "\n"
    left = resource("argoproj.io", "Application", {"project": "a"})
    repository = tree.from_files(
        {
            "kustomization.yaml": b"patches: [{path: patch.yaml}, {path: left.yaml}]\n",
            "patch.yaml": patch.encode(),
            "left.yaml": left.encode(),
        }
    )

    def found() -> Iterator[tuple[str, tuple[str | int, ...]]]:
        for file in repository.files:
            if file.kind in sync_disabled.file_kinds and sync_disabled.run_file is not None:
                yield from ((file.path, problem.path) for _, problem in sync_disabled.run_file(file, {}))

    assert list(found()) == [("patch.yaml", ("spec", "suspend"))]


@pytest.mark.parametrize("value", [None, 1, "x", [], [1, None], {}, {"a": 1}, True])
def test_values_of_any_type_are_read(ask: Ask, value: object) -> None:
    specs = [
        value,
        {"syncPolicy": value, "ignoreDifferences": value},
        {
            "syncPolicy": {"automated": value, "syncOptions": value},
            "ignoreDifferences": [value, {"jsonPointers": value}],
        },
        {"template": value, "templatePatch": value},
        {"suspend": None, "prune": None, "driftDetection": value},
        {"driftDetection": {"ignore": [value, {"paths": value, "target": value}]}},
    ]
    for spec in specs:
        for kind in ("Application", "ApplicationSet"):
            ask(ASK, resource("argoproj.io", kind, spec, annotations=value, labels=value))
        assert ask(ASK, flux("HelmRelease", spec, "helm", annotations=value)) == []
