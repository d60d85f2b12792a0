"""Planters edit real text and leave it readable; what is planted is found, or told to be missed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench import planting
from bench.planting import Field
from bench.plants.ground import PLANTERS, Ground, Plant, secret
from gitops_guard.rules import all_rules

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels:
    app: web
spec:
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - image: ghcr.io/example/web:1.4.2
        name: web
"""
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  level: info\n"
KUSTOMIZATION = "resources:\n- web.yaml\n- settings.yaml\n"


def _ground(**others: str) -> Ground:
    files = {"apps/web.yaml": WEB, "apps/settings.yaml": SETTINGS, "apps/kustomization.yaml": KUSTOMIZATION, **others}
    return Ground("made", {path: text.encode() for path, text in files.items()})


def _text(plant: Plant | None, path: str) -> str:
    assert plant is not None
    data = plant.files[path]
    assert data is not None
    return data.decode()


def test_inserts_behind_a_field_with_its_indentation() -> None:
    ground = _ground()
    (web,) = ground.of_kind("Deployment")
    containers = ("spec", "template", "spec", "containers")

    plant = ground.behind(web, (*containers, 0, "image"), "env:\n- name: A\n  value: b «")

    lines = _text(plant, "apps/web.yaml").split("\n")
    assert lines[17:20] == ["        env:", "        - name: A", "          value: b"]
    assert plant is not None
    assert plant.expected == {("apps/web.yaml", 20)}


def test_inserts_in_front_of_the_first_key_of_a_mapping() -> None:
    ground = _ground()
    (settings,) = ground.of_kind("ConfigMap")

    assert "data:\n  a: b\n  level" in _text(ground.into(settings, ("data",), "a: b «"), "apps/settings.yaml")


def test_leaves_a_mapping_in_flow_style_alone() -> None:
    ground = _ground()
    (settings,) = ground.of_kind("ConfigMap")

    assert ground.into(settings, ("metadata",), "a: b «") is None
    assert ground.behind(settings, ("metadata", "name"), "a: b «") is None


def test_a_secret_is_another_one_at_each_place_and_the_same_in_each_run() -> None:
    assert secret("a", 1) == secret("a", 1) != secret("a", 2)


@pytest.fixture
def planters(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, object]]:
    known: dict[str, dict[str, object]] = {}
    monkeypatch.setattr(planting, "PLANTERS", known)
    return known


def _latest(ground: Ground) -> Iterator[Plant | None]:
    for resource, path, _ in ground.containers():
        yield ground.rewritten(resource, (*path, "image"), "ghcr.io/example/web:latest")


def _nothing(ground: Ground) -> Iterator[Plant | None]:
    yield ground.instead("apps/web.yaml", 4, "  name: web2 «")


def test_tells_found_from_missed(planters: dict[str, dict[str, object]]) -> None:
    planters["unpinned-image-tag"] = {"latest": _latest, "nothing": _nothing}

    planted = planting.plant_all({"made": Field(_ground())}, ["unpinned-image-tag"], jobs=1)

    assert [(each.form, each.line, each.found) for each in planted] == [("latest", 17, True), ("nothing", 4, False)]


def test_a_file_with_a_finding_is_no_place(planters: dict[str, dict[str, object]]) -> None:
    planters["unpinned-image-tag"] = {"latest": _latest}
    before = WEB.replace(":1.4.2", "")

    assert planting.choose("unpinned-image-tag", {"made": Field(_ground(**{"apps/web.yaml": before}))}) == []


def test_an_edit_that_breaks_the_file_is_no_place(planters: dict[str, dict[str, object]]) -> None:
    planters["unpinned-image-tag"] = {"broken": lambda ground: iter([ground.instead("apps/web.yaml", 4, "  'name «")])}

    assert planting.choose("unpinned-image-tag", {"made": Field(_ground())}) == []


def test_each_form_gets_its_turn(planters: dict[str, dict[str, object]]) -> None:
    many = {f"apps/web{number}.yaml": WEB for number in range(9)}
    planters["unpinned-image-tag"] = {"latest": _latest, "nothing": _nothing}

    chosen = planting.choose("unpinned-image-tag", {"made": Field(_ground(**many))}, places=5)

    assert [each.form for each in chosen] == ["latest", "nothing", "latest", "latest", "latest"]


@pytest.mark.parametrize("rule", sorted(PLANTERS))
def test_every_planter_runs_and_marks_what_it_plants(rule: str) -> None:
    ground = _ground()
    plants = [plant for planter in PLANTERS[rule].values() for plant in planter(ground) if plant is not None]

    assert all(plant.files for plant in plants)
    assert not any("«".encode() in (data or b"") for plant in plants for data in plant.files.values())


def test_the_planters_of_rules_that_exist_find_a_place_in_a_small_repository() -> None:
    field = {"made": Field(_ground())}
    rules = ["duplicate-key", "deprecated-api", "plaintext-secret", "selector-mismatch", "missing-file"]

    planted = planting.plant_all(field, rules, jobs=1)

    assert {each.rule for each in planted if each.found} == set(rules) <= all_rules().keys()
