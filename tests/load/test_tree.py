"""Each file is named for what it is, and only what a cluster would be given becomes a resource."""

from __future__ import annotations

import pytest

from gitops_guard.load import tree
from gitops_guard.load.layout import Layout
from gitops_guard.model.resource import FileKind, ResourceId, Tree

CONFIG_MAP = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
DEPLOYMENT = b"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n"
JSON_PATCH = b"- op: replace\n  path: /spec/replicas\n  value: 2\n"


def build(**files: bytes) -> Tree:
    return tree.from_files({name.replace("__", "/"): data for name, data in files.items()})


def of(files: dict[str, bytes]) -> dict[str, FileKind]:
    return {file.path: file.kind for file in tree.from_files(files).files}


@pytest.mark.parametrize(
    ("path", "data", "kind"),
    [
        pytest.param("a.yaml", CONFIG_MAP, FileKind.MANIFEST, id="manifest"),
        pytest.param("a.json", b'{"apiVersion": "v1", "kind": "Pod"}', FileKind.MANIFEST, id="JSON manifest"),
        pytest.param("a.yaml", b"kind: Pod\nmetadata: {name: a}\n", FileKind.MANIFEST, id="apiVersion is missing"),
        pytest.param("a/kustomization.yaml", b"resources: []\n", FileKind.KUSTOMIZATION, id="without kind"),
        pytest.param("Kustomization", b"resources: []\n", FileKind.KUSTOMIZATION, id="without suffix"),
        pytest.param(
            "c/kustomization.yaml",
            b"apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n",
            FileKind.COMPONENT,
            id="component",
        ),
        pytest.param("a.yaml", JSON_PATCH, FileKind.JSON_PATCH, id="JSON6902"),
        pytest.param("patches/web.yaml", DEPLOYMENT, FileKind.STRATEGIC_PATCH, id="in a folder of patches"),
        pytest.param("a.yaml", DEPLOYMENT + b"$patch: delete\n", FileKind.STRATEGIC_PATCH, id="with a directive"),
        pytest.param("dispatcher.yaml", DEPLOYMENT, FileKind.MANIFEST, id="patch inside a word"),
        pytest.param("a.yaml", b"a: {{ .Values.x }}\n", FileKind.TEMPLATE, id="template outside a chart"),
        pytest.param("a.yaml", b"{% if x %}\na: 1\n{% endif %}\n", FileKind.TEMPLATE, id="jinja"),
        pytest.param("a.yaml.j2", b"x", FileKind.TEMPLATE, id="template by suffix"),
        pytest.param("prod-values.yaml", b"image: {tag: 1}\n", FileKind.HELM_VALUES, id="values"),
        pytest.param("s.yaml", b"a: ENC[x]\nsops: {mac: x}\n", FileKind.SOPS, id="SOPS"),
        pytest.param("s.yaml", b"\0GITCRYPT\0abc", FileKind.GIT_CRYPT, id="git-crypt"),
        pytest.param(".github/workflows/x.yaml", b"on: push\n", FileKind.CI_WORKFLOW, id="workflow"),
        pytest.param(".gitlab-ci.yml", b"x: !reference [a, b]\n", FileKind.CI_WORKFLOW, id="GitLab"),
        pytest.param(".gitops-guard.yaml", b"version: 1\n", FileKind.GUARD, id="ours"),
        pytest.param("e.yaml", b"# nothing\n---\n", FileKind.EMPTY, id="comments only"),
        pytest.param("e.yaml", b"", FileKind.EMPTY, id="empty"),
        pytest.param("b.yaml", b"a: [\n", FileKind.BROKEN, id="broken"),
        pytest.param("package.json", b'{"name": "x"}', FileKind.OTHER_YAML, id="other JSON"),
        pytest.param("tsconfig.json", b'{// comment\n"a": 1}', FileKind.OTHER_YAML, id="JSON with comments"),
        pytest.param("compose.yaml", b"services: {}\n", FileKind.OTHER_YAML, id="other YAML"),
        pytest.param("k.yaml", b"apiVersion: v1\nkind: Config\nusers: []\n", FileKind.OTHER_YAML, id="kubeconfig"),
        pytest.param("README.md", b"# hi", FileKind.NOT_YAML, id="prose"),
    ],
)
def test_a_file_is_named_for_what_it_is(path: str, data: bytes, kind: FileKind) -> None:
    assert of({path: data}) == {path: kind}


@pytest.mark.parametrize(
    ("entry", "path", "data", "kind"),
    [
        ("patches: [{path: web.yaml}]", "a/web.yaml", DEPLOYMENT, FileKind.STRATEGIC_PATCH),
        ("patchesStrategicMerge: [web.yaml]", "a/web.yaml", DEPLOYMENT, FileKind.STRATEGIC_PATCH),
        ("patches: [{path: ../p.yaml}]", "p.yaml", JSON_PATCH, FileKind.JSON_PATCH),
        ("configMapGenerator: [{name: x, files: [x=web.yaml]}]", "a/web.yaml", DEPLOYMENT, FileKind.OTHER_YAML),
        ("secretGenerator: [{name: x, envs: [v.yaml]}]", "a/v.yaml", b"a: 1", FileKind.OTHER_YAML),
        ("helmCharts: [{name: x, valuesFile: v.yaml}]", "a/v.yaml", b"a: 1", FileKind.HELM_VALUES),
        ("configurations: [c.yaml]", "a/c.yaml", b"nameReference: []", FileKind.OTHER_YAML),
        ("resources: [patch-job.yaml]", "a/patch-job.yaml", DEPLOYMENT, FileKind.MANIFEST),
    ],
)
def test_a_kustomization_says_what_a_file_is(entry: str, path: str, data: bytes, kind: FileKind) -> None:
    assert of({"a/kustomization.yaml": entry.encode(), path: data})[path] is kind


def test_a_chart_makes_templates_values_and_crds() -> None:
    kinds = of(
        {
            "chart/Chart.yaml": b"apiVersion: v2\nname: x\nversion: 1.0.0\n",
            "chart/templates/web.yaml": b"{{ if }}",
            "chart/values.yaml": b"a: 1\n",
            "chart/crds/x.yaml": b"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n",
        }
    )

    assert list(kinds.values()) == [
        FileKind.HELM_CHART,
        FileKind.MANIFEST,
        FileKind.HELM_TEMPLATE,
        FileKind.HELM_VALUES,
    ]


def test_a_list_is_unwrapped_and_its_items_keep_their_lines() -> None:
    found = build(x__yaml=b"").resources
    data = b"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: a\n"

    (item,) = tree.from_files({"x.yaml": data}).resources

    assert found == ()
    assert item.id == ResourceId("", "ConfigMap", "", "a")
    assert item.location == ("x.yaml", 4, 3)
    assert item.locate(("metadata", "name")) == ("x.yaml", 7, 11)


def test_an_item_of_a_typed_list_takes_the_kind_of_its_list() -> None:
    data = b"apiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata: {name: a}\n"

    assert [resource.id.kind for resource in tree.from_files({"x.yaml": data}).resources] == ["ConfigMap"]


def test_partial_resources_are_files_but_no_resources() -> None:
    found = tree.from_files({"patches/web.yaml": DEPLOYMENT, "a.yaml": CONFIG_MAP})

    assert [resource.id.name for resource in found.resources] == ["a"]
    assert [file.reason.partition(";")[0] for file in found.files] == ["", "a patch is a part of a resource"]


def test_an_encrypted_manifest_is_a_resource_whose_values_are_not_checked() -> None:
    data = b"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nsops: {mac: x}\n"

    found = tree.from_files({"s.yaml": data})

    assert [resource.id.kind for resource in found.resources] == ["Secret"]
    assert found.files[0].reason.startswith("values are encrypted by SOPS")


def test_a_document_that_is_encrypted_as_a_whole_is_no_resource() -> None:
    data = b"apiVersion: ENC[AES256_GCM,data:x]\nkind: ENC[AES256_GCM,data:x]\nmetadata: {}\nsops: {mac: x}\n"

    found = tree.from_files({"s.yaml": data})

    assert (found.resources, found.files[0].reason) == ((), "encrypted by SOPS as a whole")


def test_a_broken_document_leaves_the_resources_of_the_others() -> None:
    found = tree.from_files({"x.yaml": CONFIG_MAP + b"---\na: [\n"})

    assert [resource.id.name for resource in found.resources] == ["a"]
    assert [(rule, problem.at.line) for rule, _, problem in found.files[0].problems if problem.at] == [
        ("yaml-syntax", 6)
    ]


@pytest.mark.parametrize("body", [b"metadata: []", b"metadata: {name: {a: 1}}", b"metadata: {name: 12, namespace: []}"])
def test_odd_metadata_makes_an_empty_id_and_no_crash(body: bytes) -> None:
    (resource,) = tree.from_files({"x.yaml": b"apiVersion: v1\nkind: Pod\n" + body}).resources

    assert (resource.id, dict(resource.labels)) == (ResourceId("", "Pod", "", ""), {})


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        pytest.param(b"", "", id="nothing else"),
        pytest.param(b"---\n# only a comment\n", "", id="an empty document"),
        pytest.param(b"---\nspec:\n  replicas: 1\n", "1 of its 2 documents is no resource", id="the half of one"),
        pytest.param(b"---\n- a\n---\nb\n", "2 of its 3 documents are no resources", id="a list and a text"),
        pytest.param(
            b"---\napiVersion: v1\nkind: List\nitems: [a, {b: c}]\n",
            "1 of its 2 documents is no resource",
            id="a list of something else",
        ),
        pytest.param(b"---\napiVersion: v1\nkind: PodList\nitems: [{metadata: {name: a}}]\n", "", id="a typed list"),
    ],
)
def test_a_document_that_is_no_resource_is_in_the_ledger(rest: bytes, reason: str) -> None:
    (file,) = build(**{"a.yaml": CONFIG_MAP + rest}).files

    assert (file.kind, file.reason) == (FileKind.MANIFEST, reason)


def test_the_ledger_says_why_a_file_of_kustomize_or_of_capitals_is_not_checked() -> None:
    files = {
        "kustomization.yaml": b"transformers: [labels.yaml]\nconfigMapGenerator: [{name: a, files: [a.yaml]}]\n",
        "labels.yaml": b"apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: a}\n",
        "a.yaml": b"port: 1\n",
        "x.YAML": b"",
        "broken.json": b'{"apiVersion": "v1", "kind": "Pod",}',
        "run.sh": b"",
    }

    found = {file.path: (file.kind.value, file.reason) for file in tree.from_files(files).files}

    assert found["labels.yaml"] == ("other YAML", "read by kustomize, not by a cluster")
    assert found["a.yaml"] == ("other YAML", "a kustomization reads it, not a cluster")
    assert found["x.YAML"][1] == "its name ends in capitals, and kubectl takes only .yaml, .yml and .json from a folder"
    assert found["broken.json"] == ("broken file", "it does not parse")
    assert found["run.sh"][1] == "neither YAML nor JSON"


def test_the_tree_tells_the_app_of_any_path() -> None:
    files = {"apps/shop/overlays/production/kustomization.yaml": b"resources: []"}

    repository = tree.from_files(files, Layout(files).app_of)

    app = repository.app_of("apps/shop/overlays/production/patch.yaml")
    assert app is not None
    assert (app.name, app.environment) == ("shop", "production")
    assert tree.from_files(files).app_of("apps/shop/overlays/production/patch.yaml") is None
