"""A Pod uses the network of its node.

With `hostNetwork` a Pod sees the traffic of its node, reaches what listens on `localhost` there, and NetworkPolicies do
not hold for it. Network plugins and some ingress controllers need it; an application hardly ever does.

Judged are Pods, all built-in workloads, and those of Argo Rollouts, Kruise, KEDA, Knative and OpenShift, as they are
written: what a patch of a kustomization changes is not seen.

The rule is Rego, `policies/library/host_network.rego`, which conftest takes unchanged; see `policies/README.md`.

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
      hostNetwork: true  # finding
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
      hostNetwork: false
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
