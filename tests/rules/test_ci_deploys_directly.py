# ruff: noqa: E501 - a file of each dialect is one line of a table
"""CI that writes to the cluster: in every dialect, on its line, and not where it only tests."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from gitops_guard.load import tree
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location
from gitops_guard.rules import all_rules

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "ci-deploys-directly"
WORKFLOW = ".github/workflows/ci.yaml"


AGENT = {
    "flux/shop.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: shop}\n",
}


@pytest.fixture(scope="module")
def ask(ask: Ask) -> Ask:
    """Ask about files beside which an agent lies."""
    return lambda rule, files, **options: ask(rule, {**AGENT, **files}, **options)


def workflow(*steps: object, **job: object) -> dict[str, str]:
    """One job of GitHub Actions. A step that is a text is a script."""
    found = [{"run": step} if isinstance(step, str) else step for step in steps]
    return {WORKFLOW: json.dumps({"on": "push", "jobs": {"deploy": {"steps": found, **job}}})}


def places(found: list[tuple[Location, Problem]]) -> list[tuple[str, int]]:
    return [(at.file, at.line) for at, _ in found]


@pytest.mark.parametrize(
    "command",
    [
        "kubectl apply -f x",
        "kubectl -n shop --context prod apply -f x",
        "kubectl --namespace=shop apply -f x",
        "kubectl --kubeconfig ./config apply -f x",
        "kubectl set image deployment/shop shop=shop:2",
        "kubectl patch deployment shop -p '{}'",
        "kubectl delete -f x",
        "kubectl delete deployment shop",
        "kubectl rollout restart deployment/shop",
        "kubectl rollout undo deployment/shop",
        "kubectl create secret generic it",
        "kubectl replace -f x",
        "kubectl scale --replicas=2 deployment/shop",
        "kubectl annotate deployment shop a=b",
        "kubectl apply --dry-run=none -f x",
        "oc apply -f x",
        "oc -n shop rollout latest dc/shop",
        "/usr/local/bin/kubectl apply -f x",
        "sudo k3s kubectl apply -f x",
        "helm upgrade --install shop ./chart",
        "helm --kube-context prod install shop ./chart",
        "helm secrets upgrade shop ./chart",
        "helm uninstall shop",
        "helm rollback shop 1",
        "helmfile -e prod apply",
        "helmfile --environment prod sync",
        "argocd app set shop -p image=2",
        "argocd --grpc-web app delete shop",
        "flux suspend kustomization shop",
        "flux create kustomization shop --path x",
        "skaffold run --tag 2",
        "kapp deploy -a shop -f x",
        "timoni bundle apply -f x",
        "kustomize build x | kubectl apply -f -",
        "cat x | envsubst | kubectl apply -f -",
        "./hack/render.sh --kind Deployment && kubectl apply -f x",
        "make render KIND=Deployment | kubectl apply -f -",
        "K=kubectl; $K apply -f x",
        "for app in a b; do kubectl apply -k $app; done",
    ],
)
def test_commands_that_change_a_cluster_are_found(ask: Ask, command: str) -> None:
    found = ask(ASK, workflow("true", command))

    assert [(problem.path, problem.severity) for _, problem in found] == [(("jobs", "deploy", "steps", 1, "run"), None)]


@pytest.mark.parametrize("command", ["argocd app sync shop", "flux reconcile kustomization shop --with-source"])
def test_what_only_hurries_the_agent_is_an_info(ask: Ask, command: str) -> None:
    assert [problem.severity for _, problem in ask(ASK, workflow(command))] == [Severity.INFO]


@pytest.mark.parametrize(
    "command",
    [
        "kubectl get pods",
        "kubectl -n apply get pods",
        "kubectl diff -f x",
        "kubectl kustomize x",
        "kubectl wait --for=condition=ready pod/x",
        "kubectl rollout status deployment/shop",
        "kubectl apply --dry-run=client -f x",
        "kubectl apply --dry-run=server -f x",
        "kubectl apply --dry-run -f x",
        "kubectl apply --dry-run client -f x",
        "kubectl create secret generic it --dry-run=client -o yaml | kubeseal",
        "kubectl set image --local -f x a=b -o yaml",
        "kubectl apply $DRY_RUN -f x",
        "DRY=--dry-run=client; kubectl apply $DRY -f x",
        "kubectl apply view-last-applied -f x",
        "kubectl delete pod shop-0",
        "kubectl delete pod/shop-0",
        "kubectl create token ci",
        "kubectl create job once --from=cronjob/it",
        "kubectl run it --image=x --rm -i",
        "kubectl config set-context --current",
        "kubectl apply --context kind-test -f x",
        "kubectl --context=k3d-test apply -f x",
        "kubectl $VERB -f x",
        "helm template ./chart",
        "helm lint ./chart",
        "helm upgrade --install shop ./chart --dry-run",
        "helm diff upgrade shop ./chart",
        "helm repo add x https://charts.example",
        "helm push x.tgz oci://registry.example",
        "helmfile diff",
        "skaffold build",
        "argocd app diff shop",
        "argocd app wait shop",
        "argocd app list",
        "flux get all",
        "flux install",
        "flux bootstrap github",
        "flux create source git x --export > x.yaml",
        "flux push artifact oci://registry.example",
        "kapp deploy --diff-run -a shop -f x",
        "kubectl apply --help",
        "kubectl",
        "echo kubectl apply",
        "# kubectl apply -f x",
        "grep -r 'kubectl apply' docs",
        "git commit -m 'kubectl apply'",
        "which kubectl",
    ],
)
def test_what_only_looks_or_tries_is_fine(ask: Ask, command: str) -> None:
    assert ask(ASK, workflow(command)) == []


@pytest.mark.parametrize(
    "first",
    [
        pytest.param("kind create cluster --name test", id="kind"),
        pytest.param("k3d cluster create", id="k3d"),
        pytest.param("sudo minikube start", id="minikube"),
        pytest.param("curl -sfL https://get.k3s.io | sh -", id="k3s"),
        pytest.param("make kind-up", id="a target"),
        pytest.param("sudo microk8s install", id="microk8s"),
        pytest.param("./hack/setup-kind.sh", id="a script that nobody can read"),
        pytest.param("gcloud container clusters create test", id="one in a cloud"),
        pytest.param("eksctl create cluster -f x", id="eksctl"),
        pytest.param({"uses": "helm/kind-action@v1"}, id="kind-action"),
        pytest.param({"uses": "engineerd/setup-kind@v0.5.0"}, id="setup-kind"),
        pytest.param({"uses": "medyagh/setup-minikube@master"}, id="setup-minikube"),
        pytest.param({"uses": "AbsaOSS/k3d-action@v2"}, id="k3d-action"),
        pytest.param({"uses": "./.github/actions/kind"}, id="an action of its own"),
    ],
)
def test_a_job_that_makes_its_own_cluster_may_deploy_to_it(ask: Ask, first: object) -> None:
    assert ask(ASK, workflow(first, "kubectl apply -f x", "helm install shop .")) == []


@pytest.mark.parametrize("first", ["make e2e-setup", "task cluster:up", "./test/integration/setup.sh", "bash e2e.sh"])
def test_what_nobody_can_read_may_make_a_cluster_where_its_name_says_so(ask: Ask, first: str) -> None:
    login = "aws eks update-kubeconfig --name prod"

    assert ask(ASK, workflow(first, "kubectl apply -f x")) == []
    assert ask(ASK, workflow(first, login, "kubectl apply -f x")) != []


@pytest.mark.parametrize("first", ["make build", "task lint", "./hack/render.sh"])
def test_other_targets_and_scripts_make_none(ask: Ask, first: str) -> None:
    assert ask(ASK, workflow(first, "kubectl apply -f x")) != []


def test_a_script_that_was_not_picked_may_make_a_cluster() -> None:
    files = {path: text.encode() for path, text in {**AGENT, **workflow("./up.sh", "kubectl apply -f x")}.items()}

    assert list(all_rules()[ASK].run(tree.from_files(files, complete=False), {"allowed-commands": ()})) == []


def test_the_cluster_of_another_job_does_not_count(ask: Ask) -> None:
    jobs = {
        "test": {"steps": [{"run": "kind create cluster"}, {"run": "kubectl apply -f x"}]},
        "deploy": {"steps": [{"run": "kubectl apply -f x"}]},
    }

    found = ask(ASK, {WORKFLOW: json.dumps({"on": "push", "jobs": jobs})})

    assert [problem.path[1] for _, problem in found] == ["deploy"]


@pytest.mark.parametrize(
    ("step", "is_found"),
    [
        ({"uses": "Azure/k8s-deploy@v5", "with": {"manifests": "x"}}, True),
        ({"uses": "azure/k8s-bake@v3"}, False),
        ({"uses": "azure/setup-helm@v4"}, False),
        ({"uses": "actions-hub/kubectl@master", "with": {"args": "apply -f x"}}, True),
        ({"uses": "actions-hub/kubectl@master", "with": {"args": "get pods"}}, False),
        ({"uses": "clowdhaus/argo-cd-action@main", "with": {"command": "app set", "options": "shop"}}, True),
        ({"uses": "nick-fields/retry@v3", "with": {"command": "kubectl apply -f x"}}, True),
        ({"uses": "azure/cli@v2", "with": {"inlineScript": "kubectl apply -f x"}}, True),
        ({"uses": "appleboy/ssh-action@v1", "with": {"script": "kubectl apply -f x"}}, True),
        ({"uses": "actions/github-script@v7", "with": {"script": "// kubectl\nkubectl apply"}}, False),
    ],
)
def test_actions_are_known_by_name_and_by_what_they_are_given(ask: Ask, step: object, is_found: bool) -> None:
    assert bool(ask(ASK, workflow(step))) is is_found


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        pytest.param(
            WORKFLOW, "on: push\njobs:\n  a:\n    steps:\n    - run: |\n\n        true\n        kubectl apply -f x\n", 8, id="literal"
        ),
        pytest.param(
            WORKFLOW, "on: push\njobs:\n  a:\n    steps:\n    - run: >-\n        true &&\n        kubectl\n        apply\n", 7, id="folded"
        ),
        pytest.param(WORKFLOW, "on: push\njobs:\n  a:\n    steps:\n    - run: kubectl apply -f x\n", 5, id="plain"),
        pytest.param(
            WORKFLOW, "on: push\njobs:\n  a:\n    steps:\n    - run: true &&\n        kubectl apply -f x\n", 6, id="plain, folded"
        ),
        pytest.param(
            WORKFLOW, 'on: push\njobs:\n  a:\n    steps:\n    - run: "true;\n        kubectl apply -f x"\n', 6, id="quoted, folded"
        ),
        pytest.param(WORKFLOW, 'on: push\njobs:\n  a:\n    steps:\n    - run: "true\\nkubectl apply -f x"\n', 5, id="quoted"),
        pytest.param(".gitlab-ci.yml", "deploy:\n  script:\n  - true\n  - kubectl apply -f x\n", 4, id="GitLab"),
        pytest.param("ci/x.gitlab-ci.yml", "deploy:\n  script:\n  - |\n    kubectl apply -f x\n", 4, id="GitLab, included"),
        pytest.param(".gitlab-ci.yml", "default:\n  before_script: [kubectl apply]\na:\n  script: [x]\n", 2, id="GitLab, default"),
        pytest.param(
            ".circleci/config.yml", "jobs:\n  a:\n    steps:\n    - checkout\n    - run: kubectl apply -f x\n", 5, id="CircleCI"
        ),
        pytest.param(
            ".circleci/config.yml",
            "commands:\n  go:\n    steps:\n    - run:\n        command: |\n          kubectl apply\njobs:\n  a:\n    steps: [go]\n",
            6,
            id="CircleCI, a command",
        ),
        pytest.param(
            ".circleci/config.yml",
            "jobs:\n  a:\n    steps:\n    - kubernetes/create-or-update-resource:\n        resource-file-path: x\n",
            4,
            id="CircleCI, an orb",
        ),
        pytest.param("azure-pipelines.yml", "steps:\n- script: kubectl apply -f x\n", 2, id="Azure"),
        pytest.param(
            "azure-pipelines-prod.yml",
            "stages:\n- jobs:\n  - deployment: a\n    strategy:\n      runOnce:\n        deploy:\n          steps:\n"
            "          - task: KubernetesManifest@1\n            inputs: {action: deploy}\n",
            8,
            id="Azure, a task",
        ),
        pytest.param(
            "bitbucket-pipelines.yml",
            "pipelines:\n  branches:\n    main:\n    - step:\n        script:\n        - true\n        - kubectl apply -f x\n",
            7,
            id="Bitbucket",
        ),
        pytest.param(
            "bitbucket-pipelines.yml",
            "pipelines:\n  default:\n  - step:\n      script:\n      - pipe: atlassian/kubectl-run:3.1\n"
            "        variables: {KUBECTL_COMMAND: apply}\n",
            5,
            id="Bitbucket, a pipe",
        ),
        pytest.param(
            ".drone.yml", "kind: pipeline\nsteps:\n- name: a\n  image: x\n  commands:\n  - kubectl apply -f x\n", 6, id="Drone"
        ),
        pytest.param(
            ".woodpecker/a.yaml", "steps:\n  a:\n    image: x\n    commands:\n    - kubectl apply -f x\n", 5, id="Woodpecker"
        ),
        pytest.param(".travis.yml", "deploy:\n- provider: script\n  script: kubectl apply -f x\n", 3, id="Travis"),
        pytest.param(
            "cloudbuild.yaml", "steps:\n- name: gcr.io/cloud-builders/kubectl\n  args: [apply, -f, x]\n", 3, id="Cloud Build"
        ),
        pytest.param(
            "cloudbuild.yaml",
            "steps:\n- name: bash\n  entrypoint: bash\n  args:\n  - -c\n  - >\n    true;\n    kubectl apply -f x;\n",
            8,
            id="Cloud Build, a shell",
        ),
        pytest.param(".buildkite/pipeline.yml", "steps:\n- command: kubectl apply -f x\n", 2, id="Buildkite"),
        pytest.param(
            ".tekton/task.yaml",
            "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: a}\nspec:\n  steps:\n  - image: x\n    script: |\n"
            "      #!/bin/sh\n      kubectl apply -f x\n",
            9,
            id="Tekton",
        ),
        pytest.param(
            "ci/pipeline.yaml",
            "apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: a}\nspec:\n  tasks:\n  - name: a\n    taskSpec:\n"
            "      steps:\n      - image: x\n        command: [kubectl]\n        args: [apply, -f, x]\n",
            11,
            id="Tekton, arguments",
        ),
        pytest.param(
            "ci/pipeline.yaml",
            "apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: a}\nspec:\n  tasks:\n  - name: a\n"
            "    taskRef: {name: kubernetes-actions}\n    params:\n    - name: script\n      value: |\n        kubectl apply -f x\n",
            11,
            id="Tekton, a task of a catalog",
        ),
        pytest.param(
            "Jenkinsfile", "// it's\nnode {\n  stage('Deploy') {\n    sh 'kubectl apply -f x'\n  }\n}\n", 4, id="Jenkins"
        ),
        pytest.param(
            "Jenkinsfile", 'pipeline {\n  steps {\n    sh(script: """\n      true\n      kubectl apply -f x\n    """)\n  }\n}\n', 5,
            id="Jenkins, several lines",
        ),
        pytest.param("ci/Jenkinsfile.prod", "/* sh 'x' */ kubernetesDeploy(configs: 'x')\n", 1, id="Jenkins, a plugin"),
    ],
)  # fmt: skip
def test_every_dialect_is_read_and_the_line_is_that_of_the_command(ask: Ask, path: str, text: str, line: int) -> None:
    assert places(ask(ASK, {path: text})) == [(path, line)]


def test_a_script_of_the_repository_is_followed_and_the_finding_is_in_it(ask: Ask) -> None:
    files = {
        **workflow({"name": "Ship", "run": "./hack/ship.sh prod"}),
        "hack/ship.sh": '#!/bin/sh\nset -e\n. "$(dirname "$0")/lib.sh"\nkubectl apply -f x\n',
        "hack/lib.sh": "helm upgrade shop .\n",
    }

    found = ask(ASK, files)

    assert places(found) == [("hack/lib.sh", 1), ("hack/ship.sh", 4)]
    assert all("`Ship`" in problem.message and WORKFLOW in problem.message for _, problem in found)


@pytest.mark.parametrize(
    "call",
    [
        "bash hack/ship.sh",
        "cd hack && ./ship.sh",
        "source hack/ship.sh",
        "$GITHUB_WORKSPACE/hack/ship.sh",
        "hack/ship.sh",
    ],
)
def test_a_script_is_found_however_it_is_called(ask: Ask, call: str) -> None:
    assert places(ask(ASK, {**workflow(call), "hack/ship.sh": "kubectl apply -f x\n"})) == [("hack/ship.sh", 1)]


def test_a_script_runs_in_the_folder_of_its_step(ask: Ask) -> None:
    step = {"run": "./ship.sh", "working-directory": "hack"}

    assert places(ask(ASK, {**workflow(step), "hack/ship.sh": "kubectl apply\n"})) == [("hack/ship.sh", 1)]


def test_a_script_that_nothing_calls_is_left_alone(ask: Ask) -> None:
    assert ask(ASK, {**workflow("true"), "hack/ship.sh": "kubectl apply -f x\n"}) == []


def test_a_script_that_makes_the_cluster_makes_it_for_the_job(ask: Ask) -> None:
    files = {**workflow("./up.sh", "kubectl apply -f x"), "up.sh": "kind create cluster\n"}

    assert ask(ASK, files) == []


def test_scripts_and_actions_that_call_each_other_end(ask: Ask) -> None:
    action = {"runs": {"using": "composite", "steps": [{"uses": "./act"}, {"run": "./a.sh", "shell": "bash"}]}}
    files = {
        **workflow({"uses": "./act"}),
        "act/action.yml": json.dumps(action),
        "a.sh": "./b.sh\nkubectl apply\n",
        "b.sh": "./a.sh\n",
    }

    assert places(ask(ASK, files)) == [("a.sh", 2)]


def test_an_action_of_the_repository_is_judged_in_the_jobs_that_use_it(ask: Ask) -> None:
    action = {".github/actions/go/action.yml": "runs:\n  steps:\n  - run: kubectl apply -f x\n    shell: bash\n"}
    step = {"uses": "./.github/actions/go"}

    assert places(ask(ASK, {**workflow(step), **action})) == [(".github/actions/go/action.yml", 3)]
    assert ask(ASK, {**workflow("kind create cluster", step), **action}) == []


def test_what_a_job_of_gitlab_extends_belongs_to_it(ask: Ask) -> None:
    text = """\
        .kind:
          before_script: [kind create cluster]
        .apply:
          script: [kubectl apply -f x]
        test:
          extends: [.kind, .apply]
        deploy:
          extends: .apply
          environment: production
        """

    found = ask(ASK, {".gitlab-ci.yml": text})

    assert [(at.line, "`deploy`" in problem.message) for at, problem in found] == [(4, True)]
    assert ask(ASK, {".gitlab-ci.yml": "a:\n  services: [{name: 'rancher/k3s:v1'}]\n  script: [kubectl apply]\n"}) == []


def test_commands_can_be_allowed(ask: Ask) -> None:
    files = workflow("flux reconcile ks shop", "kubectl annotate x a=b", "kubectl apply -f x")

    found = ask(ASK, files, allowed_commands=["flux reconcile", "kubectl  annotate", "kubectl app"])

    assert [problem.path[3] for _, problem in found] == [2]


def test_nothing_of_a_command_but_its_name_is_told(ask: Ask) -> None:
    secret = "hunter" + "2" * 6
    found = ask(ASK, workflow(f"kubectl --token {secret} create secret generic it --from-literal=password={secret}"))

    assert [secret in problem.message for _, problem in found] == [False]
    assert not all_rules()[ASK].excerpt


@pytest.mark.parametrize(
    ("step", "called"),
    [
        pytest.param({"name": "Ship", "run": "./ship.sh"}, "by the step `Ship` of the job `deploy`", id="a name"),
        pytest.param({"run": "./ship.sh"}, "by step number 2 of the job `deploy`", id="none"),
    ],
)
def test_a_step_is_called_by_its_name_or_its_number(ask: Ask, step: dict[str, str], called: str) -> None:
    ((_, problem),) = ask(ASK, {**workflow("echo", step), "ship.sh": "kubectl apply -f x\n"})

    assert called in problem.message
