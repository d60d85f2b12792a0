"""Formats as kubeconform asserts them in draft 4 (santhosh-tekuri/jsonschema 6.0.2, format.go; its own `duration`).

Only what jsonschema-rs does not know in draft 4, or judges differently. Called for strings only.
"""

from __future__ import annotations

from collections.abc import Callable

# The last word of a unit may go on: `minutes`, `days`.
_UNITS = (
    ("ns", "nano"),
    ("us", "µs", "micro"),
    ("ms", "milli"),
    ("s", "sec"),
    ("m", "min"),
    ("h", "hr", "hour"),
    ("d", "day"),
    ("w", "wk", "week"),
)


def _duration(value: str) -> bool:
    """As the API server reads it (kube-openapi, strfmt/duration.go: `1h30m`, `2 days`), or ISO 8601."""
    import re

    unit = r"(?:ns|us|µs|μs|ms|s|m|h)"
    if re.fullmatch(rf"[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+){unit})+)", value, re.ASCII):
        return True
    words = re.findall(r"(\d+)\s*([A-Za-zµ]+)", value, re.ASCII)
    if any(len(number) > 18 for number, _ in words):  # digits; more do not fit into 64 bits
        return False
    if any(_is_unit(word.lower()) for _, word in words):
        return True
    time = r"T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?"
    iso = rf"P(?:\d+W|(?=\d|T)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:{time})?)"
    return re.fullmatch(iso, value, re.ASCII) is not None


def _is_unit(word: str) -> bool:
    return any(word in names or word.startswith(names[-1]) for names in _UNITS)


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
