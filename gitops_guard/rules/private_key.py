"""A file holds a private key.

Whoever can read the repository can then sign, decrypt or log in as the owner of the key; an age key opens every file
that SOPS encrypted for it. It stays in the history when the file is changed: make a new key, then keep an encrypted
form or a reference in Git.

Judged is every file that is checked, wherever the key stands: manifests, values, patches, workflows, scripts, texts
that generators read, comments. Found are keys in PEM (PKCS #1, PKCS #8, EC, DSA), of OpenSSH, PGP, PuTTY and age, in
one line or in many, as they are or in base64. A key with a passphrase is a warning, and so is one that is cut short
(three dots between its first and its last line) in a field that somebody will deploy. Not reported are public keys and
certificates, placeholders between the two lines, a mere mention of the first line, and the `data` and `stringData` of
Secrets, which `plaintext-secret` judges. A message names the key where there is one and the first 4 hex digits of the
SHA-256, never a part of the value.

Source: https://kubernetes.io/docs/concepts/security/secrets-good-practices/

## Fails

```yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: shop
data:
  tls.key: |
    -----BEGIN EC PRIVATE KEY-----  # finding
    bm90IGEga2V5LCBvbmx5IGFuIGV4YW1wbGUgb2Ygd2hhdCBvbmUgbG9va3MgbGlr
    ZTsgaXQgb3BlbnMgbm90aGluZyBhdCBhbGw=
    -----END EC PRIVATE KEY-----
```

```yaml title="apps/shop/values.yaml"
ssh:
  privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\\n...\\n-----END OPENSSH PRIVATE KEY-----"  # finding
```

## Passes

```yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: shop
data:
  tls.crt: |
    -----BEGIN CERTIFICATE-----
    bm90IGEgY2VydGlmaWNhdGUsIG9ubHkgYW4gZXhhbXBsZSBvZiBvbmU=
    -----END CERTIFICATE-----
  tls.key: |
    -----BEGIN EC PRIVATE KEY-----
    ${TLS_KEY}
    -----END EC PRIVATE KEY-----
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gitops_guard.load import token_formats
from gitops_guard.model import private_key as keys
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.occurrence import SHORTEST, Field, Occurrences
from gitops_guard.model.resource import Location, SourceFile
from gitops_guard.model.rule import Options, Profile, Topic, file_rule

_FIX: Final = "make a new key, then keep it encrypted (SOPS, Sealed Secrets) or refer to it"
_PROSE: Final = frozenset({"description", "help", "title", "example", "examples", "comment", "notes", "summary"})


@file_rule(
    Severity.ERROR,
    topic=Topic.SECRETS,
    profile=Profile.MINIMAL,
    excerpt=False,
    yields_to=frozenset({"cluster-credentials"}),
)
def private_key(file: SourceFile, _: Options) -> Iterator[tuple[int, Problem]]:
    if not file.data or not token_formats.may_hold(file.data):
        return
    occurrences = Occurrences(file)
    for key in keys.find(file.data):
        location = occurrences.location(key.start)
        field = occurrences.field(location, file.data[key.start : key.start + SHORTEST].decode("latin-1"))
        if field is not None and field.is_secret_data:
            continue
        if key.state is not keys.State.CUT or (field is not None and field.key.lower() not in _PROSE):
            yield field.document if field else 0, _problem(key, location, field)


def _problem(key: keys.PrivateKey, location: Location, field: Field | None) -> Problem:
    from gitops_guard.model import sensitive

    where = f"`{field.key}`" if field and field.key and not sensitive.is_random(field.key) else "this line"
    digest = f"(SHA-256 {sensitive.fingerprint(key.text)}…)"
    path = field.path if field else ()
    match key.state:
        case keys.State.WHOLE:
            return Problem(path, f"{where} holds {key.name} in plain text {digest}", fix=_FIX, at=location)
        case keys.State.PROTECTED:
            message = f"{where} holds {key.name} that only a passphrase protects {digest}"
            return Problem(path, message, fix=_FIX, at=location, severity=Severity.WARNING)
        case keys.State.CUT:
            message = f"{where} holds a dummy of {key.name} in plain text {digest}; somebody will deploy it"
            return Problem(path, message, fix=_FIX, at=location, severity=Severity.WARNING)
