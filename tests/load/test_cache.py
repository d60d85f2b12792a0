"""The cache: what it keeps, and what it survives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitops_guard.load import cache
from gitops_guard.load.cache import Cache, Store

ROOT = Path("/repository")
KEY = cache.key("a.yaml", b"a: 1\n")
OTHER = cache.key("b.yaml", b"a: 1\n")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GITOPS_GUARD_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def opened(*parts: str) -> Store:
    return cache.open_cache(ROOT).store("lint", *parts)


def save(key: bytes, value: bytes, *parts: str) -> None:
    store = opened(*parts)
    store.put(key, value)
    store.save()


def only_file(folder: Path) -> Path:
    (file,) = (path for path in folder.iterdir() if path.name != "lock")
    return file


@pytest.mark.parametrize("value", [b"", b"x", bytes(range(256)) * 100])
def test_what_was_saved_is_found_again(folder: Path, value: bytes) -> None:
    save(KEY, value)

    assert opened().get(KEY) == value
    assert opened().get(OTHER) is None


def test_a_key_depends_on_path_and_content() -> None:
    assert len({cache.key(path, data) for path in ("a", "b", "a\udcff") for data in (b"", b"a", b"\0")}) == 9


def test_other_versions_digests_and_repositories_have_other_entries(folder: Path) -> None:
    save(KEY, b"x", "digest")

    assert opened("other digest").get(KEY) is None
    assert cache.open_cache(Path("/other")).store("lint", "digest").get(KEY) is None


def test_only_we_may_read_it(folder: Path) -> None:
    save(KEY, b"x")

    assert folder.stat().st_mode & 0o777 == 0o700
    assert only_file(folder).stat().st_mode & 0o777 == 0o600


def test_entries_of_another_process_stay(folder: Path) -> None:
    first, second = opened(), opened()
    first.put(KEY, b"first")
    second.put(OTHER, b"second")
    first.save()
    second.save()

    assert (opened().get(KEY), opened().get(OTHER)) == (b"first", b"second")


def test_many_processes_lose_nothing(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from gitops_guard.load import cache\n"
        "cache._LOCK_ATTEMPTS = 5000\n"
        "store = cache.open_cache(Path('/repository')).store('lint')\n"
        "store.put(cache.key(sys.argv[1], b''), b'x'); store.save()"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, str(number)]) for number in range(8)]
    assert [process.wait() for process in processes] == [0] * 8

    store = opened()

    assert [store.get(cache.key(str(number), b"")) for number in range(8)] == [b"x"] * 8


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[:-1], id="torn at the end"),
        pytest.param(lambda data: data[: len(data) // 2], id="torn in the middle"),
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[:-1] + b"\xff", id="a wrong byte"),
        pytest.param(lambda data: b"x" * 1000, id="something else"),
    ],
)
def test_a_damaged_file_is_as_none_and_is_replaced(folder: Path, damage: object) -> None:
    save(KEY, b"value")
    file = only_file(folder)
    assert callable(damage)
    file.write_bytes(damage(file.read_bytes()))

    assert opened().get(KEY) is None
    save(OTHER, b"again")
    assert opened().get(OTHER) == b"again"


def test_a_folder_that_cannot_be_made_is_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GITOPS_GUARD_CACHE_DIR", str(tmp_path / "file/cache"))

    save(KEY, b"x")

    assert cache.open_cache(ROOT).folder is None
    assert opened().get(KEY) is None


def test_a_folder_that_others_may_write_to_is_no_cache(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)

    assert cache.open_cache(ROOT).folder is None


def test_a_full_disk_is_no_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(KEY, b"x")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        save(OTHER, b"x")

    assert (opened().get(KEY), opened().get(OTHER)) == (b"x", None)
    assert [path for path in folder.iterdir() if path.name.endswith(".tmp")] == []


def test_the_entries_used_last_stay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [cache.key(str(number), b"") for number in range(5)]
    for key in keys[:4]:
        save(key, b"x")
    monkeypatch.setattr(cache, "MAX_ENTRIES", 3)
    store = opened()
    store.get(keys[0])
    store.put(keys[4], b"x")
    store.save()

    assert [opened().get(key) for key in keys] == [b"x", None, None, b"x", b"x"]


def test_a_store_is_bounded_in_bytes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_BYTES", 1000)
    save(KEY, b"x" * 900)
    save(OTHER, b"x" * 900)

    assert (opened().get(KEY), opened().get(OTHER)) == (None, b"x" * 900)


def test_old_stores_and_left_temporary_files_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_FILES", 2)
    for number in range(4):
        save(KEY, b"x", str(number))
        for file in folder.iterdir():
            os.utime(file, ns=(0, file.stat().st_mtime_ns - 1_000_000_000))
    (folder / "lint-0.1.tmp").write_text("")
    save(KEY, b"x", "last")

    assert [opened(part).get(KEY) for part in ("0", "1", "2", "3", "last")] == [None, None, None, b"x", b"x"]
    assert not (folder / "lint-0.1.tmp").exists()


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has its own folder for caches")
def test_the_folder_is_that_of_the_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITOPS_GUARD_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    places = [cache.open_cache(ROOT).folder]
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    places.append(cache.open_cache(ROOT).folder)

    assert places == [tmp_path / "xdg/gitops-guard", tmp_path / ".cache/gitops-guard"]


def test_without_a_folder_nothing_is_kept() -> None:
    store = Cache(None, ROOT).store("lint")
    store.put(KEY, b"x")
    store.save()

    assert Cache(None, ROOT).store("lint").get(KEY) is None
