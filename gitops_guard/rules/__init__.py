"""Floor 2: the built-in rules. One module is one rule; being in this folder is all the registration there is.

A module holds either one function decorated by `resource_rule`, `file_rule` or `tree_rule`, or, for what the engine
finds itself, `RULE = engine_rule(__name__, __doc__, …)`.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from gitops_guard.model.rule import Rule


def all_rules() -> dict[str, Rule]:
    """The built-in rules by id, in the order of their ids. Raises TypeError for a module that is not one rule."""
    found = {rule.id: rule for rule in map(_rule_of, (module.name for module in iter_modules(__path__)))}
    return dict(sorted(found.items()))


def _rule_of(name: str) -> Rule:
    module = import_module(f"{__name__}.{name}")
    rules = [value for value in vars(module).values() if isinstance(value, Rule)]
    if len(rules) != 1:
        raise TypeError(f"gitops_guard/rules/{name}.py holds {len(rules)} rules; it has to hold one")
    return rules[0]
