"""Each flag changes what it says, and wins over the configuration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.program import gitops_guard, write

REMOVED = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata:\n  name: a\n"
FLOATING = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: a\n    image: a:latest\n"
LOOSE = "apiVersion: v1\nkind: ConfigMap\nmetadata:   \n  name: a\n"


def rules_found(root: Path, *args: str) -> list[tuple[str, int, str]]:
    run = gitops_guard("check", "--no-cache", "--format", "json", *args, cwd=root)
    assert run.code in (0, 1), run.err
    return [(found["rule"], found["line"], found["severity"]) for found in json.loads(run.out)["findings"]]


@pytest.mark.parametrize("version", ["1.30", "1.30.2", "v1.30.2"])
def test_the_target_version_reaches_the_rules(tmp_path: Path, version: str) -> None:
    root = write(tmp_path, {"a.yaml": REMOVED})

    assert rules_found(root, "--kubernetes-version", version) == [("deprecated-api", 1, "error")]


def test_an_unknown_target_version_names_the_range(tmp_path: Path) -> None:
    run = gitops_guard("check", "--kubernetes-version", "1.7", cwd=write(tmp_path, {"a.yaml": FLOATING}))

    assert (run.code, "1.25 to 1.37" in run.err) == (2, True)


def test_select_asks_only_these_rules_and_ignore_all_but_these(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.yaml": FLOATING, "b.yaml": REMOVED})

    assert rules_found(root, "--select", "unpinned-image-tag,lint") == [("unpinned-image-tag", 8, "warning")]
    assert rules_found(root, "--ignore", "unpinned-image-tag", "--no-lint") == [("deprecated-api", 1, "error")]


def test_a_selected_rule_is_asked_whatever_the_profile_says(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.yaml": FLOATING})

    assert rules_found(root, "--profile", "minimal", "--select", "unpinned-image-tag") == [
        ("unpinned-image-tag", 8, "warning")
    ]


@pytest.mark.parametrize(
    "flags",
    [("--select", "lint", "--ignore", "lint"), ("--select", "lint", "--no-lint"), ("--rev", ""), ("--rev", " ")],
)
def test_flags_that_leave_nothing_to_ask_are_refused(tmp_path: Path, flags: tuple[str, ...]) -> None:
    run = gitops_guard("check", *flags, cwd=write(tmp_path, {"a.yaml": FLOATING}))

    assert (run.code, run.err.startswith("Error: ")) == (2, True)


def test_a_name_for_standard_input_needs_standard_input(tmp_path: Path) -> None:
    run = gitops_guard("check", "--stdin-filename", "x.yaml", cwd=write(tmp_path, {"a.yaml": FLOATING}))

    assert (run.code, "--stdin-filename" in run.err) == (2, True)


def test_an_environment_that_nothing_belongs_to_is_noted(tmp_path: Path) -> None:
    config = "environments:\n  prodution:\n    rules:\n      unpinned-image-tag: error\n"
    root = write(tmp_path, {"apps/production/a.yaml": FLOATING, ".gitops-guard.yaml": config})

    shown = gitops_guard("check", "--no-lint", cwd=root).out

    assert "`prodution`, which nothing belongs to (there are: production)" in shown


def test_a_waiver_of_a_rule_that_is_not_selected_is_neither_wrong_nor_unused(tmp_path: Path) -> None:
    waived = FLOATING.replace("a:latest", "a:latest # gitops-guard: allow unpinned-image-tag -- a demo")

    assert rules_found(write(tmp_path, {"a.yaml": waived}), "--ignore", "unpinned-image-tag", "--no-lint") == []


def test_fail_on_decides_the_exit_code_and_wins_over_the_configuration(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.yaml": FLOATING, ".gitops-guard.yaml": "fail-on: warning\n"})

    codes = [gitops_guard("check", "--no-lint", *flag, cwd=root).code for flag in ((), ("--fail-on", "error"))]

    assert codes == [1, 0]


def test_no_lint_leaves_yamllint_out(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.yaml": LOOSE})

    assert (rules_found(root), rules_found(root, "--no-lint")) == ([("lint", 3, "warning")], [])


def test_a_wrong_type_and_a_truthy_value_at_one_place_are_one_finding(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: {}\ndata:\n  debug: yes\n"
    root = write(tmp_path, {"a.yaml": text})

    assert rules_found(root) == [("schema-invalid", 7, "error")]
    assert rules_found(root, "--ignore", "schema-invalid") == [("lint", 7, "warning")]


def test_the_number_of_processes_changes_nothing(tmp_path: Path) -> None:
    files = {f"{number}.yaml": FLOATING + "# " + "x" * 2000 + "\n" for number in range(300)}
    root = write(tmp_path, {**files, "b.yaml": REMOVED, "c.yaml": "a: [\n"})

    one, several = (
        gitops_guard("check", "--no-cache", "--no-lint", "--format", "json", "-j", jobs, cwd=root).out
        for jobs in ("1", "3")
    )

    assert one == several
    assert len(json.loads(one)["findings"]) == 302


def test_a_profile_turns_rules_off_or_makes_their_findings_errors(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.yaml": FLOATING})

    assert rules_found(root, "--profile", "minimal", "--no-lint") == []
    strict = rules_found(root, "--profile", "strict", "--no-lint", "--ignore", "pod-security-restricted")
    assert strict == [("unpinned-image-tag", 8, "error")]


def test_a_second_run_from_the_cache_prints_the_same(tmp_path: Path) -> None:
    root = write(tmp_path / "repository", {"a.yaml": LOOSE})
    home = {"XDG_CACHE_HOME": str(tmp_path / "cache")}

    first, second = (gitops_guard("check", "--format", "json", cwd=root, env=home) for _ in range(2))

    assert first.out == second.out
    assert any((tmp_path / "cache").rglob("lint-*"))
    assert sorted(path.name for path in root.iterdir()) == ["a.yaml"]


def test_coverage_lists_what_was_not_checked(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.yaml": FLOATING, "b.yaml": "{{ template }}\n"})

    shown = gitops_guard("check", "--no-lint", "--coverage", cwd=root).out

    assert "b.yaml: other template" in shown


@pytest.mark.parametrize(
    "command", [("rules",), ("explain", "lint"), ("config", "schema"), ("completion", "zsh"), ("--help",)]
)
def test_a_command_that_only_tells_ends_with_0(tmp_path: Path, command: tuple[str, ...]) -> None:
    run = gitops_guard(*command, cwd=tmp_path)

    assert (run.code, run.err, run.out != "") == (0, "", True)


def test_an_overlay_without_resources_of_its_own_is_of_an_environment(tmp_path: Path) -> None:
    overlay = "resources: [../../base]\n"
    files = {f"apps/shop/overlays/{name}/kustomization.yaml": overlay for name in ("staging", "production")}
    base = {"apps/shop/base/kustomization.yaml": "resources: [a.yaml]\n", "apps/shop/base/a.yaml": FLOATING}

    assert "2 environments" in gitops_guard("check", "--no-lint", cwd=write(tmp_path, files | base)).out


def test_rules_are_listed_by_topic_and_one_rule_is_one_line(tmp_path: Path) -> None:
    blocks = gitops_guard("rules", cwd=tmp_path).out.split("\n\n")

    assert [block.splitlines()[0] for block in blocks][:2] == ["Secrets:", "Environments:"]
    assert blocks[1].splitlines()[2].split()[:4] == ["promotion-order", "warning", "recommended", "Production"]


def test_apps_lists_environment_and_folder(tmp_path: Path) -> None:
    root = write(tmp_path, {"apps/shop/overlays/production/kustomization.yaml": "resources: []\n"})

    lines = gitops_guard("apps", cwd=root).out.splitlines()

    assert lines[1].split() == ["production", "-", "shop", "kustomize", "apps/shop/overlays/production"]


def test_an_unknown_rule_is_explained_by_its_nearest_name(tmp_path: Path) -> None:
    run = gitops_guard("explain", "unpined-image-tag", cwd=tmp_path)

    assert (run.code, "'unpinned-image-tag'" in run.err) == (2, True)
