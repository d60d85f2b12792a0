"""Floor 2: the built-in rules. One module is one rule; being in this folder is all the registration there is.

A module holds either one function decorated by `resource_rule`, `file_rule` or `tree_rule`, or, for what the engine
finds itself, `RULE = engine_rule(__name__, __doc__, …)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from os import listdir

from gitops_guard.model.rule import Profile, Rule, Topic

_ALLOW = """One finding, on its line or the line above:

```yaml
# gitops-guard: allow {rule} -- the reason
```

Everywhere, in `.gitops-guard.yaml`:

```yaml
rules:
  {rule}: off
```"""


def all_rules() -> dict[str, Rule]:
    """The built-in rules by id, in the order of their ids. Raises TypeError for a module that is not one rule."""
    files = listdir(__path__[0])  # noqa: PTH208  every command pays for this; names are enough
    modules = (file.removesuffix(".py") for file in files if file.endswith(".py") and file != "__init__.py")
    found = {rule.id: rule for rule in map(_rule_of, modules)}
    return dict(sorted(found.items()))


def by_topic(rules: Mapping[str, Rule]) -> dict[Topic, dict[str, Rule]]:
    """The rules of each topic that has one, in the order of Topic."""
    grouped = {topic: {name: rule for name, rule in rules.items() if rule.topic is topic} for topic in Topic}
    return {topic: found for topic, found in grouped.items() if found}


def _rule_of(name: str) -> Rule:
    module = import_module(f"{__name__}.{name}")
    rules = [value for value in vars(module).values() if isinstance(value, Rule)]
    if len(rules) != 1:
        raise TypeError(f"gitops_guard/rules/{name}.py holds {len(rules)} rules; it has to hold one")
    return rules[0]


def explain(rule: Rule) -> str:
    """What a person wants to know of a rule, as Markdown: `gitops-guard explain` and `docs/rules/` show it."""
    parts = [f"# {rule.id}", f"Severity `{rule.severity}`; {_on(rule)}.", rule.doc]
    if rule.options:
        parts.append("## Options\n\n" + _options(rule))
    if not rule.id.startswith("waiver-"):
        parts.append(f"## Allow\n\n{_ALLOW.format(rule=rule.id)}")
    return "\n\n".join(parts) + "\n"


def _on(rule: Rule) -> str:
    """When the rule is asked."""
    if rule.profile is Profile.OPT_IN:
        return f"`{rule.profile}`: part of no profile, turned on by `--enable {rule.id}` or in `.gitops-guard.yaml`"
    profiles = [profile for profile in Profile if profile is not Profile.OPT_IN]
    within = ", ".join(f"`{profile}`" for profile in profiles[profiles.index(rule.profile) :])
    return f"part of the profiles {within}"


def _options(rule: Rule) -> str:
    rows = ["| option | default | meaning |", "|---|---|---|"]
    rows += [
        f"| `{name}` | {_default(option.default)} | {option.doc} |" for name, option in sorted(rule.options.items())
    ]
    return "\n".join(rows)


def _default(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list | tuple):
        return ", ".join(_item(item) for item in value) or "none"
    return f"`{value}`"


def _item(value: object) -> str:
    return " / ".join(f"`{one}`" for one in value) if isinstance(value, list | tuple) else f"`{value}`"
