"""What a container image is called: name, tag, digest. Source: distribution/reference `Parse`."""

from __future__ import annotations

from typing import NamedTuple


class Image(NamedTuple):
    """*name* holds the registry and its port; *tag* and *digest* are "" where they are not said."""

    name: str
    tag: str
    digest: str


def parse(reference: str) -> Image:
    """A colon after the last slash begins the tag; one before it belongs to the port of a registry."""
    rest, _, digest = reference.strip().partition("@")
    colon = rest.rfind(":")
    if colon > rest.rfind("/"):
        return Image(rest[:colon], rest[colon + 1 :], digest)
    return Image(rest, "", digest)
