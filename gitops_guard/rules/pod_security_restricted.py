"""A Pod asks for what the level restricted of the Pod Security Standards does not allow, or lacks what it asks for.

Restricted is the current best practice for Pods: no root, no privilege escalation, all capabilities dropped, a seccomp
profile, no volumes but those that bring data. It holds all of baseline, too; what `pod-security-baseline` or a rule of
the library says of a field is not said twice. Judged are Pods and all that has a Pod template, by the version of the
standards that the option says. A field that is missing is named at the nearest line above it.

The rule is also asked where it is in no profile, of everything that goes to a namespace whose Namespace in the
repository has the label `pod-security.kubernetes.io/enforce: restricted` (and `enforce-version`). The API server
refuses those Pods; a Deployment it takes with a warning, and its Pods never start. Only `pod-security-restricted: off`
in the configuration turns that off. Values that are placeholders are not judged.

The rule is Rego, `policies/pod-security/restricted.rego`.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted

## Fails

```yaml title="namespace.yaml"
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/enforce-version: v1.34
```

```yaml title="shop.yaml"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  namespace: shop
spec:
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      securityContext:
        runAsNonRoot: false  # finding
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: shop
          image: ghcr.io/example/shop:1.4.2
          securityContext:
            allowPrivilegeEscalation: true  # finding
            capabilities:
              drop: [NET_RAW]  # finding
```

## Passes

```yaml title="namespace.yaml"
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    pod-security.kubernetes.io/enforce: restricted
```

```yaml title="shop.yaml"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  namespace: shop
spec:
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      securityContext:
        runAsNonRoot: true
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: shop
          image: ghcr.io/example/shop:1.4.2
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop: [ALL]
```
"""

from __future__ import annotations

from typing import Final

from gitops_guard.model import workload
from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Option, Profile, Topic, engine_rule

_OPTIONS: Final = {
    "version": Option(
        "latest",
        "The version of the standards, `1.34`; `latest` is that of the Kubernetes that is checked for.",
        {"type": "string", "pattern": r"^(?:latest|v?1\.[0-9]{1,4})$"},
    ),
    "kubernetes-version": Option(
        "1.37",
        "The version that the clusters run; the engine sets it from `--kubernetes-version` or the configuration.",
        {"type": "string", "pattern": r"^\d+\.\d+(\.\d+)?$"},
    ),
}

RULE = engine_rule(
    __name__,
    __doc__,
    Severity.ERROR,
    profile=Profile.STRICT,
    topic=Topic.POLICIES,
    kinds=workload.KINDS,
    options=_OPTIONS,
    yields_to=frozenset(
        {"host-ipc", "host-network", "host-path", "host-pid", "pod-security-baseline", "privileged-container"}
    ),
)
