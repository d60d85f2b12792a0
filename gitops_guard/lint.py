"""yamllint, run as a program on all cores, only on what it has not seen before.

yamllint is GPL-3.0: it is started, never imported. `-P` keeps modules of the repository (a `yaml.py` in its root) from
being imported by it, and its environment is scrubbed. Which configuration holds, says `load/lint_settings.py`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from gitops_guard.load import lint_settings, process, sources
from gitops_guard.load.cache import Cache, Store, key
from gitops_guard.load.events import MAX_DEPTH
from gitops_guard.load.fork import balance
from gitops_guard.load.lint_settings import Find, Settings
from gitops_guard.load.scratch import Scratch
from gitops_guard.model.errors import ConfigError, SourceError
from gitops_guard.model.finding import Severity
from gitops_guard.model.resource import Location

_WORTH_A_PROCESS: Final = 40_000  # bytes: yamllint reads about 250 kB in a second, and starts in 0.1 s
_WEIGHT: Final = 200  # bytes that a file costs beside its content
_SECONDS: Final = 60.0
_BYTES_A_SECOND: Final = 20_000  # a tenth of what was measured; after that yamllint hangs
_MAX_CRASHES: Final = 16
MAX_BYTES: Final = 2 << 20  # of a file; yamllint takes 8 s for that
# Nothing that a YAML reader accepts; `yaml-syntax` says so, and yamllint would end with a traceback.
_NOT_TEXT: Final = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_BRACKETS: Final = re.compile(rb"[\[\]{}]")
_EXCEPTION: Final = re.compile(r"^([A-Za-z_][\w.]*)(?::|$)", re.MULTILINE)
_QUOTED: Final = re.compile(r'\s*".*"', re.DOTALL)
_QUOTES_NAMES: Final = frozenset({"anchors", "document-end", "document-start", "key-ordering"})  # others quote values
_SAID_BY_US: Final = frozenset({"syntax", "key-duplicates"})  # `yaml-syntax`, `duplicate-key`
# These look at lines and not at tokens, so that they are right in a file that does not parse, too.
_OF_LINES: Final = frozenset({"empty-lines", "line-length", "new-line-at-end-of-file", "new-lines", "trailing-spaces"})
_CONFIG_TROUBLE: Final = "invalid config: "
_PASSED_ON: Final = ("DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "YAMLLINT_FILE_ENCODING")

Told = tuple[str, int, int, Severity, str, str]


class _Item(NamedTuple):
    path: str
    size: int
    key: bytes


class _Batch(NamedTuple):
    items: Sequence[_Item]
    program: process.Running


def start(
    files: Sequence[tuple[str, bytes | None]],
    *,
    root: Path,
    cache: Cache | None = None,
    jobs: int = 1,
    scratch: bool = False,
    find: Find | None = None,
) -> Lint:
    """Begin to lint *files*, and return at once. Where the content is None, it is read below *root*.

    *scratch*: the content is not that of the files below *root*; it is written to a folder of its own at the same
    relative paths. *find* (`Source.find`) then tells the configuration of the same revision.

    Raises ConfigError for a configuration that names missing files, SourceError where yamllint is not installed.
    """
    folder = os.path.realpath(root)
    on_disk = sources.folder(root)
    settings = lint_settings.read(folder, find or on_disk.find)
    store = (cache or Cache(None, root)).store("lint", settings.digest, _yamllint_version())
    told: list[Told] = []
    missing: list[_Item] = []
    contents: dict[str, bytes] = {}
    for path, data in files:
        content = next(on_disk.read([path]))[1] if data is None else data
        name = key(path, content)
        known = store.get(name)
        if known is not None:
            told.extend(_decode(path, known))
        elif reason := _unbearable(content):
            told.append((path, 1, 1, Severity.INFO, f"not linted: {reason}", "size"))
        elif _is_text(content):
            missing.append(_Item(path, len(content), name))
            contents[path] = content
    place = _fill_scratch(settings, contents) if scratch and missing else None
    return Lint(told, _batches(missing, jobs), settings, store, place or folder, jobs)


def state(root: Path, find: Find) -> str:
    """Changes with the settings and the release of yamllint. Raises as `start` does."""
    return lint_settings.read(os.path.realpath(root), find).digest + _yamllint_version()


class Lint:
    """yamllint at work."""

    def __init__(
        self,
        told: list[Told],
        waiting: list[list[_Item]],
        settings: Settings,
        store: Store,
        folder: str | Scratch,
        jobs: int,
    ) -> None:
        self._told = told
        self._waiting = waiting
        self._settings = settings
        self._store = store
        self._scratch = folder if isinstance(folder, Scratch) else None
        self._folder = folder if isinstance(folder, str) else folder.path
        self._jobs = jobs
        self._running: list[_Batch] = []
        self._crashes = 0
        self._start_waiting()

    def collect(self) -> list[Told]:
        """(path, line, column, severity, message, rule of yamllint), sorted. Call it once.

        Raises ConfigError for a configuration that yamllint refuses, SourceError where it fails.
        """
        try:
            while self._running:
                batch = self._running.pop(0)
                try:
                    size = sum(item.size for item in batch.items)
                    done = batch.program.collect(_SECONDS + size / _BYTES_A_SECOND)
                finally:
                    batch.program.kill()
                self._take(batch.items, done)
                self._start_waiting()
        finally:
            self.cancel()
        self._store.save()
        return sorted(self._told)

    def cancel(self) -> None:
        """End what runs, and remove the scratch folder."""
        for batch in self._running:
            batch.program.kill()
        self._running = []
        if self._scratch is not None:
            self._scratch.remove()

    def _start_waiting(self) -> None:
        while self._waiting and len(self._running) < max(self._jobs, 1):
            items = self._waiting.pop(0)
            command = (sys.executable, "-P", "-X", "utf8", "-m", "yamllint", "-f", "parsable")
            paths = [f"./{item.path}" for item in items]  # a name may begin with a dash
            argv = (*command, "-c", self._settings.file, "--", *paths)
            self._running.append(_Batch(items, process.start(argv, cwd=self._folder, env=_environment())))

    def _take(self, items: Sequence[_Item], done: process.Completed) -> None:
        trouble = done.stderr.decode(errors="replace")
        if done.returncode not in (0, 1) or (done.returncode == 1 and not done.stdout and trouble):
            self._refuse(done.returncode, trouble)
        if "Traceback (most recent call last)" in trouble:
            self._crashed(items, trouble)
            return
        found: dict[str, list[Told]] = {item.path: [] for item in items}
        for told in _parse(os.fsdecode(done.stdout), list(found)):
            found[told[0]].append(told)
        for item in items:
            self._store.put(item.key, _encode(found[item.path]))
            self._told.extend(found[item.path])

    def _refuse(self, returncode: int, trouble: str) -> None:
        for line in trouble.splitlines():
            if line.startswith(_CONFIG_TROUBLE):
                # Only the first line: the next ones may show the text of a file that the configuration named.
                reason = line.removeprefix(_CONFIG_TROUBLE)
                raise ConfigError(f"yamllint refuses its configuration: {reason}", at=Location(self._settings.file))
        if "Traceback (most recent call last)" in trouble and not _is_broken_installation(trouble):
            return
        raise SourceError(
            f"yamllint failed with exit code {returncode}: {_last_word(trouble)}",
            hint="pip install --force-reinstall yamllint, or leave it out by --no-lint",
        )

    def _crashed(self, items: Sequence[_Item], trouble: str) -> None:
        """Find the file that yamllint cannot bear by halves, so that the others are linted."""
        if len(items) > 1:
            middle = len(items) // 2
            self._waiting[:0] = [list(items[:middle]), list(items[middle:])]
            return
        self._crashes += 1
        if self._crashes > _MAX_CRASHES:
            raise SourceError(
                f"yamllint crashed on {self._crashes} files, the last time by {_last_word(trouble)}",
                hint="--no-lint leaves it out",
            )
        message = f"yamllint crashed on this file by {_last_word(trouble)}; it is not linted"
        self._told.append((items[0].path, 1, 1, Severity.WARNING, message, "crash"))


def _fill_scratch(settings: Settings, contents: dict[str, bytes]) -> Scratch:
    scratch = Scratch()
    try:
        for path, data in {**contents, **settings.files}.items():
            scratch.write(path, data)
    except BaseException:
        scratch.remove()
        raise
    return scratch


def _batches(items: Sequence[_Item], jobs: int) -> list[list[_Item]]:
    """About equal work for each process, in command lines that the system takes."""
    odd = [item for item in items if _is_odd(item.path)]
    plain = [item for item in items if not _is_odd(item.path)]
    groups = [odd] if odd else []
    bins = min(jobs, 1 + sum(item.size for item in plain) // _WORTH_A_PROCESS)
    weights = [(item.size + _WEIGHT, number) for number, item in enumerate(plain)]
    groups += [[plain[number] for number in numbers] for numbers in balance(weights, max(bins, 1))]
    return [part for group in groups for part in _command_lines(group)]


def _command_lines(items: Sequence[_Item]) -> Iterable[list[_Item]]:
    limit = min(os.sysconf("SC_ARG_MAX") // 4, 500_000)
    part: list[_Item] = []
    length = 0
    for item in items:
        needed = len(os.fsencode(item.path)) + 16  # "./", the final NUL, a pointer
        if part and length + needed > limit:
            yield part
            part, length = [], 0
        part.append(item)
        length += needed
    if part:
        yield part


def _is_odd(path: str) -> bool:
    """Whether the end of the path cannot be told in a line of output without knowing it."""
    return ":" in path or "\n" in path


def _parse(text: str, paths: Sequence[str]) -> Iterable[Told]:
    """A key may hold line ends, and so may the message about it; it goes on to the name of the rule."""
    known = frozenset(paths)
    if any(_is_odd(path) for path in paths):
        path_pattern = "|".join(re.escape(path) for path in sorted(paths, key=len, reverse=True))
    else:
        path_pattern = ".+?"
    pattern = rf"^\./({path_pattern}):(\d+):(\d+): \[(error|warning)\] ((?s:.*?)) \(([a-z0-9-]+)\)$"
    found = re.findall(pattern, text, re.MULTILINE)
    broken = {path: int(line) for path, line, _, _, _, rule in found if rule == "syntax"}
    for path, line, column, level, message, rule in found:
        if path not in known or rule in _SAID_BY_US or _is_aftermath(rule, int(line), broken.get(path)):
            continue
        shown = message if rule in _QUOTES_NAMES else _QUOTED.sub("", message)
        yield path, int(line), int(column), Severity.parse(level), " ".join(shown.split()), rule


def _is_aftermath(rule: str, line: int, broken: int | None) -> bool:
    """Whether a syntax error in line *broken* is what makes yamllint say this; a bracket left open moves the
    indentation of lines before the one where the error shows."""
    if broken is None or rule in _OF_LINES:
        return False
    return line >= broken or rule == "indentation"


def _encode(told: Sequence[Told]) -> bytes:
    if not told:
        return b""
    import json

    return json.dumps([(line, column, int(severity), *rest) for _, line, column, severity, *rest in told]).encode()


def _decode(path: str, known: bytes) -> Iterable[Told]:
    if not known:
        return
    import json

    for line, column, severity, message, rule in json.loads(known):
        yield path, line, column, Severity(severity), message, rule


def _is_text(data: bytes) -> bool:
    try:
        return _NOT_TEXT.search(data.decode()) is None
    except UnicodeDecodeError:
        return False


def _unbearable(data: bytes) -> str:
    """Why yamllint would take minutes. It is quadratic in the depth of brackets: 5,000 of them cost 10 s."""
    if len(data) > MAX_BYTES:
        return f"it has {len(data)} bytes, and yamllint is given at most {MAX_BYTES}"
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return ""
    depth = deepest = 0
    for bracket in _BRACKETS.findall(data):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return f"its brackets nest deeper than {MAX_DEPTH} levels" if deepest > MAX_DEPTH else ""


def _yamllint_version() -> str:
    """Changes with the release. yamllint is only looked at: `importlib.metadata` would cost 20 ms."""
    from hashlib import blake2b
    from importlib.machinery import PathFinder

    found = PathFinder.find_spec("yamllint")
    if found is None or found.origin is None:
        raise SourceError("yamllint is not installed", hint="pip install yamllint, or leave it out by --no-lint")
    with open(found.origin, "rb") as file:  # noqa: PTH123 - no pathlib in a hot path
        return blake2b(file.read(), digest_size=8).hexdigest() + os.environ.get("YAMLLINT_FILE_ENCODING", "")


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # A relative entry would be looked up in the repository.
    modules = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path.startswith("/")]
    if modules:
        kept["PYTHONPATH"] = os.pathsep.join(modules)
    return process.scrubbed() | kept


def _is_broken_installation(trouble: str) -> bool:
    return _last_word(trouble) in ("ImportError", "ModuleNotFoundError", "SyntaxError")


def _last_word(trouble: str) -> str:
    """The name of the exception, else the first line; the text of an exception may quote the file."""
    if "Traceback (most recent call last)" in trouble:
        names = [name for name in _EXCEPTION.findall(trouble) if name != "Traceback"]
        return str(names[-1]) if names else "an exception"
    return (trouble.strip().splitlines() or ["no reason given"])[0]
