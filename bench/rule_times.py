"""How long each rule takes on the files of the bench, in one process.

python -m bench.rule_times [FOLDER]    # default: the generated repository of 1,000 files
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from bench import corpus
from gitops_guard import pipeline
from gitops_guard.load import sources
from gitops_guard.load.config import Config
from gitops_guard.model.rule import Rule
from gitops_guard.rules import all_rules

SHARE: Final = 0.1  # a rule that takes more of the whole is named with the reason
_ROUNDS: Final = 5


class Clock:
    """Processor time by rule, in seconds: another program on the machine lengthens it less than wall time."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def timed(self, rule: Rule) -> Rule:
        return replace(rule, run=self._timed(rule.id, rule.run), run_file=self._file(rule))

    def _file(self, rule: Rule) -> Callable[..., Iterable[Any]] | None:
        return None if rule.run_file is None else self._timed(rule.id, rule.run_file)

    def _timed(self, name: str, run: Callable[..., Iterable[Any]]) -> Callable[..., list[Any]]:
        def measured(*given: Any) -> list[Any]:
            started = time.process_time()
            try:
                return list(run(*given))
            finally:
                self.spent[name] = self.spent.get(name, 0.0) + time.process_time() - started

        return measured


def measure(folder: Path) -> tuple[dict[str, float], float]:
    """The shortest of some runs: seconds by rule, and those of the whole."""
    runs = [_once(folder) for _ in range(_ROUNDS)]
    return min(runs, key=lambda run: run[1])


def _once(folder: Path) -> tuple[dict[str, float], float]:
    clock = Clock()
    rules = {name: clock.timed(rule) for name, rule in all_rules().items()}
    request = pipeline.Request(
        source=sources.work_tree(folder), rules=rules, known=frozenset(rules), config=Config(), lint=False
    )
    gc.disable()
    started = time.process_time()
    pipeline.run(request)
    return clock.spent, time.process_time() - started


def render(spent: Mapping[str, float], whole: float) -> str:
    """The slowest first; rules that take less than a thousandth of the whole are summed up."""
    order = sorted(spent, key=lambda name: (-spent[name], name))
    shown = [name for name in order if spent[name] >= whole / 1000]
    lines = ["| rule | time | of the whole |", "|---|---|---|"]
    lines += [f"| `{name}` | {spent[name] * 1000:.1f} ms | {spent[name] / whole:.1%} |" for name in shown]
    rest = sum(spent[name] for name in order if name not in shown)
    lines.append(f"| {len(order) - len(shown)} others | {rest * 1000:.1f} ms | {rest / whole:.1%} |")
    together = sum(spent.values())
    lines.append(f"| all rules | {together * 1000:.1f} ms | {together / whole:.1%} |")
    lines.append(f"| the whole check, in one process | {whole * 1000:.1f} ms | 100% |")
    return "\n".join(lines)


def main() -> None:
    if len(sys.argv) > 1:
        print(render(*measure(Path(sys.argv[1]))))
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = Path(scratch) / "repository"
        corpus.write(folder, 1000, git=True)
        print(render(*measure(folder)))


if __name__ == "__main__":
    main()
