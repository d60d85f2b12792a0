"""Kustomizations of a revision, built side by side: what each becomes, or why it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from posixpath import basename, dirname
from typing import Any, NamedTuple

from gitops_guard.load import manifests, names, tree
from gitops_guard.load.fork import fork_map
from gitops_guard.load.sources import Source
from gitops_guard.model import kustomization
from gitops_guard.model.errors import SourceError, UsageError
from gitops_guard.model.listing import NAMES
from gitops_guard.model.resource import FileKind, Location, Tree
from gitops_guard.render import inputs, kustomize
from gitops_guard.render.inputs import Inputs


class Built(NamedTuple):
    """*bodies* are the resources in the order of kustomize; where *reasons* says why not, there are none."""

    folder: str
    bodies: tuple[dict[str, Any], ...] = ()
    reasons: tuple[tuple[Location, str], ...] = ()


def read(source: Source) -> Tree:
    """The Tree of all files of a revision; what promises no YAML is in it by name."""
    plain = [entry.path for entry in source.entries() if entry.kind is None]
    files = dict.fromkeys(plain, b"")
    files.update(source.read([path for path in plain if names.may_be_read(path)]))
    return tree.from_files(files)


def folders(whole: Tree, wanted: Sequence[str]) -> list[str]:
    """The folders to build: those that are *wanted*, or all whose kustomization no other one builds, sorted.

    A kustomization that does not parse is among them: why it is not built has to be said. Raises UsageError for a
    folder without a kustomization, and where there is none at all.
    """
    named = {dirname(file.path): file.kind for file in whole.files if basename(file.path) in NAMES}
    for folder in wanted:
        if folder not in named:
            hint = "name a folder with a kustomization.yaml"
            raise UsageError(f"there is no kustomization in {folder or 'the root'}", hint=hint)
    broken = (folder for folder, kind in named.items() if kind in (FileKind.BROKEN, FileKind.EMPTY))
    found = list(wanted) or sorted({*kustomization.of_tree(whole).roots(), *broken})
    if not found:
        raise UsageError("there is no kustomization in this repository", hint="nothing else is rendered yet")
    return found


def build(source: Source, whole: Tree, wanted: Sequence[str], jobs: int) -> list[Built]:
    """Each of the *wanted* folders, in their order. Raises SourceError where there is neither kubectl nor kustomize."""
    command = kustomize.program()
    needed = {folder: inputs.of(whole, folder) for folder in wanted}
    free = [folder for folder in wanted if not _reasons(needed[folder])]
    content = _read(source, {path for folder in free for path in needed[folder].files})

    def some(part: Sequence[str]) -> bytes:
        import pickle

        return pickle.dumps([_one(folder, needed[folder], content, command) for folder in part])

    built = {one.folder: one for told in fork_map(some, _shares(free, jobs)) for one in _loads(told)}
    return [built.get(folder) or Built(folder, (), _reasons(needed[folder])) for folder in wanted]


def _read(source: Source, paths: AbstractSet[str]) -> dict[str, bytes]:
    """The content of inputs. The file of a generator may be of any kind, which `read` of a source does not have."""
    content = dict(source.read(sorted(filter(names.may_be_read, paths))))
    content.update(source.read_around(sorted(paths - content.keys())))
    return content


def _one(folder: str, needed: Inputs, content: Mapping[str, bytes], command: tuple[str, ...]) -> Built:
    if unread := [path for path in needed.files if path not in content]:
        return Built(folder, (), ((needed.at, f"its file {unread[0]} cannot be read"),))
    try:
        text = kustomize.build({path: content[path] for path in needed.files}, folder, command, plugins=needed.plugins)
    except SourceError as error:
        return Built(folder, (), ((needed.at, str(error)),))
    result = manifests.read(folder, text)
    bodies = tuple(document.body for document in result.documents if isinstance(document.body, dict))
    if result.problems or len(bodies) < len(result.documents):
        return Built(folder, (), ((needed.at, "what kustomize makes of it cannot be read as manifests"),))
    return Built(folder, bodies)


def _reasons(needed: Inputs) -> tuple[tuple[Location, str], ...]:
    found = [(one.location, str(one.why)) for one in needed.refused]
    if needed.charts:
        found.append((needed.at, "it inflates a Helm chart, which is not rendered yet"))
    return tuple(found)


def _shares(folders: Sequence[str], jobs: int) -> list[Sequence[str]]:
    return [share for number in range(jobs) if (share := folders[number::jobs])]


def _loads(told: bytes) -> list[Built]:
    import pickle

    found: list[Built] = pickle.loads(told)  # noqa: S301 - from our own child
    return found
