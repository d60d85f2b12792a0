from __future__ import annotations

import re
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.load import globs
from gitops_guard.load.globs import GlobError


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        pytest.param("apps/web/app.yaml", "apps/web/app.yaml", id="plain text"),
        pytest.param("apps/web", "apps/web/deep/app.yaml", id="a folder holds what is below it"),
        pytest.param("apps/web/", "apps/web/app.yaml", id="a slash at the end means below"),
        pytest.param("./apps/*", "apps/a.yaml", id="a leading dot and slash"),
        pytest.param("/apps/*", "apps/a.yaml", id="a leading slash"),
        pytest.param("apps/*/app.yaml", "apps/web/app.yaml", id="star is one folder"),
        pytest.param("**/app.yaml", "app.yaml", id="double star is also no folder"),
        pytest.param("**/app.yaml", "a/b/app.yaml", id="double star is many folders"),
        pytest.param("apps/**", "apps/a/b/c.yaml", id="double star at the end"),
        pytest.param("apps/**/prod/**/*.yaml", "apps/x/prod/y/z/a.yaml", id="two double stars"),
        pytest.param("apps/**/**/a.yaml", "apps/a.yaml", id="double stars in a row"),
        pytest.param("**/prod/*/a.yaml", "prod/prod/x/a.yaml", id="the second of two equal folders"),
        pytest.param("**/x/**/x/y", "x/a/x/x/y", id="a run that fits twice"),
        pytest.param("*-*-prod/a", "web-eu-west-prod/a", id="stars inside a name"),
        pytest.param("*aab", "aaaab", id="a star before text that repeats"),
        pytest.param("a?c", "abc", id="question mark"),
        pytest.param("[a-c]x", "bx", id="class"),
        pytest.param("[!a-c]x", "dx", id="class negated"),
        pytest.param("[]]x", "]x", id="a bracket first in its class"),
        pytest.param("[abc", "[abc", id="a bracket that is never closed"),
        pytest.param(r"\*x", "*x", id="an escaped star"),
        pytest.param("{dev,prod}/*.{yaml,yml}", "prod/a.yml", id="braces"),
        pytest.param("{a,b{c,d}}", "bd", id="braces in braces"),
        pytest.param("{a}", "{a}", id="braces without a comma"),
        pytest.param("*/.x", ".y/.x", id="a star takes hidden names"),
        pytest.param("a\nb/*", "a\nb/c", id="a newline in a name"),
        pytest.param("äöü/*", "äöü/ß", id="not ASCII"),
    ],
)
def test_matches(pattern: str, path: str) -> None:
    assert globs.of([pattern]).match(path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        pytest.param("web/app.yaml", "apps/web/app.yaml", id="patterns begin at the root"),
        pytest.param("apps/web", "apps/website/app.yaml", id="a folder is its whole name"),
        pytest.param("apps/*", "apps/web/app.yaml", id="a star is no slash"),
        pytest.param("apps/*/", "apps/app.yaml", id="a folder is no file"),
        pytest.param("a?c", "a/c", id="a question mark is no slash"),
        pytest.param("a[!b]c", "a/c", id="a negated class is no slash"),
        pytest.param("a[+-9]c", "a/c", id="a range over the slash is no slash"),
        pytest.param("apps/**", "apps", id="double star at the end is below, not the folder"),
        pytest.param("[c-a]x", "bx", id="a range that runs backwards"),
        pytest.param("a.yaml", "axyaml", id="a dot is a dot"),
        pytest.param("*.yaml", "x.yaml/y", id="a wildcard name is no folder"),
    ],
)
def test_does_not_match(pattern: str, path: str) -> None:
    assert not globs.of([pattern]).match(path)


def test_no_pattern_matches_nothing() -> None:
    assert not globs.of([]).match("a")
    assert not globs.of([])


def test_one_of_several_patterns_is_enough() -> None:
    assert globs.of(["a/*", "b/*"]).match("b/x")


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        pytest.param("", "an empty pattern matches nothing", id="empty"),
        pytest.param("/", "`/` matches nothing", id="only a slash"),
        pytest.param("../x", "`../x` leaves the repository", id="above the root"),
        pytest.param("{a,b}" * 9, "stands for more than 256 patterns", id="exponential braces"),
        pytest.param("a" * 5000, "a pattern of 5000 characters is longer than any path", id="endless"),
    ],
)
def test_refuses(pattern: str, sentence: str) -> None:
    with pytest.raises(GlobError, match=re.escape(sentence)):
        globs.of([pattern])


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        pytest.param("*a" * 40 + "b", "a" * 4000, id="stars in one name"),
        pytest.param("**/a/" * 30 + "b", "a/" * 2000 + "c", id="double stars over many folders"),
        pytest.param("**/*a*a*a*a*b", "a" * 4000, id="stars below a double star"),
        pytest.param("**/*/**/*/**/*/**/b", "a/" * 2000 + "c", id="stars between double stars"),
        pytest.param("[a]*[!b]*" * 20 + "z", "a" * 4000, id="classes and stars"),
    ],
)
def test_a_hostile_pattern_is_answered_at_once(pattern: str, path: str) -> None:
    found = globs.of([pattern])
    start = perf_counter()

    assert not found.match(path)

    assert perf_counter() - start < 1.0


_names = st.text(st.sampled_from("ab"), min_size=1, max_size=4)
_parts = st.one_of(
    st.just("**"), st.text(st.sampled_from("ab*?"), min_size=1, max_size=5).filter(lambda p: "**" not in p)
)


@given(st.lists(_parts, min_size=1, max_size=6), st.lists(_names, min_size=1, max_size=7))
def test_atomic_groups_lose_no_match(parts: list[str], names: list[str]) -> None:
    """Against a slow matcher that tries everything."""
    pattern = [*parts, "*"]

    assert globs.of(["/".join(pattern)]).match("/".join(names)) == _slow_path(pattern, names)


def _slow_path(parts: list[str], names: list[str]) -> bool:
    if not parts:
        return not names
    if parts[0] == "**":
        return any(_slow_path(parts[1:], names[skipped:]) for skipped in range(len(names) + 1))
    return bool(names) and _slow_name(parts[0], names[0]) and _slow_path(parts[1:], names[1:])


def _slow_name(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(_slow_name(pattern[1:], name[skipped:]) for skipped in range(len(name) + 1))
    return bool(name) and pattern[0] in ("?", name[0]) and _slow_name(pattern[1:], name[1:])


def test_placeholders_name_what_they_took() -> None:
    pattern = globs.placeholders("fleet/*/<app>-<environment>/**", ["app", "environment", "cluster"])

    match = pattern.fullmatch("fleet/eu/web-shop-prod/a/b.yaml")

    assert match is not None
    assert match.groupdict() == {"app": "web-shop", "environment": "prod"}


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        pytest.param("<team>/x", "`<team>/x` has the placeholder <team>; known are <app>", id="unknown"),
        pytest.param("<app>/<app>", "`<app>/<app>` has the placeholder <app> twice", id="twice"),
        pytest.param("<app>*/x", "has a wildcard and a placeholder in one folder name", id="beside a star"),
        pytest.param("{a,b}/<app>", "has both a placeholder and {a,b}", id="with braces"),
    ],
)
def test_refuses_a_placeholder(pattern: str, sentence: str) -> None:
    with pytest.raises(GlobError, match=re.escape(sentence)):
        globs.placeholders(pattern, ["app"])
