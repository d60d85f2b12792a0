"""Of two versions the newer one is known, or nothing is said."""

from __future__ import annotations

import time

import pytest

from gitops_guard.model import version


def is_newer(one: str, other: str) -> bool:
    mine, theirs = version.parse(one), version.parse(other)
    return mine is not None and theirs is not None and version.is_newer(mine, theirs)


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ("1.2.3", "1.2.2"),
        ("v1.10.0", "1.9.9"),
        ("1.3", "1.2.9"),
        ("8", "7.2.1"),
        ("1.2.3.10", "1.2.3.9"),
        ("5.4.0", "5.4.0-rc.2"),
        ("5.4.0-rc.10", "5.4.0-rc.9"),
        ("5.4.0-rc10", "5.4.0-rc9"),
        ("5.4.0-rc.1", "5.4.0-beta.7"),
        ("1.0.0-rc.1.1", "1.0.0-rc.1"),
        ("5.4.0-rc.1", "5.3.9"),
        ("2024.2.1", "2024.1.31"),
        ("2024-02-01", "2024-01-31"),
        ("20240201", "20240131"),
        ("20240201120000", "20240131235959"),
        ("RELEASE.2024-02-01T00-00-00Z", "RELEASE.2024-01-31T23-59-59Z"),
        ("main-abcdef1-1700000001", "main-0bcdef1-1700000000"),
        ("abcdef1-1700000001", "0bcdef1-1700000000"),
        ("build-12", "build-9"),
        ("1234", "1233"),
        ("1.2.3-alpine", "1.2.2-alpine"),
        ("15-alpine3.19", "14.1-bookworm"),
        ("1.2.3-r2", "1.2.3-r1"),
        ("2.x", "1.x"),
        ("2.*", "1.9.9"),
        ("^2.5.0", "2.1.0"),
        ("~1.3.0", "~1.2.9"),
        ("^0.3.0", "^0.2.9"),
        ("release-1.3", "release-1.2"),
    ],
)
def test_the_newer_of_two_is_known(newer: str, older: str) -> None:
    assert is_newer(newer, older)
    assert not is_newer(older, newer)
    assert not is_newer(newer, newer)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("1.2", "1.2.9", id="1.2 may be 1.2.9"),
        pytest.param("^2.5", "^2.4", id="both may be the same"),
        pytest.param("1.x", "1.9.9", id="a range that holds it"),
        pytest.param("1.2.3-alpine", "1.2.3", id="another flavour of one version"),
        pytest.param("1.2.3-1", "1.2.3", id="a revision and none"),
        pytest.param("3.8.0-debian-12-r1", "3.8.0-r2", id="two ways of revisions"),
        pytest.param("2024.1.5", "1.0.0", id="calendar and number"),
        pytest.param("1234", "1.2.3", id="build and version"),
        pytest.param("20240131", "1234", id="date and build"),
        pytest.param("build-12", "b-9", id="two words"),
        pytest.param("1.0.0+2", "1.0.0+1", id="build metadata has no order"),
    ],
)
def test_of_some_pairs_none_is_newer(one: str, other: str) -> None:
    assert not is_newer(one, other)
    assert not is_newer(other, one)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "latest", "main", "9fceb02", "1234567890" * 4, "main-9fceb02", "main-1234567",
        ">=1.0", ">=1.0.0-alpha", "1.0 || 2.0", "<2", "*", "x", "1.0 - 2.0", "sha256:00", "\u0661.\u0662", "1\n2",
        "v" * 500, "1." * 80,
    ],
)  # fmt: skip
def test_what_has_no_order_is_no_version(text: str) -> None:
    assert version.parse(text) is None


@pytest.mark.parametrize("text", ["1." * 100_000, "a-" * 100_000, "1-" * 100_000, "0" * 200_000, "~ " * 100_000])
def test_hostile_texts_take_no_time(text: str) -> None:
    start = time.process_time()

    version.parse(text)
    version.parse(text[:128])

    assert time.process_time() - start < 0.1
