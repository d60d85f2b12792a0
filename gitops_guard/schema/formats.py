"""Formats as kubeconform asserts them in draft 4 (santhosh-tekuri/jsonschema 6.0.1, format.go; its own `duration`).

Only what jsonschema-rs does not know in draft 4, or judges differently. Called for strings only.
"""

from __future__ import annotations

from collections.abc import Callable


def _duration(value: str) -> bool:
    """A Go duration (`1h30m`), as the API server reads it, or an ISO 8601 one."""
    import re

    unit = r"(?:ns|us|µs|μs|ms|s|m|h)"
    if re.fullmatch(rf"[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+){unit})+)", value, re.ASCII):
        return True
    time = r"T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?"
    iso = rf"P(?:\d+W|(?=\d|T)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:{time})?)"
    return re.fullmatch(iso, value, re.ASCII) is not None


def _uuid(value: str) -> bool:
    import re

    return re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", value) is not None


def _uri(value: str) -> bool:
    """Absolute, as Go's `url.Parse` reads it: more generous than RFC 3986 in the path, strict in the host."""
    import re

    if re.search(r"[\x00-\x1f\x7f]|%(?![0-9A-Fa-f]{2})", value.partition("#")[0].partition("?")[0]):
        return False
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", value)
    if scheme is None:
        return False
    rest = value[scheme.end() :]
    return not rest.startswith("//") or re.match(r'//(?:[^/?#@\s]*@)?[^/?#@\s"<>\\^`{|}]*(?:[/?#]|$)', rest) is not None


def _anything(_value: str) -> bool:
    return True


FORMATS: dict[str, Callable[[str], bool]] = {
    "duration": _duration,
    "uuid": _uuid,
    "uri": _uri,
    **dict.fromkeys(("idn-email", "idn-hostname", "int32", "int64", "byte", "regex"), _anything),
}
