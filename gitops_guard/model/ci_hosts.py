"""GitLab CI, CircleCI, Azure Pipelines, Bitbucket, Drone, Woodpecker, Travis, Cloud Build, Buildkite, Tekton.

Of each dialect what tells which commands run together: jobs, their scripts, and what they share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from gitops_guard.model.ci import Job, Script, Step, Workflow, listed, made_script, mapping, scripts
from gitops_guard.model.resource import FieldPath, Resource, SourceFile

_GITLAB_KEYS: Final = frozenset(
    {"default", "variables", "include", "stages", "workflow", "image", "services", "cache", "spec", "before_script",
     "after_script"}
)  # fmt: skip
_GITLAB_SCRIPTS: Final = ("before_script", "script", "after_script")
_TRAVIS_SCRIPTS: Final = ("before_install", "install", "before_script", "script", "after_success", "before_deploy")
_AZURE_SCRIPTS: Final = ("script", "bash", "pwsh", "powershell")
_TASK_KINDS: Final = frozenset({"Task", "ClusterTask", "Pipeline", "TaskRun", "PipelineRun"})
_DEEPEST: Final = 24  # a step of a deployment job of Azure stands 12 deep


def gitlab(file: SourceFile) -> Iterator[Workflow]:
    for document in file.documents:
        body = mapping(document.body)
        used = {name for job in body.values() for name in _parents(job)}
        found = [
            _gitlab_job(file, document.index, body, str(name))
            for name, job in body.items()
            if isinstance(job, Mapping) and name not in _GITLAB_KEYS and name not in used
        ]
        yield Workflow(file, tuple(found))


def _parents(job: object) -> list[str]:
    extends = mapping(job).get("extends")
    names = [extends] if isinstance(extends, str) else listed(extends)
    return [name for name in names if isinstance(name, str)]


def _gitlab_job(file: SourceFile, document: int, body: Mapping[str, Any], name: str) -> Job:
    family = _family(body, name)
    around = [step for parent in family[1:] for step in _gitlab_steps(file, document, (parent,), mapping(body[parent]))]
    if not any("before_script" in mapping(body[member]) for member in family):
        shared: list[tuple[FieldPath, object]] = [((), body), (("default",), body.get("default"))]
        around += [step for path, level in shared for step in _gitlab_steps(file, document, path, mapping(level))]
    levels = [body, mapping(body.get("default")), *(mapping(body[member]) for member in family)]
    return Job(
        name=name,
        file=file,
        document=document,
        path=(name,),
        steps=tuple(_gitlab_steps(file, document, (name,), mapping(body[name]))),
        around=tuple(around),
        images=tuple(image for level in levels for image in _images(level)),
        variables={
            key: value for level in (body, *levels[:1:-1]) for key, value in mapping(level.get("variables")).items()
        },
    )


def _family(body: Mapping[str, Any], name: str) -> list[str]:
    """A job and all that it extends, each once."""
    found = [name]
    for member in found:
        found += [parent for parent in _parents(body[member]) if parent in body and parent not in found]
    return found


def _gitlab_steps(file: SourceFile, document: int, path: FieldPath, job: Mapping[str, Any]) -> Iterator[Step]:
    for key in _GITLAB_SCRIPTS:
        found = tuple(scripts(file, document, (*path, key), job.get(key)))
        if found and (path or key != "script"):
            yield Step(str(path[-1]) if path else key, file, document, (*path, key), found)


def _images(level: Mapping[str, Any]) -> Iterator[str]:
    for entry in [level.get("image"), *listed(level.get("services"))]:
        image = mapping(entry).get("name") if isinstance(entry, Mapping) else entry
        if isinstance(image, str):
            yield image


def circleci(file: SourceFile) -> Iterator[Workflow]:
    for document in file.documents:
        body = mapping(document.body)
        jobs = [
            Job(
                name=str(name),
                file=file,
                document=document.index,
                path=("jobs", name),
                steps=tuple(_circle_steps(file, document.index, ("jobs", name, "steps"), mapping(job), body, ())),
                variables=mapping(mapping(job).get("environment")),
            )
            for name, job in mapping(body.get("jobs")).items()
        ]
        yield Workflow(file, tuple(jobs))


def _circle_steps(
    file: SourceFile,
    document: int,
    path: FieldPath,
    owner: Mapping[str, Any],
    body: Mapping[str, Any],
    seen: Iterable[str],
) -> Iterator[Step]:
    """The steps of a job, with those of the commands that it uses."""
    for number, entry in enumerate(listed(owner.get("steps"))):
        name, settings = _circle_entry(entry)
        at: FieldPath = (*path, number)
        if name in ("when", "unless") and len(path) < _DEEPEST:
            yield from _circle_steps(file, document, (*at, name, "steps"), mapping(settings), body, seen)
        elif name == "run":
            key = ("run", "command") if isinstance(settings, Mapping) else ("run",)
            text = mapping(settings).get("command") if isinstance(settings, Mapping) else settings
            shown = mapping(settings).get("name") or f"number {number + 1}"
            variables = mapping(mapping(settings).get("environment"))
            found = tuple(scripts(file, document, (*at, *key), text))
            yield Step(str(shown), file, document, at, found, variables=variables)
        elif name in mapping(body.get("commands")) and name not in seen:
            command = mapping(mapping(body["commands"])[name])
            yield from _circle_steps(file, document, ("commands", name, "steps"), command, body, (*seen, name))
        elif name:
            yield Step(name, file, document, at, uses=name, settings=mapping(settings))


def _circle_entry(entry: object) -> tuple[str, object]:
    if isinstance(entry, str):
        return entry, None
    for name, settings in mapping(entry).items():
        return str(name), settings
    return "", None


def azure(file: SourceFile) -> Iterator[Workflow]:
    """`steps` stand in stages, in jobs, in the strategies of deployments, or at the top."""
    for document in file.documents:
        jobs = [
            Job(
                name=str(owner.get("job") or owner.get("deployment") or "steps"),
                file=file,
                document=document.index,
                path=path,
                steps=tuple(_azure_steps(file, document.index, (*path, "steps"), owner["steps"])),
            )
            for path, owner in _owners(document.body, "steps")
        ]
        yield Workflow(file, tuple(jobs))


def _azure_steps(file: SourceFile, document: int, path: FieldPath, entries: object) -> Iterator[Step]:
    for number, entry in enumerate(listed(entries)):
        step = mapping(entry)
        at: FieldPath = (*path, number)
        inputs = mapping(step.get("inputs"))
        found = [script for key in _AZURE_SCRIPTS for script in scripts(file, document, (*at, key), step.get(key))]
        for key in ("script", "inlineScript", "Inline"):
            found += scripts(file, document, (*at, "inputs", key), inputs.get(key))
        task = step.get("task")
        shown = step.get("displayName") or task or f"number {number + 1}"
        uses = task if isinstance(task, str) else ""
        yield Step(str(shown), file, document, at, tuple(found), uses, inputs, mapping(step.get("env")))


def _owners(value: object, key: str, path: FieldPath = ()) -> Iterator[tuple[FieldPath, Mapping[str, Any]]]:
    """All mappings that hold a list under *key*."""
    if len(path) > _DEEPEST:
        return
    if isinstance(value, Mapping):
        if isinstance(value.get(key), list):
            yield path, value
        for name, child in value.items():
            if name != key and isinstance(child, Mapping | list):
                yield from _owners(child, key, (*path, name))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            if isinstance(child, Mapping | list):
                yield from _owners(child, key, (*path, number))


def bitbucket(file: SourceFile) -> Iterator[Workflow]:
    for document in file.documents:
        jobs = [
            Job(
                name=str(owner.get("name") or "step"),
                file=file,
                document=document.index,
                path=path,
                steps=tuple(_bitbucket_steps(file, document.index, path, owner)),
                images=tuple(_images(owner)),
            )
            for path, owner in _owners(document.body, "script")
        ]
        yield Workflow(file, tuple(jobs))


def _bitbucket_steps(file: SourceFile, document: int, path: FieldPath, owner: Mapping[str, Any]) -> Iterator[Step]:
    name = str(owner.get("name") or "step")
    for key in ("script", "after-script"):
        for number, entry in enumerate(listed(owner.get(key))):
            at: FieldPath = (*path, key, number)
            pipe = mapping(entry).get("pipe")
            if isinstance(pipe, str):
                yield Step(name, file, document, at, uses=pipe, settings=mapping(mapping(entry).get("variables")))
            else:
                yield Step(name, file, document, at, tuple(scripts(file, document, at, entry)))


def drone(file: SourceFile) -> Iterator[Workflow]:
    """Drone and Woodpecker: a pipeline is a job, since its steps share a folder and services."""
    for document in file.documents:
        body = mapping(document.body)
        key = next((key for key in ("steps", "pipeline") if isinstance(body.get(key), list | Mapping)), "steps")
        entries = body.get(key)
        pairs: Iterable[tuple[Any, Any]] = (
            entries.items() if isinstance(entries, Mapping) else enumerate(listed(entries))
        )
        steps = [_drone_step(file, document.index, (key, name), mapping(step)) for name, step in pairs]
        services = body.get("services")
        beside = services.values() if isinstance(services, Mapping) else listed(services)
        images = [image for entry in beside for image in _images(mapping(entry))]
        job = Job(str(body.get("name") or "pipeline"), file, document.index, (), tuple(steps), images=tuple(images))
        yield Workflow(file, (job,))


def _drone_step(file: SourceFile, document: int, path: FieldPath, step: Mapping[str, Any]) -> Step:
    found = tuple(scripts(file, document, (*path, "commands"), step.get("commands")))
    uses = step.get("image") if isinstance(step.get("image"), str) else ""
    name = str(step.get("name") or path[-1])
    variables = mapping(step.get("environment"))
    return Step(name, file, document, path, found, str(uses), mapping(step.get("settings")), variables)


def travis(file: SourceFile) -> Iterator[Workflow]:
    for document in file.documents:
        body = mapping(document.body)
        steps = [
            Step(key, file, document.index, (key,), found)
            for key in _TRAVIS_SCRIPTS
            if (found := tuple(scripts(file, document.index, (key,), body.get(key))))
        ]
        entries = body.get("deploy")
        for path, entry in (
            [((), entries)] if isinstance(entries, Mapping) else [((n,), e) for n, e in enumerate(listed(entries))]
        ):
            found = tuple(scripts(file, document.index, ("deploy", *path, "script"), mapping(entry).get("script")))
            steps.append(Step("deploy", file, document.index, ("deploy", *path), found))
        yield Workflow(file, (Job("travis", file, document.index, (), tuple(steps)),))


def cloudbuild(file: SourceFile) -> Iterator[Workflow]:
    for document in file.documents:
        entries = listed(mapping(document.body).get("steps"))
        steps = [_container_step(file, document.index, ("steps", at), mapping(step)) for at, step in enumerate(entries)]
        yield Workflow(file, (Job("build", file, document.index, (), tuple(steps)),))


def _container_step(file: SourceFile, document: int, path: FieldPath, step: Mapping[str, Any]) -> Step:
    """A container with a script, or with a command and arguments: of Cloud Build, of Tekton."""
    image = str(step.get("image") or step.get("name") or "")
    entry = step.get("entrypoint") or step.get("command")
    command = [entry] if isinstance(entry, str) else listed(entry)
    arguments = listed(step.get("args"))
    found = [Script(file, step["script"], document, (*path, "script"))] if isinstance(step.get("script"), str) else []
    words = command or [_image_name(image)]
    if len(words) + len(arguments) > 1 and str(words[0]).rpartition("/")[2] in ("sh", "bash") and arguments:
        found += scripts(file, document, (*path, "args", len(arguments) - 1), arguments[-1])
    elif len(command) > 2 and isinstance(command[-1], str):
        found += scripts(file, document, (*path, "command", len(command) - 1), command[-1])
        found.append(made_script(file, document, (*path, "command"), [*command, *arguments]))
    elif arguments:
        found.append(made_script(file, document, (*path, "args"), [*words, *arguments]))
    shown = str(step.get("id") or step.get("name") or f"number {int(path[-1]) + 1}")
    return Step(shown, file, document, path, tuple(found), image)


def _image_name(image: str) -> str:
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0]


def buildkite(file: SourceFile) -> Iterator[Workflow]:
    for document in file.documents:
        for path, owner in _owners(document.body, "steps"):
            steps = [
                Step(
                    str(mapping(entry).get("label") or f"number {number + 1}"),
                    file,
                    document.index,
                    (*path, "steps", number),
                    tuple(
                        script
                        for key in ("command", "commands")
                        for script in scripts(
                            file, document.index, (*path, "steps", number, key), mapping(entry).get(key)
                        )
                    ),
                )
                for number, entry in enumerate(owner["steps"])
            ]
            yield Workflow(file, (Job("steps", file, document.index, path, tuple(steps)),))


def tekton(resource: Resource, file: SourceFile) -> Iterator[Workflow]:
    """A Task is one Pod, and so a job; a Pipeline has several."""
    if resource.id.kind not in _TASK_KINDS or resource.id.group != "tekton.dev":
        return
    jobs = [
        Job(
            name=resource.id.name,
            file=file,
            document=resource.document,
            path=(*resource.prefix, *path),
            steps=tuple(
                _container_step(file, resource.document, (*resource.prefix, *path, "steps", number), mapping(step))
                for number, step in enumerate(owner["steps"])
            ),
            images=tuple(image for sidecar in listed(owner.get("sidecars")) for image in _images(mapping(sidecar))),
        )
        for path, owner in _owners(resource.body.get("spec"), "steps", ("spec",))
    ]
    yield Workflow(file, (*jobs, *_called_tasks(resource, file)))


def _called_tasks(resource: Resource, file: SourceFile) -> Iterator[Job]:
    """Tasks of a catalog that are given a script as a parameter."""
    for path, owner in _owners(resource.body.get("spec"), "tasks", ("spec",)):
        for number, entry in enumerate(owner["tasks"]):
            task = mapping(entry)
            at: FieldPath = (*resource.prefix, *path, "tasks", number)
            found = tuple(
                script
                for place, parameter in enumerate(listed(task.get("params")))
                if str(mapping(parameter).get("name")).lower() in ("script", "args", "command")
                for script in scripts(
                    file, resource.document, (*at, "params", place, "value"), mapping(parameter).get("value")
                )
            )
            uses = str(mapping(task.get("taskRef")).get("name") or "")
            name = str(task.get("name") or uses)
            step = Step(name, file, resource.document, at, found, uses)
            yield Job(name, file, resource.document, at, (step,))
