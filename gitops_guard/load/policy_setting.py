"""What the configuration, or a flag, says of policies: the section `policy`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TEXTS = {"type": "array", "items": {"type": "string", "minLength": 1}}


@dataclass(frozen=True, slots=True)
class PolicySetting:
    """*paths* and *data* are of the checked revision, relative to its root; *given_paths* and *given_data* were named
    by a flag and lie on disk. *builtins* are allowed beyond the list of `policy/builtins.py`, *python_rules* are
    folders. *seconds* and *megabytes* limit one policy. Which engine is asked, and where, is said by flags only: a
    configuration may come with a pull request, and would say whom to send everything.
    """

    paths: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    given_paths: tuple[str, ...] = ()
    given_data: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ("main",)
    all_namespaces: bool = False
    combine: bool = False
    engine: str = "embedded"
    opa_url: str = ""
    opa_package: str = ""
    builtins: tuple[str, ...] = ()
    python_rules: tuple[str, ...] = ()
    seconds: float = 5.0
    megabytes: int = 512

    @property
    def is_used(self) -> bool:
        """Whether there is any policy of the user's to ask."""
        return bool(self.paths or self.given_paths or self.opa_package)


NO_POLICIES = PolicySetting()


def read(section: Mapping[str, Any]) -> PolicySetting:
    """A valid section; see `schema`."""
    limits = section.get("limits", {})
    return PolicySetting(
        paths=tuple(section.get("paths", ())),
        data=tuple(section.get("data", ())),
        namespaces=tuple(section.get("namespaces", ("main",))),
        all_namespaces=section.get("all-namespaces", False),
        combine=section.get("combine", False),
        builtins=tuple(section.get("builtins", ())),
        python_rules=tuple(section.get("python-rules", ())),
        seconds=float(limits.get("seconds", 5)),
        megabytes=limits.get("megabytes", 512),
    )


def schema() -> dict[str, Any]:
    """JSON Schema of the section."""
    return {
        "type": "object",
        "additionalProperties": False,
        "description": "Policies in Rego, for conftest and Gatekeeper (docs/policies.md).",
        "properties": {
            "paths": {**_TEXTS, "description": "Files and folders with policies, relative to the root."},
            "data": {**_TEXTS, "description": "Files and folders that make the document `data`, as for conftest."},
            "namespaces": {**_TEXTS, "description": "Packages whose rules are asked, with * ? [..]. Default: main."},
            "all-namespaces": {"type": "boolean", "description": "Ask the rules of all packages."},
            "combine": {"type": "boolean", "description": "One input of all documents, as conftest --combine."},
            "builtins": {**_TEXTS, "description": "Builtins that policies may call beside the harmless ones."},
            "python-rules": {**_TEXTS, "description": "Folders with rules in Python (docs/python-rules.md)."},
            "limits": {
                "type": "object",
                "additionalProperties": False,
                "description": "What one policy may use before it is stopped.",
                "properties": {
                    "seconds": {"type": "number", "exclusiveMinimum": 0, "maximum": 600},
                    "megabytes": {"type": "integer", "minimum": 16, "maximum": 65536},
                },
            },
        },
    }
