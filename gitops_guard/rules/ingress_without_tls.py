"""An Ingress has no TLS, or not for all of its hosts.

Without TLS, everything between a visitor and the cluster can be read and changed on its way. An entry of `tls` without
hosts holds for all of them; `*.example.com` holds for one label in front. Some controllers are told of their
certificates by an annotation, and `annotations` lists these. A load balancer that brings TLS without saying so here is
not seen.

The rule is Rego, `policies/library/ingress_without_tls.rego`, which conftest takes unchanged; see `policies/README.md`.

Source: https://kubernetes.io/docs/concepts/services-networking/ingress/#tls

## Fails

```yaml
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
spec:
  rules:  # finding
    - host: shop.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: shop, port: {number: 80}}}
```

```yaml
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
spec:
  tls:
    - hosts: [shop.example.com]
      secretName: shop-tls
  rules:
    - host: shop.example.com
      http: &shop
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: shop, port: {number: 80}}}
    - host: shop.example.org  # finding
      http: *shop
```

## Passes

```yaml
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
spec:
  tls:
    - hosts: ["*.example.com"]
      secretName: shop-tls
  rules:
    - host: shop.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: shop, port: {number: 80}}}
---
apiVersion: v1
kind: Service
metadata:
  name: shop
spec:
  selector: {app: shop}
  ports:
    - port: 80
---
apiVersion: v1
kind: Secret
metadata:
  name: shop-tls
type: kubernetes.io/tls
```
"""

from __future__ import annotations

from typing import Final

from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Option, Profile, Topic, engine_rule

_OPTIONS: Final = {
    "annotations": Option(
        (
            "alb.ingress.kubernetes.io/certificate-arn",
            "ingress.gcp.kubernetes.io/pre-shared-cert",
            "networking.gke.io/managed-certificates",
            "route.openshift.io/termination",
        ),
        "Annotations with which a controller gets its certificates.",
        {"type": "array", "items": {"type": "string", "minLength": 1}},
    ),
}

RULE = engine_rule(
    __name__,
    __doc__,
    Severity.ERROR,
    profile=Profile.OPT_IN,
    topic=Topic.POLICIES,
    options=_OPTIONS,
    kinds=frozenset({"Ingress"}),
)
