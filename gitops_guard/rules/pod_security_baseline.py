"""A Pod asks for what the level baseline of the Pod Security Standards does not allow.

Baseline stops the known ways out of a container: the namespaces, ports and folders of the node, privileged containers,
added capabilities, no seccomp or AppArmor, and what else Pod Security admission refuses at this level. Judged are Pods
and all that has a Pod template, by the version of the standards that the option says.

The rule is also asked where it is in no profile, of everything that goes to a namespace whose Namespace in the
repository has the label `pod-security.kubernetes.io/enforce: baseline` (and `enforce-version`). The API server refuses
those Pods; a Deployment it takes with a warning, and its Pods never start. Only `pod-security-baseline: off` in the
configuration turns that off. Values that are placeholders are not judged.

The rule is Rego, `policies/pod-security/baseline.rego`.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline

## Fails

```yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
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
          securityContext:
            capabilities:
              add:
                - NET_BIND_SERVICE
                - NET_ADMIN  # finding
      volumes:
        - name: logs
          hostPath:  # finding
            path: /var/log
```

```yaml
apiVersion: v1
kind: Pod
metadata:
  name: tuned
spec:
  securityContext:
    seccompProfile:
      type: Unconfined  # finding
    sysctls:
      - name: kernel.msgmax  # finding
        value: "65536"
  containers:
    - name: tuned
      image: ghcr.io/example/shop:1.4.2
```

## Passes

```yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
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
            capabilities:
              add: [NET_BIND_SERVICE]
      volumes:
        - name: logs
          emptyDir: {}
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
    yields_to=frozenset({"host-ipc", "host-network", "host-path", "host-pid", "privileged-container"}),
)
