"""The policies of a run: read from where the caller and the configuration say, asked of the Tree, stamped as findings.

The rules of policies are engine rules, so severities, waivers and reports hold on to them as to any other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from gitops_guard import check, parts
from gitops_guard.load.config import Config, may_run, refused, setting
from gitops_guard.load.sources import Source
from gitops_guard.load.tree import Place
from gitops_guard.model.errors import ConfigError, SourceError, UsageError
from gitops_guard.model.finding import Crash, Finding
from gitops_guard.model.resource import Resource, Tree
from gitops_guard.model.rule import Options, Profile, Rule
from gitops_guard.policy.family import Family, Found, Listed
from gitops_guard.policy.program import Engine, Failure, Limits

if TYPE_CHECKING:
    from gitops_guard.load.policy_setting import PolicySetting
    from gitops_guard.policy.opa_server import OpaServer
    from gitops_guard.policy.places import PolicyFile
    from gitops_guard.policy.testing import TestReport

_POD_SECURITY = "pod-security-"
_WORTH_A_FORK = 500  # findings


@dataclass(frozen=True)
class Policies:
    """What was loaded. *failures* are of files that no family could take; *content* is all that was read."""

    families: Sequence[Family] = ()
    others: Sequence[Listed] = ()
    failures: Sequence[Failure] = ()
    content: Sequence[PolicyFile] = field(default=(), repr=False)

    @cached_property
    def rules(self) -> dict[str, Rule]:
        return {name: rule for family in self.families for name, rule in family.rules.items()}

    @property
    def listed(self) -> list[Listed]:
        """Everything that was read, by place; what could not be read is in `failures`."""
        return sorted([*self.others, *(line for family in self.families for line in family.listed)], key=_place)

    @property
    def all_failures(self) -> list[Failure]:
        return [*self.failures, *(failure for family in self.families for failure in family.failures)]

    @cached_property
    def digest(self) -> str:
        """32 hex digits that change with every byte of the policies and their data."""
        from hashlib import blake2b

        content = blake2b(digest_size=16)
        for path, data, below in self.content:
            content.update(repr((path, len(data), below)).encode("utf-8", "surrogateescape") + data)
        return content.hexdigest()


def _place(line: Listed) -> tuple[str, int, int, str, str]:
    return (*line.where, line.kind, line.id)


def load(setting: PolicySetting, source: Source, config_file: str, builtin: Mapping[str, Rule]) -> Policies:
    """The policies that *setting* names. Raises UsageError or ConfigError where one of its paths is not there."""
    from gitops_guard.policy import builtins, conftest, folder, gatekeeper

    if setting.opa_package:
        return _held(setting, str(source.root))
    files, data_files = _files(setting, source, config_file)
    read = folder.read(files)
    data, failures = folder.read_data(data_files)
    families: list[Family] = []
    modules, refused = builtins.sifted(read.modules, setting.builtins, embedded=setting.engine == "embedded")
    if modules:
        settings = conftest.Settings(
            tuple(setting.namespaces), setting.all_namespaces, setting.combine, str(source.root)
        )
        families.append(conftest.Conftest(modules, data, settings, {file.path: file.data for file in files}))
    if templates := gatekeeper.load(read, setting.builtins, embedded=setting.engine == "embedded"):
        families.append(templates)
    others = [*read.others, *folder.listed_tests(read), *(folder.listed_data(file) for file in data_files)]
    found = Policies(families, others, [*read.failures, *failures, *refused], [*files, *data_files])
    for name in sorted(found.rules.keys() & builtin.keys()):
        raise ConfigError(f"a policy has the id {name!r}, which is a built-in rule", hint="give it another `custom.id`")
    return found


def _held(setting: PolicySetting, root: str) -> Policies:
    """The rules of a package that the OPA server holds. Raises SourceError where it holds none."""
    from gitops_guard.policy import conftest
    from gitops_guard.policy.opa_server import rules_of
    from gitops_guard.policy.program import Module
    from gitops_guard.policy.rego import Outline, RegoRule

    if setting.engine != "opa" or setting.paths or setting.given_paths:
        raise UsageError("--opa-package asks what the server holds", hint="with --policy-engine opa, without --policy")
    with opa(setting) as server:
        found = list(rules_of(server.held(), setting.opa_package))
    if not found:
        raise SourceError(f"the OPA server holds no package {setting.opa_package!r}", hint="is its name right?")
    outlines = [
        Outline(Module(f"opa:{policy}", ""), setting.opa_package, (RegoRule(name, 1, partial=True, path=name),))
        for policy, name in found
    ]
    settings = conftest.Settings((setting.opa_package,), combine=setting.combine, root=root)
    return Policies([conftest.Conftest(outlines, {}, settings)])


def tested(
    config: Config,
    source: Source,
    paths: Sequence[str],
    pattern: re.Pattern[str],
    *,
    coverage: bool,
) -> TestReport:
    """The tests of the policies that the configuration names, and of *paths*: those whose name *pattern* is found in.

    Suites are asked on the embedded engine. Raises UsageError or ConfigError where a path is not there.
    """
    from gitops_guard.policy import builtins, folder
    from gitops_guard.policy.gatekeeper_suite import Suites
    from gitops_guard.policy.testing import TestReport
    from gitops_guard.policy.testing_rego import RegoTests

    given = replace(config.policy, given_paths=tuple(paths))
    embedded = given.engine == "embedded"
    if coverage and not embedded:
        raise UsageError("--coverage is told by the embedded engine only", hint="--policy-engine embedded")
    files, data_files = _files(given, source, config.file)
    read = folder.read(files)
    values, failures = folder.read_data(data_files)
    outlines, refused = builtins.sifted([*read.modules, *read.tests], given.builtins, embedded=embedded)
    by_path = {file.path: file.data for file in [*files, *data_files]}
    asked = engine(given, 1)
    in_rego = RegoTests(outlines, values, by_path, asked, lambda name: pattern.search(name) is not None)
    results, covered, broken = in_rego.run(coverage=coverage)
    suites = Suites(by_path, engine(replace(given, engine="embedded"), 1), given.builtins)
    for document in read.of(folder.PolicyKind.SUITE):
        results += [result for result in suites.run(document) if pattern.search(result.name)]
    results.sort(key=lambda result: (result.where, result.name))
    return TestReport(results, [*read.failures, *failures, *refused, *broken], covered if coverage else None)


def _files(
    setting: PolicySetting, source: Source, config_file: str
) -> tuple[Sequence[PolicyFile], Sequence[PolicyFile]]:
    from gitops_guard.policy import places

    files = places.configured(setting.paths, source, config_file) + places.named(setting.given_paths, "--policy")
    data = places.configured(setting.data, source, config_file) + places.named(setting.given_data, "--policy-data")
    named = {file.path for file in data}
    return [file for file in files if file.path not in named], data


def engine(setting: PolicySetting, jobs: int) -> Engine:
    """Raises UsageError where the engine is not installed."""
    if setting.engine == "opa":
        return opa(setting)
    from gitops_guard.policy.embedded import Embedded

    limits = Limits(setting.seconds, setting.megabytes)
    return Embedded(limits, setting.builtins, jobs)


def opa(setting: PolicySetting) -> OpaServer:
    """Raises UsageError where it is not said where the server is, or its client is not installed."""
    from gitops_guard.policy.opa_server import OpaServer

    if not setting.opa_url:
        raise UsageError("--policy-engine opa, and no server is named", hint="--opa-url http://127.0.0.1:8181")
    return OpaServer(setting.opa_url, package=setting.opa_package, token=os.environ.get("GITOPS_GUARD_OPA_TOKEN", ""))


def bundled(rules: Mapping[str, Rule], config: Config, resources: Iterable[Resource]) -> list[Family]:
    """The policies of this program that are on somewhere, or that one of the *resources* asks for."""

    def effective(name: str, resource: Resource) -> tuple[bool, Options]:
        holds = setting(rules[name], config, _environment(resource), resource.location.file)
        return holds.enabled, holds.options

    def is_refused(name: str, resource: Resource) -> bool:
        return refused(rules[name], config, _environment(resource), resource.location.file)

    families: list[Family] = []
    asked = {name: rule for name, rule in rules.items() if rule.profile is Profile.OPT_IN and may_run(rule, config)}
    if asked:
        from gitops_guard.policy.library import Library

        families.append(Library(asked, effective))
    levels = [rule for name, rule in rules.items() if name.startswith(_POD_SECURITY)]
    if any(may_run(rule, config) for rule in levels) or (levels and any(map(_is_labelled, resources))):
        from gitops_guard.policy.pod_security import PodSecurity

        families.append(PodSecurity(rules.keys(), effective, is_refused))
    return families


def _is_labelled(resource: Resource) -> bool:
    return resource.id.kind == "Namespace" and any(
        str(label).startswith("pod-security.kubernetes.io/enforce") for label in resource.labels
    )


def _environment(resource: Resource) -> str:
    return resource.app.environment if resource.app else ""


def own_engine(jobs: int) -> Engine:
    """What evaluates the policies of this program, whatever the user's are evaluated by."""
    from gitops_guard.policy.embedded import Embedded

    return Embedded(jobs=jobs)


def examine(
    families: Sequence[Family],
    tree: Tree,
    config: Config,
    place: Place,
    asked: Engine,
    rules: Mapping[str, Rule],
    jobs: int = 1,
) -> tuple[check.Part, Sequence[str]]:
    """What the policies among *rules* say of *tree*, and notes about them."""
    from gitops_guard.policy import evaluation

    result = evaluation.evaluate(families, tree, asked)
    found = [one for one in result.found if one.rule in rules]
    part = check.Part(_stamped(found, config, place, rules, jobs))
    part.crashes.extend(_crash(failure) for failure in result.failures)
    return part, result.notes


def _stamped(
    found: Sequence[Found], config: Config, place: Place, rules: Mapping[str, Rule], jobs: int
) -> list[Finding]:
    """By several processes where there is much: each file is read again for the places in it, by one of them."""

    def stamp(number: int) -> list[Finding]:
        return [finding for one in shares[number] for finding in _findings(one, rules[one.rule], config, place)]

    count = min(jobs, len(found) // _WORTH_A_FORK + 1)
    shares: list[list[Found]] = [[] for _ in range(count)]
    numbers: dict[str, int] = {}
    for one in found:
        path = one.subject.location.file if isinstance(one.subject, Resource) else one.subject.path
        shares[numbers.setdefault(path, len(numbers) % count)].append(one)
    return parts.finding_map(stamp, count)


def _findings(found: Found, rule: Rule, config: Config, place: Place) -> Sequence[Finding]:
    if isinstance(found.subject, Resource):
        return list(check.about_resource(rule, config, found.subject, found.problem, holds=found.holds))
    return list(check.about_file(rule, config, found.subject.path, found.problem, place))


def crashes(policies: Policies) -> list[Crash]:
    """What of the policies could not be read."""
    return [_crash(failure) for failure in dict.fromkeys(policies.failures)]


def _crash(failure: Failure) -> Crash:
    return Crash(failure.policy, str(failure.at) if failure.at else "", "", failure.message)
