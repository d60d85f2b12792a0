"""What kustomize reads: the real one builds from the inputs alone what it builds from the whole repository."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import pytest

from gitops_guard.load import tree
from gitops_guard.model.kustomization import Kustomizations
from gitops_guard.model.resource import Tree
from gitops_guard.render import inputs
from gitops_guard.render.inputs import Inputs, Why

# How many roots of each corpus kustomize builds without a network, of those that were chosen; some have none.
CORPORA = {
    "flux2-kustomize-helm-example": 6,
    "flux2-multi-tenancy": 6,
    "gitops-catalog": 24,
    "home-ops-flux": 25,
    "home-ops-sops": 11,
    "kubernetes-examples": 0,
    "microservices-demo": 5,
    "podinfo": 1,
}
ROOTS = 25


def read(folder: Path) -> tuple[Tree, dict[str, bytes]]:
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }
    return tree.from_files(files), files


def build(kubectl: Path, folder: Path) -> bytes | None:
    done = subprocess.run(
        [kubectl, "kustomize", "--load-restrictor", "LoadRestrictionsNone", folder],
        capture_output=True,
        check=False,
        env={
            "HOME": "/nonexistent",
            "PATH": "",
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "HTTP_PROXY": "http://127.0.0.1:9",
        },
    )
    return done.stdout if done.returncode == 0 else None


@pytest.mark.shared
@pytest.mark.parametrize("name", CORPORA)
def test_kustomize_builds_the_same_from_the_inputs_alone(
    name: str, corpus: Callable[[str], Path], kubectl: Path, tmp_path: Path
) -> None:
    repository = corpus(name)
    whole, files = read(repository)
    roots = sorted(Kustomizations(whole).roots())
    chosen = random.Random(6).sample(roots, min(ROOTS, len(roots)))
    built = 0
    for number, root in enumerate(chosen):
        needed = inputs.of(whole, root)
        if needed.refused or needed.charts:
            continue
        alone = tmp_path / str(number)
        for path in needed.files:
            (alone / path).parent.mkdir(parents=True, exist_ok=True)
            (alone / path).write_bytes(files[path])
        theirs = build(kubectl, repository / root)
        assert build(kubectl, alone / root) == theirs, root
        built += theirs is not None
    assert built == CORPORA[name]


def needed(root: str = "app", **content: str) -> Inputs:
    return inputs.of(tree.from_files({path: text.encode() for path, text in content.items()}), root)


def kustomization(**fields: str) -> dict[str, str]:
    """`app/kustomization.yaml` with some fields as flow YAML, and files that they could name."""
    return {
        "app/kustomization.yaml": "".join(f"{name}: {value}\n" for name, value in fields.items()),
        "app/a.yaml": "kind: A\n",
        "app/b.env": "KEY=value\n",
        "other/c.yaml": "kind: C\n",
    }


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("resources", "[a.yaml]", "app/a.yaml"),
        ("resources", "[./../app//a.yaml]", "app/a.yaml"),
        ("resources", "[../other/c.yaml]", "other/c.yaml"),
        ("crds", "[a.yaml]", "app/a.yaml"),
        ("configurations", "[a.yaml]", "app/a.yaml"),
        ("openapi", "{path: a.yaml}", "app/a.yaml"),
        ("patches", "[{path: a.yaml}]", "app/a.yaml"),
        ("patchesStrategicMerge", "[a.yaml]", "app/a.yaml"),
        ("patchesJson6902", "[{path: a.yaml, target: {kind: A}}]", "app/a.yaml"),
        ("replacements", "[{path: a.yaml}]", "app/a.yaml"),
        ("configMapGenerator", "[{name: x, files: [key=b.env]}]", "app/b.env"),
        ("configMapGenerator", "[{name: x, envs: [b.env]}]", "app/b.env"),
        ("secretGenerator", "[{name: x, env: b.env}]", "app/b.env"),
        ("transformers", "[a.yaml]", "app/a.yaml"),
        ("generators", "[a.yaml]", "app/a.yaml"),
        ("validators", "[a.yaml]", "app/a.yaml"),
        ("helmCharts", "[{name: x, valuesFile: a.yaml}]", "app/a.yaml"),
    ],
)
def test_a_file_that_a_field_names_is_an_input(field: str, value: str, path: str) -> None:
    assert needed(**kustomization(**{field: value})).files == tuple(sorted(("app/kustomization.yaml", path)))


def test_what_is_not_there_is_named_as_absent() -> None:
    found = needed(**kustomization(resources="[a.yaml, gone.yaml]"))
    assert found.absent == ("app/Kustomization", "app/gone.yaml", "app/kustomization.yml")


def test_the_files_of_bases_and_components_are_inputs() -> None:
    found = needed(
        **kustomization(resources="[../base]", components="[../component]"),
        **{
            "base/kustomization.yaml": "resources: [d.yaml]\n",
            "base/d.yaml": "kind: D\n",
            "component/kustomization.yaml": "kind: Component\nresources: [e.yaml]\n",
            "component/e.yaml": "kind: E\n",
        },
    )
    assert found.files == (
        "app/kustomization.yaml",
        "base/d.yaml",
        "base/kustomization.yaml",
        "component/e.yaml",
        "component/kustomization.yaml",
    )


def test_the_files_that_a_plugin_names_are_inputs() -> None:
    files = kustomization(transformers="[a.yaml]")
    files["app/a.yaml"] = PLUGIN + "path: ../other/c.yaml\n"
    assert "other/c.yaml" in needed(**files).files


def test_a_plugin_that_is_built_from_a_folder_is_refused() -> None:
    files = kustomization(transformers="[../plugin]") | {"plugin/kustomization.yaml": "resources: []\n"}
    assert [(one.why, one.location.line) for one in needed(**files).refused] == [(Why.PLUGIN_FOLDER, 1)]


PLUGIN = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: x}\n"
ADDRESSES = [
    "path: http://127.0.0.1:1/x\n",
    "Path: HTTPS://127.0.0.1:1/x\n",
    "path: >-\n  http://127.0.0.1:1/x\n",
    'path: "\\x68ttp://127.0.0.1:1/x"\n',
    "files: [k=http://127.0.0.1:1/x]\n",
    "a: {b: [{c: http://127.0.0.1:1/x}]}\n",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_in_a_plugin_is_refused_wherever_it_stands(address: str) -> None:
    in_file = kustomization(transformers="[a.yaml]") | {"app/a.yaml": PLUGIN + address}
    inside = kustomization() | {"app/kustomization.yaml": "transformers:\n- |\n" + indent(PLUGIN + address, "  ")}
    assert [one.why for one in needed(**in_file).refused] == [Why.REMOTE]
    assert [(one.why, one.location.line) for one in needed(**inside).refused] == [(Why.REMOTE, 2)]


@pytest.mark.parametrize("text", ["", "kind: [A\n", "- a\n", "{{ .x }}\n"])
def test_a_plugin_that_cannot_be_read_is_refused(text: str) -> None:
    in_file = kustomization(generators="[a.yaml]") | {"app/a.yaml": text}
    assert [one.why for one in needed(**in_file).refused] == [Why.PLUGIN]


def test_an_inline_plugin_names_inputs_too() -> None:
    inside = kustomization(transformers="['{kind: X, path: ../other/c.yaml}']")
    assert needed(**inside).files == ("app/kustomization.yaml", "other/c.yaml")


def test_a_chart_is_an_input_with_all_that_lies_in_it() -> None:
    chart = {"app/charts/x/Chart.yaml": "name: x\n", "app/charts/x/templates/a.txt": "", "app/chart.yaml": ""}
    found = needed(**kustomization(helmCharts="[{name: x}]"), **chart)
    assert found.charts
    assert found.files == ("app/charts/x/Chart.yaml", "app/charts/x/templates/a.txt", "app/kustomization.yaml")


@pytest.mark.parametrize(
    ("field", "value", "why", "line"),
    [
        ("resources", "[https://example.invalid/a.yaml]", Why.REMOTE, 1),
        ("resources", "['git@example.invalid:a/b']", Why.REMOTE, 1),
        ("resources", "['example.invalid/a/b?ref=v1']", Why.REMOTE, 1),
        ("components", "['ssh://example.invalid/a']", Why.REMOTE, 1),
        ("configMapGenerator", "[{name: x, files: ['k=https://example.invalid/a']}]", Why.REMOTE, 1),
        ("patches", "[{path: 'https://example.invalid/a'}]", Why.REMOTE, 1),
        ("openapi", "{path: 'https://example.invalid/a'}", Why.REMOTE, 1),
        ("resources", "[../../a.yaml]", Why.OUTSIDE, 1),
        ("resources", "[/etc/passwd]", Why.OUTSIDE, 1),
        ("configMapGenerator", "[{name: x, files: [/etc/passwd]}]", Why.OUTSIDE, 1),
        ("helmGlobals", "{chartHome: ../..}", Why.OUTSIDE, 1),
        ("helmGlobals", "{configHome: plugins}", Why.CONFIG_HOME, 1),
        ("resources", "[../app]", Why.CIRCLE, 1),
        ("resources", "[.]", Why.CIRCLE, 1),
    ],
)
def test_an_entry_that_no_build_is_let_have_is_refused_at_its_line(field: str, value: str, why: Why, line: int) -> None:
    refused = needed(**kustomization(namespace="x", **{field: value})).refused
    assert [(one.why, one.location.file, one.location.line) for one in refused] == [
        (why, "app/kustomization.yaml", line + 1)
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Resources", "[a.yaml]"),
        ("RESOURCES", "[/etc/hostname]"),
        ('"re\\u017fources"', "[/etc/hostname]"),
        ('"PATCHE\\u017f"', "[{path: /etc/hostname}]"),
        ("configmapgenerator", "[{name: x, files: [/etc/hostname]}]"),
        ("configMapGenerator", "[{name: x, Files: [/etc/hostname]}]"),
        ("secretGenerator", "[{name: x, ENV: /etc/hostname}]"),
        ("openapi", "{Path: /etc/hostname}"),
        ("helmGlobals", "{confighome: x}"),
    ],
)
def test_a_field_that_only_kustomize_knows_by_its_spelling_is_refused(field: str, value: str) -> None:
    refused = needed(**kustomization(namespace="x", **{field: value})).refused
    assert [(one.why, one.location.line) for one in refused] == [(Why.SPELLING, 2)]


def test_labels_may_be_spelled_like_fields() -> None:
    files = kustomization(
        commonLabels="{Path: x, Files: y}",
        labels="[{pairs: {Resources: x}}]",
        patches="[{target: {kind: A}, patch: x}]",
    )
    assert needed(**files).refused == ()


@pytest.mark.parametrize(
    "text", ["resources: [a.yaml\n", "- a.yaml\n", "resources: [a.yaml]\nresources: [b.env]\n", "a: *b\n", ""]
)
def test_a_kustomization_that_cannot_be_read_is_refused(text: str) -> None:
    files = kustomization() | {"app/kustomization.yaml": text}
    assert [one.why for one in needed(**files).refused] == [Why.BROKEN]


def test_a_circle_through_others_is_refused_where_it_closes() -> None:
    files = {f"{name}/kustomization.yaml": f"resources: [../{other}]\n" for name, other in ("ab", "bc", "ca")}
    refused = needed("a", **files).refused
    assert [(one.why, one.location.file) for one in refused] == [(Why.CIRCLE, "c/kustomization.yaml")]


def test_a_base_that_is_built_twice_is_no_circle() -> None:
    files = {
        "app/kustomization.yaml": "resources: [../a, ../b]\n",
        "a/kustomization.yaml": "resources: [../base]\n",
        "b/kustomization.yaml": "resources: [../base]\n",
        "base/kustomization.yaml": "resources: []\n",
    }
    assert needed(**files).refused == ()


def test_a_chain_of_any_length_is_followed() -> None:
    files = {f"n{number}/kustomization.yaml": f"resources: [../n{number + 1}]\n" for number in range(3_000)}
    assert len(needed("n0", **files).files) == 3_000
