"""What a revision of a repository is made of: locations, resources, apps, files, the Tree.

`Location` and `ResourceId` are tuples: they are the keys of every index and are made by the ten thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from gitops_guard.model.finding import Problem

FieldPath = tuple[str | int, ...]


class Location(NamedTuple):
    """A place in a file. Lines and columns count from 1; columns are characters."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class ResourceId(NamedTuple):
    """Without a version: another apiVersion of the same thing is an update, not a delete and a create."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        owner = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {owner}{self.name}"


class Locator(Protocol):
    """Knows where each field of one file stands."""

    def locate(self, document: int, path: FieldPath, *, key: bool = False) -> Location:
        """The place of *path* in the *document*-th document, or of its nearest ancestor that is in the file.

        With *key*, the place of the key that holds the field instead of its value.
        """

    def inside(self, document: int, path: FieldPath, line: int, column: int = 0) -> Location:
        """The place of a *line*, from 0, of the text that a field holds; of the field where that cannot be told.

        It can for a literal block (`|`). *column* counts from 1 in the text; without it, the first letter is meant.
        """

    def comments(self) -> Mapping[int, str]:
        """Comments by line, without the leading `#` and blanks."""


@dataclass(frozen=True, slots=True)
class App:
    """One deployable thing: a kustomization, a chart with values, a plain directory. *environment* may be ""."""

    name: str
    environment: str
    path: str
    renderer: str = "directory"
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """One object that a cluster would be given.

    *body* is plain JSON data as the API server would read it; nobody changes it. *document* and *prefix* say where in
    its file it stands (an item of a `List` has the prefix `("items", n)`). *provisional* as in its file.
    """

    id: ResourceId
    api_version: str
    body: Mapping[str, Any]
    location: Location
    app: App | None
    source: Locator = field(repr=False, compare=False)
    document: int = 0
    prefix: FieldPath = ()
    provisional: bool = False

    def locate(self, path: FieldPath, *, key: bool = False) -> Location:
        """The line of *path*, or of its nearest ancestor that is in the file."""
        return self.source.locate(self.document, (*self.prefix, *path), key=key)

    def inside(self, path: FieldPath, line: int) -> Location:
        """The place of a line, from 0, of the text that a field holds."""
        return self.source.inside(self.document, (*self.prefix, *path), line)

    @property
    def labels(self) -> Mapping[str, str]:
        return _mapping(_mapping(self.body.get("metadata")).get("labels"))

    @property
    def annotations(self) -> Mapping[str, str]:
        return _mapping(_mapping(self.body.get("metadata")).get("annotations"))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


class FileKind(StrEnum):
    """What a file is for. The value is what the coverage ledger prints."""

    MANIFEST = "manifest"
    KUSTOMIZATION = "kustomization"
    COMPONENT = "kustomize component"
    STRATEGIC_PATCH = "strategic merge patch"
    JSON_PATCH = "JSON6902 patch"
    HELM_TEMPLATE = "Helm template"
    HELM_VALUES = "Helm values"
    HELM_CHART = "Helm chart file"
    TEMPLATE = "other template"
    SOPS = "SOPS-encrypted file"
    GIT_CRYPT = "git-crypt file"
    CI_WORKFLOW = "CI workflow"
    GUARD = "gitops-guard file"
    EMPTY = "empty file"
    OTHER_YAML = "other YAML"
    NOT_YAML = "not YAML"
    BROKEN = "broken file"
    TOO_LARGE = "file over the size limit"
    UNREADABLE = "unreadable file"
    SYMLINK = "symbolic link"
    SUBMODULE = "submodule"
    LFS_POINTER = "Git LFS pointer"
    EXCLUDED = "excluded file"


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML or JSON document as data. *line* is where its first node stands; 1-based."""

    index: int
    line: int
    body: Any


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the revision. *path* is relative to the root, with `/`.

    *reason* says what of it is not checked and why, and is "" where all is. *problems* are what the loader found: (rule
    id, document index, Problem). *provisional*: it is not deployed as it stands, since the kustomization of its folder
    does not list it, or replaces values of its Secrets.
    """

    path: str
    kind: FileKind
    documents: tuple[Document, ...] = ()
    reason: str = ""
    problems: tuple[tuple[str, int, Problem], ...] = ()
    data: bytes = field(default=b"", repr=False, compare=False)
    source: Locator | None = field(default=None, repr=False, compare=False)
    provisional: bool = False

    def locate(self, document: int, path: FieldPath, *, key: bool = False) -> Location:
        if self.source is None:
            return Location(self.path)
        return self.source.locate(document, path, key=key)

    def inside(self, document: int, path: FieldPath, line: int, column: int = 0) -> Location:
        if self.source is None:
            return Location(self.path)
        return self.source.inside(document, path, line, column)


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was not checked, or only in part: a line of the coverage ledger."""

    file: str
    kind: str
    reason: str


def no_app(path: str) -> None:
    """The app of every path where nothing places paths."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A revision of a repository. *files* are all files, sorted by path; *resources* are in the order of the files.

    *complete* is False where only picked files were read: rules that ask about the whole repository have no answer.
    *app_of* tells the app of any path, also of what holds no resource (patches, values) or is not there.
    """

    files: tuple[SourceFile, ...]
    resources: tuple[Resource, ...]
    apps: tuple[App, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    complete: bool = True
    app_of: Callable[[str], App | None] = field(default=no_app, repr=False, compare=False)

    def by_id(self) -> dict[ResourceId, list[Resource]]:
        found: dict[ResourceId, list[Resource]] = {}
        for resource in self.resources:
            found.setdefault(resource.id, []).append(resource)
        return found

    def of_kind(self, *kinds: FileKind) -> Iterator[SourceFile]:
        return (file for file in self.files if file.kind in kinds)
