"""Gatekeeper: ConstraintTemplates and constraints as they are, asked of the resources of a Tree."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location, Resource, ResourceId, Tree
from gitops_guard.model.rule import Profile, Rule, Scope
from gitops_guard.policy import builtins, gatekeeper_template, locating
from gitops_guard.policy.family import Found, Inquiry, Listed
from gitops_guard.policy.folder import Folder, PolicyDocument, PolicyKind
from gitops_guard.policy.gatekeeper_match import Match, NamespaceUnknownError
from gitops_guard.policy.gatekeeper_review import Expansion, Review, Reviews
from gitops_guard.policy.gatekeeper_template import Template
from gitops_guard.policy.program import Answer, AsJson, Failure, Program, Question

_SEVERITIES: Final = {"deny": Severity.ERROR, "warn": Severity.WARNING, "dryrun": Severity.INFO}
_POINTS: Final = ("gator.gatekeeper.sh", "*")
_INVENTORY: Final = "inventory"


class Inventory:
    """`data.inventory` of some resources, made when it is needed."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._resources = resources

    @cached_property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = {"cluster": {}, "namespace": {}}
        for one in self._resources:
            holder = found["namespace"].setdefault(one.id.namespace, {}) if one.id.namespace else found["cluster"]
            holder.setdefault(one.api_version, {}).setdefault(one.id.kind, {})[one.id.name] = one.body
        return found


@dataclass(frozen=True, slots=True)
class Constraint:
    """*severity* is None where nothing of it is enforced at the point where files are checked."""

    template: Template
    name: str
    where: Location
    match: Match
    parameters: Any
    severity: Severity | None

    @property
    def id(self) -> str:
        return f"{self.template.kind}.{self.name}"


class _Reviews:
    """All reviews of a Tree, by group and kind; written as JSON once."""

    def __init__(self, reviews: Iterable[Review]) -> None:
        self._by_kind: dict[tuple[str, str], list[Review]] = {}
        for review in reviews:
            self._by_kind.setdefault((review.group, review.kind), []).append(review)
        self._texts: dict[int, str] = {}

    def about(self, constraint: Constraint) -> Iterator[Review]:
        """Those of the kinds that *constraint* is about."""
        for group, kind in self._by_kind:
            if constraint.match.has_kind(group, kind):
                yield from self._by_kind[group, kind]

    def text(self, review: Review) -> str:
        found = self._texts.get(id(review))
        if found is None:
            found = self._texts[id(review)] = json.dumps(review.as_input())
        return found


@dataclass(slots=True)
class Gatekeeper:
    """The family; see `policy.family.Family`."""

    templates: dict[str, Template] = field(default_factory=dict)
    constraints: list[Constraint] = field(default_factory=list)
    expansions: list[Expansion] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    listed: list[Listed] = field(default_factory=list)
    in_suite: bool = False
    """As `gator verify` has it: objects without a namespace match any, and only ExpansionTemplates expand."""
    known: Sequence[Resource] | None = None
    """What `data.inventory` holds, where that is not the Tree itself."""
    old: Mapping[ResourceId, Mapping[str, Any]] = field(default_factory=dict)
    """The bodies of a base: what is there as well is reviewed as an UPDATE."""
    _matched: set[str] = field(default_factory=set)
    _unknown: dict[str, int] = field(default_factory=dict)

    @property
    def rules(self) -> Mapping[str, Rule]:
        """Engine rules by id: one for each constraint."""
        return {one.id: _rule(one) for one in self.constraints if one.severity is not None}

    def inquiries(self, tree: Tree) -> Iterator[Inquiry]:
        asked = [constraint for constraint in self.constraints if constraint.severity is not None]
        if not asked:
            return
        namespaces = {
            resource.id.name: resource.body
            for resource in tree.resources
            if resource.id.kind == "Namespace" and not resource.id.group
        }
        makes = Reviews(namespaces, self.expansions, of_workloads=not self.in_suite)
        reviews = _Reviews(review for one in tree.resources for review in makes.of(one, self.old.get(one.id)))
        inventory = Inventory(tree.resources if self.known is None else self.known)
        for kind in sorted({constraint.template.kind for constraint in asked}):
            group = [constraint for constraint in asked if constraint.template.kind == kind]
            inquiry = self._inquiry(self.templates[kind], group, reviews, inventory)
            if inquiry.question.inputs:
                yield inquiry

    def _inquiry(
        self, template: Template, constraints: Sequence[Constraint], reviews: _Reviews, inventory: Inventory
    ) -> Inquiry:
        pairs = [(one, review) for one in constraints for review in reviews.about(one) if self._is_about(one, review)]
        given = {one.id: json.dumps(one.parameters) for one in constraints}
        inputs = [
            AsJson(f'{{"review": {reviews.text(review)}, "parameters": {given[one.id]}}}') for one, review in pairs
        ]
        question = Question(program(template, inventory), (f"data.{template.entry}.violation",), inputs)

        def told(number: int, answers: Sequence[Answer]) -> Iterator[Found | Failure]:
            return _told(*pairs[number], answers[0])

        return Inquiry(question, told)

    def _is_about(self, constraint: Constraint, review: Review) -> bool:
        try:
            found = constraint.match(review)
        except NamespaceUnknownError:
            self._unknown[constraint.id] = self._unknown.get(constraint.id, 0) + 1
            return False
        if found:
            self._matched.add(constraint.id)
        return found

    def silent(self) -> Iterator[str]:
        """Constraints that matched nothing, and those that would have to know the labels of a namespace."""
        for constraint in self.constraints:
            if constraint.severity is not None and constraint.id not in self._matched:
                yield f"policies: {constraint.id} is loaded and matched nothing"
        for name, count in sorted(self._unknown.items()):
            yield f"policies: {name} asks for labels of Namespaces that are not here: {count} resources were left out"


def program(template: Template, inventory: Inventory) -> Program:
    reads = any(path in ("", _INVENTORY) or path.startswith("inventory.") for path in _paths(template))
    data = {_INVENTORY: inventory.data} if reads else {}
    return Program(template.kind, tuple(outline.module for outline in template.modules), data)


def _paths(template: Template) -> Iterator[str]:
    return (path for outline in template.modules for path in outline.uses_data)


def _told(constraint: Constraint, review: Review, answer: Answer) -> Iterator[Found | Failure]:
    for value in answer.value if isinstance(answer.value, list) else ():
        message = value.get("msg") if isinstance(value, Mapping) else None
        if not isinstance(message, str):
            place = constraint.template.where
            yield Failure(constraint.id, "`violation` returned something without the string `msg`", place)
            return
        told = {key: value[key] for key in value if key != "msg"}
        yield Found(constraint.id, review.resource, _problem(review, message, told))


def _problem(review: Review, message: str, told: Mapping[str, Any]) -> Problem:
    found = locating.problem(review.body, message, told, file=review.resource.location.file)
    said = f"[Implied by {review.implied_by}] {found.message}" if review.implied_by else found.message
    return Problem(
        (*review.prefix, *found.path), said, on_key=found.on_key, at=found.at, severity=_SEVERITIES.get(review.action)
    )


def _rule(constraint: Constraint) -> Rule:
    about = constraint.template.title or f"The constraint `{constraint.name}` of {constraint.template.kind}"
    assert constraint.severity is not None
    return Rule(constraint.id, constraint.severity, about, Scope.ENGINE, tuple, profile=Profile.MINIMAL)


def load(folder: Folder, allowed: Collection[str] = (), *, embedded: bool = True) -> Gatekeeper | None:
    """None where the folder holds nothing for Gatekeeper. *allowed* are builtins beside the harmless ones."""
    kinds = (PolicyKind.TEMPLATE, PolicyKind.CONSTRAINT, PolicyKind.EXPANSION)
    if not any(folder.of(kind) for kind in kinds):
        return None
    found = Gatekeeper()
    for document in folder.of(PolicyKind.TEMPLATE):
        _add_template(found, document, allowed, embedded=embedded)
    refused = {failure.policy for failure in found.failures}
    for document in folder.of(PolicyKind.CONSTRAINT):
        _add_constraint(found, document, refused)
    for document in folder.of(PolicyKind.EXPANSION):
        _add_expansion(found, document)
    return found


def _add_template(found: Gatekeeper, document: PolicyDocument, allowed: Collection[str], *, embedded: bool) -> None:
    template = gatekeeper_template.read(document)
    if isinstance(template, Failure):
        found.failures.append(template)
        return
    _, refused = builtins.sifted(template.modules, allowed, embedded=embedded)
    if refused:
        found.failures += [failure._replace(policy=template.kind) for failure in refused]
        return
    if template.kind in found.templates:
        first = found.templates[template.kind].where
        message = f"a second template of this kind; the first is at {first}"
        found.failures.append(Failure(template.kind, message, template.where))
        return
    found.templates[template.kind] = template
    found.listed.append(Listed(template.kind, "ConstraintTemplate", template.where, "", template.title, template.note))


def _add_constraint(found: Gatekeeper, document: PolicyDocument, refused: Collection[str]) -> None:
    from gitops_guard.policy import gatekeeper_parameters

    body = document.body
    kind, metadata = str(body["kind"]), body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    template = found.templates.get(kind)
    if not isinstance(name, str) or not name:
        found.failures.append(Failure(kind, "the constraint has no name (metadata.name)", document.where))
        return
    if template is None:
        if kind not in refused:
            message = f"the constraint {name} has no ConstraintTemplate of the kind {kind}"
            found.failures.append(Failure(f"{kind}.{name}", message, document.where))
        return
    spec = body.get("spec")
    spec = spec if isinstance(spec, Mapping) else {}
    match = spec.get("match")
    constraint = Constraint(
        template,
        name,
        document.where,
        Match(match if isinstance(match, Mapping) else {}),
        spec.get("parameters", {}),
        _severity(spec),
    )
    if template.note:
        found.listed.append(_listed(constraint, template.note))
        return
    if fault := gatekeeper_parameters.fault(template.schema, constraint.parameters, document):
        found.failures.append(fault._replace(policy=constraint.id))
        return
    found.constraints.append(constraint)
    found.listed.append(_listed(constraint, "" if constraint.severity else "not enforced where files are checked"))


def _listed(constraint: Constraint, note: str) -> Listed:
    severity = "" if note or constraint.severity is None else str(constraint.severity)
    return Listed(constraint.id, "constraint", constraint.where, severity, constraint.template.title, note)


def _severity(spec: Mapping[str, Any]) -> Severity | None:
    """The worst of the actions that hold for gator. One that Gatekeeper does not know is not enforced."""
    action = spec.get("enforcementAction") or "deny"
    if action != "scoped":
        return _SEVERITIES.get(str(action), Severity.INFO)
    found = [
        _SEVERITIES.get(str(entry.get("action")), Severity.INFO)
        for entry in spec.get("scopedEnforcementActions") or ()
        if isinstance(entry, Mapping) and _is_here(entry)
    ]
    return max(found, default=None)


def _is_here(entry: Mapping[str, Any]) -> bool:
    points = entry.get("enforcementPoints") or ()
    return any(isinstance(point, Mapping) and point.get("name") in _POINTS for point in points)


def _add_expansion(found: Gatekeeper, document: PolicyDocument) -> None:
    body = document.body
    spec, metadata = body.get("spec"), body.get("metadata")
    name = str(metadata.get("name")) if isinstance(metadata, Mapping) else "?"
    generated = spec.get("generatedGVK") if isinstance(spec, Mapping) else None
    if not isinstance(spec, Mapping) or not isinstance(generated, Mapping) or not spec.get("templateSource"):
        message = "an ExpansionTemplate has applyTo, templateSource and generatedGVK"
        found.failures.append(Failure(f"ExpansionTemplate.{name}", message, document.where))
        return
    for entry in spec.get("applyTo") or ():
        found.expansions.append(
            Expansion(
                name,
                tuple(entry.get("groups") or ()),
                tuple(entry.get("versions") or ()),
                tuple(entry.get("kinds") or ()),
                tuple(str(spec["templateSource"]).split(".")),
                str(generated.get("group") or ""),
                str(generated.get("version") or ""),
                str(generated.get("kind") or ""),
                str(spec.get("enforcementAction") or ""),
            )
        )
    found.listed.append(Listed(f"ExpansionTemplate.{name}", "ExpansionTemplate", document.where))
