"""Logins to clusters: in files, and in the hands of CI."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from hashlib import sha256

import pytest

from gitops_guard.load import names, tree
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location
from gitops_guard.rules import all_rules

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "cluster-credentials"
WORKFLOW = ".github/workflows/ci.yaml"
VALUE = "hunter" + "2" * 10


AGENT = {
    "flux/shop.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: shop}\n",
}


@pytest.fixture(scope="module")
def ask(ask: Ask) -> Ask:
    """Ask about files beside which an agent lies."""
    return lambda rule, files, **options: ask(rule, {**AGENT, **files}, **options)


def encoded(data: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def token(issuer: str) -> str:
    return ".".join((encoded({"alg": "RS256", "kid": "a" * 30}), encoded({"iss": issuer, "sub": "x" * 20}), "s" * 86))


ACCOUNT_TOKEN = token("kubernetes/" + "serviceaccount")


def kubeconfig(**user: object) -> str:
    body = {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [{"name": "it", "user": user}]}
    return json.dumps(body, indent=1)


def workflow(*steps: object, **job: object) -> dict[str, str]:
    found = [{"run": step} if isinstance(step, str) else step for step in steps]
    return {WORKFLOW: json.dumps({"on": "push", "jobs": {"it": {"steps": found, **job}}})}


@pytest.mark.parametrize(
    ("user", "path"),
    [
        ({"token": VALUE}, ("token",)),
        ({"password": VALUE, "username": "admin"}, ("password",)),
        ({"client-key-data": VALUE, "client-certificate-data": "x"}, ("client-key-data",)),
        ({"auth-provider": {"config": {"refresh-token": VALUE}}}, ("auth-provider", "config", "refresh-token")),
    ],
)
@pytest.mark.parametrize("file", ["clusters/prod.yaml", "kubeconfig", "clusters/prod.kubeconfig", ".kube/config"])
def test_a_kubeconfig_with_a_secret_is_an_error_where_it_stands(
    ask: Ask, file: str, user: dict[str, object], path: tuple[str, ...]
) -> None:
    found = ask(ASK, {file: kubeconfig(**user)})

    assert [(at.file, problem.path, problem.severity) for at, problem in found] == [
        (file, ("users", 0, "user", *path), None)
    ]
    assert VALUE not in found[0][1].message
    assert sha256(VALUE.encode()).hexdigest()[:4] in found[0][1].message


def test_the_line_is_that_of_the_value(ask: Ask) -> None:
    text = "kind: Config\nusers:\n- name: a\n  user:\n    username: a\n    password: b0bby\n"

    assert [at.line for at, _ in ask(ASK, {"kubeconfig": text, "clusters/a.yaml": "apiVersion: v1\n" + text})] == [7, 6]


def config_map(text: str, kind: str = "ConfigMap") -> str:
    indented = "".join(f"    {line}\n" for line in text.splitlines())
    return f"apiVersion: v1\nkind: {kind}\nmetadata:\n  name: it\ndata:\n  plain: users\n  file: |\n{indented}"


EMBEDDED = f"kind: Config\nusers:\n- name: a\n  user:\n    username: b\n    client-key-data: {VALUE}\n"


@pytest.mark.parametrize(
    ("text", "line"), [(EMBEDDED, 13), (kubeconfig(token=VALUE), 16), (f"a: 1\n---\n{EMBEDDED}", 15)]
)
def test_a_kubeconfig_in_a_text_is_found_at_its_line(ask: Ask, text: str, line: int) -> None:
    found = ask(ASK, {"a.yaml": config_map(text)})

    assert [(at.line, problem.path) for at, problem in found] == [(line, ("data", "file"))]
    assert VALUE not in found[0][1].message


def test_a_kubeconfig_in_one_quoted_line_is_found(ask: Ask) -> None:
    body = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "it"}, "data": {"a": EMBEDDED}}

    assert [at.line for at, _ in ask(ASK, {"a.json": json.dumps(body)})] == [1]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(config_map(EMBEDDED, kind="Secret"), id="that of a Secret"),
        pytest.param(config_map(EMBEDDED.replace("Config\n", "ConfigMap\n")), id="of another kind"),
        pytest.param(config_map(EMBEDDED.replace(VALUE, "${KEY}")), id="a placeholder"),
        pytest.param(config_map("kind: Config\nusers: [\n"), id="no YAML"),
        pytest.param(config_map("kind: Config\nusers: 1\n"), id="no users"),
        pytest.param(config_map("kind: Config\n\x07users:\n"), id="letters that YAML does not have"),
    ],
)
def test_other_texts_are_fine(ask: Ask, text: str) -> None:
    assert ask(ASK, {"a.yaml": text}) == []


def test_a_text_that_many_aliases_name_is_found_once(ask: Ask) -> None:
    text = config_map(EMBEDDED).replace("\ndata:", "\ndata: &it")

    assert len(ask(ASK, {"a.yaml": f"{text}more: *it\nothers: [*it, *it]\n"})) == 1


@pytest.mark.parametrize(
    "user",
    [
        {"exec": {"command": "kubelogin"}},
        {"tokenFile": "/var/run/token"},
        {"client-certificate-data": "x", "client-key": "key.pem"},
        {"token": "${TOKEN}"},
        {"token": ""},
        {"token": None},
        {"token": "REDACTED"},
        {"client-key-data": "DATA+OMITTED"},
        {"client-key-data": "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]"},
        {"auth-provider": {"config": 1}},
    ],
)
def test_a_kubeconfig_without_a_secret_is_fine(ask: Ask, user: dict[str, object]) -> None:
    assert ask(ASK, {"a.yaml": kubeconfig(**user)}) == []


def test_a_dummy_is_a_warning(ask: Ask) -> None:
    assert [p.severity for _, p in ask(ASK, {"a.yaml": kubeconfig(token="changeme")})] == [Severity.WARNING]


def test_the_token_of_a_service_account_is_found_in_any_file(ask: Ask) -> None:
    files = {"a.yaml": f"a: 1\nb: x {ACCOUNT_TOKEN}\n", "deploy.sh": f"curl -H 'Bearer {ACCOUNT_TOKEN}'\n"}

    found = ask(ASK, files)

    assert [(at.file, at.line, at.column) for at, _ in found] == [("a.yaml", 2, 6), ("deploy.sh", 1, 17)]
    assert not any(ACCOUNT_TOKEN[at : at + 8] in p.message for _, p in found for at in range(len(ACCOUNT_TOKEN) - 8))


def test_other_tokens_and_those_of_secrets_are_left_to_other_rules(ask: Ask) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"token": ACCOUNT_TOKEN}}

    assert ask(ASK, {"a.yaml": json.dumps(secret), "b.yaml": f"a: {token('https://login.example')}\n"}) == []


@pytest.mark.parametrize(
    "step",
    [
        "aws eks update-kubeconfig --name prod --region eu-west-1",
        "aws --region eu-west-1 eks update-kubeconfig --name prod",
        "gcloud container clusters get-credentials prod --zone x",
        "gcloud beta container clusters get-credentials prod",
        "az aks get-credentials -g a -n b",
        "doctl kubernetes cluster kubeconfig save prod",
        "oc login --token=$TOKEN https://api.example",
        "argocd login argocd.example --username admin --password $PASSWORD",
        "kubectl config set-credentials ci --token=$TOKEN",
        "echo $KUBE | base64 -d > ~/.kube/config",
        'echo "$KUBE" > "$KUBECONFIG"',
        "echo ${{ secrets.KUBE_CONFIG }} | base64 -d > k",
        "echo ${{ secrets.PROD_KUBECONFIG_DATA }} > k",
        {"uses": "azure/k8s-set-context@v4"},
        {"uses": "google-github-actions/get-gke-credentials@v2"},
        {"uses": "redhat-actions/oc-login@v1"},
        {"uses": "azure/k8s-set-context@v3", "with": {"kubeconfig": "${{ secrets.KUBE_CONFIG }}"}},
        {"run": "true", "env": {"KUBECONFIG": "${{ secrets.CLUSTER }}"}},
        {"uses": "a/b@v1", "with": {"kubeconfig": "${{ secrets.CLUSTER }}"}},
        {"run": "true", "env": {"T": "${{ secrets.ARGOCD_AUTH_TOKEN }}"}},
    ],
)
@pytest.mark.parametrize(
    ("more", "severity"), [("kubectl apply -f x", Severity.WARNING), ("kubectl get pods", Severity.INFO)]
)
def test_steps_that_log_in_are_a_warning_where_the_job_deploys(
    ask: Ask, step: object, more: str, severity: Severity
) -> None:
    assert [problem.severity for _, problem in ask(ASK, workflow(step, more))] == [severity]


@pytest.mark.parametrize(
    "step",
    [
        "aws eks list-clusters",
        "aws s3 cp x y",
        "gcloud auth configure-docker",
        "az login",
        "doctl registry login",
        "docker login",
        "helm registry login",
        "kubectl config set-context --current --namespace=x",
        "kind get kubeconfig > k",
        "echo $X > config",
        {"uses": "docker/login-action@v3", "with": {"password": "${{ secrets.TOKEN }}"}},
        {"run": "true", "env": {"KUBECONFIG": "/tmp/kubeconfig"}},
        {"run": "true", "env": {"GITHUB_TOKEN": "${{ secrets.GITHUB_TOKEN }}"}},
    ],
)
def test_logins_to_other_things_are_fine(ask: Ask, step: object) -> None:
    assert ask(ASK, workflow(step)) == []


def test_variables_of_a_job_and_of_a_workflow_are_found_where_they_stand(ask: Ask) -> None:
    text = """\
        on: push
        env:
          KUBE_CONFIG_A: ${{ secrets.KUBE_CONFIG_A }}
        jobs:
          it:
            env:
              B: ${{ secrets.KUBE_CONFIG_B }}
            steps:
              - run: "true"
          other:
            steps:
              - run: "true"
        """

    assert [at.line for at, _ in ask(ASK, {WORKFLOW: text})] == [3, 7]


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        (".gitlab-ci.yml", "a:\n  script:\n  - echo $K > ~/.kube/config\n", 3),
        ("Jenkinsfile", "node {\n  withKubeConfig([credentialsId: 'x']) {\n  }\n}\n", 2),
        ("azure-pipelines.yml", "steps:\n- task: Bash@3\n  inputs:\n    kubernetesServiceConnection: prod\n", 4),
        (".circleci/config.yml", "jobs:\n  a:\n    steps:\n    - kubernetes/install-kubeconfig\n", 4),
    ],
)
def test_other_dialects_are_read(ask: Ask, path: str, text: str, line: int) -> None:
    assert [at.line for at, _ in ask(ASK, {path: text})] == [line]


def test_a_job_with_its_own_cluster_may_log_in_to_it(ask: Ask) -> None:
    assert ask(ASK, workflow("kind create cluster", "kind get kubeconfig > ~/.kube/config")) == []


@pytest.mark.parametrize(
    ("path", "is_named_so"),
    [("kubeconfig", True), ("a/prod.kubeconfig", True), ("x/.kube/config", True), ("config", False), ("k.md", False)],
)
def test_kubeconfigs_without_an_ending_are_known_by_name(path: str, is_named_so: bool) -> None:
    assert names.may_be_kubeconfig(path) is is_named_so


@pytest.mark.parametrize("value", [None, 1, "x", [], [None, 1], {}, {"user": 1}, {"user": {"token": {"a": 1}}}])
def test_values_of_any_type_are_read(ask: Ask, value: object) -> None:
    bodies = [{"kind": "Config", "users": value}, {"kind": "Config", "users": [value]}, {"kind": value, "users": []}]

    assert ask(ASK, {f"{number}.yaml": json.dumps(body) for number, body in enumerate(bodies)}) == []


def test_no_line_is_shown() -> None:
    assert not all_rules()[ASK].excerpt


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("eyJhbGciOi" * 50_000, id="beginnings of tokens"),
        pytest.param("eyJhbGciOi" + "a" * 300_000, id="a long header"),
        pytest.param("eyJhbGciOiaaaaa.eyJ" * 30_000, id="headers and payloads"),
        pytest.param(f"{ACCOUNT_TOKEN}\n" * 2_000, id="many tokens"),
        pytest.param("users kind" + "\\" * 300_000, id="beginnings of a kubeconfig"),
        pytest.param("users" + "kind: Confi" * 30_000, id="many beginnings"),
    ],
)
def test_hostile_files_are_read_in_linear_time(text: str) -> None:
    repository = tree.from_files(
        {"a.sh": text.encode(), WORKFLOW: json.dumps({"jobs": {"a": {"steps": [{"run": text}]}}}).encode()}
    )
    started = time.process_time()

    list(all_rules()[ASK].run(repository, {}))

    assert time.process_time() - started < 6


@pytest.mark.parametrize("text", ["secrets." + "KUBE" * 80_000, "secrets.KUBE_" * 30_000, "secrets['" * 50_000])
def test_hostile_names_of_secrets_are_read_in_linear_time(ask: Ask, text: str) -> None:
    started = time.process_time()

    ask(ASK, workflow(text, env={"A": text}))

    assert time.process_time() - started < 6
