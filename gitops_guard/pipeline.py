"""One run: a source → Tree and Report, on all cores.

The parent reads all files and what they say of each other, each worker parses and examines a share of them, the parent
puts the Tree together and asks what needs the whole of it. yamllint runs beside all this.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gitops_guard import check, parts
from gitops_guard.load import classify, names, references, tree, waivers
from gitops_guard.load.config import DEFAULT_WAIVERS, Config, holds_for, may_run
from gitops_guard.load.crds import CrdIndex
from gitops_guard.load.layout import Layout
from gitops_guard.load.references import References
from gitops_guard.load.sources import Entry, Source
from gitops_guard.load.waivers import FileWaiver
from gitops_guard.model.errors import ConfigError
from gitops_guard.model.finding import Finding, Problem, Report
from gitops_guard.model.resource import FileKind, Location, Resource, Skipped, SourceFile, Tree
from gitops_guard.model.rule import Rule
from gitops_guard.schema.embedded import EmbeddedSchemas

if TYPE_CHECKING:
    from gitops_guard.lint import Lint
    from gitops_guard.load.cache import Cache
    from gitops_guard.load.surroundings import Surroundings
    from gitops_guard.policies import Policies
    from gitops_guard.policy.program import Engine

_FOREIGN = (FileKind.OTHER_YAML, FileKind.CI_WORKFLOW)  # a repository of nothing else holds nothing for a cluster
_WORTH_A_FORK = 500  # resources: for fewer, rules about the whole tree take no longer than a second process
_SCHEMA = frozenset({"schema-invalid", "schema-missing"})
_NOT_LINTED = (FileKind.HELM_TEMPLATE, FileKind.TEMPLATE, FileKind.NOT_YAML)


@dataclass(frozen=True, slots=True)
class Request:
    """What to check, and how. *known* are the ids of all rules, *rules* those to ask. *today* is an ISO date.

    *examine* reads and examines the files one by one; who checks many revisions may remember what did not change.
    *code* is a digest of the rules that are not of this program. *policies* are those of the user, asked on
    *policy_engine*; those of this program are among *rules*.
    """

    source: Source
    rules: Mapping[str, Rule]
    known: frozenset[str]
    config: Config
    jobs: int = 1
    lint: bool = True
    cache: Cache | None = None
    online: bool = False
    today: str = ""
    progress: parts.Progress = field(default_factory=parts.Silent)
    examine: parts.ExamineAll = parts.examine_all
    code: str = ""
    policies: Policies | None = None
    policy_engine: Engine | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What a run begins with. *files* are those that may hold YAML or JSON."""

    waivers: Sequence[FileWaiver]
    entries: Sequence[Entry]
    files: list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """*tree* also holds what picked files have to know of their surroundings; *checked* says whether there was
    any, *texts* are the paths that were read although they promise no YAML."""

    tree: Tree
    report: Report
    checked: bool
    texts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Read:
    """The files of a run before any is parsed. *picked* are those to report on, None for all."""

    entries: Sequence[Entry]
    files: list[tuple[str, bytes]]
    known: References
    crds: CrdIndex
    layout: Layout
    picked: frozenset[str] | None
    around: Surroundings | None = None
    texts: Sequence[str] = ()


def given(request: Request) -> Given:
    """Raises GuardError where the surroundings fail."""
    return Given(_file_waivers(request), *_listed(request))


def run(request: Request, known: Given | None = None) -> Outcome:
    """Raises GuardError where the surroundings fail; whatever stands in the files becomes a finding."""
    begun = known or given(request)
    linting = _start_lint(request, begun.files)  # first of all: yamllint needs as long as all the rest
    try:
        return _examine(request, _read(request, begun.entries, begun.files), linting, begun.waivers)
    except BaseException:
        if linting is not None:
            linting.cancel()
        raise


def _examine(request: Request, read: _Read, linting: Lint | None, file_waivers: Sequence[FileWaiver]) -> Outcome:
    schemas = _schemas(request, read.crds)
    found = _examine_parts(request, read, schemas)
    if read.around is not None and (crds := _other_definitions(request.source, read, found)):
        schemas = _schemas(request, crds)
        found = _examine_parts(request, read, schemas)
    unread = _unread(read)
    whole = tree.assemble(
        [*(file for part in found for file in part.files), *unread],
        read.layout.app_of,
        made={path: made for part in found for path, made in part.resources.items()},
        skipped=[Skipped(entry.path, entry.kind.value, entry.reason) for entry in read.entries if entry.kind],
        complete=request.source.is_whole,
    )
    examined = [part.found for part in found]
    examined.append(check.examine(unread, (), request.rules, request.config, None, read.layout.app_of))
    if request.config.engine != "embedded":
        examined.append(_kubeconform(request, whole, schemas))
    policed, policy_notes = _policed(request, whole, read)
    examined.append(policed)
    if linting is not None:
        examined.append(_linted(request, linting, read.layout, _refused_values(examined)))
    report = check.conclude(
        whole,
        examined,
        request.rules,
        request.config,
        known=request.known,
        today=request.today,
        file_waivers=file_waivers,
        picked=read.picked,
        place=read.layout.app_of,
        notes=[*_notes(request, whole, found), *policy_notes],
        in_turn=parts.in_turn(request.jobs if len(whole.resources) >= _WORTH_A_FORK else 1),
    )
    checked = any(
        file.documents and (request.policies is not None or file.kind not in _FOREIGN)
        for file in whole.files
        if read.picked is None or file.path in read.picked
    )
    return Outcome(whole, report, checked, read.texts)


def _examine_parts(request: Request, read: _Read, schemas: EmbeddedSchemas) -> list[parts.Examined]:
    return request.examine(
        read.files,
        parts.Setting(
            known=read.known,
            place=read.layout.app_of,
            rules=request.rules,
            config=request.config,
            schemas=schemas
            if request.config.engine != "kubeconform" and not _SCHEMA.isdisjoint(request.rules)
            else None,
            progress=request.progress,
        ),
        jobs=request.jobs,
    )


def _other_definitions(source: Source, read: _Read, found: Sequence[parts.Examined]) -> CrdIndex | None:
    """Definitions for picked resources without a schema, from files whose names do not say that they define any."""
    findings = (finding for part in found for finding in part.found.findings if finding.rule == "schema-missing")
    missing = {(finding.resource.group, finding.resource.kind) for finding in findings if finding.resource}
    if not missing or read.around is None:
        return None
    from gitops_guard.load import surroundings

    others = surroundings.other_definitions(source, read.around)
    crds = CrdIndex([*read.files, *read.around.definitions, *others], read.known)
    return crds if any(crds(group, kind) for group, kind in missing) else None


def _file_waivers(request: Request) -> list[FileWaiver]:
    wanted = request.config.waivers or (DEFAULT_WAIVERS,)
    found = request.source.find(wanted)
    for name in request.config.waivers:
        if name not in found:
            raise ConfigError(f"there is no waiver file {name!r}", hint=f"{request.config.file} names it")
    return [waiver for name in sorted(found) for waiver in waivers.read((name, found[name]), request.known)]


def _listed(request: Request) -> tuple[list[Entry], list[tuple[str, bytes]]]:
    """What is to be checked, and the content of those files that may hold YAML or JSON."""
    exclude = request.config.exclude
    entries = request.source.entries()
    if exclude:
        entries = [_left_out(entry) if exclude.match(entry.path) else entry for entry in entries]
    wanted = [entry.path for entry in entries if entry.kind is None and names.may_be_read(entry.path)]
    return entries, list(request.source.read(wanted))


def _read(request: Request, entries: Sequence[Entry], files: list[tuple[str, bytes]]) -> _Read:
    plain = [entry.path for entry in entries if entry.kind is None]
    if request.source.is_whole:
        known = references.read(files)
        texts = [path for path in plain if not names.may_be_read(path) and _is_read_as_text(path, known)]
        unread = {path: b"" for path in plain if not names.may_be_read(path)} | dict(request.source.read_around(texts))
        return _Read(
            entries,
            [*files, *unread.items()],
            known,
            CrdIndex(files, known),
            _layout(request, plain),
            None,
            texts=texts,
        )
    if not files:
        return _Read(entries, [], References(), CrdIndex((), References()), _layout(request, ()), frozenset())
    from gitops_guard.load import surroundings

    around = surroundings.read(request.source, files, request.cache, request.config.exclude)
    return _Read(
        entries,
        [*files, *around.examined],
        around.known,
        CrdIndex([*files, *around.definitions], around.known),
        _layout(request, around.paths),
        frozenset(plain),
        around,
    )


def _is_read_as_text(path: str, known: References) -> bool:
    """Whether a file that is no YAML has something to tell: the input of a generator, a script, a kubeconfig."""
    return path in known.generated or names.may_hold_commands(path) or names.may_be_kubeconfig(path)


def _left_out(entry: Entry) -> Entry:
    return entry._replace(kind=FileKind.EXCLUDED, reason="the configuration excludes it")


def _layout(request: Request, paths: Sequence[str]) -> Layout:
    return Layout((path for path in paths if names.may_be_read(path)), request.config.layout)


def _unread(read: _Read) -> list[SourceFile]:
    """What should have been read and was not, as files of which a finding can be made."""
    return [
        SourceFile(
            entry.path,
            FileKind.TOO_LARGE,
            reason="",
            problems=(("file-too-large", 0, Problem((), entry.reason, at=Location(entry.path))),),
        )
        for entry in read.entries
        if entry.kind is FileKind.TOO_LARGE and names.may_be_read(entry.path)
    ]


def _schemas(request: Request, crds: CrdIndex) -> EmbeddedSchemas:
    return EmbeddedSchemas(
        request.config.kubernetes_version,
        crds=crds,
        locations=request.config.schema_locations,
        online=request.online,
        cache_dir=request.cache.folder if request.cache else None,
    )


def _start_lint(request: Request, files: Sequence[tuple[str, bytes]]) -> Lint | None:
    rule = request.rules.get("lint")
    if not request.lint or not request.config.lint or rule is None or not may_run(rule, request.config):
        return None
    from gitops_guard import lint

    source = request.source
    charts = frozenset(path.rpartition("/")[0] for path in source.around() if path.endswith("Chart.yaml"))
    lintable = [(path, data) for path, data in files if _is_lintable(path, data, References(charts=charts))]
    return lint.start(
        lintable,
        root=source.root,
        cache=request.cache,
        jobs=request.jobs,
        scratch=source.is_virtual,
        find=source.find,
    )


def _is_lintable(path: str, data: bytes, known: References) -> bool:
    """YAML that a person edits: no templates, no ciphers (SOPS writes those), no JSON."""
    if not data or path.endswith(".json") or classify.by_name(path, known) in _NOT_LINTED:
        return False
    return not classify.looks_encrypted(data) and not classify.is_template(data)


def _refused_values(examined: Sequence[check.Part]) -> frozenset[Location]:
    return frozenset(
        finding.location for part in examined for finding in part.findings if finding.rule == "schema-invalid"
    )


def _linted(request: Request, linting: Lint, layout: Layout, refused: frozenset[Location]) -> check.Part:
    """*refused*: values of a wrong type, which is said of `yes` in a ConfigMap already; the linter adds nothing."""
    findings: list[Finding] = []
    rule = request.rules["lint"]
    for path, line, column, severity, message, name in linting.collect():
        location = Location(path, line, column)
        if name == "truthy" and location in refused:
            continue
        problem = Problem((), f"{message} ({name})", at=location, severity=severity)
        findings.extend(check.about_file(rule, request.config, path, problem, layout.app_of))
    return check.Part(findings)


def _kubeconform(request: Request, whole: Tree, schemas: EmbeddedSchemas) -> check.Part:
    from gitops_guard.schema import kubeconform

    found: list[tuple[Resource, str, Problem]] = kubeconform.check(whole.resources, schemas, jobs=request.jobs)
    findings: list[Finding] = []
    for resource, rule_id, problem in found:
        if rule_id in request.rules:
            findings.extend(check.about_resource(request.rules[rule_id], request.config, resource, problem))
    return check.Part(findings)


def _policed(request: Request, whole: Tree, read: _Read) -> tuple[check.Part, Sequence[str]]:
    """What policies say of the files to report on."""
    from gitops_guard import policies

    own = policies.bundled(request.rules, request.config, whole.resources)
    if not own and request.policies is None:
        return check.Part(), ()
    picked = read.picked
    if picked is not None:
        files = tuple(file for file in whole.files if file.path in picked)
        whole = replace(whole, files=files, resources=tuple(_of(whole.resources, picked)))
    given = (whole, request.config, read.layout.app_of)
    part, notes = policies.examine(own, *given, policies.own_engine(request.jobs), request.rules, request.jobs)
    if request.policies is not None and request.policy_engine is not None:
        asked = (request.policy_engine, request.rules, request.jobs)
        more, said = policies.examine(request.policies.families, *given, *asked)
        part.findings.extend(more.findings)
        part.crashes.extend([*policies.crashes(request.policies), *more.crashes])
        notes = [*notes, *said]
    return part, notes


def _of(resources: Iterable[Resource], paths: Container[str]) -> Iterator[Resource]:
    return (resource for resource in resources if resource.location.file in paths)


def _notes(request: Request, whole: Tree, found: Sequence[parts.Examined]) -> list[str]:
    notes = []
    if count := sum(part.placeholders for part in found):
        notes.append(f"values that are placeholders, checked for their place and not for their type: {count}")
    if count := sum(part.encrypted for part in found):
        notes.append(f"resources encrypted by SOPS, checked for names and places of fields only: {count}")
    asked = (rule for rule in request.rules.values() if (rule.whole or rule.left) and may_run(rule, request.config))
    left = sorted(f"{rule.id} ({rule.left})" if rule.left else rule.id for rule in asked)
    if left and not request.source.is_whole:
        notes.append(f"left to a check of the whole repository: {', '.join(left)}")
    return [*notes, *_unknown_environments(request.config, whole)]


def _unknown_environments(config: Config, whole: Tree) -> Iterator[str]:
    """A misspelt environment would leave its stricter rules without force, and nobody would know."""
    if not whole.complete:
        return
    found = sorted({app.environment for app in whole.apps if app.environment})
    for name in sorted(config.environments):
        if not any(holds_for(name, environment) for environment in found):
            there = f"there are: {', '.join(found)}" if found else "there are none"
            yield f"the configuration has rules for the environment `{name}`, which nothing belongs to ({there})"
