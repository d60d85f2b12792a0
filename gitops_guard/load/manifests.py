"""The YAML and JSON dialect of kubectl: bytes → documents, with a line and column for every field.

Documents are split as kubectl splits them (lines of `---`), before anything is parsed, so a broken document hides
nothing else. Source: k8s.io/apimachinery/pkg/util/yaml `YAMLReader`; see also `lines.py`, `events.py`, `scalars.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from gitops_guard.load import events, lines
from gitops_guard.load.events import StreamError, YAMLError
from gitops_guard.model.finding import Problem
from gitops_guard.model.resource import Document, FieldPath, Location

_ONLY_DIRECTIVES = re.compile(rb"(?:[ \t]*(?:[#%][^\n]*)?\r?\n)*")
_JSON_START = re.compile(rb"\s*\{")
# Only a literal block keeps its lines; a folded one and a text in quotes do not.
_LITERAL_BLOCK = re.compile(rb"(?:[&!][^ ]{0,200} +)*\|[-+]?([1-9]?)[-+]?[ \t]*(?:#.*)?\r?")
_BOM = b"\xef\xbb\xbf"
MOST_PROBLEMS = 1000  # of a file; 16 MB of separators that kubectl refuses were 3 GB of findings


@dataclass(frozen=True, slots=True)
class Parsed:
    """*problems* are (rule id, document index, Problem): `yaml-syntax` and `duplicate-key`, placed by `Problem.at`.

    A document that is broken or empty is not among *documents*; the others keep their index.
    """

    documents: tuple[Document, ...]
    problems: tuple[tuple[str, int, Problem], ...]
    source: FileSource


class _Chunk(NamedTuple):
    """One document as text. *line* is the line of the file on which it begins, from 0.

    *refused* is the line of the separator with which it begins where kubectl does not take that, else -1.
    """

    line: int
    data: bytes
    refused: int = -1


def read(path: str, data: bytes) -> Parsed:
    """All documents of a file. Never raises for what is in *data*."""
    source = FileSource(path, data)
    text = data.removeprefix(_BOM)
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        return Parsed((), (_not_utf8(path, text, error.start),), source)
    parsed = _read_json(path, text, source) if _JSON_START.match(text) else None
    parsed = parsed or _read_yaml(path, text, source)
    return parsed if len(parsed.problems) <= MOST_PROBLEMS else replace(parsed, problems=_bounded(parsed.problems))


def _bounded(problems: Sequence[tuple[str, int, Problem]]) -> tuple[tuple[str, int, Problem], ...]:
    rule, document, problem = problems[MOST_PROBLEMS]
    more = len(problems) - MOST_PROBLEMS
    return (
        *problems[:MOST_PROBLEMS],
        (rule, document, replace(problem, message=f"{more} more such places follow here")),
    )


def _not_utf8(path: str, text: bytes, offset: int) -> tuple[str, int, Problem]:
    line = text.count(b"\n", 0, offset)
    start = text.rfind(b"\n", 0, offset) + 1
    column = len(text[start:offset].decode("utf-8", "replace"))
    return _syntax(path, 0, "the file is not UTF-8", line, column)


def _syntax(path: str, index: int, message: str, line: int, column: int) -> tuple[str, int, Problem]:
    return "yaml-syntax", index, Problem((), message, at=Location(path, line + 1, column + 1))


def _read_yaml(path: str, text: bytes, source: FileSource) -> Parsed:
    documents: list[Document] = []
    problems: list[tuple[str, int, Problem]] = []
    for index, chunk in enumerate(_chunks(text)):
        if chunk.refused >= 0:
            problems.append(_syntax(path, index, "only a comment may follow `---` on its line", chunk.refused, 3))
            continue
        try:
            plain = lines.value(chunk.data)
            value, line, duplicates = (*plain, False) if plain is not None else events.first_value(chunk.data)
        except StreamError as error:
            problems.append(_syntax(path, index, error.message, chunk.line + error.line, error.column))
            continue
        except YAMLError as error:
            problems.append(_yaml_error(path, index, chunk, error))
            continue
        if duplicates:
            problems.extend(source.repeated(index))
        if line >= 0 and value is not None:
            documents.append(Document(index, chunk.line + line + 1, value))
    return Parsed(tuple(documents), tuple(problems), source)


def _chunks(text: bytes) -> Iterator[_Chunk]:
    """The documents as kubectl cuts them: a separator line belongs to none, but for a leading one.

    A line like `--- text` or `----` makes kubectl refuse the file. Here it begins a document that is refused, so that
    those before and after it are still read. The last line gets the newline that kubectl's reader gives it.
    """
    if not text.endswith(b"\n"):
        text += b"\n"
    if b"---" not in text:
        yield _Chunk(0, text)
        return
    start = line = 0
    refused = -1
    for begin, comment, end in separators(text):
        taken = not comment or comment.startswith(b"#")
        before = text[start:begin]
        if before if taken else not _ONLY_DIRECTIVES.fullmatch(before):
            yield _Chunk(line, before, refused)
            line += before.count(b"\n") + taken
            start = end if taken else begin
            refused = -1
        if not taken and refused < 0:
            refused = line + text.count(b"\n", start, begin)
    if start < len(text):
        yield _Chunk(line, text[start:], refused)


def separators(text: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Each line that begins with `---`: where it begins, what follows the dashes, where the next line begins.

    *text* ends with a newline. Looked for by the dashes: `^---` tries every line, 10 ms for 1,000 files.
    """
    padded = b"\n" + text
    begin = padded.find(b"\n---")
    while begin >= 0:
        end = text.index(b"\n", begin)
        yield begin, text[begin + 3 : end].strip(), end + 1
        begin = padded.find(b"\n---", end + 1)


def _yaml_error(path: str, index: int, chunk: _Chunk, error: YAMLError) -> tuple[str, int, Problem]:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        problem = getattr(error, "problem", None) or "the document cannot be read"
        lines = chunk.data.rstrip(b"\n").split(b"\n")
        from gitops_guard.load import slips

        if slip := slips.behind(chunk.data, mark.line, mark.column):
            return _syntax(path, index, slip.message, chunk.line + slip.line, slip.column)
        if mark.line >= len(lines):  # the end of the text; nobody can edit a line that is not there
            return _syntax(path, index, problem, chunk.line + len(lines) - 1, len(lines[-1]))
        return _syntax(path, index, problem, chunk.line + mark.line, mark.column)
    offset = int(getattr(error, "position", 0) or 0)
    line, start = chunk.data.count(b"\n", 0, offset), chunk.data.rfind(b"\n", 0, offset) + 1
    return _syntax(path, index, "a control character is not allowed in YAML", chunk.line + line, max(offset - start, 0))


def _read_json(path: str, text: bytes, source: FileSource) -> Parsed | None:
    """None where the text begins like JSON and is YAML after all."""
    from gitops_guard.load import json_text

    decoded = text.decode("utf-8")
    documents: list[Document] = []
    problems: list[tuple[str, int, Problem]] = []
    try:
        found = json_text.values(decoded)
    except StreamError as error:
        if path.endswith(".json"):
            return Parsed((), (_syntax(path, 0, error.message, error.line, error.column),), source)
        return None
    lines = json_text.places(decoded, [offset for _, offset, _ in found])
    for index, ((value, _, duplicates), (line, _)) in enumerate(zip(found, lines, strict=True)):
        documents.append(Document(index, line + 1, value))
        if duplicates:
            problems.extend(source.repeated(index))
    return Parsed(tuple(documents), tuple(problems), source)


class FileSource:
    """The `Locator` of one file. Reads the file a second time, with positions, when the first place is asked for."""

    def __init__(self, path: str, data: bytes) -> None:
        self._path = path
        self._data = data
        self._documents: dict[int, tuple[int, Any]] | None = None
        self._is_json = False
        self._comments: dict[int, str] | None = None
        self._lines: list[bytes] | None = None

    def locate(self, document: int, path: FieldPath, *, key: bool = False) -> Location:
        """See `Locator.locate`. A document that is not there is the first line of the file."""
        first, positions = self._places().get(document, (0, None))
        if positions is None:
            return Location(self._path, first + 1)
        line, column = positions.root.find(path, key=key)
        return Location(self._path, first + line + 1, column + 1)

    def inside(self, document: int, path: FieldPath, line: int, column: int = 0) -> Location:
        """See `Locator.inside`."""
        at = self.locate(document, path)
        if self._lines is None:
            self._lines = self._text().split(b"\n")
        lines = self._lines
        if at.line > len(lines) or at.line + line >= len(lines):
            return at
        start = lines[at.line - 1].decode("utf-8", "replace")[at.column - 1 :].encode()
        header = _LITERAL_BLOCK.fullmatch(start)
        if header is None:
            return at
        if not column:
            return Location(self._path, at.line + line + 1, _depth(lines[at.line + line]) + 1)
        if header[1]:  # `|2` counts from the key
            indent = _depth(lines[at.line - 1], b" -") + int(header[1])
        else:
            indent = _depth(next((content for content in lines[at.line :] if content.strip()), b""))
        return Location(self._path, at.line + line + 1, indent + column)

    def repeated(self, document: int) -> list[tuple[str, int, Problem]]:
        first, positions = self._places().get(document, (0, None))
        if positions is None:
            return []
        found = []
        columns = {again.place[1] for again in positions.repeated if again.name == "apiVersion"}
        columns &= {again.place[1] for again in positions.repeated if again.name == "kind"}
        for again in positions.repeated:
            message = (
                f"the key `{again.name}` stands twice in this mapping, first in line {first + again.first[0] + 1}; "
                "the last one wins"
            )
            if again.place[1] in columns:  # one finding for a resource, not one for each of its keys
                if again.name != "apiVersion":
                    continue
                message = "a second resource begins in the same document, and only the last one counts; put `---` above"
            place = Location(self._path, first + again.place[0] + 1, again.place[1] + 1)
            found.append(("duplicate-key", document, Problem((), message, at=place)))
        return found

    def comments(self) -> Mapping[int, str]:
        """Comments by line from 1, without the leading `#`. A `#` inside a scalar is none."""
        if self._comments is None:
            self._comments = self._read_comments()
        return self._comments

    def _read_comments(self) -> dict[int, str]:
        places = list(self._places().values())
        if self._is_json or not places:  # JSON has none
            return {}
        lines = self._text().decode("utf-8", "replace").split("\n")
        found: dict[int, str] = {}
        for (first, positions), end in zip(places, [*(first for first, _ in places[1:]), len(lines)], strict=True):
            for number in range(first, end):
                column = _comment_column(lines[number], number - first, positions) if "#" in lines[number] else None
                if column is not None:
                    found[number + 1] = lines[number][column:].removesuffix("\r").lstrip("#").strip()
        return found

    def _text(self) -> bytes:
        return self._data.removeprefix(_BOM)

    def _places(self) -> dict[int, tuple[int, Any]]:
        if self._documents is None:
            self._documents = self._read_places()
        return self._documents

    def _read_places(self) -> dict[int, tuple[int, Any]]:
        from gitops_guard.load import positions

        text = self._text()
        if _JSON_START.match(text):
            places = self._read_json_places(text)
            if places is not None:
                return places
        return {index: (chunk.line, positions.of_document(chunk.data)) for index, chunk in enumerate(_chunks(text))}

    def _read_json_places(self, text: bytes) -> dict[int, tuple[int, Any]] | None:
        from gitops_guard.load import json_text

        try:
            decoded = text.decode("utf-8")
            found = json_text.values(decoded)
        except (UnicodeDecodeError, StreamError):
            return None
        self._is_json = True
        offsets = [offset for _, offset, _ in found]
        starts = zip(offsets, json_text.places(decoded, offsets), strict=True)
        return {index: (0, json_text.positions(decoded, offset, at)) for index, (offset, at) in enumerate(starts)}


def _comment_column(text: str, number: int, positions: Any) -> int | None:
    column = text.find("#")
    while column >= 0:
        if (column == 0 or text[column - 1] in " \t") and not positions.in_scalar((number, column)):
            return column
        column = text.find("#", column + 1)
    return None


def _depth(line: bytes, blanks: bytes = b" \t") -> int:
    return len(line) - len(line.lstrip(blanks))
