"""An image is `latest`, by its tag or for want of one.

What runs tomorrow is not what was reviewed. This is the rule as many teams have it in Rego, to be copied and changed;
[unpinned-image-tag](unpinned-image-tag.md) is always there, knows more tags that move, and sees kustomizations, patches
and Helm values. Where both find the same, at the same severity, only that one reports. A digest is fine, whatever the
tag beside it. References that something else fills in (`shop:${TAG}`) are not judged. `tags` lists what is not allowed.

Judged are Pods, all built-in workloads, and those of Argo Rollouts, Kruise, KEDA, Knative and OpenShift, as they are
written: what a patch of a kustomization changes is not seen.

The rule is Rego, `policies/library/latest_tag.rego`, which conftest takes unchanged; see `policies/README.md`.

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
          image: ghcr.io/example/shop:latest  # finding
        - name: proxy
          image: registry.example:5000/proxy  # finding
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
        - name: proxy
          image: nginx:latest@sha256:4c0fdaa8b6341bfdeca5f18f7837462c80cff90527ee35ef185571e1c327beac
```
"""

from __future__ import annotations

from typing import Final

from gitops_guard.model import workload
from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Option, Profile, Topic, engine_rule

_OPTIONS: Final = {
    "tags": Option(
        ("latest",), "Tags that are not allowed.", {"type": "array", "items": {"type": "string", "minLength": 1}}
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
    yields_to=frozenset({"unpinned-image-tag"}),
)
