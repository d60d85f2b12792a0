"""A key stands twice in one mapping; the last one wins, and the API server never sees the first.

YAML forbids it, kubectl accepts it in silence. It is mostly a merge that went wrong: two `env`, two `annotations`,
half of them lost.

Source: https://yaml.org/spec/1.2.2/#mapping

## Fails

```yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  labels:
    app: shop
  labels:  # finding
    tier: web
```

## Passes

```yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  labels:
    app: shop
    tier: web
```
"""

from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Profile, Topic, engine_rule

RULE = engine_rule(__name__, __doc__, Severity.ERROR, topic=Topic.FORM, profile=Profile.MINIMAL)
