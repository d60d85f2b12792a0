"""What a text assigns: YAML, JSON, properties, INI, `.env`, XML, shell, inside of a field of something else.

Read line by line and not by a parser of each format, since such a text is often a template, and since a finding needs
its line. Every pattern is tried once a line and is bounded, so that time grows with the size of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple


class Assigned(NamedTuple):
    """*line* counts from 0. *quoted*: the text says itself that the value is a literal, and where it ends."""

    line: int
    name: str
    value: str
    quoted: bool = False


Wanted = Callable[[str], bool]

_QUOTED: Final = r""""(?:[^"\\\n]|\\.){0,4096}"|'[^'\n]{0,4096}'"""
_LINE: Final = re.compile(
    r"""[ \t]*(?:-[ \t]+){0,4}(?:(?:export|set|ENV|ARG|const|let|var|local)[ \t]+)?\{?[ \t]*["']?"""
    r"""([A-Za-z_][\w.$/\[\]~-]{0,120})["']?[ \t]*(?::=|=>|[:=])(?!//)[ \t]*(.*)"""
)
_WORD: Final = re.compile(rf"""(?<![\w.-])([A-Za-z_][\w.-]{{0,100}})=({_QUOTED}|[^\s"'`;,&|]{{1,4096}})""")
_FLAG: Final = re.compile(
    rf"""(?<![\w-])--?([A-Za-z][\w.-]{{2,60}})[= \t]{{1,4}}({_QUOTED}|[^\s"'`;|&-][^\s;|&]{{0,4096}})"""
)
_FLOW: Final = re.compile(
    rf"""["']?([A-Za-z_][\w.-]{{0,100}})["']?[ \t]{{0,8}}:[ \t]{{0,8}}({_QUOTED}|[^\s"',}}\]]{{1,4096}})"""
)
_XML: Final = re.compile(r"<([A-Za-z_][\w.-]{0,100})>([^<>\n]{1,4096})</")
_XML_PAIR: Final = re.compile(r"""(?:name|key)=["']([\w.-]{1,100})["'][ \t]{1,8}value=["']([^"'\n]{1,4096})["']""")
_HEADER: Final = re.compile(
    r"""(authorization)["']?[: \t]{1,8}["']?(?:basic|bearer|token)[ ]([\w+/=.~-]{8,4096})""", re.IGNORECASE
)
_SQL: Final = re.compile(r"\b(password|identified by) ('[^'\n]{1,4096}')", re.IGNORECASE)
_DIRECTIVE: Final = re.compile(r"(?:^|(?<=[ \t]))(requirepass|masterauth|password)[ \t]{1,8}([^\s\"']{1,4096})")
# Options that mean a password only in these programs. What may stand between program and option is bounded.
_VALUE: Final = r"""("[^"\n]{1,4096}"|'[^'\n]{1,4096}'|[^\s"'$]{1,4096})"""
_PROGRAMS: Final = tuple(
    (program, re.compile(pattern + _VALUE))
    for program, pattern in (
        ("mysql", r"\bmysql\w{0,10}\b[^|;&\n]{0,300}?[ ]-p"),
        ("mariadb", r"\bmariadb[\w-]{0,10}[^|;&\n]{0,300}?[ ]-p"),
        ("sshpass", r"\bsshpass[ ]{1,4}-p[ ]{0,4}"),
        ("redis-cli", r"\bredis-cli\b[^|;&\n]{0,300}?[ ]-a[ ]{1,4}"),
        ("login", r"\blogin\b[^|;&\n]{0,300}?[ ]-p[ ]{1,4}"),
        ("mongo", r"\bmongo\w{0,10}\b[^|;&\n]{0,300}?[ ]-p[ ]{1,4}"),
        ("curl", r"\bcurl\b[^|;\n]{0,300}?[ ](?:-u|--user)[ ]{1,4}[\"']?[^\s:\"']{1,100}:"),
    )
)
# By what a line has to hold, in small letters.
_FORMS: Final = (
    ("=", _WORD), ("-", _FLAG), (":", _FLOW), ("</", _XML), ("value=", _XML_PAIR), ("authorization", _HEADER),
    ("password '", _SQL), ("identified by '", _SQL), ("requirepass", _DIRECTIVE), ("masterauth", _DIRECTIVE),
    ("machine ", _DIRECTIVE),
)  # fmt: skip
_PAIR_NAMES: Final = frozenset({"key", "name", "parameter", "path"})
_BLOCK: Final = re.compile(r"[|>][-+0-9]{0,2}[ \t]*(?:#.*)?")
_COMMENT: Final = ("#", "//", ";", "--[[", "/*", "* ", "<!--")
LONGEST_LINE: Final = 1_000_000  # characters; of a longer one, the rest is not read


def assignments(text: str, wanted: Wanted) -> Iterator[Assigned]:
    """What is assigned to a name that is *wanted*, in the order of lines. What is commented out does not count."""
    lines = text.split("\n")
    label = ""
    for number, full in enumerate(lines):
        line = full[:LONGEST_LINE]
        content = line.lstrip()
        if len(content) < 4 or content.startswith(_COMMENT):
            continue
        if content.startswith("- "):
            label = ""
        match = _LINE.match(line)
        if match is None:
            yield from _inside(number, line, wanted)
            continue
        name, raw = match.group(1), match.group(2)
        if name in _PAIR_NAMES:
            label = _clean(raw)[0].rpartition("/")[2]
        elif name == "value" and label:
            name = label
        if not wanted(name):
            yield from _inside(number, line, wanted)
        elif _BLOCK.fullmatch(raw):
            yield from _block(name, lines, number)
        elif raw and raw[0] not in "{[":
            yield Assigned(number, name, *_clean(raw))
        else:
            yield from _inside(number, line, wanted)


def _clean(raw: str) -> tuple[str, bool]:
    """The value without its quotes, a comment behind it, and the sign that ends it."""
    raw = raw.strip()
    if raw[:1] in ('"', "'"):
        end = raw.find(raw[0], 1)
        while end > 0 and raw[end - 1] == "\\":
            end = raw.find(raw[0], end + 1)
        rest = raw[end + 1 :].lstrip() if end > 0 else ""
        if end > 0 and (not rest or rest[0] in ",;#}])/"):
            return raw[1:end], True
        return raw, False  # `"a" + b`
    return raw.partition(" #")[0].rstrip(" \t,;"), False


def _block(name: str, lines: Sequence[str], number: int) -> Iterator[Assigned]:
    """The text below `name: |`."""
    depth = len(lines[number]) - len(lines[number].lstrip(" -"))
    below: list[str] = []
    for line in lines[number + 1 : number + 200]:
        if line.strip() and len(line) - len(line.lstrip(" ")) <= depth:
            break
        below.append(line.strip())
    value = "\n".join(below).strip()
    if value and len(value.split("\n")) <= 3:
        yield Assigned(number + 1, name, value)


def _inside(number: int, line: str, wanted: Wanted) -> Iterator[Assigned]:
    """What is assigned somewhere in a line: flow mappings, options, variables before a command, SQL, XML."""
    seen: set[str] = set()
    for name, value, quoted in _found_inside(line):
        if wanted(name) and value not in seen:
            seen.add(value)
            yield Assigned(number, name, value, quoted)


def _found_inside(line: str) -> Iterator[tuple[str, str, bool]]:
    lowered = line.lower()
    for telling, pattern in _FORMS:
        if telling in lowered:
            yield from _matches(pattern, line)
    for program, pattern in _PROGRAMS:
        if program in line:
            for match in pattern.finditer(line):
                yield "password", match.group(1).strip("\"'"), False


def _matches(pattern: re.Pattern[str], line: str) -> Iterator[tuple[str, str, bool]]:
    for match in pattern.finditer(line):
        value = match.group(2)
        quoted = value[0] in "\"'" and len(value) > 1
        name = "password" if pattern is _SQL else match.group(1)
        yield name, value[1:-1] if quoted else value, quoted
