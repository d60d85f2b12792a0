"""A ConstraintTemplate → a program: its Rego with the libraries, or why it is not evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from gitops_guard.model.resource import FieldPath, Location
from gitops_guard.policy import rego
from gitops_guard.policy.folder import PolicyDocument
from gitops_guard.policy.program import Dialect, Failure, Module
from gitops_guard.policy.rego import Outline

TARGET: Final = "admission.k8s.gatekeeper.sh"
_CEL: Final = "K8sNativeValidation"


class _Source(NamedTuple):
    """Rego of a template: the text and the field that holds it. *is_v1*: only then is it read as v1."""

    text: str
    path: FieldPath
    is_v1: bool


@dataclass(frozen=True, slots=True)
class Template:
    """*modules* are empty where it is not evaluated, and *note* says why. *entry* is the package that is asked.

    *schema* is that of the parameters, as the template has it.
    """

    kind: str
    where: Location
    entry: str = ""
    modules: tuple[Outline, ...] = ()
    schema: Mapping[str, Any] | None = None
    note: str = ""
    title: str = ""


def read(document: PolicyDocument) -> Template | Failure:
    """A failure for a template that Gatekeeper would refuse: no kind, no Rego, Rego that does not parse."""
    names = _at(document.body, "spec", "crd", "spec", "names")
    kind = names.get("kind") if isinstance(names, Mapping) else None
    where = document.where
    if not isinstance(kind, str) or not kind:
        return Failure("ConstraintTemplate", "the template names no kind (spec.crd.spec.names.kind)", where)
    schema = _at(document.body, "spec", "crd", "spec", "validation", "openAPIV3Schema")
    described = Template(
        kind, where, schema=schema if isinstance(schema, Mapping) else None, title=_title(document.body)
    )
    targets = _at(document.body, "spec", "targets")
    target = targets[0] if isinstance(targets, list) and targets else None
    if not isinstance(target, Mapping):
        return Failure(kind, "the template has no target", where)
    if target.get("target") != TARGET:
        return Failure(kind, f"the template is for the target {str(target.get('target'))!r}, not for {TARGET}", where)
    return _with_rego(document, described, target)


def _title(body: Mapping[str, Any]) -> str:
    found = _at(body, "metadata", "annotations", "metadata.gatekeeper.sh/title")
    return found if isinstance(found, str) else ""


def _at(value: Any, *path: str) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _with_rego(document: PolicyDocument, template: Template, target: Mapping[str, Any]) -> Template | Failure:
    from dataclasses import replace

    sources = list(_sources(target))
    if not sources:
        engines = [entry.get("engine") for entry in target.get("code") or () if isinstance(entry, Mapping)]
        if _CEL in engines:
            return replace(template, note="not evaluated: it holds CEL only, which is for the API server")
        return Failure(template.kind, "the template holds no Rego", template.where)
    modules: list[Outline] = []
    for number, source in enumerate(sources):
        found = _module(document, source, number)
        if isinstance(found, Failure):
            return found._replace(policy=template.kind)
        modules.append(found)
    entry = modules[0]
    if not any(rule.name == "violation" for rule in entry.rules):
        return Failure(template.kind, "its Rego has no rule `violation`", entry.module.at(1))
    return replace(template, entry=entry.package, modules=tuple(modules))


def _sources(target: Mapping[str, Any]) -> Iterator[_Source]:
    """`rego` and `libs`, which win over `code` with the engine Rego. CEL beside them says the same and is left out:
    Gatekeeper would take that."""
    if target.get("rego"):
        yield from _texts(target, ("spec", "targets", 0), is_v1=False)
        return
    for number, entry in enumerate(target.get("code") or ()):
        if isinstance(entry, Mapping) and entry.get("engine") == "Rego" and isinstance(entry.get("source"), Mapping):
            path = ("spec", "targets", 0, "code", number, "source")
            yield from _texts(entry["source"], path, is_v1=entry["source"].get("version") == "v1")
            return


def _texts(holder: Mapping[str, Any], path: FieldPath, *, is_v1: bool) -> Iterator[_Source]:
    if isinstance(holder.get("rego"), str):
        yield _Source(holder["rego"], (*path, "rego"), is_v1)
    for number, library in enumerate(holder.get("libs") or ()):
        if isinstance(library, str):
            yield _Source(library, (*path, "libs", number), is_v1)


def _module(document: PolicyDocument, source: _Source, number: int) -> Outline | Failure:
    file, index = document.file, document.document.index

    def place(line: int, column: int) -> Location:
        return file.inside(index, source.path, line - 1, column)

    path = f"{file.path}:{document.document.line}" + (f":libs[{number - 1}]" if number else "")
    module = Module(path, source.text, Dialect.V1 if source.is_v1 else Dialect.V0, place)
    return rego.outline(module)
