"""`.gitops-guard.yaml` → Config: which rules run where, how severe they are, and how the repository is laid out.

Without the file everything has its default, and nothing is imported to validate it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gitops_guard.load import environments as environment_words
from gitops_guard.load import globs, manifests, policy_setting
from gitops_guard.load.globs import NO_GLOBS, GlobError, Globs
from gitops_guard.load.layout import Override, globs_of
from gitops_guard.load.manifests import FileSource
from gitops_guard.load.policy_setting import NO_POLICIES, PolicySetting
from gitops_guard.model.errors import ConfigError
from gitops_guard.model.finding import Severity
from gitops_guard.model.resource import FieldPath, Location
from gitops_guard.model.rule import Profile, Rule

NAMES: Final = (".gitops-guard.yaml", ".gitops-guard.yml")
DEFAULT_WAIVERS: Final = ".gitops-guard-waivers.yaml"
_PROFILES: Final = tuple(Profile)
_SETTINGS: Final = frozenset({"enabled", "severity", "paths", "exclude"})


@dataclass(frozen=True, slots=True)
class RuleSetting:
    """What the configuration says of a rule; None or empty where it says nothing. *paths* empty: everywhere."""

    enabled: bool | None = None
    severity: Severity | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    paths: Globs = NO_GLOBS
    exclude: Globs = NO_GLOBS


@dataclass(frozen=True, slots=True)
class EnvironmentSetting:
    profile: Profile | None = None
    rules: Mapping[str, RuleSetting] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Effective:
    """What holds for one rule at one path. *options* hold every option of the rule, by default where nothing is set."""

    enabled: bool
    severity: Severity
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Config:
    """*waivers* are the waiver files that must exist; without any, `DEFAULT_WAIVERS` is read where it exists.

    *kubernetes_version* is `1.31` or `1.31.2`, "" for the newest. *file* is "" where there is no configuration.
    """

    profile: Profile = Profile.RECOMMENDED
    rules: Mapping[str, RuleSetting] = field(default_factory=dict)
    environments: Mapping[str, EnvironmentSetting] = field(default_factory=dict)
    layout: tuple[Override, ...] = ()
    kubernetes_version: str = ""
    schema_locations: tuple[str, ...] = ()
    exclude: Globs = NO_GLOBS
    lint: bool = True
    fail_on: Severity = Severity.ERROR
    engine: str = "embedded"
    waivers: tuple[str, ...] = ()
    other_linters: bool = True
    policy: PolicySetting = NO_POLICIES
    file: str = ""
    _known: dict[tuple[str, str], tuple[Effective, Globs, Globs]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def digest(self) -> str:
        """16 hex digits that change with everything that can change a finding; not with comments or `fail-on`."""
        from hashlib import sha256

        parts = (
            self.profile.value,
            _stable(self.rules),
            _stable(self.environments),
            self.layout,
            self.kubernetes_version,
            self.schema_locations,
            self.exclude.patterns,
            self.lint,
            self.engine,
            self.other_linters,
            self.policy,
        )
        return sha256(repr(parts).encode()).hexdigest()[:16]


def _stable(value: Any) -> Any:
    """Mappings as sorted pairs, so that the order of keys in the file does not count."""
    match value:
        case RuleSetting():
            severity = int(value.severity) if value.severity is not None else 0
            options = _stable(value.options)
            return value.enabled, severity, options, value.paths.patterns, value.exclude.patterns
        case EnvironmentSetting():
            return value.profile and value.profile.value, _stable(value.rules)
        case Mapping():
            return [(key, _stable(value[key])) for key in sorted(value)]
        case list() | tuple():
            return [_stable(item) for item in value]
        case _:
            return value


def setting(rule: Rule, config: Config, environment: str, path: str) -> Effective:
    """What holds for *rule* at *path*, which lies in *environment* ("" for none)."""
    known = config._known.get((rule.id, environment))
    if known is None:
        known = config._known[rule.id, environment] = _settle(rule, config, environment)
    effective, paths, exclude = known
    if not effective.enabled or (not paths and not exclude):
        return effective
    if (paths and not paths.match(path)) or exclude.match(path):
        return Effective(False, effective.severity, effective.options)
    return effective


def refused(rule: Rule, config: Config, environment: str, path: str) -> bool:
    """Whether somebody turned *rule* off at *path*, by its name or its paths. A profile that has it not does not."""
    own = _for_environment(config.environments, environment)
    said = [found.enabled for found in (config.rules.get(rule.id), own.rules.get(rule.id)) if found is not None]
    if [enabled for enabled in said if enabled is not None][-1:] == [False]:
        return True
    _, paths, exclude = _settle(rule, config, environment)
    return bool(paths and not paths.match(path)) or exclude.match(path)


def may_run(rule: Rule, config: Config) -> bool:
    """Whether the rule is on in any environment at all."""
    return any(setting_anywhere.enabled for setting_anywhere in _everywhere(rule, config))


def _everywhere(rule: Rule, config: Config) -> Iterable[Effective]:
    return (_settle(rule, config, environment)[0] for environment in ("", *config.environments))


def _settle(rule: Rule, config: Config, environment: str) -> tuple[Effective, Globs, Globs]:
    own = _for_environment(config.environments, environment)
    profile = own.profile or config.profile
    enabled = _PROFILES.index(rule.profile) <= _PROFILES.index(profile)
    severity = max(rule.severity, Severity.ERROR) if profile is Profile.STRICT else rule.severity
    options = {name: option.default for name, option in rule.options.items()}
    if config.kubernetes_version and "kubernetes-version" in options:
        options["kubernetes-version"] = config.kubernetes_version
    paths = exclude = NO_GLOBS
    for found in (config.rules.get(rule.id), own.rules.get(rule.id)):
        if found is None:
            continue
        enabled = enabled if found.enabled is None else found.enabled
        severity = found.severity or severity
        options.update(found.options)
        paths, exclude = found.paths or paths, found.exclude or exclude
    return Effective(enabled, severity, options), paths, exclude


def _for_environment(known: Mapping[str, EnvironmentSetting], name: str) -> EnvironmentSetting:
    """By the name as it is written, else by what it means: `production` also holds for `prod`."""
    found = known.get(name)
    if found is None and name:
        found = next((known[key] for key in known if holds_for(key, name)), None)
    return found or EnvironmentSetting()


def holds_for(key: str, name: str) -> bool:
    """Whether what the configuration says of the environment *key* is about the environment *name*."""
    return key == name or (environment_words.canonical(key) == environment_words.canonical(name) and _is_general(key))


def _is_general(name: str) -> bool:
    """`prod` stands for all of production; `prod-eu` only for itself."""
    word = environment_words.find(name)
    return word is None or word.where == "exact"


def find(root: Path) -> Path | None:
    """The configuration at the root of a repository. Raises ConfigError where there are two."""
    found = [root / name for name in NAMES if (root / name).is_file()]
    if len(found) > 1:
        raise ConfigError(f"there are both {NAMES[0]} and {NAMES[1]}", hint="keep one")
    return found[0] if found else None


def load(file: Path | tuple[str, bytes] | None, rules: Mapping[str, Rule]) -> Config:
    """None gives the defaults. *file* may be a name with its bytes, out of a revision. Raises ConfigError."""
    if file is None:
        return Config()
    name, data = (str(file), _bytes(file)) if isinstance(file, Path) else file
    document, source = read_mapping(name, data, what="the configuration")
    if not document:
        return Config(file=name)
    from gitops_guard.load import config_schema

    if not config_schema.is_valid(document, rules):
        raise _refused(config_schema.explain(document, rules), source, name)
    return _Reader(source).config(document, name)


def policy_setting_of(file: Path | tuple[str, bytes] | None) -> PolicySetting:
    """The section `policy` alone, where it is valid: what it names has rules of its own, which `load` has to know."""
    if file is None:
        return NO_POLICIES
    name, data = (str(file), _bytes(file)) if isinstance(file, Path) else file
    document, _ = read_mapping(name, data, what="the configuration")
    from gitops_guard.load import config_schema

    section = {"policy": document["policy"]} if "policy" in document else {}
    return policy_setting.read(section["policy"]) if section and config_schema.is_valid(section, {}) else NO_POLICIES


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"the configuration {str(file)!r} cannot be read: {error.strerror}") from error


def read_mapping(name: str, data: bytes, *, what: str) -> tuple[Mapping[str, Any], FileSource]:
    """The one document of a file of ours; empty for an empty one. Raises ConfigError with the place."""
    document, source = read_document(name, data, what=what)
    if document is None:
        return {}, source
    if not isinstance(document, dict):
        raise ConfigError(f"{what} is not a mapping", at=source.locate(0, ()))
    return document, source


def read_document(name: str, data: bytes, *, what: str) -> tuple[Any, FileSource]:
    parsed = manifests.read(name, data)
    for _, _, problem in parsed.problems:
        raise ConfigError(problem.message, at=problem.at)
    if len(parsed.documents) > 1:
        second = parsed.documents[1]
        raise ConfigError(f"{what} is one document", at=Location(name, second.line), hint="remove what follows `---`")
    return (parsed.documents[0].body if parsed.documents else None), parsed.source


def _refused(faults: Iterable[Any], source: FileSource, name: str) -> ConfigError:
    """The first fault in the file as the error; how many more there are as its hint."""
    placed = sorted((source.locate(0, fault.path, key=fault.on_key), fault.message, fault.hint) for fault in faults)
    if not placed:
        return ConfigError("the configuration is not what its schema asks for", at=Location(name))
    at, message, hint = placed[0]
    lines = ", ".join(dict.fromkeys(str(other.line) for other, _, _ in placed[1:]))
    more = f"more in line {lines}" if lines else ""
    return ConfigError(message, at=at, hint="; ".join(part for part in (hint, more) if part))


class _Reader:
    """A valid document → Config. What a schema cannot say (patterns) is refused here, with its place."""

    def __init__(self, source: FileSource) -> None:
        self._source = source

    def config(self, document: Mapping[str, Any], name: str) -> Config:
        version = str(document.get("kubernetes-version", "")).removeprefix("v")
        lint = document.get("lint", True)
        return Config(
            profile=Profile(document.get("profile", Profile.RECOMMENDED)),
            rules=self._rules(document.get("rules", {}), ("rules",)),
            environments=self._environments(document.get("environments", {})),
            layout=tuple(self._override(entry, number) for number, entry in enumerate(document.get("layout", ()))),
            kubernetes_version=version,
            schema_locations=tuple(document.get("schema-locations", ())),
            exclude=self._globs(document.get("exclude", ()), ("exclude",)),
            lint=lint if isinstance(lint, bool) else lint.get("enabled", True),
            fail_on=Severity.parse(document.get("fail-on", "error")),
            engine=document.get("engine", "embedded"),
            waivers=tuple(document.get("waivers", ())),
            other_linters=document.get("other-linters", True),
            policy=policy_setting.read(document.get("policy", {})),
            file=name,
        )

    def _environments(self, found: Mapping[str, Any]) -> dict[str, EnvironmentSetting]:
        return {
            name: EnvironmentSetting(
                Profile(entry["profile"]) if "profile" in entry else None,
                self._rules(entry.get("rules", {}), ("environments", name, "rules")),
            )
            for name, entry in found.items()
        }

    def _rules(self, found: Mapping[str, Any], path: FieldPath) -> dict[str, RuleSetting]:
        return {name: self._rule(value, (*path, name)) for name, value in found.items()}

    def _rule(self, value: Any, path: FieldPath) -> RuleSetting:
        if not isinstance(value, dict):
            return _shorthand(value)
        return RuleSetting(
            enabled=value.get("enabled", True),
            severity=Severity.parse(value["severity"]) if "severity" in value else None,
            options={key: value[key] for key in value if key not in _SETTINGS},
            paths=self._globs(value.get("paths", ()), (*path, "paths")),
            exclude=self._globs(value.get("exclude", ()), (*path, "exclude")),
        )

    def _globs(self, patterns: Iterable[str], path: FieldPath) -> Globs:
        found = tuple(patterns)
        for number, pattern in enumerate(found):
            try:
                globs.of([pattern])
            except GlobError as error:
                raise ConfigError(str(error), at=self._source.locate(0, (*path, number))) from error
        return Globs(found)

    def _override(self, entry: str | Mapping[str, Any], number: int) -> Override:
        if isinstance(entry, str):
            found = Override((entry,))
        else:
            paths = entry["paths"]
            names = {name: entry.get(name) for name in ("environment", "app", "cluster")}
            found = Override((paths,) if isinstance(paths, str) else tuple(paths), **names)
        try:
            globs_of(found)
        except GlobError as error:
            raise ConfigError(str(error), at=self._source.locate(0, ("layout", number))) from error
        return found


def _shorthand(value: str | bool) -> RuleSetting:
    """`off`, `on` (which YAML reads as false and true) or a severity, which also turns the rule on."""
    if value in (False, "off"):
        return RuleSetting(enabled=False)
    if value in (True, "on"):
        return RuleSetting(enabled=True)
    return RuleSetting(enabled=True, severity=Severity.parse(str(value)))


def schema(rules: Mapping[str, Rule]) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the configuration, with every rule's options."""
    from gitops_guard.load import config_schema

    return config_schema.schema(rules)
