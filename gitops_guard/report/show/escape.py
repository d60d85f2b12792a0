"""Text from a repository, made safe to show. File names and messages are written by the author of a pull request."""

from __future__ import annotations

# Printable by Unicode's categories and yet without a picture: fillers, joiners and the selectors that smuggle text.
_FILLERS = (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x2800, 0x3164, 0xFFA0)
_INVISIBLE = frozenset(map(chr, [*_FILLERS, *range(0xFE00, 0xFE0E), *range(0xE0100, 0xE01F0)]))
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_IDEOGRAPHIC_SPACE = "\u3000"  # ordinary in Chinese and Japanese text, though Python calls it unprintable

# A runner of GitHub obeys `##[command]` anywhere in a line (actions/runner, ActionCommand.TryParse).
_OLD_COMMAND = "##["


def visible(text: str) -> str:
    """*text* on one line: control, bidi, zero-width and unassigned characters and broken bytes as `\\x1b`."""
    if not (text.isprintable() and _INVISIBLE.isdisjoint(text)):
        text = "".join(map(shown, text))
    return text.replace(_OLD_COMMAND, "##\\x5b")


def sentence(message: str) -> str:
    """A message on one line: its line breaks become blanks, the rest as in `visible`."""
    if "\n" in message:
        message = " ".join(line.strip() for line in message.split("\n") if line.strip())
    return visible(message)


def shown(character: str) -> str:
    """One character, or its escape."""
    if character.isprintable() and character not in _INVISIBLE:
        return character
    return character if character == _IDEOGRAPHIC_SPACE else _escape(character)


def encodable(text: str) -> str:
    """*text* for a format that machines read: only what UTF-8 cannot carry is escaped.

    A file name that is not UTF-8 arrives with lone surrogates (PEP 383), which strict JSON parsers refuse.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(_escape(char) if 0xD800 <= ord(char) <= 0xDFFF else char for char in text)
    return text


def _escape(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00  # the byte that could not be decoded
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
