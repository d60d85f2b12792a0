"""A container is privileged.

A privileged container has every capability and every device of its node: whoever gets into it is root on the node. Init
containers and ephemeral ones count too. Storage drivers and network plugins need it; if it is about one capability,
`capabilities.add` gives that one.

Judged are Pods, all built-in workloads, and those of Argo Rollouts, Kruise, KEDA, Knative and OpenShift, as they are
written: what a patch of a kustomization changes is not seen.

The rule is Rego, `policies/library/privileged_container.rego`, which conftest takes unchanged; see
`policies/README.md`.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline

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
      initContainers:
        - name: tune
          image: ghcr.io/example/tune:1.0.0
          securityContext:
            privileged: true  # finding
      containers:
        - name: shop
          image: ghcr.io/example/shop:1.4.2
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
          securityContext:
            privileged: false
```
"""

from __future__ import annotations

from gitops_guard.model import workload
from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Profile, Topic, engine_rule

RULE = engine_rule(
    __name__, __doc__, Severity.ERROR, profile=Profile.OPT_IN, topic=Topic.POLICIES, kinds=workload.KINDS
)
