"""A credential stands among the values of a Helm chart.

Values are plain text in Git, and Helm keeps a copy of them in the cluster. Change the credential, then let the chart
take it from a Secret (`existingSecret`), or give it by `valuesFrom` or a values file that SOPS encrypts.

Judged are values files, `spec.values` of a Flux HelmRelease, `helm.parameters`, `helm.values` and `helm.valuesObject`
of Argo CD Applications and ApplicationSets, the values of K3s' HelmChart, `helmCharts` of a kustomization, and patches
of all of these. What is a credential, and what is not, is told as by `secret-in-config`: where a value lives decides.
A message names the key and the first 4 hex digits of the value's SHA-256, never a part of the value.

Source: https://helm.sh/docs/chart_best_practices/values/

## Fails

```yaml title="apps/shop/values-production.yaml"
postgresql:
  auth:
    username: shop
    password: x9-Tq2-LmZ  # finding
externalCache:
  url: redis://:x9-Tq2-LmZ@cache.shop.svc:6379  # finding
```

```yaml title="apps/shop/release.yaml"
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: shop
spec:
  interval: 10m
  chartRef:
    kind: OCIRepository
    name: shop
  values:
    adminPassword: changeme  # finding
```

```yaml title="apps/shop/application.yaml"
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop
  namespace: argocd
spec:
  project: default
  source:
    repoURL: https://charts.example.com
    chart: shop
    targetRevision: 1.4.2
    helm:
      parameters:
        - name: auth.password
          value: x9-Tq2-LmZ  # finding
      values: |
        smtp:
          password: x9-Tq2-LmZ  # finding
  destination:
    server: https://kubernetes.default.svc
    namespace: shop
```

## Passes

```yaml title="apps/shop/values.yaml"
postgresql:
  auth:
    username: shop
    password: ""
    existingSecret: shop-database
    secretKeys:
      adminPasswordKey: postgres-password
ingress:
  tls:
    - secretName: shop-tls
session:
  tokenTTL: 3600
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

_FIX: Final = (
    "replace the credential, then give the chart a Secret (`existingSecret`, `valuesFrom`) or encrypted values"
)
_KUSTOMIZATIONS: Final = frozenset({FileKind.KUSTOMIZATION, FileKind.COMPONENT})


def _in_file(file: SourceFile, options: Options) -> Iterator[tuple[int, Problem]]:
    """Values files, the charts of kustomizations, and patches."""
    reader = leaves.reader(options)
    for document in file.documents:
        body = document.body
        pieces: list[secret_pieces.Piece] = []
        if file.kind is FileKind.HELM_VALUES:
            pieces = [secret_pieces.Piece((), body, "")]
        elif file.kind in _KUSTOMIZATIONS and isinstance(body, dict) and "helmCharts" in body:
            pieces = [secret_pieces.Piece(("helmCharts",), body["helmCharts"], "helmCharts")]
        for problem in leaves.problems(reader, pieces, _FIX, partial(file.inside, document.index)):
            yield document.index, problem
    if file.kind is not FileKind.HELM_VALUES:
        from gitops_guard.load import changes

        for change in changes.of_file(file, reader.names.needles):
            yield from change.problems(reader, secret_pieces.values(change.kind, change.body), _FIX)


@resource_rule(
    Severity.ERROR,
    topic=Topic.SECRETS,
    kinds=secret_pieces.WITH_VALUES,
    run_file=_in_file,
    file_kinds=_KUSTOMIZATIONS | {FileKind.HELM_VALUES, FileKind.STRATEGIC_PATCH, FileKind.JSON_PATCH},
    options=leaves.OPTIONS,
    excerpt=False,
    yields_to=leaves.SAID_BETTER,
)
def secret_in_values(resource: Resource, options: Options) -> Iterator[Problem]:
    reader = leaves.reader(options)
    yield from leaves.problems(reader, secret_pieces.values(resource.id.kind, resource.body), _FIX, resource.inside)
    if resource.id.kind == "Kustomization":
        from gitops_guard.load import changes

        for change in changes.of_resource(resource, reader.names.needles):
            for _, problem in change.problems(reader, secret_pieces.values(change.kind, change.body), _FIX):
                yield problem
