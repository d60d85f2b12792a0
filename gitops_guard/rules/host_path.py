"""A volume is a folder of the node.

Who may write to a folder of a node can often take the node over (`/etc`, the socket of the container runtime, the
folders of the kubelet), and who may read can read its secrets. Judged are the volumes of Pods, in all kinds that have
Pods, and PersistentVolumes. Agents for logs and for storage need such folders: list them in `allowed`, where a folder
stands for all below it too. A `/` alone allows every folder.

The rule is Rego, `policies/library/host_path.rego`, which conftest takes unchanged; see `policies/README.md`.

Source: https://kubernetes.io/docs/concepts/storage/volumes/#hostpath,
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline

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
          image: ghcr.io/example/shop:1.4.2
          volumeMounts:
            - {name: logs, mountPath: /logs}
      volumes:
        - name: logs
          hostPath:  # finding
            path: /var/log
```

```yaml
apiVersion: v1
kind: PersistentVolume
metadata:
  name: data
spec:
  accessModes: [ReadWriteOnce]
  capacity: {storage: 1Gi}
  storageClassName: manual
  hostPath:  # finding
    path: /data
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
          volumeMounts:
            - {name: logs, mountPath: /logs}
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
    "allowed": Option(
        (),
        "Folders that may be mounted, with all below them.",
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
    kinds=workload.KINDS | {"PersistentVolume"},
)
