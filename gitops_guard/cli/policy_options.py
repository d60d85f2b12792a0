"""The flags that say which policies are asked, and on which engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from gitops_guard.cli.options import decorate

if TYPE_CHECKING:
    from gitops_guard.load.config import Config
    from gitops_guard.load.policy_setting import PolicySetting

policed = decorate(
    click.option("--policy", multiple=True, metavar="PATH", help="Rego, Gatekeeper templates and constraints."),
    click.option("--policy-data", multiple=True, metavar="PATH", help="YAML and JSON for `data` in Rego (repeatable)."),
    click.option("--namespace", multiple=True, metavar="NAME", help="Rego packages to ask, with * ? [..]."),
    click.option("--all-namespaces", is_flag=True, help="Ask all Rego packages."),
    click.option("--combine", is_flag=True, help="Give Rego all documents as one input."),
    click.option("--policy-engine", type=click.Choice(["embedded", "opa"]), help="Who evaluates.  [default: embedded]"),
    click.option("--opa-url", metavar="URL", help="The OPA server, for --policy-engine opa."),
    click.option("--opa-package", metavar="NAME", help="A package that the OPA server holds; nothing is uploaded."),
    click.option("--rules", "rules_folder", multiple=True, metavar="DIR", help="Rules in Python that you trust."),
    click.option("--only-policies", is_flag=True, help="Ask policies and nothing else."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PolicyChoice:
    """The flags of `policed` as given."""

    policy: tuple[str, ...] = ()
    policy_data: tuple[str, ...] = ()
    namespace: tuple[str, ...] = ()
    all_namespaces: bool = False
    combine: bool = False
    policy_engine: str | None = None
    opa_url: str | None = None
    opa_package: str | None = None
    only_policies: bool = False
    rules_folder: tuple[str, ...] = ()

    @classmethod
    def take(cls, given: dict[str, Any]) -> PolicyChoice:
        """Takes its own flags out of *given*."""
        return cls(**{name: given.pop(name) for name in cls.__dataclass_fields__ if name in given})

    def onto(self, config: Config) -> Config:
        return replace(config, policy=self.onto_setting(config.policy))

    def onto_setting(self, setting: PolicySetting) -> PolicySetting:
        """A flag wins over the configuration; the paths of flags are asked beside those of the configuration."""
        changes: dict[str, Any] = {}
        if self.policy:
            changes["given_paths"] = self.policy
        if self.policy_data:
            changes["given_data"] = self.policy_data
        if self.namespace:
            changes["namespaces"] = self.namespace
        if self.all_namespaces:
            changes["all_namespaces"] = True
        if self.combine:
            changes["combine"] = True
        if self.policy_engine:
            changes["engine"] = self.policy_engine
        if self.opa_url:
            changes["opa_url"] = self.opa_url
        if self.opa_package:
            changes["opa_package"] = self.opa_package
        return replace(setting, **changes) if changes else setting
