"""No workflow validates the manifests before they are merged.

What is merged is what the agent applies. A field that is misspelt or an overlay that does not build is then found by
the cluster, and by whoever is on call.

Asked for in a repository with kustomizations, or with resources of Flux or Argo CD, that also has CI, or at least a
folder of its forge (`.github`): one workflow that runs on pull requests, on merge requests or on pushes to every
branch, and in which something looks at manifests. That is a schema check (kubeconform, flux-schema, kubeval), a policy
(conftest, gator, kyverno, checkov, kube-linter, polaris …), a build (`kustomize build`, `helm template`, flux-local), a
dry run, yamllint, gitops-guard, `pre-commit run`, a job with its own cluster, or anything whose name says that it
validates.

There is one finding for a repository: at the first workflow that runs on pull requests without looking, else at the
first workflow, else at the resource or kustomization that is nearest to the root. In doubt there is none: a script that
cannot be read, a workflow that does not parse, a target of `make`, `task` or `just`, and a workflow of another
repository may validate. CI that leaves no trace in the repository is not known: then switch this rule off.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#pull_request

## Fails

```yaml title=".github/workflows/labels.yaml"
name: labels
on: # finding
  pull_request:
jobs:
  label:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/labeler@v5
```

```yaml title="apps/shop/kustomization.yaml"
resources: [settings.yaml]
```

```yaml title="apps/shop/settings.yaml"
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
```

## Passes

```yaml title=".github/workflows/test.yaml"
name: test
on: [pull_request]
jobs:
  manifests:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: kustomize build apps/shop | kubeconform -strict
```

```yaml title="apps/shop/kustomization.yaml"
resources: [settings.yaml]
```

```yaml title="apps/shop/settings.yaml"
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import FileKind, Resource, SourceFile, Tree
from gitops_guard.model.rule import Option, Options, Topic, tree_rule

if TYPE_CHECKING:
    from gitops_guard.model.ci import Job, Repository, Run, Workflow

_OPTIONS: Final = {
    "validators": Option(
        (),
        "Words that tell of validation besides those that are known: the name of a program, an action, a script.",
        {"type": "array", "items": {"type": "string", "minLength": 1}},
    ),
}
_FORGES: Final = (".github/", ".gitlab/", ".gitea/", ".forgejo/")
_VALIDATES: Final = re.compile(
    r"validat|kubeconform|kubeval|conftest|\bgator\b|kustomize|kustomization|dry[_-]?run|yaml-?lint|pre-commit"
    r"|helm[ \t]+(?:template|lint)|chart-testing|\bct[ \t]+lint|flux-(?:local|schema)|flux[ \t]+(?:diff|build|migrate)"
    r"|\bflate\b|datree|kube-?linter|kube-?score|polaris|\bpluto\b|kyverno|checkov|gitops-guard|kubescape|kubesec"
    r"|kubevious|terrascan|\bkics\b|trivy[ \t]+(?:config|fs|conf)|scan-type.{0,5}(?:config|fs)|(?:super|mega)-?linter"
    r"|kubectl[ \t]+diff|argocd[ \t]+app[ \t]+diff|argocd?-diff|cue[ \t]+vet|timoni|\bopa[ \t]+(?:test|eval|check)"
    r"|konflate|kubechecks|drydock|\bk8s-?lint|\bregal\b|prettier",
    re.IGNORECASE,
)
_RUNS_TARGETS: Final = re.compile(
    r"(?:^|[;&|\s])(?:make|task|just|mage|earthly|tox|nox|dagger|bazel|nix|mise|(?:npm|yarn|pnpm|docker|podman|uv|poetry)"
    r"[ \t]+run)[ \t]+\S"
)
_SCRIPT_WORD: Final = re.compile(
    r"\.{0,2}[\w.${}-]{0,100}(?:/[\w.${}-]{1,100}){0,10}(?:\.(?:sh|bash|py|rb|js)|/[\w-]{1,100})"
)
_APPS: Final = frozenset({"Application", "ApplicationSet"})


@tree_rule(Severity.WARNING, topic=Topic.DELIVERY, options=_OPTIONS, whole=True)
def validation_missing(tree: Tree, options: Options) -> Iterator[tuple[Resource | SourceFile, Problem]]:
    from gitops_guard.model import ci, workflows

    first = _first_of_agent(tree)
    if first is None:
        return
    found = [workflow for workflow in workflows.workflows(tree) if workflow.jobs and _is_ci(workflow)]
    if not found and not any(file.path.startswith(_FORGES) for file in tree.files):
        return
    if any(file.kind is FileKind.BROKEN and file.path.startswith(_FORGES) for file in tree.files):
        return
    words = tuple(word.lower() for word in options["validators"])
    repository = ci.Repository(tree)
    early = [workflow for workflow in found if workflow.before_merge]
    if _is_in_hook(tree, words) or any(_may_validate(job, repository, words) for it in early for job in it.jobs):
        return
    yield _finding(first, early, found)


def _is_ci(workflow: Workflow) -> bool:
    """A Task of Tekton is a resource that somebody may use; it tells nothing of pull requests."""
    return workflow.file.kind is not FileKind.MANIFEST


def _first_of_agent(tree: Tree) -> Resource | SourceFile | None:
    """What shows that an agent or kustomize reads this repository, nearest to the root."""
    found: list[tuple[int, str, Resource | SourceFile]] = [
        (file.path.count("/"), file.path, file) for file in tree.of_kind(FileKind.KUSTOMIZATION)
    ]
    for resource in tree.resources:
        group = resource.id.group
        if group.endswith(".toolkit.fluxcd.io") or (group == "argoproj.io" and resource.id.kind in _APPS):
            path = resource.location.file
            found.append((path.count("/"), path, resource))
    return min(found, key=lambda it: it[:2])[2] if found else None


def _finding(
    first: Resource | SourceFile, early: list[Workflow], found: list[Workflow]
) -> tuple[Resource | SourceFile, Problem]:
    message = "nothing validates the manifests before they are merged"
    fix = "run gitops-guard, or kubeconform behind `kustomize build`, on pull requests"
    if not found:
        return first, Problem((), f"{message}: there is no CI in this repository", fix=fix)
    workflow = (early or found)[0]
    why = "this workflow runs then, and does not look at them" if early else "no workflow runs before that"
    return workflow.file, Problem(workflow.trigger, f"{message}: {why}", fix=fix, on_key=True)


def _is_in_hook(tree: Tree, words: tuple[str, ...]) -> bool:
    """pre-commit's hooks, which its service runs on pull requests without any workflow."""
    for file in tree.files:
        if file.path in (".pre-commit-config.yaml", ".pre-commit-config.yml"):
            return _is_told(file.data.decode("utf-8", "replace"), words)
    return False


def _may_validate(job: Job, repository: Repository, words: tuple[str, ...]) -> bool:
    from gitops_guard.model import ci, delivery

    if job.calls:
        return _called(job.calls, repository, words)
    runs = list(ci.runs(job, repository, ("",)))
    if delivery.is_on_own_cluster(job, runs, repository):
        return True
    if any(_is_told(text, words) for text in _texts(job, repository)):
        return True
    texts = {run.script.text for run in runs}
    if any(_is_told(text, words) or _RUNS_TARGETS.search(text) for text in texts):
        return True
    return any(_is_unread(run, repository) for run in runs)


def _called(uses: str, repository: Repository, words: tuple[str, ...]) -> bool:
    """Whether a workflow that a job calls may validate: one of another repository may."""
    file = repository.workflow(uses) if uses.startswith("./") else None
    if file is None:
        return True
    from gitops_guard.model import ci_github

    jobs = [job for workflow in ci_github.read(file) for job in workflow.jobs]
    return any(job.calls or _may_validate(job, repository, words) for job in jobs)


def _texts(job: Job, repository: Repository) -> Iterator[str]:
    from gitops_guard.model import ci

    yield from (str(value) for value in job.variables.values())
    for step in ci.steps(job, repository):
        yield step.name
        yield step.uses
        yield from (f"{name}: {value}" for values in (step.settings, step.variables) for name, value in values.items())
        yield from (script.text for script in step.scripts)


def _is_told(text: str, words: tuple[str, ...]) -> bool:
    if _VALIDATES.search(text) is not None:
        return True
    return bool(words) and any(word in text.lower() for word in words)


def _is_unread(run: Run, repository: Repository) -> bool:
    """Whether a command is a script that nobody can read here."""
    from gitops_guard.model import ci

    name = ci.called(run.command.words)
    if not name or _SCRIPT_WORD.fullmatch(name) is None or name.startswith(("/usr/", "/bin/")):
        return False
    return repository.script(name, run.step.folder, run.script.file.path) is None
