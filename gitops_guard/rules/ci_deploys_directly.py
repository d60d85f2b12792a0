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

Judged are repositories that have an agent (any resource of Flux, an Application, ApplicationSet or AppProject of Argo
CD, wherever it lies) or that keep several environments or clusters as folders. A step has one finding, at the first
command that deploys.

Not reported: previews, whose namespace or release is named after a pull request, and jobs whose name or environment
says test, e2e, smoke or preview, unless the command names production; Tasks of Tekton with parameters that nothing in
the repository runs, as in a catalog; `--dry-run`, `--export`, `--local`; a job that makes its own cluster (kind, k3d,
k3s, minikube, or one in a cloud), or that calls what cannot be read and is named like a test on one (`make e2e-setup`)
and logs in to none; what nobody declares in Git (`kubectl delete pod`, `run`, `exec`, `create job`); what installs the
agent itself (`flux bootstrap`, `flux install`).

Source: https://opengitops.dev/#principles

## Fails

```yaml title="clusters/production/shop.yaml"
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: shop, namespace: flux-system}
spec:
  interval: 10m
  path: ./deploy
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
```

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
          kustomize build deploy | sudo kubectl apply -f -
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
    Severity.WARNING,
    topic=Topic.DELIVERY,
    options=_OPTIONS,
    excerpt=False,
    left="CI beside an agent that is not among the files, and what scripts of the repository do",
)
def ci_deploys_directly(tree: Tree, options: Options) -> Iterator[tuple[Resource | SourceFile, Problem]]:
    from gitops_guard.model import beside_agent, ci

    repository = ci.Repository(tree)
    allowed = tuple(f"{' '.join(command.split())} " for command in options["allowed-commands"])
    seen: set[Location] = set()
    for job in beside_agent.jobs(tree):
        for file, problem in _of_job(job, repository, allowed):
            if problem.at is not None and problem.at not in seen:
                seen.add(problem.at)
                yield file, problem


def _of_job(job: Job, repository: Repository, allowed: tuple[str, ...]) -> Iterator[tuple[SourceFile, Problem]]:
    from gitops_guard.model import beside_agent, ci, delivery

    found = list(ci.runs(job, repository, delivery.WORDS))
    deployed = [(run, what) for run in found if (what := delivery.deployment(run.command)) is not None]
    used = [
        (step, name)
        for step in ci.steps(job, repository)
        if step.uses and (name := delivery.deploying_action(step.uses, step.settings))
    ]
    if not (deployed or used) or delivery.is_on_own_cluster(job, found, repository):
        return
    if beside_agent.is_thrown_away(job, (run for run, _ in deployed), (step for step, _ in used)):
        deployed = [(run, what) for run, what in deployed if beside_agent.is_for_production(run.command.words)]
        used = []
    for step, name in used:
        if not f"{name} ".startswith(allowed):
            message = f"`{name}` deploys to a cluster from CI, in the job `{job.name}`"
            yield step.file, Problem(step.path, message, fix=_FIX, at=step.place("uses"))
    by_step: dict[tuple[object, ...], list[tuple[Run, Deployment]]] = {}
    for run, what in deployed:
        if not f"{what.what} ".startswith(allowed):
            step = run.step
            by_step.setdefault((step.file.path, step.path, step.at, run.script.file.path), []).append((run, what))
    for together in by_step.values():
        yield together[0][0].script.file, _problem(job, together)


def _problem(job: Job, together: list[tuple[Run, Deployment]]) -> Problem:
    """One for all that a step does in one file: the first that changes something stands for the rest."""
    changing = [(run, what) for run, what in together if not what.is_nudge]
    run, what = (changing or together)[0]
    where = f"in the job `{job.name}`"
    if run.is_called:
        name = run.step.name
        step = f"step {name}" if name.startswith("number ") else f"the step `{name}`"
        where = f"called by {step} of the job `{job.name}` in {job.file.path}"
    if what.is_nudge:
        message = f"`{what.what}` hurries the agent from CI, {where}, which needs a login to the cluster"
        return Problem(_field(run), message, fix=_NUDGE_FIX, at=run.location, severity=Severity.INFO)
    more = len(changing) - 1
    rest = f"; so {'does' if more == 1 else 'do'} {more} more of the step" if more else ""
    return Problem(_field(run), f"`{what.what}` changes a cluster from CI, {where}{rest}", fix=_FIX, at=run.location)


def _field(run: Run) -> FieldPath:
    return run.script.path or ()
