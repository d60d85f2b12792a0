"""A generator of kustomize makes a Secret of plain text that lies in Git, or a ConfigMap of a credential.

The Secret exists in the cluster only; its content stands in the kustomization, or in the file beside it. Change the
credential, then keep the Secret encrypted or fetched instead of generated, or encrypt the file.

Judged are the `literals` of `secretGenerator` and the files that its `envs` and `files` name, where every value is
secret that is not harmless (see `plaintext-secret`). A finding about a file stands in that file, on the line of the
value where it has names, else on the first. Of `configMapGenerator`, credentials are reported as in a ConfigMap (see
`secret-in-config`). Files are read only in a check of the whole repository; what SOPS or git-crypt encrypted is fine.
A message names the key and the first 4 hex digits of the value's SHA-256, never a part of the value.

Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/secretgenerator/

## Fails

```yaml title="apps/shop/kustomization.yaml"
resources: [namespace.yaml]
secretGenerator:
  - name: database
    literals:
      - username=shop
      - password=x9-Tq2-LmZ  # finding
configMapGenerator:
  - name: settings
    literals:
      - LOG_LEVEL=info
      - SMTP_PASSWORD=changeme  # finding
    files: [application.yaml=files/application.yaml]
```

```yaml title="apps/shop/files/application.yaml"
database:
  host: db.shop.svc
  password: x9-Tq2-LmZ  # finding
```

```yaml title="apps/shop/namespace.yaml"
apiVersion: v1
kind: Namespace
metadata:
  name: shop
```

## Passes

```yaml title="apps/shop/kustomization.yaml"
resources: [namespace.yaml]
secretGenerator:
  - name: database
    literals:
      - username=shop
      - password=${DB_PASSWORD}
configMapGenerator:
  - name: settings
    literals:
      - LOG_LEVEL=info
      - PASSWORD_FILE=/run/secrets/password
```

```yaml title="apps/shop/namespace.yaml"
apiVersion: v1
kind: Namespace
metadata:
  name: shop
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from posixpath import basename, dirname, join, normpath
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gitops_guard.model import leaves
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.leaves import Leaf, Leak, Reader
from gitops_guard.model.resource import FieldPath, FileKind, Location, SourceFile, Tree
from gitops_guard.model.rule import Options, Topic, tree_rule

if TYPE_CHECKING:
    from gitops_guard.model.sensitive import Verdict

_FIX: Final = "replace the credential, then keep the Secret encrypted or fetched instead of generated from plain text"
_GENERATORS: Final = ("secretGenerator", "configMapGenerator")
# Other rules judge these, or nobody can read them.
_ELSEWHERE: Final = frozenset({FileKind.MANIFEST, FileKind.HELM_VALUES, FileKind.SOPS, FileKind.GIT_CRYPT})


class _Generator(NamedTuple):
    file: SourceFile
    document: int
    path: FieldPath
    entry: Mapping[str, Any]
    is_secret: bool

    def listed(self, field: str) -> Iterator[tuple[FieldPath, str]]:
        found = self.entry.get(field)
        for number, item in enumerate(found if isinstance(found, list) else ()):
            if isinstance(item, str):
                yield (*self.path, field, number), item


@tree_rule(
    Severity.ERROR,
    topic=Topic.SECRETS,
    options=leaves.OPTIONS,
    left="files that generators read",
    excerpt=False,
    yields_to=leaves.SAID_BETTER,
)
def secret_in_generator(tree: Tree, options: Options) -> Iterator[tuple[SourceFile, Problem]]:
    generators = list(_generators(tree))
    if not generators:
        return
    reader = leaves.reader(options)
    files = {file.path: file for file in tree.files if file.data and file.kind not in _ELSEWHERE}
    for generator in generators:
        for path, literal in generator.listed("literals"):
            at = generator.file.locate(generator.document, path)
            for leak in _judge(reader, _assigned(path, literal), is_secret=generator.is_secret):
                yield generator.file, _problem(leak, at, path)
        yield from _in_files(reader, generator, files)


def _generators(tree: Tree) -> Iterator[_Generator]:
    for file in tree.of_kind(FileKind.KUSTOMIZATION, FileKind.COMPONENT):
        for document in file.documents:
            for field in _GENERATORS:
                found = document.body.get(field) if isinstance(document.body, dict) else None
                for number, entry in enumerate(found if isinstance(found, list) else ()):
                    if isinstance(entry, dict):
                        yield _Generator(file, document.index, (field, number), entry, field == "secretGenerator")


def _in_files(
    reader: Reader, generator: _Generator, files: Mapping[str, SourceFile]
) -> Iterator[tuple[SourceFile, Problem]]:
    folder = dirname(generator.file.path)
    env = generator.entry.get("env")
    for name in [*(item for _, item in generator.listed("envs")), *([env] if isinstance(env, str) else [])]:
        file = files.get(normpath(join(folder, name)))
        if file is not None:
            for leak in _of_env(reader, file, is_secret=generator.is_secret):
                yield file, _problem(leak, _place(file, leak.line), ())
    for _, item in generator.listed("files"):
        key, _, name = item.rpartition("=")
        file = files.get(normpath(join(folder, name)))
        if file is not None:
            for leak in _of_file(reader, key or basename(name), file, is_secret=generator.is_secret):
                yield file, _problem(leak, _place(file, leak.line), ())


def _of_env(reader: Reader, file: SourceFile, *, is_secret: bool) -> Iterator[Leak]:
    """Each line of an env file is one value. Those of SOPS have its own values at the end."""
    for number, line in enumerate(_text(file).split("\n")):
        if "=" in line and not line.lstrip().startswith(("#", "sops_")):
            for leak in _judge(reader, _assigned((), line), is_secret=is_secret):
                yield leak._replace(line=number)


def _assigned(path: FieldPath, text: str) -> Leaf:
    """`KEY=value`, with or without quotes. A line of base64, which ends in `=`, has no key."""
    key, _, value = text.strip().removeprefix("export ").partition("=")
    if value and not value.strip("= "):
        return Leaf(path, "", text.strip())
    return Leaf(path, key.strip(), value.strip().strip("\"'"))


def _of_file(reader: Reader, key: str, file: SourceFile, *, is_secret: bool) -> Iterator[Leak]:
    """A file is one value: of a configuration file, the lines that hold a credential are told."""
    text = _text(file)
    found = list(reader.leaks(text, (), key))
    if not found and is_secret:
        found = list(_judge(reader, Leaf((), key, text), is_secret=True))
    for leak in found:
        yield leak if leak.line >= 0 else leak._replace(line=0)


def _judge(reader: Reader, leaf: Leaf, *, is_secret: bool) -> Iterator[Leak]:
    if not is_secret:
        yield from reader.leaks(leaf.text, leaf.path, leaf.name)
        return
    from gitops_guard.model import sensitive

    verdict: Verdict = sensitive.judge(leaf.name, leaf.text)
    if verdict is not sensitive.Verdict.PUBLIC and not reader.judge().allows(leaf.text):
        what = f"`{leaf.name}`" if sensitive.is_name(leaf.name) else "a value"
        yield Leak(leaf.path, what, leaf.text, verdict)


def _text(file: SourceFile) -> str:
    return file.data.decode("utf-8", "replace")


def _place(file: SourceFile, line: int) -> Location:
    lines = file.data.split(b"\n", line + 1)
    content = lines[line] if line < len(lines) else b""
    return Location(file.path, line + 1, len(content) - len(content.lstrip(b" \t")) + 1)


def _problem(leak: Leak, at: Location, path: FieldPath) -> Problem:
    from gitops_guard.model import credentials

    return replace(credentials.problem(leak, _FIX, at), path=path)
