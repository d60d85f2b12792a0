"""A repository that has not changed is not examined again, and every change is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program import Run, git, gitops_guard, repository

FILES = {
    "apps/production/kustomization.yaml": "resources: [shop.yaml]\nconfigMapGenerator:\n- name: a\n  envs: [a.env]\n",
    "apps/production/shop.yaml": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\nstringData:\n"
    "  password: correct horse battery staple\n",
    "apps/production/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n"
    "  - {name: a, image: nginx:latest}  # gitops-guard: allow unpinned-image-tag -- a test\n",
    "apps/production/a.env": "LEVEL=debug\n",
}
SECONDS = re.compile(r"\(\d+\.\d+s\)")
FORMATS = ("text", "json", "sarif", "junit", "github", "markdown", "rdjson")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository(tmp_path / "repository", FILES)


@pytest.fixture
def check(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    def run(*flags: str, cache: str = "cache") -> Run:
        return gitops_guard("check", *flags, cwd=root, env={"XDG_CACHE_HOME": str(tmp_path / cache)})

    return run


def verdicts(tmp_path: Path) -> dict[str, int]:
    return {file.name: file.stat().st_size for file in (tmp_path / "cache").rglob("verdicts-*")}


@pytest.mark.parametrize("form", FORMATS)
def test_the_second_run_says_the_same_in_every_format(check: Callable[..., Run], form: str) -> None:
    first, second = (check("--format", form, "--coverage") for _ in range(2))
    fresh = check("--format", form, "--coverage", "--no-cache")

    assert first.code == second.code == fresh.code == 1
    assert timeless(first) == timeless(second) == timeless(fresh)


def test_an_unchanged_repository_is_not_examined_again(check: Callable[..., Run], tmp_path: Path) -> None:
    check()
    stored = verdicts(tmp_path)
    check()

    assert stored
    assert verdicts(tmp_path) == stored


def timeless(run: Run) -> str:
    return SECONDS.sub("", run.out + run.err)


def _write(name: str, text: str) -> Callable[[Path], object]:
    return lambda root: (root / name).write_text(text)


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        pytest.param(_write("apps/production/b.yaml", "a: [\n"), "b.yaml:1:5: error[yaml-syntax]", id="a new file"),
        pytest.param(_write("apps/production/shop.yaml", "a: [\n"), "shop.yaml:1:5", id="another content"),
        pytest.param(
            lambda root: (root / "apps/production/shop.yaml").rename(root / "apps/production/shop2.yaml"),
            "shop2.yaml:6:13: error[plaintext-secret]",
            id="another name",
        ),
        pytest.param(
            _write(".gitops-guard.yaml", "version: 1\nrules: {plaintext-secret: warning}\n"),
            "warning[plaintext-secret]",
            id="the configuration",
        ),
        pytest.param(
            _write(
                ".gitops-guard-waivers.yaml",
                "- rule: plaintext-secret\n  paths: ['**']\n  reason: a test\n  owner: us\n  until: 2999-01-01\n",
            ),
            "2 findings allowed by waivers",
            id="the waiver file",
        ),
        pytest.param(
            _write(".yamllint", "rules: {line-length: {max: 5}}\n"), "(line-length)", id="the configuration of yamllint"
        ),
    ],
)
def test_a_change_is_seen(check: Callable[..., Run], root: Path, change: Callable[[Path], object], seen: str) -> None:
    before = check()
    change(root)

    assert seen not in before.out
    assert seen in check().out


def test_a_text_that_a_generator_reads_counts_as_content(check: Callable[..., Run], root: Path, tmp_path: Path) -> None:
    check()
    before = verdicts(tmp_path)
    (root / "apps/production/a.env").write_text("LEVEL=a-longer-level-than-before\n")
    check("--fail-on", "warning")
    changed = {file.read_bytes() for file in (tmp_path / "cache").rglob("verdicts-*")}
    check()

    assert before
    assert changed == {file.read_bytes() for file in (tmp_path / "cache").rglob("verdicts-*")}


def test_other_flags_are_another_question(check: Callable[..., Run]) -> None:
    check()

    assert "plaintext-secret" not in check("--ignore", "plaintext-secret").out
    assert "selector" not in check("--select", "lint").out


def test_a_revision_is_remembered_like_a_work_tree(check: Callable[..., Run], root: Path) -> None:
    git("commit", "-q", "--allow-empty", "-m", "more", cwd=root)
    first, second = check("--rev", "HEAD", "--format", "json"), check("--rev", "HEAD", "--format", "json")

    assert first.code == 1
    assert first.out == second.out


def test_what_is_kept_cannot_be_read_without_the_files(check: Callable[..., Run], tmp_path: Path) -> None:
    check()
    kept = b"".join(file.read_bytes() for file in (tmp_path / "cache").rglob("verdicts-*"))

    assert kept
    assert not any(word in kept for word in (b"plaintext-secret", b"shop", b"nginx", b"latest", b"apps"))
