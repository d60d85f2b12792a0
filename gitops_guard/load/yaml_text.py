"""JSON data → YAML that kubectl, kustomize and every other reader of YAML 1.1 or 1.2 take for the same data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from yaml import CSafeDumper, ScalarNode, dump_all

from gitops_guard.load import scalars

_SWITCHES = frozenset("yYnN")
_WIDE = 1 << 20  # columns: no line is broken


class _Dumper(CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True


def _text(dumper: _Dumper, text: str) -> ScalarNode:
    """A text that another reader could take for a number or a switch is quoted; lines stay lines."""
    if "\n" in text:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    style = "" if text and scalars.plain(text) is text and not _is_word(text) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _is_word(text: str) -> bool:
    """What some reader takes for a switch, as YAML 1.1 does `y` and `N`, or that begins like a number."""
    return text in _SWITCHES or text[0] in "+-.0123456789"


_Dumper.add_representer(str, _text)


def dump(documents: Iterable[Any]) -> str:
    """Each document begins with `---`; keys stay in their order."""
    text = dump_all(documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, explicit_start=True, width=_WIDE)
    assert isinstance(text, str)
    return text
