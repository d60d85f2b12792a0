"""Builds `schemas/kubernetes/` and `schemas/crds/` from pinned sources; the same sources give the same contents.

    python tools/build_schemas.py --catalog CHECKOUT_OR_JSONL_XZ [--kubernetes JSONL_XZ] [--out schemas]

Sources: the wheel `kubernetes-validate` (installed, or its definitions as JSON lines) and the CRDs-catalog
(https://github.com/datreeio/CRDs-catalog, a checkout or its schemas as JSON lines `{"path", "schema"}`).

What is written (compressed bytes may differ between versions of zlib and liblzma, the contents do not):

- `kubernetes/1.37.zz` (zlib): one line of JSON with `kinds` and `defs` (name → offset, length, names of the
  definitions that it refers to), then the definitions in their strict form, one after the other.
- `kubernetes/kinds.json`: for each `group/version/Kind` the first and the last version that has it.
- `crds/index.txt`: a line for each schema: path, block, offset, length, and why there is none where it says so.
- `crds/000.xz` …: about 256 kB of schemas each, cut between API groups, so that a look-up opens one (1 ms).
- `sources.json`: where all this is from, digests of the contents, and what was left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import re
import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from gitops_guard.load import re2
from gitops_guard.schema.structural import NotASchemaError, closed, constrains

CATALOG = "https://github.com/datreeio/CRDs-catalog"
CATALOG_COMMIT = "7b1e26ef"
WHEEL = "kubernetes-validate"
BLOCK = 256 * 1024  # measured: 128 kB 0.7 ms and 1.05 MB in all, 256 kB 1.1 ms and 0.98 MB, 1 MB 3.2 ms and 0.83 MB
PROSE = frozenset({"description", "title", "example", "externalDocs"})
NOT_RESOURCES = frozenset({"DeleteOptions", "Status", "WatchEvent"})  # arguments and answers of the API
_KIND_FILE = re.compile(r"(?P<group>[^/]+\.[^/]+)/(?P<kind>[a-z0-9]+)_(?P<version>v\d[a-z0-9]*)\.json")

Json = dict[str, Any]


@dataclass
class Catalog:
    blocks: list[str] = field(default_factory=list)
    index: list[str] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)

    def leave_out(self, path: str, reason: str) -> None:
        self.left_out.setdefault(reason, []).append(path)


def main() -> int:
    arguments = _arguments()
    out: Path = arguments.out
    versions = list(_json_lines(arguments.kubernetes) if arguments.kubernetes else kubernetes_of_wheel())
    catalog = pack_catalog(_catalog_rows(arguments.catalog))
    contents = kubernetes_contents(versions)
    write_kubernetes(contents, out / "kubernetes")
    write_catalog(catalog, out / "crds")
    sources = {
        "kubernetes": {
            "source": f"https://pypi.org/project/{WHEEL}/ {installed_version(WHEEL)}",
            "versions": sorted(contents, key=_number),
            "sha256": digest(contents[version] for version in sorted(contents, key=_number)),
        },
        "crds": {
            "source": CATALOG,
            "commit": arguments.commit,
            "schemas": len(catalog.index),
            "sha256": digest(["\n".join(catalog.index), *catalog.blocks]),
            "left_out": {reason: sorted(paths) for reason, paths in sorted(catalog.left_out.items())},
        },
    }
    (out / "sources.json").write_text(json.dumps(sources, indent=1) + "\n")
    left_out = {reason: len(paths) for reason, paths in catalog.left_out.items()}
    print(f"{len(contents)} Kubernetes versions, {len(catalog.index)} CRD schemas in {len(catalog.blocks)} blocks")
    print(f"left out: {left_out}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--catalog", type=Path, required=True)
    parser.add_argument("--commit", help="of the catalog; asked of git where the catalog is a checkout")
    parser.add_argument("--kubernetes", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "schemas")
    arguments = parser.parse_args()
    arguments.commit = arguments.commit or _commit(arguments.catalog)
    return arguments


def _commit(catalog: Path) -> str:
    if not catalog.is_dir():
        return CATALOG_COMMIT
    asked = ["git", "-C", str(catalog), "rev-parse", "HEAD"]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


def kubernetes_of_wheel() -> Iterator[Json]:
    """Each version of the wheel as `version`, `kinds`, `$defs`, without prose."""
    import kubernetes_validate

    base = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    for found in sorted(base.glob("v*-local/_definitions.json")):
        definitions = json.loads(found.read_text())["$defs"]
        kinds: dict[str, str] = {}
        for name, definition in sorted(definitions.items()):
            for known in definition.get("x-kubernetes-group-version-kind", ()):
                if known["kind"] not in NOT_RESOURCES:
                    parts = (known["group"], known["version"], known["kind"])
                    kinds["/".join(filter(None, parts))] = name
        version = found.parent.name.removeprefix("v").removesuffix("-local")
        texts = {name: _without_prose(each) for name, each in definitions.items()}
        texts = {name: _absolute_references(each) for name, each in texts.items()}
        yield {"version": version, "kinds": kinds, "$defs": texts}


def _absolute_references(node: Any) -> Any:
    match node:
        case {"$ref": str(target), **rest}:
            return {"$ref": "#" + target.partition("#")[2], **rest}
        case dict():
            return {key: _absolute_references(value) for key, value in node.items()}
        case list():
            return [_absolute_references(value) for value in node]
    return node


def _without_prose(node: Any, *, names: bool = False) -> Any:
    """*names* says that the keys of *node* are names of fields, where `description` is a field."""
    match node:
        case dict():
            return {
                key: _without_prose(value, names=not names and key == "properties")
                for key, value in node.items()
                if names or key not in PROSE
            }
        case list():
            return [_without_prose(value) for value in node]
    return node


def kubernetes_contents(versions: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The content of each version's file, by short version (`1.37`)."""
    return {each["version"].rpartition(".")[0]: _kubernetes_content(each) for each in versions}


def _kubernetes_content(source: Mapping[str, Any]) -> str:
    defs: dict[str, list[Any]] = {}
    bodies: list[str] = []
    offset = 0
    for name, definition in sorted(source["$defs"].items()):
        body = _compact(strict(definition))
        references = sorted(set(re.findall(r'"\$ref":"#/\$defs/([^"]+)"', body)))
        defs[name] = [offset, len(body), references]
        bodies.append(body)
        offset += len(body)
    kinds = {key: name for key, name in sorted(source["kinds"].items()) if key.rpartition("/")[2] not in NOT_RESOURCES}
    return _compact({"kinds": kinds, "defs": defs}) + "\n" + "".join(bodies)


def strict(node: Any, *, names: bool = False) -> Any:
    """Closed to unknown fields, as the wheel's strict form, and without `x-kubernetes-…`, which validates nothing."""
    match node:
        case dict():
            made = {
                key: strict(value, names=not names and key == "properties")
                for key, value in node.items()
                if names or not key.startswith("x-kubernetes-")
            }
            if not names and "properties" in made and "additionalProperties" not in made:
                made["additionalProperties"] = False
            return made
        case list():
            return [strict(value) for value in node]
    return node


def write_kubernetes(contents: Mapping[str, str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    seen: dict[str, list[str]] = {}
    for version in sorted(contents, key=_number):
        (folder / f"{version}.zz").write_bytes(zlib.compress(contents[version].encode("ascii"), 9))
        for kind in json.loads(contents[version].partition("\n")[0])["kinds"]:
            seen.setdefault(kind, [version, version])[1] = version
    (folder / "kinds.json").write_text(json.dumps(dict(sorted(seen.items())), indent=0) + "\n")


def pack_catalog(rows: Iterable[Mapping[str, Any]]) -> Catalog:
    """*rows* have `path` and `schema`. Blocks end between API groups only."""
    catalog = Catalog()
    known = [row for row in rows if _is_crd_schema(row, catalog)]
    known.sort(key=lambda row: row["path"])
    block: list[str] = []
    size, group = 0, ""
    for row in known:
        own = row["path"].partition("/")[0]
        if own != group and size >= BLOCK:
            catalog.blocks.append("".join(block))
            block, size = [], 0
        group = own
        text, reason = _packed(row, catalog)
        name = row["path"].removesuffix(".json")
        catalog.index.append(f"{name} {len(catalog.blocks):03} {size} {len(text)} {reason}".rstrip())
        block.append(text)
        size += len(text)
    catalog.blocks.append("".join(block))
    return catalog


def _is_crd_schema(row: Mapping[str, Any], catalog: Catalog) -> bool:
    """A CRD schema lies at `<group>/<kind>_<version>.json`, and a group of a CRD has a dot."""
    if _KIND_FILE.fullmatch(row["path"]):
        return True
    catalog.leave_out(row["path"], "not at <group>/<kind>_<version>.json, so nothing finds it")
    return False


def _packed(row: Mapping[str, Any], catalog: Catalog) -> tuple[str, str]:
    """The text of the schema and "", or "" and the reason why there is none."""
    try:
        schema = closed(_inlined(row["schema"]), pattern=re2.translate)
    except NotASchemaError as error:
        reason = f"the published schema cannot be used: {error}"
    else:
        if constrains(schema):
            text = _compact(schema)
            refusal = _refusal(text)
            if not refusal:
                return text, ""
            reason = f"the published schema does not compile: {refusal}"
        else:
            reason = "the published schema constrains nothing"
    catalog.leave_out(row["path"], reason)
    return "", reason


def _refusal(text: str) -> str:
    """Why the validator refuses a schema, or ""."""
    from gitops_guard.schema.compiled import RefusedError, compiled

    object_meta = '{"$defs":{"io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta":{}},'
    try:
        compiled(object_meta + text[1:])
    except RefusedError as error:
        return str(error)
    return ""


def _inlined(schema: Any) -> Any:
    """Local references (`#/definitions/…`) replaced by what they refer to; three projects publish such schemas."""
    definitions = schema.get("definitions") if isinstance(schema, dict) else None
    if not isinstance(definitions, dict):
        return schema

    def walk(node: Any, above: tuple[str, ...]) -> Any:
        match node:
            case {"$ref": str(target)} if target.startswith("#/definitions/"):
                name = target.removeprefix("#/definitions/")
                if name in above:
                    raise NotASchemaError("it refers to itself")
                return walk(definitions[name], (*above, name))
            case dict():
                return {key: walk(value, above) for key, value in node.items()}
            case list():
                return [walk(value, above) for value in node]
        return node

    return walk({key: value for key, value in schema.items() if key != "definitions"}, ())


def write_catalog(catalog: Catalog, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.xz"):
        stale.unlink()
    for number, block in enumerate(catalog.blocks):
        packed = lzma.compress(block.encode("ascii"), preset=9 | lzma.PRESET_EXTREME)
        (folder / f"{number:03}.xz").write_bytes(packed)
    (folder / "index.txt").write_text("\n".join(catalog.index) + "\n")


def digest(contents: Iterable[str]) -> str:
    total = hashlib.sha256()
    for content in contents:
        total.update(content.encode("ascii") + b"\0")
    return total.hexdigest()


def _catalog_rows(catalog: Path) -> Iterator[Json]:
    if not catalog.is_dir():
        yield from _json_lines(catalog)
        return
    for found in sorted(catalog.glob("**/*.json")):
        if not any(part.startswith(".") for part in found.relative_to(catalog).parts):
            yield {"path": found.relative_to(catalog).as_posix(), "schema": json.loads(found.read_text())}


def _json_lines(path: Path) -> Iterator[Json]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


if __name__ == "__main__":
    sys.exit(main())
