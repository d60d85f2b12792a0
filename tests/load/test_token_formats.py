"""Formats of tokens: built from gitleaks, quick to ask, and linear on whatever stands in a file."""

from __future__ import annotations

import importlib.util
import json
import time
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from gitops_guard.load import token_formats
from gitops_guard.load.bundled import folder
from gitops_guard.load.linear import Linear, RefusedError
from gitops_guard.model import private_key
from gitops_guard.model.token import TokenFormat, find
from tests.tokens import age, pem, token

SIZE = 200_000  # characters; pieces are repeated to a third of that, or the suite would take minutes
FORMATS = token_formats.formats()


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.id)
def test_a_made_up_token_of_each_format_passes_the_first_look_and_is_found(known: TokenFormat) -> None:
    data = f"a: {token(known.id)}\n".encode()

    assert token_formats.may_hold(data)
    assert len(find(data, FORMATS)) == 1


@pytest.mark.parametrize("key", [pem(), pem("RSA"), age(), "Private-Lines: 3\n" + pem().splitlines()[1]])
def test_private_keys_pass_the_first_look(key: str) -> None:
    assert token_formats.may_hold(key.encode())
    assert all(
        token_formats.may_hold(b64encode(("x" * shift + key).encode())) for shift in range(3) if "Lines" not in key
    )


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.id)
def test_each_format_is_linear_on_hostile_text(known: TokenFormat) -> None:
    need = known.needs[0].decode()
    whole = token(known.id)
    hostile = (
        need,
        whole[:-1],
        f"\\n{need}",
        need + "a" * 300,
        need + "0-",
        need + "A.",
        whole[: len(whole) // 2],
        "%2F" + need,
    )
    for piece in hostile:
        data = (piece * (SIZE // 3 // len(piece))).encode()
        start = time.process_time()
        find(data, (known,))
        assert time.process_time() - start < 0.7
    start = time.process_time()
    find((need + "a1" * SIZE).encode(), (known,))
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    "piece",
    [
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\\n-----END",
        "-----BEGIN ",
        "AGE-SECRET-KEY-1" + "Q" * 57,
        "Private-Lines: 1 ",
        "UFJJVkFURSBLRVkt",
        "UFJJVkFURSBLRVkt\n  ",
        "-----BEGIN PRIVATE KEY-----" + "A" * 50,
    ],
)
def test_looking_for_keys_is_linear_on_hostile_text(piece: str) -> None:
    data = (piece * (SIZE // len(piece))).encode()
    start = time.process_time()

    private_key.find(data)

    assert time.process_time() - start < 2


def test_random_bytes_hold_nothing_and_take_no_time() -> None:
    data = Random(4).randbytes(4_000_000)
    start = time.process_time()

    assert not token_formats.may_hold(data) or find(data, FORMATS) == []
    assert time.process_time() - start < 2


def test_the_file_is_what_the_builder_makes_of_gitleaks(repository: Path, gitleaks: Path) -> None:
    spec = importlib.util.spec_from_file_location(
        "build_token_formats", repository / "tools" / "build_token_formats.py"
    )
    assert spec is not None
    assert spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    bundled = json.loads((folder("schemas") / "token-formats.json").read_text())

    built = builder.build(gitleaks.read_bytes(), bundled["source"]["sum"])

    assert json.loads(json.dumps(built)) == bundled


@pytest.mark.parametrize(
    ("pattern", "is_certain"), [("*.yaml", True), ("a[", True), ("(", True), ("a{1001}" * 400, False)]
)
def test_a_pattern_that_is_none_is_refused(pattern: str, is_certain: bool) -> None:
    with pytest.raises(RefusedError) as caught:
        Linear(pattern)

    assert caught.value.is_certain is is_certain


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(.*)*x", "((a{0,100}){0,100})$", "(?:.*a){20}$"])
def test_a_hostile_pattern_does_not_hang_us(pattern: str) -> None:
    start = time.process_time()
    with suppress(RefusedError):
        Linear(pattern).found_in("a" * 5000 + "!")
    assert time.process_time() - start < 2
