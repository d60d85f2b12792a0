"""An image comes from a registry that is not listed.

Whoever can push to a registry decides what runs. `registries` lists those that are trusted: hosts, with folders or
without, where a `*` stands for what lies between two slashes (`ghcr.io/example`, `*.dkr.ecr.*.amazonaws.com`). A name
without a host is one of `docker.io`, without a folder of `docker.io/library`. The default, the registry of Kubernetes
itself, is only there to be replaced. References that something else fills in (`${REGISTRY}/shop`) are not judged.

Judged are Pods, all built-in workloads, and those of Argo Rollouts, Kruise, KEDA, Knative and OpenShift, as they are
written: what a patch of a kustomization changes is not seen. The option `registries` of
[unpinned-image-tag](unpinned-image-tag.md) asks the same of kustomizations and Helm values too.

The rule is Rego, `policies/library/foreign_registry.rego`, which conftest takes unchanged; see `policies/README.md`.

Source: https://kubernetes.io/docs/concepts/containers/images/#image-names

## Fails

```yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  labels:
    app.kubernetes.io/name: shop
spec:
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      containers:
        - name: shop
          image: quay.io/example/shop:1.4.2  # finding
        - name: proxy
          image: nginx:1.27.3  # finding
```

## Passes

```yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  labels:
    app.kubernetes.io/name: shop
spec:
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      containers:
        - name: pause
          image: registry.k8s.io/pause:3.10
```
"""

from __future__ import annotations

from typing import Final

from gitops_guard.model import workload
from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Option, Profile, Topic, engine_rule

_OPTIONS: Final = {
    "registries": Option(
        ("registry.k8s.io",),
        "Where images may come from.",
        {"type": "array", "items": {"type": "string", "minLength": 1}},
    ),
}

RULE = engine_rule(
    __name__,
    __doc__,
    Severity.ERROR,
    profile=Profile.OPT_IN,
    topic=Topic.POLICIES,
    options=_OPTIONS,
    kinds=workload.KINDS,
)
