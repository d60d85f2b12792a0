"""`# METADATA` blocks of a module: https://www.openpolicyagent.org/docs/policy-language#metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gitops_guard.policy.program import Failure, Module
from gitops_guard.policy.rego_text import Token, tokens

_MARK: Final = re.compile(r"^[ \t]*#[ \t]*METADATA[ \t]*$", re.MULTILINE)
_INHERITED: Final = ("related_resources", "organizations", "authors", "custom")


@dataclass(frozen=True, slots=True)
class Annotations:
    """*rules* by the line of the rule, *documents* by its name, *package* what holds for all."""

    rules: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    documents: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    package: dict[str, Any] = field(default_factory=dict)

    def of(self, name: str, line: int) -> Mapping[str, Any]:
        """What is said of the rule that begins in *line*; the nearer scope wins, key by key."""
        inherited: dict[str, Any] = {key: self.package[key] for key in _INHERITED if key in self.package}
        custom = inherited.get("custom")
        if isinstance(custom, Mapping):
            inherited["custom"] = {key: value for key, value in custom.items() if key != "id"}
        return {**inherited, **self.documents.get(name, {}), **self.rules.get(line, {})}


def read(module: Module) -> Annotations | Failure:
    """A block that is no YAML mapping is a failure, as it is for OPA."""
    found = Annotations()
    if "METADATA" not in module.text:
        return found
    for line, text, after in _blocks(module.text):
        body = _parsed(module, line, text)
        if isinstance(body, Failure):
            return body
        if after is None:
            continue
        scope = body.get("scope") or ("package" if after.text == "package" else "rule")
        at = module.text.count("\n", 0, after.start) + 1
        if scope in ("package", "subpackages"):
            found.package.update(body)
        elif scope == "document":
            found.documents[after.text] = body
        else:
            found.rules[at] = body
    return found


def _blocks(text: str) -> Iterator[tuple[int, str, Token | None]]:
    """The line in which each block begins, its YAML, and the first token after it."""
    found = list(tokens(text))
    for mark in _MARK.finditer(text):
        line = text.count("\n", 0, mark.end()) + 1
        lines = []
        for content in text[mark.end() + 1 :].split("\n"):
            if not content.lstrip().startswith("#"):
                break
            lines.append(content.lstrip()[1:].removeprefix(" "))
        yield line, "\n".join(lines), next((token for token in found if token.start > mark.end()), None)


def _parsed(module: Module, line: int, text: str) -> Mapping[str, Any] | Failure:
    from gitops_guard.load import manifests

    parsed = manifests.read(module.path, text.encode("utf-8", "surrogatepass"))
    for _, _, problem in parsed.problems:
        inside = problem.at.line if problem.at else 1
        message = f"its METADATA is no YAML: {problem.message}"
        return Failure(module.path, message, module.at(line + inside))
    body = parsed.documents[0].body if parsed.documents else {}
    if not isinstance(body, dict):
        return Failure(module.path, "its METADATA is no mapping", module.at(line))
    return body
