"""What delivers the files of `templates.py`: kustomizations, and the resources of Flux. `$name` is replaced."""

from __future__ import annotations

from string import Template
from typing import Final

FLUX_KUSTOMIZATION: Final = Template("""\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: $app
  namespace: flux-system
spec:
  interval: 10m
  path: ./apps/$app/overlays/$environment
  prune: true
  wait: true
  sourceRef: {kind: GitRepository, name: flux-system}
""")

HELM_SOURCE: Final = Template("""\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata:
  name: $app
  namespace: flux-system
spec:
  interval: 12h
  url: https://charts.example.com/$app
""")

HELM_RELEASE: Final = Template("""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: $app
  namespace: $namespace
spec:
  interval: 1h
  chart:
    spec:
      chart: $app
      version: "$replicas.$minute.x"
      sourceRef: {kind: HelmRepository, name: $app, namespace: flux-system}
  install:
    crds: CreateReplace
  values:
    replicaCount: $replicas
    serviceMonitor: {enabled: true}
""")

BASE_KUSTOMIZATION: Final = Template("""\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
$resources
labels:
  - pairs:
      app.kubernetes.io/managed-by: flux
""")

OVERLAY_KUSTOMIZATION: Final = Template("""\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: $namespace
resources:
  - ../../base
$resources
images:
  - name: registry.example.com/$team/$app-web
    newTag: $tag
patches:
  - target: {kind: Deployment, name: $app-web}
    patch: |
      - op: replace
        path: /spec/minReadySeconds
        value: $replicas
""")
