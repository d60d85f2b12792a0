"""What a literal is that stands where no secret belongs: in settings, values, annotations, arguments.

In a Secret every value is one until it is shown to be harmless (`sensitive`); here, the name has to say that it holds
one. A password is one whatever it looks like. Of a `token`, a `secret` or a `key` many mean the name of a Secret:
there, the value has to look like a credential as well. Import this only where a name was seen that could hold a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from gitops_guard.model import sensitive
from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FieldPath, Location
from gitops_guard.model.sensitive import Verdict

if TYPE_CHECKING:
    from gitops_guard.model.leaves import Leak


class Grade(IntEnum):
    """What a name says of its value."""

    NONE = 0
    NAMED = 1  # a secret, or the name of one: the value tells
    SECRET = 2  # always a secret, but for a word that is the name of one
    PASSWORD = 3


_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PASSWORDS: Final = frozenset({"passcode", "passphrase", "passwd", "password", "passwords", "psk", "pwd"})
_JOINED_PASSWORDS: Final = ("masterauth", "passphrase", "passwd", "password", "requirepass", "userpass")
_NAMED: Final = frozenset(
    {"apikey", "apitoken", "auth", "authorization", "bearer", "credential", "credentials", "creds", "jwt",
     "otp", "pass", "pepper", "salt", "secret", "secrets", "token", "tokens"}
)  # fmt: skip
_JOINED: Final = (
    "accesstoken", "apikey", "apitoken", "authkey", "authtoken", "clientsecret", "erlangcookie", "secretkey", "token",
)  # fmt: skip
_OWNERS: Final = frozenset(
    {"account", "aes", "api", "app", "application", "auth", "azure", "batch", "client", "consumer", "cookie", "crypto",
     "encryption", "functions", "hmac", "jwt", "license", "master", "oci", "private", "sas", "secret", "service",
     "session", "shared", "signing", "ssh", "storage", "subscription", "webhook"}
)  # fmt: skip
# `clientSecret` is a secret; what comes before it in `tlsSecret` says that a Secret is named.
_SECRET_OWNERS: Final = frozenset(
    {"app", "client", "cookie", "consumer", "csrf", "hmac", "jwt", "nextauth", "oauth", "oauth2", "oidc", "session",
     "shared", "signing", "webhook"}
)  # fmt: skip
_NAMING: Final = frozenset(
    {"ca", "cert", "certificate", "config", "credential", "credentials", "docker", "existing", "external", "image",
     "is", "no", "pull", "registry", "tls", "use", "with"}
)  # fmt: skip
_KNOWN_KEYS: Final = frozenset({"pub", "public", "publishable", "site"})  # of a pair, the one that everybody gets
# What may stand behind the word that decides: `DB_PASSWORD_PROD`, `OCI_CLI_KEY_CONTENT`, `password2`.
_QUALIFIERS: Final = frozenset(
    {"b64", "base", "base64", "content", "current", "data", "default", "dev", "encoded", "hash", "new", "old", "plain",
     "plaintext", "primary", "prod", "production", "secondary", "staging", "string", "txt", "value"}
)  # fmt: skip
_IDENTIFIERS: Final = (["discovery", "token"], ["initial", "cluster", "token"])  # of etcd: they open nothing
_DIGESTS: Final = frozenset({"checksum", "digest", "hash", "sha", "sha1", "sha256", "sha512"})

_SETTING: Final = re.compile(
    r"true|false|yes|no|on|off|null|none|nil|undefined|not set|unset|n/a|nothing"
    r"|string|integer|number|boolean|object|[?*-]{1,2}|enabled?|disabled?|required?|optional|default|auto|any|all"
    r"|-?\d{1,3}|\d+(?:\.\d+)?[ ]?(?:ms|[smhdw]|[KMGT]i?B?)",
    re.IGNORECASE,
)
_PARTS: Final = re.compile(r"[./:_-]")
_PART: Final = re.compile(r"[a-z]+\d{0,2}|[A-Z]+\d{0,2}|v?\d{1,4}|[A-Z]?[a-z]+(?:[A-Z][a-z]+)*")
_FILE: Final = re.compile(r"[\w./-]{1,200}\.(?:crt|env|jks|json|key|keytab|p12|pem|pfx|pub|txt|ya?ml)")
# Grafana's `$__file{…}`, Argo CD's `$oidc.clientSecret`, names of secrets in clouds.
_REFERENCE: Final = re.compile(r"\$(?:__\w+\{|[A-Za-z_{(])|arn:aws|projects/[\w-]+/secrets/|@Microsoft\.KeyVault")
_PATH: Final = re.compile(r"(?:\.{0,2}|~|[A-Za-z]:)[/\\][\w.@/\\ -]*")
_BEARER: Final = re.compile(r"(?:bearer|basic|token|digest) +(\S.*)", re.IGNORECASE)
_CRYPT: Final = re.compile(r"\$[\w-]{1,12}\$|\{[A-Z0-9-]{3,12}\}")
# What bcrypt and its like made of a password is meant to be written down; `$apr1$` and `{SHA}` are guessed in no time.
_SLOW_HASH: Final = re.compile(r"\$(?:2[abxy]|argon2\w{1,2}|scrypt|y|5|6)\$")
_FORMAT: Final = re.compile(
    r"%\(?[A-Za-z_]|@[A-Za-z_]\w*@|[A-Za-z_][\w.]{0,100}(?:\[|\()|`|\$[\w{(]|&&|\|\||=>?[ >]|[{}<]"
)
_PROSE: Final = frozenset(
    {"a", "enter", "for", "is", "of", "or", "password", "password:", "please", "secret", "the", "to", "token", "your"}
)
_LONG: Final = 8  # characters that a token has at least
_MOST: Final = 4_096  # characters of a value that is still looked at as one


class Judge:
    """What names and values mean, with what the configuration adds."""

    def __init__(self, names: Iterable[str], allow_names: Iterable[str], allow_values: Iterable[str]) -> None:
        self._names = [name.lower() for name in names]
        self._allow_names = [name.lower() for name in allow_names]
        self._allow_values = list(allow_values)

    def grade(self, name: str) -> Grade:
        lower = name.lower()
        if _matches(lower, self._allow_names):
            return Grade.NONE
        if _matches(lower, self._names):
            return Grade.PASSWORD
        return grade(name)

    def judge(self, name: str, value: str) -> Verdict:
        """What *value* is under *name*, outside of every Secret."""
        found = self.grade(name)
        if found is Grade.NONE or _matches(value, self._allow_values):
            return Verdict.PUBLIC
        return _judge(found, name, value)

    def allows(self, value: str) -> bool:
        return _matches(value, self._allow_values)


@lru_cache(maxsize=8)
def judge_with(names: tuple[str, ...], allow_names: tuple[str, ...], allow_values: tuple[str, ...]) -> Judge:
    return Judge(names, allow_names, allow_values)


def _matches(text: str, patterns: list[str]) -> bool:
    return bool(patterns) and len(text) <= _MOST and any(fnmatchcase(text, pattern) for pattern in patterns)


@lru_cache(maxsize=4_096)
def grade(name: str) -> Grade:
    """What a name of a field, an option, a variable says: the words at its end decide."""
    if len(name) > 300:
        return Grade.NONE
    owner, _, name = name.rpartition("/")
    words = [word.lower() for word in _WORDS.findall(name)]
    is_digest = not _DIGESTS.isdisjoint(words)
    if owner and not _DIGESTS.isdisjoint(_WORDS.findall(owner.lower())):  # `checksum/secret`
        return Grade.NONE
    while len(words) > 1 and (words[-1] in _QUALIFIERS or words[-1].isdigit()):
        words.pop()
    if not words or words[0] in _DIGESTS:
        return Grade.NONE
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    joined = "".join(words)
    if last in _PASSWORDS or joined.endswith(_JOINED_PASSWORDS) or (last == "pass" and before):
        return Grade.PASSWORD
    if is_digest or before in _NAMING or words[-2:] in _IDENTIFIERS or words[-3:] in _IDENTIFIERS:
        return Grade.NONE
    if last in ("key", "keys"):
        return _grade_key(words)
    if (last == "secret" and before in _SECRET_OWNERS) or joined.endswith("clientsecret"):
        return Grade.SECRET
    if last in _NAMED or joined.endswith(_JOINED):
        return Grade.SECRET if name.isupper() and last not in ("auth", "authorization") else Grade.NAMED
    return Grade.NONE


def _grade_key(words: list[str]) -> Grade:
    before = words[-2:-1]
    if before == ["access"] and "shared" not in words:  # the half that is no secret, but for AWS_SECRET_ACCESS_KEY
        return Grade.SECRET if "secret" in words else Grade.NONE
    if not before or _OWNERS.isdisjoint(words[:-1]) or not _KNOWN_KEYS.isdisjoint(words):
        return Grade.NONE
    if before[0] in ("token", "password", "user", "username", "partition", "sort", "primary", "foreign"):
        return Grade.NONE
    return Grade.SECRET if words[0] in ("azure", "oci") else Grade.NAMED


def _judge(found: Grade, name: str, value: str) -> Verdict:
    text = value.strip()
    if not text or len(text) > _MOST * 16 or is_placeholder(text):
        return Verdict.PUBLIC
    if bearer := _BEARER.fullmatch(text):
        text = bearer.group(1)
    elif name.lower().endswith("authorization"):
        return Verdict.PUBLIC  # a scheme, a switch, a policy
    if _is_no_credential(text) or _SLOW_HASH.match(text) or (name.lower().endswith("hash") and not _CRYPT.match(text)):
        return Verdict.PUBLIC
    if found is Grade.PASSWORD:
        if sensitive.is_dummy(text):
            return Verdict.PUBLIC if _is_of_truststore(name) else Verdict.DUMMY
        return Verdict.PUBLIC if _names_one(name, text) else Verdict.SECRET
    if found is Grade.SECRET and "-" not in text and "/" not in text:
        if sensitive.is_dummy(text):
            return Verdict.DUMMY
        return Verdict.PUBLIC if text.isdigit() or _names_one(name, text) else Verdict.SECRET
    return _judge_by_looks(text)


def _is_of_truststore(name: str) -> bool:
    """`changeit` opens every truststore of Java, which holds certificates that everybody may see."""
    return "truststore" in name.lower().replace("_", "").replace("-", "").replace(".", "")


def _judge_by_looks(text: str) -> Verdict:
    if len(text) < _LONG or text.isdigit():
        return Verdict.PUBLIC
    if sensitive.is_dummy(text) and sensitive.is_to_be_replaced(text):
        return Verdict.DUMMY
    return Verdict.SECRET if looks_drawn(text) else Verdict.PUBLIC


def looks_drawn(text: str) -> bool:
    """Whether letters, digits and signs are mixed as in a credential, and not as in a name, a list or a sentence."""
    if any(char.isspace() for char in text) or "," in text or "*" in text:
        return False
    return not all(not part or _is_word(part) for part in _PARTS.split(text))


def _is_word(part: str) -> bool:
    """Whether a part of a text is a word or a number. `ZkAbQpLrTsWx` has too many capitals for one."""
    if _PART.fullmatch(part) is None:
        return False
    return len(part) < _LONG or part.isupper() or sum(map(str.isupper, part)) * 3 < len(part)


def _is_no_credential(text: str) -> bool:
    """A switch, a number, a file, an address, a certificate."""
    if _SETTING.fullmatch(text) or _FILE.fullmatch(text) or (_REFERENCE.match(text) and not _CRYPT.match(text)):
        return True
    if _PATH.match(text) and not sensitive.is_random(text) and _PATH.fullmatch(text):
        return True
    if "://" in text and not sensitive.has_login(text):
        return True
    return "\n" in text and sensitive.is_public_key(text)


def _names_one(name: str, text: str) -> bool:
    """`password: shop-database-password` names the key or the Secret that holds it; `PASSWORD: PASSWORD` nothing."""
    if text == name:
        return True
    words = text.replace("_", "-").replace(".", "-").split("-")
    if len(words) < 2 or not all(_PART.fullmatch(word) for word in words):
        return False
    return grade(text) is not Grade.NONE or words[-1].lower() in ("secret", "secrets", "credentials", "key", "creds")


def is_code(value: str) -> bool:
    """Whether what stands behind `=` in a text is computed: a call, a variable, a format."""
    return _FORMAT.search(value, 0, _MOST) is not None


def is_prose(value: str) -> bool:
    """A label or an explanation, as in texts of a user interface: `Enter your password`."""
    return " " in value and any(word in _PROSE for word in value.lower().split())


def problem(leak: Leak, fix: str, at: Location | None = None, path: FieldPath | None = None) -> Problem:
    """What is said of a leak. Its value is told by 4 digits of its hash, and by nothing else."""
    digest = sensitive.fingerprint(leak.value.encode("utf-8", "surrogatepass"))
    path = leak.path if path is None else path
    if leak.verdict is Verdict.DUMMY:
        message = f"{leak.what} holds a dummy in plain text (SHA-256 {digest}…); somebody will deploy it"
        return Problem(path, message, fix=fix, at=at, severity=Severity.WARNING)
    kind = "a private key" if sensitive.is_private_key(leak.value) else "a secret"
    return Problem(path, f"{leak.what} holds {kind} in plain text (SHA-256 {digest}…)", fix=fix, at=at)
