"""Made-up tokens and keys: drawn when a test runs, so that no scanner of this repository is alarmed."""

from __future__ import annotations

import re
import re._parser as parser  # type: ignore[import-not-found]  # typeshed leaves it out
from random import Random
from typing import Any

from gitops_guard.load import token_formats

_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"


def token(name: str, seed: int = 1) -> str:
    """A token of the format *name*."""
    [regex] = [known.regex for known in token_formats.formats() if known.id == name]
    random = Random(f"{name} {seed}")
    return _drawn(parser.parse(regex), random)


def _drawn(parsed: Any, random: Random) -> str:
    return "".join(_one(str(operation), argument, random) for operation, argument in parsed)


def _one(operation: str, argument: Any, random: Random) -> str:
    match operation:
        case "LITERAL":
            return chr(argument)
        case "ANY":
            return "."
        case "IN":
            return random.choice(_members(argument))
        case "BRANCH":
            return _drawn(random.choice(argument[1]), random)
        case "SUBPATTERN":
            return _drawn(argument[3], random)
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, below = argument
            count = max(least, min(most, least + 8) if least < 4 else least)
            return "".join(_drawn(below, random) for _ in range(count))
        case _:  # what stands around a token
            return ""


def _members(argument: Any) -> str:
    found = ""
    for operation, value in argument:
        match str(operation):
            case "LITERAL":
                found += chr(value)
            case "RANGE":
                found += "".join(map(chr, range(value[0], value[1] + 1)))
            case "CATEGORY":
                found += "0123456789" if "DIGIT" in str(value) else _BASE64[:62]
    letters = re.sub(r"[^A-Za-z0-9]", "", found)
    return letters or found


def pem(label: str = "", seed: int = 1, lines: int = 3) -> str:
    """A private key that opens nothing, with a newline at its end."""
    random = Random(f"pem {seed}")
    body = "".join("".join(random.choices(_BASE64, k=64)) + "\n" for _ in range(lines))
    name = f"{label} PRIVATE KEY" if label else "PRIVATE KEY"
    return f"-----BEGIN {name}-----\n{body}-----END {name}-----\n"


def age(seed: int = 1) -> str:
    return "AGE-SECRET-KEY-" + "1" + "".join(Random(f"age {seed}").choices(_BECH32, k=58))
