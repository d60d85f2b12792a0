"""No schema is known for a kind, so its fields were not checked.

Nothing is wrong with the resource, but nothing was shown to be right. Put the CustomResourceDefinition into the
repository or name a folder of schemas with `--schema-location`. If group or version is a typing error, the message
says which exist. Where a comment above names a schema for the editor (`# yaml-language-server: $schema=URL`), the help
says how to check against it. The resources of one kind in a file have one finding, at the first.

Source: https://github.com/datreeio/CRDs-catalog is where the bundled schemas of custom resources come from

## Fails

```yaml
apiVersion: shop.example.com/v1
kind: Basket  # finding
metadata:
  name: mine
```

## Passes

```yaml
apiVersion: cert-manager.io/v1
kind: Issuer
metadata:
  name: own
spec:
  selfSigned: {}
```
"""

from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Profile, Topic, engine_rule

RULE = engine_rule(__name__, __doc__, Severity.WARNING, topic=Topic.FORM, profile=Profile.MINIMAL)
