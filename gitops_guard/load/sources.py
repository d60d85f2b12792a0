"""The revisions that a user can ask for: the work tree, a plain folder, a commit, the index, standard input.

Paths are relative to the root, with `/`; bytes that are not UTF-8 are surrogate escapes. Nothing outside of the root is
ever opened: links are resolved first and refused where they leave it. Paths are text, no `Path`: there are thousands.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from gitops_guard.load import git, names
from gitops_guard.load.folders import MAX_BYTES, rest, walk
from gitops_guard.load.links import RealFolders, follow, resolve_in
from gitops_guard.load.selection import Selection, absolute, folder_of, inside, relative
from gitops_guard.model.errors import SourceError, UsageError
from gitops_guard.model.resource import FileKind

CONFIG_NAMES: Final = (".gitops-guard.yaml", ".gitops-guard.yml")
_LFS_PREFIX: Final = b"version https://git-lfs.github.com/spec/"
_LFS_MAX_BYTES: Final = 1024  # the specification of the pointer says so
_CHUNK: Final = 1 << 16
_OPEN: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_TYPE: Final = 0o170000


_Listing = Callable[[], Iterable[list[git.Listed]]]


class Entry(NamedTuple):
    """A path of the revision. *kind* is None for a file that can be read; *reason* says why another one cannot.

    *size* is in bytes, 0 where nobody needs it: links, and in a commit files whose name promises no YAML. *blob* is the
    id in Git where it is known to be that of this content: in a commit and in the index.
    """

    path: str
    size: int
    kind: FileKind | None = None
    reason: str = ""
    blob: str = ""


class Source(Protocol):
    """*label* says what it is, for people. *is_virtual*: its files are not (all) there in the folder *root*.

    *is_whole*: nobody picked some of its files; `check .` at the root is as whole as `check`.
    """

    @property
    def root(self) -> Path: ...
    @property
    def label(self) -> str: ...
    @property
    def is_virtual(self) -> bool: ...
    @property
    def is_whole(self) -> bool: ...

    def entries(self) -> list[Entry]:
        """What is to be checked, sorted by path. Raises UsageError for a named path that is not there."""

    def read(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """The content of entries without a kind, in the order of *paths*. Call `entries` first.

        Raises SourceError for a file that went away since it was listed.
        """

    def find(self, names: Sequence[str]) -> dict[str, bytes]:
        """The content of files of this revision, listed or not; those that are not there are left out."""

    def config(self) -> tuple[str, bytes] | None:
        """The name and content of our configuration in this revision."""

    def around(self) -> list[str]:
        """The paths of all files of the revision, also those that were not asked for, links left out."""

    def blobs(self, paths: Sequence[str]) -> dict[str, str]:
        """The blob ids in Git of paths of `around`, where they are known to be those of this content."""

    def read_around(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """The content of paths of `around`; what cannot be read or is over the size limit is left out."""


def work_tree(start: Path, paths: Sequence[str] = ()) -> Source:
    """The repository around *start*, or around the first of *paths*; a plain folder where there is none."""
    here = os.path.realpath(start)
    root = git.root_of(folder_of(here, paths[0]) if paths else here)
    if root is None:
        return folder(start, paths)
    listing = git.work_tree(root)
    return _Folder(root, Selection.of(here, root, paths), lambda: listing, label="work tree")


def folder(start: Path, paths: Sequence[str] = ()) -> Source:
    """All files of a folder, whatever Git would say. The root is *start*, or the first of *paths* if outside of it."""
    here = root = os.path.realpath(start)
    if paths and not inside(absolute(here, paths[0]), here):
        root = folder_of(here, paths[0])
    return _Folder(root, Selection.of(here, root, paths), lambda: [walk(root)], label="folder")


def revision(start: Path, name: str, paths: Sequence[str] = ()) -> Source:
    """A commit, read from Git's objects. Raises UsageError for a name that Git does not know."""
    root = _repository(start, "--rev")
    commit = git.resolve(root, name)
    selection = Selection.of(os.path.realpath(start), root, paths)
    return _Objects(root, selection, lambda: git.tree(root, commit), label=name, prefix=f"{commit}:")


def staged(start: Path, paths: Sequence[str] = ()) -> Staged:
    """What the next commit adds or changes, as it lies in the index."""
    root = _repository(start, "--staged")
    selection = Selection.of(os.path.realpath(start), root, paths)
    return Staged(root, selection, git.index(root), label="index", prefix=":", changed=git.changed_in_index(root))


def stdin(name: str, data: bytes, start: Path | None = None) -> Source:
    """One file that lies nowhere, called *name*. Raises UsageError for a name outside of the repository."""
    here = os.path.realpath(start or Path.cwd())
    repository = git.root_of(here)
    root = repository or here
    around = _Folder(root, Selection({}), lambda: git.work_tree(root) if repository else [], label="")
    return _Given(around, relative(absolute(here, name), name, root), data)


class _Folder:
    """Files as they lie in a folder; which ones, says *listing*."""

    is_virtual = False

    def __init__(self, root: str, selection: Selection, listing: _Listing, *, label: str) -> None:
        self.root = Path(root)
        self.label = label
        self._root = root
        self._selection = selection
        self._listing = listing
        self._listed: list[git.Listed] | None = None
        self._targets: dict[str, str] = {}

    @property
    def is_whole(self) -> bool:
        return not self._selection

    def entries(self) -> list[Entry]:
        listed: list[git.Listed] = []
        entries: list[Entry] = []
        unusual: list[tuple[str, os.stat_result]] = []
        for part in self._parts():
            chosen = self._selection.of_listed(part)
            listed += chosen
            self._stat(chosen, entries, unusual)
        # A named path is checked also where Git ignores it.
        for path, typed in self._selection.without(listed).items():
            named = self._unlisted(path, typed)
            listed += named
            self._stat(named, entries, unusual)
        names = {item.path for item in listed}
        described = (self._unusual(path, state, names) for path, state in unusual)
        entries += [entry for entry in described if entry is not None]
        entries.sort()
        if any(name.endswith(".gitattributes") for name in names):
            return self._name_pointers(entries, names)
        return entries

    def _parts(self) -> Iterator[list[git.Listed]]:
        """The listing as it comes: Git looks for the second part while we look at the files of the first."""
        if self._listed is not None:
            yield self._listed
            return
        listed: list[git.Listed] = []
        for part in self._listing():
            listed += part
            yield part
        self._listed = listed

    def _list(self) -> list[git.Listed]:
        return [item for part in self._parts() for item in part]

    def _unlisted(self, path: str, typed: str) -> list[git.Listed]:
        full = f"{self._root}/{path}"
        if not os.path.lexists(full):
            raise UsageError(f"there is no file or folder {typed!r}")
        if os.path.isdir(full) and not os.path.islink(full):  # noqa: PTH112, PTH114 - text, as all paths here
            return [item._replace(path=f"{path}/{item.path}") for item in walk(full)]
        return [git.Listed(path, 0, "")]

    def _stat(
        self, listed: Sequence[git.Listed], entries: list[Entry], unusual: list[tuple[str, os.stat_result]]
    ) -> None:
        folders = RealFolders(self._root)
        owner, lstat, prefix = os.geteuid(), os.lstat, self._root + "/"
        seen = ""
        for path, mode, _, _, sparse in listed:
            if path == seen:  # the sides of a merge conflict; in the work tree it is one file
                continue
            seen = path
            if mode == git.SUBMODULE or path.endswith("/"):
                entries.append(_submodule(path))
                continue
            try:
                state = lstat(prefix + path)
            except OSError as error:
                if not isinstance(error, FileNotFoundError | NotADirectoryError):
                    entries.append(_unreadable(path, error))
                elif sparse:
                    entries.append(Entry(path, 0, FileKind.UNREADABLE, "the sparse checkout left it out"))
                continue
            if not folders.hold(path):
                continue
            # The owner's read bit saves a call for each of 9,000 files.
            if state.st_mode & 0o170400 == 0o100400 and state.st_uid == owner and state.st_size <= MAX_BYTES:
                entries.append(Entry(path, state.st_size))
            else:
                unusual.append((path, state))

    def _unusual(self, path: str, state: os.stat_result, names: set[str]) -> Entry | None:
        match state.st_mode & _TYPE:
            case git.REGULAR:
                if state.st_size > MAX_BYTES:
                    return _too_large(path, state.st_size)
                if not os.access(f"{self._root}/{path}", os.R_OK):
                    return Entry(path, state.st_size, FileKind.UNREADABLE, "no permission to read it")
                return Entry(path, state.st_size)
            case git.SYMLINK:
                return self._link(path, names)
            case 0o040000 if os.access(f"{self._root}/{path}", os.R_OK | os.X_OK):
                return None  # a folder where Git has a file: its own files are listed apart
            case 0o040000:
                return Entry(path, 0, FileKind.UNREADABLE, "no permission to look into this folder")
            case _:
                return Entry(path, 0, FileKind.UNREADABLE, "neither a file nor a link")

    def _link(self, path: str, names: set[str]) -> Entry:
        target, reason = follow(self._root, path, names)
        if reason:
            return Entry(path, 0, FileKind.SYMLINK, reason)
        size = os.stat(f"{self._root}/{target}").st_size  # noqa: PTH116 - text, as all paths here
        if size > MAX_BYTES:
            return _too_large(path, size)
        self._targets[path] = target
        return Entry(path, size)

    def _name_pointers(self, entries: list[Entry], names: set[str]) -> list[Entry]:
        attributes = [name for name in names if name.endswith(".gitattributes")]
        if not any(b"filter=lfs" in data for data in self.find(attributes).values()):
            return entries
        return _with_pointers(entries, lambda suspects: self.read([entry.path for entry in suspects]))

    def read(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        base = os.open(self._root, os.O_RDONLY | os.O_CLOEXEC)
        targets, opened, read, close = self._targets, os.open, os.read, os.close
        try:
            for path in paths:
                try:
                    file = opened(targets.get(path, path), _OPEN, dir_fd=base)
                    try:
                        data = read(file, _CHUNK)
                        if len(data) == _CHUNK:
                            data = rest(file, data)
                    finally:
                        close(file)
                except OSError as error:
                    raise SourceError(f"{path} cannot be read: {error.strerror}") from error
                yield path, data
        finally:
            close(base)

    def find(self, names: Sequence[str]) -> dict[str, bytes]:
        found = {}
        for name in names:
            full = os.path.realpath(f"{self._root}/{name}")
            if inside(full, self._root) and os.path.isfile(full):  # noqa: PTH113 - text, as all paths here
                with open(full, "rb") as file:  # noqa: PTH123 - as above
                    found[name] = file.read(MAX_BYTES)
        return found

    def config(self) -> tuple[str, bytes] | None:
        return _config(self)

    def around(self) -> list[str]:
        return [item.path for item in self._list() if item.mode not in (git.SUBMODULE, git.SYMLINK)]

    def blobs(self, paths: Sequence[str]) -> dict[str, str]:
        return dict.fromkeys(paths, "")

    def read_around(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        return iter(self.find(paths).items())


class _Objects:
    """Files as Git has them, in a commit or in the index."""

    is_virtual = True

    def __init__(
        self, root: str, selection: Selection, listing: Callable[[], list[git.Listed]], *, label: str, prefix: str
    ) -> None:
        self.root = Path(root)
        self.label = label
        self._root = root
        self._selection = selection
        self._listing = listing
        self._prefix = prefix
        self._known: dict[str, tuple[str, int]] = {}
        self._listed: list[git.Listed] | None = None

    @property
    def is_whole(self) -> bool:
        return not self._selection

    def entries(self) -> list[Entry]:
        listed = self._all()
        for typed in self._selection.without(listed).values():
            raise UsageError(f"there is no file or folder {typed!r} in {self.label}")
        return self._describe(self._selection.of_listed(listed))

    def _all(self) -> list[git.Listed]:
        if self._listed is None:
            self._listed = self._listing()
        return self._listed

    def _describe(self, listed: Sequence[git.Listed]) -> list[Entry]:
        files = [item for item in listed if item.mode & _TYPE == git.REGULAR and item.stage == 0]
        asked = [item for item in files if names.may_be_read(item.path)]
        for item, size in zip(asked, git.sizes(self._root, [item.blob for item in asked]), strict=True):
            self._known[item.path] = item.blob, size
        entries = [self._entry(item) for item in files]
        entries += self._links([item for item in listed if item.mode == git.SYMLINK], {item.path for item in listed})
        entries += [_submodule(item.path) for item in listed if item.mode == git.SUBMODULE]
        conflicts = {item.path for item in listed if item.stage}
        entries += [Entry(path, 0, FileKind.UNREADABLE, "its merge conflict is not resolved") for path in conflicts]
        entries.sort()
        return self._name_pointers(entries)

    def _entry(self, item: git.Listed) -> Entry:
        _, size = self._known.get(item.path, ("", 0))
        if size < 0:
            return Entry(item.path, 0, FileKind.UNREADABLE, "this partial clone does not have it", item.blob)
        return _too_large(item.path, size, item.blob) if size > MAX_BYTES else Entry(item.path, size, blob=item.blob)

    def _links(self, links: Sequence[git.Listed], checked: set[str]) -> list[Entry]:
        if not links:
            return []
        everything = self._all()
        sizes = git.sizes(self._root, [item.blob for item in everything if item.mode == git.SYMLINK])
        known = [item for item in everything if item.mode == git.SYMLINK]
        texts = git.blobs(self._root, zip([item.blob for item in known], sizes, strict=True))
        targets = {item.path: os.fsdecode(text) for item, text in zip(known, texts, strict=True)}
        blobs = {item.path: item.blob for item in everything if item.mode & _TYPE == git.REGULAR}
        entries = []
        for item in links:
            target, reason = resolve_in(item.path, targets, blobs, checked)
            if not reason:
                size = git.sizes(self._root, [blobs[target]])[0]
                self._known[item.path] = blobs[target], size
                entries.append(self._entry(item))
            else:
                entries.append(Entry(item.path, 0, FileKind.SYMLINK, reason, item.blob))
        return entries

    def _name_pointers(self, entries: list[Entry]) -> list[Entry]:
        attributes = [item.path for item in self._all() if item.path.endswith(".gitattributes")]
        if not any(b"filter=lfs" in data for data in self.find(attributes).values()):
            return entries
        return _with_pointers(entries, lambda suspects: self.read([entry.path for entry in suspects]))

    def read(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        return zip(paths, git.blobs(self._root, (self._known[path] for path in paths)), strict=True)

    def find(self, names: Sequence[str]) -> dict[str, bytes]:
        plain = [name for name in names if "\n" not in name]
        return git.named(self._root, self._prefix, plain, limit_bytes=MAX_BYTES)

    def config(self) -> tuple[str, bytes] | None:
        return _config(self)

    def around(self) -> list[str]:
        return [item.path for item in self._all() if item.mode & _TYPE == git.REGULAR and item.stage == 0]

    def blobs(self, paths: Sequence[str]) -> dict[str, str]:
        wanted = frozenset(paths)
        return {item.path: item.blob for item in self._all() if item.path in wanted}

    def read_around(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        wanted = frozenset(paths)
        items = [item for item in self._all() if item.path in wanted]
        sizes = git.sizes(self._root, [item.blob for item in items])
        fitting = [(item, size) for item, size in zip(items, sizes, strict=True) if 0 <= size <= MAX_BYTES]
        contents = git.blobs(self._root, ((item.blob, size) for item, size in fitting))
        return zip((item.path for item, _ in fitting), contents, strict=True)


class Staged(_Objects):
    """Its `entries` are what is staged; `around` is all that the next commit will hold."""

    def __init__(
        self,
        root: str,
        selection: Selection,
        listing: Callable[[], list[git.Listed]],
        *,
        label: str,
        prefix: str,
        changed: Callable[[], frozenset[str]],
    ) -> None:
        super().__init__(root, selection, listing, label=label, prefix=prefix)
        self._changed = changed

    @property
    def is_whole(self) -> bool:
        return False

    def entries(self) -> list[Entry]:
        changed = self._changed()
        for path, typed in self._selection.named.items():
            if path and path not in changed and not self._is_known(path):
                raise UsageError(f"there is no file or folder {typed!r} in the index")
        wanted = {path for path in changed if not self._selection or self._selection.holds(path)}
        return self._describe([item for item in self._all() if item.path in wanted]) if wanted else []

    def _is_known(self, path: str) -> bool:
        return any(item.path == path or item.path.startswith(f"{path}/") for item in self._all())


class _Given:
    """One file that came by standard input."""

    is_virtual = True
    is_whole = False
    label = "standard input"

    def __init__(self, around: _Folder, name: str, data: bytes) -> None:
        self.root = around.root
        self._folder = around
        self._name = name
        self._data = data

    def entries(self) -> list[Entry]:
        size = len(self._data)
        return [_too_large(self._name, size) if size > MAX_BYTES else Entry(self._name, size)]

    def read(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        return ((path, self._data) for path in paths)

    def find(self, names: Sequence[str]) -> dict[str, bytes]:
        return self._folder.find(names)

    def config(self) -> tuple[str, bytes] | None:
        return _config(self)

    def around(self) -> list[str]:
        return self._folder.around()

    def blobs(self, paths: Sequence[str]) -> dict[str, str]:
        return self._folder.blobs(paths)

    def read_around(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        return iter(self.find(paths).items())


def _with_pointers(entries: list[Entry], read: Callable[[Sequence[Entry]], Iterator[tuple[str, bytes]]]) -> list[Entry]:
    suspects = [
        entry
        for entry in entries
        if entry.kind is None and 0 < entry.size <= _LFS_MAX_BYTES and names.may_be_read(entry.path)
    ]
    pointers = {path for path, data in read(suspects) if data.startswith(_LFS_PREFIX)}
    reason = "its content lies in Git LFS"
    return [
        entry._replace(kind=FileKind.LFS_POINTER, reason=reason) if entry.path in pointers else entry
        for entry in entries
    ]


def _config(source: Source) -> tuple[str, bytes] | None:
    found = source.find(CONFIG_NAMES)
    return next(((name, found[name]) for name in CONFIG_NAMES if name in found), None)


def _repository(start: Path, flag: str) -> str:
    root = git.root_of(str(start))
    if root is None:
        raise UsageError(f"{flag} needs a Git repository, and this folder is in none")
    return root


def _submodule(path: str) -> Entry:
    return Entry(path.rstrip("/"), 0, FileKind.SUBMODULE, "its files are in a repository of its own")


def _too_large(path: str, size: int, blob: str = "") -> Entry:
    reason = f"{size} bytes; at most {MAX_BYTES} are read"
    return Entry(path, size, FileKind.TOO_LARGE, reason, blob)


def _unreadable(path: str, error: OSError) -> Entry:
    return Entry(path, 0, FileKind.UNREADABLE, (error.strerror or "it cannot be read").lower())
