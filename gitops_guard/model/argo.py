"""What Applications of Argo CD say of their own sources."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_guard.model.resource import FieldPath, Resource
from gitops_guard.model.source import argo_sources
from gitops_guard.model.workload import value_at


def unmet_refs(resource: Resource) -> Iterator[tuple[FieldPath, str]]:
    """Each `$values/…` among the value files of an Application that has no source with `ref: values`."""
    if resource.id.group != "argoproj.io" or resource.id.kind not in ("Application", "ApplicationSet"):
        return
    at: FieldPath = ("spec",) if resource.id.kind == "Application" else ("spec", "template", "spec")
    spec = value_at(resource.body, at)
    known = {source.get("ref") for source in argo_sources(spec) if isinstance(source.get("ref"), str)}
    for path, file in _value_files(spec, at):
        ref = file[1:].partition("/")[0]
        if file.startswith("$") and ref.isidentifier() and ref not in known and "/" in file:
            yield path, ref


def _value_files(spec: object, at: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    several = value_at(spec, ("sources",))
    listed: list[tuple[FieldPath, object]] = [((*at, "source"), value_at(spec, ("source",)))]
    if isinstance(several, list):
        listed += [((*at, "sources", number), source) for number, source in enumerate(several)]
    for path, source in listed:
        files = value_at(source, ("helm", "valueFiles"))
        for number, file in enumerate(files if isinstance(files, list) else ()):
            if isinstance(file, str):
                yield (*path, "helm", "valueFiles", number), file
