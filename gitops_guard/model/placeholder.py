"""What is a placeholder: text in Git that a program replaces before, or as, a cluster reads it."""

from __future__ import annotations

import re
from typing import Final

# Flux and envsubst, Kubernetes, Helm and Argo CD, Argo CD Vault Plugin, SOPS, CI template engines.
# No part may hold its own opening character, so that a text of open brackets is read once, not once for each of them.
_ANYWHERE: Final = re.compile(
    r"\$\{[^${}\n]+\}|\$\([A-Za-z_][\w.-]*\)|\{\{[^{}\n]*\}\}|\{%[^{}\n]*%\}"
    r"|<path:[^<>\n]+>|ENC\[[A-Z0-9_]{1,40},|#\{[^#{}\n]+\}#"
)
# bank-vaults, 1Password, vals: the whole value is a reference.
_WHOLE: Final = re.compile(r"\s*(?:vault:|>>vault:|op://|ref\+[a-z0-9]+://|\$[A-Za-z_]\w*\s*\Z|secretref\+)")


def is_placeholder(value: str) -> bool:
    """Whether *value* is, or contains, something that a program replaces.

    Sources: Flux postBuild, Kubernetes `$(VAR)`, Go templates, argocd-vault-plugin `<path:…#key>`, SOPS `ENC[…]`,
    bank-vaults `vault:…`, 1Password `op://…`, vals `ref+…://…`.
    """
    return _ANYWHERE.search(value) is not None or _WHOLE.match(value) is not None


def may_become(pattern: str, name: str) -> bool:
    """Whether a text with placeholders may become *name*: what stands before the first and after the last is there."""
    starts = [at for at in (pattern.find(mark) for mark in ("$", "{{", "<", "#{", "{%")) if at >= 0]
    start = min(starts, default=0)
    end = max(pattern.rfind(mark) for mark in ("}", ")", ">"))
    after = pattern[end + 1 :] if end > start else ""
    return len(name) >= start + len(after) and name.startswith(pattern[:start]) and name.endswith(after)
