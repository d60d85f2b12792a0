"""A file that SOPS should have encrypted is plain, in part or as a whole, or encrypted so that nothing can use it.

Somebody edited a file without `sops`, or forgot to encrypt a new one. What stands there in plain text is known to
everyone who can read the repository; and one plain field among encrypted ones makes SOPS, and with it Flux, refuse the
file. Encrypt it again (`sops --encrypt --in-place FILE`) and replace what was readable.

Judged are

- files that a creation rule of the nearest `.sops.yaml` covers, and files whose name says that they are encrypted
  (`*.sops.yaml`, `*.enc.yaml`). A rule for all of a folder (`.*.yaml`) covers more than is meant to be encrypted: of
  such files only those that hold a Secret with a value count, not their ConfigMaps;
- fields of encrypted files that are plain though the rules of their own `sops` block encrypt them (`encrypted_regex`,
  `unencrypted_suffix` and so on), and documents beside an encrypted one in the same file;
- a `List` encrypted as one: Flux takes it apart before it decrypts, and the `sops` block stays behind;
- a document that is encrypted with its `apiVersion` or `kind`, where a kustomization lists it: kustomize needs both;
- rules of `.sops.yaml` that SOPS refuses: `path_regex: *.yaml` is no regular expression.

Not reported are empty values, placeholders, ExternalSecrets and what else only refers to secrets. Not found are files
that a `.sops.yaml` outside of the repository means.

Source: https://getsops.io/docs/#using-sops-yaml-conf-to-select-kms-pgp-and-age-for-new-files

## Fails

```yaml title=".sops.yaml"
creation_rules:
  - path_regex: .*\\.sops\\.yaml
    encrypted_regex: ^(data|stringData)$
    age: age1nfn3vxpsgm49ljgs8kxevga9makhh9aply6ddgf9wplsfuwpcv2qzmqatc
```

```yaml title="apps/shop/database.sops.yaml"
apiVersion: v1
kind: Secret
metadata:
  name: database
stringData:
  password: correct horse battery staple  # finding
```

```yaml title="apps/shop/mail.sops.yaml"
apiVersion: v1
kind: Secret
metadata:
  name: mail
stringData:
  password: ENC[AES256_GCM,data:3KdcgU7jmmYx,iv:b2s=,tag:b2s=,type:str]
  relay-token: x9-Tq2-LmZ  # finding
sops:
  age:
    - recipient: age1nfn3vxpsgm49ljgs8kxevga9makhh9aply6ddgf9wplsfuwpcv2qzmqatc
  encrypted_regex: ^(data|stringData)$
  mac: ENC[AES256_GCM,data:3KdcgU7jmmYx,iv:b2s=,tag:b2s=,type:str]
  version: 3.13.3
```

## Passes

```yaml title=".sops.yaml"
creation_rules:
  - path_regex: .*\\.yaml
    encrypted_regex: ^(data|stringData)$
    age: age1nfn3vxpsgm49ljgs8kxevga9makhh9aply6ddgf9wplsfuwpcv2qzmqatc
```

```yaml title="apps/shop/mail.sops.yaml"
apiVersion: v1
kind: Secret
metadata:
  name: mail
stringData:
  password: ENC[AES256_GCM,data:3KdcgU7jmmYx,iv:b2s=,tag:b2s=,type:str]
sops:
  age:
    - recipient: age1nfn3vxpsgm49ljgs8kxevga9makhh9aply6ddgf9wplsfuwpcv2qzmqatc
  encrypted_regex: ^(data|stringData)$
  mac: ENC[AES256_GCM,data:3KdcgU7jmmYx,iv:b2s=,tag:b2s=,type:str]
  version: 3.13.3
```

```yaml title="apps/shop/settings.yaml"
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  currency: EUR
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from posixpath import basename, dirname, join, normpath
from typing import Final

from gitops_guard.load.names import SOPS_CONFIG
from gitops_guard.load.sops import Configs, CreationRule, Selection, SopsConfig, comments_above, is_plain
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.occurrence import leaves
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import Document, FieldPath, FileKind, SourceFile, Tree
from gitops_guard.model.rule import Option, Options, Profile, Topic, tree_rule

_FIX: Final = "replace what was readable, then encrypt the file: `sops --encrypt --in-place`"
_MARKERS: Final = (".sops.", ".enc.", ".encrypted.")
_JUDGED: Final = frozenset(
    {FileKind.MANIFEST, FileKind.STRATEGIC_PATCH, FileKind.HELM_VALUES, FileKind.OTHER_YAML, FileKind.NOT_YAML}
)
_NEUTRAL: Final = "zqxj"  # the name of a file that no rule means in particular
_OPTIONS: Final = {
    "markers": Option(
        list(_MARKERS),
        "parts of a name that say that the file is encrypted",
        {"type": "array", "items": {"type": "string", "minLength": 2}, "uniqueItems": True},
    )
}

Found = tuple[SourceFile, Problem]


@tree_rule(
    Severity.ERROR,
    topic=Topic.SECRETS,
    profile=Profile.MINIMAL,
    excerpt=False,
    options=_OPTIONS,
    left="encrypted files that a kustomization lists",
)
def sops_incomplete(tree: Tree, options: Options) -> Iterator[Found]:
    configs = Configs(file for file in tree.files if basename(file.path) == SOPS_CONFIG and file.documents)
    markers = tuple(options["markers"])
    for config in configs:
        yield from _faults(config)
    encrypted = [file for file in tree.files if file.kind is FileKind.SOPS]
    for file in encrypted:
        yield from _of_encrypted(file)
    yield from _unreadable(tree, encrypted)
    for file in tree.files:
        if file.kind is FileKind.MANIFEST and b"ENC[AES256_GCM," in file.data and b"List" in file.data:
            yield from _of_items(file)
        if file.kind in _JUDGED and basename(file.path) != SOPS_CONFIG:
            is_marked = any(marker in basename(file.path) for marker in markers)
            if is_marked or (configs and _may_matter(file)):
                yield from _of_plain(file, configs, is_marked=is_marked)


def _faults(config: SopsConfig) -> Iterator[Found]:
    """What SOPS refuses in its own configuration, or takes for something else than was meant."""
    for rule in config.rules:
        path: FieldPath = ("creation_rules", rule.number)
        for name, error in rule.faults:
            effect = "sops stops at this rule" if name == "path_regex" else "sops takes it for one that never matches"
            told = f"`{name}` is no regular expression of Go: {effect}"
            if not error.is_certain:
                told = f"`{name}` could not be read here ({error}); what it says was not checked"
            severity = None if error.is_certain else Severity.WARNING
            at = config.file.locate(config.file.documents[0].index, (*path, name))
            yield config.file, Problem((*path, name), told, at=at, severity=severity)
        if rule.has_several:
            at = config.file.locate(config.file.documents[0].index, path)
            message = (
                "sops takes only one of encrypted_regex, unencrypted_regex and their like for a rule, and stops here"
            )
            yield config.file, Problem(path, message, at=at)


def _of_encrypted(file: SourceFile) -> Iterator[Found]:
    blocks = {
        document.index: document.body["sops"]
        for document in file.documents
        if isinstance(document.body, Mapping) and isinstance(document.body.get("sops"), Mapping)
    }
    first = Selection(next(iter(blocks.values()), {}))
    for document in file.documents:
        body = document.body
        if document.index not in blocks:
            yield from _forgotten(file, document, first)
            continue
        if isinstance(body.get("items"), list) and str(body.get("kind")).endswith("List"):
            message = (
                "a List is taken apart before Flux decrypts it, and `sops` stays behind; encrypt each item as a file"
            )
            yield file, _problem(file, document, ("sops",), message, severity=Severity.WARNING, on_key=True)
        for path in _plain_leaves(file, document, Selection(blocks[document.index])):
            yield file, _left_plain(file, document, path)


def _of_items(file: SourceFile) -> Iterator[Found]:
    """Items of a List that were encrypted one by one: Flux decrypts each by its own `sops` block."""
    for document in file.documents:
        items = document.body.get("items") if isinstance(document.body, Mapping) else None
        for number, item in enumerate(items if isinstance(items, list) else ()):
            block = item.get("sops") if isinstance(item, Mapping) else None
            if isinstance(block, Mapping) and "mac" in block:
                for path in _plain_leaves(file, document, Selection(block), number):
                    yield file, _left_plain(file, document, path)


def _left_plain(file: SourceFile, document: Document, path: FieldPath) -> Problem:
    message = f"`{_name(path)}` is plain, though the `sops` block says that it is encrypted; sops refuses the file"
    return _problem(file, document, path, message)


def _forgotten(file: SourceFile, document: Document, selection: Selection) -> Iterator[Found]:
    """A document beside an encrypted one: sops cannot read the file, Flux takes it as it is."""
    path = next(_plain_leaves(file, document, selection), None)
    if path is not None:
        is_secret = isinstance(document.body, Mapping) and document.body.get("kind") == "Secret"
        message = "this document is plain, while another one of its file is encrypted; sops refuses that"
        yield file, _problem(file, document, path, message, severity=None if is_secret else Severity.WARNING)


def _plain_leaves(
    file: SourceFile, document: Document, selection: Selection, item: int | None = None
) -> Iterator[FieldPath]:
    """Of a document, or of one item of the List that it is."""
    prefix: FieldPath = () if item is None else ("items", item)
    body = document.body if item is None else document.body["items"][item]
    # SOPS writes down what it left out: who did not keep that line shows a part of an encrypted resource.
    is_shown = selection.is_default and isinstance(body, Mapping) and is_plain(body.get("kind"))
    for path, value in leaves(body):
        if is_shown and path[:1] not in (("data",), ("stringData",)):
            continue
        if path[:1] == ("sops",) or not is_plain(value):
            continue
        if selection.covers(path, partial(comments_above, file, document.index, (*prefix, *path))):
            yield (*prefix, *path)


def _covers(selection: Selection, file: SourceFile, document: Document, path: FieldPath) -> bool:
    return selection.covers(path, partial(comments_above, file, document.index, path))


def _unreadable(tree: Tree, encrypted: list[SourceFile]) -> Iterator[Found]:
    """Documents without a readable kind, where kustomize is told to read them."""
    whole = {}
    for file in encrypted:
        for document in file.documents:
            if isinstance(document.body, Mapping):
                field = next((name for name in ("apiVersion", "kind") if _is_cipher(document.body.get(name))), "")
                if field:
                    whole[file.path] = (file, document, field)
                    break
    if not whole:
        return
    for path in sorted(_listed(tree) & whole.keys()):
        file, document, field = whole[path]
        message = f"`{field}` is encrypted too, and kustomize, which lists this file, cannot read the resource"
        fix = "encrypt values only: encrypted_regex: ^(data|stringData)$"
        yield file, Problem((field,), message, fix=fix, at=file.locate(document.index, (field,)))


def _listed(tree: Tree) -> set[str]:
    found = set()
    for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
        for document in file.documents:
            entries = document.body.get("resources") if isinstance(document.body, Mapping) else None
            for entry in entries if isinstance(entries, list) else ():
                if isinstance(entry, str):
                    found.add(normpath(join(dirname(file.path), entry)))
    return found


def _of_plain(file: SourceFile, configs: Configs, *, is_marked: bool) -> Iterator[Found]:
    config = configs.nearest(file.path)
    rule = config.rule_for(file.path) if config is not None else None
    if not is_marked and rule is None:
        return
    means_it = is_marked or (config is not None and rule is not None and _is_particular(config, rule, file))
    selection = rule.selection if rule is not None else None
    if file.kind is FileKind.NOT_YAML:
        yield from _of_text(file, config, rule, means_it=means_it)
        return
    for document in file.documents:
        found = _worst(file, document, selection, means_it=means_it, is_promised=is_marked and rule is not None)
        if found is not None:
            path, severity = found
            yield file, _problem(file, document, path, _not_encrypted(config, rule), severity=severity)
            return


def _may_matter(file: SourceFile) -> bool:
    """Of manifests whose name says nothing, only those that hold a Secret: most do not, and need no pattern."""
    return file.kind not in (FileKind.MANIFEST, FileKind.STRATEGIC_PATCH) or b"Secret" in file.data


def _not_encrypted(config: SopsConfig | None, rule: CreationRule | None) -> str:
    if config is None or rule is None:
        return "the name of this file says that it is encrypted, and it is not"
    return f"rule {rule.number + 1} of {config.file.path} says that this file is encrypted, and it is not"


def _is_particular(config: SopsConfig, rule: CreationRule, file: SourceFile) -> bool:
    """Whether a rule names this very file, or its like, and not just everything in its folder."""
    relative = config.relative(file.path)
    name = basename(relative)
    ending = "" if file.kind is FileKind.NOT_YAML else name[name.rfind(".") :]
    return not rule.matches(join(dirname(relative), _NEUTRAL + ending))


def _of_text(
    file: SourceFile, config: SopsConfig | None, rule: CreationRule | None, *, means_it: bool
) -> Iterator[Found]:
    """The input of a generator: `.env`, `.ini`, a key."""
    if not means_it or not file.data or b"ENC[AES256_GCM," in file.data:
        return
    from gitops_guard.model import sensitive

    try:
        text = file.data.decode("utf-8")
    except UnicodeDecodeError:
        return
    verdict = sensitive.judge(basename(file.path), text)
    if verdict is not sensitive.Verdict.PUBLIC:
        severity = Severity.WARNING if verdict is sensitive.Verdict.DUMMY else None
        yield file, Problem((), _not_encrypted(config, rule), fix=_FIX, severity=severity)


def _worst(
    file: SourceFile, document: Document, selection: Selection | None, *, means_it: bool, is_promised: bool
) -> tuple[FieldPath, Severity | None] | None:
    """The first plain field that is a secret, else a dummy, else where the file was promised to be encrypted any."""
    body = document.body
    kind = str(body.get("kind", "")) if isinstance(body, Mapping) else ""
    if (kind != "Secret" and not means_it) or (kind != "Secret" and "secret" in kind.lower()):
        return None
    dummy: FieldPath | None = None
    other: FieldPath | None = None
    for path, value in leaves(body):
        if not is_plain(value) or _is_replaced(value) or not _may_be_secret(kind, path):
            continue
        if selection is not None and not _covers(selection, file, document, path):
            continue
        verdict = _judge(kind, path, str(value))
        if verdict == "secret":
            return path, None
        if verdict == "dummy":
            dummy = dummy or path
        other = other or path
    if dummy is not None or (is_promised and other is not None):
        return dummy or other or (), Severity.WARNING
    return None


def _may_be_secret(kind: str, path: FieldPath) -> bool:
    if kind == "Secret":
        return len(path) == 2 and path[0] in ("data", "stringData") and isinstance(path[1], str)
    return bool(path) and (not kind or path[0] in ("data", "stringData", "spec"))


def _judge(kind: str, path: FieldPath, value: str) -> str:
    from gitops_guard.model import sensitive

    name = _name(path)
    if kind == "Secret":
        text = _decoded(value) if path[0] == "data" else value
    elif sensitive.is_secret_name(name):
        text = value
    else:
        return "secret" if sensitive.is_private_key(value) else "public"
    return str(sensitive.judge(name, text).value)


def _decoded(value: str) -> str:
    from base64 import b64decode

    try:
        return b64decode("".join(value.split()), validate=True).decode("utf-8", "replace")
    except ValueError:
        return value


def _is_replaced(value: object) -> bool:
    return isinstance(value, str) and is_placeholder(value)


def _is_cipher(value: object) -> bool:
    return isinstance(value, str) and value.startswith("ENC[")


def _name(path: FieldPath) -> str:
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _problem(
    file: SourceFile,
    document: Document,
    path: FieldPath,
    message: str,
    *,
    severity: Severity | None = None,
    on_key: bool = False,
) -> Problem:
    at = file.locate(document.index, path, key=on_key)
    return Problem(path, message, fix=None if on_key else _FIX, at=at, severity=severity)
