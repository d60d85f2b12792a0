"""CI beside an agent: which jobs can get in its way, and which work on something that they throw away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from gitops_guard.model import workflows
from gitops_guard.model.ci import Job, Run, Step
from gitops_guard.model.producer import family
from gitops_guard.model.resource import FileKind, Resource, Tree
from gitops_guard.model.workload import value_at

_FLUX: Final = (".toolkit.fluxcd.io", "fluxcd.controlplane.io")
_ARGO_KINDS: Final = frozenset({"Application", "ApplicationSet", "AppProject"})
_FLUX_TEXT: Final = b".toolkit.fluxcd.io/v"
_ARGO_TEXT: Final = b"argoproj.io/v"
_ARGO_KIND: Final = re.compile(rb"kind: (?:Application|ApplicationSet|AppProject)\b")
_TEXTS: Final = (FileKind.HELM_TEMPLATE, FileKind.TEMPLATE, FileKind.STRATEGIC_PATCH)
_CLUSTERS: Final = "clusters/"

# What says that a name is made for one pull request.
_OF_CHANGE: Final = re.compile(
    r"github\.event\.(?:number|pull_request)|pull_request\.(?:number|head)|head_ref|HEAD_REF|\bPR_?(?:NUMBER|NUM|ID|NR)\b"
    r"|PULL_?REQUEST|pullRequest|CI_MERGE_REQUEST_|CI_COMMIT_REF_SLUG|BITBUCKET_PR_ID|\bCHANGE_ID\b"
    r"|\b(?:pr|PR|preview|review)-?\$"
)
_THROWN_AWAY: Final = frozenset({"e2e", "smoke", "preview", "previews", "review", "ephemeral"})
_TESTS: Final = frozenset({"test", "tests", "testing"})
_MORE: Final = frozenset({"build", "publish", "release", "and"})  # `build-test-deploy` is not about a cluster for tests
_KEPT: Final = frozenset({"prod", "production", "live"})
_WORDS: Final = re.compile(r"[a-z0-9]+")
_LONGEST: Final = 4_000  # characters of a word that are looked at


def jobs(tree: Tree) -> Iterator[Job]:
    """The jobs of CI that an agent has to fear: none, where nothing of the tree says that there is one."""
    found = workflows.workflows(tree)
    if not found or not (has_agent(tree) or _keeps_environments(tree)):
        return
    unused = _unused_tasks(tree)
    for workflow in found:
        for job in workflow.jobs:
            if not any(_is_of(job, task) for task in unused):
                yield job


def has_agent(tree: Tree) -> bool:
    """Whether a resource of Flux or Argo CD lies anywhere, also in a template or a patch.

    An `ArgoCD` of the operator alone is none: catalogs hold it, and what it delivers lies elsewhere.
    """
    if any(_is_of_agent(resource) for resource in tree.resources):
        return True
    texts = (file.data for file in tree.of_kind(*_TEXTS))
    return any(_FLUX_TEXT in text or (_ARGO_TEXT in text and _ARGO_KIND.search(text)) for text in texts)


def _is_of_agent(resource: Resource) -> bool:
    if resource.id.group.endswith(_FLUX):
        return True
    return resource.id.kind in _ARGO_KINDS and family(resource.id.group) == "argoproj.io"


def _keeps_environments(tree: Tree) -> bool:
    if len({app.environment for app in tree.apps if app.environment}) > 1:
        return True
    return any(app.cluster for app in tree.apps) or any(file.path.startswith(_CLUSTERS) for file in tree.files)


def _unused_tasks(tree: Tree) -> list[Resource]:
    """Tasks of Tekton with parameters that nothing of the tree runs: a catalog for others."""
    of_tekton = [resource for resource in tree.resources if resource.id.group == "tekton.dev"]
    used = {name for resource in of_tekton for name in _tasks(resource.body)}
    return [
        resource
        for resource in of_tekton
        if resource.id.kind in ("Task", "ClusterTask") and resource.id.name not in used and _has_parameters(resource)
    ]


def _has_parameters(task: Resource) -> bool:
    return any(value_at(task.body, path) for path in (("spec", "params"), ("spec", "inputs", "params")))


def _tasks(body: object, depth: int = 0) -> Iterator[str]:
    """The names of all tasks that a resource of Tekton refers to, however deep."""
    if depth > 12:
        return
    if isinstance(body, Mapping):
        name = value_at(body, ("taskRef", "name"))
        if isinstance(name, str):
            yield name
    inner = body.values() if isinstance(body, Mapping) else body if isinstance(body, list) else ()
    for value in inner:
        yield from _tasks(value, depth + 1)


def _is_of(job: Job, task: Resource) -> bool:
    if job.file.path != task.location.file or job.document != task.document:
        return False
    return job.path[: len(task.prefix)] == task.prefix


def is_thrown_away(job: Job, runs: Iterable[Run], actions: Iterable[Step]) -> bool:
    """Whether a job works on a preview of a change, or on a cluster that is there for tests, by its own words.

    *runs* and *actions* are what of it deploys or logs in.
    """
    words = set(_WORDS.findall(f"{job.name[:200]} {_environment(job)[:200]}".lower()))
    if words & _KEPT:
        return False
    if words & _THROWN_AWAY or (words & _TESTS and not words & _MORE):
        return True
    texts = {text for run in runs for text in _texts_of(run)}
    texts.update(text for step in actions for text in _texts(step.settings))
    return any(_OF_CHANGE.search(text) for text in texts)


def is_for_production(words: Iterable[str]) -> bool:
    """Whether a command names what nobody throws away."""
    return any(not _KEPT.isdisjoint(_WORDS.findall(word[:_LONGEST].lower())) for word in words)


def _environment(job: Job) -> str:
    body = next((document.body for document in job.file.documents if document.index == job.document), None)
    told = value_at(body, (*job.path, "environment"))
    name = told.get("name") if isinstance(told, Mapping) else told
    return name if isinstance(name, str) else ""


def _texts_of(run: Run) -> Iterator[str]:
    yield from (word[:_LONGEST] for word in run.command.words)
    yield from _texts(run.step.variables)
    yield from (script.text for script in run.step.scripts)


def _texts(values: Mapping[str, object]) -> Iterator[str]:
    for name, value in values.items():
        yield f"{name} {value}" if isinstance(value, str) else str(name)
