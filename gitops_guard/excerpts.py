"""Which source lines may be shown beside a finding: none that could hold a piece of a secret."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from gitops_guard.model.leaves import reader
from gitops_guard.model.sensitive import holds_secret, is_secret_name, may_show


class Excerpts:
    """The lines of one file."""

    def __init__(self, data: bytes) -> None:
        self._lines = [] if holds_secret(data) else data.split(b"\n")
        self._owners: array[int] | None = None
        # Of what is not read as a resource, nobody knows where a Secret in the same file begins.
        self._kind = "Secret" if b"Secret" in data else ""

    def line(self, number: int, kind: str) -> str:
        """The line *number*, from 1, of a resource of this *kind*; "" where it is empty or may not be shown."""
        if number > len(self._lines):
            return ""
        if b'\\"' in self._lines[number - 1]:  # a text inside of a text, which has names and values of its own
            return ""
        line = _text(self._lines[number - 1])
        if not line.strip() or not may_show(line, kind or self._kind) or reader({}).leaks(line):
            return ""
        return line if all(map(_is_harmless, self._around(number - 1))) else ""

    def _around(self, index: int) -> Iterator[str]:
        """The lines to which a line belongs by its indentation, and the one before an item of a list.

        A finding of the linter, or of a document that does not parse, has no path; its line may be one of a text in
        several lines, under a name that says what it is, or come behind `- --password`.
        """
        if self._owners is None:
            self._owners = _owners(self._lines)
        if index and self._lines[index].lstrip().startswith(b"-"):
            yield _text(self._lines[index - 1])
        while (index := self._owners[index]) >= 0:
            yield _text(self._lines[index])


def _owners(lines: Sequence[bytes]) -> array[int]:
    """For each line the number of the nearest one before it that is less indented, -1 where there is none."""
    owners = array("i")
    above: list[tuple[int, int]] = []
    for number, line in enumerate(lines):
        content = line.lstrip(b" -")
        depth = len(line) - len(content)
        if line.startswith(b"---"):
            above.clear()
        elif content.strip():
            while above and above[-1][0] >= depth:
                above.pop()
            above.append((depth, number))
        owners.append(above[-2][1] if len(above) > 1 else -1)
    return owners


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "replace")


def _is_harmless(line: str) -> bool:
    name = line.partition(":")[0] if ":" in line else line
    return name.strip(" -\"'") != "value" and not is_secret_name(name[:300])
