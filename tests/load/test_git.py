"""What Git answers, in repositories as they come."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.load import git
from gitops_guard.model.errors import SourceError, UsageError

HOSTILE = ["with blank.yaml", "quo\"te'.yaml", "new\nline.yaml", "tab\t.yaml", "-dash.yaml", "grün.yaml", "*.yaml"]


def work_tree(root: Path) -> list[git.Listed]:
    return [item for part in git.work_tree(str(root)) for item in part]


def paths(listed: list[git.Listed]) -> list[str]:
    return sorted(item.path for item in listed)


def test_the_root_is_found_from_a_folder_below(git_repository: Any) -> None:
    git_repository.write({"a/b/c.yaml": ""})

    assert git.root_of(str(git_repository.root / "a/b")) == str(git_repository.root.resolve())


def test_a_folder_outside_of_a_repository_has_no_root(tmp_path: Path) -> None:
    assert git.root_of(str(tmp_path)) is None


def test_a_linked_work_tree_is_a_root_of_its_own(git_repository: Any, tmp_path: Path) -> None:
    git_repository.write({"a.yaml": "a: 1\n"}).commit()
    git_repository.git("worktree", "add", "-q", str(tmp_path / "other"))

    assert git.root_of(str(tmp_path / "other")) == str((tmp_path / "other").resolve())
    assert paths(work_tree(tmp_path / "other")) == ["a.yaml"]


def test_the_work_tree_has_tracked_and_untracked_files_but_no_ignored_ones(git_repository: Any) -> None:
    git_repository.write({"tracked.yaml": "a: 1\n", ".gitignore": "out/\n"}).commit()
    git_repository.write({"new/untracked.yaml": "a: 1\n", "out/rendered.yaml": "a: 1\n"})

    listed = work_tree(git_repository.root)

    assert paths(listed) == [".gitignore", "new/untracked.yaml", "tracked.yaml"]
    assert {item.path: item.blob for item in listed}["tracked.yaml"] == git_repository.git(
        "rev-parse", "HEAD:tracked.yaml"
    )
    assert {item.path: item.blob for item in listed}["new/untracked.yaml"] == ""


@pytest.mark.parametrize("name", HOSTILE)
def test_names_arrive_as_they_are(git_repository: Any, name: str) -> None:
    git_repository.write({name: "a: 1\n"})
    untracked = paths(work_tree(git_repository.root))
    git_repository.commit()

    assert untracked == [name]
    assert paths(work_tree(git_repository.root)) == [name]
    assert paths(git.index(str(git_repository.root))()) == [name]
    assert paths(git.tree(str(git_repository.root), "HEAD")) == [name]


def test_a_name_that_is_not_utf8_has_surrogate_escapes(git_repository: Any) -> None:
    Path(os.fsdecode(os.fsencode(git_repository.root) + b"/\xff.yaml")).write_text("a: 1\n")
    git_repository.commit()

    assert paths(git.index(str(git_repository.root))()) == ["\udcff.yaml"]
    assert git.named(str(git_repository.root), ":", ["\udcff.yaml"], limit_bytes=1000) == {"\udcff.yaml": b"a: 1\n"}


def test_submodules_and_links_are_told_by_mode(git_repository: Any, tmp_path: Path) -> None:
    git_repository.write({"a.yaml": "a: 1\n"})
    (git_repository.root / "link.yaml").symlink_to("a.yaml")
    git_repository.git("init", "-q", str(git_repository.root / "inner"))
    git_repository.git("-C", "inner", "commit", "-q", "--allow-empty", "-m", "x")
    git_repository.git("-c", "advice.addEmbeddedRepo=false", "add", ".")

    modes = {item.path: item.mode for item in git.index(str(git_repository.root))()}

    assert modes == {"a.yaml": 0o100644, "inner": git.SUBMODULE, "link.yaml": git.SYMLINK}


def test_a_sparse_checkout_says_what_it_left_out(git_repository: Any) -> None:
    git_repository.write({"in/a.yaml": "", "out/b.yaml": ""}).commit()
    git_repository.git("sparse-checkout", "set", "in")

    assert {item.path: item.sparse for item in work_tree(git_repository.root)} == {
        "in/a.yaml": False,
        "out/b.yaml": True,
    }


def test_what_is_staged_differs_from_the_last_commit(git_repository: Any) -> None:
    git_repository.write({"same.yaml": "a: 1\n", "changed.yaml": "a: 1\n", "gone.yaml": "a: 1\n"}).commit()
    git_repository.write({"changed.yaml": "a: 2\n", "added.yaml": "a: 1\n", "untracked.yaml": ""})
    git_repository.git("add", "changed.yaml", "added.yaml")
    git_repository.git("rm", "-q", "gone.yaml")

    assert git.changed_in_index(str(git_repository.root))() == {"added.yaml", "changed.yaml"}


def test_before_the_first_commit_everything_staged_is_new(git_repository: Any) -> None:
    git_repository.write({"a.yaml": "a: 1\n"}).stage()

    assert git.changed_in_index(str(git_repository.root))() == {"a.yaml"}


def test_a_tag_names_its_commit(git_repository: Any) -> None:
    git_repository.commit().git("tag", "-a", "-m", "x", "v1")

    assert git.resolve(str(git_repository.root), "v1") == git_repository.git("rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["nope", "", "--all", "a\0b", "HEAD:missing", "HEAD^{tree}"])
def test_a_name_of_no_commit_is_the_callers_mistake(git_repository: Any, name: str) -> None:
    git_repository.commit()

    with pytest.raises(UsageError, match="git knows no revision"):
        git.resolve(str(git_repository.root), name)


def test_a_shallow_clone_says_how_to_get_the_rest(git_repository: Any, tmp_path: Path) -> None:
    git_repository.commit().commit()
    first = git_repository.git("rev-parse", "HEAD~1")
    git_repository.git("clone", "-q", "--depth=1", f"file://{git_repository.root}", str(tmp_path / "shallow"))

    with pytest.raises(UsageError, match="fetch-depth: 0"):
        git.resolve(str(tmp_path / "shallow"), first)


def test_blobs_come_in_the_order_they_were_asked_for(git_repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "_BATCH_BYTES", 300)
    contents = [b"", b"a: 1\n", b"\n\n", bytes(range(256)) * 4]
    for number, content in enumerate(contents):
        (git_repository.root / f"{number}.yaml").write_bytes(content)
    git_repository.git("-c", "core.autocrlf=false", "add", ".")
    blobs = [item.blob for item in git.index(str(git_repository.root))()] * 2

    sizes = git.sizes(str(git_repository.root), blobs)

    assert sizes == [0, 5, 2, 1024] * 2
    assert list(git.blobs(str(git_repository.root), zip(blobs, sizes, strict=True))) == contents * 2


def test_a_blob_that_is_not_there_has_the_size_minus_one(git_repository: Any) -> None:
    assert git.sizes(str(git_repository.root), ["0" * 39 + "1"]) == [-1]


def test_named_files_that_are_not_there_are_left_out(git_repository: Any) -> None:
    git_repository.write({"folder/a.yaml": "a: 1\n"}).commit()

    found = git.named(str(git_repository.root), "HEAD:", ["missing", "folder", "folder/a.yaml"], limit_bytes=1000)

    assert found == {"folder/a.yaml": b"a: 1\n"}


def test_a_folder_without_repository_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a Git repository"):
        git.index(str(tmp_path))()


def test_a_broken_repository_is_named_with_gits_own_sentence(git_repository: Any) -> None:
    git_repository.write({"a.yaml": "a: 1\n"}).stage()
    (git_repository.root / ".git/index").write_bytes(b"broken" * 20)

    with pytest.raises(SourceError, match="git ls-files failed: "):
        git.index(str(git_repository.root))()


def test_the_configuration_of_a_repository_starts_no_program(git_repository: Any) -> None:
    """fsmonitor, and the clean filter of a file whose time changed, are programs that a repository can name."""
    git_repository.write({"a.yaml": "a: 1\n"}).commit()
    trap = git_repository.root.parent / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {trap}.sprung\ncat\n")
    trap.chmod(0o755)
    git_repository.git("config", "core.fsmonitor", str(trap))
    git_repository.git("config", "filter.trap.clean", str(trap))
    git_repository.git("config", "diff.external", str(trap))
    git_repository.write({".gitattributes": "*.yaml filter=trap\n"})
    os.utime(git_repository.root / "a.yaml", (1, 1))

    work_tree(git_repository.root)
    git.changed_in_index(str(git_repository.root))()

    assert not trap.with_name("trap.sprung").exists()


def test_a_partial_clone_is_not_completed_over_the_network(git_repository: Any, tmp_path: Path) -> None:
    git_repository.write({"a.yaml": "a: 1\n"}).commit()
    git_repository.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "partial"
    source = f"file://{git_repository.root}"
    subprocess.run(["git", "clone", "-q", "--no-checkout", "--filter=blob:none", source, str(clone)], check=True)

    with pytest.raises(SourceError, match="partial clone"):
        git.sizes(str(clone), [item.blob for item in git.tree(str(clone), "HEAD")])
