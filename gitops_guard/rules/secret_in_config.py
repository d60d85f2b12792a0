"""A credential stands where no secret belongs: in a ConfigMap, an environment variable, an argument, an annotation.

Everybody who can read the repository can read it, and in the cluster everybody who may read Pods or ConfigMaps: those
rights are given away more freely than that to read Secrets. Change the credential, then refer to a Secret.

Judged is where a value lives, in resources of every kind, in strategic and JSON6902 patches and in patches inside of
kustomizations: fields and keys that are called `password`, `DB_PASSWORD`, `clientSecret`, `apiToken`; `env` entries;
`args` and `command` (`--password=x`, `--password x`, `mysql -px`, `curl -u user:x`); annotations; logins in addresses
(`postgres://user:x@host`); and what a text in a field assigns (YAML, JSON, properties, INI, `.env`, XML, SQL, shell). A
password is one whatever it looks like. A `token`, a `secret` or a `key` has to look like a credential too, as many
fields of that name hold the name of a Secret. Not reported are placeholders (`${VAR}`, `$(VAR)`, `{{ … }}`,
`<path:…#key>`, `vault:…`, `op://…`, `ref+…://…`, `ENC[…]`), references and names (`secretKeyRef`, `existingSecret`,
`passwordFile`), switches, numbers of settings, paths, addresses without a login, certificates, public keys, bcrypt
hashes and the like, comments, and what a program computes. Obvious dummies (`changeme`, `<YOUR_KEY>`) are warnings,
since somebody deploys them. A message names the key and the first 4 hex digits of the value's SHA-256, never a part of
the value.

Secrets themselves are left to `plaintext-secret`, values of charts to `secret-in-values`, templates of ExternalSecrets
and SealedSecrets to `secret-in-template`, generators to `secret-in-generator`.

Source: https://kubernetes.io/docs/concepts/configuration/configmap/

## Fails

```yaml title="apps/shop/settings.yaml"
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  LOG_LEVEL: info
  DB_PASSWORD: correct horse battery staple  # finding
  application.yaml: |
    database:
      url: postgres://db.shop.svc/shop
      password: x9-Tq2-LmZ  # finding
```

```yaml title="apps/shop/deployment.yaml"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      containers:
        - name: shop
          image: ghcr.io/example/shop:1.4.2
          args:
            - --listen=:8080
            - --admin-password=x9-Tq2-LmZ  # finding
          env:
            - name: DATABASE_URL
              value: postgres://shop:x9-Tq2-LmZ@db.shop.svc/shop  # finding
            - name: API_TOKEN
              value: changeme  # finding
```

```yaml title="apps/shop/patches/env.json"
[
  {
    "op": "add",
    "path": "/spec/template/spec/containers/0/env/-",
    "value": {
      "name": "SMTP_PASSWORD",
      "value": "x9-Tq2-LmZ"  # finding
    }
  }
]
```

## Passes

```yaml
apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: shop
      image: ghcr.io/example/shop:1.4.2
      args: [--password-file=/run/secrets/password, "--token=$(API_TOKEN)"]
      env:
        - name: DB_PASSWORD
          valueFrom:
            secretKeyRef: {name: database, key: password}
        - name: TOKEN_TTL
          value: "3600"
        - name: DATABASE_URL
          value: postgres://shop:$(DB_PASSWORD)@db.shop.svc/shop
```
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from gitops_guard.model import leaves, secret_pieces
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import FileKind, Resource, SourceFile
from gitops_guard.model.rule import Options, Topic, resource_rule

_FIX: Final = "replace the credential, then keep it in a Secret that is encrypted or fetched, and refer to that"
_KUSTOMIZATIONS: Final = frozenset({FileKind.KUSTOMIZATION, FileKind.COMPONENT})


def _in_file(file: SourceFile, options: Options) -> Iterator[tuple[int, Problem]]:
    """Patches, and what a kustomization adds itself: annotations, replacements."""
    from gitops_guard.load import changes

    reader = leaves.reader(options)
    for change in changes.of_file(file, reader.names.needles):
        yield from change.problems(reader, secret_pieces.config(change.kind, change.body), _FIX)
    if file.kind in _KUSTOMIZATIONS:
        for document in file.documents:
            if isinstance(document.body, dict):
                pieces = secret_pieces.kustomization(document.body)
                for problem in leaves.problems(reader, pieces, _FIX, partial(file.inside, document.index)):
                    yield document.index, problem


@resource_rule(
    Severity.ERROR,
    topic=Topic.SECRETS,
    run_file=_in_file,
    file_kinds=_KUSTOMIZATIONS | {FileKind.STRATEGIC_PATCH, FileKind.JSON_PATCH},
    options=leaves.OPTIONS,
    excerpt=False,
    yields_to=leaves.SAID_BETTER,
)
def secret_in_config(resource: Resource, options: Options) -> Iterator[Problem]:
    reader = leaves.reader(options)
    kind = resource.id.kind
    yield from leaves.problems(reader, secret_pieces.config(kind, resource.body), _FIX, resource.inside)
    if kind in secret_pieces.WITH_PATCHES:
        from gitops_guard.load import changes

        for change in changes.of_resource(resource, reader.names.needles):
            for _, problem in change.problems(reader, secret_pieces.config(change.kind, change.body), _FIX):
                yield problem
