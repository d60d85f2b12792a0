"""What a private key looks like in a file: PEM, OpenSSH, PGP, PuTTY, age, and each of them in base64."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

_PEM: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{0,40})PRIVATE KEY(?: BLOCK)?-----")
_AGE: Final = re.compile(rb"AGE-SECRET-KEY-(?:PQ-)?1[02-9AC-HJ-NP-Z]{58,4000}")
_PUTTY: Final = re.compile(rb"Private-Lines: {0,3}\d{1,4}")
_BODY: Final = re.compile(rb"[A-Za-z0-9+/]{40}")
_REPLACED: Final = re.compile(rb"[${]|<path:|ENC\[")
_END: Final = b"-----END"
_LONGEST: Final = 16_000  # bytes; an RSA key of 8,192 bits has 6,400
_LETTERS: Final = 12  # different ones in a line of a key; `AAAA…`, `xxxx…` and `0123…` have fewer

# `PRIVATE KEY` and `AGE-SECRET-KEY-` in base64, which has three ways to write what stands in the middle of a text.
_IN_BASE64: Final = (
    b"UFJJVkFURSBLRV", b"BSSVZBVEUgS0VZ", b"QUklWQVRFIEtFW",
    b"QUdFLVNFQ1JFVC1LRVkt", b"FHRS1TRUNSRVQtS0VZL", b"BR0UtU0VDUkVULUtFWS",
)  # fmt: skip
SIGNS: Final = (b"PRIVATE KEY", b"AGE-SECRET-KEY-", b"Private-Lines:", *_IN_BASE64)
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_RUN: Final = re.compile(rb"[A-Za-z0-9+/]+(?:\s{1,200}[A-Za-z0-9+/]{16,})*")
_NAMES: Final = {b"": "a private key", b"ENCRYPTED": "a private key", b"PGP": "a PGP private key",
                 b"OPENSSH": "an OpenSSH private key", b"RSA": "an RSA private key",
                 b"EC": "an EC private key"}  # fmt: skip


class State(Enum):
    """How much of a key stands there."""

    WHOLE = "whole"
    PROTECTED = "protected by a passphrase"
    CUT = "cut"


class PrivateKey(NamedTuple):
    """*start* and *end* are bytes of the file; *name* says with its article what it is; *text* is the key alone."""

    start: int
    end: int
    name: str
    state: State
    text: bytes


def find(data: bytes) -> list[PrivateKey]:
    """The private keys in *data*, from first to last. A mere mention of the words is none."""
    return sorted([*_plain(data), *_encoded(data)])


def _plain(data: bytes) -> Iterator[PrivateKey]:
    if b"PRIVATE KEY" in data:
        yield from filter(None, (_of_pem(data, match) for match in _PEM.finditer(data)))
    if b"AGE-SECRET-KEY-" in data:
        for match in _AGE.finditer(data):
            if _is_drawn(match.group()[17:]):
                yield PrivateKey(*match.span(), "an age secret key", State.WHOLE, match.group())
    if b"Private-Lines:" in data:
        for match in _PUTTY.finditer(data):
            body = _BODY.search(data, match.end(), match.end() + 400)
            if body is not None and _is_drawn(body.group()):
                yield PrivateKey(match.start(), body.end(), "a PuTTY private key", State.WHOLE, body.group())


def _of_pem(data: bytes, match: re.Match[bytes]) -> PrivateKey | None:
    label = match[1].strip()
    name = _NAMES.get(label, "a private key")
    limit = match.end() + _LONGEST
    following = data.find(b"-----BEGIN", match.end(), limit)
    end = data.find(_END, match.end(), following if following >= 0 else limit)
    body = data[match.end() : end if end >= 0 else following if following >= 0 else limit]
    line = _BODY.search(body)
    if line is not None and _is_drawn(line.group()):
        is_protected = label == b"ENCRYPTED" or b"4,ENCRYPTED" in body[:200]
        state = State.PROTECTED if is_protected else State.WHOLE
        return PrivateKey(match.start(), match.end() + len(body), name, state, _key_alone(body))
    if end < 0 or len(body) > 400 or _REPLACED.search(body) or not body.strip(b" \r\n\t\\nr\"'"):
        return None
    return PrivateKey(match.start(), end, name, State.CUT, _key_alone(body))


def _key_alone(body: bytes) -> bytes:
    """The same however it is indented or escaped."""
    return b"".join(body.replace(b"\\n", b" ").split())


def _is_drawn(text: bytes) -> bool:
    return len(set(text)) >= _LETTERS


def _encoded(data: bytes) -> Iterator[PrivateKey]:
    end = 0
    for at in _signs(data):
        if at < end:
            continue
        run = _RUN.match(data, _begin(data, at))
        if run is None or run.end() < at:
            continue
        end = run.end()
        found = next(_plain(_decoded(run.group())), None)
        if found is not None:
            yield PrivateKey(run.start(), run.end(), f"{found.name} in base64", found.state, found.text)


def _signs(data: bytes) -> list[int]:
    found: list[int] = []
    for sign in _IN_BASE64:
        at = data.find(sign)
        while at >= 0:
            found.append(at)
            at = data.find(sign, at + len(sign))
    return sorted(found)


def _begin(data: bytes, at: int) -> int:
    before = data[max(0, at - _LONGEST) : at]
    return at - (len(before) - len(before.rstrip(_ALPHABET)))


def _decoded(run: bytes) -> bytes:
    from base64 import b64decode

    text = b"".join(run[: 2 * _LONGEST].split())
    text = text[: len(text) - (len(text) % 4 == 1)]
    return b64decode(text + b"=" * (-len(text) % 4))
