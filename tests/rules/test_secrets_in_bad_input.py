"""Rules about secrets on files that nobody wrote by hand: answers in bounded time, and no crash."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random

import pytest

from gitops_guard.load import tree
from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Location, SourceFile, Tree
from gitops_guard.model.rule import Rule, Scope
from gitops_guard.rules import all_rules
from tests.tokens import age, pem, token

Ask = Callable[..., list[tuple[Location, Problem]]]
RULES = [all_rules()[name] for name in ("known-token", "private-key", "sops-incomplete")]
MANY = 10_000
LINE = 2_000_000  # characters; 16 times as many take 16 times as long
TOKEN = token("github-pat", 7)


def answers(rule: Rule, files: Tree) -> int:
    options = {name: option.default for name, option in rule.options.items()}
    if rule.scope is Scope.TREE:
        return len(list(rule.run(files, options)))
    return sum(len(list(rule.run(file, options))) for file in files.files)


def taken(rule: Rule, files: Tree) -> float:
    start = time.process_time()
    answers(rule, files)
    return time.process_time() - start


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(Random(1).randbytes(300_000), id="drawn"),
        pytest.param(b"\x00" * 100_000 + TOKEN.encode() + b"\xff\xfe", id="zeros and a token"),
        pytest.param(b"\xff" + pem().encode(), id="not UTF-8"),
        pytest.param(b"", id="empty"),
        pytest.param(b"\xef\xbb\xbf", id="a byte order mark"),
    ],
)
def test_a_binary_file_that_is_called_yaml_does_no_harm(rule: Rule, data: bytes) -> None:
    answers(rule, tree.from_files({"a.sops.yaml": data, ".sops.yaml": data}))


def test_a_token_in_a_binary_file_is_found_all_the_same(ask: Ask) -> None:
    rule = RULES[0]

    assert answers(rule, tree.from_files({"a.yaml": b"\x00\xff\n" + TOKEN.encode()})) == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_ten_thousand_secrets_in_one_file(rule: Rule) -> None:
    one = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{password: {TOKEN}, key: {age(3)}}}\n"
    files = tree.from_files({"a.sops.yaml": "---\n".join([one] * MANY).encode(), ".sops.yaml": b"creation_rules: [{}]"})

    assert taken(rule, files) < 15
    assert answers(rule, files) == (1 if rule.id == "sops-incomplete" else 0)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@pytest.mark.parametrize("piece", ["ghp_", TOKEN + " ", "a", "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t", age(3) + ","])
def test_a_line_of_megabytes(rule: Rule, piece: str) -> None:
    """Not parsed here, as the loader has its own tests: what counts is the text."""
    from gitops_guard.model.resource import FileKind

    data = b"a: " + (piece * (LINE // len(piece))).encode()
    file = SourceFile("a.yaml", FileKind.BROKEN, data=data)

    assert taken(rule, Tree((file,), ())) < 10


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_many_tokens_in_one_file_are_each_placed_once(rule: Rule) -> None:
    lines = "".join(f"k{number}: {token('npm-access-token', number)}\n" for number in range(300))
    files = tree.from_files({"a.yaml": lines.encode()})

    assert taken(rule, files) < 3
    assert answers(rule, files) == (300 if rule.id == "known-token" else 0)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_an_alias_bomb_does_not_go_off(rule: Rule) -> None:
    text = f"a0: &a0 [{TOKEN}]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 12))
    files = tree.from_files({"a.sops.yaml": text.encode()})

    assert taken(rule, files) < 3
