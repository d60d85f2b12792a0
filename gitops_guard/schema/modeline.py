"""The comment by which an editor knows the schema of a document: `# yaml-language-server: $schema=URL`."""

from __future__ import annotations

import re
from typing import Final

from gitops_guard.model.resource import Resource

_MODELINE: Final = re.compile(r"yaml-language-server: {0,9}\$schema=(\S{1,500})")
_ABOVE: Final = 20  # lines between the comment and the first field of its document
_PLAIN: Final = re.compile(r"https?://[\w.-]{1,200}/[\w./%+~-]{1,400}", re.ASCII)  # nobody's name, no query


def use_of(resource: Resource) -> str:
    """How `--schema-location` makes use of the schema that is named above a resource; "" where none is named.

    A location is tried for every kind, so it has to be a template; one can be made of an address in the usual layout.
    """
    first = resource.location.line
    last = resource.source.locate(resource.document - 1, ()).line if resource.document else 0
    lowest = max(last + 1, first - _ABOVE)
    above = sorted((line, text) for line, text in resource.source.comments().items() if lowest <= line < first)
    named = [(line, match[1]) for line, text in above if (match := _MODELINE.search(text))]
    if not named:
        return ""
    line, url = named[-1]
    start = f"its schema is named in line {line}"
    template = _template(resource, url)
    return f"{start}; `--online --schema-location '{template}'` checks against it" if template else start


def _template(resource: Resource, url: str) -> str:
    group, _, version = resource.api_version.rpartition("/")
    end = f"/{group}/{resource.id.kind.lower()}_{version}.json"
    if not group or not url.endswith(end) or not _PLAIN.fullmatch(url):
        return ""
    return f"{url.removesuffix(end)}/{{{{ .Group }}}}/{{{{ .ResourceKind }}}}_{{{{ .ResourceAPIVersion }}}}.json"
