"""The workflows of a repository: which file is read as which dialect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gitops_guard.model import ci_github, ci_hosts
from gitops_guard.model.ci import Workflow
from gitops_guard.model.resource import FileKind, SourceFile, Tree

_GITHUB: Final = (".github/workflows/", ".gitea/workflows/", ".forgejo/workflows/")
_AZURE: Final = (".azure-pipelines/", ".azuredevops/", ".pipelines/")


def workflows(tree: Tree) -> list[Workflow]:
    """In the order of their files."""
    found: list[Workflow] = []
    for file in tree.files:
        if file.kind is FileKind.CI_WORKFLOW:
            found.extend(_read(file))
        elif file.kind is FileKind.NOT_YAML and file.data and "enkinsfile" in file.path:
            from gitops_guard.model import ci_jenkins

            found.extend(ci_jenkins.read(file))
    files: dict[str, SourceFile] = {}
    for resource in tree.resources:
        if resource.id.group == "tekton.dev":
            files = files or {file.path: file for file in tree.files}
            found.extend(ci_hosts.tekton(resource, files[resource.location.file]))
    return found


def _read(file: SourceFile) -> Iterator[Workflow]:
    name = file.path.rpartition("/")[2]
    if file.path.startswith(_GITHUB):
        return ci_github.read(file)
    if name.endswith((".gitlab-ci.yml", ".gitlab-ci.yaml")) or file.path.startswith((".gitlab/", ".gitlab-ci/")):
        return ci_hosts.gitlab(file)
    if file.path.startswith(".circleci/"):
        return ci_hosts.circleci(file)
    if name.startswith("azure-pipelines") or file.path.startswith(_AZURE):
        return ci_hosts.azure(file)
    if name.startswith("bitbucket-pipelines"):
        return ci_hosts.bitbucket(file)
    if name.startswith((".drone.", ".woodpecker.")) or file.path.startswith(".woodpecker/"):
        return ci_hosts.drone(file)
    if name.startswith(".travis."):
        return ci_hosts.travis(file)
    if name.startswith("cloudbuild"):
        return ci_hosts.cloudbuild(file)
    if file.path.startswith(".buildkite/"):
        return ci_hosts.buildkite(file)
    return iter(())
