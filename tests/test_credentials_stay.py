"""No piece of a credential leaves the process that stands outside of a Secret, and each of them is found."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from textwrap import dedent

import pytest

from tests.program import gitops_guard, repository

# Drawn by hand; every 6 characters of each are unlike any other text.
CANARIES = [
    "wJ4qXz-81tRbKe", "Hn6vPd-37sYgLa", "Cu2mTf-95kWxQo", "Zb8hVr-64jNpEi", "Ek5yDs-13cMwUa", "Rg7tQn-42zLbHo",
    "Pv3xJk-78dFsYe", "Mw9cBz-56hTqRu", "Ta1kGj-29vXnCi", "Xd6pWs-83mZyVo", "Ly4fNb-71rKgDe", "Qo8zHc-35wJtPa",
    "Vs2nLx-94bUkFi", "Bj7rYm-18qGvSo", "Fk3dTw-67xCzNe", "Ni5gRp-52yHbMu", "Gx9sKv-26tLqWa", "Uc1jZf-89nPdXo",
    "Dy6wQb-43kVrTe", "Jt4mHg-75zScLi", "Sf8vCn-31pBxYu", "Kz2qMd-98wRjGo", "Wb7yFt-14hNkZa", "Ae3xPl-62vTsQi",
    "Or5kJw-87cDmBe", "Yh9nVg-29zXfKu", "Iq1bSr-54tLyCo", "Em6dWz-76jHpNa", "Tu4vKx-38gQbFi", "Zc8sMy-91rJwLe",
]  # fmt: skip


# Each canary in a form of its own: `%0` is the first of them.
TEXTS = {
    "shop/config.yaml": """\
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: config
          annotations:
            example.com/api-token: "%0"
        data:
          DB_PASSWORD: &it "%1"
          again_password: *it
          app.yaml: |
            db:
              password: %2 \n\
            url: redis://:%3@cache \n\
          app.ini: "[db]\\npassword = %4\\n"
          redis.conf: |
            requirepass %5 \n\
          run.sh: |
            mysql -u root -p%6 shop \n\
            curl -u admin:%7 http://it \n\
          app.json: '{"clientSecret": "%8"}'
          folded: >
            password=%9
        """,
    "shop/pod.json": """\
        {"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod",
         "metadata": {"name": "pod"}, "spec": {"containers": [{"name": "it", "image": "nginx:latest",
          "args": ["--password=%10", "--token", "%11"],
          "command": ["sh", "-c", "PGPASSWORD=%12 psql"],
          "env": [{"name": "TOKEN", "value": "%13"}, {"name": "URL", "value": "postgres://a:%14@db"}]}]}}]}
        """,
    "shop/custom.yaml": """\
        apiVersion: example.com/v1
        kind: Database
        metadata: {name: it}
        spec: {auth: {rootPassword: "%15"}, users: [{secretKey: "%16"}]}
        """,
    "shop/release.yaml": """\
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: it}
        spec:
          values:
            adminPassword: "%17"
        """,
    "shop/application.yaml": """\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: it}
        spec:
          source:
            helm:
              parameters: [{name: auth.password, value: "%18"}]
              values: |
                password: %19 \n\
        """,
    "shop/values.yaml": 'auth: {password: "%20"}\n',
    "shop/external.yaml": """\
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: {name: it}
        spec:
          target:
            template:
              data: {password: "%21", config: "host={{ .host }} password=%22"}
        """,
    "shop/sealed.yaml": """\
        apiVersion: bitnami.com/v1alpha1
        kind: SealedSecret
        metadata: {name: it}
        spec: {template: {data: {password: "%23"}}}
        """,
    "kustomized/kustomization.yaml": """\
        secretGenerator:
          - name: a
            literals: ["password=%24"]
            envs: [a.env]
            files: [secret.txt]
        configMapGenerator:
          - name: b
            literals: ["API_PASSWORD=%25"]
        patches:
          - target: {kind: Secret}
            patch: |
              - op: add
                path: /stringData/x
                value: %26
        """,
    "kustomized/a.env": "# an env file\nPASSWORD=%27\n",
    "kustomized/secret.txt": "%28",
    "kustomized/patch.json": '[{"op": "add", "path": "/data/password", "value": "%29"}]',
}


def files() -> dict[str, str]:
    return {path: _planted(dedent(text)) for path, text in TEXTS.items()}


def _planted(text: str) -> str:
    for number in reversed(range(len(CANARIES))):
        text = text.replace(f"%{number}", CANARIES[number])
    return text


def pieces(text: str) -> set[str]:
    """Every 6 characters, as they are and as base64 shows them."""
    shown = [text, *(b64encode(f"{'x' * shift}{text}".encode()).decode()[4:-4] for shift in range(3))]
    return {whole[at : at + 6] for whole in shown for at in range(len(whole) - 5)}


FORBIDDEN = {piece for canary in CANARIES for piece in pieces(canary)}


def test_every_canary_is_planted() -> None:
    planted = "".join(files().values())

    assert [canary for canary in CANARIES if canary not in planted] == []


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github", "markdown", "rdjson"])
def test_no_piece_of_a_credential_is_in_any_output_or_cache(tmp_path: Path, form: str) -> None:
    root = repository(tmp_path / "repository", files())
    home = tmp_path / "home"

    run = gitops_guard("check", "--format", form, "--coverage", cwd=root, env={"XDG_CACHE_HOME": str(home)})

    cached = "".join(path.read_bytes().decode("latin-1") for path in home.rglob("*") if path.is_file())
    assert run.code == 1
    assert {piece for piece in FORBIDDEN if piece in run.out + run.err + cached} == set()


def test_every_credential_is_found(tmp_path: Path) -> None:
    root = repository(tmp_path, files())

    run = gitops_guard("check", "--format", "json", "--no-cache", "--no-lint", cwd=root)

    hashes = [sha256(canary.encode()).hexdigest()[:4] for canary in CANARIES]
    assert [CANARIES[at][:2] for at, digest in enumerate(hashes) if f"SHA-256 {digest}" not in run.out] == []
