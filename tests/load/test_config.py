from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gitops_guard.load import config
from gitops_guard.load.config import Config
from gitops_guard.model.errors import ConfigError
from gitops_guard.model.finding import Severity
from gitops_guard.model.rule import Option, Profile, Rule, Scope
from gitops_guard.rules import all_rules


def rule(name: str, profile: Profile = Profile.RECOMMENDED, **options: Option) -> Rule:
    named = {key.replace("_", "-"): option for key, option in options.items()}
    return Rule(name, Severity.WARNING, f"About {name}.", Scope.RESOURCE, lambda *_: (), profile, named)


TAGS = Option(["latest"], "Tags that move.", {"type": "array", "items": {"type": "string"}})
LIMIT = Option(3, "How many.", {"type": "integer", "minimum": 1})
IMAGE = rule("unpinned-image-tag", floating_tags=TAGS, limit=LIMIT)
LAYOUT = rule("environment-layout")
HOST = rule("host-network", Profile.STRICT)
RULES = {one.id: one for one in (IMAGE, LAYOUT, HOST)}


def load(text: str) -> Config:
    return config.load((".gitops-guard.yaml", text.encode()), RULES)


def effective(text: str, one: Rule = IMAGE, environment: str = "", path: str = "a.yaml") -> tuple[bool, Severity]:
    found = config.setting(one, load(text), environment, path)
    return found.enabled, found.severity


def test_without_a_file_everything_has_its_default() -> None:
    found = config.load(None, RULES)

    assert found == Config()
    assert config.setting(IMAGE, found, "", "a.yaml").options == {"floating-tags": ["latest"], "limit": 3}


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}\n"])
def test_an_empty_file_is_the_default(text: str) -> None:
    assert load(text) == Config(file=".gitops-guard.yaml")


def test_reads_every_key() -> None:
    found = load("""
version: 1
profile: strict
kubernetes-version: "v1.31"
fail-on: warning
exclude: [vendor/**]
rules: {unpinned-image-tag: {severity: error, floating-tags: [main], paths: [apps/**], exclude: [apps/dev/**]}}
environments: {production: {profile: strict, rules: {environment-layout: error}}}
layout:
  - fleet/<environment>/<app>/**
  - {paths: [legacy/**, old/**], environment: production, app: legacy}
schema-locations: [schemas/]
lint: {enabled: false}
engine: both
waivers: [waivers/platform.yaml]
other-linters: false
""")

    assert (found.profile, found.kubernetes_version, found.fail_on) == (Profile.STRICT, "1.31", Severity.WARNING)
    assert (found.lint, found.engine, found.other_linters) == (False, "both", False)
    assert (found.waivers, found.schema_locations) == (("waivers/platform.yaml",), ("schemas/",))
    assert found.exclude.match("vendor/x/y.yaml")
    assert found.rules["unpinned-image-tag"].options == {"floating-tags": ["main"]}
    assert found.environments["production"].rules["environment-layout"].severity is Severity.ERROR
    assert [(entry.patterns, entry.environment) for entry in found.layout] == [
        (("fleet/<environment>/<app>/**",), None),
        (("legacy/**", "old/**"), "production"),
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("off", (False, Severity.WARNING), id="off, which YAML reads as false"),
        pytest.param('"off"', (False, Severity.WARNING), id="off in quotes"),
        pytest.param("on", (True, Severity.WARNING), id="on, which YAML reads as true"),
        pytest.param("error", (True, Severity.ERROR), id="a severity"),
        pytest.param("{enabled: false, severity: error}", (False, Severity.ERROR), id="a mapping"),
    ],
)
def test_a_rule_can_be_set_with_one_word(written: str, expected: tuple[bool, Severity]) -> None:
    assert effective(f"rules: {{unpinned-image-tag: {written}}}") == expected


@pytest.mark.parametrize(
    ("text", "enabled"),
    [
        pytest.param("profile: recommended", False, id="a strict rule is off in recommended"),
        pytest.param("profile: strict", True, id="and on in strict"),
        pytest.param("rules: {host-network: {severity: info}}", True, id="a rule that is named is on"),
        pytest.param("environments: {production: {profile: strict}}", True, id="a profile for production"),
    ],
)
def test_the_profile_says_which_rules_are_on(text: str, enabled: bool) -> None:
    assert effective(text, HOST, environment="production")[0] is enabled


def test_options_of_an_environment_are_laid_over_those_of_the_rule() -> None:
    found = load("""
rules: {unpinned-image-tag: {floating-tags: [main], limit: 5}}
environments: {production: {rules: {unpinned-image-tag: {severity: error, limit: 1}}}}
""")

    here = config.setting(IMAGE, found, "production", "a.yaml")

    assert (here.severity, here.options) == (Severity.ERROR, {"floating-tags": ["main"], "limit": 1})


@pytest.mark.parametrize(
    ("written", "environment", "severity"),
    [
        pytest.param("production", "prod", Severity.ERROR, id="production is also prod"),
        pytest.param("prod", "production", Severity.ERROR, id="prod is also production"),
        pytest.param("production", "prod-eu", Severity.ERROR, id="production is also prod-eu"),
        pytest.param("prod-eu", "prod-us", Severity.WARNING, id="prod-eu is not prod-us"),
        pytest.param("production", "staging", Severity.WARNING, id="production is not staging"),
        pytest.param("production", "", Severity.WARNING, id="no environment"),
        pytest.param("blue", "blue", Severity.ERROR, id="a name of one's own"),
    ],
)
def test_an_environment_is_meant_in_all_its_spellings(written: str, environment: str, severity: Severity) -> None:
    text = f"environments: {{{written}: {{rules: {{unpinned-image-tag: error}}}}}}"

    assert effective(text, environment=environment)[1] is severity


@pytest.mark.parametrize(
    ("path", "enabled"),
    [("apps/web/a.yaml", True), ("apps/dev/a.yaml", False), ("clusters/a.yaml", False)],
)
def test_a_rule_runs_where_its_paths_say(path: str, enabled: bool) -> None:
    text = "rules: {unpinned-image-tag: {paths: [apps/**], exclude: [apps/dev/**]}}"

    assert effective(text, path=path)[0] is enabled


def test_a_rule_that_is_on_in_one_environment_may_run() -> None:
    found = load("environments: {production: {rules: {host-network: on}}}\nrules: {environment-layout: off}")

    assert [config.may_run(one, found) for one in (IMAGE, LAYOUT, HOST)] == [True, False, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "rules:\n  unpinned-image-tag:\n    tags: [x]\n",
            "3:5: rule 'unpinned-image-tag' has no option 'tags' (it has: floating-tags, limit)",
            id="unknown option",
        ),
        pytest.param(
            "rules:\n  unpinned-image-tag: {floating_tags: [x]}\n",
            "2:24: rule 'unpinned-image-tag' has no option 'floating_tags' (did you mean 'floating-tags'?)",
            id="an option in snake case",
        ),
        pytest.param(
            "rules:\n  environment-layout: {x: 1}\n",
            "2:24: rule 'environment-layout' has no option 'x' (it has no options)",
            id="a rule without options",
        ),
        pytest.param(
            "rules:\n  unpinned-image-tags: off\n",
            "2:3: there is no rule 'unpinned-image-tags' (did you mean 'unpinned-image-tag'?)",
            id="unknown rule",
        ),
        pytest.param(
            "environments:\n  prod:\n    rules: {nothing-like-it: off}\n",
            "3:13: there is no rule 'nothing-like-it' (`gitops-guard rules` lists them)",
            id="unknown rule of an environment",
        ),
        pytest.param(
            "profil: strict\n", "1:1: the configuration has no key 'profil' (did you mean 'profile'?)", id="unknown key"
        ),
        pytest.param(
            "profile: strikt\n",
            "1:10: `profile` has a value that it does not know (one of minimal, recommended, strict is accepted)",
            id="unknown profile",
        ),
        pytest.param(
            "kubernetes-version: 1.30\n",
            "1:21: `kubernetes-version` is not a version in quotes "
            '(such as "1.31"; 1.30 without quotes is the number 1.3)',
            id="a version that is a number",
        ),
        pytest.param("version: 2\n", "1:10: `version` is not 1 (the only version of this format)", id="a later format"),
        pytest.param("exclude: vendor\n", "1:10: `exclude` is text (a list is needed)", id="text for a list"),
        pytest.param(
            "rules:\n  unpinned-image-tag: {floating-tags: main}\n",
            "2:39: `rules.unpinned-image-tag.floating-tags` is text (a list is needed)",
            id="an option of a wrong type",
        ),
        pytest.param(
            "rules:\n  unpinned-image-tag: {severity: fatal}\n",
            "2:34: `rules.unpinned-image-tag.severity` has a value that it does not know "
            "(one of error, warning, info is accepted)",
            id="unknown severity",
        ),
        pytest.param(
            "rules:\n  unpinned-image-tag: never\n",
            "2:23: `rules.unpinned-image-tag` has a value that it does not know "
            "(one of error, warning, info, on, off or a mapping is accepted)",
            id="unknown shorthand",
        ),
        pytest.param("exclude: [../x]\n", "1:11: `../x` leaves the repository", id="a pattern out of the repository"),
        pytest.param(
            "layout:\n  - fleet/<team>/**\n",
            "2:5: `fleet/<team>/**` has the placeholder <team>; known are <environment>, <app>, <cluster>",
            id="unknown placeholder",
        ),
        pytest.param("layout:\n  - {app: web}\n", "2:5: `layout.0` needs `paths`", id="a layout without paths"),
        pytest.param(
            "lint:\n  on: true\n", "2:3: `lint` has no key 'true' (it has: enabled)", id="unknown key of lint"
        ),
        pytest.param("- a\n", "1:1: the configuration is not a mapping", id="a list"),
        pytest.param(
            "a: 1\n---\nb: 2\n", "3:1: the configuration is one document (remove what follows `---`)", id="two"
        ),
        pytest.param("rules: {\n", "did not find expected node content", id="broken YAML"),
        pytest.param(
            "version: 1\nversion: 1\n",
            "2:1: the key `version` stands twice in this mapping, first in line 1; the last one wins",
            id="a key twice",
        ),
        pytest.param(
            "profil: x\nfail-om: error\n",
            "1:1: the configuration has no key 'profil' (did you mean 'profile'?; more in line 2)",
            id="two faults",
        ),
    ],
)
def test_a_wrong_configuration_is_refused_at_its_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(text)

    assert str(caught.value).removeprefix(".gitops-guard.yaml:").endswith(message)
    assert str(caught.value).startswith(".gitops-guard.yaml:")
    assert caught.value.exit_code == 2


def test_a_configuration_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        config.load(tmp_path / "missing.yaml", RULES)


def test_is_found_at_the_root(tmp_path: Path) -> None:
    assert config.find(tmp_path) is None

    (tmp_path / ".gitops-guard.yml").write_text("profile: strict\n")

    found = config.find(tmp_path)
    assert found == tmp_path / ".gitops-guard.yml"
    assert config.load(found, RULES).profile is Profile.STRICT


def test_two_configurations_are_an_error(tmp_path: Path) -> None:
    for name in config.NAMES:
        (tmp_path / name).touch()

    with pytest.raises(ConfigError, match=r"both .gitops-guard.yaml and .gitops-guard.yml \(keep one\)"):
        config.find(tmp_path)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("profile: strict # why", "profile: strict", True, id="comments do not count"),
        pytest.param(
            "rules: {host-network: off, environment-layout: off}",
            "rules: {environment-layout: off, host-network: off}",
            True,
            id="order does not count",
        ),
        pytest.param("fail-on: error", "fail-on: info", True, id="fail-on changes no finding"),
        pytest.param("profile: strict", "profile: minimal", False, id="the profile"),
        pytest.param("layout: [a/<app>]", "layout: [b/<app>]", False, id="the layout"),
        pytest.param(
            "rules: {unpinned-image-tag: {limit: 1}}", "rules: {unpinned-image-tag: {limit: 2}}", False, id="an option"
        ),
        pytest.param('kubernetes-version: "1.30"', 'kubernetes-version: "1.31"', False, id="the version"),
    ],
)
def test_the_digest_changes_with_what_can_change_a_finding(one: str, other: str, same: bool) -> None:
    assert (load(one).digest == load(other).digest) is same


def test_the_schema_is_a_schema_and_knows_the_options() -> None:
    schema: dict[str, Any] = config.schema(RULES)

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("draft/2020-12/schema")
    options = schema["$defs"]["rules"]["properties"]["unpinned-image-tag"]["anyOf"][1]["properties"]
    assert options["limit"] == {"description": "How many.", "default": 3, "type": "integer", "minimum": 1}


def of_an_environment(settings: str) -> Config:
    text = f"environments:\n  production:\n    rules:\n      {settings}\n"
    return config.load((".gitops-guard.yaml", text.encode()), all_rules())


def test_an_option_of_a_rule_that_is_asked_once_of_all_environments_is_refused_in_one() -> None:
    with pytest.raises(ConfigError) as error:
        of_an_environment("promotion-order: {order: [staging, production]}")

    assert str(error.value).startswith(
        ".gitops-guard.yaml:4:25: 'order' of rule 'promotion-order' cannot differ between environments"
    )
    assert "below `rules` at the top" in str(error.value)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param("promotion-order: off", id="off"),
        pytest.param("promotion-order: {severity: error, exclude: [a/**]}", id="severity and paths"),
        pytest.param("unpinned-image-tag: {demand: digest}", id="a rule that is asked for each path"),
        pytest.param("secret-in-config: {names: [a]}", id="a rule that is asked for each resource"),
    ],
)
def test_what_may_differ_in_an_environment_is_accepted(settings: str) -> None:
    assert "production" in of_an_environment(settings).environments


def _examples(page: str) -> list[str]:
    docs = Path(__file__).resolve().parents[2] / "docs"
    return re.findall(r"```yaml\n(.*?)```", (docs / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("text", _examples("configuration.md") + _examples("layout.md"))
def test_the_examples_of_the_documentation_are_valid(text: str) -> None:
    found = config.load(("example.yaml", text.encode()), all_rules())

    assert found.layout or found.rules
