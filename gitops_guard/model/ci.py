"""What CI runs: workflows, their jobs and steps, whatever program reads them, and the commands of a job in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from posixpath import dirname, join, normpath
from typing import Any, Final, NamedTuple

from gitops_guard.model import shell, text_place
from gitops_guard.model.resource import FieldPath, Location, SourceFile, Tree
from gitops_guard.model.shell import Command

_DEEPEST: Final = 8  # actions within actions, scripts that call scripts
_MOST: Final = 5_000  # commands of one job
_ROOTS: Final = (
    "$GITHUB_WORKSPACE/", "${GITHUB_WORKSPACE}/", "${{ github.workspace }}/", "$CI_PROJECT_DIR/", "${CI_PROJECT_DIR}/",
    "$WORKSPACE/", "${WORKSPACE}/", "$(Build.SourcesDirectory)/", "$(System.DefaultWorkingDirectory)/",
    "$BITBUCKET_CLONE_DIR/", "/workspace/source/", "$(workspaces.source.path)/", "${BASE_DIR}/", "${ROOT}/",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Script:
    """Shell text. *path* is the field that holds it; in a file that is no YAML, *offset* is where it begins there.

    *is_made* says that it was put together from a list of arguments, so that all of it stands where the field does.
    """

    file: SourceFile
    text: str
    document: int = 0
    path: FieldPath | None = None
    offset: int = 0
    is_made: bool = False

    def place(self, offset: int) -> Location:
        """Where a character of the text stands."""
        if self.path is not None and self.is_made:
            return self.file.locate(self.document, self.path)
        if self.path is not None:
            return text_place.place(self.file, self.document, self.path, self.text, offset)
        whole = self.file.data.decode("utf-8", "replace")
        at = self.offset + offset
        begin = whole.rfind("\n", 0, at) + 1
        line = whole[begin : at + 1]
        return Location(self.file.path, whole.count("\n", 0, at) + 1, len(line) - len(line.lstrip()) + 1)


@dataclass(frozen=True, slots=True)
class Step:
    """*uses* is what somebody else wrote: an action, a task, an orb, a pipe, an image; *settings* what it is given.

    *variables* are those of the step alone; *folder* is where its scripts run. *at* is its place in a file that is no
    YAML.
    """

    name: str
    file: SourceFile
    document: int
    path: FieldPath
    scripts: tuple[Script, ...] = ()
    uses: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    folder: str = ""
    at: Location | None = None

    def place(self, *path: str | int) -> Location:
        return self.at or self.file.locate(self.document, (*self.path, *path))


@dataclass(frozen=True, slots=True)
class Job:
    """*around* is what is not a step of its own and runs, or stands, beside them: inherited scripts, services."""

    name: str
    file: SourceFile
    document: int
    path: FieldPath
    steps: tuple[Step, ...]
    around: tuple[Step, ...] = ()
    images: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    calls: str = ""


@dataclass(frozen=True, slots=True)
class Workflow:
    """*before_merge* says whether it runs on a change before that is merged; *trigger* is the field that tells."""

    file: SourceFile
    jobs: tuple[Job, ...]
    before_merge: bool = True
    trigger: FieldPath = ()


class Run(NamedTuple):
    """A command that a job runs: its words, the script that holds it, the step that calls that."""

    command: Command
    script: Script
    step: Step

    @property
    def location(self) -> Location:
        return self.script.place(self.command.places[0])

    @property
    def is_called(self) -> bool:
        """Whether it stands in a script of its own, which the step calls."""
        return self.script.file.path != self.step.file.path


class Repository:
    """What a step can call: scripts and actions of the same repository."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.is_complete = tree.complete

    @cached_property
    def _files(self) -> dict[str, SourceFile]:
        return {file.path: file for file in self._tree.files}

    def script(self, word: str, folder: str, caller: str) -> SourceFile | None:
        """The script that a command names, from the folder where it runs or from the one where its caller stands."""
        if "/" not in word and not word.endswith((".sh", ".bash")):
            return None
        word = next((word.removeprefix(root) for root in _ROOTS if word.startswith(root)), word)
        beside = ""
        if word.startswith("$"):  # `$(dirname "$0")/x.sh`, `${SCRIPT_DIR}/x.sh`
            word, beside = word.rpartition("}" if word.startswith("${") else ")")[2].lstrip("/"), dirname(caller)
        for start in (beside, folder, "", dirname(caller)):
            file = self._files.get(normpath(join(start, word)))
            if file is not None and file.data:
                return file
        return None

    def action(self, uses: str) -> SourceFile | None:
        folder = normpath(uses)
        return self._files.get(join(folder, "action.yml")) or self._files.get(join(folder, "action.yaml"))

    def workflow(self, uses: str) -> SourceFile | None:
        return self._files.get(normpath(uses))


def steps(job: Job, repository: Repository) -> Iterator[Step]:
    """All steps of a job, those of the repository's own actions among them."""
    for step in (*job.around, *job.steps):
        yield from _unfolded(step, repository, frozenset())


def _unfolded(step: Step, repository: Repository, seen: frozenset[str]) -> Iterator[Step]:
    yield step
    if not step.uses.startswith("./") or step.uses in seen or len(seen) >= _DEEPEST:
        return
    file = repository.action(step.uses)
    if file is not None:
        from gitops_guard.model import ci_github

        for inner in ci_github.composite(file):
            yield from _unfolded(inner, repository, seen | {step.uses})


def runs(job: Job, repository: Repository, wanted: tuple[str, ...]) -> Iterator[Run]:
    """The commands of a job in their order, those of the scripts that it calls among them; each script once.

    A text that holds none of the words *wanted*, and no name of a script, is not even read.
    """
    seen: set[str] = set()
    count = 0
    for step in steps(job, repository):
        variables = _texts(job.variables) | _texts(step.variables)
        for script in step.scripts:
            for run in _of_script(script, step, variables, repository, seen, wanted):
                yield run
                count += 1
                if count >= _MOST:
                    return


def _of_script(
    script: Script,
    step: Step,
    variables: dict[str, str],
    repository: Repository,
    seen: set[str],
    wanted: tuple[str, ...],
    depth: int = 0,
) -> Iterator[Run]:
    texts = (script.text, *variables.values())
    if not any(word in text for text in texts for word in (*wanted, ".sh", ".bash")):
        return
    folder = step.folder
    for command in shell.resolved(script.text, variables):
        if command.places:
            yield Run(command, script, step)
        words = command.words
        if len(words) > 1 and words[0] in ("cd", "pushd") and not words[1].startswith(("$", "-", "~")):
            folder = normpath(join(folder, words[1]))
        name = called(words)
        file = repository.script(name, folder, script.file.path) if name else None
        if file is None or file.path in seen or depth >= _DEEPEST:
            continue
        seen.add(file.path)
        inner = Script(file, file.data.decode("utf-8", "replace"))
        yield from _of_script(inner, step, dict(variables), repository, seen, wanted, depth + 1)


def called(words: tuple[str, ...]) -> str:
    """The script that a command runs, as it is written there."""
    if not words:
        return ""
    if words[0] in ("source", "."):
        return words[1] if len(words) > 1 else ""
    if shell.program(words[0]) in shell.SHELLS:
        return next((word for word in words[1:] if not word.startswith("-")), "")
    return words[0]


def _texts(variables: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): value for name, value in variables.items() if isinstance(value, str)}


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def scripts(file: SourceFile, document: int, path: FieldPath, value: object) -> Iterator[Script]:
    """The shell texts of a field that holds one, or a list of them, which `!reference` may nest."""
    if isinstance(value, str):
        yield Script(file, value, document, path)
    elif isinstance(value, list) and len(path) < _DEEPEST * 3:
        for number, entry in enumerate(value):
            yield from scripts(file, document, (*path, number), entry)


def made_script(file: SourceFile, document: int, path: FieldPath, words: list[Any]) -> Script:
    """The command of a list of arguments."""
    text = " ".join("'" + str(word).replace("'", "") + "'" for word in words)
    return Script(file, text, document, path, is_made=True)
