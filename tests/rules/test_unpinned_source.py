"""Sources that move, whose they are, and which ranges are on purpose."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from gitops_guard.load import tree
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.own import git_generators
from gitops_guard.model.resource import Location
from gitops_guard.rules import all_rules

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "unpinned-source"
BOOTSTRAP = {
    "clusters/one/flux-system/gotk-sync.yaml": json.dumps(
        {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"name": "flux-system", "namespace": "flux-system"},
            "spec": {"url": "ssh://git@github.com/example/fleet", "ref": {"branch": "main"}},
        }
    )
}


def resource(api_version: str, kind: str, spec: object, name: str = "it") -> str:
    return json.dumps({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec})


def flux(kind: str, **spec: object) -> str:
    return resource("source.toolkit.fluxcd.io/v1", kind, spec)


def release(**chart: object) -> str:
    spec = {"chart": "shop", "sourceRef": {"kind": "HelmRepository", "name": "it"}, **chart}
    return resource("helm.toolkit.fluxcd.io/v2", "HelmRelease", {"chart": {"spec": spec}})


def application(**source: object) -> str:
    return resource("argoproj.io/v1alpha1", "Application", {"source": source})


def paths(found: list[tuple[Location, Problem]]) -> list[str]:
    return [".".join(map(str, problem.path)) for _, problem in found]


@pytest.mark.parametrize(
    ("version", "found"),
    [
        pytest.param(None, "spec.chart.spec.chart", id="none"),
        pytest.param("", "spec.chart.spec.chart", id="empty"),
        pytest.param("*", "spec.chart.spec.version", id="a star"),
        pytest.param(">=0.0.0", "spec.chart.spec.version", id="all that there is"),
        pytest.param(">=0.0.0-0", "spec.chart.spec.version", id="with what is not released yet"),
        pytest.param("1.2.3", "", id="a version"),
        pytest.param("1.x", "", id="a range"),
        pytest.param(">=1.0.0-alpha", "", id="a range without an end, as Flux' own example has it"),
        pytest.param("${VERSION}", "", id="a placeholder"),
        pytest.param(1.2, "", id="a number"),
        pytest.param(["*"], "", id="a list"),
    ],
)
def test_a_chart_of_flux_needs_a_version_or_a_range(ask: Ask, version: object, found: str) -> None:
    assert paths(ask(ASK, release(version=version))) == ([found] if found else [])


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [("any", []), ("bounded", [">=1.0.0"]), ("none", [">=1.0.0", "1.x", "~1.2", "1.2", ">=1 <2"])],
)
def test_ranges_of_flux_are_an_option(ask: Ask, allowed: str, refused: list[str]) -> None:
    versions = [">=1.0.0", "1.x", "~1.2", "1.2", ">=1 <2", "1.2.3"]

    assert [one for one in versions if ask(ASK, release(version=one), flux_ranges=allowed)] == refused


@pytest.mark.parametrize("kind", ["GitRepository", "Bucket"])
def test_a_chart_out_of_a_repository_has_the_version_of_the_repository(ask: Ask, kind: str) -> None:
    assert ask(ASK, release(sourceRef={"kind": kind, "name": "it"})) == []


@pytest.mark.parametrize(
    "kustomization",
    [
        pytest.param({"patches": [{"path": "patch.yaml"}]}, id="a file"),
        pytest.param({"patches": [{"patch": "HERE", "target": {"kind": "HelmRelease"}}]}, id="inline"),
        pytest.param(
            {"patches": [{"patch": '[{"op": "add", "path": "/spec/chart/spec/version", "value": "1.2.3"}]'}]},
            id="a JSON6902 patch",
        ),
    ],
)
@pytest.mark.parametrize("name", ["it", "any-name-as-there-is-a-target"])
def test_a_version_may_come_from_a_patch(ask: Ask, kustomization: Mapping[str, object], name: str) -> None:
    patch = resource("helm.toolkit.fluxcd.io/v2", "HelmRelease", {"chart": {"spec": {"version": "1.2.3"}}}, name)
    files = {
        "base/release.yaml": release(),
        "production/kustomization.yaml": json.dumps(kustomization).replace("HERE", json.dumps(patch)[1:-1]),
        "production/patch.yaml": patch,
    }

    if "path" not in json.dumps(kustomization["patches"]):
        del files["production/patch.yaml"]
    assert ask(ASK, files) == []


def test_a_patch_that_sets_a_version_that_moves_is_found(ask: Ask) -> None:
    patch = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  chart:\n    spec:\n      version: '*'\n"
    files = {
        "base/release.yaml": release(),
        "production/kustomization.yaml": "patches: [{path: patch.yaml}]\n",
        "production/patch.yaml": patch,
    }

    assert [(at.file, at.line) for at, _ in ask(ASK, files)] == [("production/patch.yaml", 6)]


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        pytest.param(None, "spec.url", id="none"),
        pytest.param({"tag": "latest"}, "spec.ref.tag", id="latest"),
        pytest.param({"semver": "*"}, "spec.ref.semver", id="a star"),
        pytest.param({"semver": "1.x"}, "", id="a range"),
        pytest.param({"tag": "1.2.3"}, "", id="a version"),
        pytest.param({"tag": "latest", "digest": "sha256:0"}, "", id="a digest"),
        pytest.param({"tag": ["latest"]}, "", id="a list"),
        pytest.param([], "spec.url", id="another type"),
    ],
)
def test_an_artifact_needs_a_version(ask: Ask, reference: object, found: str) -> None:
    text = flux("OCIRepository", url="oci://ghcr.io/somebody/chart", ref=reference)

    assert paths(ask(ASK, text)) == ([found] if found else [])


def test_an_artifact_of_ours_may_follow_latest(ask: Ask) -> None:
    text = flux("OCIRepository", url="oci://ghcr.io/example/manifests", ref={"tag": "latest"})

    assert ask(ASK, {**BOOTSTRAP, "source.yaml": text}) == []


def test_manifests_in_a_private_registry_are_ours_but_a_chart_is_not(ask: Ask) -> None:
    text = flux("OCIRepository", url="oci://registry.example.com/manifests", ref={"tag": "latest"})
    chart = resource("helm.toolkit.fluxcd.io/v2", "HelmRelease", {"chartRef": {"kind": "OCIRepository", "name": "it"}})

    assert ask(ASK, {**BOOTSTRAP, "source.yaml": text}) == []
    assert paths(ask(ASK, {**BOOTSTRAP, "source.yaml": text, "release.yaml": chart})) == ["spec.ref.tag"]


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        pytest.param({"branch": "main"}, "spec.ref.branch", id="a branch"),
        pytest.param(None, "spec.url", id="none"),
        pytest.param({"name": "refs/heads/main"}, "spec.ref.name", id="a branch by its full name"),
        pytest.param({"semver": "*"}, "spec.ref.semver", id="any tag"),
        pytest.param({"name": "refs/tags/v1"}, "", id="a tag by its full name"),
        pytest.param({"tag": "v1.0.0"}, "", id="a tag"),
        pytest.param({"branch": "main", "commit": "3f2a9bc"}, "", id="a commit"),
        pytest.param({"semver": "1.x"}, "", id="a range"),
        pytest.param({"branch": 1}, "", id="a number"),
    ],
)
def test_a_repository_of_others_needs_a_tag(ask: Ask, reference: object, found: str) -> None:
    text = flux("GitRepository", url="https://github.com/somebody/operator", ref=reference)

    assert paths(ask(ASK, {**BOOTSTRAP, "source.yaml": text})) == ([found] if found else [])


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://github.com/example/fleet.git", id="this repository by another address"),
        pytest.param("git@github.com:Example/shop.git", id="another one of the same owner"),
    ],
)
def test_a_repository_of_ours_may_follow_a_branch(ask: Ask, url: str) -> None:
    text = flux("GitRepository", url=url, ref={"branch": "main"})

    assert ask(ASK, {**BOOTSTRAP, "source.yaml": text}) == []


def test_a_repository_from_which_a_folder_of_this_tree_is_deployed_is_ours(ask: Ask) -> None:
    files = {
        "cluster.yaml": flux("GitRepository", url="https://github.com/example/fleet", ref={"branch": "main"})
        + "\n---\n"
        + resource(
            "kustomize.toolkit.fluxcd.io/v1",
            "Kustomization",
            {"path": "./apps/shop", "sourceRef": {"kind": "GitRepository", "name": "it"}},
        ),
        "apps/shop/kustomization.yaml": "namespace: shop\n",
    }

    assert ask(ASK, files) == []
    assert paths(ask(ASK, {"cluster.yaml": files["cluster.yaml"]})) == ["spec.ref.branch"]


def test_while_no_owner_is_known_a_repository_without_a_path_is_left_alone(ask: Ask) -> None:
    assert ask(ASK, flux("GitRepository", url="https://github.com/example/fleet", ref={"branch": "main"})) == []
    assert ask(ASK, application(repoURL="https://github.com/example/fleet", path=".", targetRevision="HEAD")) == []


@pytest.mark.parametrize(
    "instance",
    [
        pytest.param(("fluxcd.controlplane.io/v1", "FluxInstance", False), id="a FluxInstance"),
        pytest.param(("helm.toolkit.fluxcd.io/v2", "HelmRelease", True), id="its chart"),
    ],
)
def test_the_flux_operator_says_which_repository_is_ours(ask: Ask, instance: tuple[str, str, bool]) -> None:
    api_version, kind, is_chart = instance
    sync = {"sync": {"kind": "GitRepository", "url": "https://github.com/example/fleet"}}
    spec = {"values": {"instance": sync}} if is_chart else sync
    files = {
        "instance.yaml": resource(api_version, kind, spec, "flux"),
        "ours.yaml": flux("GitRepository", url="https://github.com/example/shop", ref={"branch": "main"}),
        "theirs.yaml": flux("GitRepository", url="https://github.com/somebody/shop", ref={"branch": "main"}),
    }

    assert [at.file for at, _ in ask(ASK, files)] == ["theirs.yaml"]


def test_ours_is_an_option(ask: Ask) -> None:
    text = flux("GitRepository", url="https://github.com/sister/shop", ref={"branch": "main"})

    for own in ("github.com/sister", "https://github.com/sister/shop.git", "github.com/*/shop"):
        assert ask(ASK, {**BOOTSTRAP, "source.yaml": text}, own=[own]) == []
    assert ask(ASK, {**BOOTSTRAP, "source.yaml": text}, own=["github.com/sis"]) != []


@pytest.mark.parametrize(
    ("target", "found"),
    [
        pytest.param(None, "spec.source.repoURL", id="none"),
        pytest.param("HEAD", "spec.source.targetRevision", id="HEAD"),
        pytest.param("main", "spec.source.targetRevision", id="a branch"),
        pytest.param("refs/heads/release-1.2", "spec.source.targetRevision", id="a branch by its full name"),
        pytest.param("v1.*", "spec.source.targetRevision", id="a range of tags"),
        pytest.param("*", "spec.source.targetRevision", id="any tag"),
        pytest.param("v1.2.3", "", id="a tag"),
        pytest.param("3f2a9bc", "", id="a commit"),
        pytest.param("{{ revision }}", "", id="a placeholder"),
        pytest.param(1, "", id="a number"),
    ],
)
def test_argo_follows_a_repository_of_others_at_a_tag(ask: Ask, target: object, found: str) -> None:
    text = application(repoURL="https://github.com/somebody/shop", path="deploy", targetRevision=target)

    assert paths(ask(ASK, text)) == ([found] if found else [])


@pytest.mark.parametrize(
    ("target", "found"),
    [
        pytest.param(None, "spec.source.repoURL", id="none"),
        pytest.param("HEAD", "spec.source.targetRevision", id="HEAD"),
        pytest.param("*", "spec.source.targetRevision", id="a star"),
        pytest.param("1.x", "spec.source.targetRevision", id="a range"),
        pytest.param(">=1.0", "spec.source.targetRevision", id="a range without an end"),
        pytest.param("1.2", "", id="two numbers, which Argo CD takes for a version"),
        pytest.param("1.2.3", "", id="a version"),
    ],
)
def test_a_chart_of_argo_needs_a_version(ask: Ask, target: object, found: str) -> None:
    text = application(repoURL="https://charts.example.com", chart="shop", targetRevision=target)

    assert paths(ask(ASK, text)) == ([found] if found else [])


def test_ranges_of_argo_are_an_option(ask: Ask) -> None:
    def found(target: str, allowed: str) -> bool:
        text = application(repoURL="https://charts.example.com", chart="shop", targetRevision=target)
        return bool(ask(ASK, text, argo_ranges=allowed))

    assert [found("1.x", allowed) for allowed in ("none", "bounded", "any")] == [True, False, False]
    assert [found(">=1.0", allowed) for allowed in ("none", "bounded", "any")] == [True, True, False]


def test_sources_of_an_application_set_are_judged_one_by_one(ask: Ask) -> None:
    sources = [
        {"repoURL": "https://charts.example.com", "chart": "shop", "targetRevision": "*"},
        {"repoURL": "https://github.com/somebody/shop", "path": "deploy", "targetRevision": "HEAD"},
        {"repoURL": "https://github.com/example/fleet", "path": "{{path}}", "targetRevision": "HEAD"},
        {"repoURL": "https://github.com/somebody/values", "targetRevision": "{{ revision }}"},
        None,
    ]
    text = resource("argoproj.io/v1alpha1", "ApplicationSet", {"template": {"spec": {"sources": sources}}})

    assert paths(ask(ASK, text)) == [f"spec.template.spec.sources.{number}.targetRevision" for number in (0, 1)]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(
            {
                "sources": [
                    {"chart": "c", "targetRevision": "1.0.0", "helm": {"valueFiles": ["$own/apps/values.yaml"]}},
                    {"repoURL": "https://github.com/example/fleet", "ref": "own", "targetRevision": "main"},
                ]
            },
            id="values for a chart lie here",
        ),
        pytest.param(
            {"source": {"repoURL": "https://github.com/example/fleet", "path": "apps", "targetRevision": "HEAD"}},
            id="the folder is here",
        ),
    ],
)
def test_what_argo_takes_from_this_tree_tells_whose_it_is(ask: Ask, spec: object) -> None:
    files = {
        "argo.yaml": resource("argoproj.io/v1alpha1", "Application", spec),
        "apps/values.yaml": "a: 1\n",
        "other.yaml": application(repoURL="https://github.com/example/shop", path="deploy"),
        "theirs.yaml": application(repoURL="https://github.com/somebody/shop", path="deploy", targetRevision="main"),
    }

    assert [at.file for at, _ in ask(ASK, files)] == ["theirs.yaml"]


def test_the_generators_of_an_application_set_tell_whose_it_is(ask: Ask) -> None:
    git = {"repoURL": "https://github.com/example/fleet", "directories": [{"path": "apps/*"}, None]}
    generators = [{"matrix": {"generators": [{"git": git}, {"list": {}}]}}, {"clusters": {}}, None]
    template = {"spec": {"source": {"repoURL": "https://github.com/example/shop", "path": "deploy"}}}
    files = {
        "set.yaml": resource(
            "argoproj.io/v1alpha1", "ApplicationSet", {"generators": generators, "template": template}
        ),
        "apps/shop/kustomization.yaml": "namespace: shop\n",
    }

    assert ask(ASK, files) == []


def test_what_a_kustomization_fetches_needs_a_revision(ask: Ask) -> None:
    text = """\
        resources:
          - github.com/o/r//config
          - github.com/o/r//config?ref=v1.2.3
          - ../base
          - ${BASE}
          - 5
        components:
          - https://github.com/o/r//component?ref=main
        configMapGenerator:
          - name: it
            files:
              - a.json=https://raw.githubusercontent.com/o/r/main/a.json
              - b.json
          - null
        helmCharts:
          - name: shop
            repo: https://charts.example.com
          - name: cart
            repo: https://charts.example.com
            version: 1.x
          - name: own
            version: 1.x
        """
    found = ask(ASK, {"kustomization.yaml": text})

    assert [(at.line, at.column) for at, _ in found] == [(2, 5), (8, 5), (12, 9), (16, 11), (20, 14)]
    assert [problem.severity for _, problem in found][2] is Severity.INFO


@pytest.mark.parametrize(
    ("dependency", "files", "found"),
    [
        pytest.param({"version": "1.x"}, (), True, id="a range"),
        pytest.param({"version": "^1.2.0"}, (), True, id="a caret"),
        pytest.param({"version": "1.2"}, (), True, id="a part of a version"),
        pytest.param({"version": "1.2.3"}, (), False, id="a version"),
        pytest.param({"version": "1.x"}, ("chart/Chart.lock",), False, id="a lock"),
        pytest.param({"version": "1.x"}, ("chart/charts/redis-1.2.3.tgz",), False, id="the chart itself"),
        pytest.param({"version": "1.x"}, ("chart/charts/redis/Chart.yaml",), False, id="the chart itself, unpacked"),
        pytest.param({"version": "1.x", "repository": "file://../redis"}, (), False, id="a chart of this repository"),
        pytest.param({"version": "1.x", "repository": None}, (), False, id="no repository"),
        pytest.param({"version": None}, (), False, id="no version, which Helm refuses"),
        pytest.param({"version": 1.2}, (), False, id="a number"),
    ],
)
def test_a_chart_locks_its_dependencies(
    ask: Ask, dependency: Mapping[str, object], files: tuple[str, ...], found: bool
) -> None:
    entry = {"name": "redis", "repository": "https://charts.example.com", **dependency}
    chart = {"apiVersion": "v2", "name": "shop", "version": "1.0.0", "dependencies": [None, entry]}
    repository = {"chart/Chart.yaml": json.dumps(chart), **dict.fromkeys(files, "name: redis\n")}

    assert paths(ask(ASK, repository)) == (["dependencies.1.version"] if found else [])


def test_charts_of_other_controllers_need_a_version(ask: Ask) -> None:
    k3s = resource("helm.cattle.io/v1", "HelmChart", {"chart": "traefik", "repo": "https://charts.example.com"})
    pinned = resource("helm.cattle.io/v1", "HelmChart", {"chart": "https://example.com/traefik-1.2.3.tgz"})
    own = flux("HelmChart", chart="shop", sourceRef={"kind": "HelmRepository", "name": "it"})

    assert [paths(ask(ASK, text)) for text in (k3s, pinned, own)] == [["spec.chart"], [], ["spec.chart"]]


@pytest.mark.parametrize("spec", [None, [], 1, {"source": None, "sources": {}}, {"chart": [], "ref": 1, "url": {}}])
@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("argoproj.io/v1alpha1", "Application"),
        ("argoproj.io/v1alpha1", "ApplicationSet"),
        ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
        ("source.toolkit.fluxcd.io/v1", "GitRepository"),
        ("source.toolkit.fluxcd.io/v1", "OCIRepository"),
        ("source.toolkit.fluxcd.io/v1", "HelmChart"),
        ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
        ("fluxcd.controlplane.io/v1", "FluxInstance"),
    ],
)
def test_specs_of_any_type_are_read(ask: Ask, api_version: str, kind: str, spec: object) -> None:
    moving = flux("GitRepository", url="https://github.com/o/r", ref={"branch": "main"})
    flux_system = resource("source.toolkit.fluxcd.io/v1", "GitRepository", spec, "flux-system")

    assert ask(ASK, {"a.yaml": resource(api_version, kind, spec), "b.yaml": moving, "c.yaml": flux_system}) == []


@pytest.mark.parametrize(
    "body", ["resources: 1", "resources: [[a]]\nhelmCharts: {a: 1}", "configMapGenerator: [1]", "[]"]
)
def test_kustomizations_of_any_shape_are_read(ask: Ask, body: str) -> None:
    assert ask(ASK, {"kustomization.yaml": f"{body}\n"}) == []


def test_generators_that_contain_themselves_end(ask: Ask) -> None:
    outer: dict[str, object] = {}
    outer["generators"] = [{"matrix": outer}]
    text = resource("argoproj.io/v1alpha1", "ApplicationSet", {})
    one = tree.from_files({"set.yaml": text.encode()}).resources[0]
    object.__setattr__(one, "body", {"spec": outer})

    assert git_generators(one) == []


@pytest.mark.parametrize(
    ("files", "found"),
    [
        pytest.param(
            {"a.yaml": flux("GitRepository", url="https://github.com/o/r", ref={"branch": "main"})}, 0, id="Git"
        ),
        pytest.param({"a.yaml": release()}, 0, id="a version that a patch may set"),
        pytest.param({"a.yaml": release(version="*")}, 1, id="a version that moves"),
        pytest.param({"kustomization.yaml": "resources: ['github.com/o/r']"}, 1, id="a base"),
    ],
)
def test_picked_files_alone_are_judged_with_care(files: Mapping[str, str], found: int) -> None:
    rule = all_rules()[ASK]
    picked = tree.from_files({path: text.encode() for path, text in files.items()}, complete=False)
    options = {name: option.default for name, option in rule.options.items()}

    assert len(list(rule.run(picked, lambda _: options))) == found
