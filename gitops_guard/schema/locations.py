"""`--schema-location`: folders and URLs with schemas, found by kubeconform's template (its README, "Overriding
schemas location"). `{{ .Group }}` is the part of apiVersion before the slash, `v1` for the core group.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gitops_guard.model.errors import UsageError

_FIELD = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")
_LAYOUT = "/{{ .NormalizedKubernetesVersion }}-standalone{{ .StrictSuffix }}/{{ .ResourceKind }}{{ .KindSuffix }}.json"
_FIELDS = ("NormalizedKubernetesVersion", "StrictSuffix", "ResourceKind", "ResourceAPIVersion", "Group", "KindSuffix")
# A name that a repository gives becomes part of a path: nothing that leaves the folder.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
LARGEST = 20_000_000  # bytes
TIMEOUT_S = 20.0


class Locations:
    """Looks in each location in turn. *version* as `1.31`. URLs only with *online*; answers are kept in *cache_dir*.

    Raises UsageError for a location that can never work.
    """

    def __init__(self, locations: Sequence[str], *, version: str, online: bool, cache_dir: Path | None) -> None:
        self._version = version
        self._cache_dir = cache_dir
        self._templates = [_template(location, online=online) for location in locations]

    def find(self, group: str, kind: str, version: str) -> Iterator[tuple[str, str]]:
        """(text, "") of each schema that is there, ("", reason) for each that could not be read."""
        if not all(_NAME.fullmatch(part) for part in (group or "v1", kind, version)):
            return
        fields = fields_of(group, kind, version, kubernetes=f"v{self._version}.0")
        for template in self._templates:
            place = fill(template, fields)
            content, reason = self._fetch(place) if _is_url(place) else _read(place)
            if content is not None:
                yield _checked(content, place)
            elif reason:
                yield "", reason

    def _fetch(self, url: str) -> tuple[bytes | None, str]:
        import hashlib

        kept = self._cache_dir and self._cache_dir / f"{hashlib.sha256(url.encode()).hexdigest()}.json"
        if kept and kept.is_file():
            return _read(str(kept))
        content, reason = _download(url)
        if kept and content is not None and _is_json(content):
            _keep(kept, content)
        return content, reason


def fields_of(group: str, kind: str, version: str, *, kubernetes: str) -> dict[str, str]:
    """The fields of kubeconform's template. *kubernetes* as `v1.31.0`."""
    first = group.partition(".")[0].lower()
    return {
        "NormalizedKubernetesVersion": kubernetes,
        "StrictSuffix": "-strict",
        "ResourceKind": kind.lower(),
        "ResourceAPIVersion": version,
        "Group": group or version,
        "KindSuffix": f"-{first}-{version.lower()}" if group else f"-{version.lower()}",
    }


def fill(template: str, fields: Mapping[str, str]) -> str:
    return _FIELD.sub(lambda found: fields[found[1].removeprefix(".")], template)


def _template(location: str, *, online: bool) -> str:
    if _is_url(location) and not online:
        raise UsageError(f"the schema location {_shown(location)} is a URL", hint="--online allows the network")
    template = location if location.endswith("json") else location.rstrip("/") + _LAYOUT
    for name in _FIELD.findall(template):
        if name.removeprefix(".") not in _FIELDS or not name.startswith("."):
            known = ", ".join(f".{field}" for field in _FIELDS)
            raise UsageError(f"the schema location {_shown(location)} has no field {name!r}", hint=f"it has: {known}")
    folder = template.partition("{{")[0].rpartition("/")[0]
    if not _is_url(template) and folder and not Path(folder).is_dir():
        raise UsageError(f"the schema location {location!r} is not there", hint=f"{folder!r} is not a folder")
    return template


def _checked(content: bytes, place: str) -> tuple[str, str]:
    """The text of a schema as it stands; its `$schema` decides the draft, without one it is draft 4."""
    if not _is_json(content):
        return "", f"{_shown(place)} is not a JSON Schema"
    return content.decode("utf-8"), ""


def _is_json(content: bytes) -> bool:
    import json

    try:
        return isinstance(json.loads(content), dict)
    except (ValueError, RecursionError):
        return False


def _read(place: str) -> tuple[bytes | None, str]:
    try:
        content = Path(place).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None, ""
    except OSError as error:
        return None, f"{place} could not be read: {error.strerror}"
    return (content, "") if len(content) <= LARGEST else (None, f"{place} is too large")


def _download(url: str) -> tuple[bytes | None, str]:
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310  only http and https get here
            content: bytes = answer.read(LARGEST + 1)
    except urllib.error.HTTPError as error:
        error.close()
        return None, "" if error.code == 404 else f"{_shown(url)} answered {error.code}"
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", error)
        return None, f"{_shown(url)} could not be fetched: {type(why).__name__}"
    return (content, "") if len(content) <= LARGEST else (None, f"{_shown(url)} is too large")


def _keep(path: Path, content: bytes) -> None:
    """Whole or not at all, also with other processes beside; a full disk costs only the copy."""
    import os
    import tempfile

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(scratch).replace(path)
    except OSError:
        return


def _is_url(location: str) -> bool:
    return location.startswith(("http://", "https://"))


def _shown(location: str) -> str:
    """Without what may be a login or a token: `https://user:…@host`, `?token=…`."""
    if not _is_url(location):
        return location
    scheme, _, rest = location.partition("://")
    host, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
