"""Shell text as simple commands, each with the place of its words: enough to tell what a script runs.

A script is read once, from left to right, with a stack of its own, so that neither depth nor size is a danger; quotes
and brackets that nobody closes end with the text. It is a reader, not an interpreter: both branches of an `if` are
read, and so are functions that nobody calls.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

_BARE: Final = re.compile(r"[^\s'\"\\$`;&|()<>#]+")
_QUOTED: Final = re.compile(r'[^"\\$`]+')
_VARIABLE: Final = re.compile(r"\$(?:\{\{[^\n]{0,200}?\}\}|\{[^}\n]{0,200}\}|\w+|[$?!#@*-])")
_OPERATOR: Final = re.compile(r"[;&|\n]+")
_REDIRECT: Final = re.compile(r"<<<|<<-?|&?>>?[&|]?|<[&>]?")
_HEREDOC: Final = re.compile(r"[ \t]*(?:'([^'\n]{1,100})'|\"([^\"\n]{1,100})\"|\\?([\w.!-]{1,100}))")
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w{0,100})\+?=(.*)", re.DOTALL)
_EXPANDED: Final = re.compile(r"\$(?:\{([A-Za-z_]\w{0,100})(?::?[-=]([^}]{0,200}))?\}|([A-Za-z_]\w{0,100}))")
_WHICH: Final = re.compile(r"[$`]\(?(?:which|command -v|type -p) ([\w./-]{1,100})[)`]")
_SHOWN: Final = 200  # characters of a substitution that stay in the word around it; the rest is quadratic in the depth
_LONGEST: Final = 2_000  # characters of a variable; longer ones hold no command
_NESTED: Final = 5  # `bash -c` within `ssh` within `eval`

_KEYWORDS: Final = frozenset({"if", "then", "elif", "else", "do", "while", "until", "!", "{", "}", "time", "coproc"})
SHELLS: Final = frozenset({"bash", "sh", "ash", "dash", "zsh", "ksh"})
# Programs that run the command behind them, with those of their options that take a value.
_PREFIXES: Final[Mapping[str, frozenset[str]]] = {
    "sudo": frozenset({"-u", "-g", "-C", "-h", "-p", "-U", "--user", "--group"}),
    "doas": frozenset({"-u", "-C"}),
    "env": frozenset({"-u", "-C", "-S", "--unset", "--chdir"}),
    "xargs": frozenset(
        {"-I", "-n", "-P", "-L", "-d", "-a", "-s", "-E", "--max-args", "--max-procs", "--replace", "--delimiter"}
    ),
    "time": frozenset({"-f", "-o"}),
    "timeout": frozenset({"-s", "-k", "--signal", "--kill-after"}),
    "nice": frozenset({"-n"}),
    "ionice": frozenset({"-c", "-n"}),
    "stdbuf": frozenset({"-i", "-o", "-e"}),
    "watch": frozenset({"-n", "--interval"}),
    "chronic": frozenset(),
    "command": frozenset(),
    "builtin": frozenset(),
    "exec": frozenset({"-a"}),
    "nohup": frozenset(),
    "unbuffer": frozenset(),
}
_TAKES_ONE: Final = frozenset({"timeout"})  # a plain argument of their own before the command
_CARRIERS: Final = frozenset({"k3s", "microk8s", "rke2"})  # bring a kubectl of their own: `k3s kubectl …`
_RUNNERS: Final = frozenset({"retry", "mise", "asdf", "nix", "direnv", "aws-vault", "doppler", "op", "infisical"})


class Command(NamedTuple):
    """A simple command. *places* are the offsets of its words in the text that was read, *writes* the files that its
    output goes to, *stdin* is the here document that it is given, which begins at *stdin_at*."""

    words: tuple[str, ...]
    places: tuple[int, ...]
    writes: tuple[str, ...] = ()
    stdin: str = ""
    stdin_at: int = -1

    def after(self, count: int) -> Command:
        """The command without its first words."""
        return self._replace(words=self.words[count:], places=self.places[count:])


@dataclass(slots=True)
class _Frame:
    """A list of commands under construction: the text itself, or what stands in a substitution or a subshell."""

    closer: str = ""
    begin: int = 0
    words: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    word: list[str] | None = None
    word_at: int = 0
    quoted: bool = False
    redirected: bool = False

    def add(self, text: str, at: int) -> None:
        if self.word is None:
            self.word, self.word_at = [], at
        self.word.append(text)

    def end_word(self) -> None:
        if self.word is None:
            return
        word, self.word = "".join(self.word), None
        if self.redirected:
            self.writes.append(word)
            self.redirected = False
        else:
            self.words.append(word)
            self.places.append(self.word_at)


def commands(text: str) -> list[Command]:
    """All simple commands of *text*, also those in substitutions, subshells and bodies, in the order of their ends."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: list[Command] = []
        self.stack = [_Frame()]
        self.heredocs: list[tuple[str, int]] = []
        self.ends: dict[str, list[int]] | None = None

    def read(self) -> list[Command]:
        text, size = self.text, len(self.text)
        while self.at < size:
            frame = self.stack[-1]
            match = (_QUOTED if frame.quoted else _BARE).match(text, self.at)
            if match:
                frame.add(match.group(), self.at)
                self.at = match.end()
            elif frame.quoted:
                self._in_quotes(frame, text[self.at])
            else:
                self._special(frame, text[self.at])
        while len(self.stack) > 1:
            self._close()
        self._end_command(self.stack[0])
        return self.found

    def _in_quotes(self, frame: _Frame, letter: str) -> None:
        if letter == '"':
            frame.quoted = False
            self.at += 1
        elif letter == "\\":
            self._escape(frame)
        else:
            self._expansion(frame, letter)

    def _special(self, frame: _Frame, letter: str) -> None:
        at = self.at
        if letter == "'":
            end = self.text.find("'", at + 1)
            end = len(self.text) if end < 0 else end
            frame.add(self.text[at + 1 : end], at)
            self.at = end + 1
        elif letter == '"':
            frame.add("", at)
            frame.quoted = True
            self.at += 1
        elif letter == "\\":
            self._escape(frame)
        elif letter in "$`":
            self._expansion(frame, letter)
        elif letter == "#":
            self._hash(frame)
        elif letter == "&" and self.text.startswith("&>", at):
            self._redirect(frame)
        elif letter in ";&|\n":
            self._separator(frame)
        elif letter in "<>":
            self._redirect(frame)
        elif letter == "(":
            frame.end_word()
            self._end_command(frame)
            self._open(")")
        elif letter == ")":
            self._parenthesis(frame)
        else:  # a blank
            frame.end_word()
            self.at += 1

    def _escape(self, frame: _Frame) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if following == "\r" and self.text.startswith("\n", self.at + 2):
            self.at += 1
            following = "\n"
        if following != "\n":
            frame.add(following, self.at)
        elif not frame.quoted:
            frame.end_word()  # a word goes on behind it only where nobody indents, so nowhere
        self.at += 2

    def _expansion(self, frame: _Frame, letter: str) -> None:
        at = self.at
        if letter == "`":
            if frame.closer == "`":
                self._close()
            else:
                frame.add("", at)
                self._open("`")
            return
        if self.text.startswith("$(", at):
            frame.add("", at)
            self.at += 1
            self._open(")")
            return
        match = _VARIABLE.match(self.text, at)
        found = match.group() if match else letter
        frame.add(found, at)
        self.at += len(found)

    def _hash(self, frame: _Frame) -> None:
        if frame.word is not None:
            frame.add("#", self.at)
            self.at += 1
            return
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    def _separator(self, frame: _Frame) -> None:
        frame.end_word()
        self._end_command(frame)
        match = _OPERATOR.match(self.text, self.at)
        first = self.text.find("\n", self.at, match.end() if match else self.at + 1)
        if first < 0:
            self.at = match.end() if match else self.at + 1
            return
        self.at = first + 1
        self._skip_heredocs()

    def _redirect(self, frame: _Frame) -> None:
        match = _REDIRECT.match(self.text, self.at)
        operator = match.group() if match else self.text[self.at]
        if frame.word is not None and "".join(frame.word).isdigit():
            frame.word = None  # `2>` is no word
        frame.end_word()
        self.at += len(operator)
        if self.text.startswith("(", self.at):  # `<( … )`
            self._open(")")
            return
        if operator in ("<<", "<<-") and (name := _HEREDOC.match(self.text, self.at)):
            self.heredocs.append((name.group(1) or name.group(2) or name.group(3), len(self.found)))
            self.at = name.end()
            return
        frame.redirected = True

    def _open(self, closer: str) -> None:
        self.at += 1
        self.stack.append(_Frame(closer, self.at))

    def _parenthesis(self, frame: _Frame) -> None:
        if frame.closer == ")":
            self._close()
            return
        frame.end_word()  # of `case`, or of nobody
        self._end_command(frame)
        self.at += 1

    def _close(self) -> None:
        """End the innermost list. Where it is part of a word, a short one stays readable there."""
        frame = self.stack.pop()
        frame.end_word()
        self._end_command(frame)
        outer = self.stack[-1]
        if outer.word is not None:
            inside = self.text[frame.begin : self.at] if self.at - frame.begin <= _SHOWN else ""
            outer.word.append(f"$({inside})")
        self.at += 1

    def _end_command(self, frame: _Frame) -> None:
        frame.end_word()
        if frame.words or frame.writes:
            self.found.append(Command(tuple(frame.words), tuple(frame.places), tuple(frame.writes)))
        frame.words, frame.places, frame.writes, frame.redirected = [], [], [], False

    def _skip_heredocs(self) -> None:
        pending, self.heredocs = self.heredocs, []
        for delimiter, number in pending:
            begin, end = self._heredoc(delimiter)
            if end < 0:
                continue
            if number < len(self.found):
                self.found[number] = self.found[number]._replace(stdin=self.text[begin:end], stdin_at=begin)
            line_end = self.text.find("\n", end)
            self.at = len(self.text) if line_end < 0 else line_end + 1

    def _heredoc(self, delimiter: str) -> tuple[int, int]:
        """From where to where the body goes that begins here; -1 where nothing ends it."""
        if self.ends is None:
            self.ends = {}
            at = 0
            for line in self.text.split("\n"):
                self.ends.setdefault(line.strip(), []).append(at)
                at += len(line) + 1
        places = self.ends.get(delimiter, [])
        number = bisect_left(places, self.at)
        return (self.at, places[number]) if number < len(places) else (self.at, -1)


def resolved(text: str, variables: Mapping[str, str]) -> Iterator[Command]:
    """The commands that run in the end: variables that are known are replaced, prefixes such as `sudo` taken off, the
    texts of `bash -c`, `eval`, `ssh` and here documents read. *variables* are those of the surroundings."""
    yield from _resolve(text, dict(variables), 0, _NESTED)


def _resolve(text: str, variables: dict[str, str], offset: int, depth: int) -> Iterator[Command]:
    for command in commands(text):
        found = _plain(_expanded(_without_assignments(_without_keywords(command), variables), variables))
        if offset:
            found = found._replace(places=tuple(place + offset for place in found.places))
        if not found.words:
            if found.writes:
                yield found
            continue
        yield found
        if depth:
            for inner, at in _texts(found, offset):
                for below in _resolve(inner, variables, 0, depth - 1):
                    moved = (
                        tuple(place + at for place in below.places)
                        if at >= 0
                        else (found.places[0],) * len(below.places)
                    )
                    yield below._replace(places=moved)


def _without_keywords(command: Command) -> Command:
    count = 0
    while count < len(command.words) and command.words[count] in _KEYWORDS:
        count += 1
    return command.after(count) if count else command


def _without_assignments(command: Command, variables: dict[str, str]) -> Command:
    count = 1 if command.words[:1] and command.words[0] in ("export", "local", "readonly", "declare", "typeset") else 0
    found: dict[str, str] = {}
    while count < len(command.words) and (match := _ASSIGNMENT.fullmatch(command.words[count])):
        if len(match.group(2)) <= _LONGEST:
            found[match.group(1)] = _substituted(match.group(2), variables)
        count += 1
    if count == len(command.words):
        variables.update(found)
    return command.after(count) if found else command


def _expanded(command: Command, variables: Mapping[str, str]) -> Command:
    if not any("$" in word for word in command.words):
        return command
    words: list[str] = []
    places: list[int] = []
    for word, place in zip(command.words, command.places, strict=True):
        parts = [word]
        if "$" in word and len(word) <= _LONGEST:
            if which := _WHICH.fullmatch(word):
                parts = [which.group(1)]
            else:
                replaced = _substituted(word, variables)
                parts = replaced.split() if replaced != word and not any(map(str.isspace, word)) else [replaced]
        words += parts
        places += [place] * len(parts)
    return command._replace(words=tuple(words), places=tuple(places))


def _substituted(text: str, variables: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(3)
        known = variables.get(name)
        if known is None or len(known) > _LONGEST:
            return match.group(2) or match.group()
        return known

    return _EXPANDED.sub(value, text)[: 2 * _LONGEST] if "$" in text else text


def _plain(command: Command) -> Command:
    """Without what only runs it: `sudo -u ci env A=b timeout 5m kubectl …`."""
    for _ in range(10):
        words = command.words
        if not words:
            return command
        name = program(words[0])
        if name in _CARRIERS and words[1:2] == ("kubectl",):
            return command.after(1)
        if name in _RUNNERS and "--" in words:
            command = command.after(words.index("--") + 1)
        elif name in _PREFIXES:
            command = command.after(_prefix_length(words, _PREFIXES[name], 1 if name in _TAKES_ONE else 0))
        else:
            return command
    return command


def _prefix_length(words: tuple[str, ...], with_value: frozenset[str], own: int) -> int:
    count = 1
    while count < len(words):
        word = words[count]
        if word in with_value:
            count += 2
        elif word.startswith("-") or _ASSIGNMENT.fullmatch(word):
            count += 1
        elif own:
            own -= 1
            count += 1
        else:
            break
    return count


def program(word: str) -> str:
    """The name of a program: `/usr/local/bin/kubectl` and `kubectl.exe` are kubectl."""
    return word.replace("\\", "/").rpartition("/")[2].removesuffix(".exe")


def _texts(command: Command, offset: int) -> Iterator[tuple[str, int]]:
    """Shell text that a command is given, and where it stands in the outermost text; -1: where its command does."""
    name, words = program(command.words[0]), command.words
    if name in SHELLS or name in ("ssh", "su"):
        if command.stdin:
            yield command.stdin, command.stdin_at + offset
        for number, word in enumerate(words[1:-1], 1):
            if word.startswith("-") and word.endswith("c") and not word.startswith("--"):
                yield words[number + 1], -1
                return
    if name == "eval":
        yield " ".join(words[1:]), -1
    elif name == "ssh":
        yield " ".join(words[_prefix_length(words, _SSH_VALUES, 1) :]), -1


_SSH_VALUES: Final = frozenset(
    {"-i", "-p", "-o", "-l", "-F", "-J", "-L", "-R", "-D", "-b", "-c", "-E", "-m", "-S", "-W"}
)
