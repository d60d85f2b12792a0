"""Where a schema is looked for, what is said where there is none, and what a hostile definition cannot do."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_guard.load import tree
from gitops_guard.model.errors import UsageError
from gitops_guard.model.resource import Resource
from gitops_guard.schema.embedded import EmbeddedSchemas
from gitops_guard.schema.store import supported_version, versions

Check = Callable[..., Any]


def definition(schema: object, *, version: str = "v1", served: bool = True) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "spec": {
            "group": "shop.example.com",
            "names": {"kind": "Basket", "plural": "baskets"},
            "versions": [{"name": version, "served": served, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def basket(spec: str, version: str = "v1") -> str:
    return f"apiVersion: shop.example.com/{version}\nkind: Basket\nmetadata:\n  name: b\nspec: {spec}\n"


SIZED = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}


@pytest.mark.parametrize("wanted", ["1.31", "1.31.4", "v1.31", "v1.31.0"])
def test_a_version_is_written_in_any_of_the_usual_ways(wanted: str) -> None:
    assert supported_version(wanted) == "1.31"


def test_without_a_version_the_newest_is_meant() -> None:
    assert supported_version("") == versions()[-1] == "1.37"


@pytest.mark.parametrize("wanted", ["1.24", "1.38", "1", "master", "1.31.x", "1.31.1.1", "../1.31"])
def test_an_unknown_version_is_refused_with_the_range(wanted: str) -> None:
    with pytest.raises(UsageError, match=r"1\.25 to 1\.37"):
        supported_version(wanted)


@pytest.mark.parametrize(
    ("api_version", "kind", "message"),
    [
        pytest.param(
            "shop.example.com/v1",
            "Basket",
            "no schema for Basket of shop.example.com/v1, so its fields were not checked",
            id="nobody knows it",
        ),
        pytest.param(
            "certmanager.k8s.io/v1alpha1",
            "Certificate",
            "no schema for Certificate of certmanager.k8s.io/v1alpha1, so its fields were not checked; "
            "Certificate exists in cert-manager.io/v1",
            id="the group has another name now",
        ),
        pytest.param(
            "keycloak.org/v1alpha1",
            "Keycloak",
            "no schema for Keycloak of keycloak.org/v1alpha1, so its fields were not checked",
            id="another operator has a kind of this name",
        ),
        pytest.param(
            "config.example.com/v1",
            "Ingress",
            "no schema for Ingress of config.example.com/v1, so its fields were not checked",
            id="Kubernetes has a kind of this name",
        ),
        pytest.param(
            "v1alpha1",
            "LinkConfig",
            "no schema for LinkConfig of v1alpha1, so its fields were not checked",
            id="a machine configuration of Talos",
        ),
        pytest.param(
            "v1",
            "Template",
            "no schema for Template of v1, so its fields were not checked",
            id="a kind of OpenShift without its group",
        ),
        pytest.param(
            "dex.coreos.com/v1",
            "Password",
            "no schema for Password of dex.coreos.com/v1, so its fields were not checked: "
            "the published schema constrains nothing",
            id="the published schema says nothing",
        ),
        pytest.param(
            "${GROUP}/v1",
            "Thing",
            "apiVersion or kind is a placeholder, so the fields were not checked",
            id="a placeholder",
        ),
    ],
)
def test_a_kind_without_schema_is_reported(check: Check, api_version: str, kind: str, message: str) -> None:
    found = check(f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n")

    assert found == [(2, 7, "schema-missing", message)]


@pytest.mark.parametrize(
    ("api_version", "kind", "column", "message"),
    [
        pytest.param(
            "apps/v2", "Deployment", 13, "apps/v2 has no kind `Deployment`; Deployment exists in apps/v1", id="v"
        ),
        pytest.param(
            "app/v1", "Deployment", 13, "app/v1 has no kind `Deployment`; Deployment exists in apps/v1", id="g"
        ),
        pytest.param(
            "v1", "Deployment", 13, "v1 has no kind `Deployment`; Deployment exists in apps/v1", id="no group"
        ),
        pytest.param(
            "apps/v1", "Deploymnet", 7, "apps/v1 has no kind `Deploymnet`; did you mean `Deployment`?", id="kind"
        ),
        pytest.param(
            "v1", "Deploymnet", 7, "v1 has no kind `Deploymnet`; did you mean `Deployment` of apps/v1?", id="both"
        ),
        pytest.param("v1", "Basket", 7, "v1 has no kind `Basket`", id="nothing like it"),
        pytest.param("shop/v1", "Basket", 7, "shop/v1 has no kind `Basket`", id="a group without a dot"),
        pytest.param(
            "scheduling.k8s.io/v1alpha3",
            "CompositePodGroup",
            13,
            "Kubernetes 1.31 has no CompositePodGroup of scheduling.k8s.io/v1alpha3; 1.37 and later have it",
            id="a later version of Kubernetes",
        ),
    ],
)
def test_a_kind_that_kubernetes_itself_would_have_to_have_is_an_error(
    check: Check, api_version: str, kind: str, column: int, message: str
) -> None:
    found = check(f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n")

    assert found == [(1 if column == 13 else 2, column, "schema-invalid", message)]


def test_a_removed_api_is_left_to_its_own_rule(check: Check) -> None:
    assert check("apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: a}\n") == []
    assert check("apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: a}\n", version="1.25") == []


def test_the_version_decides_which_fields_there_are(check: Check) -> None:
    pod = "apiVersion: v1\nkind: Pod\nspec:\n  resources: {}\n  containers:\n    - name: a\n"

    assert [(a.line, a.message) for a in check(pod, version="1.30")] == [
        (4, "unknown field `spec.resources`; Kubernetes 1.32 and later have it")
    ]
    assert check(pod, version="1.37") == []


def test_the_catalog_knows_custom_resources(check: Check) -> None:
    head = "apiVersion: cert-manager.io/v1\nkind: Issuer\n"
    text = f"{head}metadata:\n  name: own\n  nmaespace: a\nspec:\n  selfsigned: {{}}\n"

    assert [(a.line, a.column, a.message) for a in check(text)] == [
        (5, 3, "unknown field `metadata.nmaespace`; did you mean `namespace`?"),
        (7, 3, "unknown field `spec.selfsigned`; did you mean `selfSigned`?"),
    ]


def test_a_definition_of_the_tree_is_used(check: Check) -> None:
    found = check(basket("{size: big, colour: red}"), crds=[definition(SIZED)])

    assert [(a.line, a.column, a.rule, a.message) for a in found] == [
        (5, 14, "schema-invalid", '`spec.size` is the string "big"; an integer is needed'),
        (5, 19, "schema-invalid", "unknown field `spec.colour`; accepted here: `size`"),
    ]


def test_a_definition_of_the_tree_goes_before_the_catalog(check: Check) -> None:
    text = "apiVersion: cert-manager.io/v1\nkind: Issuer\nmetadata: {name: a}\nspec: {size: 1}\n"

    assert check(text, crds=[definition(SIZED)]) == []


def test_one_schema_of_v1beta1_stands_for_all_versions(check: Check) -> None:
    old = definition(SIZED)
    old["spec"]["validation"] = {"openAPIV3Schema": SIZED}
    old["spec"]["versions"] = [{"name": "v1", "served": True}, {"name": "v2", "served": True}]

    assert [a.line for a in check(basket("{size: big}", "v2"), crds=[old])] == [5]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(
            definition(SIZED, version="v2"), "the definition in this repository has other versions: v2", id="v"
        ),
        pytest.param(
            definition(SIZED, served=False),
            "the definition in this repository does not serve this version",
            id="not served",
        ),
        pytest.param(definition(None), "the definition in this repository has no schema for it", id="no schema"),
        pytest.param({"spec": "x"}, "the definition in this repository has other versions: none", id="no definition"),
        pytest.param(
            definition({"$ref": "http://127.0.0.1:9/schema.json"}),
            "the schema of the definition in this repository cannot be used: "
            "it uses $ref, which the API server does not accept",
            id="a reference to somewhere",
        ),
        pytest.param(
            definition({"type": "object", "properties": {"spec": {"pattern": "(?=a)b"}}}),
            "a schema was found, but a regular expression in it is not understood",
            id="a pattern that Go has not",
        ),
        pytest.param(
            definition({"type": "object", "properties": {"spec": {"pattern": "((a{999}){999}){999}"}}}),
            "a schema was found, but a regular expression in it is not understood",
            id="a pattern that explodes",
        ),
        pytest.param(
            definition({"type": "object", "properties": {"a": {"type": "objekt"}}}),
            "a schema was found, but it is not a valid JSON Schema",
            id="a type that is none",
        ),
        pytest.param(
            definition({"properties": {"a": 5}}),
            "the schema of the definition in this repository cannot be used: a part of it is not a mapping",
            id="a number as a schema",
        ),
        pytest.param(
            definition({"type": "object", "enum": 7, "properties": {"a": {}}}),
            "the schema of the definition in this repository cannot be used: it is not a valid JSON Schema",
            id="an enum that is none",
        ),
    ],
)
def test_a_definition_that_cannot_be_used_is_a_missing_schema(check: Check, body: dict[str, Any], reason: str) -> None:
    found = check(basket("{size: 1}"), crds=[body])

    assert [(a.rule, a.message.partition(": ")[2]) for a in found] == [("schema-missing", reason)]


def test_a_deep_schema_is_a_missing_schema(check: Check) -> None:
    deep: dict[str, Any] = {}
    for _ in range(400):
        deep = {"type": "object", "properties": {"a": deep}}

    assert [a.rule for a in check(basket("{}"), crds=[definition(deep)])] == ["schema-missing"]


def test_a_huge_schema_is_a_missing_schema(check: Check) -> None:
    huge = {"type": "object", "properties": {f"field{n}": {"type": "string"} for n in range(120_000)}}

    assert [a.rule for a in check(basket("{}"), crds=[definition(huge)])] == ["schema-missing"]


def test_a_pattern_of_a_stranger_cannot_hang_the_check(check: Check) -> None:
    schema = {"type": "object", "properties": {"spec": {"type": "string", "pattern": "^(a+)+$"}}}
    start = time.monotonic()

    found = check(basket("a" * 100_000 + "b"), crds=[definition(schema)])

    assert [a.line for a in found] == [5]
    assert time.monotonic() - start < 5  # seconds; a backtracking engine needs more years than there are


def test_a_sops_block_is_left_out_and_counted(read: Callable[[str], tuple[Resource, ...]]) -> None:
    schemas = EmbeddedSchemas("1.31", crds=lambda *_: ())
    secret = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: 'ENC[AES256_GCM,data:x]'}\nsops: {mac: x}\n"
    )

    assert [list(schemas.check(resource)) for resource in read(secret)] == [[]]
    assert schemas.sops == 1


def test_values_that_are_placeholders_are_counted(read: Callable[[str], tuple[Resource, ...]]) -> None:
    schemas = EmbeddedSchemas("1.31", crds=lambda *_: ())
    text = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: '${PORT}', nodePort: '${NODE}'}]}\n"
    )

    assert [list(schemas.check(resource)) for resource in read(text)] == [[]]
    assert schemas.placeholders == 2


def test_what_utf8_cannot_write_is_reported(check: Check) -> None:
    found = check('{"apiVersion": "v1", "kind": "Pod", "spec": 3, "metadata": {"name": "\\ud800"}}')

    assert len({answer.rule for answer in found}) == 1


@pytest.mark.parametrize("version", versions())
def test_every_kind_of_every_version_compiles(version: str) -> None:
    from gitops_guard.schema.store import KubernetesSchemas

    schemas = EmbeddedSchemas(version, crds=lambda *_: ())
    kinds = KubernetesSchemas(version).kinds

    assert {"v1/Pod", "apps/v1/Deployment"} <= set(kinds)
    for key in kinds:
        api_version, _, kind = key.rpartition("/")
        body = {"apiVersion": api_version, "kind": kind, "surplus": 1}
        assert ("surplus",) in [problem.path for _, problem in schemas.check(_resource(body))], key


VALID = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "shop", "labels": {"app": "shop"}},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "shop"}},
        "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}},
        "template": {
            "metadata": {"labels": {"app": "shop"}},
            "spec": {
                "containers": [
                    {
                        "name": "shop",
                        "image": "shop:1",
                        "resources": {"limits": {"cpu": 1, "memory": "64Mi"}},
                        "livenessProbe": {"httpGet": {"path": "/", "port": "http"}},
                    }
                ]
            },
        },
    },
}
_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False), _ANY_JSON)
def test_a_mutated_resource_never_crashes_and_every_path_is_in_it(rng: random.Random, value: Any) -> None:
    body = _replaced(VALID, rng, value)
    for rule, problem in EmbeddedSchemas("1.37", crds=lambda *_: ()).check(_resource(body)):
        assert rule == "schema-invalid"
        assert problem.message.isprintable()
        node: Any = body
        for part in problem.path:
            node = node[part]


def _resource(body: Any) -> Resource:
    """As the loader makes it, but without a file: whatever *body* is."""
    (made,) = tree.from_files({"a.json": b'{"apiVersion": "v1", "kind": "Pod"}'}).resources
    return replace(made, id=tree.identify(body), api_version=body["apiVersion"], body=body)


def _replaced(body: Any, rng: random.Random, value: Any) -> Any:
    """*body* with *value* at a place that *rng* picks."""
    changed = copy.deepcopy(body)
    node = changed["spec"]
    while True:
        key = rng.choice(sorted(node)) if isinstance(node, dict) else rng.randrange(len(node))
        below = node[key]
        if not isinstance(below, dict | list) or rng.random() < 0.3:
            node[key] = value
            return changed
        node = below
