"""Calls of builtins that are undefined where an argument is of a wrong type, as OPA has it.

The embedded engine ends an evaluation there (`startswith(8080, "a")`). Where that happened, the program is asked again
with each such call guarded: `startswith(x, y)` becomes `data.gitops_guard_safe.startswith_(x, y)`, a function of which
nothing is true unless both are texts.
"""

from __future__ import annotations

import re
from typing import Final

from gitops_guard.policy.rego_text import changed, tokens

PACKAGE: Final = "gitops_guard_safe"
PATH: Final = f"{PACKAGE}.rego"
_MOCKS: Final = re.compile(r"\bwith\s+[a-z_][\w.]*\s+as\b")
_DATA: Final = re.compile(r"\bwith\s+(?:input|data)\b")
_TEXT, _NUMBER, _ANY = "is_string({})", "is_number({})", ""
_TEXTS: Final = "_texts({})"
_ITEMS: Final = "_items({})"
_OBJECT: Final = "is_object({})"
_ARRAY: Final = "is_array({})"
# The guards of the arguments of each, and one more for all of them where a value of the right type is not enough.
_GUARDS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    **dict.fromkeys(
        ("contains", "endswith", "startswith", "indexof", "indexof_n", "split", "strings.count", "trim", "trim_left",
         "trim_prefix", "trim_right", "trim_suffix"),
        ((_TEXT, _TEXT), ""),
    ),
    **dict.fromkeys(
        ("lower", "upper", "trim_space", "strings.reverse", "base64.encode", "base64url.encode", "hex.encode",
         "urlquery.encode"),
        ((_TEXT,), ""),
    ),
    **dict.fromkeys(("abs", "ceil", "floor", "round"), ((_NUMBER,), "")),
    **dict.fromkeys(("max", "min", "sort"), ((_ITEMS,), "")),
    **dict.fromkeys(("sum", "product"), ((_ITEMS,), "every one in {0} {{ is_number(one) }}")),
    "count": (("_countable({})",), ""),
    "concat": ((_TEXT, _TEXTS), ""),
    "replace": ((_TEXT, _TEXT, _TEXT), ""),
    "substring": ((_TEXT, _NUMBER, _NUMBER), "{1} >= 0"),
    "sprintf": ((_TEXT, _ARRAY), ""),
    "format_int": ((_NUMBER, _NUMBER), "{1} in {{2, 8, 10, 16}}"),
    "to_number": ((_ANY,), "_numeric({0})"),
    "regex.match": ((_TEXT, _TEXT), "regex.is_valid({0})"),
    "regex.replace": ((_TEXT, _TEXT, _TEXT), "regex.is_valid({1})"),
    "regex.split": ((_TEXT, _TEXT), "regex.is_valid({0})"),
    "regex.find_n": ((_TEXT, _TEXT, _NUMBER), "regex.is_valid({0})"),
    "regex.find_all_string_submatch_n": ((_TEXT, _TEXT, _NUMBER), "regex.is_valid({0})"),
    "json.unmarshal": ((_TEXT,), "json.is_valid({0})"),
    "yaml.unmarshal": ((_TEXT,), "yaml.is_valid({0})"),
    "base64.decode": ((_TEXT,), "base64.is_valid({0})"),
    "semver.compare": ((_TEXT, _TEXT), "semver.is_valid({0}); semver.is_valid({1})"),
    "units.parse": ((_TEXT,), "_is_amount({0})"),
    "units.parse_bytes": ((_TEXT,), "_is_size({0})"),
    "net.cidr_contains": ((_TEXT, _TEXT), "net.cidr_is_valid({0}); _is_address({1})"),
    "time.parse_rfc3339_ns": ((_TEXT,), "_is_time({0})"),
    "glob.match": ((_TEXT, _ANY, _TEXT), ""),
    "array.concat": ((_ARRAY, _ARRAY), ""),
    "array.slice": ((_ARRAY, _NUMBER, _NUMBER), ""),
    "object.get": (("_keyed({})", _ANY, _ANY), ""),
    "object.keys": ((_OBJECT,), ""),
    "object.union": ((_OBJECT, _OBJECT), ""),
    "object.remove": ((_OBJECT, _ANY), ""),
    "object.filter": ((_OBJECT, _ANY), ""),
    "numbers.range": ((_NUMBER, _NUMBER), ""),
}  # fmt: skip
_OWN: Final = r"""package gitops_guard_safe

import rego.v1

_items(x) if is_array(x)

_items(x) if is_set(x)

_countable(x) if type_name(x) in {"array", "object", "set", "string"}

_keyed(x) if type_name(x) in {"array", "object"}

_texts(x) if {
	_items(x)
	every one in x { is_string(one) }
}

_numeric(x) if type_name(x) in {"number", "boolean", "null"}

_numeric(x) if {
	is_string(x)
	regex.match(`^[+-]?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?$`, x)
}

_is_amount(x) if regex.match(`^[+-]?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?([KMGTPEkmgtpe]i?|m)?$`, x)

_is_size(x) if regex.match(`^[+-]?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?([KMGTPEkmgtpe]i?)?[bB]?$`, x)

_is_time(x) if regex.match(`^\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`, x)

_is_address(x) if net.cidr_is_valid(x)

_is_address(x) if net.cidr_is_valid(concat("", [x, "/32"]))

_is_address(x) if net.cidr_is_valid(concat("", [x, "/128"]))
"""


def module() -> str:
    """The guarded functions as Rego."""
    return _OWN + "".join(f"\n{_function(name)}" for name in sorted(_GUARDS))


def _function(name: str) -> str:
    guards, more = _GUARDS[name]
    given = [f"x{number}" for number in range(len(guards))]
    body = [guard.format(one) for guard, one in zip(guards, given, strict=True) if guard]
    body += [more.format(*given)] if more else []
    return f"{_named(name)}({', '.join(given)}) := {name}({', '.join(given)}) if {{ {'; '.join(body)} }}\n"


def _named(name: str) -> str:
    return f"{name.replace('.', '_')}_"


def can_be_guarded(text: str) -> bool:
    """Not where builtins are replaced by `with`: the guarded call would not be."""
    return len(_MOCKS.findall(text)) == len(_DATA.findall(text)) or not _MOCKS.search(text)


def guarded(text: str) -> str:
    """*text* with its calls guarded; the lines stay where they are."""
    found = list(tokens(text))
    changes: list[tuple[int, int, str]] = []
    for number, token in enumerate(found):
        before = found[number - 1].text if number else ""
        if token.kind != "name" or before == "." or (token.first and _begins_rule(text, token.start)):
            continue
        end = number + 1
        while end + 1 < len(found) and found[end].text == "." and found[end + 1].kind == "name":
            end += 2
        name = "".join(one.text for one in found[number:end])
        if name in _GUARDS and end < len(found) and found[end].text == "(":
            changes.append((token.start, found[end - 1].end, f"data.{PACKAGE}.{_named(name)}"))
    return changed(text, changes)


def _begins_rule(text: str, start: int) -> bool:
    """Whether a token stands at the beginning of its line: a head, and not a call in a body."""
    return start == 0 or text[start - 1] == "\n"
