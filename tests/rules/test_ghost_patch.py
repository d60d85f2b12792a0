"""Patches and the like need something to change. What kustomize itself says is asked of kubectl."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from time import process_time

import pytest

from gitops_guard.load import tree
from gitops_guard.model import patch_target
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.kustomization import Kustomizations
from gitops_guard.model.resource import Location

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "ghost-patch"
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: front}}
spec:
  replicas: 1
  template: {spec: {containers: [{name: web, image: docker.io/library/nginx:1.27}]}}
"""
J = "- {op: replace, path: /spec/replicas, value: 3}\n"


def patch(name: str = "web", rest: str = "", version: str = "apps/v1", kind: str = "Deployment") -> str:
    return f"apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}\n{rest}spec:\n  replicas: 3\n"


def overlay(text: str, base: str = "resources: [web.yaml]\n", **more: str) -> dict[str, str]:
    """A base with one Deployment, and an overlay of it."""
    files = {"base/kustomization.yaml": base, "base/web.yaml": WEB}
    files |= {f"prod/{name.replace('__', '/')}.yaml": content for name, content in more.items()}
    return files | {"prod/kustomization.yaml": f"resources: [../base]\n{text}"}


FILE = "patches: [{path: p.yaml}]\n"
RENAMED = "resources: [web.yaml]\nnamePrefix: eu-\nnameSuffix: -x\nnamespace: shop\nlabels: [{pairs: {l: '1'}}]\n"
FATAL, SILENT, FINE = "fatal", "silent", "fine"
CASES = {
    "its name": (overlay(FILE, p=patch()), FINE),
    "another name": (overlay(FILE, p=patch("api")), FATAL),
    "another version": (overlay(FILE, p=patch(version="apps/v1beta1")), FATAL),
    "another kind": (overlay(FILE, p=patch(kind="StatefulSet")), FATAL),
    "another namespace": (overlay(FILE, p=patch(rest="  namespace: else\n")), FATAL),
    "the default namespace": (overlay(FILE, p=patch(rest="  namespace: default\n")), FINE),
    "a namespace that comes later": (overlay(f"namespace: x\n{FILE}", p=patch(rest="  namespace: x\n")), FATAL),
    "the second document": (overlay(FILE, p=f"{patch()}---\n{patch('api')}"), FATAL),
    "in the old list": (overlay("patchesStrategicMerge: [p.yaml]\n", p=patch("api")), FATAL),
    "the name before": (overlay(FILE, RENAMED, p=patch()), FINE),
    "the name after": (overlay(FILE, RENAMED, p=patch("eu-web-x", "  namespace: shop\n")), FINE),
    "a name between": (overlay(FILE, RENAMED, p=patch("web", "  namespace: shop\n")), FINE),
    "a name that never was": (overlay(FILE, RENAMED, p=patch("us-web")), FATAL),
    "deleting": (overlay(FILE, p=f"$patch: delete\n{patch('api')}"), FATAL),
    **{
        f"target {target}": (overlay(f"patches: [{{path: p.yaml, target: {target}}}]\n", RENAMED, p=J), expected)
        for target, expected in {
            "{kind: Deployment}": FINE,
            "{kind: deployment}": SILENT,
            "{kind: Deploy}": SILENT,
            "{kind: Deploy.*}": FINE,
            "{group: apps, version: v1}": FINE,
            "{group: extensions}": SILENT,
            "{version: v2}": SILENT,
            "{name: web}": FINE,
            "{name: eu-web-x}": FINE,
            "{name: eu}": SILENT,
            "{name: 'api|web'}": FINE,
            "{name: 'api|shop'}": SILENT,
            "{name: '(api|web)'}": FINE,
            "{name: web, namespace: shop}": FINE,
            "{namespace: default}": FINE,
            "{namespace: else}": SILENT,
            "{labelSelector: tier=front}": FINE,
            "{labelSelector: l=1}": FINE,
            "{labelSelector: tier=back}": SILENT,
            "{labelSelector: 'tier==front,l=2'}": SILENT,
            "{annotationSelector: a=b}": SILENT,
        }.items()
    },
    "a JSON patch in the old list": (
        overlay("patchesJson6902: [{path: p.yaml, target: {version: v1, kind: Job, name: web}}]\n", p=J),
        SILENT,
    ),
    "replicas": (overlay("replicas: [{name: web, count: 2}]\n"), FINE),
    "replicas of another": (overlay("replicas: [{name: api, count: 2}]\n"), FATAL),
    "replicas of a new name": (overlay("namePrefix: a-\nreplicas: [{name: web, count: 2}]\n"), FINE),
    "an image": (overlay("images: [{name: docker.io/library/nginx, newTag: '2'}]\n"), FINE),
    "another image": (overlay("images: [{name: nginx, newTag: '2'}]\n"), SILENT),
    "merging into nothing": (overlay("configMapGenerator: [{name: a, behavior: merge, literals: [a=b]}]\n"), FATAL),
    "merging into a generated one": (
        overlay(
            "configMapGenerator: [{name: a, behavior: merge, literals: [a=b]}]\n",
            "resources: [web.yaml]\nconfigMapGenerator: [{name: a, literals: [c=d]}]\n",
        ),
        FINE,
    ),
    "a patch of what is generated": (
        overlay(f"configMapGenerator: [{{name: a, literals: [c=d]}}]\n{FILE}", p=patch("a", "", "v1", "ConfigMap")),
        FINE,
    ),
    "the source of a replacement": (
        overlay(
            "replacements: [{source: {kind: Deployment, name: api, fieldPath: metadata.name}, "
            "targets: [{select: {kind: Deployment}, fieldPaths: [spec.a], options: {create: true}}]}]\n"
        ),
        FATAL,
    ),
    "the target of a replacement": (
        overlay(
            "replacements: [{source: {kind: Deployment, name: web, fieldPath: metadata.name}, "
            "targets: [{select: {kind: Service}, fieldPaths: [spec.a], options: {create: true}}]}]\n"
        ),
        SILENT,
    ),
    "a component": (
        overlay("components: [part]\n", part__kustomization=f"kind: Component\n{FILE}", part__p=patch()),
        FINE,
    ),
    "a component for nobody": (
        overlay("components: [part]\n", part__kustomization=f"kind: Component\n{FILE}", part__p=patch("api")),
        FATAL,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_is_that_of_kustomize(ask: Ask, kubectl: Path, tmp_path: Path, name: str) -> None:
    files, expected = CASES[name]
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(
            text.replace("kind: Component", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component")
        )
    done = subprocess.run([kubectl, "kustomize", tmp_path / "prod"], capture_output=True, text=True)
    patched = "replicas: 3" in done.stdout or "newTag" in done.stdout

    found = ask(ASK, files)

    assert (done.returncode != 0) is (expected is FATAL), done.stderr
    assert [problem.severity for _, problem in found] == {
        FATAL: [None],
        SILENT: [Severity.WARNING],
        FINE: [],
    }[expected]
    if name.startswith("target"):
        assert patched is (expected is FINE)


def places(answers: list[tuple[Location, Problem]]) -> list[tuple[str, int, int]]:
    return [(at.file, at.line, at.column) for at, _ in answers]


def test_a_file_of_one_kustomization_is_at_fault_itself(ask: Ask) -> None:
    files = overlay("patches:\n- path: p.yaml\n", p=patch("api"))

    assert places(ask(ASK, files)) == [("prod/p.yaml", 4, 9)]
    shared = files | {"other/kustomization.yaml": "resources: [../base]\npatches:\n- path: ../prod/p.yaml\n"}
    assert places(ask(ASK, shared)) == [("other/kustomization.yaml", 3, 9), ("prod/kustomization.yaml", 3, 9)]


def test_a_patch_in_place_is_at_fault_on_its_own_line(ask: Ask) -> None:
    text = "patches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata:\n      name: api\n"

    assert places(ask(ASK, overlay(text))) == [("prod/kustomization.yaml", 7, 7)]


@pytest.mark.parametrize(
    ("target", "line"),
    [("{kind: Job, name: web}", 5), ("{kind: Deployment, name: api}", 6), ("{kind: Job, name: api}", 5)],
)
def test_a_target_is_at_fault_in_the_field_that_alone_is_wrong(ask: Ask, target: str, line: int) -> None:
    kind, name = target.strip("{}").split(", ")
    text = f"patches:\n- path: p.yaml\n  target:\n    {kind}\n    {name}\n"

    assert [at.line for at, _ in ask(ASK, overlay(text, p=J))] == [line]


def test_the_message_says_that_a_namespace_comes_too_late(ask: Ask) -> None:
    text = "namespace: shop\npatches: [{path: p.yaml, target: {kind: Deployment, namespace: shop}}]\n"

    ((_, problem),) = ask(ASK, overlay(text, p=J))

    assert "sets the namespace only after its patches" in problem.message


def test_the_message_names_what_there_is(ask: Ask) -> None:
    ((_, problem),) = ask(ASK, overlay(FILE, p=patch("api")))

    assert "`api`" in problem.message
    assert "there is `web`" in problem.message


@pytest.mark.parametrize(
    "base",
    [
        pytest.param("resources: [web.yaml, https://example.com/a.yaml]\n", id="a remote resource"),
        pytest.param("resources: [web.yaml, gone.yaml]\n", id="a missing file"),
        pytest.param("resources: [web.yaml]\nhelmCharts: [{name: a}]\n", id="a chart"),
        pytest.param("resources: [web.yaml]\ngenerators: [a.yaml]\n", id="a generator"),
        pytest.param("resources: [web.yaml]\ntransformers: [a.yaml]\n", id="a transformer"),
        pytest.param("resources: [web.yaml, ../prod]\n", id="a circle"),
        pytest.param("resources: [web.yaml]\npatches: [{patch: '[{path: /metadata/name}]'}]\n", id="renaming"),
        pytest.param("- not a kustomization\n", id="no kustomization"),
    ],
)  # fmt: skip
def test_where_not_all_is_known_nothing_is_said(ask: Ask, base: str) -> None:
    files = overlay(
        f"{FILE}images: [{{name: a, newTag: b}}]\nreplicas: [{{name: b, count: 1}}]\n", base, p=patch("api")
    )

    assert [at.file for at, _ in ask(ASK, files) if at.file.startswith("prod")] == []


@pytest.mark.parametrize("name", ["${NAME}", "web-$(ENV)", "{{ name }}"])
def test_a_name_that_is_computed_later_is_left_alone(ask: Ask, name: str) -> None:
    assert ask(ASK, overlay(FILE, p=patch(f'"{name}"'))) == []
    assert ask(ASK, overlay(f'patches: [{{path: p.yaml, target: {{name: "{name}"}}}}]\n', p=J)) == []


def test_a_component_is_for_whoever_uses_it(ask: Ask) -> None:
    files = overlay("components: [../part]\n") | {
        "part/kustomization.yaml": f"kind: Component\n{FILE}",
        "part/p.yaml": patch("web"),
        "other/kustomization.yaml": "components: [../part]\n",
    }

    assert places(ask(ASK, files)) == [("other/kustomization.yaml", 1, 13)]
    silent = files | {
        "part/kustomization.yaml": "kind: Component\npatches: [{path: p.yaml, target: {kind: Deployment}}]\n",
        "part/p.yaml": J,
    }
    assert ask(ASK, silent) == []


@pytest.mark.parametrize(
    "value", ["null", "1", "text", "[1, null, [a]]", "{a: 1}", "[{name: 1}, {target: []}, {path: {}}]"]
)
def test_values_of_any_type_crash_nothing(ask: Ask, value: str) -> None:
    keys = (
        "patches", "patchesStrategicMerge", "patchesJson6902", "images", "replicas", "replacements", "components",
        "configMapGenerator", "secretGenerator", "namespace", "namePrefix", "labels", "commonLabels",
    )  # fmt: skip
    for key in keys:
        ask(ASK, overlay(f"{key}: {value}\n"))
        ask(ASK, overlay(f"patches: [{{{key}: {value}, patch: {value}, target: {{name: {value}, kind: {value}}}}}]\n"))
    ask(ASK, overlay("patches: [{path: p.yaml}]\n", p=f"apiVersion: {value}\nkind: {value}\nmetadata: {value}\n"))


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a|aa)*b", "a*a*a*a*a*b", "(" * 200, "a{1000}{1000}", "[" * 100, "\\" * 99, "x" * 200_000, "(?=a)*"],
)
def test_no_pattern_of_a_target_runs_long(pattern: str) -> None:
    start = process_time()

    patch_target.matches(pattern, "a" * 253)
    patch_target.matches(pattern, "a" * 200_000)

    assert process_time() - start < 1


def test_a_hostile_label_selector_and_image_end_soon(ask: Ask) -> None:
    start = process_time()

    long = "a" * 200_000
    ask(ASK, overlay(f"patches: [{{path: p.yaml, target: {{labelSelector: '{long}=={long}'}}}}]\n", p=J))
    ask(ASK, overlay(f"images: [{{name: {'a' * 400}, newTag: b}}]\n# {long}\n", f"resources: [web.yaml]\n# {long}\n"))

    assert process_time() - start < 3


def test_bases_that_double_end_soon(ask: Ask) -> None:
    files = {"k0/kustomization.yaml": "resources: [web.yaml]\n", "k0/web.yaml": WEB, "p.yaml": patch("api")}
    for n in range(1, 40):
        files |= {
            f"k{n}/kustomization.yaml": "resources: [a, b]\n",
            f"k{n}/a/kustomization.yaml": f"resources: [../../k{n - 1}]\nnamePrefix: a-\n",
            f"k{n}/b/kustomization.yaml": f"resources: [../../k{n - 1}]\nnamePrefix: b-\n",
        }
    start = process_time()
    built = Kustomizations(tree.from_files({path: text.encode() for path, text in files.items()})).build("k39")

    assert built.unknown == "it collects too much"
    assert process_time() - start < 5


def test_components_that_double_or_contain_themselves_end_soon() -> None:
    files = {
        f"c{n}/kustomization.yaml": f"kind: Component\ncomponents: [../c{n + 1}, ../c{n + 1}]\n" for n in range(30)
    }
    files |= {
        "c30/kustomization.yaml": "kind: Component\ncomponents: [../c30]\n",
        "a/kustomization.yaml": "components: [../c0]\n",
    }
    start = process_time()

    kustomizations = Kustomizations(tree.from_files({path: text.encode() for path, text in files.items()}))

    assert kustomizations.build("a").unknown
    assert process_time() - start < 5


def test_what_is_collected_has_all_its_names() -> None:
    files = {path: dedent(text).encode() for path, text in overlay("namePrefix: x-\n", RENAMED).items()}

    (member,) = Kustomizations(tree.from_files(files)).build("prod").members

    assert member.names[0] == ("", "web")
    assert member.names[-1] == ("shop", "x-eu-web-x")
    assert member.labels == {"tier": "front", "l": "1"}


def of_flux(spec: str) -> dict[str, str]:
    """A cluster whose Flux Kustomization has something of its own to change in the folder `prod`."""
    head = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: %s, namespace: f}\n"
    source = "  sourceRef: {kind: GitRepository, name: flux-system}\n"
    return overlay("") | {
        "clusters/a/flux-system/gotk-sync.yaml": f"{head % 'flux-system'}spec:\n  path: clusters/a\n{source}",
        "clusters/a/apps.yaml": f"{head % 'apps'}spec:\n  path: ./prod\n{source}{spec}",
    }


@pytest.mark.parametrize(
    ("name", "severity"), [("web", []), ("api", [None])], ids=["what is there", "what is not there"]
)
def test_patches_of_a_flux_kustomization_need_a_target(ask: Ask, name: str, severity: list[None]) -> None:
    text = patch(name).replace("\n", "\n        ")

    found = ask(ASK, of_flux(f"  patches:\n    - patch: |\n        {text}\n"))

    assert [problem.severity for _, problem in found] == severity
    assert [(at.file, at.line) for at, _ in found] == [("clusters/a/apps.yaml", 12)][: len(severity)]


def test_targets_and_images_of_a_flux_kustomization_may_select_nothing(ask: Ask) -> None:
    images = "  images: [{name: docker.io/library/nginx, newTag: a}, {name: nowhere, newTag: b}]\n"
    targets = "  patches: [{patch: '[]', target: {kind: Deployment}}, {patch: '[]', target: {kind: Service}}]\n"

    assert [problem.severity for _, problem in ask(ASK, of_flux(targets + images))] == [Severity.WARNING] * 2
    assert ask(ASK, of_flux(targets) | {"base/kustomization.yaml": "resources: [https://example.com/a.yaml]\n"}) == []
