"""A field is unknown, missing, or not of the type that the schema of this kind demands.

The API server refuses a wrong type and, what is worse, drops an unknown field in silence: a misspelt `resources` is a
workload without limits. The message names the field, what stands there, and what would be accepted.

A resource also needs an `apiVersion`, a `kind` and a name, and a kind of Kubernetes' own groups has to be one that the
target version has: a group without a dot (`app/v1`) can be no other.

Kustomizations are checked too, against the fields that kustomize knows.

Values with placeholders (`${VAR}`, `ENC[…]`, `{{ … }}`) are checked for the name and place of their field, not for
their type. Schemas are those of Kubernetes (`--kubernetes-version`), of the CustomResourceDefinitions in the
repository, of the public catalog of CRDs, and of `--schema-location`.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation

## Fails

```yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  replicas: three  # finding
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      containers:
        - name: shop
          image: shop:1.0
          ressources: {}  # finding
```

## Passes

```yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  replicas: 3
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      containers:
        - name: shop
          image: shop:1.0
          resources: {}
```
"""

from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Profile, Topic, engine_rule

RULE = engine_rule(__name__, __doc__, Severity.ERROR, topic=Topic.FORM, profile=Profile.MINIMAL)
