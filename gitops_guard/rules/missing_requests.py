"""A container does not request cpu or memory.

Requests are what the scheduler goes by. Without one, a node is given more than it has, and the Pod is among the first
to be evicted; an autoscaler that goes by utilisation does nothing at all. Init containers count too; ephemeral ones
cannot have requests. What is set for the Pod as a whole (`spec.resources`) holds for its containers, and a limit is the
request too where there is none. A LimitRange of the cluster is not seen.

Judged are Pods, all built-in workloads, and those of Argo Rollouts, Kruise, KEDA, Knative and OpenShift, as they are
written: what a patch of a kustomization changes is not seen.

The rule is Rego, `policies/library/missing_requests.rego`, which conftest takes unchanged; see `policies/README.md`.

Source: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/

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
        - name: shop  # finding
          image: ghcr.io/example/shop:1.4.2
        - name: proxy
          image: ghcr.io/example/proxy:1.0.0
          resources:
            requests:  # finding
              memory: 64Mi
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
        - name: shop
          image: ghcr.io/example/shop:1.4.2
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
        - name: proxy
          image: ghcr.io/example/proxy:1.0.0
          resources:
            requests:
              cpu: 10m
            limits:
              memory: 64Mi
```
"""

from __future__ import annotations

from typing import Final

from gitops_guard.model import workload
from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Option, Profile, Topic, engine_rule

_OPTIONS: Final = {
    "resources": Option(
        ("cpu", "memory"),
        "What needs a request.",
        {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
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
