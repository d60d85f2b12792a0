"""What is secret: names that hold secrets, values that are public, dummies, and what may be said of a value.

Where a value lives decides first; entropy only helps. Import this only where there is a Secret to judge: its patterns
take a millisecond to compile. All of them read a text once, from left to right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from itertools import pairwise
from math import log2
from typing import Final

from gitops_guard.model.placeholder import is_placeholder

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET_WORDS: Final = frozenset(
    {
        "apikey", "bearer", "cred", "credential", "credentials", "creds",
        "dockercfg", "dockerconfigjson", "dsn", "htpasswd", "jwt", "keytab", "kubeconfig", "pass", "passphrase",
        "passwd", "password", "passwords", "psk", "pwd", "salt", "secret", "secrets", "token", "tokens",
        "verifier", "webhook",
    }
)  # fmt: skip
# These are secret only at the end: `auth` is, `auth.username` is not.
_SECRET_ENDS: Final = frozenset({"auth", "authorization", "cookie"})
_KEY_OWNERS: Final = frozenset(
    {"access", "account", "api", "app", "application", "encryption", "hmac", "license", "master", "private", "secret",
     "shared", "signing", "ssh", "storage", "tls"}
)  # fmt: skip
# The last word of `token-url`, `password_file`, `secretName` says that it is about a secret, not one.
_ABOUT: Final = frozenset(
    {"algorithm", "count", "enabled", "endpoint", "expiration", "expiry", "file", "groups", "id", "length", "method",
     "mode", "name", "namespace", "path", "policy", "public", "ref", "region", "required", "rotation", "size", "ttl",
     "type", "uri", "url", "user", "username", "version"}
)  # fmt: skip
_HARMLESS_WORDS: Final = frozenset(
    {"account", "addr", "address", "bucket", "ca", "cert", "class", "cluster", "crt", "database", "db", "dbname",
     "debug", "description", "dir", "domain", "driver", "email", "enable", "enabled", "endpoint", "environment",
     "expiration", "file", "filename", "folder", "format", "group", "groups", "host", "hostname", "hosts", "insecure",
     "issuer", "level", "locale", "login", "mode", "name", "namespace", "org", "organization", "path", "port", "ports",
     "project", "prefix", "protocol", "provider", "realm", "region", "schema", "scheme", "scope", "scopes", "server",
     "servers", "sslmode", "suffix", "tenant", "timezone", "type", "tz", "uri", "url", "usage", "user", "username",
     "users", "version", "zone"}
)  # fmt: skip
_ID_OWNERS: Final = frozenset({"account", "client", "key", "project", "subscription", "tenant", "token"})
_JOINED_HARMLESS: Final = ("accountname", "hostname", "username", "clientid", "dbname")

_DUMMY_WORDS: Final = frozenset(
    {"abc", "bar", "baz", "demo", "example", "foo", "foobar", "n/a", "none", "null", "pass", "passw0rd", "password",
     "sample", "secret", "string", "tbd", "test", "todo", "token", "value", "dummy", "fake", "placeholder", "redacted",
     "removed", "mypassword", "mysecret"}
)  # fmt: skip
_DUMMY: Final = re.compile(
    r"(?:<[^<>\n]{1,60}>|\[[^\[\]\n]{1,60}\]|[xX*.•_-]{3,60}"
    r"|(?:your|my|insert|enter|put|add|update|replace|set|fill)[ _-][\w .-]{1,60}"
    r"|(?:your|my)[a-z]{0,24}(?:pass|password|passphrase|pwd|secret|token|key)\d{0,3}"
    r"|[\w .-]{0,30}(?:change[ _-]?(?:me|it|this)|replace[ _-]?(?:me|this)|example|dummy|placeholder|redacted)"
    r"[\w .!-]{0,12})",
    re.IGNORECASE,
)
_REPLACED: Final = re.compile(
    r"[<\[]|[xX*.•_]{3}|(?:your|insert|enter|put|add|replace)[ _-]|[\w .-]{0,30}(?:change|replace)[ _-]?(?:me|it|this)",
    re.IGNORECASE,
)
_PEM: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_PUBLIC_PEM: Final = (
    "CERTIFICATE",
    "PUBLIC KEY",
    "X509 CRL",
    "DH PARAMETERS",
    "PUBLIC KEY BLOCK",
    "CERTIFICATE REQUEST",
)
_SSH_PUBLIC: Final = re.compile(
    r"(?:[^\s\x00]{1,300} ){0,2}(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\w+|sk-[\w@.-]+) AAAA[A-Za-z0-9+/=]+(?: [^\n]*)?"
)
_SECRET_KIND: Final = re.compile(rb"""kind["']?[ \t]*:[ \t]*["']?[A-Za-z]{0,40}Secret""")
_URL_LOGIN: Final = re.compile(
    r"[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,200}:([^\s/@]{1,200})@|\b\w[\w.-]{0,60}:([^\s/@:]{1,200})@(?:tcp|unix)\("
)
_ASSIGNMENT: Final = re.compile(
    r"""^[ \t"'\[-]*(?:export )?([A-Za-z][\w.$\[\]"#*/ -]{0,200}?)["']?[ \t]*[:=][ \t]*(.*)$""",
    re.MULTILINE,
)
# Where one line assigns several: `Server=db;Password=x`, `{"user": "a", "password": "b"}`, `?user=a&token=b`.
_SEVERAL: Final = re.compile(r"(?<![${])\{(?![{%])|[;,&]")
_CONFIG_NAME: Final = re.compile(r".*\.(?:cfg|conf|config|env|ini|json|properties|sh|toml|xml|ya?ml)", re.DOTALL)
_RUN: Final = re.compile(r"[A-Za-z0-9_+-]{20,}")
_ENTROPY: Final = 3.2  # bits a character; 32 drawn hexadecimal digits have 3.6, `aaaa-bbbb-1111` 2.2
_TURNS: Final = 4  # from letter to digit or back; `jdbcLockTimeoutMillis30` has one, 20 drawn letters and digits five


class Verdict(Enum):
    """How a value that stands in Git is to be judged."""

    PUBLIC = "public"
    DUMMY = "dummy"
    SECRET = "secret"  # noqa: S105  a word, not a password


def fingerprint(value: bytes) -> str:
    """4 hex digits of SHA-256: enough to tell two values apart, too few to confirm a guess."""
    from hashlib import sha256  # 3 ms: OpenSSL comes with it

    return sha256(value).hexdigest()[:4]


def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds a secret: `dbPassword` and `API_KEY` do, `passwordFile` does not."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words or (len(words) > 1 and words[-1] in _ABOUT):
        return False
    if words[-1] in _SECRET_ENDS or not _SECRET_WORDS.isdisjoint(words):
        return True
    if name.lower().endswith(("password", "passwd", "secret", "token", "apikey")):
        return True
    return words == ["key"] or any(
        word in ("key", "keys") and before in _KEY_OWNERS for before, word in pairwise(words)
    )


def judge(name: str, text: str) -> Verdict:
    """What the value of the field *name* of a Secret is."""
    stripped = text.strip()
    if not stripped or is_placeholder(text) or is_public_key(stripped):
        return Verdict.PUBLIC
    if is_private_key(stripped):
        return Verdict.SECRET
    if is_dummy(stripped):
        return Verdict.DUMMY if not is_harmless_name(name) else Verdict.PUBLIC
    if _is_harmless(name, stripped):
        return Verdict.PUBLIC
    is_config = _CONFIG_NAME.fullmatch(name) is not None or stripped.startswith("#!")
    if not is_secret_name(name) and (is_config or "\n" in stripped or _ASSIGNMENT.fullmatch(stripped)):
        return _judge_text(stripped, is_config=is_config)
    return Verdict.SECRET


def holds_secret(data: bytes) -> bool:
    """Whether a file says that it holds a Secret, or something like one: none of its lines may then be shown.

    A finding of the linter, or about a document that does not parse, does not know in which resource its line stands.
    """
    return _SECRET_KIND.search(data) is not None


def may_show(line: str, kind: str) -> bool:
    """Whether a source line of a resource of this *kind* can be shown without a chance that it holds a secret."""
    if "secret" in kind.lower() or len(line) > 300 or "-----BEGIN" in line:
        return False
    # `value` holds what the line above it names, in `env` and in parameters of every kind.
    if any(name == "value" or is_secret_name(name) for name, _ in _assignments(line)):
        return False
    return not has_login(line) and not is_random(line.partition("@sha256:")[0])


def is_private_key(text: str) -> bool:
    return ("PRIVATE KEY" in text and "-----BEGIN" in text) or "AGE-SECRET-KEY-1" in text


_NAME: Final = re.compile(r"[\w./-]{1,120}")


def is_name(text: str) -> bool:
    """Whether a text that stands where a name does may be shown: a line of base64 ends in `=`, and is none."""
    return _NAME.fullmatch(text) is not None and not is_random(text)


_PRIVATE_KEY: Final = re.compile(
    r"-{3,5}BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-{3,5}[^\n]*\n[^\n]*\S|AGE-SECRET-KEY-1[A-Z0-9]{8}"
)


def holds_private_key(text: str) -> bool:
    """Whether a private key with something in it stands in a text of several lines, also below its certificate."""
    if "PRIVATE KEY" not in text and "AGE-SECRET-KEY-1" not in text:
        return False
    return private_key_line(text) >= 0


def private_key_line(text: str) -> int:
    """The line, from 0, on which a private key begins; -1 where there is none, or a placeholder instead of one."""
    for match in _PRIVATE_KEY.finditer(text):
        if not is_placeholder(match.group()) and "..." not in match.group() and "<" not in match.group():
            return text.count("\n", 0, match.start())
    return -1


def is_setting_of_url(password: str) -> bool:
    """Whether what stands between `:` and `@` of an address is none: a variable, a name in brackets, a format."""
    return password.startswith(("$", "{", "<", "%", "*", "[")) or "'" in password or '"' in password


def is_dummy(text: str) -> bool:
    """What somebody meant to replace: `changeme`, `<YOUR_KEY>`, `xxxx`."""
    if text.lower() in _DUMMY_WORDS or (len(text) <= 64 and _DUMMY.fullmatch(text) is not None):
        return True
    return text.endswith("=") and len(text) <= 64 and _is_encoded_dummy(text)


def _is_encoded_dummy(text: str) -> bool:
    """`Y2hhbmdlbWU=`, where base64 was not asked for."""
    from base64 import b64decode

    try:
        decoded = b64decode(text, validate=True).decode("ascii").strip()
    except ValueError:
        return False
    return not decoded.endswith("=") and is_dummy(decoded)


def is_to_be_replaced(text: str) -> bool:
    """Whether a dummy says so itself, and is no plain word such as `example`, which is a name as well."""
    return _REPLACED.match(text) is not None


def is_random(text: str) -> bool:
    """Whether a run of 20 or more letters and digits looks drawn, not written."""
    return any(_looks_drawn(match.group()) for match in _RUN.finditer(text[:200_000]))


def _looks_drawn(run: str) -> bool:
    if sum(left.isdigit() != right.isdigit() for left, right in pairwise(run)) < _TURNS:
        return False
    size = len(run)
    counts = (run.count(letter) for letter in set(run))
    return -sum(count / size * log2(count / size) for count in counts) >= _ENTROPY


def is_public_key(text: str) -> bool:
    blocks = _PEM.findall(text)
    if blocks:
        return all(block.endswith(_PUBLIC_PEM) for block in blocks)
    if " AAAA" not in text:
        return False
    lines = (line.strip() for line in text.splitlines())
    return all(not line or line.startswith("#") or _SSH_PUBLIC.fullmatch(line) for line in lines)


def is_harmless_name(name: str) -> bool:
    """Whether a field of this name holds what is put beside a secret: a user, a host, the id of a client."""
    if is_secret_name(name):
        return False
    words = [word.lower() for word in _WORDS.findall(name)]
    if words[-1:] == ["id"] and words[-2:-1] and words[-2] in _ID_OWNERS:
        return True
    return not _HARMLESS_WORDS.isdisjoint(words) or name.lower().endswith(_JOINED_HARMLESS)


def _is_harmless(name: str, text: str) -> bool:
    """A user, a host, a switch: what is put beside a secret so that one thing can be mounted."""
    if "\n" in text or len(text) > 200 or is_secret_name(name):
        return False
    if text.lower() in ("true", "false", "yes", "no", "on", "off") or (text.lstrip("-").isdigit() and len(text) <= 5):
        return True
    if text.startswith("/") and not is_random(text):
        return True
    return is_harmless_name(name) and not has_login(text) and not is_random(text)


def has_login(text: str) -> bool:
    """Whether an address in *text* holds a password, one that is no placeholder."""
    return next(logins(text), None) is not None


def logins(text: str) -> Iterator[str]:
    """The passwords in addresses (`postgres://user:password@host`, Go's `user:password@tcp(host)`)."""
    for match in _URL_LOGIN.finditer(text):
        password = match.group(1) or match.group(2)
        if not is_placeholder(password) and not password.startswith(("$", "{", "<", "%s")):
            yield password


def _judge_text(text: str, *, is_config: bool) -> Verdict:
    """A configuration file inside a Secret: what it assigns decides."""
    verdict = Verdict.PUBLIC
    for assigned, written in _assignments(text):
        is_config = True
        value = written.strip(" \t,;\"'")
        if not value or value in ("{", "[", "true", "false", "null") or not is_secret_name(assigned):
            continue
        if is_placeholder(value) or _is_harmless(assigned.rpartition(".")[2], value):
            continue
        if not is_dummy(value):
            return Verdict.SECRET
        verdict = Verdict.DUMMY
    if has_login(text) or is_random(text) or not (is_config or _is_comment(text)):
        return Verdict.SECRET
    return verdict


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    for match in _ASSIGNMENT.finditer(_SEVERAL.sub("\n", text)):
        yield match.group(1), match.group(2)


def _is_comment(text: str) -> bool:
    return all(line.lstrip().startswith(("#", ";", "//")) for line in text.splitlines() if line.strip())
