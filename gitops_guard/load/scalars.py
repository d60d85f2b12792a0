"""Plain scalars as kubectl reads them: the rules of goyaml v2 (YAML 1.1 with Go's numbers), then JSON.

Source: `resolve` of sigs.k8s.io/yaml/goyaml.v2 and `convertToJSONableObject` of sigs.k8s.io/yaml.
"""

from __future__ import annotations

import math
import re
from binascii import a2b_base64
from typing import Final

Scalar = str | int | float | bool | None

_TAG: Final = "tag:yaml.org,2002:"
STR, BOOL, INT, FLOAT, NULL, TIMESTAMP, BINARY, MERGE = (
    _TAG + name for name in ("str", "bool", "int", "float", "null", "timestamp", "binary", "merge")
)
_RESOLVABLE: Final = frozenset({STR, BOOL, INT, FLOAT, NULL, TIMESTAMP})

_WORDS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
# Go's ParseFloat lets a `_` stand between digits; without the dot goyaml takes all of them out first.
_DOT_FLOAT: Final = re.compile(r"\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+(_[0-9]+)*)?")
_INT: Final = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_TIMESTAMP: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?")
_NO_UTF8: Final = re.compile("[\udc80-\udcff]")
_MAX_UINT64: Final = 2**64 - 1
_MAX_INT64: Final = 2**63 - 1
_MIN_INT64: Final = -(2**63)


class ScalarError(ValueError):
    """The scalar cannot be read as its tag says. Names the tag, never the value."""


def plain(text: str) -> Scalar:
    """The value of a plain scalar without a tag."""
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if first.isdecimal() or first in "+-":
        return _number(text)
    if first == "." and _DOT_FLOAT.fullmatch(text):
        return _finite(float(text), text)
    return text


def _number(text: str) -> Scalar:
    if _TIMESTAMP.fullmatch(text):
        return text  # the API server never sees a YAML timestamp
    digits = text.replace("_", "")
    if _INT.fullmatch(digits):
        number = _integer(digits)
        if _MIN_INT64 <= number <= _MAX_UINT64:
            return number
    if _FLOAT.fullmatch(digits):
        return _finite(float(digits), text)
    return text


def _integer(digits: str) -> int:
    sign, body = (-1, digits[1:]) if digits[0] == "-" else (1, digits.removeprefix("+"))
    prefix = body[:2].lower()
    if prefix in ("0x", "0b", "0o"):
        return sign * int(body[2:], {"0x": 16, "0b": 2, "0o": 8}[prefix])
    return sign * int(body, 8 if len(body) > 1 and body[0] == "0" else 10)


def _finite(number: float, text: str) -> Scalar:
    return text if math.isinf(number) else number


def tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit tag. Raises ScalarError."""
    if tag == BINARY:
        return _binary(text)
    if tag == STR or tag not in _RESOLVABLE:
        return text
    value = plain(text)
    if tag == FLOAT and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if _tag_of(value) != tag and not (tag == TIMESTAMP and isinstance(value, str) and _TIMESTAMP.fullmatch(text)):
        raise ScalarError(f"the value cannot be read as !!{tag.removeprefix(_TAG)}")
    return value


def _tag_of(value: Scalar) -> str:
    match value:
        case None:
            return NULL
        case bool():
            return BOOL
        case int():
            return INT
        case float():
            return FLOAT
    return STR


def _binary(text: str) -> str:
    text = text.replace("\n", "").replace("\r", "")  # Go's decoder passes over line breaks, and over nothing else
    try:
        if len(text) % 4:
            raise ValueError
        data = a2b_base64(text, strict_mode=True)
    except ValueError as error:  # also for text that is not ASCII
        raise ScalarError("the value is tagged !!binary and is not base64") from error
    # Go puts one U+FFFD for each byte that is no UTF-8, Python's "replace" one for several.
    return _NO_UTF8.sub("\ufffd", data.decode("utf-8", "surrogateescape"))


def json_number(value: Scalar) -> Scalar:
    """The number that is left after JSON: 1e3 is 1000. Raises ScalarError for what JSON cannot say."""
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        raise ScalarError("infinity and not-a-number cannot be written as JSON")
    return _whole(value) if value.is_integer() and abs(value) < 1e21 else value


def _whole(number: float) -> int:
    """Go writes the shortest digits that mean the number, and zeros: 2**64 is 18446744073709552000."""
    digits, _, exponent = repr(number).partition("e+")
    if not exponent:
        return int(number)
    before, _, after = digits.partition(".")
    return int(before + after + "0" * (int(exponent) - len(after)))


def key(value: Scalar) -> str:
    """A mapping key as JSON has it: `n` is "false", 1 is "1". Raises ScalarError for null."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() if value <= _MAX_INT64:
            return str(value)
        case int():
            raise ScalarError("a number above 9223372036854775807 cannot be a key")
        case float():
            return _float_key(value)
    raise ScalarError("null cannot be a key")


def _float_key(number: float) -> str:
    """As sigs.k8s.io/yaml writes it: `strconv.FormatFloat(number, 'g', -1, 32)`, with the precision of 32 bits."""
    if math.isnan(number):
        return ".nan"
    single = _single(number)
    if math.isinf(single):
        return ".inf" if single > 0 else "-.inf"
    shown = next(text for text in (f"{single:.{digits}e}" for digits in range(17)) if _single(float(text)) == single)
    mantissa, _, exponent = shown.partition("e")
    if not -4 <= int(exponent) < 6:
        return shown
    decimals = len(mantissa.partition(".")[2]) - int(exponent)
    return f"{single:.{max(decimals, 0)}f}"


def _single(number: float) -> float:
    import struct

    try:
        return float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return math.copysign(math.inf, number)
