"""The hooks, run by the real pre-commit, installed from a commit of this repository, on real repositories."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gitops_guard.load import manifests
from gitops_guard.load.names import is_candidate

CORPUS = "flux2-kustomize-helm-example"
RELEASE = "apps/base/podinfo/release.yaml"
IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
FILE_HOOKS = ("gitops-guard", "gitops-guard-system")
SECRET = """
apiVersion: v1
kind: Secret
metadata:
  name: mail
stringData:
  password: oranje-kiosk-74
"""


def run(folder: Path, *argv: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, argv)], cwd=folder, text=True, capture_output=True, timeout=600, **more)


def git(folder: Path, *arguments: str | Path) -> str:
    done = run(folder, "git", *IDENTITY, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def hooks(repository: Path) -> dict[str, dict[str, Any]]:
    data = (repository / ".pre-commit-hooks.yaml").read_bytes()
    (document,) = manifests.read(".pre-commit-hooks.yaml", data).documents
    return {hook["id"]: hook for hook in document.body}


@pytest.mark.parametrize("hook", FILE_HOOKS)
@pytest.mark.parametrize(
    "name",
    [
        "apps/base/deployment.yaml",
        "apps/base/deployment.yml",
        "dashboards/orders.json",
        "apps/base/kustomization.yml",
        pytest.param("apps/base/Kustomization", id="a kustomization without a suffix"),
        pytest.param("charts/catalog/values-production.yaml", id="values can have duplicate keys"),
        pytest.param("a b/ü.yaml", id="blanks and other letters"),
    ],
)
def test_the_hook_for_files_matches(hooks: dict[str, dict[str, Any]], hook: str, name: str) -> None:
    assert re.search(hooks[hook]["files"], name)
    assert is_candidate(Path(name).name)


@pytest.mark.parametrize("hook", FILE_HOOKS)
@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        ".clang-format",
        "app.yaml.j2",
        "chart/templates/_helpers.tpl",
        "yaml",
        pytest.param("docs/MyKustomization", id="a name that only ends like it"),
        pytest.param("notebook.ipynb", id="JSON, but of something else"),
    ],
)
def test_the_hook_for_files_does_not_match(hooks: dict[str, dict[str, Any]], hook: str, name: str) -> None:
    assert not re.search(hooks[hook]["files"], name)
    assert not is_candidate(Path(name).name)


def test_the_system_hooks_differ_in_the_environment_only(hooks: dict[str, dict[str, Any]]) -> None:
    about = {"id", "name", "description", "language"}

    for hook in ("gitops-guard", "gitops-guard-repository"):
        ours = {key: value for key, value in hooks[hook].items() if key not in about}
        system = {key: value for key, value in hooks[f"{hook}-system"].items() if key not in about}
        assert ours == system


@dataclass(frozen=True)
class PreCommit:
    """Runs in *home*, which keeps the environment that was built from the commit *revision* of *source*."""

    source: Path
    revision: str
    home: Path

    def install(self, repo: Path, *, exclude: str = "^$") -> None:
        hooks = "\n".join(f"      - id: {name}" for name in ("gitops-guard", "gitops-guard-repository"))
        config = f"exclude: {exclude}\nrepos:\n  - repo: {self.source}\n    rev: {self.revision}\n    hooks:\n{hooks}\n"
        (repo / ".pre-commit-config.yaml").write_text(config)
        git(repo, "add", ".pre-commit-config.yaml")
        git(repo, "commit", "-q", "-m", "Use gitops-guard")

    def run(self, repo: Path, hook: str, *flags: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment |= {
            "PRE_COMMIT_HOME": str(self.home),
            "GITOPS_GUARD_CACHE_DIR": str(self.home / "guard"),
            "PRE_COMMIT_COLOR": "never",
        }
        return run(repo, sys.executable, "-m", "pre_commit", "run", "--verbose", hook, *flags, env=environment)


@pytest.fixture(scope="session")
def pre_commit(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> PreCommit:
    if not (repository / ".git").exists():
        pytest.skip("pre-commit installs from a commit, and this is no Git repository")
    folder = tmp_path_factory.mktemp("pre-commit")
    source = folder / "gitops-guard"
    git(folder, "clone", "-q", repository, source)
    return PreCommit(source, git(source, "rev-parse", "HEAD").strip(), folder / "home")


@pytest.fixture
def corpus(shared: Path, tmp_path: Path, pre_commit: PreCommit) -> Path:
    repo = tmp_path / "repo"
    git(tmp_path, "clone", "-q", shared / "corpora" / f"{CORPUS}.bundle", repo)
    pre_commit.install(repo)
    return repo


def stage(repo: Path, file: str, edit: Callable[[str], str]) -> None:
    path = repo / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(edit(path.read_text() if path.exists() else ""))
    git(repo, "add", file)


def misspelled(text: str) -> str:
    return text.replace("releaseName:", "releaseNames:")


pytestmark = pytest.mark.slow


@pytest.mark.shared
def test_a_mistake_in_a_staged_file_stops_the_commit_with_its_place(corpus: Path, pre_commit: PreCommit) -> None:
    stage(corpus, RELEASE, misspelled)

    done = pre_commit.run(corpus, "gitops-guard")

    assert done.returncode == 1, done.stdout
    assert "- exit code: 1" in done.stdout
    assert f"{RELEASE}:8:3: error[schema-invalid]" in done.stdout


@pytest.mark.shared
def test_a_good_change_passes_both_hooks(corpus: Path, pre_commit: PreCommit) -> None:
    stage(corpus, RELEASE, lambda text: text.replace("interval: 50m", "interval: 40m"))

    for hook in ("gitops-guard", "gitops-guard-repository"):
        done = pre_commit.run(corpus, hook)
        assert done.returncode == 0, done.stdout


@pytest.mark.shared
def test_the_hook_on_files_names_the_rules_that_it_leaves_to_the_other(corpus: Path, pre_commit: PreCommit) -> None:
    stage(corpus, RELEASE, lambda text: text.replace("interval: 50m", "interval: 40m"))

    (note,) = [line for line in pre_commit.run(corpus, "gitops-guard").stdout.splitlines() if "left to" in line]

    assert "duplicate-resource" in note
    assert "environment-layout" in note


@pytest.mark.shared
def test_the_repository_hook_reads_what_was_not_staged(corpus: Path, pre_commit: PreCommit) -> None:
    stage(corpus, "apps/production/mail.yaml", lambda _: SECRET)
    git(corpus, "commit", "-q", "--no-verify", "-m", "Forget the hooks")
    stage(corpus, "NOTES.md", lambda _: "Nothing of Kubernetes.\n")

    done = pre_commit.run(corpus, "gitops-guard-repository")

    assert done.returncode == 1, done.stdout
    assert "apps/production/mail.yaml:7:" in done.stdout
    assert "oranje-kiosk-74" not in done.stdout


@pytest.mark.shared
def test_what_counts_is_the_index_and_not_the_work_tree(corpus: Path, pre_commit: PreCommit) -> None:
    good = (corpus / RELEASE).read_text()
    stage(corpus, RELEASE, misspelled)
    (corpus / RELEASE).write_text(good)
    bad_is_staged = pre_commit.run(corpus, "gitops-guard")
    stage(corpus, RELEASE, lambda _: good.replace("interval: 50m", "interval: 40m"))
    (corpus / RELEASE).write_text(misspelled(good))
    good_is_staged = pre_commit.run(corpus, "gitops-guard")

    assert bad_is_staged.returncode == 1, bad_is_staged.stdout
    assert good_is_staged.returncode == 0, good_is_staged.stdout
    assert (corpus / RELEASE).read_text() == misspelled(good)


@pytest.mark.shared
def test_a_commit_without_yaml_passes_and_says_so(corpus: Path, pre_commit: PreCommit) -> None:
    stage(corpus, "NOTES.md", lambda _: "Nothing of Kubernetes.\n")

    done = pre_commit.run(corpus, "gitops-guard")

    assert done.returncode == 0, done.stdout
    assert "(no files to check)Skipped" in done.stdout


@pytest.mark.shared
def test_a_patch_alone_is_still_known_as_a_patch(corpus: Path, pre_commit: PreCommit) -> None:
    """Only the kustomization, which is not staged, says that the file is no whole HelmRelease."""
    stage(corpus, "apps/production/podinfo-values.yaml", lambda text: text.replace('">=1.0.0"', '">=1.0.1"'))

    done = pre_commit.run(corpus, "gitops-guard")

    assert done.returncode == 0, done.stdout
    assert "1 strategic merge patch" in done.stdout


@pytest.mark.shared
def test_all_files_of_several_repositories_in_one_run(shared: Path, tmp_path: Path, pre_commit: PreCommit) -> None:
    repo = tmp_path / "repo"
    git(tmp_path, "init", "-q", repo)
    for bundle in sorted((shared / "corpora").glob("*.bundle")):
        git(repo, "clone", "-q", bundle, bundle.stem)
        shutil.rmtree(repo / bundle.stem / ".git")
    git(repo, "add", ".")
    git(repo, "commit", "-q", "-m", "All of them")
    pre_commit.install(repo)
    relevant = [name for name in git(repo, "ls-files", "-z").split("\0") if is_candidate(Path(name).name)]

    done = pre_commit.run(repo, "gitops-guard", "--all-files")

    assert len(relevant) > 2_000
    assert "- exit code: 1" in done.stdout, done.stdout[-3_000:]
    assert re.search(r"^kubernetes-examples/\S+:\d+:\d+: error\[", done.stdout, re.MULTILINE)
    assert "Traceback" not in done.stdout + done.stderr
    assert "argument list too long" not in (done.stdout + done.stderr).lower()


GUARD = (sys.executable, "-m", "gitops_guard")


def test_the_command_says_when_no_file_is_for_us(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Hello\n")

    done = run(tmp_path, *GUARD, "hook", "README.md")

    assert (done.returncode, done.stdout) == (0, "None of the given files is YAML or JSON: nothing to check.\n")


def test_a_named_file_that_does_not_exist_is_a_wrong_call(tmp_path: Path) -> None:
    done = run(tmp_path, *GUARD, "hook", "gone.yaml")

    assert done.returncode == 2
    assert "gone.yaml" in done.stderr
