"""Rules in Python of the user's: as good as ours, and never run for a revision."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.policy.conftest_program import ROOT
from tests.program import Run, gitops_guard, repository, write

PAGE = (ROOT / "docs" / "python-rules.md").read_text()
FILES = dict(re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL))
((COMMAND, SHOWN),) = re.findall(r"^```console\n\$ (.*)\n((?:.*\n)*?)```$", PAGE, re.MULTILINE)
RULE = FILES["rules/single_replica.py"]
ONLY_RULES = {path: text for path, text in FILES.items() if path != ".gitops-guard.yaml"}


def check(folder: Path, files: dict[str, str], *flags: str) -> Run:
    return gitops_guard("check", "--no-lint", *flags, cwd=write(folder, files))


def findings(run: Run) -> list[str]:
    return [line for line in run.out.splitlines() if "[single-replica]" in line]


def test_the_command_of_the_page_prints_what_it_shows(tmp_path: Path) -> None:
    _, *arguments = shlex.split(COMMAND)

    ran = gitops_guard(*arguments, cwd=write(tmp_path, ONLY_RULES), env={"COLUMNS": "100"})

    assert re.sub(r" \(\d+\.\d+s\)", "", ran.out + ran.err) == SHOWN


def test_the_configuration_names_the_folder_and_sets_options_and_severity(tmp_path: Path) -> None:
    ran = check(tmp_path, FILES, "--select", "single-replica")

    assert ran.code == 1
    assert findings(ran) == ["shop.yaml:6:13: error[single-replica] 1 replicas, and 3 are wanted"]


def test_nothing_is_written_into_the_folder(tmp_path: Path) -> None:
    check(tmp_path, FILES)

    assert [path.name for path in (tmp_path / "rules").iterdir()] == ["single_replica.py"]


def test_a_module_beside_it_can_be_imported(tmp_path: Path) -> None:
    files = {
        **ONLY_RULES,
        "rules/_words.py": 'WORDS = "replicas"\n',
        "rules/single_replica.py": RULE.replace("LEAST = ", "from ._words import WORDS\n\nLEAST = "),
    }

    assert findings(check(tmp_path, files, "--rules", "rules")) != []


def test_a_verdict_out_of_the_cache_ends_with_the_rule(tmp_path: Path) -> None:
    flags = ("--rules", "rules", "--select", "single-replica")
    first = check(tmp_path, ONLY_RULES, *flags)
    second = check(tmp_path, {"rules/single_replica.py": RULE.replace("are wanted", "are asked for")}, *flags)

    assert [line.rpartition(" ")[2] for line in findings(first) + findings(second)] == ["wanted", "for"]


def test_a_rule_that_raises_is_a_crash_and_the_others_go_on(tmp_path: Path) -> None:
    broken = RULE.replace('resource.body["spec"]', 'resource.body["nothing"]')

    ran = check(tmp_path, {**ONLY_RULES, "rules/broken.py": broken}, "--rules", "rules", "--format", "json")

    report = json.loads(ran.out)
    assert ran.code == 3
    assert [crash["rule"] for crash in report["crashes"]] == ["broken"]
    assert "single-replica" in {one["rule"] for one in report["findings"]}


def test_code_of_a_revision_is_never_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    files = {**FILES, "rules/single_replica.py": f"open({str(marker)!r}, 'w').close()\n{RULE}"}
    root = repository(tmp_path / "r", files)

    ran = gitops_guard("check", "--rev", "HEAD", cwd=root)

    assert ran.code == 2
    assert ran.err == (
        "Error: .gitops-guard.yaml names rules in Python, and code of a revision is not run "
        "(--rules names a folder that you trust)\n"
    )
    assert not marker.exists()


def test_in_ci_what_a_configuration_names_is_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    files = {**FILES, "rules/single_replica.py": f"open({str(marker)!r}, 'w').close()\n{RULE}"}

    ran = gitops_guard("check", cwd=write(tmp_path / "r", files), env={"CI": "true"})

    assert ran.code == 2
    assert "names rules in Python, and in CI (the variable `CI` is set) nobody knows whose it is" in ran.err
    assert not marker.exists()


def test_a_folder_that_the_caller_names_is_loaded_for_a_revision(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    trusted = write(tmp_path / "trusted", {"single_replica.py": RULE})

    ran = gitops_guard("check", "--rev", "HEAD", "--rules", str(trusted), "--select", "single-replica", cwd=root)

    assert findings(ran) == ["shop.yaml:6:13: error[single-replica] 1 replicas, and 3 are wanted"]


def test_a_folder_outside_of_the_repository_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "outside", {"single_replica.py": RULE})
    root = repository(tmp_path / "r", FILES)
    for file in (root / "rules").iterdir():
        file.unlink()
    (root / "rules").rmdir()
    (root / "rules").symlink_to(tmp_path / "outside")

    ran = gitops_guard("check", cwd=root)

    assert ran.code == 2
    assert "the folder 'rules' of rules leads out of the repository" in ran.err


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param({"rules/a.py": "def f(:\n"}, "rules/a.py:1:7: the rule does not parse: ", id="syntax"),
        pytest.param({"rules/a.py": "import os\n\n1 / 0\n"}, "rules/a.py:3:1: the rule cannot be imp", id="raises"),
        pytest.param({"rules/a.py": "import nothing_here\n"}, "rules/a.py:1:1: the rule cannot be imp", id="import"),
        pytest.param({"rules/a.py": '"""No rule"""\n'}, "rules/a.py:1:1: a module holds one rule, and", id="none"),
        pytest.param(
            {"rules/lint.py": RULE}, "rules/lint.py:1:1: the id 'lint' is taken: a built-in rule", id="a built-in one"
        ),
    ],
)  # fmt: skip
def test_a_module_that_is_no_rule_is_a_sentence(files: dict[str, str], said: str, tmp_path: Path) -> None:
    ran = check(tmp_path, {"shop.yaml": FILES["shop.yaml"], **files}, "--rules", "rules")

    assert ran.code == 2
    assert ran.err.startswith(f"Error: {said}")


def test_a_folder_that_is_not_there_is_the_callers_mistake(tmp_path: Path) -> None:
    ran = check(tmp_path, {"shop.yaml": FILES["shop.yaml"]}, "--rules", "nowhere")

    assert (ran.code, ran.err) == (2, "Error: --rules 'nowhere': there is no such folder\n")
