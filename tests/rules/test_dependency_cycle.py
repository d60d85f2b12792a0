"""What waits for itself."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import pytest

from gitops_guard.model.circle import circles
from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "dependency-cycle"


def flux(name: str, *needs: str, namespace: str = "flux-system", kind: str = "Kustomization") -> str:
    group = "kustomize.toolkit.fluxcd.io" if kind == "Kustomization" else "helm.toolkit.fluxcd.io"
    place = f", namespace: {namespace}" if namespace else ""
    depends = "".join(f"    - {need}\n" for need in needs)
    head = f"apiVersion: {group}/v1\nkind: {kind}\nmetadata: {{name: {name}{place}}}\n"
    return f"{head}spec:\n  dependsOn:\n{depends}" if needs else head


def places(answers: list[tuple[Location, Problem]]) -> list[tuple[str, int]]:
    return [(at.file, at.line) for at, _ in answers]


@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        pytest.param({"a": "b", "b": "c", "c": ""}, [], id="a chain"),
        pytest.param({"a": "bc", "b": "d", "c": "d", "d": ""}, [], id="two ways"),
        pytest.param({"a": "a"}, ["a"], id="itself"),
        pytest.param({"a": "b", "b": "a"}, ["ab"], id="each other"),
        pytest.param({"x": "a", "a": "b", "b": "c", "c": "a"}, ["abc"], id="entered from outside"),
        pytest.param({"a": "b", "b": "a", "c": "d", "d": "c"}, ["ab", "cd"], id="two circles"),
        pytest.param({"a": "bc", "b": "a", "c": "a"}, ["ab"], id="one knot is told once"),
        pytest.param({"a": "z"}, [], id="nobody knows z"),
    ],
)
def test_circles_are_found_once_from_their_first_node(needs: dict[str, str], expected: list[str]) -> None:
    assert ["".join(circle) for circle in circles(needs)] == expected


def test_a_chain_of_any_length_ends_soon() -> None:
    start = process_time()

    assert list(circles({number: [number + 1] for number in range(100_000)})) == []
    assert len(next(circles({number: [(number + 1) % 100_000] for number in range(100_000)}))) == 100_000
    assert process_time() - start < 4


def test_the_entry_that_closes_the_circle_is_that_of_what_most_depend_on(ask: Ask) -> None:
    files = {
        "a.yaml": flux("apps", "name: configs"),
        "b.yaml": flux("configs", "name: controllers"),
        "c.yaml": flux("controllers", "name: sources", "name: apps"),
        "d.yaml": flux("sources"),
        "e.yaml": flux("monitoring", "name: controllers"),
    }

    answers = ask(ASK, files)

    assert places(answers) == [("c.yaml", 7)]
    assert "`apps` → `configs` → `controllers` → `apps`" in answers[0][1].message


def test_what_depends_on_itself_is_found(ask: Ask) -> None:
    assert places(ask(ASK, flux("apps", "name: other", "name: apps"))) == [("file.yaml", 7)]


@pytest.mark.parametrize("kind", ["Kustomization", "HelmRelease"])
def test_a_dependency_means_its_own_kind_and_namespace(ask: Ask, kind: str) -> None:
    other = "HelmRelease" if kind == "Kustomization" else "Kustomization"
    one, two = flux("one", "name: two", kind=kind), flux("two", "name: one", kind=kind)

    assert len(ask(ASK, {"a.yaml": one, "b.yaml": two})) == 1
    assert ask(ASK, {"a.yaml": one, "b.yaml": flux("two", "name: one", kind=other)}) == []
    assert ask(ASK, {"a.yaml": one, "b.yaml": flux("two", "name: one", kind=kind, namespace="else")}) == []
    elsewhere = flux("one", "{name: two, namespace: else}", kind=kind)
    back = flux("two", "{name: one, namespace: flux-system}", kind=kind, namespace="else")
    assert len(ask(ASK, {"a.yaml": elsewhere, "b.yaml": back})) == 1


def test_namespaces_are_those_that_kustomizations_give(ask: Ask) -> None:
    files = {
        "one/kustomization.yaml": "namespace: one\nresources: [ks.yaml]\n",
        "one/ks.yaml": flux("app", "{name: app, namespace: two}", namespace=""),
        "two/kustomization.yaml": "namespace: two\nresources: [ks.yaml]\n",
        "two/ks.yaml": flux("app", "{name: app, namespace: one}", namespace=""),
    }

    assert len(ask(ASK, files)) == 1
    assert ask(ASK, files | {"two/ks.yaml": flux("app", "{name: app, namespace: three}", namespace="")}) == []


def test_clusters_with_the_same_names_are_not_mixed(ask: Ask) -> None:
    files = {
        "production/a.yaml": flux("a", "name: b"),
        "production/b.yaml": flux("b"),
        "staging/a.yaml": flux("a"),
        "staging/b.yaml": flux("b", "name: a"),
    }

    assert ask(ASK, files) == []
    files["staging/a.yaml"] = flux("a", "name: b")
    assert [at.file for at, _ in ask(ASK, files)] == ["staging/b.yaml"]


def test_a_kustomization_that_contains_itself_is_found_once(ask: Ask) -> None:
    files = {
        "a/kustomization.yaml": "resources:\n- ../b\n",
        "b/kustomization.yaml": "components:\n- ../c\n",
        "c/kustomization.yaml": "bases:\n- ../a\n",
        "d/kustomization.yaml": "resources:\n- ../a\n",
    }

    assert places(ask(ASK, files)) == [("c/kustomization.yaml", 2)]
    assert places(ask(ASK, {"a/kustomization.yaml": "resources: [../a]\n"})) == [("a/kustomization.yaml", 1)]


def test_a_folder_above_is_refused_by_kustomize(ask: Ask) -> None:
    files = {"a/kustomization.yaml": "resources: []\n", "a/b/kustomization.yaml": "resources:\n- ..\n"}

    assert places(ask(ASK, files)) == [("a/b/kustomization.yaml", 2)]
    assert len(ask(ASK, files | {"a/kustomization.yaml": "resources: [b]\n"})) == 1


def waved(kind: str, name: str, wave: str, rest: str = "", version: str = "v1") -> str:
    annotations = f"\n  annotations:\n    argocd.argoproj.io/sync-wave: '{wave}'" if wave else ""
    return f"apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}{annotations}\n{rest}"


POD = "spec:\n  containers: [{name: a, envFrom: [{configMapRef: {name: settings}}]}]\n"
WAVES = {"kustomization.yaml": "namespace: shop\nresources: [pod.yaml, needed.yaml]\n"}


@pytest.mark.parametrize(
    ("pod", "needed", "line"),
    [
        pytest.param(("Pod", "a", "-1", POD), ("ConfigMap", "settings", ""), 6, id="a negative wave"),
        pytest.param(("Pod", "a", "1", POD), ("ConfigMap", "settings", "2"), 6, id="a later wave"),
        pytest.param(("Pod", "a", "", POD), ("ConfigMap", "settings", "2"), 4, id="no wave is wave 0"),
        pytest.param(("Pod", "a", "2", POD), ("ConfigMap", "settings", "2"), 0, id="the same wave"),
        pytest.param(("Pod", "a", "2", POD), ("ConfigMap", "settings", "1"), 0, id="an earlier wave"),
        pytest.param(("Pod", "a", "1", POD), ("ConfigMap", "other", "2"), 0, id="another name"),
        pytest.param(("Pod", "a", "1", POD), ("Secret", "settings", "2"), 0, id="another kind"),
        pytest.param(
            ("Pod", "a", "1", POD.replace("settings", "settings, optional: true")), ("ConfigMap", "settings", "2"), 0,
            id="optional",
        ),
        pytest.param(("ConfigMap", "a", "1"), ("Namespace", "shop", "2"), 0, id="a namespace, which is moved"),
        pytest.param(
            ("Pod", "a", "1", "spec: {volumes: [{name: a, secret: {secretName: key}}], containers: []}\n"),
            ("Secret", "key", "2"), 6, id="a volume",
        ),
        pytest.param(
            ("Pod", "a", "1", "spec: {volumes: [{name: a, secret: {secretName: key}}], containers: []}\n"),
            ("ExternalSecret", "key", "2", "", "external-secrets.io/v1"), 6, id="who makes the Secret",
        ),
        pytest.param(
            ("Shop", "a", "1", "", "example.com/v1"),
            (
                "CustomResourceDefinition", "shops.example.com", "2",
                "spec: {group: example.com, names: {kind: Shop}}\n", "apiextensions.k8s.io/v1",
            ),
            0, id="a definition, which is moved",
        ),
    ],
)  # fmt: skip
def test_waves_follow_what_is_needed(ask: Ask, pod: tuple[str, ...], needed: tuple[str, ...], line: int) -> None:
    answers = ask(ASK, WAVES | {"pod.yaml": waved(*pod), "needed.yaml": waved(*needed)})

    assert places(answers) == ([("pod.yaml", line)] if line else [])


@pytest.mark.parametrize(
    ("folder", "is_found"), [pytest.param("over", False, id="above"), pytest.param("other", True, id="elsewhere")]
)
def test_a_patch_that_has_a_part_in_it_may_change_waves(ask: Ask, folder: str, is_found: bool) -> None:
    patch = "patches:\n- target: {kind: Pod}\n  patch: |\n    - {op: add, path: /spec/x, value: y}\n"
    wave = "    - {op: add, path: /metadata/annotations/argocd.argoproj.io~1sync-wave, value: '9'}\n"
    files = {
        "app/kustomization.yaml": "resources: [pod.yaml, needed.yaml]\n",
        "app/pod.yaml": waved("Pod", "a", "1", POD),
        "app/needed.yaml": waved("ConfigMap", "settings", "2"),
        "over/kustomization.yaml": f"resources: [../app]\n{patch}",
        "other/kustomization.yaml": f"resources: [x.yaml]\n{patch}",
        "other/x.yaml": waved("ConfigMap", "x", "1"),
    }
    files[f"{folder}/kustomization.yaml"] += wave

    assert [place.file for place, _ in ask(ASK, files)] == ["app/pod.yaml"] * is_found


def test_hooks_and_other_apps_have_waves_of_their_own(ask: Ask) -> None:
    pod, needed = waved("Pod", "a", "1", POD), waved("ConfigMap", "settings", "2")
    hook = needed.replace("annotations:\n", "annotations:\n    argocd.argoproj.io/hook: PreSync\n")

    assert ask(ASK, WAVES | {"pod.yaml": pod, "needed.yaml": hook}) == []
    assert ask(ASK, {"pod.yaml": pod, "needed.yaml": needed}) == []


@pytest.mark.parametrize("value", ["null", "1", "text", "[1, null, [a]]", "{a: 1}", "[{name: 1}, {name: []}]"])
def test_values_of_any_type_crash_nothing(ask: Ask, value: str) -> None:
    files = {
        "a.yaml": flux("a", "name: a").replace("\n    - name: a", f" {value}"),
        "kustomization.yaml": f"resources: {value}\ncomponents: {value}\nnamespace: {value}\n",
        "b/kustomization.yaml": f"resources: [b.yaml]\ncommonAnnotations: {value}\nnamePrefix: {value}\n",
        "b/b.yaml": waved(
            "Pod", "a", "1", f"spec: {{containers: {value}, volumes: {value}, serviceAccountName: {value}}}"
        ),
        "c.yaml": f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a, annotations: {value}}}\nspec: {value}\n",
    }

    assert ask(ASK, files) == []


def test_a_thousand_kustomizations_in_a_chain_end_soon(ask: Ask) -> None:
    files = {f"k{n}/kustomization.yaml": f"resources: [../k{n + 1}, x.yaml]\n" for n in range(1000)}
    files |= {f"k{n}/x.yaml": waved("ConfigMap", f"a{n}", "1") for n in range(1000)}
    start = process_time()

    assert ask(ASK, files) == []
    assert len(ask(ASK, files | {"k1000/kustomization.yaml": "resources: [../k0]\n"})) == 1
    assert process_time() - start < 20
