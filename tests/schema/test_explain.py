"""A message names the field, what stands there and what would be accepted; one cause is one finding, in its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from textwrap import indent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_guard.model.resource import Resource
from gitops_guard.schema.compiled import compiled
from gitops_guard.schema.embedded import EmbeddedSchemas
from gitops_guard.schema.explain import Explanation, closest, dotted

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: shop
          image: shop:1
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "message"),
    [
        pytest.param(
            "spec:\n  selector",
            "spec:\n  replicas: three\n  selector",
            6,
            13,
            '`spec.replicas` is the string "three"; an integer is needed',
            id="a wrong type",
        ),
        pytest.param(
            "containers:",
            "contianers:",
            10,
            7,
            "unknown field `spec.template.spec.contianers`; did you mean `containers`?",
            id="a misspelled field, though it is required, is one finding",
        ),
        pytest.param(
            "  selector: {matchLabels: {app: shop}}\n", "", 6, 3, "`spec.selector` is missing", id="a missing field"
        ),
        pytest.param(
            "image: shop:1",
            "image: 1",
            12,
            18,
            "`spec.template.spec.containers[0].image` is the integer 1; a string is needed (put it in quotes)",
            id="a number where a string is needed",
        ),
        pytest.param(
            "name: shop\nspec",
            "name: shop\n  annotations: {example.com/on: true}\nspec",
            5,
            33,
            '`metadata.annotations["example.com/on"]` is the boolean true; a string is needed (put it in quotes)',
            id="a boolean as an annotation",
        ),
        pytest.param(
            "image: shop:1",
            "image: shop:1\n          resources: {limits: {cpu: [1]}}",
            13,
            37,
            "`spec.template.spec.containers[0].resources.limits.cpu` is a list; a number or a string is needed",
            id="no branch of a oneOf fits",
        ),
        pytest.param(
            "image: shop:1",
            "image: shop:1\n          resources: {limits: {cpu: }}",
            13,
            37,
            "`spec.template.spec.containers[0].resources.limits.cpu` is empty (null); a number or a string is needed",
            id="both branches of a oneOf take null",
        ),
        pytest.param(
            "containers:",
            "volumes: {a: b}\n      containers:",
            10,
            16,
            "`spec.template.spec.volumes` is a mapping; a list is needed",
            id="a mapping where a list is needed",
        ),
        pytest.param(
            "image: shop:1",
            "image: shop:1\n          securityContext:\n            ports: [{containerPort: 80}]",
            14,
            13,
            "unknown field `spec.template.spec.containers[0].securityContext.ports`; "
            "it belongs in `spec.template.spec.containers[0]`",
            id="a field too far to the right",
        ),
        pytest.param(
            "image: shop:1",
            "image: shop:1\n          runAsNonRoot: true",
            13,
            11,
            "unknown field `spec.template.spec.containers[0].runAsNonRoot`; "
            "it belongs in `spec.template.spec.containers[0].securityContext`",
            id="a field too far to the left",
        ),
        pytest.param(
            "metadata:\n  name",
            "replicas: 2\nmetadata:\n  name",
            3,
            1,
            "unknown field `replicas`; it belongs in `spec`",
            id="a field at the root",
        ),
        pytest.param(
            "  selector",
            "  paused: 'yes'\n  selector",
            6,
            11,
            '`spec.paused` is the string "yes"; a boolean is needed',
            id="a string where a boolean is needed",
        ),
        pytest.param(
            "metadata:\n  name",
            "metadata:\n  a.b: c\n  name",
            4,
            3,
            'unknown field `metadata["a.b"]`',
            id="an unknown field with a dot, and nothing like it",
        ),
    ],
)
def test_a_mistake_in_a_deployment_is_one_finding(
    check: Callable[..., Any], old: str, new: str, line: int, column: int, message: str
) -> None:
    assert DEPLOYMENT.count(old) == 1

    found = check(DEPLOYMENT.replace(old, new))

    assert [(answer.rule, answer.message) for answer in found] == [("schema-invalid", message)]
    assert (found[0].line, found[0].column) == (line, column)


def test_a_valid_deployment_has_no_finding(check: Callable[..., Any]) -> None:
    assert check(DEPLOYMENT) == []


SCHEMA: dict[str, Any] = {
    "properties": {
        "mode": {"enum": ["Always", "Never"]},
        "port": {"type": "integer", "minimum": 1, "maximum": 65535},
        "ratio": {"type": "number", "minimum": 0, "exclusiveMinimum": True, "multipleOf": 0.5},
        "below": {"type": "number", "maximum": 5, "exclusiveMaximum": True},
        "name": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 5},
        "list": {"type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": True},
        "map": {"type": "object", "minProperties": 1, "maxProperties": 2},
        "when": {"type": "string", "format": "date-time"},
        "every": {"type": "string", "format": "duration"},
        "source": {"type": "object", "oneOf": [{"required": ["git"]}, {"required": ["oci"]}]},
        "bare": {"type": "object", "not": {"required": ["a", "b"]}},
        "quiet": {"type": "object", "not": {"anyOf": [{"required": ["loud"]}, {"required": ["noisy"]}]}},
        "zero": {"not": {"enum": [0]}},
        "size": {"anyOf": [{"type": "integer"}, {"type": "string"}], "pattern": "^[0-9]+$"},
        "shape": {
            "oneOf": [
                {"type": "string"},
                {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
            ]
        },
    },
    "additionalProperties": False,
}


def explained(body: dict[str, Any], *, secret: bool = False) -> list[tuple[str, str]]:
    errors = compiled(json.dumps(SCHEMA)).iter_errors(body)
    problems = Explanation(SCHEMA, body, secret=secret).problems(errors)
    return [(dotted(problem.path), problem.message) for problem in problems]


@pytest.mark.parametrize(
    ("body", "path", "message"),
    [
        ({"mode": "Allways"}, "mode", '`mode` is the string "Allways"; did you mean `Always`?'),
        ({"mode": 3}, "mode", "`mode` is the integer 3; accepted: `Always` or `Never`"),
        ({"port": 70000}, "port", "`port` is the integer 70000; at most 65535 is accepted"),
        ({"port": 0}, "port", "`port` is the integer 0; at least 1 is needed"),
        ({"ratio": 0}, "ratio", "`ratio` is the integer 0; more than 0 is needed"),
        ({"ratio": 0.7}, "ratio", "`ratio` is the number 0.7; a multiple of 0.5 is needed"),
        ({"below": 5}, "below", "`below` is the integer 5; less than 5 is needed"),
        ({"name": "ABC"}, "name", '`name` is the string "ABC"; it has to match ^[a-z]+$'),
        ({"name": "a"}, "name", "`name` has 1 character; at least 2 needed"),
        ({"name": "abcdef"}, "name", "`name` has 6 characters; at most 5 accepted"),
        ({"list": []}, "list", "`list` has 0 items; at least 1 needed"),
        ({"list": [1, 2, 3]}, "list", "`list` has 3 items; at most 2 accepted"),
        ({"list": [1, 1]}, "list", "`list` has the same item twice"),
        ({"map": {}}, "map", "`map` has 0 fields; at least 1 needed"),
        ({"map": {"a": 1, "b": 1, "c": 1}}, "map", "`map` has 3 fields; at most 2 accepted"),
        ({"when": "today"}, "when", '`when` is the string "today"; it is not a valid date-time'),
        ({"every": "often"}, "every", '`every` is the string "often"; it is not a valid duration'),
        ({"source": {}}, "source", "`source` needs one of `git` or `oci`"),
        ({"source": {"git": 1, "oci": 2}}, "source", "`source` may have only one of `git` or `oci`"),
        ({"bare": {"a": 1, "b": 1}}, "bare", "`bare` may not have `a` and `b` together"),
        ({"quiet": {"noisy": 1}}, "quiet", "`quiet` may not have `noisy`"),
        ({"zero": 0}, "zero", "`zero` is the integer 0; just this is not accepted"),
        ({"size": [1]}, "size", "`size` is a list; an integer or a string is needed"),
        ({"shape": {"a": "b"}}, "shape.a", '`shape.a` is the string "b"; an integer is needed'),
        ({"shape": 1}, "shape", "`shape` is the integer 1; a mapping or a string is needed"),
        ({"MODE": "Never"}, "MODE", "unknown field `MODE`; did you mean `mode`?"),
        ({"xyzzy": 1}, "xyzzy", "unknown field `xyzzy`"),
        ({"$patch": "delete"}, "$patch", "unknown field `$patch`"),
        ({"port": None}, "port", "`port` is empty (null); an integer is needed"),
    ],
)
def test_each_kind_of_mistake_has_its_sentence(body: dict[str, Any], path: str, message: str) -> None:
    assert explained(body) == [(path, message)]


def test_an_integral_float_is_an_integer() -> None:
    assert explained({"port": 3.0}) == []


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("${PORT}", id="Flux"),
        pytest.param("{{ .Values.port }}", id="Helm"),
        pytest.param("ENC[AES256_GCM,data:abc,type:int]", id="SOPS"),
        pytest.param("<path:secret/data/shop#port>", id="Argo CD Vault Plugin"),
    ],
)
@pytest.mark.parametrize("field", ["port", "mode", "name", "list", "map", "when", "source", "size", "shape"])
def test_a_placeholder_fits_everywhere(field: str, value: str) -> None:
    assert explained({field: value}) == []


def test_a_field_with_a_placeholder_as_its_name_is_not_judged() -> None:
    assert explained({"${NAME}": 1, "{{ name }}": 1}) == []


def test_a_placeholder_in_a_wrong_place_is_found() -> None:
    assert explained({"ports": "${PORT}"}) == [("ports", "unknown field `ports`; did you mean `port`?")]


def test_a_placeholder_deep_in_a_branch_makes_that_branch_fit() -> None:
    assert explained({"shape": {"a": "${NUMBER}"}}) == []


@pytest.mark.parametrize(
    ("body", "hidden"),
    [
        pytest.param({"port": "hunter2", "name": 12345}, True, id="all of a Secret"),
        pytest.param({"password": {"a": 1}}, False, id="a key"),
    ],
)
def test_what_could_be_secret_is_told_by_its_type(body: dict[str, Any], hidden: bool) -> None:
    text = "\n".join(message for _, message in explained(body, secret=hidden))

    assert "hunter2" not in text
    assert "12345" not in text


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param("env: [{name: DB_PASSWORD, value: 48151623}]", id="beside a name that says it"),
        pytest.param("args: [--api-token, 48151623]", id="after a flag that says it"),
        pytest.param("workingDir: {password: 48151623}", id="under a key that says it"),
        pytest.param("ports: https://user:48151623@example.com", id="in a URL"),
        pytest.param("ports: 7h1sL00k5Dr4wn48151623xYz9Qw8Er7Ty6", id="drawn by a program"),
    ],
)
def test_a_secret_beside_or_inside_is_not_shown(check: Callable[..., Any], spec: str) -> None:
    text = f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: a\n{indent(spec, '      ')}\n"

    messages = " ".join(answer.message for answer in check(text))

    assert messages
    assert "48151623" not in messages


def test_a_long_string_is_told_by_its_type() -> None:
    assert explained({"port": "word " * 20}) == [("port", "`port` is a string; an integer is needed")]


def test_an_integer_longer_than_any_line_is_told_by_its_type() -> None:
    assert explained({"name": 10**5000}) == [("name", "`name` is an integer; a string is needed (put it in quotes)")]


def test_control_characters_of_a_key_do_not_reach_a_terminal() -> None:
    assert explained({"\x1b[31m\n": 1}) == [('["\\x1b[31m\\n"]', 'unknown field `["\\x1b[31m\\n"]`')]


def test_ten_thousand_mistakes_end_early_and_say_so() -> None:
    found = explained({f"field{number}": 1 for number in range(10_000)})

    assert len(found) == 201
    assert found[-1] == ("the resource", "more than 200 fields of this resource are wrong; the others are not listed")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("contianers", "containers"), ("host-network", "hostNetwork"), ("imagePullSecret", "imagePullSecrets"), ("x", "")],
)
def test_a_similar_name_is_found(name: str, meant: str) -> None:
    assert closest(name, ["containers", "hostNetwork", "image", "imagePullSecrets"]) == meant


@settings(deadline=None)
@given(st.text(alphabet="abcdefghijkmnopqrstuvwxyz0123456789", min_size=12, max_size=30))
def test_no_value_of_a_secret_is_in_a_message(value: str) -> None:
    """The Secret is wrong wherever a value can stand; `zz` keeps the value apart from the words of the messages."""
    secret = f"zz{value}"
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a"},
        "type": [secret],
        "immutable": secret,
        "data": {"a": {"b": secret}, "b": [secret]},
        "stringData": secret,
    }
    schemas = EmbeddedSchemas("1.31", crds=lambda *_: ())

    messages = [problem.message for _, problem in schemas.check(_resource(body))]

    assert len(messages) == 5
    assert not any(secret in message for message in messages)


def _resource(body: dict[str, Any]) -> Resource:
    from gitops_guard.load import tree

    return tree.from_files({"file.json": json.dumps(body).encode()}).resources[0]
