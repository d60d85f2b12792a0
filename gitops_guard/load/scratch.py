"""A private folder for programs that only read files: content of a commit, of the index, of standard input."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

from gitops_guard.model.errors import SourceError

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class Scratch:
    """It is there until `remove`, at the latest until this program ends. Only its owner can read it.

    `tempfile` and `shutil` would do the same for 15 ms of imports.
    """

    def __init__(self) -> None:
        import atexit

        base = os.path.realpath(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - a fresh name, mode 0700
        self.path = f"{base}/gitops-guard-{os.urandom(8).hex()}"
        self._files: list[str] = []
        self._folders = {""}
        self._owner = os.getpid()
        atexit.register(self.remove)
        try:
            os.mkdir(self.path, 0o700)  # noqa: PTH102 - no pathlib in a hot path
        except OSError as error:
            raise SourceError(f"no scratch folder could be made in {base}: {error.strerror}") from error

    def write(self, path: str, data: bytes) -> None:
        """*path* is relative and has no `..`."""
        try:
            self._make(path.rpartition("/")[0])
            self._files.append(path)  # first, so that a signal between the two leaves nothing behind
            file = os.open(f"{self.path}/{path}", _NEW, 0o600)
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(file, rest) :]
            finally:
                os.close(file)
        except OSError as error:
            raise SourceError(f"the scratch folder cannot hold {path}: {error.strerror}") from error

    def remove(self) -> None:
        if self._owner != os.getpid():  # a forked child: the folder is its parent's
            return
        import atexit

        atexit.unregister(self.remove)
        self._owner = -1
        for path in self._files:
            with suppress(OSError):  # never made, or somebody else cleaned up
                os.unlink(f"{self.path}/{path}")  # noqa: PTH108 - as above
        for folder in sorted(self._folders, reverse=True):
            with suppress(OSError):
                os.rmdir(f"{self.path}/{folder}")  # noqa: PTH106 - as above

    def _make(self, folder: str) -> None:
        if folder in self._folders:
            return
        self._make(folder.rpartition("/")[0])
        self._folders.add(folder)
        os.mkdir(f"{self.path}/{folder}", 0o700)  # noqa: PTH102 - as above
