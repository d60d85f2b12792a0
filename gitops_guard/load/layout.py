"""Which environment, cluster and app a path belongs to.

Only names are looked at. A first look over all paths tells what a name means here: `demo` is an environment beside
`production`, and an app elsewhere. Patterns of the configuration come first; see docs/layout.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from gitops_guard.load import environments, globs
from gitops_guard.load.environments import Word
from gitops_guard.load.names import KUSTOMIZATION_NAMES
from gitops_guard.model.resource import App

ENVIRONMENT_FOLDERS: Final = frozenset({"environments", "environment", "envs", "env"})
OVERLAY_FOLDERS: Final = frozenset({"overlays", "overlay", "stages", "rings"})
CLUSTER_FOLDERS: Final = frozenset({"clusters"})
APP_FOLDERS: Final = frozenset(
    {
        "apps", "applications", "services", "workloads", "tenants", "teams", "infrastructure", "infra", "charts",
        "deploy", "deployments", "manifests", "projects", "kubernetes", "k8s", "gitops", "argocd-apps",
    }
)  # fmt: skip
BASE_FOLDERS: Final = frozenset({"base", "bases", "_base", "common", "shared"})
SHARED_FOLDERS: Final = BASE_FOLDERS | {"components", "component"}
_VARIANTS: Final = frozenset({"values", "patch", "kustomization"})
_INNER_FOLDERS: Final = frozenset(
    {
        "app", "config", "configs", "resources", "manifests", "templates", "crds", "crd", "patches", "files", "charts",
        "dashboards", "rules", "secrets", "scripts", "hooks", "tests", "values", "transformers", "generators",
    }
)  # fmt: skip
_NAMES: Final = ("environment", "app", "cluster")
_YAML_ENDINGS: Final = (".yaml", ".yml", ".json")


class Place(NamedTuple):
    """Where a path belongs; "" where it does not. *environment* is as written: `environments.canonical` unifies.

    *path* is the folder of the app in this environment. *convention* is how the environment was told: `folder`,
    `overlay`, `environments`, `cluster`, `ring`, `folder name` (`web-prod`), `file name` (`values-prod.yaml`),
    `configured`, or "". *shared* is true for bases and components, which belong to no environment on purpose.
    """

    environment: str = ""
    app: str = ""
    cluster: str = ""
    path: str = ""
    convention: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Override:
    """One entry of `layout` in the configuration. A value that is None is told by the placeholder in *patterns*."""

    patterns: tuple[str, ...]
    environment: str | None = None
    app: str | None = None
    cluster: str | None = None


class _Mark(NamedTuple):
    """The folder that tells the environment: its number in the path, the name, what is left of the folder's name."""

    depth: int
    environment: str
    rest: str
    convention: str


class Layout:
    """The places of one set of paths."""

    def __init__(self, paths: Iterable[str], overrides: Sequence[Override] = ()) -> None:
        """Raises globs.GlobError for a pattern of *overrides* that cannot be used."""
        self._overrides = [(globs_of(override), override) for override in overrides]
        self._children: dict[str, set[str]] = {}
        self._charts: set[str] = set()
        self._kustomized: set[str] = set()  # folders that hold a kustomization, at any depth
        self._kustomizations: set[str] = set()
        self._places: dict[str, Place] = {}
        self._apps: dict[Place, App | None] = {}
        self._by_path: dict[str, App | None] = {}
        for folder in self._look(paths):
            self._know(folder)
        self._grouped = {folder for folder in self._children if self._holds_groups(folder)}
        self._repeated = {folder: self._names_in_two_groups(folder) for folder in self._grouped}

    def place(self, path: str) -> Place:
        for patterns, override in self._overrides:
            for pattern in patterns:
                match = pattern.fullmatch(path)
                if match is not None:
                    return self._configured(path, override, match)
        if path.startswith("."):
            return Place()
        folder = path.rpartition("/")[0]
        place = self._places.get(folder)
        if place is None:
            place = self._places[folder] = self._of_folder(folder)
        word = None if place.environment else _in_file_name(path)
        if word is not None and folder in self._kustomizations and word.rest.lower() not in _VARIANTS:
            return place  # all files of a kustomization are deployed together
        return place if word is None else place._replace(environment=word.text, convention="file name", shared=False)

    def app_of(self, path: str) -> App | None:
        """What `load.tree` asks: the app of a path, None for what is nobody's (`.github` and the like)."""
        if path not in self._by_path:
            place = self.place(path)
            if place not in self._apps:
                self._apps[place] = self._app(place) if place.app else None
            self._by_path[path] = self._apps[place]
        return self._by_path[path]

    def table(self, paths: Iterable[str]) -> list[App]:
        """The apps of *paths*, by name and environment."""
        found = {self.app_of(path) for path in paths if path.endswith(_YAML_ENDINGS)}
        apps = [app for app in found if app is not None]
        return sorted(apps, key=lambda app: (app.name, app.environment, app.cluster, app.path))

    def _look(self, paths: Iterable[str]) -> set[str]:
        folders = set()
        for path in paths:
            folder, _, name = path.rpartition("/")
            folders.add(folder)
            if name == "Chart.yaml":
                self._charts.add(folder)
            elif name in KUSTOMIZATION_NAMES:
                self._kustomizations.add(folder)
                self._kustomized.update(_above(folder)[:-1] if folder else [""])
        return folders

    def _know(self, folder: str) -> None:
        while folder:
            parent, _, name = folder.rpartition("/")
            names = self._children.setdefault(parent, set())
            if name in names:
                return
            names.add(name)
            folder = parent

    def _holds_groups(self, folder: str) -> bool:
        """Whether the folders in *folder* are groups of apps (namespaces) and not apps, by what most of them hold."""
        if folder.rpartition("/")[2] not in APP_FOLDERS:
            return False
        groups = apps = 0
        for name in self._children[folder]:
            below = self._children.get(f"{folder}/{name}", set())
            if _is_structure(name) or environments.find(name) is not None:
                continue
            if any(not _is_structure(child) and child not in _INNER_FOLDERS for child in below if not _is_word(child)):
                groups += 1
            else:
                apps += 1
        return groups > max(apps, 1)  # one folder with folders in it says nothing

    def _names_in_two_groups(self, folder: str) -> set[str]:
        """App names that stand in two groups are shown with their group."""
        groups = [self._children.get(f"{folder}/{group}", set()) for group in sorted(self._children[folder])]
        seen: set[str] = set()
        repeated: set[str] = set()
        for names in groups:
            repeated |= seen & names
            seen |= names
        return repeated

    def _of_folder(self, folder: str) -> Place:
        parts = folder.split("/") if folder else []
        chart = next((above for above in _above(folder) if above in self._charts), None)
        if chart is not None:
            parts = chart.split("/") if chart else []
        mark = self._mark(parts)
        cluster = _cluster(parts)
        name, last = self._name(parts, mark)
        if mark is not None:
            last = max(last, mark.depth)
        path = "/".join(parts[: last + 1])
        shared = mark is None and any(part in SHARED_FOLDERS for part in parts)
        if mark is None:
            return Place(app=name, cluster=cluster, path=path, shared=shared)
        return Place(mark.environment, name, cluster, path, mark.convention)

    def _mark(self, parts: Sequence[str]) -> _Mark | None:
        """The deepest folder that names an environment; a sure word goes before one that only may."""
        found = [mark for mark in (self._mark_at(parts, i) for i in range(len(parts))) if mark is not None]
        sure = [mark for mark in found if mark[1]]
        return (sure or found)[-1][0] if found else None

    def _mark_at(self, parts: Sequence[str], index: int) -> tuple[_Mark, bool] | None:
        name, parent = parts[index], parts[index - 1] if index else ""
        if _is_structure(name) or (SHARED_FOLDERS & set(parts[:index]) and not _is_word(name)):
            return None
        word = environments.find(name)
        if parent in ENVIRONMENT_FOLDERS:
            return _Mark(index, name, "", "environments"), True
        if word is None:
            return None
        if parent in CLUSTER_FOLDERS:
            return _Mark(index, word.text, "", "cluster"), word.is_sure
        if parent in OVERLAY_FOLDERS:
            told = word.is_sure or word.is_plain or self._beside_exact(parts, index, word)
            return (_Mark(index, name, "", "overlay"), True) if told else None
        if word.where == "ring":
            return _Mark(index, name, "", "ring"), True
        return self._folder(parts, index, word)

    def _folder(self, parts: Sequence[str], index: int, word: Word) -> tuple[_Mark, bool] | None:
        beside_exact = self._beside_exact(parts, index, word)
        if word.where == "exact":
            near_apps = any(part in APP_FOLDERS for part in parts[max(index - 2, 0) : index])
            if not (word.is_sure or beside_exact or (word.is_plain and near_apps)):
                return None
            return _Mark(index, word.text, "", "folder"), word.is_sure or word.is_plain
        siblings = self._words("/".join(parts[:index]))
        has_twin = any(other.rest == word.rest and other.word != word.word for other in siblings)
        if has_twin or (word.where == "last" and word.is_sure):
            return _Mark(index, word.text, word.rest, "folder name"), word.is_sure
        return (_Mark(index, parts[index], "", "folder"), word.is_sure) if beside_exact else None

    def _beside_exact(self, parts: Sequence[str], index: int, word: Word) -> bool:
        """Whether a folder beside this one is called `production` or the like, and nothing more."""
        siblings = self._words("/".join(parts[:index])) - {word}
        return any(other.where == "exact" and (other.is_sure or other.is_plain) for other in siblings)

    def _words(self, folder: str) -> set[Word]:
        found = (environments.find(name) for name in self._children.get(folder, ()))
        return {word for word in found if word is not None}

    def _name(self, parts: Sequence[str], mark: _Mark | None) -> tuple[str, int]:
        """The app's name, and the number of the last folder that belongs to it."""
        if not parts:
            return ".", -1
        container = max((i for i, part in enumerate(parts) if _is_container(part)), default=-1)
        first = container + (2 if container >= 0 and parts[container] in CLUSTER_FOLDERS else 1)
        names = [
            (i, mark.rest if mark is not None and i == mark.depth else part)
            for i, part in enumerate(parts)
            if i >= first and not _is_structure(part) and (mark is None or i != mark.depth or mark.rest)
        ]
        if container < 0:
            return self._joined(parts, names)
        if not names:
            return _bare_name(parts, container, mark), len(parts) - 1 if mark is None else container
        folder = "/".join(parts[: container + 1])
        if folder in self._grouped and len(names) > 1 and not _is_structure(parts[container + 1]):
            group, app = names[0][1], names[1][1]
            return f"{group}/{app}" if app in self._repeated[folder] else app, names[1][0]
        return names[0][1], _with_structure(parts, names[0][0])

    def _joined(self, parts: Sequence[str], names: Sequence[tuple[int, str]]) -> tuple[str, int]:
        """Without a folder that says "apps" the path itself is the name, down to the first base or overlay."""
        if not names:
            return parts[-1], len(parts) - 1
        structure = next((i for i, part in enumerate(parts) if _is_structure(part) and i > names[0][0]), len(parts))
        kept = [(i, name) for i, name in names if i < structure]
        return "/".join(name for _, name in kept), _with_structure(parts, kept[-1][0])

    def _app(self, place: Place) -> App:
        if any(above in self._charts for above in _above(place.path)):
            renderer = "helm"
        else:
            renderer = "kustomize" if place.path in self._kustomized else "directory"
        return App(place.app, place.environment, place.path, renderer, place.cluster)

    def _configured(self, path: str, override: Override, match: re.Match[str]) -> Place:
        told = match.groupdict()
        environment, app, cluster = (_first(getattr(override, name), told.get(name)) for name in _NAMES)
        ends = [match.end(name) for name in told if told[name] is not None]
        folder = path.rpartition("/")[0]
        if ends:
            folder = path[: path.find("/", max(ends))] if "/" in path[max(ends) :] else folder
        found = self._of_folder(path.rpartition("/")[0])
        return Place(
            environment=environment or "",
            app=found.app if app is None else app,
            cluster=found.cluster if cluster is None else cluster,
            path=folder,
            convention="configured",
            shared=environment == "",
        )


def globs_of(override: Override) -> list[re.Pattern[str]]:
    """Raises globs.GlobError."""
    return [globs.placeholders(pattern, _NAMES) for pattern in override.patterns]


def _first(fixed: str | None, told: str | None) -> str | None:
    return told if fixed is None else fixed


def _above(folder: str) -> list[str]:
    """The folder and all above it, the nearest first; the root is ""."""
    found = [folder]
    while folder:
        folder = folder.rpartition("/")[0]
        found.append(folder)
    return found


def _cluster(parts: Sequence[str]) -> str:
    for parent, name in pairwise(parts):
        if parent in CLUSTER_FOLDERS and name not in SHARED_FOLDERS:
            return name
    return ""


def _is_container(name: str) -> bool:
    return name in APP_FOLDERS or name in ENVIRONMENT_FOLDERS or name in CLUSTER_FOLDERS


def _is_structure(name: str) -> bool:
    return name in SHARED_FOLDERS or name in OVERLAY_FOLDERS


def _is_word(name: str) -> bool:
    word = environments.find(name)
    return word is not None and word.where == "exact"


def _with_structure(parts: Sequence[str], last: int) -> int:
    """`apps/web/base` is rendered by itself, and so is each of `apps/web/overlays/x` and `apps/web/components/x`."""
    below = parts[last + 1 : last + 3]
    if not below or not _is_structure(below[0]):
        return last
    return last + (1 if below[0] in BASE_FOLDERS else len(below))


def _bare_name(parts: Sequence[str], container: int, mark: _Mark | None) -> str:
    """`apps/production` is the app `apps`; `clusters/production` and `environments/dev` are named for what they are."""
    holder = parts[container]
    if holder in APP_FOLDERS or container + 1 == len(parts):
        return holder
    return parts[container + 1] if mark is None else parts[mark.depth]


def _in_file_name(path: str) -> Word | None:
    name = path.rpartition("/")[2]
    for ending in _YAML_ENDINGS:
        if name.endswith(ending):
            word = environments.find(name.removesuffix(ending))
            return word if word is not None and _is_told_by_file(word) else None
    return None


def _is_told_by_file(word: Word) -> bool:
    """`values-dev.yaml`, `prod.yaml` and `prod.values.yaml` tell; `test.yaml` and `dev-team.yaml` do not."""
    if word.where == "exact":
        return word.is_sure or word.is_plain
    if word.where == "last":
        return word.is_sure or word.is_plain
    return word.where == "first" and word.is_sure and word.rest.lower() in _VARIANTS
