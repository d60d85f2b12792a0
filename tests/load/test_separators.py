"""Where documents are cut, found without trying every line."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from gitops_guard.load.manifests import separators

_PIECES = st.sampled_from([b"---", b"--", b"-", b"\n", b"\r\n", b" ", b"# a", b"a: b", b"", b"\t"])


@given(st.lists(_PIECES, max_size=30).map(b"".join))
def test_separators_are_the_lines_that_begin_with_three_dashes(text: bytes) -> None:
    text += b"\n"
    lines = re.finditer(rb"^---([^\n]*)\n", text, re.MULTILINE)

    assert list(separators(text)) == [(line.start(), line[1].strip(), line.end()) for line in lines]
