"""Tree × rules × configuration → Report. No I/O, but for the schema engine's own look-ups.

`examine` asks what can be asked of files and resources one by one, so that parts of a tree can be examined apart;
`conclude` asks what needs the whole tree, applies waivers and sorts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Protocol

from gitops_guard.excerpts import Excerpts
from gitops_guard.load import waivers
from gitops_guard.load.config import Config, Effective, may_run, setting
from gitops_guard.load.tree import Place
from gitops_guard.load.waivers import FileWaiver
from gitops_guard.model.errors import frames
from gitops_guard.model.finding import Coverage, Crash, Finding, Problem, Report, Severity
from gitops_guard.model.resource import App, FileKind, Location, Resource, Skipped, SourceFile, Tree
from gitops_guard.model.rule import Options, Rule, Scope


class Schemas(Protocol):
    """A schema engine: yields (rule id, Problem)."""

    def check(self, resource: Resource) -> Iterable[tuple[str, Problem]]: ...

    def kustomization(self, body: object) -> Iterable[Problem]: ...


@dataclass(frozen=True, slots=True)
class Part:
    """What was found in a part of a tree."""

    findings: list[Finding] = field(default_factory=list)
    crashes: list[Crash] = field(default_factory=list)


InTurn = Callable[[Callable[[int], Part], int], list[Part]]  # what is said for each number below a count


def check(
    tree: Tree, rules: Mapping[str, Rule], config: Config, *, schemas: Schemas | None = None, today: str = ""
) -> Report:
    """Everything in one process. *today* is an ISO date; without one, no waiver expires."""
    part = examine(tree.files, tree.resources, rules, config, schemas)
    return conclude(tree, [part], rules, config, today=today)


def examine(
    files: Iterable[SourceFile],
    resources: Iterable[Resource],
    rules: Mapping[str, Rule],
    config: Config,
    schemas: Schemas | None,
    place: Place | None = None,
) -> Part:
    """Ask every rule about each file and each resource. A rule that raises is a crash; the others go on.

    *place* tells the app of a file, and with it the environment whose settings hold.
    """
    engine = _Engine(rules, config, place)
    for file in files:
        engine.file(file)
        if schemas is not None and file.kind in (FileKind.KUSTOMIZATION, FileKind.COMPONENT):
            engine.kustomization(file, schemas)
    for resource in resources:
        engine.resource(resource, schemas)
    return engine.part


class _Engine:
    """Looks rules up by kind, and their settings by environment; stamps what they say."""

    def __init__(self, rules: Mapping[str, Rule], config: Config, place: Place | None = None) -> None:
        self.rules = rules
        self.config = config
        self.place = place
        self.part = Part()
        self._by_kind: dict[str, list[Rule]] = {}

    def file(self, file: SourceFile) -> None:
        for rule_id, document, problem in file.problems:
            if rule_id in self.rules:
                self._file_finding(self.rules[rule_id], file, document, problem)
        for rule in self.rules.values():
            run = rule.run if rule.scope is Scope.FILE else rule.run_file
            if run is None or (rule.file_kinds and file.kind not in rule.file_kinds):
                continue
            effective = self.for_file(rule, file.path)
            if not effective.enabled:
                continue
            try:
                for document, problem in run(file, effective.options):
                    self._file_finding(rule, file, document, problem)
            except Exception as error:
                self.part.crashes.append(crash(rule, file.path, error))

    def kustomization(self, file: SourceFile, schemas: Schemas) -> None:
        rule = self.rules.get("schema-invalid")
        if rule is None:
            return
        for document in file.documents:
            for problem in schemas.kustomization(document.body):
                self._file_finding(rule, file, document.index, problem)

    def for_file(self, rule: Rule, path: str) -> Effective:
        app = self.place(path) if self.place is not None else None
        return setting(rule, self.config, app.environment if app else "", path)

    def _file_finding(self, rule: Rule, file: SourceFile, document: int, problem: Problem) -> None:
        effective = self.for_file(rule, file.path)
        if effective.enabled:
            location = problem.at or file.locate(document, problem.path, key=problem.on_key)
            self.part.findings.append(stamp(rule, effective, problem, location, None))

    def resource(self, resource: Resource, schemas: Schemas | None) -> None:
        environment = resource.app.environment if resource.app else ""
        for rule in self._rules_for(resource.id.kind):
            effective = setting(rule, self.config, environment, resource.location.file)
            if not effective.enabled:
                continue
            try:
                for problem in rule.run(resource, effective.options):
                    self._resource_finding(rule, effective, problem, resource)
            except Exception as error:
                self.part.crashes.append(crash(rule, str(resource.location), error))
        if schemas is not None:
            self._schema(resource, schemas, environment)

    def _schema(self, resource: Resource, schemas: Schemas, environment: str) -> None:
        for rule_id, problem in schemas.check(resource):
            rule = self.rules.get(rule_id)
            if rule is None:
                continue
            effective = setting(rule, self.config, environment, resource.location.file)
            if effective.enabled:
                self._resource_finding(rule, effective, problem, resource)

    def _resource_finding(self, rule: Rule, effective: Effective, problem: Problem, resource: Resource) -> None:
        location = problem.at or resource.locate(problem.path, key=problem.on_key)
        self.part.findings.append(stamp(rule, effective, problem, location, resource))

    def _rules_for(self, kind: str) -> list[Rule]:
        known = self._by_kind.get(kind)
        if known is None:
            known = self._by_kind[kind] = [
                rule
                for rule in self.rules.values()
                if rule.scope is Scope.RESOURCE and (not rule.kinds or kind in rule.kinds)
            ]
        return known


def stamp(rule: Rule, effective: Effective, problem: Problem, location: Location, resource: Resource | None) -> Finding:
    """A problem with all that its rule need not know."""
    severity = effective.severity
    if problem.severity is not None:
        severity = min(severity, problem.severity)
    return Finding(
        location=location,
        rule=rule.id,
        severity=severity,
        message=problem.message,
        resource=resource.id if resource else None,
        path=problem.path,
        fix=problem.fix,
    )


def about_file(rule: Rule, config: Config, path: str, problem: Problem, place: Place) -> Iterator[Finding]:
    """The finding of an engine rule about a line of a file; none where the rule is off."""
    app = place(path)
    effective = setting(rule, config, app.environment if app else "", path)
    if effective.enabled:
        yield stamp(rule, effective, problem, problem.at or Location(path), None)


def about_resource(
    rule: Rule, config: Config, resource: Resource, problem: Problem, *, holds: bool = False
) -> Iterator[Finding]:
    """The finding of an engine rule about a resource; none where the rule is off, unless it *holds* all the same."""
    environment = resource.app.environment if resource.app else ""
    effective = setting(rule, config, environment, resource.location.file)
    if effective.enabled or holds:
        at = problem.at or resource.locate(problem.path, key=problem.on_key)
        yield stamp(rule, effective, problem, at, resource)


def crash(rule: Rule, where: str, error: Exception) -> Crash:
    """Where a rule failed: frames and the type of the error, never its text, which may hold a value."""
    return Crash(rule.id, where, f"{type(error).__name__} at {' < '.join(reversed(frames(error)[-3:]))}")


def conclude(
    tree: Tree,
    parts: Sequence[Part],
    rules: Mapping[str, Rule],
    config: Config,
    *,
    known: Collection[str] = (),
    today: str = "",
    file_waivers: Sequence[FileWaiver] = (),
    picked: Container[str] | None = None,
    place: Place | None = None,
    notes: Sequence[str] = (),
    in_turn: InTurn | None = None,
) -> Report:
    """The rules about the whole tree, then waivers, excerpts and order.

    *known* are all rule ids, also of rules that are not asked in this run. Only findings in *picked* files are
    reported; None is all files. *in_turn* asks the rules about the whole tree, `one_by_one` where there is none.
    """
    engine = _Engine(rules, config, place)
    whole = _whole_tree(tree, rules, config, place, in_turn or one_by_one)
    findings = {
        finding
        for part in (*parts, *whole)
        for finding in part.findings
        if picked is None or finding.location.file in picked
    }
    crashes = [crash for part in (*parts, *whole) for crash in part.crashes]
    outcome = waivers.apply(
        _one_for_each_kind(sorted(_one_for_each_cause(findings, rules), key=_order)),
        tree,
        file_waivers,
        known=known or frozenset(rules),
        today=today,
        complete=tree.complete,
        ran=frozenset(name for name, rule in rules.items() if may_run(rule, config)),
        other_linters=config.other_linters,
    )
    # Those of a waiver file are of every run; those in a kustomization that was read along are not.
    elsewhere = {file.path for file in tree.files if picked is not None and file.path not in picked}
    extra = [_about_waiver(engine, finding) for finding in outcome.extra if finding.location.file not in elsewhere]
    kept = sorted([*outcome.kept, *(finding for finding in extra if finding is not None)], key=_order)
    data = {file.path: file.data for file in tree.files}
    return Report(
        findings=tuple(with_excerpts(kept, data, rules)),
        waived=tuple(sorted(outcome.waived, key=lambda waived: _order(waived.finding))),
        coverage=_coverage(tree, notes, picked),
        crashes=tuple(sorted(crashes, key=lambda crash: (crash.rule, crash.where))),
        rules=tuple(rules[name].info for name in sorted({finding.rule for finding in kept} & rules.keys())),
    )


def _one_for_each_cause(findings: Collection[Finding], rules: Mapping[str, Rule]) -> Iterator[Finding]:
    """Without those of which another rule says the cause better, about the same field in the same line."""
    better = {other for rule in rules.values() for other in rule.yields_to}
    said: dict[tuple[str, int], list[Finding]] = {}
    for finding in findings:
        if finding.rule in better:
            said.setdefault(finding.location[:2], []).append(finding)
    for finding in findings:
        rule = rules.get(finding.rule)
        others = said.get(finding.location[:2], ()) if rule is not None and rule.yields_to else ()
        if not any(other.rule in rules[finding.rule].yields_to and _is_said_by(finding, other) for other in others):
            yield finding


def _one_for_each_kind(findings: Iterable[Finding]) -> list[Finding]:
    """Of the resources of one kind in a file that have no schema, the first stands for all."""
    told: set[tuple[str, str]] = set()
    kept: list[Finding] = []
    for finding in findings:
        if finding.rule == "schema-missing":
            if (finding.location.file, finding.message) in told:
                continue
            told.add((finding.location.file, finding.message))
        kept.append(finding)
    return kept


def _is_said_by(finding: Finding, other: Finding) -> bool:
    """Paths of a resource begin at it, those of a file at its document."""
    if other.severity < finding.severity:
        return False
    shorter, longer = sorted((finding.path, other.path), key=len)
    return not shorter or longer[-len(shorter) :] == shorter


def _order(finding: Finding) -> tuple[Location, str, str, tuple[str, ...]]:
    return finding.location, finding.rule, finding.message, tuple(map(str, finding.path))


def _whole_tree(
    tree: Tree, rules: Mapping[str, Rule], config: Config, place: Place | None, in_turn: InTurn
) -> list[Part]:
    asked = [
        rule
        for rule in rules.values()
        if rule.scope is Scope.TREE and (tree.complete or not rule.whole) and may_run(rule, config)
    ]
    return in_turn(lambda number: _ask_tree(_Engine(rules, config, place), asked[number], tree), len(asked))


def one_by_one(ask: Callable[[int], Part], count: int) -> list[Part]:
    """*ask* of each number below *count*, in this process."""
    return [ask(number) for number in range(count)]


def _ask_tree(engine: _Engine, rule: Rule, tree: Tree) -> Part:
    general = setting(rule, engine.config, "", "")

    @cache  # a rule asks about a file for each thing in it
    def options_at(path: str) -> Options:
        return engine.for_file(rule, path).options

    try:
        for subject, problem in rule.run(tree, options_at if rule.by_path else general.options):
            effective = engine.for_file(rule, subject.location.file if isinstance(subject, Resource) else subject.path)
            if not effective.enabled:
                continue
            if isinstance(subject, Resource):
                location = problem.at or subject.locate(problem.path, key=problem.on_key)
                finding = stamp(rule, effective, problem, location, subject)
            else:
                location = problem.at or subject.locate(0, problem.path, key=problem.on_key)
                finding = stamp(rule, effective, problem, location, None)
            engine.part.findings.append(finding)
    except Exception as error:
        engine.part.crashes.append(crash(rule, "the whole repository", error))
    return engine.part


def _about_waiver(engine: _Engine, finding: Finding) -> Finding | None:
    rule = engine.rules.get(finding.rule)
    if rule is None:
        return None
    effective = engine.for_file(rule, finding.location.file)
    return replace(finding, severity=effective.severity) if effective.enabled else None


def with_excerpts(
    findings: Iterable[Finding], data: Mapping[str, bytes], rules: Mapping[str, Rule]
) -> Iterator[Finding]:
    """Add the source line where it may be shown: not for rules about secrets, nor for lines that could hold one.

    *data* is the content of files by path.
    """
    shown: dict[str, Excerpts] = {}
    for finding in findings:
        rule = rules.get(finding.rule)
        file = finding.location.file
        if rule is None or not rule.excerpt or file not in data:
            yield finding
            continue
        if file not in shown:
            shown[file] = Excerpts(data[file])
        line = shown[file].line(finding.location.line, finding.resource.kind if finding.resource else "")
        yield replace(finding, excerpt=line) if line else finding


_SILENT_KINDS = frozenset(
    {FileKind.NOT_YAML, FileKind.OTHER_YAML, FileKind.CI_WORKFLOW, FileKind.HELM_CHART, FileKind.HELM_VALUES}
)


_WITHOUT_RESOURCES = frozenset({FileKind.KUSTOMIZATION, FileKind.COMPONENT, FileKind.HELM_VALUES})


def _apps(tree: Tree, files: Iterable[SourceFile], resources: Iterable[Resource]) -> Iterator[App | None]:
    """An overlay belongs to an environment also where all its resources come from a base."""
    yield from (resource.app for resource in resources)
    yield from (tree.app_of(file.path) for file in files if file.kind in _WITHOUT_RESOURCES)


def _coverage(tree: Tree, notes: Sequence[str], picked: Container[str] | None) -> Coverage:
    files = [file for file in tree.files if picked is None or file.path in picked]
    resources = [resource for resource in tree.resources if picked is None or resource.location.file in picked]
    with_resources = {resource.location.file for resource in resources}
    skipped = list(tree.skipped)
    in_part: list[Skipped] = []
    for file in files:
        if file.reason and file.kind not in _SILENT_KINDS:
            target = in_part if file.path in with_resources else skipped
            target.append(Skipped(file.path, file.kind.value, file.reason))
    return Coverage(
        resources=len(resources),
        files=len(with_resources),
        environments=len({app.environment for app in _apps(tree, files, resources) if app and app.environment}),
        apps=len({resource.app for resource in resources if resource.app}),
        skipped=tuple(sorted(skipped, key=lambda item: (item.file, item.kind, item.reason))),
        partial=tuple(sorted(in_part, key=lambda item: (item.file, item.kind, item.reason))),
        other=tuple(Skipped(file.path, file.kind.value, file.reason) for file in files if file.kind in _SILENT_KINDS),
        notes=tuple(sorted(notes)),
    )


def reached(report: Report, fail_on: Severity) -> bool:
    """Whether a finding is as bad as *fail_on* or worse."""
    worst = report.worst()
    return worst is not None and worst >= fail_on
