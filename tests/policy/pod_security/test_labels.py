"""A Namespace that enforces a level is reason enough: its Pods are refused, whatever the profile of the check."""

from __future__ import annotations

import pytest

from tests.policy.pod_security.asking import asked, files, lines

LABEL = "pod-security.kubernetes.io/enforce"
ROOT = "spec: {hostPID: true, containers: [{name: shop, securityContext: {privileged: false}}]}"


def namespace(name: str, *labels: str) -> str:
    told = "".join(f"    {label}\n" for label in labels)
    return f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels:\n    team: shop\n{told}"


def pod(namespace: str = "") -> str:
    own = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: v1\nkind: Pod\nmetadata:\n  {{name: shop{own}}}\n\n{ROOT}\n"


def levels(content: dict[str, str], *on: str, **more: str) -> set[tuple[str, str]]:
    """(file, level) of what is found."""
    refused = more.get("refused", "")
    return {(file, level) for file, _, level in lines(asked(files(content), *on, refused=refused))}


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_the_level_that_is_enforced_is_asked_though_the_rule_is_off(level: str) -> None:
    content = {"namespace.yaml": namespace("shop", f"{LABEL}: {level}"), "pod.yaml": pod("shop")}

    found = asked(files(content))

    assert {(one.rule, one.holds) for one in found} == {(f"pod-security-{level}", True)}
    assert {one.problem.message.rpartition("; ")[2] for one in found} == {
        f"the Namespace `shop` enforces `{level}`, so that its Pods are refused"
    }


def test_a_workload_is_judged_as_well_for_its_pods_never_start() -> None:
    template = "spec:\n  template:\n    spec:\n      hostIPC: true\n      containers: []\n"
    job = f"apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: job\n  namespace: shop\n{template}"
    content = {"namespace.yaml": namespace("shop", f"{LABEL}: baseline"), "job.yaml": job}

    assert lines(asked(files(content))) == [("job.yaml", 9, "baseline")]


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        pytest.param("other", [f"{LABEL}: restricted"], id="another namespace"),
        pytest.param("shop", [], id="no label"),
        pytest.param("shop", [f"{LABEL}: privileged"], id="privileged"),
        pytest.param("shop", ["pod-security.kubernetes.io/warn: restricted"], id="a warning only"),
        pytest.param("shop", [f"{LABEL}: ${{LEVEL}}"], id="a placeholder"),
        pytest.param("shop", [f"{LABEL}: baseline", f"{LABEL}-version: ${{VERSION}}"], id="a version not known yet"),
    ],
)
def test_nothing_else_is_reason_enough(name: str, labels: list[str]) -> None:
    assert levels({"namespace.yaml": namespace(name, *labels), "pod.yaml": pod("shop")}) == set()


def test_a_rule_that_is_off_by_its_name_stays_off() -> None:
    content = {"namespace.yaml": namespace("shop", f"{LABEL}: baseline"), "pod.yaml": pod("shop")}

    assert levels(content, refused="baseline") == set()
    assert levels(content, refused="restricted") == {("pod.yaml", "baseline")}


def test_a_rule_that_is_not_part_of_the_run_is_not_asked() -> None:
    content = {"namespace.yaml": namespace("shop", f"{LABEL}: baseline"), "pod.yaml": pod("shop")}

    assert asked(files(content), known=frozenset({"pod-security-restricted"})) == []
    assert lines(asked(files(content), known=frozenset({"pod-security-baseline"}))) == [("pod.yaml", 6, "baseline")]


def test_what_the_rule_says_is_not_said_again_for_the_namespace() -> None:
    version = f"{LABEL}-version: v1.30"
    content = {"namespace.yaml": namespace("shop", f"{LABEL}: baseline", version), "pod.yaml": pod("shop")}

    found = asked(files(content), "baseline")

    assert [(one.rule, one.problem.path[-1]) for one in found] == [("pod-security-baseline", "hostPID")]


@pytest.mark.parametrize(
    ("label", "cluster", "is_found"),
    [
        ("v1.33", "1.37", False),
        ("v1.34", "1.37", True),
        ("latest", "1.33", False),
        ("latest", "1.34.2", True),
        ("v1.37", "1.33", False),
        ("1.33", "1.37", True),
    ],
    ids=["older", "since 1.34", "latest of 1.33", "latest of 1.34", "the cluster is older", "no version is the latest"],
)
def test_the_version_that_is_enforced_decides(label: str, cluster: str, is_found: bool) -> None:
    probe = "{name: a, livenessProbe: {httpGet: {port: 80, host: example.com}}}"
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: shop}}\nspec: {{containers: [{probe}]}}\n"
    labels = (f"{LABEL}: baseline", f'{LABEL}-version: "{label}"')

    found = asked(
        files({"namespace.yaml": namespace("shop", *labels), "pod.yaml": text}), options={"kubernetes-version": cluster}
    )

    assert [one.problem.path[-1] for one in found] == ["host"] * is_found


def test_a_kustomization_says_to_which_namespace_a_pod_goes() -> None:
    content = {
        "base/kustomization.yaml": "resources: [pod.yaml]\n",
        "base/pod.yaml": pod("elsewhere"),
        "staging/kustomization.yaml": "namespace: shop-staging\nresources: [../base, namespace.yaml]\n",
        "staging/namespace.yaml": namespace("shop-staging", f"{LABEL}: privileged"),
        "production/kustomization.yaml": "namespace: shop\nresources: [../base, namespace.yaml]\n",
        "production/namespace.yaml": namespace("shop", f"{LABEL}: baseline"),
        "elsewhere.yaml": namespace("elsewhere", f"{LABEL}: restricted"),
    }

    assert levels(content) == {("base/pod.yaml", "baseline")}


def test_a_namespace_of_another_environment_says_nothing() -> None:
    content = {
        "clusters/production/namespace.yaml": namespace("shop", f"{LABEL}: restricted"),
        "clusters/production/pod.yaml": pod("shop"),
        "clusters/staging/namespace.yaml": namespace("shop"),
        "clusters/staging/pod.yaml": pod("shop"),
    }

    assert levels(content) == {("clusters/production/pod.yaml", "restricted")}


def test_of_several_namespaces_that_may_be_meant_the_one_that_asks_least_holds() -> None:
    content = {
        "one/namespace.yaml": namespace("shop", f"{LABEL}: restricted"),
        "two/namespace.yaml": namespace("shop", f"{LABEL}: baseline"),
        "pod.yaml": pod("shop"),
    }

    assert levels(content) == {("pod.yaml", "baseline")}
    assert levels({**content, "three/namespace.yaml": namespace("shop")}) == set()


def test_a_level_that_is_none_is_told() -> None:
    notes: list[str] = []

    asked(files({"namespace.yaml": namespace("shop", f"{LABEL}: basline"), "pod.yaml": pod("shop")}), notes=notes)

    assert notes == [
        f"policies: `{LABEL}` of the Namespace `shop` (namespace.yaml:1:1) names no level that is known "
        "(privileged, baseline, restricted), so nothing is judged by it"
    ]


OPEN = {
    "a type": "spec: {securityContext: {seccompProfile: {type: '${PROFILE}'}}, containers: [{name: a}]}",
    "a capability": "spec: {containers: [{name: a, securityContext: {capabilities: {add: ['${CAP}']}}}]}",
    "a host": "spec: {containers: [{name: a, livenessProbe: {httpGet: {port: 80, host: '{{ host }}'}}}]}",
    "a port": "spec: {containers: [{name: a, ports: [{hostPort: '${PORT}'}]}]}",
    "a switch": "spec: {hostNetwork: '${HOST}', containers: [{name: a, securityContext: {privileged: '${ALL}'}}]}",
}


@pytest.mark.parametrize("spec", OPEN.values(), ids=OPEN)
def test_baseline_says_nothing_of_a_placeholder(spec: str) -> None:
    assert asked(files({"pod.yaml": f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\n{spec}\n"}), "baseline") == []


def test_restricted_says_nothing_of_what_a_placeholder_may_bring() -> None:
    spec = "spec:\n  securityContext: ${POD}\n  containers:\n    - name: a\n      securityContext: ${OWN}\n"
    dropped = (
        "    - name: b\n      securityContext: {allowPrivilegeEscalation: '${A}', capabilities: {drop: ['${C}']}}\n"
    )
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\n{spec}{dropped}"

    assert asked(files({"pod.yaml": text}), "restricted") == []


@pytest.mark.parametrize(
    "body",
    [
        "spec: nonsense",
        "spec: {containers: nonsense, volumes: [1, null], securityContext: [1]}",
        "spec: {containers: [null, 1, {securityContext: 1, ports: {a: b}}], initContainers: {a: {}}}",
        "metadata: {name: a, annotations: [1]}\nspec: {containers: [{name: {a: 1}, livenessProbe: {httpGet: 7}}]}",
        "spec: {containers: [{name: a, livenessProbe: {httpGet: 7}, lifecycle: [1]}]}",
        "spec: {containers: [{securityContext: {seccompProfile: a, appArmorProfile: [1], seLinuxOptions: 1}}], os: 1}",
        "spec: {containers: [{securityContext: {windowsOptions: a, procMount: {}}}], securityContext: {sysctls: [1]}}",
        "spec: {volumes: {a: 1}, containers: [{securityContext: {capabilities: {add: ALL, drop: ALL}}}]}",
    ],
)
def test_nonsense_ends_in_no_failure(body: str) -> None:
    asked(files({"pod.yaml": f"apiVersion: v1\nkind: Pod\n{body}\n"}), "baseline", "restricted")
