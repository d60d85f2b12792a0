"""The fields of a body that could hold a credential, found in one walk, and what is judged of them.

Most fields of most resources are settings, so the walk asks for little: a name that it has seen before is one look into
a dictionary, and of a text only whether it could hold an assignment or an address. What is left over is judged by
`credentials`, which is imported then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gitops_guard.model.resource import FieldPath
from gitops_guard.model.rule import Option, Options

if TYPE_CHECKING:
    from gitops_guard.model.credentials import Judge
    from gitops_guard.model.finding import Problem
    from gitops_guard.model.resource import Location
    from gitops_guard.model.secret_pieces import Piece
    from gitops_guard.model.sensitive import Verdict

NEEDLES: Final = (
    "pass", "secret", "token", "key", "pwd", "cred", "auth", "cookie", "salt", "psk", "jwt", "bearer", "pepper", "otp",
    "identified", "://", "@tcp(", "@unix(", "-p", "curl", "redis-cli",
)  # fmt: skip
_GLOBS: Final = {"type": "array", "items": {"type": "string", "minLength": 1}}
OPTIONS: Final = {
    "names": Option((), "Globs of further names that hold secrets, in any case: `*_pin`.", _GLOBS),
    "allow-names": Option((), "Globs of names that hold none.", _GLOBS),
    "allow-values": Option((), "Globs of values that may stand there, such as logins of a local test.", _GLOBS),
}
# Rules that name the format of a secret, what it opens, or why it is not encrypted.
SAID_BETTER: Final = frozenset({"cluster-credentials", "known-token", "private-key", "sops-incomplete"})
# Fields of Kubernetes that hold no free text.
_NEVER_SECRET: Final = frozenset(
    {"affinity", "apiGroups", "labels", "matchExpressions", "matchLabels", "ownerReferences", "securityContext",
     "selector", "tolerations", "topologySpreadConstraints", "verbs", "volumeMounts"}
)  # fmt: skip
# Short options that mean a password; with a blank, the value is the next item.
_PASSWORD_OPTIONS: Final = {
    "mysql": "-p", "mysqladmin": "-p", "mysqldump": "-p", "mariadb": "-p", "mariadb-admin": "-p", "mariadb-dump": "-p",
    "redis-cli": "-a ", "sshpass": "-p ", "mongo": "-p ", "mongosh": "-p ", "mongodump": "-p ",
}  # fmt: skip
_ASSIGNS: Final = re.compile(r"""[=\n@"]| -""").search
_LONGEST_NAME: Final = 120
_DEEPEST: Final = 200  # levels; no resource is nested so deep, and a body that contains itself ends here
_MOST_NAMES: Final = 20_000
_SHORTEST_TEXT: Final = 9  # characters of `pass=1234`, `PWD: abcd`


class Leaf(NamedTuple):
    """A field that is worth a closer look. *name* says what it holds, which is not always its key."""

    path: FieldPath
    name: str
    text: str


class Leak(NamedTuple):
    """A credential. *what* names its key; *line* counts the lines of the field's text, -1 where the field is meant."""

    path: FieldPath
    what: str
    value: str
    verdict: Verdict
    line: int = -1


class Names(dict[str, bool]):
    """Whether a name could hold a secret, by name; known names cost one look-up."""

    def __init__(self, judge: Callable[[], Judge], needles: tuple[str, ...]) -> None:
        super().__init__()
        self._judge = judge
        self.needles = needles

    def __missing__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        found = self.could_hold(name) and self._judge().grade(name) > 0
        if len(self) < _MOST_NAMES:
            self[name] = found
        return found

    def could_hold(self, text: str) -> bool:
        lowered = text.lower()
        for needle in self.needles:  # noqa: SIM110  half the time of `any` over a generator
            if needle in lowered:
                return True
        return False


class Reader:
    """Walks bodies, with the names and values that the options of a rule add or allow."""

    def __init__(self, names: tuple[str, ...], allow_names: tuple[str, ...], allow_values: tuple[str, ...]) -> None:
        self._options = (names, allow_names, allow_values)
        # A part of each further name, without its wildcards, tells where to look.
        own = tuple(max(name.lower().replace("?", "*").split("*"), key=len) for name in names)
        self.names = Names(self.judge, (*NEEDLES, *filter(None, own)))

    def judge(self) -> Judge:
        from gitops_guard.model.credentials import judge_with

        return judge_with(*self._options)

    def leaks(self, body: object, path: FieldPath = (), name: str = "", *, drawn: bool = False) -> list[Leak]:
        """The credentials below *path*, where *body* stands; a text stands under *name*.

        With *drawn*, also what only looks like one: for a place where every value may be secret.
        """
        found = [leak for leaf in self.leaves(body, path, name) for leak in self.of_text(leaf)]
        return found + self._drawn(body, path, {leak.path for leak in found}) if drawn else found

    def _drawn(self, body: object, path: FieldPath, known: Container[FieldPath]) -> list[Leak]:
        from gitops_guard.model.sensitive import Verdict

        return [
            Leak(leaf.path, _named(leaf), leaf.text, Verdict.SECRET)
            for leaf in _texts(body, path)
            if leaf.path not in known and self._is_drawn(leaf)
        ]

    def _is_drawn(self, leaf: Leaf) -> bool:
        from gitops_guard.model import sensitive

        if "\n" in leaf.text.strip() or not sensitive.is_random(leaf.text) or self.judge().allows(leaf.text):
            return False
        if sensitive.is_harmless_name(leaf.name):
            return False
        return sensitive.judge(leaf.name, leaf.text) is sensitive.Verdict.SECRET

    def leaves(self, body: object, path: FieldPath = (), name: str = "") -> list[Leaf]:
        found: list[Leaf] = []
        trail = list(path)
        if isinstance(body, dict):
            self._map(body, trail, found)
        elif isinstance(body, list):
            self._list(name, body, trail, found)
        elif isinstance(body, str) and (self.names[name] or self._is_telling(body)):
            found.append(Leaf(path, name, body))
        return found

    def _map(self, node: dict[str, Any], trail: list[str | int], found: list[Leaf]) -> None:
        names = self.names
        label = _label(node, names) if "value" in node else ""
        for key, value in node.items():
            kind = type(value)
            if kind is dict or kind is list:
                if key not in _NEVER_SECRET and len(trail) < _DEEPEST:
                    trail.append(key)
                    if kind is dict:
                        self._map(value, trail, found)
                    else:
                        self._list(key, value, trail, found)
                    trail.pop()
            elif names[key] or (label and key == "value"):
                if kind is not bool and value is not None:
                    found.append(Leaf((*trail, key), label if key == "value" and label else key, str(value)))
            elif kind is str and len(value) >= _SHORTEST_TEXT and _ASSIGNS(value) and names.could_hold(value):
                found.append(Leaf((*trail, key), _variable(node) if key == "value" else key, value))

    def _list(self, name: str, node: list[Any], trail: list[str | int], found: list[Leaf]) -> None:
        is_named = self.names[name]
        for number, item in enumerate(node):
            kind = type(item)
            if kind is str:
                if is_named:
                    found.append(Leaf((*trail, number), name, item))
                elif item[:1] == "-" and " " not in item and "=" not in item:
                    self._option(item, number, node, trail, found)
                elif len(item) >= _SHORTEST_TEXT and self._is_telling(item):
                    found.append(Leaf((*trail, number), "", item))
            elif (kind is dict or kind is list) and len(trail) < _DEEPEST:
                trail.append(number)
                if kind is dict:
                    self._map(item, trail, found)
                else:
                    self._list(name, item, trail, found)
                trail.pop()

    def _option(self, item: str, number: int, node: list[Any], trail: list[str | int], found: list[Leaf]) -> None:
        """`--password` with its value in the next item; `-phunter2` of a program that the first items name."""
        value = node[number + 1] if number + 1 < len(node) else None
        if self.names[item.lstrip("-")]:
            if isinstance(value, str | int) and not isinstance(value, bool) and not str(value).startswith("-"):
                found.append(Leaf((*trail, number + 1), item.lstrip("-"), str(value)))
        elif item[:2] in ("-p", "-a"):
            option = _PASSWORD_OPTIONS.get(_program(node), "")
            if option == item + " " and isinstance(value, str):
                found.append(Leaf((*trail, number + 1), "password", value))
            elif option == item[:2] != item:
                found.append(Leaf((*trail, number), "password", item[2:]))

    def _is_telling(self, text: str) -> bool:
        """Whether a text could assign something, or hold an address with a login."""
        return _ASSIGNS(text) is not None and self.names.could_hold(text)

    def of_text(self, leaf: Leaf) -> Iterator[Leak]:
        from gitops_guard.model import sensitive
        from gitops_guard.model.sensitive import Verdict

        text = leaf.text
        if "\n" not in text.strip():
            judge = self.judge()
            verdict = judge.judge(leaf.name, text) if self.names[leaf.name] else Verdict.PUBLIC
            if verdict is not Verdict.PUBLIC:
                yield Leak(leaf.path, _named(leaf), text, verdict)
                return
        elif sensitive.holds_private_key(text):
            yield Leak(leaf.path, _named(leaf), text, Verdict.SECRET, sensitive.private_key_line(text))
            return
        yield from self._assigned(leaf)
        yield from self._logins(leaf)

    def _assigned(self, leaf: Leaf) -> Iterator[Leak]:
        from gitops_guard.model import credentials, embedded, sensitive
        from gitops_guard.model.sensitive import Verdict

        judge = self.judge()
        for name, value, line in (
            (found.name, found.value, found.line)
            for found in embedded.assignments(leaf.text, self.names.__getitem__, self.names.needles)
            if found.quoted or not credentials.is_code(found.value)
        ):
            verdict = judge.judge(name, value)
            if verdict is not Verdict.PUBLIC and sensitive.is_name(name) and not credentials.is_prose(value):
                yield Leak(leaf.path, _within(leaf, name), value, verdict, line if "\n" in leaf.text else -1)

    def _logins(self, leaf: Leaf) -> Iterator[Leak]:
        from gitops_guard.model import sensitive
        from gitops_guard.model.sensitive import Verdict

        text = leaf.text
        if "@" not in text or ("://" not in text and "(" not in text):
            return
        several = "\n" in text
        for number, line in enumerate(text.split("\n")):
            if "@" in line and not line.lstrip().startswith(("#", "//", ";")):
                for password in sensitive.logins(line):
                    if not self.judge().allows(password) and not sensitive.is_setting_of_url(password):
                        verdict = Verdict.DUMMY if sensitive.is_dummy(password) else Verdict.SECRET
                        what = f"the address in {_named(leaf)}"
                        yield Leak(leaf.path, what, password, verdict, number if several else -1)


def _named(leaf: Leaf) -> str:
    """The name of a leaf, and the field where it is another one: `DB_PASSWORD`, `data.password`."""
    from gitops_guard.model.sensitive import is_name

    if leaf.path[-1:] != (leaf.name,) and is_name(leaf.name):
        return f"`{leaf.name}`"
    return f"`{field(leaf.path)}`"


def _within(leaf: Leaf, name: str) -> str:
    return f"`{name}` in `{field(leaf.path)}`"


def field(path: FieldPath) -> str:
    """A path as a person writes it: `spec.containers[0].args[1]`."""
    shown = list(path[-4:])
    while len(shown) > 1 and isinstance(shown[0], int):
        shown.pop(0)
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in shown)
    return text.lstrip(".")[:_LONGEST_NAME]


def _texts(body: object, path: FieldPath) -> Iterator[Leaf]:
    """The texts of a mapping, by key, and those of mappings in it."""
    if isinstance(body, dict) and len(path) < _DEEPEST:
        for key, value in body.items():
            if isinstance(value, str) and isinstance(key, str):
                yield Leaf((*path, key), key, value)
            else:
                yield from _texts(value, (*path, key))


def problems(
    reader: Reader,
    pieces: Iterable[Piece],
    fix: str,
    inside: Callable[[FieldPath, int], Location],
    *,
    drawn: bool = False,
) -> Iterator[Problem]:
    """The leaks in *pieces*. *inside* tells the place of a line of a field."""
    for piece in pieces:
        for leak in reader.leaks(piece.node, piece.path, piece.name, drawn=drawn):
            from gitops_guard.model import credentials

            yield credentials.problem(leak, fix, inside(leak.path, leak.line) if leak.line >= 0 else None)


def reader(options: Options) -> Reader:
    """The Reader for the options of a rule; made once for the same ones."""
    names, allow_names, allow_values = options.get("names"), options.get("allow-names"), options.get("allow-values")
    if names or allow_names or allow_values:
        return _reader(tuple(names or ()), tuple(allow_names or ()), tuple(allow_values or ()))
    return _reader((), (), ())


@lru_cache(maxsize=8)
def _reader(names: tuple[str, ...], allow_names: tuple[str, ...], allow_values: tuple[str, ...]) -> Reader:
    return Reader(names, allow_names, allow_values)


def _label(node: Mapping[str, Any], names: Names) -> str:
    """What the `value` of a pair is, where it could be a secret."""
    label = _pair_name(node)
    return label if names[label] else ""


def _pair_name(node: Mapping[str, Any]) -> str:
    """`DB_PASSWORD` of `{name: DB_PASSWORD, value: …}`."""
    for key in ("name", "key", "path"):
        if isinstance(node.get(key), str):
            return str(node[key])
    return ""


def _variable(node: Mapping[str, Any]) -> str:
    """The name of the environment variable that a `value` is of, else `value`: other names may be anything."""
    name = _pair_name(node)
    return name if name.isupper() and name.isidentifier() else "value"


def _program(node: list[Any]) -> str:
    return node[0].rpartition("/")[2] if node and isinstance(node[0], str) else ""
