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
    r"""([A-Za-z_][\w.$/\[\]~-]{0,120})["']?[ \t]*(?::=|=>|=|:(?=[ \t"']|$))[ \t]*(.*)"""
)
_WORD: Final = re.compile(rf"""(?<![\w.-])([A-Za-z_][\w.-]{{0,100}})=({_QUOTED}|[^\s"'`;,&|]{{1,4096}})""")
_FLAG: Final = re.compile(
    rf"""(?<![\w-])--?([A-Za-z][\w.-]{{2,60}})[= \t]{{1,4}}({_QUOTED}|[^\s"'`;|&-][^\s;|&]{{0,4096}})"""
)
_FLOW: Final = re.compile(
    r"""(?<![\w./-])([A-Za-z_][\w.-]{0,100})(?:["'][ \t]{0,8}:[ \t]{0,8}|:[ \t]{1,8})"""
    rf"""({_QUOTED}|[^\s"',}}\]]{{1,4096}})"""
)
_SPACED: Final = re.compile(rf"""(?<![\w.-])([A-Za-z_][\w.-]{{0,100}})["']?\]?[ \t]{{1,4}}=>?[ \t]{{1,4}}({_QUOTED})""")
_DEFINE: Final = re.compile(rf"""define\(["']([A-Za-z_]\w{{0,100}})["'], ?({_QUOTED})""")
_XML: Final = re.compile(r"<([A-Za-z_][\w.-]{0,100})>([^<>\n]{1,4096})</")
_XML_PAIR: Final = re.compile(r"""(?:name|key)=["']([\w.-]{1,100})["'][ \t]{1,8}value=["']([^"'\n]{1,4096})["']""")
_HEADER: Final = re.compile(
    r"""(authorization)["']?[: \t]{1,8}["']?((?:basic|bearer|token) [\w+/=.~-]{8,4096})""", re.IGNORECASE
)
_SQL: Final = re.compile(r"\b(password|identified by) ('[^'\n]{1,4096}')", re.IGNORECASE)
_DIRECTIVE: Final = re.compile(r"(?:^|(?<=[ \t]))(requirepass|masterauth|password)[ \t]{1,8}([^\s\"']{1,4096})")
# Options that mean a password only in these programs. What may stand between program and option is bounded.
_VALUE: Final = r"""("[^"\n]{1,4096}"|'[^'\n]{1,4096}'|[^\s"'$]{1,4096})"""
_PROGRAMS: Final = tuple(
    (program, option, re.compile(pattern + _VALUE))
    for program, option, pattern in (
        ("mysql", " -p", r"\bmysql\w{0,10}\b[^|;&\n]{0,150}?[ ]-p"),
        ("mariadb", " -p", r"\bmariadb[\w-]{0,10}[^|;&\n]{0,150}?[ ]-p"),
        ("sshpass", " -p", r"\bsshpass[ ]{1,4}-p[ ]{0,4}"),
        ("redis-cli", " -a ", r"\bredis-cli\b[^|;&\n]{0,150}?[ ]-a[ ]{1,4}"),
        ("login", " -p ", r"\blogin\b[^|;&\n]{0,150}?[ ]-p[ ]{1,4}"),
        ("mongo", " -p ", r"\bmongo\w{0,10}\b[^|;&\n]{0,150}?[ ]-p[ ]{1,4}"),
        ("curl", " -u ", r"\bcurl\b[^|;\n]{0,150}?[ ]-u[ ]{1,4}[\"']?[^\s:\"']{1,100}:"),
        ("curl", " --user ", r"\bcurl\b[^|;\n]{0,150}?[ ]--user[ ]{1,4}[\"']?[^\s:\"']{1,100}:"),
    )
)
# By what a line has to hold, in small letters.
_FORMS: Final = (
    ("=", _WORD), ("= ", _SPACED), ("=> ", _SPACED), ("define(", _DEFINE), ("-", _FLAG), (":", _FLOW), ("</", _XML),
    ("value=", _XML_PAIR), ("authorization", _HEADER), ("password '", _SQL), ("identified by '", _SQL),
    ("requirepass", _DIRECTIVE), ("masterauth", _DIRECTIVE), ("machine ", _DIRECTIVE),
)  # fmt: skip
_PAIR_NAMES: Final = frozenset({"key", "name", "parameter", "path"})
_VALUE_LINE: Final = re.compile(r"""[ \t]*["']?value["']?[ \t]*[:=][ \t]*(.*)""")
_BLOCK: Final = re.compile(r"[|>][-+0-9]{0,2}[ \t]*(?:#.*)?")
_COMMENT: Final = ("#", "//", ";", "--[[", "/*", "* ", "<!--")
_NPM: Final = ":_auth"  # `//registry.example.com/:_authToken=…` is no comment
_SHORTEST: Final = 4  # characters of an assignment
_MOST_LINES: Final = 3
_BELOW: Final = 4_096  # characters below a line in which its value may stand
LONGEST_LINE: Final = 1_000_000  # characters; of a longer one, the rest is not read


def assignments(text: str, wanted: Wanted, needles: Sequence[str]) -> Iterator[Assigned]:
    """What is assigned to a name that is *wanted*, in the order of lines. What is commented out does not count.

    Only lines are read that hold one of the *needles*, in any case: in most texts, these are few.
    """
    number = before = 0
    for start in _telling(text, needles):
        number += text.count("\n", before, start)
        before = start
        end = text.find("\n", start, start + LONGEST_LINE)
        end = end if end >= 0 else min(len(text), start + LONGEST_LINE)
        line = text[start:end]
        content = line.lstrip()
        if len(content) >= _SHORTEST and (not content.startswith(_COMMENT) or _NPM in content):
            yield from _of_line(number, line, text[end + 1 : end + 1 + _BELOW], wanted)


def _telling(text: str, needles: Sequence[str]) -> list[int]:
    """Where the lines begin that hold one of the needles."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter that is two in small: offsets would not fit
        lowered = "".join(letter if len(letter.lower()) != 1 else letter.lower() for letter in text)
    starts: set[int] = set()
    for needle in needles:
        at = lowered.find(needle)
        while at >= 0:
            starts.add(lowered.rfind("\n", 0, at) + 1)
            end = lowered.find("\n", at)
            at = lowered.find(needle, end) if end >= 0 else -1
    return sorted(starts)


def _of_line(number: int, line: str, below: str, wanted: Wanted) -> Iterator[Assigned]:
    match = _LINE.match(line)
    if match is None:
        yield from _inside(number, line, wanted)
        return
    name, raw = match.group(1), match.group(2)
    label = _clean(raw)[0].rpartition("/")[2] if name in _PAIR_NAMES else ""
    if label and wanted(label):
        yield from _paired(number, label, below)
    elif not wanted(name) or raw[:1] in ("{", "[") or _is_before_command(line, match.end(1), below):
        yield from _inside(number, line, wanted)
    elif _BLOCK.fullmatch(raw):
        yield from _block(number, name, line, below)
    elif raw:
        yield Assigned(number, name, *_clean(raw))


def _is_before_command(line: str, at: int, below: str) -> bool:
    """`PGPASSWORD=x psql -h db`: in one line alone, a blank ends the value."""
    return not below and line[at : at + 1] == "=" and line[at + 1 : at + 2] not in "\"' " and " " in line[at:].strip()


def _paired(number: int, label: str, below: str) -> Iterator[Assigned]:
    """The `value` that belongs to a name, on one of the next lines."""
    for distance, line in enumerate(below.split("\n", 3)[:3], 1):
        match = _VALUE_LINE.match(line)
        if match is not None:
            yield Assigned(number + distance, label, *_clean(match.group(1)))
        if match is not None or line.lstrip()[:1] in ("-", "}"):
            return


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


def _block(number: int, name: str, line: str, below: str) -> Iterator[Assigned]:
    """The text below `name: |`, of few lines: more of them are a file."""
    depth = len(line) - len(line.lstrip(" -"))
    found: list[str] = []
    for written in below.split("\n"):
        if written.strip() and len(written) - len(written.lstrip(" ")) <= depth:
            break
        found.append(written.strip())
    value = "\n".join(found).strip()
    if value and value.count("\n") < _MOST_LINES:
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
    for program, option, pattern in _PROGRAMS:
        if program in line and option in line:
            for match in pattern.finditer(line):
                yield "password", match.group(1).strip("\"'"), False


def _matches(pattern: re.Pattern[str], line: str) -> Iterator[tuple[str, str, bool]]:
    for match in pattern.finditer(line):
        value = match.group(2)
        quoted = value[0] in "\"'" and len(value) > 1
        name = "password" if pattern is _SQL else match.group(1)
        yield name, value[1:-1] if quoted else value, quoted
