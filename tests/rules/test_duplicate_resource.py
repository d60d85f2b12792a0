"""Two definitions of one resource, where something deploys both."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "duplicate-resource"


def account(name: str = "shop", namespace: str = "", version: str = "v1", kind: str = "ServiceAccount") -> str:
    place = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}{place}}}\n"


def places(found: list[tuple[Location, Problem]]) -> list[tuple[str, int]]:
    return [(at.file, at.line) for at, _ in found]


def test_the_second_definition_in_a_file_is_found_and_names_the_first(ask: Ask) -> None:
    found = ask(ASK, f"{account()}---\n{account('other')}---\n{account()}")

    assert places(found) == [("file.yaml", 11)]
    assert "file.yaml:1" in found[0][1].message


def test_another_version_of_the_api_is_the_same_resource(ask: Ask) -> None:
    text = f"{account(version='apps/v1', kind='Deployment')}---\n{account(version='apps/v1beta1', kind='Deployment')}"

    assert places(ask(ASK, text)) == [("file.yaml", 7)]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(account("other"), id="another name"),
        pytest.param(account(namespace="shop"), id="another namespace"),
        pytest.param(account(kind="ConfigMap"), id="another kind"),
        pytest.param(account(version="example.com/v1"), id="another group"),
    ],
)
def test_what_differs_in_its_id_is_another_resource(ask: Ask, other: str) -> None:
    assert ask(ASK, f"{account()}---\n{other}") == []


def test_a_generated_name_is_no_id(ask: Ask) -> None:
    job = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: run-}\n"

    assert ask(ASK, f"{job}---\n{job}") == []


def test_files_of_one_kustomization_are_deployed_together(ask: Ask) -> None:
    files = {"a/kustomization.yaml": "resources: [x.yaml, y.yaml]", "a/x.yaml": account(), "a/y.yaml": account()}

    assert places(ask(ASK, files)) == [("a/y.yaml", 3)]


def test_files_of_one_component_are_deployed_together(ask: Ask) -> None:
    component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [x.yaml, y.yaml]\n"
    files = {"a/kustomization.yaml": component, "a/x.yaml": account(), "a/y.yaml": account()}

    assert places(ask(ASK, files)) == [("a/y.yaml", 3)]


def test_a_base_is_part_of_the_kustomization_that_collects_it(ask: Ask) -> None:
    files = {
        "base/kustomization.yaml": "resources: [x.yaml]",
        "base/x.yaml": account(),
        "prod/kustomization.yaml": "resources: [../base, y.yaml]",
        "prod/y.yaml": account(),
    }

    assert places(ask(ASK, files)) == [("prod/y.yaml", 3)]


@pytest.mark.parametrize("change", ["namespace: a", "namePrefix: a-", "nameSuffix: -a", "patches: [{path: p.yaml}]"])
def test_a_base_that_changes_ids_or_number_is_not_compared(ask: Ask, change: str) -> None:
    files = {
        "base/kustomization.yaml": f"{change}\nresources: [x.yaml]",
        "base/x.yaml": account(),
        "prod/kustomization.yaml": "resources: [../base, y.yaml]",
        "prod/y.yaml": account(),
    }

    assert ask(ASK, files) == []


def test_overlays_repeat_names_on_purpose(ask: Ask) -> None:
    files = {
        f"{environment}/{name}": text
        for environment in ("dev", "prod")
        for name, text in (("kustomization.yaml", "resources: [x.yaml]"), ("x.yaml", account()))
    }

    assert ask(ASK, files) == []


def test_one_file_collected_twice_is_one_definition(ask: Ask) -> None:
    files = {"a/kustomization.yaml": "resources: [x.yaml, x.yaml]", "a/x.yaml": account()}

    assert ask(ASK, files) == []


def test_kustomizations_in_a_circle_end(ask: Ask) -> None:
    files = {
        "a/kustomization.yaml": "resources: [../b, x.yaml]",
        "b/kustomization.yaml": "resources: [../a, y.yaml]",
        "a/x.yaml": account(),
        "b/y.yaml": account(),
    }

    assert len(ask(ASK, files)) == 1


def test_alternatives_side_by_side_are_fine_until_something_deploys_the_folder(ask: Ask) -> None:
    files = {"apps/x.yaml": account(), "apps/y.yaml": account()}
    flux = """\
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: apps, namespace: flux-system}
        spec: {path: ./apps}
        """
    argo = """\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: apps, namespace: argocd}
        spec: {source: {repoURL: https://example.com/it, path: apps}}
        """

    assert ask(ASK, files) == []
    assert places(ask(ASK, files | {"clusters/apps.yaml": flux})) == [("apps/y.yaml", 3)]
    assert places(ask(ASK, files | {"clusters/apps.yaml": argo})) == [("apps/y.yaml", 3)]


def flux(name: str, path: str, rest: str = "") -> str:
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\n"
        f"spec:\n  path: {path}\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n{rest}"
    )


def settings(level: str = "info", name: str = "settings", more: str = "namespace: shop") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, {more}}}\ndata: {{level: {level}}}\n"


def cluster(one: str, two: str, rest: str = "", name: str = "a") -> dict[str, str]:
    """A cluster that Flux was bootstrapped on, with two apps."""
    return {
        f"clusters/{name}/flux-system/gotk-sync.yaml": flux("flux-system", f"./clusters/{name}"),
        f"clusters/{name}/one.yaml": flux("one", "./apps/one"),
        f"clusters/{name}/two.yaml": flux("two", "./apps/two", rest),
        "apps/one/x.yaml": one,
        "apps/two/y.yaml": two,
    }


def test_two_owners_on_one_cluster_fight_where_they_differ(ask: Ask) -> None:
    ((place, problem),) = ask(ASK, cluster(settings(), f"{account()}---\n{settings('debug')}"))

    assert (place.file, place.line) == ("apps/two/y.yaml", 7)
    assert "Kustomization `one`" in problem.message
    assert "Kustomization `two`" in problem.message
    assert "apps/one/x.yaml:1" in problem.message
    assert problem.severity is None


def test_the_same_definition_twice_is_a_warning(ask: Ask) -> None:
    ((_, problem),) = ask(ASK, cluster(settings(), settings()))

    assert problem.severity is Severity.WARNING


def test_a_pair_of_owners_is_told_once(ask: Ask) -> None:
    both = f"{settings()}---\n{settings(name='more')}"

    assert len(ask(ASK, cluster(both, both))) == 1


def test_one_folder_of_two_owners_is_found_where_the_second_is_described(ask: Ask) -> None:
    files = cluster(settings(), account()) | {"clusters/a/two.yaml": flux("two", "./apps")}

    assert places(ask(ASK, files)) == [("clusters/a/two.yaml", 5)]


@pytest.mark.parametrize(
    ("one", "two", "rest"),
    [
        pytest.param(settings(), settings(name="other"), "", id="another name"),
        pytest.param(settings(), settings(more="namespace: cart"), "", id="another namespace"),
        pytest.param(settings(), settings("debug"), "  targetNamespace: cart\n", id="a namespace of the owner"),
        pytest.param(settings(), settings("debug"), "  namePrefix: two-\n", id="a prefix of the owner"),
        pytest.param(settings(), settings("debug"), "  kubeConfig: {secretRef: {name: b}}\n", id="another cluster"),
        pytest.param(settings(), settings("debug"), "  suspend: true\n", id="suspended"),
        pytest.param(settings(), settings("debug"), "  patches: [{patch: '$patch: delete'}]\n", id="deleted"),
        pytest.param(settings(name="${APP}"), settings(name="${APP}"), "", id="a name that is computed later"),
        pytest.param(
            settings(), settings(more="namespace: shop, annotations: {kustomize.toolkit.fluxcd.io/ssa: Merge}"), "",
            id="shared on purpose",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {a: b}}\n", "", id="a namespace itself",
        ),
    ],
)  # fmt: skip
def test_what_is_not_applied_twice_is_left_alone(ask: Ask, one: str, two: str, rest: str) -> None:
    assert ask(ASK, cluster(one, two, rest)) == []


def test_two_clusters_may_have_the_same(ask: Ask) -> None:
    files = cluster(settings(), account()) | cluster(settings(), account(), name="b")
    files |= {
        "apps/two/y.yaml": settings("debug"),
        "clusters/a/two.yaml": account("nothing"),
        "clusters/b/one.yaml": account("nothing"),
    }

    assert ask(ASK, files) == []


def test_kustomizations_give_the_ids_that_are_compared(ask: Ask) -> None:
    files = cluster(settings(more="namespace: x"), settings("debug", more="namespace: y"))
    for app, file in (("one", "x"), ("two", "y")):
        files[f"apps/{app}/kustomization.yaml"] = f"namespace: shop\nresources: [{file}.yaml]\n"

    assert places(ask(ASK, files)) == [("apps/two/y.yaml", 3)]
    files["apps/two/kustomization.yaml"] += "nameSuffix: -two\n"
    assert ask(ASK, files) == []


def argo(name: str, path: str, namespace: str = "shop", server: str = "https://kubernetes.default.svc") -> str:
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\n"
        f"spec:\n  destination: {{server: '{server}', namespace: {namespace}}}\n"
        f"  source: {{repoURL: https://example.com/it.git, path: {path}}}\n"
    )


def test_applications_that_one_leads_to_are_compared_by_destination(ask: Ask) -> None:
    plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
    files = {
        "root.yaml": argo("root", "argo", "argocd"),
        "argo/one.yaml": argo("one", "apps/one"),
        "argo/two.yaml": argo("two", "apps/two"),
        "apps/one/x.yaml": plain,
        "apps/two/y.yaml": plain,
    }

    assert places(ask(ASK, files)) == [("apps/two/y.yaml", 3)]
    assert ask(ASK, files | {"argo/two.yaml": argo("two", "apps/two", "cart")}) == []
    assert ask(ASK, files | {"argo/two.yaml": argo("two", "apps/two", server="https://b")}) == []
    assert ask(ASK, {path: text for path, text in files.items() if path != "root.yaml"}) == []


@pytest.mark.parametrize("value", ["null", "1", "text", "[1, null, [a]]", "{a: 1}"])
def test_values_of_any_type_crash_nothing(ask: Ask, value: str) -> None:
    keys = ("targetNamespace", "kubeConfig", "suspend", "patches", "components", "namePrefix")
    for key in keys:
        ask(ASK, cluster(settings(), settings(), f"  {key}: {value}\n"))
    text = argo("one", "apps").replace("{server: 'https://kubernetes.default.svc', namespace: shop}", value)
    ask(ASK, {"a.yaml": text, "b.yaml": text.replace("name: one", f"name: {value}"), "apps/x.yaml": settings()})
