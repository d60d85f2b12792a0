r"""Go's regular expressions in the dialect that the validator reads.

The API server compiles a `pattern` with Go's `regexp` (RE2 syntax); jsonschema-rs takes ECMA 262 only and refuses
`(?i)`, `[[:alpha:]]`, `\pC`, `\z` and `[]a]` (all of them occur in published CustomResourceDefinitions).
Syntax: https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-\/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": r"0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}


# A group with flags, a class inside a class, `]` as the first of a class, an escape that ECMA has not, a class escape
# beside a hyphen.
_ONLY_GO = r"\(\?[^:]|\[\^?\]|\[:|\\[AQaCpPz]|\\[dDsSwW]-|-\\[dDsSwW]"


def translate(pattern: str) -> str:
    """*pattern* with the same meaning in ECMA 262. What cannot be translated is left for the validator to refuse."""
    import re

    return _Translation(pattern).run() if re.search(_ONLY_GO, pattern) else pattern


class _Translation:
    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.fold = [False]  # whether case is ignored, by depth of group

    def run(self) -> str:
        pieces = []
        while self.at < len(self.text):
            pieces.append(self._next())
        return "".join(pieces)

    def _next(self) -> str:
        rest = self.text[self.at :]
        match rest[0]:
            case "(":
                return self._group(rest)
            case ")":
                if len(self.fold) > 1:
                    self.fold.pop()
                return self._take(1)
            case "[":
                return self._character_class()
            case "\\":
                return self._escape(inside=False)
            case letter if letter.isalpha() and self.fold[-1]:
                self.at += 1
                return f"[{letter.lower()}{letter.upper()}]"
            case _:
                return self._take(1)

    def _take(self, count: int) -> str:
        start, self.at = self.at, self.at + count
        return self.text[start : self.at]

    def _group(self, rest: str) -> str:
        """Flags hold to the end of the group that they stand in (`a(?i)b`), or for a group of their own (`(?i:b)`)."""
        import re

        flags = re.match(r"\(\?([imsU-]*)([:)])", rest)
        if flags is None:
            self.fold.append(self.fold[-1])
            if rest.startswith("(?P<"):
                self.at += 4
                return "(?<"
            return self._take(1)
        on, _, off = flags[1].partition("-")
        if set(flags[1]) - set("i-"):
            self.fold.append(self.fold[-1])
            return self._take(len(flags[0]))
        fold = (self.fold[-1] or "i" in on) and "i" not in off
        self.at += len(flags[0])
        if flags[2] == ")":
            self.fold[-1] = fold
            return ""
        self.fold.append(fold)
        return "(?:"

    def _escape(self, *, inside: bool) -> str:
        two = self.text[self.at : self.at + 2]
        if two == "\\Q":
            end = self.text.find("\\E", self.at)
            literal = self.text[self.at + 2 : end if end >= 0 else None]
            self.at = end + 2 if end >= 0 else len(self.text)
            return "".join("\\" + letter if letter in r"^$\.*+?()[]{}|/" else letter for letter in literal)
        if two in ("\\z", "\\A") and not inside:
            self.at += 2
            return "$" if two == "\\z" else "^"
        if two in ("\\p", "\\P") and self.text[self.at + 2 : self.at + 3].isalpha():
            return f"{self._take(2)}{{{self._take(1)}}}"
        if two == "\\a":
            self.at += 2
            return r"\x07"
        return self._take(2)

    def _character_class(self) -> str:
        opening = self._take(2) if self.text.startswith("[^", self.at) else self._take(1)
        members: list[str] = []
        while self.at < len(self.text) and (self.text[self.at] != "]" or not members):
            members.append(self._member())
        self.at += 1
        return opening + "".join(_hyphens_escaped(members, fold=self.fold[-1])) + "]"

    def _member(self) -> str:
        if self.text.startswith("[:", self.at):
            end = self.text.find(":]", self.at)
            name = self.text[self.at + 2 : end]
            if end > 0 and name in _POSIX:
                self.at = end + 2
                return _POSIX[name]
        if self.text[self.at] == "\\":
            return self._escape(inside=True)
        letter = self._take(1)
        return "\\" + letter if letter in "[]" else letter


def _hyphens_escaped(members: list[str], *, fold: bool) -> list[str]:
    """A hyphen beside a class such as `\\d` is itself, as in Go; letters and ranges of letters in both cases."""
    written = []
    for index, member in enumerate(members):
        before, after = members[index - 1] if index else "", members[index + 1] if index + 1 < len(members) else ""
        if member == "-" and not (_single(before) and _single(after)):
            written.append("\\-")
            continue
        written.append(member)
        if fold and len(member) == 1 and member.isalpha():
            written.append(_other_case(members, index))
    return written


def _other_case(members: list[str], index: int) -> str:
    """The other case of a letter, or of the range of letters that ends here; "" where a range begins."""
    following, previous = members[index + 1 : index + 3], members[max(index - 2, 0) : index]
    if len(following) == 2 and following[0] == "-" and _single(following[1]):
        return ""
    if len(previous) == 2 and previous[1] == "-" and len(previous[0]) == 1 and previous[0].isalpha():
        return f"{previous[0].swapcase()}-{members[index].swapcase()}"
    return members[index].swapcase()


def _single(member: str) -> bool:
    return len(member) == 1 or (len(member) == 2 and member[0] == "\\" and member[1] not in "dDwWsSpP")
