"""A Pod shares memory with its node.

With `hostIPC` a Pod reads and writes what the processes of its node share in memory, that of other Pods with `hostIPC`
included. Hardly anything needs it.

Judged are Pods, all built-in workloads, and those of Argo Rollouts, Kruise, KEDA, Knative and OpenShift, as they are
written: what a patch of a kustomization changes is not seen.

The rule is Rego, `policies/library/host_ipc.rego`, which conftest takes unchanged; see `policies/README.md`.

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
      hostIPC: true  # finding
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
      hostIPC: false
      containers:
        - name: shop
          image: ghcr.io/example/shop:1.4.2
```
"""

from __future__ import annotations

from gitops_guard.model import workload
from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Profile, Topic, engine_rule

RULE = engine_rule(
    __name__, __doc__, Severity.ERROR, profile=Profile.OPT_IN, topic=Topic.POLICIES, kinds=workload.KINDS
)
