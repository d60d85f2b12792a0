"""Results that outlive a run: a private folder outside of the work tree, one file for each store of small entries.

A store is loaded at once and looked up in memory: 1,000 look-ups cost what one file costs. Whatever goes wrong (a full
disk, a folder that is not ours, a torn file) means "no cache", never an error. Values say what a check found, never
what a resource holds.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from struct import Struct
from typing import Final

from gitops_guard import __version__

_MAGIC: Final = b"gitops-guard cache 1\n"
_CHECK_BYTES: Final = 16
_KEY_BYTES: Final = 16
_LENGTH: Final = Struct("<I")
_HEAD_BYTES: Final = len(_MAGIC) + _CHECK_BYTES
MAX_ENTRIES: Final = 40_000  # of a store: four times the files of the largest repository that we measure
MAX_BYTES: Final = 16 << 20
MAX_FILES: Final = 200
_LOCK_ATTEMPTS: Final = 50  # of 2 ms each; after that another run is left to write


def key(path: str, data: bytes) -> bytes:
    """16 bytes for a path and its content."""
    from hashlib import blake2b

    digest = blake2b(os.fsencode(path), digest_size=_KEY_BYTES)
    digest.update(b"\0")
    digest.update(data)
    return digest.digest()


def open_cache(root: Path) -> Cache:
    """The cache for a repository. *root* is only a part of the names of files."""
    return Cache(_usable(_place()), root)


class Cache:
    """*folder* is None where there is none that can be used."""

    def __init__(self, folder: str | None, root: Path) -> None:
        self.folder = Path(folder) if folder else None
        self._root = root

    def store(self, name: str, *parts: str, limit: int | None = None) -> Store:
        """The entries that hold for this repository, this version of the program and *parts* (versions, digests).

        Only the *limit* entries that were used last are kept.
        """
        from hashlib import blake2b

        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        whole = "\0".join((str(self._root), __version__, version, *parts))
        digest = blake2b(os.fsencode(whole), digest_size=12).hexdigest()
        return Store(f"{self.folder}/{name}-{digest}" if self.folder else "", limit)


class Store:
    """Entries by `key`. Nothing is written before `save`."""

    def __init__(self, file: str, limit: int | None = None) -> None:
        self._file = file
        self._limit = limit or MAX_ENTRIES
        self._entries = _load(file)
        self._used: set[bytes] = set()
        self._new: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        found = self._entries.get(key)
        if found is not None:
            self._used.add(key)
        return found

    def put(self, key: bytes, value: bytes) -> None:
        self._new[key] = value

    def save(self) -> None:
        """Write what is new; entries that other processes wrote meanwhile stay."""
        if not self._new or not self._file:
            return
        try:
            with _Lock(os.path.dirname(self._file)) as locked:  # noqa: PTH120 - no pathlib in a hot path
                if locked:
                    _write(self._file, _newest(_load(self._file), self._used, self._new, self._limit))
                    _evict(os.path.dirname(self._file))  # noqa: PTH120 - as above
        except OSError:  # a full disk, a folder that went away: a run without cache is slower, not wrong
            return
        self._entries.update(self._new)
        self._new = {}


class _Lock:
    """One writer at a time; the second of two that hurry gives up."""

    def __init__(self, folder: str) -> None:
        self._path = f"{folder}/lock"
        self._file = -1

    def __enter__(self) -> bool:
        import fcntl
        import time

        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        for _ in range(_LOCK_ATTEMPTS):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.002)
            else:
                return True
        return False

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def _place() -> str:
    """Where caches belong: our own variable, then what the platform says."""
    own = os.environ.get("GITOPS_GUARD_CACHE_DIR", "")
    if own:
        return os.path.expanduser(own)  # noqa: PTH111 - no pathlib in a hot path
    if sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        # "If an implementation encounters a relative path […] it should consider the path invalid" (XDG 0.8)
        if not os.path.isabs(base):  # noqa: PTH117 - as above
            base = "~/.cache"
    return os.path.expanduser(f"{base}/gitops-guard")  # noqa: PTH111 - as above


def _usable(folder: str) -> str | None:
    """*folder*, made if need be; None where it is not ours or others may write to it."""
    if not os.path.isabs(folder):  # noqa: PTH117 - no pathlib in a hot path
        return None
    try:
        if not os.path.isdir(folder):  # noqa: PTH112 - as above
            os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103 - as above
        state = os.stat(folder)  # noqa: PTH116 - as above
    except OSError:
        return None
    return folder if state.st_uid == os.geteuid() and not state.st_mode & 0o022 else None


def _load(file: str) -> dict[bytes, bytes]:
    if not file:
        return {}
    try:
        opened = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            state = os.fstat(opened)
            if state.st_uid != os.geteuid() or state.st_size > 2 * MAX_BYTES:
                return {}
            data = os.read(opened, state.st_size + 1)
        finally:
            os.close(opened)
    except OSError:
        return {}
    if data[:_HEAD_BYTES] != _head(data[_HEAD_BYTES:]):
        return {}
    return _decode(data)


def _decode(data: bytes) -> dict[bytes, bytes]:
    entries: dict[bytes, bytes] = {}
    start, end, length_of = _HEAD_BYTES, len(data), _LENGTH.unpack_from
    while start < end:
        value = start + _KEY_BYTES + _LENGTH.size
        after = value + length_of(data, start + _KEY_BYTES)[0]
        entries[data[start : start + _KEY_BYTES]] = data[value:after]
        start = after
    return entries


def _head(body: bytes) -> bytes:
    from hashlib import blake2b

    return _MAGIC + blake2b(body, digest_size=_CHECK_BYTES).digest()


def _newest(stored: dict[bytes, bytes], used: set[bytes], new: dict[bytes, bytes], limit: int) -> dict[bytes, bytes]:
    """What fits. Entries that were used last stand last; the first ones go."""
    order = [key for key in stored if key not in used and key not in new]
    order += [key for key in stored if key in used and key not in new]
    both = {**stored, **new}
    order += new
    kept: list[bytes] = []
    size = 0
    for name in reversed(order[-limit:]):
        size += len(both[name]) + _KEY_BYTES + _LENGTH.size
        if size > MAX_BYTES:
            break
        kept.append(name)
    return {name: both[name] for name in reversed(kept)}


def _write(file: str, entries: dict[bytes, bytes]) -> None:
    body = b"".join([part for name, value in entries.items() for part in (name, _LENGTH.pack(len(value)), value)])
    temporary = f"{file}.{os.getpid()}.tmp"
    opened = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        rest = memoryview(_head(body) + body)
        while rest:
            rest = rest[os.write(opened, rest) :]
        os.close(opened)
        opened = -1
        os.replace(temporary, file)  # noqa: PTH105 - no pathlib in a hot path
    except BaseException:
        if opened >= 0:
            os.close(opened)
        os.unlink(temporary)  # noqa: PTH108 - as above
        raise


def _evict(folder: str) -> None:
    """Only the newest stores stay, and no temporary file of a run that was killed: the lock is ours."""
    stores = []
    with os.scandir(folder) as items:
        for item in items:
            if item.name.endswith(".tmp"):
                os.unlink(item.path)  # noqa: PTH108 - no pathlib in a hot path
            elif item.is_file(follow_symlinks=False) and item.name != "lock":
                stores.append((item.stat().st_mtime_ns, item.path))
    for _, path in sorted(stores)[:-MAX_FILES]:
        os.unlink(path)  # noqa: PTH108 - as above
