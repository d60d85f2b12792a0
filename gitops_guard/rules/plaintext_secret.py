"""A Secret holds a value that everybody who can read the repository can read.

Base64 is no encryption, and a value stays in the history of the repository when the file is changed. Change the secret
itself, then keep only an encrypted form or a reference in Git: SOPS, Sealed Secrets, an ExternalSecret.

Judged are `data` (decoded) and `stringData` of Secrets of every type, also in strategic and JSON6902 patches, in
patches inside of kustomizations, and what `kubectl apply` left in an annotation. A JSON6902 patch in a file of its own
does not say what it changes: `/stringData` is that of a Secret, and so is `/data` where its values are base64. Not
reported are encrypted values, placeholders (`${VAR}`, `{{ … }}`, `<path:…#key>`, `vault:…`, `op://…`, `ref+…://…`),
empty values, public keys and certificates, and what a Secret holds beside its secret: user names, hosts, paths,
switches, configuration files without credentials.

Obvious dummies (`changeme`, `<YOUR_KEY>`) are warnings, since somebody deploys them, and so are logins that a product
comes with (a password that is the name of its user). Dummies are left alone in a file that the kustomization of its
folder does not list, and in a Secret that `replacements` write into. A message names the key and the first 4 hex digits
of the value's SHA-256, never a part of the value.

Source: https://kubernetes.io/docs/concepts/security/secrets-good-practices/

## Fails

```yaml
apiVersion: v1
kind: Secret
metadata:
  name: database
stringData:
  username: shop
  password: correct horse battery staple  # finding
---
apiVersion: v1
kind: Secret
metadata:
  name: encoded
data:
  token: dGhpcyBpcyBvbmx5IGVuY29kZWQ=  # finding
---
apiVersion: v1
kind: Secret
metadata:
  name: dummy
stringData:
  api-key: changeme  # finding
```

```yaml title="overlays/production/patches/secret.yaml"
apiVersion: v1
kind: Secret
metadata:
  name: shop
stringData:
  password: x9-Tq2-LmZ  # finding
```

```yaml title="overlays/production/kustomization.yaml"
resources: [../../base]
patches:
  - target: {kind: Secret, name: shop}
    patch: |
      - op: replace
        path: /stringData/password
        value: x9-Tq2-LmZ  # finding
```

```yaml title="base/kustomization.yaml"
resources: []
```

## Passes

```yaml
apiVersion: v1
kind: Secret
metadata:
  name: replaced-on-the-way
stringData:
  password: ${DATABASE_PASSWORD}
  token: op://infrastructure/registry/token
  empty: ""
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: database
spec:
  secretStoreRef: {name: vault, kind: ClusterSecretStore}
  data:
    - secretKey: password
      remoteRef: {key: shop/database, property: password}
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from gitops_guard.model import secret_pieces
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FileKind, Resource, SourceFile
from gitops_guard.model.rule import Options, Profile, Topic, resource_rule
from gitops_guard.model.workload import value_at

if TYPE_CHECKING:
    from gitops_guard.load.changes import Change
    from gitops_guard.model.sensitive import Verdict

_FIX: Final = "replace the secret, then keep it encrypted (SOPS, Sealed Secrets) or refer to it (ExternalSecret)"
_ARGO_VAULT: Final = "avp.kubernetes.io/path"


def _in_patch(file: SourceFile, _: Options) -> Iterator[tuple[int, Problem]]:
    from gitops_guard.load import changes

    for change in changes.of_file(file):
        yield from ((change.number, problem) for problem in _of_change(change))


@resource_rule(
    Severity.ERROR,
    topic=Topic.SECRETS,
    kinds=secret_pieces.WITH_PATCHES | {"Secret"},
    run_file=_in_patch,
    file_kinds={FileKind.STRATEGIC_PATCH, FileKind.JSON_PATCH, FileKind.KUSTOMIZATION, FileKind.COMPONENT},
    profile=Profile.MINIMAL,
    excerpt=False,
)
def plaintext_secret(resource: Resource, _: Options) -> Iterator[Problem]:
    if resource.id.kind == "Secret":
        found = (*_of_body(resource.body), *_last_applied(resource.body))
        yield from (problem for problem in found if not resource.provisional or problem.severity is None)
        return
    from gitops_guard.load import changes

    for change in changes.of_resource(resource):
        yield from _of_change(change)


def _of_change(change: Change) -> Iterator[Problem]:
    if change.kind == "Secret":
        for problem in _of_body(change.body):
            yield replace(problem, path=change.path(problem.path), at=change.locate(problem.path))


def _last_applied(body: Mapping[str, Any]) -> Iterator[Problem]:
    """What `kubectl apply` left in an annotation: the Secret as it was, also where its data is encrypted by now."""
    field = ("metadata", "annotations", secret_pieces.LAST_APPLIED)
    text = value_at(body, field)
    if not isinstance(text, str) or not text.lstrip().startswith("{"):
        return
    import json

    try:
        applied = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(applied, dict):
        for problem in _of_body(applied):
            yield replace(problem, path=field, message=f"`{secret_pieces.LAST_APPLIED}`: {problem.message}")


def _of_body(body: Mapping[str, Any]) -> Iterator[Problem]:
    if "." in str(body.get("apiVersion", "")).partition("/")[0]:
        return  # a group without a dot is misspelt, and no reason to leave a secret where it is
    for field in ("data", "stringData"):
        values = body.get(field)
        if isinstance(values, Mapping):
            for key, value in values.items():
                problem = _judge(body, field, key, value)
                if problem is not None:
                    yield problem


def _judge(body: Mapping[str, Any], field: str, key: str, value: Any) -> Problem | None:
    if value is None or value == "":
        return None
    written = value if isinstance(value, str) else str(value)
    if is_placeholder(written) or _is_vault_field(body, written):
        return None
    from gitops_guard.model import sensitive

    raw = _decoded(written) if field == "data" else written.encode("utf-8", "surrogatepass")
    verdict = sensitive.Verdict.SECRET if isinstance(value, list | dict) else _verdict(key, raw)
    if verdict is sensitive.Verdict.PUBLIC:
        return None
    digest = sensitive.fingerprint(raw)
    if verdict is sensitive.Verdict.SECRET and _is_default(body, field, key, raw):
        verdict = sensitive.Verdict.DUMMY
    if verdict is sensitive.Verdict.DUMMY:
        message = f"`{field}.{key}` holds a dummy in plain text (SHA-256 {digest}…); somebody will deploy it"
        return Problem((field, key), message, fix=_FIX, severity=Severity.WARNING)
    what = "a private key" if sensitive.is_private_key(raw.decode("utf-8", "replace")) else "a secret"
    return Problem((field, key), f"`{field}.{key}` holds {what} in plain text (SHA-256 {digest}…)", fix=_FIX)


def _is_default(body: Mapping[str, Any], field: str, key: str, raw: bytes) -> bool:
    """Whether a word is the login that a product comes with: its own name, or that of the user beside it."""
    if len(raw) > 20 or not raw.isalpha():
        return False
    product = str(body.get("type")).rpartition("/")[2]
    beside = (value for name, value in body[field].items() if name != key and isinstance(value, str))
    words = {value.encode(errors="replace") if field == "stringData" else _decoded(value) for value in beside}
    return raw.lower() in {product.lower().encode(), *(word.lower() for word in words)}


def _is_vault_field(body: Mapping[str, Any], value: str) -> bool:
    """With a path in the annotation, argocd-vault-plugin takes `<name>` for a field of it."""
    annotations = value_at(body, ("metadata", "annotations"))
    is_named = isinstance(annotations, Mapping) and _ARGO_VAULT in annotations
    return is_named and value.startswith("<") and value.endswith(">")


def _decoded(value: str) -> bytes:
    """The bytes of a base64 text; the text itself where it is none, since it then stands there in clear."""
    from base64 import b64decode

    try:
        return b64decode("".join(value.split()), validate=True)
    except ValueError:
        return value.encode("utf-8", "surrogatepass")


def _verdict(key: str, raw: bytes) -> Verdict:
    from gitops_guard.model import sensitive

    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return sensitive.Verdict.SECRET
    if key in (".dockerconfigjson", ".dockercfg"):
        return _judge_registries(key, text)
    return sensitive.judge(key, text)


def _judge_registries(key: str, text: str) -> Verdict:
    """Registry logins: empty `auths` are what people commit so that a patch can fill them."""
    import json

    from gitops_guard.model import sensitive

    try:
        config = json.loads(text)
    except (ValueError, RecursionError):
        return sensitive.judge(key, text)
    entries = config.get("auths", config) if isinstance(config, dict) else {}
    if not isinstance(entries, dict):
        return sensitive.Verdict.SECRET
    logins = [
        str(entry[field])
        for entry in entries.values()
        if isinstance(entry, dict)
        for field in ("auth", "password", "identitytoken", "registrytoken")
        if entry.get(field)
    ]
    verdicts = {sensitive.judge("password", login) for login in logins}
    for verdict in (sensitive.Verdict.SECRET, sensitive.Verdict.DUMMY):
        if verdict in verdicts:
            return verdict
    return sensitive.Verdict.PUBLIC
