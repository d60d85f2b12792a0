"""`sprintf` as OPA has it: Go's `fmt` with Rego's values. The engine's own knows no widths and no `%s` of a number."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

_VERB: Final = re.compile(
    r"%(?P<flags>[-+# 0]*)(?P<width>\d{1,4})?(?:\.(?P<precision>\d{0,4}))?(?:\[(?P<number>\d{1,3})\])?(?P<verb>.)",
    re.DOTALL,
)
_FORMS: Final = {"d": "d", "x": "x", "X": "X", "o": "o", "b": "b", "e": "e", "E": "E", "f": "f", "F": "f"}
_LARGEST: Final = 6
_INTEGERS: Final = 1e15
_MOST: Final = 4_000_000  # characters


def sprintf(form: str, values: Sequence[Any]) -> str:
    """Raises ValueError for operands of a wrong type, and where the text would be beyond all reason."""
    if not isinstance(form, str) or not isinstance(values, list):
        raise ValueError("sprintf has a text and an array")
    pieces: list[str] = []
    done = next_ = 0
    reordered = False
    size = len(form)
    for match in _VERB.finditer(form):
        pieces.append(form[done : match.start()])
        done = match.end()
        if match["verb"] == "%":
            pieces.append("%")
            continue
        if match["number"]:
            next_, reordered = int(match["number"]) - 1, True
        pieces.append(_argument(match, values, next_))
        next_ += 1
        size += len(pieces[-1])
        if size > _MOST:
            raise ValueError("sprintf makes a text beyond all reason")
    pieces.append(form[done:])
    if next_ < len(values) and not reordered:
        pieces.append(f"%!(EXTRA {', '.join(_extra(values[next_:]))})")
    return "".join(pieces)


def _argument(match: re.Match[str], values: Sequence[Any], number: int) -> str:
    if 0 <= number < len(values):
        return _padded(match, values[number])
    return f"%!{match['verb']}({'BADINDEX' if match['number'] else 'MISSING'})"


def _extra(values: Sequence[Any]) -> Iterator[str]:
    return (f"{_type(value)}={_plain(value)}" for value in values)


def _type(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "string"
    return "float64" if isinstance(value, float) else "int64" if abs(value) < 1 << 63 else "*big.Int"


def _plain(value: Any) -> str:
    return _shortest(value) if isinstance(value, float) else _text(value)


def _padded(match: re.Match[str], value: Any) -> str:
    flags, width = match["flags"], int(match["width"] or 0)
    text = _formatted(match, value)
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags:
        sign = text[:1] if text[:1] in ("-", "+") else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width)


def _formatted(match: re.Match[str], value: Any) -> str:
    verb, precision = match["verb"], match["precision"]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _of_text(verb, precision, _text(value))
    sign = "+" if "+" in match["flags"] else " " if " " in match["flags"] else ""
    if verb == "v":
        return (sign if value >= 0 else "") + _plain(value)
    if verb in "gG" and isinstance(value, float):
        text = _shortest(float(value)) if precision is None else _general(float(value), int(precision or 0))
        return (sign if value >= 0 else "") + (text.upper() if verb == "G" else text)
    if verb in "eEfF" and isinstance(value, float):
        return format(value, f"{sign}.{6 if precision is None else int(precision or 0)}{_FORMS[verb]}")
    if verb in "dxXob" and isinstance(value, int):
        return format(value, f"{sign}{'#' if '#' in match['flags'] and verb in 'xX' else ''}{_FORMS[verb]}")
    if verb == "c" and isinstance(value, int) and 0 <= value < 0x110000:
        return chr(value)
    if verb == "T":
        return _type(value)
    shown = _plain(value) if isinstance(value, float) else format(value, f"0{int(precision or 0)}d")
    return f"%!{verb}({_type(value)}={shown})"


def _of_text(verb: str, precision: str | None, text: str) -> str:
    cut = text if precision is None else text[: int(precision or 0)]
    match verb:
        case "s" | "v":
            return cut
        case "q":
            return json.dumps(cut, ensure_ascii=False)
        case "x":
            return cut.encode().hex()
        case "X":
            return cut.encode().hex().upper()
        case "T":
            return "string"
        case _:
            return f"%!{verb}(string={text})"


def _shortest(value: float) -> str:
    """The fewest digits that are the same number, with an exponent below -4 and from 6 on (`strconv`, 'g', -1)."""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    power = len(digits) + exponent - 1
    text = "".join(map(str, digits))
    if -4 <= power < _LARGEST:
        return format(Decimal(repr(value)).normalize(), "f")
    behind = f".{text[1:]}" if text[1:] else ""
    return f"{'-' if sign else ''}{text[0]}{behind}e{'-' if power < 0 else '+'}{abs(power):02}"


def _general(value: float, precision: int) -> str:
    text = format(value, f".{precision or 1}g")
    return re.sub(r"e([+-])(\d)$", r"e\g<1>0\2", text)


def _text(value: Any) -> str:
    """As Rego writes a value: a text without quotes at the top, with them inside."""
    return value if isinstance(value, str) else _term(value)


def _term(value: Any) -> str:
    match value:
        case dict():
            return (
                "{" + ", ".join(f"{_term(key)}: {_term(one)}" for key, one in sorted(value.items(), key=_order)) + "}"
            )
        case list():
            return "[" + ", ".join(map(_term, value)) + "]"
        case set() | frozenset():
            return "{" + ", ".join(map(_term, sorted(value, key=_order))) + "}" if value else "set()"
        case float():
            return repr(int(value)) if value.is_integer() and abs(value) < _INTEGERS else repr(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _order(value: Any) -> tuple[int, Any]:
    """Rego's order of values: null, booleans, numbers, texts; what is in one place is not mixed beyond that."""
    value = value[0] if isinstance(value, tuple) else value
    ranks = ((type(None), 0), (bool, 1), (int | float, 2), (str, 3))
    rank = next((rank for kind, rank in ranks if isinstance(value, kind)), 4)
    return rank, value if rank in (1, 2, 3) else 0
