"""Workflows and actions of GitHub, and of Gitea and Forgejo, which read the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gitops_guard.model.ci import Job, Script, Step, Workflow, listed, mapping
from gitops_guard.model.resource import FieldPath, SourceFile

# Inputs of actions that are run as shell: azure/cli, nick-fields/retry, appleboy/ssh-action, …
_SCRIPT_INPUTS: Final = ("run", "script", "command", "commands", "inlineScript", "args", "cmd")
_NOT_SHELL: Final = ("actions/github-script",)
_EVERY: Final = ("*", "**", "**/*")


def read(file: SourceFile) -> Iterator[Workflow]:
    for document in file.documents:
        body = mapping(document.body)
        jobs = mapping(body.get("jobs"))
        found = [_job(file, document.index, body, str(name), job) for name, job in jobs.items()]
        trigger = "true" if "true" in body else "on"  # `on` is a boolean of YAML 1.1
        yield Workflow(file, tuple(found), _is_before_merge(body.get(trigger)), (trigger,))


def composite(file: SourceFile) -> Iterator[Step]:
    """The steps of an action of the repository's own."""
    for document in file.documents:
        runs = mapping(mapping(document.body).get("runs"))
        yield from _steps(file, document.index, ("runs", "steps"), runs.get("steps"), "")


def _job(file: SourceFile, document: int, workflow: Mapping[str, Any], name: str, body: object) -> Job:
    job = mapping(body)
    path: FieldPath = ("jobs", name)
    folder = _folder(job) or _folder(workflow)
    services = [mapping(service).get("image") for service in mapping(job.get("services")).values()]
    uses = job.get("uses")
    return Job(
        name=name,
        file=file,
        document=document,
        path=path,
        steps=tuple(_steps(file, document, (*path, "steps"), job.get("steps"), folder)),
        images=tuple(image for image in services if isinstance(image, str)),
        variables={**mapping(workflow.get("env")), **mapping(job.get("env"))},
        calls=uses if isinstance(uses, str) else "",
    )


def _folder(body: Mapping[str, Any]) -> str:
    folder = mapping(mapping(body.get("defaults")).get("run")).get("working-directory")
    return folder if isinstance(folder, str) else ""


def _steps(file: SourceFile, document: int, path: FieldPath, entries: object, folder: str) -> Iterator[Step]:
    for number, entry in enumerate(listed(entries)):
        if isinstance(entry, Mapping):
            yield _step(file, document, (*path, number), entry, folder)


def _step(file: SourceFile, document: int, path: FieldPath, step: Mapping[str, Any], folder: str) -> Step:
    uses = step.get("uses") if isinstance(step.get("uses"), str) else ""
    inputs = mapping(step.get("with"))
    scripts: list[Script] = []
    if isinstance(step.get("run"), str) and not str(step.get("shell", "")).startswith("python"):
        scripts.append(Script(file, step["run"], document, (*path, "run")))
    if not str(uses).startswith(_NOT_SHELL):
        scripts += [
            Script(file, inputs[name], document, (*path, "with", name))
            for name in _SCRIPT_INPUTS
            if isinstance(inputs.get(name), str)
        ]
    own = step.get("working-directory")
    return Step(
        name=str(step.get("name") or step.get("id") or uses or f"number {int(path[-1]) + 1}"),
        file=file,
        document=document,
        path=path,
        scripts=tuple(scripts),
        uses=str(uses),
        settings=inputs,
        variables=mapping(step.get("env")),
        folder=own if isinstance(own, str) else folder,
    )


def _is_before_merge(on: object) -> bool:
    if isinstance(on, str):
        return on in _BEFORE_MERGE or on == "push"
    if isinstance(on, list):
        return any(_is_before_merge(event) for event in on if isinstance(event, str))
    events = mapping(on)
    if any(event in events for event in _BEFORE_MERGE):
        return True
    return "push" in events and _is_every_branch(mapping(events["push"]))


_BEFORE_MERGE: Final = ("pull_request", "pull_request_target", "merge_group")


def _is_every_branch(push: Mapping[str, Any]) -> bool:
    if "branches" in push:
        return any(branch in _EVERY for branch in listed(push["branches"]) or [push["branches"]])
    return "branches-ignore" in push or not ("tags" in push or "tags-ignore" in push)
