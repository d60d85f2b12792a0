"""`--schema-location`: kubeconform's templates, folders, and URLs where they are allowed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.model.errors import UsageError
from gitops_guard.schema.locations import Locations, fields_of, fill

Check = Callable[..., Any]
BASKET = "apiVersion: shop.example.com/v1\nkind: Basket\nmetadata: {name: a}\nspec:\n  size: big\n"
SCHEMA = {"properties": {"spec": {"properties": {"size": {"type": "integer"}}}}}
TEMPLATE = "{{ .Group }}/{{.ResourceKind}}_{{ .ResourceAPIVersion }}.json"
FOUND = [(5, "schema-invalid", '`spec.size` is the string "big"; an integer is needed')]


def places(answers: Any) -> list[tuple[int, str, str]]:
    return [(answer.line, answer.rule, answer.message) for answer in answers]


@pytest.mark.parametrize(
    ("group", "kind", "version", "path"),
    [
        ("apps", "Deployment", "v1", "v1.31.0-strict/deployment-apps-v1"),
        ("", "Pod", "v1", "v1.31.0-strict/pod-v1"),
        ("networking.k8s.io", "Ingress", "v1", "v1.31.0-strict/ingress-networking-v1"),
    ],
)
def test_fields_are_those_of_kubeconform(group: str, kind: str, version: str, path: str) -> None:
    template = "{{ .NormalizedKubernetesVersion }}{{.StrictSuffix}}/{{- .ResourceKind -}}{{ .KindSuffix }}"

    assert fill(template, fields_of(group, kind, version, kubernetes="v1.31.0")) == path


def test_the_group_of_core_is_its_version() -> None:
    assert fields_of("", "Pod", "v1", kubernetes="v1.31.0")["Group"] == "v1"


def test_a_folder_with_a_template_is_read(check: Check, tmp_path: Path) -> None:
    (tmp_path / "shop.example.com").mkdir()
    (tmp_path / "shop.example.com/basket_v1.json").write_text(json.dumps(SCHEMA))

    assert places(check(BASKET, locations=[f"{tmp_path}/{TEMPLATE}"])) == FOUND


def test_a_folder_without_a_template_has_the_layout_of_kubernetes_json_schema(check: Check, tmp_path: Path) -> None:
    (tmp_path / "v1.31.0-standalone-strict").mkdir()
    (tmp_path / "v1.31.0-standalone-strict/basket-shop-v1.json").write_text(json.dumps(SCHEMA))

    assert places(check(BASKET, locations=["default", str(tmp_path)])) == FOUND


def test_the_first_location_that_has_a_usable_schema_wins(check: Check, tmp_path: Path) -> None:
    for name, content in (("a", "not json"), ("b", json.dumps(SCHEMA)), ("c", "{}")):
        (tmp_path / f"{name}.json").write_text(content)

    assert places(check(BASKET, locations=[f"{tmp_path}/{name}.json" for name in "abc"])) == FOUND


def test_a_schema_of_a_later_draft_is_read_as_such(check: Check, tmp_path: Path) -> None:
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"kind": {"const": "Bag"}}}
    (tmp_path / "a.json").write_text(json.dumps(schema))

    assert [answer.line for answer in check(BASKET, locations=[f"{tmp_path}/a.json"])] == [2]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("[]", "a.json is not a JSON Schema", id="no schema"),
        pytest.param("[" * 5000, "a.json is not a JSON Schema", id="deep"),
        pytest.param('{"$ref": "https://example.com/b.json"}', "it refers to a schema elsewhere", id="elsewhere"),
        pytest.param('{"$ref": "#/definitions/a"}', "it refers to a definition that is not there", id="nowhere"),
    ],
)
def test_a_schema_that_cannot_be_used_is_named(check: Check, tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "a.json").write_text(content)

    (answer,) = check(BASKET, locations=[f"{tmp_path}/a.json"])

    assert answer.rule == "schema-missing"
    assert reason in answer.message


def test_a_name_from_a_repository_cannot_leave_the_folder(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "secret.json").write_text("{}")
    locations = Locations(
        [f"{tmp_path}/inside/{{{{.ResourceKind}}}}.json"], version="1.31", online=False, cache_dir=None
    )

    assert list(locations.find("a.io", "../secret", "v1")) == []


@pytest.mark.parametrize(
    ("location", "message"),
    [
        pytest.param("https://user:t0ken@example.com/{{.Group}}.json", "--online", id="a URL without --online"),
        pytest.param("{{ .Grop }}.json", "has no field '.Grop'", id="an unknown field"),
        pytest.param("/no/such/folder", "is not a folder", id="no folder"),
    ],
)
def test_a_location_that_can_never_work_is_refused(location: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        Locations([location], version="1.31", online=False, cache_dir=None)

    assert message in str(raised.value)
    assert "t0ken" not in str(raised.value)


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A place on this machine that has the schema of Basket and nothing else; and what was asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status = {"/basket.json": 200, "/broken/basket.json": 500}.get(self.path, 404)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(SCHEMA).encode())

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()
        thread.join()


def test_a_url_is_asked_once_and_kept(check: Check, server: tuple[str, list[str]], tmp_path: Path) -> None:
    url, asked = server
    cache = tmp_path / "cache"

    for _ in range(2):
        answers = check(BASKET, locations=[f"{url}/{{{{.ResourceKind}}}}.json"], online=True, cache_dir=cache)
        assert places(answers) == FOUND

    assert asked == ["/basket.json"]
    assert [path.suffix for path in cache.iterdir()] == [".json"]


def test_what_a_server_has_not_is_asked_of_the_next(check: Check, server: tuple[str, list[str]]) -> None:
    url, asked = server
    locations = [f"{url}/none/{{{{.ResourceKind}}}}.json", f"{url}/{{{{.ResourceKind}}}}.json"]

    assert places(check(BASKET, locations=locations, online=True)) == FOUND
    assert asked == ["/none/basket.json", "/basket.json"]


def test_a_server_that_fails_is_named_in_the_finding(check: Check, server: tuple[str, list[str]]) -> None:
    url, _ = server

    (answer,) = check(BASKET, locations=[f"{url}/broken/{{{{.ResourceKind}}}}.json"], online=True)

    assert answer.rule == "schema-missing"
    assert "/broken/basket.json answered 500" in answer.message


def test_a_server_that_is_not_there_is_named_in_the_finding(check: Check) -> None:
    (answer,) = check(BASKET, locations=["http://127.0.0.1:9/{{.ResourceKind}}.json"], online=True)

    assert "http://127.0.0.1:9/basket.json could not be fetched" in answer.message
