"""A waiver cannot be understood, so it allows nothing.

It has no reason, names a rule that does not exist, or has a date that is none. The form is
`# gitops-guard: allow RULE -- reason [until YYYY-MM-DD]`.

Source: docs/waivers.md

## Fails

```yaml
apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: shop
      # gitops-guard: allow unpinned-image-tag  # finding
      image: shop:latest
```

## Passes

```yaml
apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: shop
      # gitops-guard: allow unpinned-image-tag -- the registry has no tags
      image: shop:latest
```
"""

from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Profile, Topic, engine_rule

RULE = engine_rule(__name__, __doc__, Severity.ERROR, topic=Topic.WAIVERS, profile=Profile.MINIMAL)
