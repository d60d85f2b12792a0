"""What is read line by line has the value that libyaml's events give, to the type and the order of keys."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_guard.load import events, lines, manifests

CORPORA = (
    "flux2-kustomize-helm-example", "flux2-multi-tenancy", "gitops-catalog", "home-ops-flux", "home-ops-sops",
    "kubernetes-examples", "microservices-demo", "podinfo",
)  # fmt: skip


def exact(value: Any) -> Any:
    """Comparable to the type: True is no 1, and the order of keys counts."""
    if isinstance(value, dict):
        return ("map", [(key, exact(each)) for key, each in value.items()])
    if isinstance(value, list):
        return ("list", [exact(each) for each in value])
    return type(value).__name__, value


def agree(data: bytes) -> bool:
    """Whether *data* is plain. Fails where it is, and events give another answer or none."""
    plain = lines.value(data)
    if plain is None:
        return False
    try:
        value, line, duplicates = events.first_value(data)
    except (events.StreamError, yaml.YAMLError) as error:
        pytest.fail(f"taken, and libyaml refuses it: {error}\n{data.decode()}")
    assert (exact(plain[0]), plain[1], duplicates) == (exact(value), line, False), data.decode()
    return True


def documents(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*.y*ml")):
        data = path.read_bytes() if path.is_file() else b""
        yield from (chunk.data for chunk in manifests._chunks(data) if chunk.refused < 0)


@pytest.mark.shared
def test_nine_in_ten_documents_of_real_repositories_are_plain_and_agree(corpus: Callable[[str], Path]) -> None:
    plain = [agree(data) for name in CORPORA for data in documents(corpus(name)) if b"{{" not in data]

    assert sum(plain) / len(plain) > 0.9


@pytest.mark.shared
def test_mutated_documents_agree(corpus: Callable[[str], Path]) -> None:
    choose = random.Random(11)
    found = [data for name in CORPORA for data in documents(corpus(name)) if len(data) < 2000 and b"{{" not in data]

    plain = [agree(_mutated(choose.choice(found), choose)) for _ in range(4000)]

    assert sum(plain) > 500


def _mutated(data: bytes, choose: random.Random) -> bytes:
    text = data.decode("utf-8", "replace").split("\n")
    for _ in range(choose.randint(1, 3)):
        at = choose.randrange(len(text))
        line = text[at]
        where = choose.randint(0, len(line))
        what = choose.randrange(5)
        if what == 0:
            text[at] = line[:where] + choose.choice(FRAGMENTS) + line[where:]
        elif what == 1:
            text[at] = line[:where] + line[where + 1 :]
        elif what == 2:
            text[at] = f" {line}" if choose.random() < 0.5 else line.removeprefix(" ")
        elif what == 3:
            text[at] = choose.choice(text)
        else:
            text.insert(at, " " * choose.randrange(6) + choose.choice(FRAGMENTS))
    return "\n".join(text).encode().rstrip(b"\n") + b"\n"


FRAGMENTS = (
    "a", "b:", "a: b", "- ", "- a", "- a: b", "-", "--- ", "#", " # c", ": ", ":", "?", "? a", "!", "!!str 1", "&a",
    "*a", "<<:", "|", "|-", "|+", ">", "|2", "{", "}", "[", "]", "{}", "[]", "{a: b}", "[a, b]", "{a: [b, {c: d}]}",
    "[a b, 1]", ",", '"', "'", '"a"', "'a'", '"a\\n"', "'it''s'", "~", "null", "yes", "n", "0o17", "017", "1e3",
    ".5", ".inf", "-1", "1_000", "0b11", "22:22", "2024-01-01", "%", "@", "`", "=", "a:b", "http://x/y?z#w",
    "- - a", "...", "\xe4", "  ", "\x00", "\x7f", "\x85", "\u2028", "\t", "\r",
)  # fmt: skip


@settings(max_examples=2000, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 6), st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=4), st.sampled_from(("", " "))
        ),
        max_size=8,
    )
)
def test_whatever_is_taken_agrees(written: list[tuple[int, list[str], str]]) -> None:
    agree("".join(f"{' ' * indent}{between.join(parts)}\n" for indent, parts, between in written).encode())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "a: 1\nb:\n- c: yes\n  d: [e, {f: 0x1F}]\n-   g:\n    - h\n    -   i: {}\n", id="lists in the column"
        ),
        pytest.param("---  # c\n# c\n\na:\n\n  # c\n  b: 'c # d'  # e\n", id="comments and blank lines"),
        pytest.param("a: |\n\n  b\n   c\n\n\n  # d\ne: |-\n  f\n\ng: |+\n  h\n\n", id="literal texts"),
        pytest.param("- op: replace\n  path: /a~1b\n  value: -1\n- |\n  a\n", id="a list"),
        pytest.param("a:\nb: ~\nc: 'null'\nd: null\n", id="nothing"),
        pytest.param("n: 1\n2: b\n'y': c\n\"a b\": d\n", id="keys"),
        pytest.param("# only a comment\n\n", id="no document"),
        pytest.param("a: b  \nc: d   # e\nf: g#h\ni: -j\nk: --l\n", id="blanks at the end"),
    ],
)
def test_these_are_plain(text: str) -> None:
    assert agree(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "a: b\n  c\n",
        "a: &b c\n",
        "a: *b\n",
        "a: !!str 1\n",
        "a: >\n  b\n",
        "a: 1\na: 2\n",
        "a: [b,\n  c]\n",
        'a: "\\n"\n',
    ],
)
def test_these_are_left_to_libyaml(text: str) -> None:
    assert lines.value(dedent(text).encode()) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a" + " " * 200_000 + ": b: c", id="blanks"),
        pytest.param("a: " + "b " * 100_000 + ":", id="words"),
        pytest.param("a: [" + "] " * 100_000 + "x", id="brackets"),
        pytest.param("a: [" + "a " * 100_000 + "x", id="an open list"),
        pytest.param("a: " + "[" * 100_000 + "]" * 100_000, id="nested lists"),
        pytest.param("a: '" + "b" * 200_000, id="an open quote"),
        pytest.param("a: b #" + " #" * 100_000, id="a comment"),
        pytest.param("a: |\n" + "\n" * 200_000 + "b", id="blank lines"),
        pytest.param("".join(" " * depth + "a:\n" for depth in range(600)), id="depth"),
    ],
)
def test_hostile_lines_take_no_time(text: str) -> None:
    started = time.process_time()
    lines.value(text.encode() + b"\n")

    assert time.process_time() - started < 1
