"""What is said of a schema that a comment names for the editor."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from gitops_guard.model.resource import Resource
from gitops_guard.schema import modeline
from gitops_guard.schema.embedded import EmbeddedSchemas
from gitops_guard.schema.locations import Locations

Read = Callable[[str], tuple[Resource, ...]]
BASKET = "apiVersion: shop.example.com/v1\nkind: Basket\nmetadata: {name: a}\n"
URL = "https://schemas.example.com/all/shop.example.com/basket_v1.json"
TEMPLATE = "https://schemas.example.com/all/{{ .Group }}/{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json"


@pytest.mark.parametrize(
    ("above", "told"),
    [
        ("", ""),
        ("# a basket\n", ""),
        (f"# yaml-language-server: $schema={URL}\n", f"in line 1; `--online --schema-location '{TEMPLATE}'` checks"),
        (f"---\n# yaml-language-server: $schema={URL}\n", "in line 2; "),
        (f"a: 1\n---\n# yaml-language-server: $schema={URL}\n", "in line 3; "),
        ("# yaml-language-server: $schema=./basket.json\n", "its schema is named in line 1"),
        ("# yaml-language-server: $schema=https://example.com/basket.schema.json\n", "its schema is named in line 1"),
        (f"# yaml-language-server: $schema={URL.replace('//', '//me:it@')}\n", "its schema is named in line 1"),
        (f"# yaml-language-server: $schema={URL}\na: 1\n---\n" + "# x\n" * 30, ""),
    ],
)
def test_the_line_is_told_and_how_to_use_it(read: Read, above: str, told: str) -> None:
    fix = modeline.use_of(next(one for one in read(above + BASKET) if one.id.kind == "Basket"))

    assert told in fix
    assert bool(fix) is bool(told)
    assert "me:it" not in fix


def test_the_schema_of_another_document_does_not_count(read: Read) -> None:
    text = f"# yaml-language-server: $schema={URL}\n{BASKET}---\n{BASKET}"

    assert [bool(modeline.use_of(resource)) for resource in read(text)] == [True, False]


def test_the_location_that_is_told_is_one(read: Read) -> None:
    Locations([TEMPLATE], version="1.31", online=True, cache_dir=None)
    schemas = EmbeddedSchemas("1.31", crds=lambda *_: ())

    found = [
        problem for one in read(f"# yaml-language-server: $schema={URL}\n{BASKET}") for _, problem in schemas.check(one)
    ]

    assert [TEMPLATE in (problem.fix or "") for problem in found] == [True]


@pytest.mark.parametrize("text", ["/" * 200_000, "yaml-language-server: $schema=" * 10_000, "https://a/" * 20_000])
def test_hostile_comments_are_read_in_linear_time(read: Read, text: str) -> None:
    resources = read(f"# yaml-language-server: $schema={text}\n# {text}\n{BASKET}")
    started = time.process_time()

    for resource in resources:
        modeline.use_of(resource)

    assert time.process_time() - started < 1
