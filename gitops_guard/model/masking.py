"""What may be shown of resources: all of it, but for values that are secret or could be."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from gitops_guard.model import private_key
from gitops_guard.model.leaves import Leak, reader
from gitops_guard.model.resource import FieldPath
from gitops_guard.model.secret_pieces import WITH_TEMPLATES, at

MASK: Final = "(masked)"
_HIDDEN: Final = ("data", "stringData")
_LEFT_BY_KUBECTL: Final = "kubectl.kubernetes.io/last-applied-configuration"
_SHORTEST_INSIDE: Final = 4  # characters that are replaced inside of their field; less stands in other words as well
_SHORTEST_ELSEWHERE: Final = 8  # of a value that is looked for in all other fields
_ORDINARY: Final = re.compile(r"[A-Za-z]?[a-z]*|[A-Z]*|[-+.\d]*")

HoldsToken = Callable[[bytes], bool]


class Masking:
    """Made of all bodies that are shown together: the secret of one may stand in another.

    *holds_token* tells whether a text has something in the format of a token.
    """

    def __init__(self, bodies: Iterable[Mapping[str, Any]], holds_token: HoldsToken) -> None:
        self._holds_token = holds_token
        known = {value for body in bodies for value in _secrets(body)}
        shown = {form for value in known if _is_telling(value) for form in (value, b64encode(_bytes(value)).decode())}
        longest_first = sorted(shown, key=lambda value: (-len(value), value))
        self._known = re.compile("|".join(map(re.escape, longest_first))) if shown else None

    def masked(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A copy with `(masked)` for every value of a Secret, for credentials, tokens and private keys; keys stay.

        In doubt more is masked: a field as a whole where the value cannot be found in it.
        """
        copy: dict[str, Any] = {key: self._copy(value) for key, value in body.items()}
        if body.get("kind") == "Secret":
            copy.update((field, _hide(copy[field])) for field in _HIDDEN if field in copy)
        for leak in _leaks(body):
            written = at(body, leak.path)
            if not (isinstance(written, str) and leak.value in written and _is_telling(leak.value)):
                _cover(copy, leak.path, leak.value)
        metadata = copy.get("metadata")
        annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
        if isinstance(annotations, dict) and _LEFT_BY_KUBECTL in annotations:
            annotations[_LEFT_BY_KUBECTL] = MASK
        return copy

    def _copy(self, node: Any) -> Any:
        if isinstance(node, dict):
            return {key: self._copy(value) for key, value in node.items()}
        if isinstance(node, list):
            return [self._copy(value) for value in node]
        return self._text(node) if isinstance(node, str) else node

    def _text(self, text: str) -> str:
        data = _bytes(text)
        if self._holds_token(data) or private_key.find(data):
            return MASK
        return text if self._known is None else self._known.sub(MASK, text)


def _leaks(body: Mapping[str, Any]) -> list[Leak]:
    return reader({}).leaks(dict(body), drawn=body.get("kind") in WITH_TEMPLATES)


def _secrets(body: Mapping[str, Any]) -> Iterator[str]:
    """What must not be shown elsewhere either."""
    yield from (leak.value for leak in _leaks(body))
    if body.get("kind") != "Secret":
        return
    for field in _HIDDEN:
        values = body.get(field)
        for value in values.values() if isinstance(values, dict) else ():
            if isinstance(value, str):
                yield value.strip()
                if field == "data":
                    yield _decoded(value).strip()


def _decoded(value: str) -> str:
    try:
        return b64decode(value, validate=False).decode("utf-8")
    except ValueError:
        return ""


def _is_telling(value: str) -> bool:
    return len(value) >= _SHORTEST_ELSEWHERE and _ORDINARY.fullmatch(value) is None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _hide(node: Any) -> Any:
    """The keys stay; what is no mapping has none."""
    return dict.fromkeys(node, MASK) if isinstance(node, dict) else MASK


def _cover(body: Any, path: FieldPath, value: str) -> None:
    node = body
    for step in path[:-1]:
        node = node[step]
        if type(node) not in (dict, list):  # masked as a whole already
            return
    text = node[path[-1]]
    inside = isinstance(text, str) and len(value) >= _SHORTEST_INSIDE and value in text
    node[path[-1]] = text.replace(value, MASK) if inside else MASK
