"""The template of a Secret, which an operator fills in, holds a credential itself.

An ExternalSecret or a SealedSecret looks like the safe way; what its template says in clear is as readable as any other
line in Git. Change the credential, then fetch or seal it like the others.

Judged are `target.template.data` and the literals of `templateFrom` of ExternalSecrets and ClusterExternalSecrets,
`template.data` of SealedSecrets and PushSecrets, `secretTemplates` of SopsSecrets, the templates of Vault's
operator, and patches of all of these. `{{ .password }}` is what a template is for; of the text around it, and of
literals, those are reported that are called a password, a token, a key, or look drawn. User names, hosts and settings
beside them are fine. A message names the key and the first 4 hex digits of the value's SHA-256, never a part of the
value.

Source: https://external-secrets.io/latest/guides/templating/

## Fails

```yaml
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: shop
spec:
  secretStoreRef: {name: vault, kind: ClusterSecretStore}
  target:
    template:
      data:
        username: shop
        password: x9-Tq2-LmZ  # finding
        config.yaml: |
          host: "{{ .host }}"
          token: 5e9326eeac8d40bf9060e91dbe9d9000  # finding
  data:
    - secretKey: host
      remoteRef: {key: shop/database, property: host}
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: shop
spec:
  encryptedData:
    user: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq
  template:
    data:
      url: postgres://shop:x9-Tq2-LmZ@db.shop.svc/shop  # finding
```

## Passes

```yaml
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: shop
spec:
  secretStoreRef: {name: vault, kind: ClusterSecretStore}
  target:
    template:
      data:
        type: git
        url: https://git.example.com/shop
        password: "{{ .password }}"
        dsn: postgres://shop:{{ .password }}@db.shop.svc/shop
  data:
    - secretKey: password
      remoteRef: {key: shop/database, property: password}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gitops_guard.model import leaves, secret_pieces
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import FileKind, Resource, SourceFile
from gitops_guard.model.rule import Options, Topic, resource_rule

_FIX: Final = "replace the credential, then fetch or seal it like the others"


def _in_file(file: SourceFile, options: Options) -> Iterator[tuple[int, Problem]]:
    from gitops_guard.load import changes

    reader = leaves.reader(options)
    for change in changes.of_file(file, reader.names.needles):
        pieces = list(secret_pieces.templates(change.kind, change.body))
        yield from change.problems(reader, pieces, _FIX, drawn=True)


@resource_rule(
    Severity.ERROR,
    topic=Topic.SECRETS,
    kinds=secret_pieces.WITH_TEMPLATES | secret_pieces.WITH_PATCHES,
    run_file=_in_file,
    file_kinds={FileKind.STRATEGIC_PATCH, FileKind.JSON_PATCH, FileKind.KUSTOMIZATION, FileKind.COMPONENT},
    options=leaves.OPTIONS,
    excerpt=False,
    yields_to=leaves.SAID_BETTER,
)
def secret_in_template(resource: Resource, options: Options) -> Iterator[Problem]:
    reader = leaves.reader(options)
    pieces = secret_pieces.templates(resource.id.kind, resource.body)
    yield from leaves.problems(reader, pieces, _FIX, resource.inside, drawn=True)
    if resource.id.kind in secret_pieces.WITH_PATCHES:
        from gitops_guard.load import changes

        for change in changes.of_resource(resource, reader.names.needles):
            for _, problem in change.problems(
                reader, secret_pieces.templates(change.kind, change.body), _FIX, drawn=True
            ):
                yield problem
