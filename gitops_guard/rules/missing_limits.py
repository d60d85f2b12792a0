"""A container has no limit for cpu or memory.

Without a limit for memory, one leak takes the node with it, and the kernel ends whatever it finds first. Whether a
limit for cpu does more good than harm is disputed: with `resources: [memory]` none is asked for. Init containers count
too; ephemeral ones cannot have limits. What is set for the Pod as a whole (`spec.resources`) holds for its containers.
A LimitRange of the cluster is not seen.

Judged are Pods, all built-in workloads, and those of Argo Rollouts, Kruise, KEDA, Knative and OpenShift, as they are
written: what a patch of a kustomization changes is not seen.

The rule is Rego, `policies/library/missing_limits.rego`, which conftest takes unchanged; see `policies/README.md`.

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
            limits:  # finding
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
            limits:
              cpu: "1"
              memory: 128Mi
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
        "What needs a limit.",
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
