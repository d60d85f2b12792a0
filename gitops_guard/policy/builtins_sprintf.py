"""`sprintf` as OPA has it, for the formats that the embedded engine does not know: widths, precisions, `%5.2f`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

_VERB: Final = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>\d+)?(?:\.(?P<precision>\d+))?(?P<verb>[a-zA-Z%])")
_MOST: Final = 10_000  # characters of a width: more is an attack


def sprintf(form: str, values: Sequence[Any]) -> str:
    """Raises ValueError for a format that is not known here."""
    waiting = list(values)
    pieces: list[str] = []
    done = 0
    for match in _VERB.finditer(form):
        pieces.append(form[done : match.start()])
        done = match.end()
        if match["verb"] == "%":
            pieces.append("%")
        elif waiting:
            pieces.append(_formatted(match, waiting.pop(0)))
        else:
            pieces.append(f"%!{match['verb']}(MISSING)")
    pieces.append(form[done:])
    if waiting:
        raise ValueError("sprintf has more values than formats")
    return "".join(pieces)


def _formatted(match: re.Match[str], value: Any) -> str:
    flags, verb = match["flags"], match["verb"]
    width, precision = int(match["width"] or 0), match["precision"]
    if width > _MOST or int(precision or 0) > _MOST:
        raise ValueError("sprintf has a width beyond all reason")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if verb in ("v", "s"):
        text = _text(value)
        text = text[: int(precision)] if precision and verb == "s" else text
    elif verb == "q" and isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
    elif number and (verb in "feEgG" or (verb in "dxXob" and isinstance(value, int))):
        sign = "".join(flag for flag in flags if flag in "+ #")
        text = format(value, f"{sign}{'.' + precision if precision else ''}{verb}")
    else:
        raise ValueError(f"sprintf does not format this value with %{verb}")
    if "-" in flags:
        return text.ljust(width)
    return text.rjust(width, "0" if "0" in flags and number else " ")


def _text(value: Any) -> str:
    """As Rego writes a value: a text without quotes at the top, with them inside."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
