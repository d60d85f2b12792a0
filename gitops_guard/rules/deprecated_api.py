"""A resource uses an API version that the target Kubernetes version has removed, or is about to.

A removed version is an error: the API server answers "no matches for kind", and a reconciler stops at it. A deprecated
one is a warning: it works until the upgrade that removes it. The target version is `--kubernetes-version`, or what the
configuration says.

Source: https://kubernetes.io/docs/reference/using-api/deprecation-guide/

## Fails

```yaml
apiVersion: policy/v1beta1  # finding
kind: PodDisruptionBudget
metadata:
  name: shop
spec:
  minAvailable: 1
  selector:
    matchLabels: {app: shop}
```

## Passes

```yaml
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: shop
spec:
  minAvailable: 1
  selector:
    matchLabels: {app: shop}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gitops_guard.load.deprecations import Deprecation, deprecation, is_deprecated, is_removed
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Resource
from gitops_guard.model.rule import Option, Options, Profile, Topic, resource_rule

_OPTIONS: Final = {
    "kubernetes-version": Option(
        "1.37",
        "The version that the clusters run; the engine sets it from `--kubernetes-version` or the configuration.",
        {"type": "string", "pattern": r"^\d+\.\d+(\.\d+)?$"},
    )
}


@resource_rule(Severity.ERROR, topic=Topic.FORM, options=_OPTIONS, profile=Profile.MINIMAL)
def deprecated_api(resource: Resource, options: Options) -> Iterator[Problem]:
    known = deprecation(resource.api_version, resource.id.kind)
    if known is None:
        return
    version = options["kubernetes-version"]
    what = f"`{resource.api_version} {resource.id.kind}`"
    if is_removed(known, version):
        yield Problem(("apiVersion",), f"{what} was removed in Kubernetes {known.removed_in}{_instead(known)}")
    elif is_deprecated(known, version):
        until = f" and is removed in {known.removed_in}" if known.removed_in else ""
        message = f"{what} is deprecated since Kubernetes {known.deprecated_in}{until}{_instead(known)}"
        yield Problem(("apiVersion",), message, severity=Severity.WARNING)


def _instead(known: Deprecation) -> str:
    return f"; use `{known.replacement}`" if known.replacement else "; nothing takes its place"
