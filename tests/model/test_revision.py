"""What an address says of the revision that is fetched."""

from __future__ import annotations

import time

import pytest

from gitops_guard.model import revision
from gitops_guard.model.revision import Remote


@pytest.mark.parametrize(
    ("entry", "known"),
    [
        ("github.com/o/r", Remote("github.com/o/r", "")),
        ("github.com/o/r//config/crd", Remote("github.com/o/r", "")),
        ("https://github.com/o/r/config/crd?ref=main", Remote("github.com/o/r", "main")),
        ("github.com/o/r//config?timeout=90s&ref=v1.2", Remote("github.com/o/r", "v1.2")),
        ("https://git.example.com/o/r.git//config?version=main", Remote("git.example.com/o/r", "main")),
        ("git@github.com:o/r.git//config", Remote("github.com:o/r", "")),
        ("ssh://git@git.example.com/o/r", Remote("git.example.com/o/r", "")),
        ("git::https://user:word@git.example.com/o/r.git", Remote("git.example.com/o/r", "")),
        ("https://raw.githubusercontent.com/o/r/main/a.yaml", Remote("github.com/o/r", "main")),
        (
            "https://raw.githubusercontent.com/o/r/refs/heads/main/v1/a.yaml",
            Remote("github.com/o/r", "refs/heads/main"),
        ),
        ("https://raw.githubusercontent.com/o/r/refs/tags/v1/a.yaml", Remote("github.com/o/r", "refs/tags/v1")),
        ("https://github.com/o/r/raw/main/a.json", Remote("github.com/o/r", "main")),
        ("https://github.com/o/r/releases/latest/download/a.yaml", Remote("github.com/o/r", "latest")),
        ("https://github.com/o/r/releases/download/v1/a.yaml", Remote("github.com/o/r", "v1")),
        ("https://gitlab.com/g/s/r/-/raw/main/a.yaml", Remote("gitlab.com/g/s/r", "main")),
        ("https://codeberg.org/o/r/raw/branch/main/a.yaml", Remote("codeberg.org/o/r", "refs/heads/main")),
        ("https://codeberg.org/o/r/raw/tag/v1/a.yaml", Remote("codeberg.org/o/r", "refs/tags/v1")),
        ("https://example.com/o/latest/a.yaml", Remote("example.com/o/latest/a.yaml", "latest")),
        ("https://example.com/o/a.yaml", None),
        ("https://example.com/folder/of/something", None),
        ("../../base", None),
        ("github.com", None),
        ("a.yaml", None),
        ("a\nb/c?ref=main", None),
        ("", None),
    ],
)
def test_what_kustomize_fetches_is_told_by_its_address(entry: str, known: Remote | None) -> None:
    assert revision.remote(entry) == known


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/Example/Shop.git",
        "http://github.com:443/example/shop/",
        "ssh://git@github.com/example/shop.git",
        "git@github.com:example/shop.git",
        "https://someone:a@b@github.com/example/shop?x=y",
        "oci://github.com/example/shop",
    ],
)
def test_a_repository_has_one_name_without_credentials(url: str) -> None:
    assert revision.repository(url) == "github.com/example/shop"


@pytest.mark.parametrize(
    ("url", "owner"),
    [
        ("https://github.com/example/shop", "github.com/example"),
        ("oci://ghcr.io/example/charts/shop", "github.com/example"),
        ("ssh://git@git.example.com:7999/team/shop.git", "git.example.com"),
        ("", ""),
        ("https://", ""),
    ],
)
def test_an_owner_has_a_folder_at_a_public_forge_or_a_host(url: str, owner: str) -> None:
    assert revision.owner(url) == owner


@pytest.mark.parametrize(
    "text",
    ["*." * 100_000, "a/" * 100_000, "x@" * 100_000, "1." * 100_000, ">=0" + ".0" * 100_000 + "!", "a:" * 100_000],
)
def test_hostile_addresses_and_versions_take_no_time(text: str) -> None:
    started = time.process_time()
    revision.is_newest(text)
    revision.is_range(text, partial=True)
    revision.is_bounded(text)
    revision.owner(text)
    revision.remote(f"https://{text}/-/raw/a/b")
    revision.remote(f"github.com/{text}?{text}")

    assert time.process_time() - started < 1
