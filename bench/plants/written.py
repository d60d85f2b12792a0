"""Credentials that do not stand there plainly: aliases, items of a List, JSON, patches, and what Argo CD takes."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from typing import Any

from bench.plants.ground import Ground, Plant, plants, secret
from gitops_guard.model.resource import FileKind


def _documents(rule: str, form: str, text: Callable[[str], str]) -> None:
    """A document behind the last one of each manifest. *text* makes it of the secret."""

    @plants(rule, form)
    def _(ground: Ground) -> Iterator[Plant | None]:
        for path in dict.fromkeys(resource.location.file for resource in ground.of_kind()):
            yield ground.appended(path, text(secret(rule, form, path)))


def _json(rule: str, form: str, body: Callable[[str], Any]) -> None:
    """A new JSON file in each folder with manifests."""

    @plants(rule, form)
    def _(ground: Ground) -> Iterator[Plant | None]:
        for folder in dict.fromkeys(r.location.file.rpartition("/")[0] for r in ground.of_kind()):
            path = f"{folder}/planted.json".lstrip("/")
            value = secret(rule, form, path)
            lines = json.dumps(body(value), indent=2).split("\n")
            yield ground.added(path, "\n".join(f"{line} «" if value in line else line for line in lines))


def _inline(rule: str, form: str, text: Callable[[str], str]) -> None:
    """A list of patches for each kustomization without one."""

    @plants(rule, form)
    def _(ground: Ground) -> Iterator[Plant | None]:
        for file, body in _kustomizations(ground):
            if "patches" not in body:
                yield ground.appended(file, text(secret(rule, form, file)), document=False)


def _file(rule: str, form: str, entry: str, text: Callable[[str], str]) -> None:
    """A patch in a file of its own."""

    @plants(rule, form)
    def _(ground: Ground) -> Iterator[Plant | None]:
        for file, body in _kustomizations(ground):
            if "patches" not in body:
                named = ground.appended(file, f"patches:\n{entry}", document=False)
                path = f"{file.rpartition('/')[0]}/planted-patch.yaml".lstrip("/")
                added = ground.added(path, text(secret(rule, form, file)) + "\n")
                yield Plant({**named.files, **added.files}, added.expected)


def _kustomizations(ground: Ground) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in ground.files_of_kind(FileKind.KUSTOMIZATION):
        body = file.documents[0].body if len(file.documents) == 1 else None
        if isinstance(body, dict) and body.get("resources"):
            yield file.path, body


def _indented(text: str, indent: int) -> str:
    return "\n".join(" " * indent + line for line in text.split("\n"))


_HEAD = "apiVersion: v1\nkind: {0}\nmetadata:\n  name: planted\n"
_SECRET = _HEAD.format("Secret")
_MAP = _HEAD.format("ConfigMap")
_ENV = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: planted\nspec:\n  template:\n    spec:\n"
    "      containers:\n      - name: app\n        env:\n        - name: DB_PASSWORD\n          value: {0} «"
)
_OPERATION = "- op: add\n  path: {0}\n  value: {1} «"
_TARGET = "- target:\n    kind: {0}\n    name: planted\n"


def _encoded(value: str) -> str:
    return b64encode(value.encode()).decode()


_documents(
    "plaintext-secret",
    "through an alias",
    lambda value: f"{_SECRET}  annotations:\n    example.com/note: &it {value} «\nstringData:\n  password: *it «",
)
_documents(
    "plaintext-secret",
    "key of TLS",
    lambda value: f"{_SECRET}type: kubernetes.io/tls\ndata:\n  tls.crt: ''\n  tls.key: {_encoded(_pem(value))} «",
)
_documents(
    "plaintext-secret",
    "key of SSH",
    lambda value: (
        f"{_SECRET}type: kubernetes.io/ssh-auth\nstringData:\n  ssh-privatekey: | «\n{_indented(_pem(value), 4)}"
    ),
)
_documents(
    "plaintext-secret",
    "token of a service account",
    lambda value: f"{_SECRET}type: kubernetes.io/service-account-token\nstringData:\n  token: {_account(value)} «",
)
_json(
    "plaintext-secret",
    "in a JSON file",
    lambda value: {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "it"}, "stringData": {"password": value}},
)
_inline(
    "plaintext-secret",
    "in an inline patch",
    lambda value: f"patches:\n- patch: | «\n{_indented(f'{_SECRET}stringData:', 4)}\n      password: {value} «",
)
_file(
    "plaintext-secret",
    "in the file of a patch of operations",
    f"{_TARGET.format('Secret')}  path: planted-patch.yaml",
    lambda value: _OPERATION.format("/stringData/password", value),
)
_documents(
    "secret-in-config", "through an alias", lambda value: f"{_MAP}data:\n  one: &it {value} «\n  DB_PASSWORD: *it «"
)
_documents(
    "secret-in-config",
    "in an item of a List",
    lambda value: (
        f"apiVersion: v1\nkind: List\nitems:\n- {_indented(_MAP, 2).strip()}\n  data:\n    API_KEY: {value} «"
    ),
)
_documents(
    "secret-in-config",
    "variables in a ConfigMap",
    lambda value: f"{_MAP}data:\n  .env: |\n    LOG_LEVEL=info\n    export SMTP_PASSWORD='{value}' «\n    PORT=80",
)
_documents(
    "secret-in-config",
    "sections in a ConfigMap",
    lambda value: f"{_MAP}data:\n  app.ini: |\n    [database]\n    host = db\n    password = {value} «\n    [log]",
)
_json(
    "secret-in-config",
    "in a JSON file",
    lambda value: {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "it"}, "data": {"DB_PASSWORD": value}},
)
_inline(
    "secret-in-config",
    "in an inline patch",
    lambda value: f"patches:\n- patch: | «\n{_indented(_ENV.format(value), 4)}",
)
_inline(
    "secret-in-config",
    "in an inline patch of operations",
    lambda value: (
        f"patches:\n{_TARGET.format('ConfigMap')}  patch: | «\n"
        f"{_indented(_OPERATION.format('/data/DB_PASSWORD', value), 4)}"
    ),
)
_file(
    "secret-in-config",
    "in the file of a patch",
    "- path: planted-patch.yaml",
    lambda value: _ENV.format(value),
)
_file(
    "secret-in-config",
    "in the file of a patch of operations",
    f"{_TARGET.format('Deployment')}  path: planted-patch.yaml",
    lambda value: _OPERATION.format(
        "/spec/template/spec/containers/0/env/-", f"\n    name: DB_PASSWORD\n    value: {value}"
    ),
)

_APPLICATION = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: planted
  namespace: argocd
spec:
  project: default
  source:
    repoURL: https://charts.example.com
    chart: redis
    targetRevision: 18.2.0
    helm:
{0}
  destination:
    server: https://kubernetes.default.svc
    namespace: planted"""
_HELM = {
    "Argo CD: parameter": "parameters:\n- name: auth.password\n  value: {0} «",
    "Argo CD: text": "values: |\n  auth:\n    password: {0} «",
    "Argo CD: object": "valuesObject:\n  auth:\n    password: {0} «",
}


def _argo(form: str, helm: str) -> None:
    _documents("secret-in-values", form, lambda value: _APPLICATION.format(_indented(helm.format(value), 6)))


for _form, _text in _HELM.items():
    _argo(_form, _text)
_inline(
    "secret-in-values",
    "in a patch of a HelmRelease",
    lambda value: (
        f"patches:\n- patch: | «\n    apiVersion: helm.toolkit.fluxcd.io/v2\n    kind: HelmRelease\n    metadata:\n"
        f"      name: planted\n    spec:\n      values:\n        adminPassword: {value} «"
    ),
)
_documents(
    "secret-in-template",
    "template of a SealedSecret",
    lambda value: (
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: planted\nspec:\n"
        f"  encryptedData: {{}}\n  template:\n    data:\n      password: {value} «"
    ),
)
_documents(
    "secret-in-template",
    "a new ExternalSecret",
    lambda value: (
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: planted\nspec:\n"
        "  secretStoreRef: {kind: ClusterSecretStore, name: vault}\n  target:\n    template:\n      data:\n"
        f"        SMTP_PASSWORD: {value} «\n  dataFrom: [{{extract: {{key: planted}}}}]"
    ),
)


@plants("secret-in-generator", "a file that a secretGenerator takes as it is")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file, body in _kustomizations(ground):
        if "secretGenerator" not in body:
            folder = file.rpartition("/")[0]
            text = "secretGenerator:\n- name: planted\n  files: «\n  - password.txt «"
            named = ground.appended(file, text, document=False)
            added = ground.added(f"{folder}/password.txt".lstrip("/"), f"{secret('file', file)} «\n")
            yield Plant({**named.files, **added.files}, named.expected | added.expected)


def _pem(value: str) -> str:
    body = [secret("pem", number, value, size=64) for number in range(6)]
    return "\n".join(("-----BEGIN RSA PRIVATE " + "KEY-----", *body, "-----END RSA PRIVATE " + "KEY-----"))


def _account(value: str) -> str:
    claims = {"iss": "kubernetes/" + "serviceaccount", "sub": "system:serviceaccount:shop:ci", "name": value}
    parts = (urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "RS256"}, claims))
    return ".".join((*parts, secret("signature", value, size=86)))


_documents(
    "cluster-credentials", "token of a service account", lambda value: f"{_MAP}data:\n  note: {_account(value)} «"
)
_json(
    "cluster-credentials",
    "kubeconfig in JSON",
    lambda value: {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [],
        "users": [{"name": "admin", "user": {"token": value}}],
    },
)
