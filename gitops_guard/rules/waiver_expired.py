"""A waiver is past its date: it no longer allows anything.

What it allowed is reported again. Mend that, or agree on a new date.

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
      # gitops-guard: allow unpinned-image-tag -- until the registry has tags until 2020-01-31  # finding
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
      # gitops-guard: allow unpinned-image-tag -- until the registry has tags until 2099-01-31
      image: shop:latest
```
"""

from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Profile, Topic, engine_rule

RULE = engine_rule(__name__, __doc__, Severity.WARNING, topic=Topic.WAIVERS, profile=Profile.MINIMAL)
