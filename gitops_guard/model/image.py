"""What a container image is called: name, tag, digest, registry. Source: distribution/reference `Parse`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

FLOATING_TAGS: Final = (
    "latest", "main", "master", "head", "edge", "nightly", "stable", "rolling", "canary", "dev", "develop", "snapshot",
)  # fmt: skip
DEFAULT_REGISTRY: Final = "docker.io"
_REFERENCE: Final = re.compile(r"[A-Za-z0-9][\w./:@+-]*\Z", re.ASCII)
_SERIES: Final = re.compile(r"[vV]?\d{1,4}(?:\.\d{1,4})?(?:\Z|[-_+])", re.ASCII)
_BUILD: Final = re.compile(r"\d+\.\d+\.\d+|\d{6}|\b(?=[a-f]*\d)[0-9a-f]{7,40}\b", re.ASCII)


class Image(NamedTuple):
    """*name* holds the registry and its port; *tag* and *digest* are "" where they are not said."""

    name: str
    tag: str
    digest: str

    @property
    def registry(self) -> str:
        """The host, `docker.io` where the name has none."""
        first, slash, _ = self.name.partition("/")
        return first if slash and is_host(first) else DEFAULT_REGISTRY

    @property
    def full_name(self) -> str:
        """With the registry and the folder that Docker Hub has for names without one: `docker.io/library/nginx`."""
        first, slash, rest = self.name.partition("/")
        if slash and is_host(first):
            return f"{DEFAULT_REGISTRY}/{rest}" if first == "index.docker.io" else self.name
        return f"{DEFAULT_REGISTRY}/{self.name}" if slash else f"{DEFAULT_REGISTRY}/library/{self.name}"


def is_host(part: str) -> bool:
    """Whether the first part of a name is a registry and no folder of Docker Hub."""
    return "." in part or ":" in part or part == "localhost"


def parse(reference: str) -> Image:
    """A colon after the last slash begins the tag; one before it belongs to the port of a registry."""
    rest, _, digest = reference.strip().partition("@")
    colon = rest.rfind(":")
    if colon > rest.rfind("/"):
        return Image(rest[:colon], rest[colon + 1 :], digest)
    return Image(rest, "", digest)


def is_reference(text: str) -> bool:
    """Whether *text* could name an image: no blank, no glob, no URL, nothing that is filled in later."""
    return "://" not in text and _REFERENCE.match(text) is not None


def is_exact(tag: str) -> bool:
    """Whether a tag names one build and not a series of them: `1.27.3`, a date or a commit; not `1`, `1.27`, `alpine`.

    `1.27-alpine` is a series as well; `1.27-20240101` and `8-jdk-17.0.1` are builds.
    """
    if _SERIES.match(tag):
        return _BUILD.search(tag) is not None
    return any(character.isdigit() for character in tag)


def is_allowed(image: Image, registries: Iterable[str]) -> bool:
    """Whether the image lies in one of *registries*: hosts, with folders or without; each part may be a glob."""
    parts = image.full_name.split("/")
    return any(_fits(parts, pattern.strip("/").split("/")) for pattern in registries)


def _fits(parts: list[str], wanted: list[str]) -> bool:
    return len(wanted) <= len(parts) and all(map(fnmatchcase, parts, wanted))
