"""The family: which policies are read, what is asked of which resources, with which options."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.load import config
from gitops_guard.model.errors import ConfigError
from gitops_guard.model.resource import Resource, Tree
from gitops_guard.model.rule import Options
from gitops_guard.policy.library import Library
from gitops_guard.rules import all_rules
from tests.policy.library.conftest import OPT_IN, asked, files

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: %s}
spec:
  hostNetwork: true
  hostPID: true
  containers:
    - name: shop
      image: quay.io/example/shop:1.0
      resources:
        limits:
          memory: 64Mi
  volumes:
    - name: logs
      hostPath:
        path: /var/log
"""
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\n"


def places(repository: Tree, **settings: Options) -> list[tuple[str, str, int]]:
    found = asked(repository, {name.replace("_", "-"): own for name, own in settings.items()})
    resources = ((one, one.subject) for one in found if isinstance(one.subject, Resource))
    return sorted(
        (one.rule, *resource.locate(one.problem.path, key=one.problem.on_key)[:2]) for one, resource in resources
    )


def library(*rules: str, on: bool = True) -> Library:
    chosen = {name: all_rules()[name] for name in rules}
    return Library(chosen, lambda rule, resource: (on, _defaults(rule)))


def _defaults(rule: str) -> Options:
    return {name: option.default for name, option in OPT_IN[rule].options.items()}


def test_a_problem_stands_at_its_field_or_at_the_nearest_thing_above_it() -> None:
    found = places(
        files({"pod.yaml": POD % "shop"}), host_network={}, host_path={}, missing_limits={}, missing_requests={}
    )

    assert found == [
        ("host-network", "pod.yaml", 5),
        ("host-path", "pod.yaml", 15),
        ("missing-limits", "pod.yaml", 11),
        ("missing-requests", "pod.yaml", 11),
    ]


def test_options_reach_the_policy() -> None:
    repository = files({"pod.yaml": POD % "shop"})

    assert places(repository, missing_limits={"resources": ["memory"]}) == []
    assert places(repository, host_path={"allowed": ("/var",)}) == []
    assert places(repository, foreign_registry={"registries": ("quay.io/example",)}) == []


def test_only_what_is_on_is_read() -> None:
    paths = [module.path for module in library("host-network", "unpinned-image-tag").program.modules]

    assert paths == ["policies/library/host_network.rego", "policies/library/pods.rego"]


def test_modules_that_are_imported_by_imported_ones_are_read() -> None:
    paths = [module.path for module in library("latest-tag").program.modules]

    assert [Path(path).stem for path in paths] == ["containers", "images", "latest_tag", "pods"]


def test_a_rule_that_is_not_of_the_library_is_left_out() -> None:
    assert list(library("unpinned-image-tag", "host-pid", "lint").rules) == ["host-pid"]


def test_nothing_is_asked_where_every_rule_is_off() -> None:
    assert list(library(*OPT_IN, on=False).inquiries(files({"pod.yaml": POD % "shop"}))) == []


def test_only_resources_of_the_kinds_of_a_rule_are_asked() -> None:
    service = SETTINGS.replace("ConfigMap", "Service")
    knative = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: shop}\n"
    repository = files({"pod.yaml": POD % "shop", "of-kubernetes.yaml": service, "of-knative.yaml": knative})

    (inquiry,) = library("host-network", "missing-label").inquiries(repository)

    assert [body["kind"] for body in inquiry.question.inputs] == ["Service", "Pod"]
    assert inquiry.question.inputs[0]["apiVersion"] == "serving.knative.dev/v1"
    assert inquiry.question.rules == ("data.library.host_network.deny",)


def test_the_kinds_of_an_option_are_kinds_of_the_rule() -> None:
    repository = files({"pod.yaml": POD % "shop", "settings.yaml": SETTINGS})

    assert places(repository, missing_label={"kinds": ["ConfigMap"]}) == [("missing-label", "settings.yaml", 3)]
    assert len(places(repository, missing_label={"kinds": []})) == 2


def test_resources_with_the_same_options_are_one_question() -> None:
    repository = files({f"{name}.yaml": POD % name for name in ("a", "b", "c")})
    strict, lax = {"allowed": ()}, {"allowed": ("/var",)}

    def effective(rule: str, resource: Resource) -> tuple[bool, Options]:
        return True, {} if rule == "host-pid" else lax if resource.id.name == "b" else strict

    inquiries = list(
        Library({name: OPT_IN[name] for name in ("host-path", "host-pid")}, effective).inquiries(repository)
    )

    names = [[body["metadata"]["name"] for body in one.question.inputs] for one in inquiries]
    assert names == [["a", "c"], ["b"]]
    assert inquiries[0].question.data == {"parameters": {"host_path": {"allowed": []}}}
    assert {one.question.rules for one in inquiries} == {("data.library.host_path.deny", "data.library.host_pid.deny")}


def test_the_list_says_where_each_policy_denies(repository: Path) -> None:
    for entry in library(*OPT_IN).listed:
        line = (repository / entry.where.file).read_text().splitlines()[entry.where.line - 1]
        assert line.startswith("deny contains ")
        assert (entry.kind, entry.severity, entry.title) == ("deny", "error", OPT_IN[entry.id].summary)


def test_every_rule_is_off_in_every_profile_and_on_by_name() -> None:
    for profile in ("minimal", "recommended", "strict"):
        for name, rule in OPT_IN.items():
            text = f"profile: {profile}\nrules: {{{name}: on}}\n".encode()
            assert not config.may_run(rule, config.load(("c.yaml", f"profile: {profile}".encode()), OPT_IN))
            assert config.may_run(rule, config.load(("c.yaml", text), OPT_IN))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("profile: opt-in", id="for all"),
        pytest.param("environments: {production: {profile: opt-in}}", id="for an environment"),
    ],
)
def test_nobody_can_choose_what_is_in_no_profile(text: str) -> None:
    with pytest.raises(ConfigError, match=r"has a value that it does not know"):
        config.load(("c.yaml", text.encode()), all_rules())


ODD: list[Any] = [None, 3, True, "x", "", [], {}, [None], [3], {"a": 3}, {"3": {}}]
SHAPES: dict[str, dict[str, Any]] = {
    "Pod": {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"labels": {"a": "b"}},
        "spec": {
            "resources": {"limits": {"cpu": 1}},
            "hostIPC": True,
            "containers": [{"name": "a", "image": "b", "resources": {"requests": {"cpu": 1}}, "securityContext": {}}],
            "volumes": [{"name": "v", "hostPath": {"path": "/var"}}],
        },
    },
    "Ingress": {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"annotations": {"a": "b"}},
        "spec": {"tls": [{"hosts": ["*.a.example"]}], "rules": [{"host": "b.a.example"}, {"host": "c.example"}]},
    },
    "PersistentVolume": {"apiVersion": "v1", "kind": "PersistentVolume", "spec": {"hostPath": {"path": "/data"}}},
}


def distorted(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The body with each of its parts in turn replaced by each odd value."""
    for path in list(_paths(body)):
        for odd in ODD:
            changed = copy.deepcopy(body)
            parent: Any = changed
            for part in path[:-1]:
                parent = parent[part]
            parent[path[-1]] = odd
            yield changed


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in parts:
        yield (*path, key)
        yield from _paths(inner, (*path, key))


@pytest.mark.parametrize("kind", SHAPES)
def test_no_shape_of_a_resource_is_an_error_of_a_policy(kind: str) -> None:
    """Regorus ends with an error where OPA goes on with undefined, so each builtin is called with what it takes."""
    from dataclasses import replace

    (like,) = files({"pod.yaml": POD % "shop"}).resources
    named = replace(like, id=like.id._replace(kind=kind))
    shapes = tuple(replace(named, body=body) for body in distorted(SHAPES[kind]))

    found = asked(Tree((), shapes), {name: {} for name in OPT_IN} | {"missing-label": {"kinds": ()}})

    assert len(shapes) > 50
    assert {one.rule for one in found} >= {"missing-label"}
