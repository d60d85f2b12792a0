"""A file holds a token of a known format: of a cloud, a Git forge, a chat, a package registry.

Such a token opens something by itself, and programs look for it in every repository that is, or becomes, public. It
stays in the history when the file is changed: revoke it where it was issued, then keep an encrypted form or a
reference in Git.

Judged is every file that is checked, wherever the token stands: manifests, values, patches, workflows, scripts, texts
that generators read, comments. The 118 formats are those of gitleaks (MIT) that begin with letters of their own, or
have such letters at a fixed place, and a few that it lacks; `schemas/token-formats.json` says which. A JSON Web Token
counts with its signature. Not reported are examples (`ghp_xxxx…`, `AKIA…EXAMPLE`, tokens that the documentation of
their owner shows) and the `data` and `stringData` of Secrets, which `plaintext-secret` judges whatever their format.
A message names the format, the key where there is one, and the first 4 hex digits of the token's SHA-256, never a part
of it.

Source: https://github.com/gitleaks/gitleaks/blob/v8.30.1/config/gitleaks.toml

## Fails

```yaml title="apps/shop/values.yaml"
shop:
  deployTrigger: glptt-2f0c61d9be4a7385f1c09d2b6e8a4f7350bd19ce  # finding
```

```yaml title=".github/workflows/deploy.yaml"
on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo deploying
          curl -F token=glptt-91be7d3058c2fa64d07be1935ac8f2604d7be83a https://gitlab.example.com  # finding
```

## Passes

```yaml title="apps/shop/values.yaml"
shop:
  deployTrigger: glptt-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
  image: ghcr.io/shop/web@sha256:2f0c61d9be4a7385f1c09d2b6e8a4f7350bd19ce2f0c61d9be4a7385f1c09d2b
  tokenSecret: gitlab-trigger
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gitops_guard.load import token_formats
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.occurrence import Field, Occurrences
from gitops_guard.model.resource import Location, SourceFile
from gitops_guard.model.rule import Option, Options, Profile, Topic, file_rule
from gitops_guard.model.token import Token, find

_FIX: Final = "revoke it where it was issued, then keep it encrypted (SOPS, Sealed Secrets) or refer to it"
_OPTIONS: Final = {
    "allow-formats": Option(
        (),
        "formats that are no secret here, by the id that messages show: `gcp-api-key` of a public web page",
        {"type": "array", "items": {"type": "string", "pattern": "^[a-z0-9-]+$"}, "uniqueItems": True},
    )
}


@file_rule(
    Severity.ERROR,
    topic=Topic.SECRETS,
    profile=Profile.MINIMAL,
    excerpt=False,
    yields_to=frozenset({"cluster-credentials"}),
    options=_OPTIONS,
)
def known_token(file: SourceFile, options: Options) -> Iterator[tuple[int, Problem]]:
    if not file.data or not token_formats.may_hold(file.data):
        return
    occurrences = Occurrences(file)
    seen: set[tuple[int, bytes]] = set()
    allowed = options["allow-formats"]
    for token in find(file.data, (known for known in token_formats.formats() if known.id not in allowed)):
        text = file.data[token.start : token.end]
        location = occurrences.location(token.start)
        if (location.line, text) in seen or _is_published(text):
            continue
        seen.add((location.line, text))
        field = occurrences.field(location, text.decode("latin-1"))
        if field is None or not field.is_secret_data:
            yield field.document if field else 0, _problem(token, text, location, field)


def _problem(token: Token, text: bytes, location: Location, field: Field | None) -> Problem:
    from gitops_guard.model import sensitive

    where = f"`{field.key}`" if field and field.key and not sensitive.is_random(field.key) else "this line"
    message = (
        f"{where} holds a token in plain text, by its format {token.format} (SHA-256 {sensitive.fingerprint(text)}…)"
    )
    return Problem(field.path if field else (), message, fix=_FIX, at=location)


def _is_published(text: bytes) -> bool:
    from hashlib import sha256

    return sha256(text).hexdigest()[:16] in token_formats.published()
