"""`schemas/` is what its sources say: built anew, the contents are the same."""

from __future__ import annotations

import importlib.util
import json
import lzma
import sys
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gitops_guard.load.bundled import folder
from gitops_guard.schema.store import PublicCatalog, versions

LARGEST = 4_000_000  # bytes; a wheel with more would be felt by everyone who installs it


def _tool(repository: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, repository / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def builder(repository: Path) -> ModuleType:
    return _tool(repository, "build_schemas")


@pytest.fixture(scope="module")
def sources() -> Any:
    return json.loads((folder("schemas") / "sources.json").read_text())


def test_the_wheel_gives_what_is_packed(builder: ModuleType, sources: Any) -> None:
    contents = builder.kubernetes_contents(builder.kubernetes_of_wheel())

    assert sorted(contents) == sorted(versions()) == sorted(sources["kubernetes"]["versions"])
    for version, content in contents.items():
        packed = zlib.decompress((folder("schemas") / "kubernetes" / f"{version}.zz").read_bytes())
        assert packed.decode("ascii") == content, version
    assert builder.digest(contents[version] for version in versions()) == sources["kubernetes"]["sha256"]


@pytest.mark.shared
def test_the_definitions_beside_the_repository_give_the_same_as_the_wheel(builder: ModuleType, shared: Path) -> None:
    with lzma.open(shared / "data/kubernetes-schemas.jsonl.xz", "rt") as lines:
        beside = builder.kubernetes_contents(map(json.loads, lines))

    assert beside == builder.kubernetes_contents(builder.kubernetes_of_wheel())


@pytest.mark.shared
@pytest.mark.slow
def test_the_catalog_gives_what_is_packed(builder: ModuleType, sources: Any, shared: Path) -> None:
    with lzma.open(shared / "data/crd-schemas.jsonl.xz", "rt") as lines:
        catalog = builder.pack_catalog(map(json.loads, lines))

    packed = folder("schemas") / "crds"
    assert (packed / "index.txt").read_text().splitlines() == catalog.index
    assert [lzma.decompress(path.read_bytes()).decode() for path in sorted(packed.glob("*.xz"))] == catalog.blocks
    assert {reason: sorted(paths) for reason, paths in catalog.left_out.items()} == sources["crds"]["left_out"]
    assert builder.digest(["\n".join(catalog.index), *catalog.blocks]) == sources["crds"]["sha256"]


def test_what_was_left_out_is_told_with_the_reason(sources: Any) -> None:
    left_out = {reason: len(paths) for reason, paths in sources["crds"]["left_out"].items()}

    assert left_out == {
        "not at <group>/<kind>_<version>.json, so nothing finds it": 259,
        "the published schema constrains nothing": 61,
    }
    assert sources["crds"]["schemas"] == len(PublicCatalog().index.split("\n")) - 2 == 4235 - 259
    assert sources["crds"]["commit"].startswith("7b1e26ef")


def test_blocks_are_cut_between_groups_only() -> None:
    blocks: dict[str, set[str]] = {}
    for line in filter(None, PublicCatalog().index.split("\n")):
        group, block = line.partition("/")[0], line.split(" ")[1]
        blocks.setdefault(group, set()).add(block)

    assert {group: found for group, found in blocks.items() if len(found) > 1} == {}


def test_all_of_it_is_single_megabytes() -> None:
    assert sum(path.stat().st_size for path in folder("schemas").rglob("*") if path.is_file()) < LARGEST


def test_the_table_of_old_apis_is_built_from_the_schemas(repository: Path) -> None:
    builder = _tool(repository, "build_deprecations")
    kinds = json.loads((folder("schemas") / "kubernetes/kinds.json").read_text())

    assert json.loads((folder("schemas") / "deprecations.json").read_text()) == {
        "source": builder.SOURCE,
        "apis": builder.table(kinds),
    }


@pytest.mark.slow
def test_every_published_schema_is_found_and_compiles() -> None:
    from gitops_guard.schema.embedded import EmbeddedSchemas

    catalog = PublicCatalog()
    schemas = EmbeddedSchemas("", crds=lambda *_: ())
    for line in filter(None, catalog.index.split("\n")):
        name, _, _, _, *reason = line.split(" ", 4)
        group, _, rest = name.partition("/")
        kind, _, version = rest.partition("_")
        text = schemas.text(f"{group}/{version}", kind)
        assert bool(text) is not bool(reason), name


def test_a_checkout_of_the_catalog_gives_the_same_as_its_schemas_without_prose(
    builder: ModuleType, tmp_path: Path
) -> None:
    spec = {"type": "object", "description": "prose", "properties": {"description": {"type": "string", "title": "T"}}}
    (tmp_path / "a.io").mkdir()
    (tmp_path / "a.io/thing_v1.json").write_text(json.dumps({"type": "object", "properties": {"spec": spec}}))
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github/a.json").write_text("[]")

    catalog = builder.pack_catalog(builder._catalog_rows(tmp_path))

    assert [line.split()[0] for line in catalog.index] == ["a.io/thing_v1"]
    assert "prose" not in catalog.blocks[0]
    assert json.loads(catalog.blocks[0])["properties"]["spec"]["properties"] == {
        "description": {"type": ["string", "null"]}
    }


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        pytest.param({}, "the published schema constrains nothing", id="empty"),
        pytest.param(
            {"properties": {"spec": {"type": "objekt"}}},
            "the published schema does not compile: it is not a valid JSON Schema",
            id="does not compile",
        ),
        pytest.param(
            {"properties": {"spec": {"$ref": "#/definitions/a"}}, "definitions": {"a": {"$ref": "#/definitions/a"}}},
            "the published schema cannot be used: it refers to itself",
            id="without end",
        ),
        pytest.param([], "the published schema cannot be used: it is not a mapping", id="a list"),
    ],
)
def test_a_published_schema_that_cannot_be_used_is_listed_with_the_reason(
    builder: ModuleType, schema: object, reason: str
) -> None:
    catalog = builder.pack_catalog([{"path": "a.io/thing_v1.json", "schema": schema}])

    assert catalog.index == [f"a.io/thing_v1 000 0 0 {reason}"]
    assert catalog.left_out == {reason: ["a.io/thing_v1.json"]}
