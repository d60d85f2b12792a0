"""A waiver allows nothing that is found: what it was for is mended, or it stands in the wrong place.

It would hide the next mistake of the same rule. Asked only where the whole repository was checked and the rule ran.

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
      # gitops-guard: allow unpinned-image-tag -- the registry has no tags  # finding
      image: shop:1.4.2
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

RULE = engine_rule(__name__, __doc__, Severity.WARNING, topic=Topic.WAIVERS, profile=Profile.MINIMAL)
