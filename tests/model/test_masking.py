"""What is masked, and what stays to be read. The planted secrets are in `tests/render/test_command.py`."""

from __future__ import annotations

from typing import Any

from gitops_guard.model.masking import MASK, Masking


def masked(*bodies: dict[str, Any]) -> list[dict[str, Any]]:
    masking = Masking(bodies, lambda _: False)
    return [masking.masked(body) for body in bodies]


def secret(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **fields}


def config(**data: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def test_every_value_of_a_secret_is_masked_and_its_keys_stay() -> None:
    assert masked(secret(data={"user": "YWRtaW4="}, stringData={"n": 1, "empty": None})) == [
        secret(data={"user": MASK}, stringData={"n": MASK, "empty": MASK})
    ]


def test_a_secret_of_a_wrong_shape_is_masked_as_a_whole() -> None:
    assert masked(secret(data=["x"], stringData="y")) == [secret(data=MASK, stringData=MASK)]


def test_the_body_that_is_given_stays_as_it_is() -> None:
    body = secret(data={"a": "b"})
    masked(body)
    assert body == secret(data={"a": "b"})


def test_the_value_of_a_secret_is_masked_where_another_resource_repeats_it() -> None:
    plain, encoded = "kR7-vbn2-Qx", "a1I3LXZibjItUXg="
    both = masked(secret(data={"a": encoded}), config(note=f"the value is {plain}", other=f"x={encoded}"))
    assert both[1] == config(note=f"the value is {MASK}", other=f"x={MASK}")


def test_ordinary_words_and_numbers_of_a_secret_stay_elsewhere() -> None:
    ordinary = {"a": "production", "b": "12345678", "c": "short1", "d": "PRODUCTION"}
    assert masked(secret(stringData=ordinary), config(**ordinary))[1] == config(**ordinary)


def test_of_a_text_only_the_credential_is_masked() -> None:
    text = "user=app\npassword=kR7-vbn2-Qx\nport=5432\n"
    assert masked(config(**{"app.properties": text})) == [
        config(**{"app.properties": f"user=app\npassword={MASK}\nport=5432\n"})
    ]


def test_what_kubectl_left_in_an_annotation_is_masked() -> None:
    name = "kubectl.kubernetes.io/last-applied-configuration"
    body = config() | {"metadata": {"name": "c", "annotations": {name: "{}", "other": "x"}}}
    assert masked(body)[0]["metadata"]["annotations"] == {name: MASK, "other": "x"}


def test_a_private_key_is_masked_under_any_name() -> None:
    from tests.tokens import pem

    assert masked(config(notes=pem("RSA"))) == [config(notes=MASK)]


def test_settings_stay() -> None:
    body = config(LOG_LEVEL="debug", URL="https://example.com/a?b=c", **{"a.yaml": "replicas: 3\n"})
    assert masked(body) == [body]
