"""CI changes the cluster itself, beside the agent that takes it from Git.

Two writers fight: what a pipeline applies is not in Git, so nobody reviewed it, the agent takes it back or never learns
of it, and a rollback in Git does not bring it back. It also needs a login to the cluster in CI. Let CI write to Git, a
new tag for example, and leave the rest to the agent.

Judged are `kubectl` and `oc` (apply, create, replace, patch, set, delete, scale, rollout, annotate, …), `helm`
(install, upgrade, uninstall, rollback), `argocd app`, `flux` (create, delete, suspend, resume), `helmfile`, `skaffold`,
`kapp`, `timoni` and others that deploy, and the actions, tasks, orbs and pipes that do it, in GitHub Actions, GitLab
CI, CircleCI, Azure Pipelines, Bitbucket, Drone, Woodpecker, Travis, Cloud Build, Buildkite, Jenkinsfiles and Tekton.
Scripts are read as shell, and so are the scripts (`*.sh`) and actions of the repository that a step calls; targets of a
Makefile are not followed. `argocd app sync` and `flux reconcile` only hurry the agent, so they are an `info`: a webhook
does that without a login.

Not reported: `--dry-run`, `--export`, `--local`; a job that makes its own cluster (kind, k3d, k3s, minikube, or one in
a cloud), or that calls what cannot be read and is named like a test on one (`make e2e-setup`) and logs in to none; what
nobody declares in Git (`kubectl delete pod`, `run`, `exec`, `create job`); what installs the agent itself (`flux
bootstrap`, `flux install`).

Source: https://opengitops.dev/#principles

## Fails

```yaml title=".github/workflows/release.yaml"
on:
  push:
    branches: [main]
env:
  K: kubectl --namespace shop
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: azure/k8s-deploy@v5  # finding
        with:
          manifests: deploy/
      - name: Release
        run: |
          set -e
          if [ -n "$IMAGE" ]; then
            $K set image deployment/shop shop="$IMAGE" && # finding
              $K rollout status deployment/shop
          fi
          kustomize build deploy | sudo kubectl apply -f - # finding
```

```yaml title=".gitlab-ci.yml"
deploy:
  script:
    - helm upgrade --install shop ./chart  # finding
```

## Passes

```yaml title=".github/workflows/test.yaml"
on: [pull_request]
jobs:
  validate:
    runs-on: ubuntu-latest
    steps:
      - run: kustomize build deploy | kubectl apply --dry-run=server -f -
      - run: helm template chart | kubeconform -strict
  end-to-end:
    runs-on: ubuntu-latest
    steps:
      - uses: helm/kind-action@v1
      - run: kubectl apply -k deploy
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import FieldPath, Location, Resource, SourceFile, Tree
from gitops_guard.model.rule import Option, Options, Topic, tree_rule

if TYPE_CHECKING:
    from gitops_guard.model.ci import Job, Repository, Run
    from gitops_guard.model.delivery import Deployment

_OPTIONS: Final = {
    "allowed-commands": Option(
        (),
        "Commands that may run all the same, by their first words: `flux reconcile`, `kubectl annotate`.",
        {"type": "array", "items": {"type": "string"}},
    ),
}
_FIX: Final = "let CI write the change to Git, and the agent take it from there"
_NUDGE_FIX: Final = "a webhook to the agent does this without a login to the cluster"


@tree_rule(
    Severity.WARNING, topic=Topic.DELIVERY, options=_OPTIONS, excerpt=False, left="what scripts of the repository do"
)
def ci_deploys_directly(tree: Tree, options: Options) -> Iterator[tuple[Resource | SourceFile, Problem]]:
    from gitops_guard.model import ci, workflows

    found = workflows.workflows(tree)
    if not found:
        return
    repository = ci.Repository(tree)
    allowed = tuple(" ".join(command.split()) for command in options["allowed-commands"])
    seen: set[Location] = set()
    for workflow in found:
        for job in workflow.jobs:
            for what, file, problem in _of_job(job, repository):
                if problem.at is None or problem.at in seen or f"{what} ".startswith(tuple(f"{it} " for it in allowed)):
                    continue
                seen.add(problem.at)
                yield file, problem


def _of_job(job: Job, repository: Repository) -> Iterator[tuple[str, SourceFile, Problem]]:
    from gitops_guard.model import ci, delivery

    found = list(ci.runs(job, repository, delivery.WORDS))
    deployed = [(run, what) for run in found if (what := delivery.deployment(run.command)) is not None]
    used = [
        (step, name)
        for step in ci.steps(job, repository)
        if step.uses and (name := delivery.deploying_action(step.uses, step.settings))
    ]
    if not (deployed or used) or delivery.is_on_own_cluster(job, found, repository):
        return
    for step, name in used:
        message = f"`{name}` deploys to a cluster from CI, in the job `{job.name}`"
        yield name, step.file, Problem(step.path, message, fix=_FIX, at=step.place("uses"))
    for run, what in deployed:
        yield what.what, run.script.file, _problem(job, run, what)


def _problem(job: Job, run: Run, what: Deployment) -> Problem:
    where = f"in the job `{job.name}`"
    if run.is_called:
        name = run.step.name
        step = f"step {name}" if name.startswith("number ") else f"the step `{name}`"
        where = f"called by {step} of the job `{job.name}` in {job.file.path}"
    if what.is_nudge:
        message = f"`{what.what}` hurries the agent from CI, {where}, which needs a login to the cluster"
        return Problem(_field(run), message, fix=_NUDGE_FIX, at=run.location, severity=Severity.INFO)
    return Problem(_field(run), f"`{what.what}` changes a cluster from CI, {where}", fix=_FIX, at=run.location)


def _field(run: Run) -> FieldPath:
    return run.script.path or ()
