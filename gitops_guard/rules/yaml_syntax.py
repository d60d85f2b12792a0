"""A document cannot be read: it is not the YAML or JSON that kubectl accepts.

Nothing of such a document reaches a cluster, and a reconciler stops at it. The other documents of the file and all
other files are checked all the same.

Source: https://yaml.org/spec/1.2.2/, and k8s.io/apimachinery/pkg/util/yaml for how kubectl reads it

## Fails

```yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
   namespace: shop  # finding
```

## Passes

```yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: shop
```
"""

from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Profile, Topic, engine_rule

RULE = engine_rule(__name__, __doc__, Severity.ERROR, topic=Topic.FORM, profile=Profile.MINIMAL)
