"""What of a revision is read, what is not, and why."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.load import sources
from gitops_guard.load.sources import Entry, Source
from gitops_guard.model.errors import SourceError, UsageError
from gitops_guard.model.resource import FileKind

YAML = "a: 1\n"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"


def names(source: Source) -> list[str]:
    return [entry.path for entry in source.entries()]


def told(source: Source) -> dict[str, tuple[FileKind | None, str]]:
    return {entry.path: (entry.kind, entry.reason) for entry in source.entries()}


def contents(source: Source) -> dict[str, bytes]:
    return dict(source.read([entry.path for entry in source.entries() if entry.kind is None]))


def every_kind(root: Path, paths: tuple[str, ...] = ()) -> list[Source]:
    """The same committed files, three times."""
    return [sources.work_tree(root, paths), sources.folder(root, paths), sources.revision(root, "HEAD", paths)]


def test_all_revisions_have_the_same_files(git_repository: Any) -> None:
    git_repository.write({"a.yaml": YAML, "b/c.yaml": "c: 1\n", "z.txt": ""}).stage()
    staged = sources.staged(git_repository.root)
    expected = {"a.yaml": b"a: 1\n", "b/c.yaml": b"c: 1\n"}

    assert names(staged) == ["a.yaml", "b/c.yaml", "z.txt"]
    assert dict(staged.read(["a.yaml", "b/c.yaml"])) == expected
    git_repository.commit()
    for source in every_kind(git_repository.root):
        assert names(source) == ["a.yaml", "b/c.yaml", "z.txt"]
        assert dict(source.read(["a.yaml", "b/c.yaml"])) == expected


def test_a_revision_does_not_see_the_work_tree(git_repository: Any) -> None:
    git_repository.write({"a.yaml": YAML}).commit().write({"a.yaml": "a: 2\n", "b.yaml": YAML})

    assert contents(sources.revision(git_repository.root, "HEAD")) == {"a.yaml": b"a: 1\n"}


def test_staged_content_is_that_of_the_index(git_repository: Any) -> None:
    git_repository.write({"a.yaml": YAML, "same.yaml": YAML}).commit()
    git_repository.write({"a.yaml": "a: 2\n"}).stage().write({"a.yaml": "a: 3\n"})
    source = sources.staged(git_repository.root)

    assert contents(source) == {"a.yaml": b"a: 2\n"}
    assert source.around() == ["a.yaml", "same.yaml"]
    assert dict(source.read_around(source.around())) == {"a.yaml": b"a: 2\n", "same.yaml": b"a: 1\n"}


def test_nothing_staged_is_an_empty_list(git_repository: Any) -> None:
    git_repository.write({"a.yaml": YAML}).commit()

    assert sources.staged(git_repository.root).entries() == []


def test_a_file_deleted_from_the_work_tree_is_not_part_of_it(git_repository: Any) -> None:
    git_repository.write({"a.yaml": YAML, "b.yaml": YAML}).commit()
    (git_repository.root / "a.yaml").unlink()

    assert names(sources.work_tree(git_repository.root)) == ["b.yaml"]


def test_a_conflict_is_one_file_of_the_work_tree_and_unreadable_in_the_index(git_repository: Any) -> None:
    git_repository.write({"a.yaml": YAML}).commit().git("checkout", "-q", "-b", "other")
    git_repository.write({"a.yaml": "a: 2\n"}).commit().git("checkout", "-q", "main")
    git_repository.write({"a.yaml": "a: 3\n"}).commit()
    with pytest.raises(Exception, match="merge"):
        git_repository.git("merge", "other")

    assert names(sources.work_tree(git_repository.root)) == ["a.yaml"]
    assert told(sources.staged(git_repository.root)) == {
        "a.yaml": (FileKind.UNREADABLE, "its merge conflict is not resolved")
    }


def test_a_folder_has_all_its_files_but_those_of_git(tmp_path: Path) -> None:
    for name in ("a.yaml", "b/c.yaml", ".git/config.yaml", "b/.hidden/d.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(YAML)

    assert names(sources.folder(tmp_path)) == ["a.yaml", "b/.hidden/d.yaml", "b/c.yaml"]


def test_outside_of_a_repository_the_work_tree_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML)

    source = sources.work_tree(tmp_path)

    assert (source.label, names(source)) == ("folder", ["a.yaml"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("apps", ["apps/a.yaml", "apps/web/b.yaml"], id="a folder"),
        pytest.param("apps/", ["apps/a.yaml", "apps/web/b.yaml"], id="a folder with a slash"),
        pytest.param("./apps/a.yaml", ["apps/a.yaml"], id="a file"),
        pytest.param("apps/web/../a.yaml", ["apps/a.yaml"], id="a detour"),
        pytest.param(".", ["apps-2/c.yaml", "apps/a.yaml", "apps/web/b.yaml"], id="everything"),
    ],
)
def test_given_paths_limit_what_is_read(git_repository: Any, given: str, expected: list[str]) -> None:
    git_repository.write({"apps/a.yaml": YAML, "apps/web/b.yaml": YAML, "apps-2/c.yaml": YAML}).commit()

    for source in every_kind(git_repository.root, (given,)):
        assert names(source) == expected


def test_paths_are_relative_to_the_current_folder_and_listed_from_the_root(git_repository: Any) -> None:
    git_repository.write({"apps/a.yaml": YAML, "b.yaml": YAML}).commit()

    for make in (sources.work_tree, lambda *given: sources.revision(given[0], "HEAD", given[1])):
        assert names(make(git_repository.root / "apps", ("a.yaml", "../b.yaml"))) == ["apps/a.yaml", "b.yaml"]


def test_another_repository_can_be_named(git_repository: Any, tmp_path: Path) -> None:
    git_repository.write({"apps/a.yaml": YAML}).commit()
    source = sources.work_tree(tmp_path, (str(git_repository.root / "apps"),))

    assert (source.root, names(source)) == (git_repository.root.resolve(), ["apps/a.yaml"])


def test_a_plain_folder_elsewhere_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    (tmp_path / "there/a.yaml").write_text(YAML)

    assert names(sources.work_tree(tmp_path / "here", (str(tmp_path / "there"),))) == ["a.yaml"]


def test_a_named_path_that_does_not_exist_is_the_callers_mistake(git_repository: Any) -> None:
    git_repository.write({"a.yaml": YAML}).commit()

    for source in every_kind(git_repository.root, ("a.yaml", "nope.yaml")):
        with pytest.raises(UsageError, match=r"no file or folder 'nope\.yaml'"):
            source.entries()
    with pytest.raises(UsageError, match=r"no file or folder 'nope\.yaml' in the index"):
        sources.staged(git_repository.root, ("nope.yaml",)).entries()


def test_a_named_path_that_is_not_staged_is_no_mistake(git_repository: Any) -> None:
    git_repository.write({"a.yaml": YAML, "b/c.yaml": YAML}).commit()

    assert sources.staged(git_repository.root, ("a.yaml", "b")).entries() == []


def test_a_path_outside_of_the_repository_is_the_callers_mistake(git_repository: Any, tmp_path: Path) -> None:
    git_repository.write({"a.yaml": YAML}).commit()

    with pytest.raises(UsageError, match="lies outside of the repository"):
        sources.work_tree(git_repository.root, ("a.yaml", "../other.yaml"))
    with pytest.raises(UsageError, match="lies outside of the repository"):
        sources.revision(git_repository.root, "HEAD", ("/etc",))


def test_what_git_ignores_is_read_where_it_is_named(git_repository: Any) -> None:
    git_repository.write({".gitignore": "out\n", "out/a.yaml": YAML, "b.yaml": YAML}).commit()

    assert names(sources.work_tree(git_repository.root, ("out", "b.yaml"))) == ["b.yaml", "out/a.yaml"]
    assert names(sources.work_tree(git_repository.root, ("out/a.yaml",))) == ["out/a.yaml"]


@pytest.mark.parametrize("flag", ["--rev", "--staged"])
def test_revisions_need_a_repository(tmp_path: Path, flag: str) -> None:
    with pytest.raises(UsageError, match=f"{flag} needs a Git repository"):
        sources.revision(tmp_path, "HEAD") if flag == "--rev" else sources.staged(tmp_path)


def linked(root: Path, links: dict[str, str]) -> None:
    for name, target in links.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)


def test_links_are_listed_with_what_they_point_to(git_repository: Any) -> None:
    git_repository.write({"real/a.yaml": YAML})
    linked(
        git_repository.root,
        {
            "twice.yaml": "real/a.yaml",
            "out.yaml": "/etc/hostname",
            "up.yaml": "../outside.yaml",
            "loop-1.yaml": "loop-2.yaml",
            "loop-2.yaml": "loop-1.yaml",
            "folder": "real",
            "nothing.yaml": "missing.yaml",
            "inside.yaml": ".git/config",
        },
    )
    (git_repository.root.parent / "outside.yaml").write_text(YAML)
    git_repository.commit()
    outside, loop = "points outside of the repository: refused", "a loop of links: refused"

    for source in every_kind(git_repository.root):
        reasons = {path: reason for path, (kind, reason) in told(source).items() if kind is FileKind.SYMLINK}
        in_objects = "points to no file of this revision"
        assert reasons == {
            "twice.yaml": "points to real/a.yaml, which is checked under its own name",
            "out.yaml": outside,
            "up.yaml": outside,
            "loop-1.yaml": loop,
            "loop-2.yaml": loop,
            "folder": in_objects
            if source.is_virtual
            else "points to the folder real: links to folders are not followed",
            "nothing.yaml": in_objects if source.is_virtual else "points to nothing",
            "inside.yaml": in_objects if source.is_virtual else "points into .git: refused",
        }


def test_a_link_is_read_where_its_target_is_not(git_repository: Any) -> None:
    git_repository.write({"real/a.yaml": YAML})
    linked(git_repository.root, {"apps/b.yaml": "../real/a.yaml", "apps/c.yaml": "b.yaml", "folder": "real"})
    linked(git_repository.root, {"apps/through.yaml": "../folder/a.yaml"})
    git_repository.commit()

    for source in every_kind(git_repository.root, ("apps/c.yaml", "apps/through.yaml")):
        assert contents(source) == {"apps/c.yaml": b"a: 1\n", "apps/through.yaml": b"a: 1\n"}


def test_files_behind_a_folder_that_became_a_link_are_not_read(git_repository: Any, tmp_path: Path) -> None:
    git_repository.write({"apps/deep/a.yaml": YAML}).commit()
    (git_repository.root / "apps").rename(tmp_path / "elsewhere")
    linked(git_repository.root, {"apps": str(tmp_path / "elsewhere")})

    assert told(sources.work_tree(git_repository.root)) == {
        "apps": (FileKind.SYMLINK, "points outside of the repository: refused")
    }


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")

    assert told(sources.folder(tmp_path)) == {"a.yaml": (FileKind.UNREADABLE, "neither a file nor a link")}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_listed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML)
    (tmp_path / "a.yaml").chmod(0)

    assert told(sources.folder(tmp_path)) == {"a.yaml": (FileKind.UNREADABLE, "no permission to read it")}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_listed(git_repository: Any) -> None:
    git_repository.write({"closed/a.yaml": YAML})
    (git_repository.root / "closed").chmod(0)

    for source in (sources.work_tree(git_repository.root), sources.folder(git_repository.root)):
        assert told(source) == {"closed": (FileKind.UNREADABLE, "no permission to look into this folder")}
    (git_repository.root / "closed").chmod(0o700)


def test_a_file_over_the_limit_is_listed(git_repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 10)
    git_repository.write({"large.yaml": "a: 1234567\n"}).commit()
    linked(git_repository.root, {"link.yaml": "large.yaml"})

    for source in every_kind(git_repository.root, ("large.yaml",)):
        assert told(source) == {"large.yaml": (FileKind.TOO_LARGE, "11 bytes; at most 10 are read")}
    assert told(sources.work_tree(git_repository.root, ("link.yaml",)))["link.yaml"][0] is FileKind.TOO_LARGE
    assert sources.stdin("a.yaml", b"x" * 11).entries()[0].kind is FileKind.TOO_LARGE


def test_lfs_pointers_and_submodules_are_listed(git_repository: Any) -> None:
    git_repository.write({"sub/.gitattributes": "*.yaml filter=lfs\n", "sub/a.yaml": POINTER, "b.yaml": YAML})
    git_repository.git("init", "-q", str(git_repository.root / "inner"))
    git_repository.git("-C", "inner", "commit", "-q", "--allow-empty", "-m", "x")
    git_repository.git("-c", "filter.lfs.clean=cat", "-c", "advice.addEmbeddedRepo=false", "add", ".")
    git_repository.git("commit", "-q", "-m", "x")

    for source in (sources.work_tree(git_repository.root), sources.revision(git_repository.root, "HEAD")):
        assert {path: kind for path, (kind, _) in told(source).items() if kind} == {
            "inner": FileKind.SUBMODULE,
            "sub/a.yaml": FileKind.LFS_POINTER,
        }


def test_an_untracked_repository_inside_is_no_part_of_ours(git_repository: Any) -> None:
    git_repository.git("init", "-q", str(git_repository.root / "inner"))
    git_repository.git("-C", "inner", "commit", "-q", "--allow-empty", "-m", "x")

    assert told(sources.work_tree(git_repository.root))["inner"][0] is FileKind.SUBMODULE


def test_files_larger_than_one_read_arrive_whole(git_repository: Any) -> None:
    data = os.urandom(300_000)
    (git_repository.root / "a.yaml").write_bytes(data)
    git_repository.commit()

    for source in every_kind(git_repository.root):
        assert contents(source) == {"a.yaml": data}


def test_a_file_that_goes_away_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML)
    source = sources.folder(tmp_path)
    source.entries()
    (tmp_path / "a.yaml").unlink()

    with pytest.raises(SourceError, match=r"a\.yaml cannot be read: No such file"):
        list(source.read(["a.yaml"]))


def test_standard_input_is_one_file_with_the_given_name(git_repository: Any) -> None:
    source = sources.stdin("apps/x.yaml", b"a: 1\n", git_repository.root)

    assert source.entries() == [Entry("apps/x.yaml", 5)]
    assert contents(source) == {"apps/x.yaml": b"a: 1\n"}


def test_standard_input_is_not_called_something_outside(git_repository: Any) -> None:
    with pytest.raises(UsageError, match="lies outside of the repository"):
        sources.stdin("../x.yaml", b"", git_repository.root)


def test_the_configuration_is_that_of_the_revision(git_repository: Any) -> None:
    git_repository.write({".gitops-guard.yaml": "a: 1\n"}).commit().write({".gitops-guard.yaml": "a: 2\n"}).stage()
    git_repository.write({".gitops-guard.yaml": "a: 3\n"})
    root = git_repository.root

    assert sources.revision(root, "HEAD").config() == (".gitops-guard.yaml", b"a: 1\n")
    assert sources.staged(root).config() == (".gitops-guard.yaml", b"a: 2\n")
    assert sources.work_tree(root).config() == (".gitops-guard.yaml", b"a: 3\n")
    assert sources.stdin("x.yaml", b"", root).config() == (".gitops-guard.yaml", b"a: 3\n")


def test_a_configuration_that_is_a_link_out_of_the_repository_is_not_read(git_repository: Any) -> None:
    (git_repository.root.parent / "outside.yaml").write_text(YAML)
    linked(git_repository.root, {".gitops-guard.yaml": "../outside.yaml"})

    assert sources.work_tree(git_repository.root).config() is None


def test_a_name_that_is_not_utf8_is_read(git_repository: Any) -> None:
    Path(os.fsdecode(os.fsencode(git_repository.root) + b"/\xff.yaml")).write_text(YAML)
    git_repository.commit()

    for source in every_kind(git_repository.root):
        assert contents(source) == {"\udcff.yaml": b"a: 1\n"}
