"""The selector of a workload does not match the labels of its own Pods.

The API server refuses such a Deployment, StatefulSet, DaemonSet or ReplicaSet, and a ReplicationController that is not
refused would start Pods without end because it never finds its own.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector

## Fails

```yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  selector:
    matchLabels:
      app: shop
      tier: web  # finding
  template:
    metadata:
      labels:
        app: shop
        tier: backend
    spec:
      containers: [{name: shop, image: "shop:1.0"}]
```

```yaml
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: database
spec:
  serviceName: database
  selector:
    matchExpressions:
      - {key: app, operator: In, values: [database, db]}  # finding
  template:
    metadata:
      labels: {app: postgres}
    spec:
      containers: [{name: database, image: "postgres:17.2"}]
```

```yaml
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: agent
spec:
  selector: {}  # finding
  template:
    metadata:
      labels: {app: agent}
    spec:
      containers: [{name: agent, image: "agent:1.0"}]
```

## Passes

```yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  selector:
    matchLabels: {app: shop}
    matchExpressions:
      - {key: tier, operator: Exists}
      - {key: canary, operator: DoesNotExist}
  template:
    metadata:
      labels: {app: shop, tier: web, version: "2"}
    spec:
      containers: [{name: shop, image: "shop:1.0"}]
---
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: "migrate:1.0"}]
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FieldPath, Resource
from gitops_guard.model.rule import Options, Profile, Topic, resource_rule
from gitops_guard.model.workload import value_at

_SELECTOR: Final = ("spec", "selector")
_KINDS: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController"})


@resource_rule(Severity.ERROR, topic=Topic.INTEGRITY, kinds=_KINDS, profile=Profile.MINIMAL)
def selector_mismatch(resource: Resource, _: Options) -> Iterator[Problem]:
    if "." in resource.id.group:  # a custom kind of the same name; one without a dot is misspelt at most
        return
    spec = resource.body.get("spec")
    if not isinstance(spec, dict):
        return
    selector, template = spec.get("selector"), spec.get("template")
    if not isinstance(selector, dict) or not isinstance(template, dict):
        return  # missing or of a wrong type: the schema says so
    labels = value_at(template, ("metadata", "labels"))
    labels = labels if isinstance(labels, dict) else {}
    if selector.get("matchLabels") == labels and len(selector) == 1 and labels:
        return
    if resource.id.kind == "ReplicationController":
        yield from _match_labels(selector, labels, _SELECTOR)
    elif resource.id.kind != "Job" or value_at(resource.body, ("spec", "manualSelector")) is True:
        yield from _match(selector, labels)


def _match(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> Iterator[Problem]:
    wanted = selector.get("matchLabels")
    expressions = selector.get("matchExpressions")
    if not wanted and not expressions:
        yield Problem(_SELECTOR, "the selector is empty; the API server refuses it")
        return
    if isinstance(wanted, Mapping):
        yield from _match_labels(wanted, labels, (*_SELECTOR, "matchLabels"))
    for number, expression in enumerate(expressions if isinstance(expressions, list) else ()):
        if isinstance(expression, Mapping) and not _holds(expression, labels):
            path = (*_SELECTOR, "matchExpressions", number)
            yield Problem(path, f"`{expression.get('key')} {expression.get('operator')}` {_but(expression, labels)}")


def _match_labels(wanted: Mapping[str, Any], labels: Mapping[str, Any], path: FieldPath) -> Iterator[Problem]:
    for key, value in wanted.items():
        if not _is_open(value) and not _is_open(labels.get(key)) and labels.get(key) != value:
            message = f"the selector wants the label `{key}: {value}`, {_but({'key': key}, labels)}"
            yield Problem((*path, key), message)


def _but(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> str:
    key = str(expression.get("key"))
    if key not in labels:
        return "but the Pod template does not have it"
    return f"but the Pod template has `{key}: {labels[key]}`"


def _is_open(value: object) -> bool:
    """What is not known yet: a placeholder, or a value whose type the schema rejects."""
    return value is not None and (not isinstance(value, str) or is_placeholder(value))


def _holds(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Whether an expression holds; one that the API server would not understand is left to the schema."""
    key, values = expression.get("key"), expression.get("values")
    if not isinstance(key, str) or _is_open(labels.get(key)):
        return True
    values = values if isinstance(values, list) else []
    match expression.get("operator"):
        case "In":
            return any(_is_open(value) for value in values) or labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return True
