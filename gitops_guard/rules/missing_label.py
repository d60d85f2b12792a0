"""A resource lacks a label that it has to have.

Labels tell whose a resource is and what it belongs to: dashboards, bills and `kubectl get -l` go by them. `labels`
lists what has to be there, `kinds` says where; with `kinds: []` every resource needs them. A resource is judged as it
is written: labels that a kustomization adds (`labels`, `commonLabels`) are not seen.

The rule is meant to be configured:

    rules:
      missing-label:
        labels: [app.kubernetes.io/name, example.com/team]
        kinds: [Deployment, StatefulSet, Service]

The rule is Rego, `policies/library/missing_label.rego`, which conftest takes unchanged; see `policies/README.md`.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/

## Fails

```yaml
apiVersion: batch/v1
kind: CronJob
metadata:
  name: report  # finding
spec:
  schedule: "0 4 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: report
              image: ghcr.io/example/report:1.4.2
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
```
"""

from __future__ import annotations

from typing import Final

from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Option, Profile, Topic, engine_rule

_NAMES: Final = {"type": "array", "items": {"type": "string", "minLength": 1}}
_OPTIONS: Final = {
    "labels": Option(("app.kubernetes.io/name",), "Labels that must be there.", {**_NAMES, "minItems": 1}),
    "kinds": Option(
        ("CronJob", "DaemonSet", "Deployment", "Job", "StatefulSet"),
        "Kinds that must have them; without any, all kinds.",
        _NAMES,
    ),
}

RULE = engine_rule(__name__, __doc__, Severity.ERROR, profile=Profile.OPT_IN, topic=Topic.POLICIES, options=_OPTIONS)
