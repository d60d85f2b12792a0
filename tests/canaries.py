"""Sixty secrets and more, each in a file of its own, in every form that the rules about secrets name.

All are drawn when a test runs: no scanner of this repository is alarmed, and no 6 characters of one stand elsewhere.
"""

# ruff: noqa: E501 - one row for each form; a row in several lines hides what differs

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from random import Random
from string import ascii_letters, digits
from textwrap import indent

from tests.tokens import age, pem, token

CIPHER = "ENC[AES256_GCM,data:3KdcgU7jmmYx,iv:b2s=,tag:b2s=,type:str]"
SOPS = f"sops:\n  mac: {CIPHER}\n  encrypted_regex: ^(data|stringData)$\n"
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n"
POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n  containers:\n    - name: c\n      image: a:1.2.3\n"
)
CUSTOM = "apiVersion: example.com/v1\nkind: Database\nmetadata:\n  name: {name}\n"
RELEASE = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: {name}\nspec:\n  interval: 1h\n"
ARGO = (
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {name}\nspec:\n  project: default\n"
    "  destination: {server: x}\n  source:\n    repoURL: https://example.com/a\n    chart: a\n    targetRevision: 1.2.3\n"
)
EXTERNAL = (
    "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {name}\nspec:\n"
    "  secretStoreRef: {name: a, kind: SecretStore}\n  target:\n    template:\n      data:\n"
)
SEALED = (
    "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: {name}\nspec:\n"
    "  encryptedData: {a: AgBy3i4OJSWK}\n  template:\n    data:\n"
)


@dataclass(frozen=True, slots=True)
class Canary:
    """*secret* is in the file *path*, beside what else *files* holds; *rules* is empty where none has to find it."""

    path: str
    secret: str
    files: dict[str, str]
    rules: frozenset[str]


def drawn(name: str, size: int = 18) -> str:
    """Letters and digits in turn, so that it looks like a password and no number or word begins in it."""
    random = Random(f"canary {name}")
    return "".join(random.choice(digits if at % 5 == 3 else ascii_letters) for at in range(size))


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def _canary(rules: str, path: str, text: str, secret: str = "", **files: str) -> Canary:
    """`@` in *text* is the secret, `#64` is it in base64, `(at)` an at sign, `{name}` the name of the resource."""
    secret = secret or drawn(path)
    name = path.rpartition("/")[2].partition(".")[0]
    written = text.replace("{name}", name)
    written = written.replace("#64", encoded(secret)).replace("@", secret).replace("(at)", "@")
    others = {at.replace("__", "/").replace("_yaml", ".yaml"): other for at, other in files.items()}
    return Canary(path, secret, {path: written, **others}, frozenset(rules.split()))


def all_canaries() -> list[Canary]:
    return [
        *_of_secrets(), *_of_config(), *_of_values(), *_of_generators(), *_of_templates(), *_of_sops(), *_of_keys(),
        *_of_tokens(), *_of_broken(),
    ]  # fmt: skip


def _of_secrets() -> list[Canary]:
    rule = "plaintext-secret"
    auth = json.dumps({"auths": {"ghcr.io": {"username": "u", "password": "@"}}})
    docker = json.dumps({"auths": {"ghcr.io": {"auth": "#64"}}})
    listed = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"password": "@"}}
    return [
        _canary(rule, "s/string.yaml", SECRET + "stringData:\n  password: @   \n"),
        _canary(rule, "s/data.yaml", SECRET + "data:\n  password: #64\n"),
        _canary(rule, "s/docker.yaml", f"{SECRET}type: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: '{auth}'\n"),
        _canary(rule, "s/dockerauth.yaml", f"{SECRET}type: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: '{docker}'\n"),
        _canary(rule, "s/basic.yaml", SECRET + "type: kubernetes.io/basic-auth\nstringData:\n  username: u\n  password: '@'\n"),
        _canary(rule, "s/tls.yaml", SECRET + "type: kubernetes.io/tls\nstringData:\n  tls.key: |\n" + indent(pem("EC", 11, 2), "    "), pem("EC", 11, 2).splitlines()[1]),
        _canary(rule, "s/ssh.yaml", SECRET + "type: kubernetes.io/ssh-auth\nstringData:\n  ssh-privatekey: |\n" + indent(pem("OPENSSH", 12, 2), "    "), pem("OPENSSH", 12, 2).splitlines()[1]),
        _canary(rule, "s/bootstrap.yaml", SECRET + "type: bootstrap.kubernetes.io/token\nstringData:\n  token-id: abcdef\n  token-secret: @\n"),
        _canary(rule, "s/account.yaml", SECRET + "type: kubernetes.io/service-account-token\nstringData:\n  token: @\n"),
        _canary(rule, "s/flow.yaml", "{apiVersion: v1, kind: Secret, metadata: {name: flow}, x: 1, stringData: {password: @}}\n"),
        _canary(rule, "s/block.yaml", SECRET + "stringData:\n  config: |\n    password=@\n    user=x\n"),
        _canary(rule, "s/folded.yaml", SECRET + "stringData:\n  password: >-\n    correct horse\n    @\n"),
        _canary(rule, "s/alias.yaml", SECRET + "  labels: &it\n    x: y\nstringData:\n  one: &pw @\n  two: *pw\n"),
        _canary(rule, "s/merge.yaml", "x: &it {password: @}\n" + SECRET + "stringData:\n  <<: *it\n"),
        _canary(rule, "s/duplicate.yaml", SECRET + "stringData:\n  password: @\n  password: @\n"),
        _canary(rule, "s/list.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": [listed]})),
        _canary(rule, "s/patches/secret-patch.yaml", SECRET + "stringData:\n  password: @\n"),
    ]  # fmt: skip


def _of_config() -> list[Canary]:
    rule = "secret-in-config"
    env = POD + "      env:\n        - name: {key}\n          value: {value}\n"
    patch = '- op: add\n  path: /spec/template/spec/containers/0/env/-\n  value: {name: DB_PASSWORD, value: "@"}\n'
    inline = "resources: [a.yaml]\npatches:\n  - patch: |\n" + indent(
        CONFIG.replace("{name}", "a") + "data:\n  db-password: @\n", "      "
    )
    app = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "json"},
        "data": {"app.json": '{"password": "@"}'},
    }
    return [
        _canary(rule, "c/key.yaml", CONFIG + "data:\n  DB_PASSWORD: @\n"),
        _canary(rule, "c/yaml.yaml", CONFIG + "data:\n  app.yaml: |\n    db:\n      password: @\n"),
        _canary(rule, "c/json.json", json.dumps(app)),
        _canary(rule, "c/properties.yaml", CONFIG + "data:\n  app.properties: |\n    db.password=@\n    db.user=x\n"),
        _canary(rule, "c/ini.yaml", CONFIG + "data:\n  app.ini: |\n    [db]\n    password = @\n"),
        _canary(rule, "c/dotenv.yaml", CONFIG + "data:\n  .env: |\n    DB_PASSWORD=@\n"),
        _canary(rule, "c/env.yaml", env.replace("{key}", "DB_PASSWORD").replace("{value}", "@")),
        _canary(rule, "c/url.yaml", env.replace("{key}", "DATABASE_URL").replace("{value}", "postgres://shop:@(at)db/shop")),
        _canary(rule, "c/args.yaml", POD + "      args:\n        - --password=@\n"),
        _canary(rule, "c/flag.yaml", POD + "      args:\n        - --password\n        - @\n"),
        _canary(rule, "c/command.yaml", POD + '      command: ["sh", "-c", "mysql --password=@ shop"]\n'),
        _canary(rule, "c/annotation.yaml", POD.replace("spec:", "  annotations:\n    example.com/password: @\nspec:", 1)),
        _canary(rule, "c/custom.yaml", CUSTOM + "spec:\n  admin:\n    password: @\n"),
        _canary(rule, "c/alias.yaml", CUSTOM + "spec:\n  note: &pw @\n  password: *pw\n"),
        _canary(rule, "c/list.yaml", "apiVersion: v1\nkind: List\nitems:\n" + indent(CONFIG + "data:\n  DB_PASSWORD: @\n", "    ").replace("    ", "  - ", 1)),
        _canary(rule, "c/patches/json-patch.yaml", patch),
        _canary(rule, "c/patches/env-patch.yaml", env.replace("{key}", "DB_PASSWORD").replace("{value}", "@")),
        _canary(rule, "c/inline/kustomization.yaml", inline, c__inline__a_yaml=CONFIG.replace("{name}", "a")),
    ]  # fmt: skip


def _of_values() -> list[Canary]:
    rule = "secret-in-values"
    return [
        _canary(rule, "v/values.yaml", "db:\n  auth:\n    password: @\n"),
        _canary(rule, "v/values-production.yaml", "users:\n  - name: a\n    password: @\n"),
        _canary(rule, "v/url-values.yaml", "cache:\n  url: redis://:@(at)cache:6379\n"),
        _canary(rule, "v/release.yaml", RELEASE + "  values:\n    adminPassword: @\n"),
        _canary(rule, "v/parameters.yaml", ARGO + "    helm:\n      parameters:\n        - name: db.password\n          value: @\n"),
        _canary(rule, "v/text.yaml", ARGO + "    helm:\n      values: |\n        db:\n          password: @\n"),
        _canary(rule, "v/object.yaml", ARGO + "    helm:\n      valuesObject:\n        db:\n          password: @\n"),
    ]  # fmt: skip


def _of_generators() -> list[Canary]:
    rule = "secret-in-generator"
    name = "kustomization.yaml"
    files = {
        "g__env__kustomization_yaml": "secretGenerator:\n  - name: a\n    envs: [db.env]\n",
        "g__file__kustomization_yaml": "secretGenerator:\n  - name: a\n    files: [password=pw.txt]\n",
    }
    return [
        _canary(rule, f"g/secret/{name}", "secretGenerator:\n  - name: a\n    literals: [password=@]\n"),
        _canary(rule, f"g/config/{name}", "configMapGenerator:\n  - name: a\n    literals: [DB_PASSWORD=@]\n"),
        _canary(rule, "g/env/db.env", "DB_PASSWORD=@\n", "", g__env__kustomization_yaml=files["g__env__kustomization_yaml"]),
        _canary(rule, "g/file/pw.txt", "@\n", "", g__file__kustomization_yaml=files["g__file__kustomization_yaml"]),
    ]  # fmt: skip


def _of_templates() -> list[Canary]:
    rule = "secret-in-template"
    return [
        _canary(rule, "t/external.yaml", EXTERNAL + "        password: @\n"),
        _canary(rule, "t/config.yaml", EXTERNAL + "        app.yaml: |\n          password: @\n"),
        _canary(rule, "t/sealed.yaml", SEALED + "      password: @\n"),
    ]


def _of_sops() -> list[Canary]:
    rule = "sops-incomplete"
    rules = "creation_rules:\n  - path_regex: hidden/.*\n"
    other = SECRET.replace("{name}", "b") + f"stringData:\n  password: {CIPHER}\n{SOPS}---\n"
    return [
        _canary(rule, "o/leaf.yaml", SECRET + f"stringData:\n  done: {CIPHER}\n  password: @\n{SOPS}"),
        _canary(rule, "o/document.yaml", other + SECRET + "stringData:\n  password: @\n"),
        _canary(rule, "o/number.yaml", SECRET + f"stringData:\n  pin: @\n{SOPS}", "83027461935517"),
        _canary(rule, "o/name.sops.yaml", "db:\n  password: @\n"),
        _canary(rule, "o/hidden/rule.yaml", SECRET + "stringData:\n  password: @\n", "", **{"o/.sops.yaml": rules}),
    ]


def _of_keys() -> list[Canary]:
    rule = "private-key"
    job = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n"
    keys = [pem(seed=20 + number, lines=1) for number in range(5)]
    bodies = [key.splitlines()[1] for key in keys]
    return [
        _canary(rule, "k/config.yaml", CONFIG + "data:\n  it: |\n" + indent(keys[0], "    "), bodies[0]),
        _canary(rule, ".github/workflows/key.yaml", job + indent("cat > k <<X\n" + keys[1], "          "), bodies[1]),
        _canary(rule, "k/values.yaml", f"it: {encoded(keys[2])}\n", bodies[2]),
        _canary(rule, "k/key.sh", f"#!/bin/sh\nprintf '{keys[3]}'\n", bodies[3]),
        _canary(rule, "k/text.json", json.dumps({"apiVersion": "v1", "kind": "x", "it": keys[4]}), bodies[4]),
        _canary(rule, "k/age.yaml", f"a: 1\n# {age(30)}\n", age(30)[16:]),
    ]


def _of_tokens() -> list[Canary]:
    rule = "known-token"
    job = "deploy:\n  script:\n    - curl -H 'PRIVATE-TOKEN: @' https://gitlab.example.com\n"
    names = (
        "gitlab-pat",
        "github-pat",
        "npm-access-token",
        "aws-access-token",
        "sendgrid-api-token",
        "stripe-access-token",
    )
    return [
        _canary(rule, ".gitlab-ci.yml", job, token(names[0], 2)),
        _canary(rule, "n/comment.yaml", CONFIG + "# was: @\n", token(names[1], 2)),
        _canary(rule, "n/run.sh", "#!/bin/sh\nexport A=@\n", token(names[2], 2)),
        _canary(rule, "n/other.json", '{"op": 1, "list": ["x\\n@"]}\n', token(names[3], 2)),
        _canary(rule, "n/url.yaml", CUSTOM + "spec:\n  at: https://x/?a=b&c=@\n", token(names[4], 2)),
        _canary(rule, "n/.pre-commit-config.yaml", "repos:\n  - repo: https://x:@(at)example.com\n", token(names[5], 2)),
    ]  # fmt: skip


def _of_broken() -> list[Canary]:
    """What no rule about secrets can judge, and other rules find fault with: they may not show it either."""
    job = POD + "      env:\n        - name: DB_PASSWORD\n          value: [@]\n"
    return [
        _canary("", "b/broken.yaml", SECRET + 'stringData:\n  entry: "@\n more: x\n'),
        _canary(
            "", "b/flow.yaml", "{apiVersion: v1, kind: Secret, metadata: {name: flow}, stringData: {password: @}\n"
        ),
        _canary(
            "",
            "b/list.json",
            '{"apiVersion": "v1", "kind": "List", "items": [{"kind": "Secret", "stringData": {"password": "@"}]}\n',
        ),
        _canary(
            "",
            "b/text.json",
            '{"apiVersion": "v1", "kind": "ConfigMap", "data": {"app.json": "{\\"password\\": \\"@\\"}"}',
        ),
        _canary("", "b/type.yaml", SECRET + "stringData:\n  entry: [@]\nunknown: @\n"),
        _canary("", "b/number.yaml", SECRET + "data:\n  pin: @\n", "830274619355"),
        _canary("", "b/env.yaml", job),
        _canary("", "b/comment.yaml", SECRET + "# gitops-guard: allow plaintext-secret @\ndata: []\n"),
        _canary("", "b/folded.yaml", CONFIG + "data:\n  password: |\n    correct horse @ \n"),
        _canary("", "b/nested.yaml", CONFIG + "data:\n  app.yaml: |\n    admin-password:\n\n    -\n      @ \n"),
        _canary("", "b/below.yaml", POD + "      env:\n        - name: PIN\n          value: >-\n            @ \n"),
        _canary("", "b/argument.yaml", POD + "      args:\n        - --password\n        - @ \n"),
    ]
