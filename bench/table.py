"""The measured rows as Markdown, with the machine that they were measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bench.measure import Pairs, median

BEGIN: Final = "<!-- measured: written by `make bench` -->"
END: Final = "<!-- end of what was measured -->"
_HEAD: Final = (
    "| what | ours: wall, CPU | peer | peer: wall, CPU | wall, CPU: ours / peer | target | reached |",
    "|---|---|---|---|---|---|---|",
)
_MEMORY_HEAD: Final = (
    "| peak memory over all processes | shared pages once (Pss) | shared pages in each (Rss) | target | reached |",
    "|---|---|---|---|---|",
)


@dataclass(frozen=True, slots=True)
class Row:
    """Targets are of wall time: a ratio to the peer, seconds, both or none."""

    what: str
    peer: str
    pairs: Pairs
    limit_ratio: float | None = None
    limit_s: float | None = None

    @property
    def reached(self) -> bool | None:
        if self.limit_ratio is None and self.limit_s is None:
            return None
        in_ratio = self.limit_ratio is None or self.pairs.wall_ratio <= self.limit_ratio
        return in_ratio and (self.limit_s is None or median(self.pairs.ours).wall_s <= self.limit_s)

    def cells(self) -> str:
        ours, peer = median(self.pairs.ours), median(self.pairs.peer)
        limits = [
            f"≤ {self.limit_ratio:g} ×" if self.limit_ratio else "",
            f"≤ {self.limit_s:g} s" if self.limit_s else "",
        ]
        return _line(
            self.what,
            f"{ours.wall_s:.3f} s, {ours.cpu_s:.3f} s",
            self.peer,
            f"{peer.wall_s:.3f} s, {peer.cpu_s:.3f} s",
            f"{self.pairs.wall_ratio:.2f} ×, {self.pairs.cpu_ratio:.2f} ×",
            ", ".join(limit for limit in limits if limit) or "–",
            _verdict(self.reached),
        )


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes; the target is of Rss, which counts shared pages in each process and so is the higher one."""

    what: str
    proportional: int
    resident: int
    limit_mb: int | None = None

    @property
    def reached(self) -> bool | None:
        return None if self.limit_mb is None else self.resident < self.limit_mb * 1_000_000

    def cells(self) -> str:
        target = f"< {self.limit_mb} MB" if self.limit_mb else "–"
        sizes = (f"{size / 1_000_000:.0f} MB" for size in (self.proportional, self.resident))
        return _line(self.what, *sizes, target, _verdict(self.reached))


def render(rows: Sequence[Row], memory: Sequence[Memory], *, machine: str, rounds: int) -> str:
    quiet, pairs = sum(row.pairs.quiet for row in rows), sum(len(row.pairs.ours) for row in rows)
    parts = [
        machine,
        f"Medians of {rounds} pairs or more, in turns; the ratio is the median of the pairs' ratios. {quiet} of {pairs}"
        " pairs began while nothing else ran on the machine.",
    ]
    if rows:
        parts.append("\n".join((*_HEAD, *(row.cells() for row in rows))))
    if memory:
        parts.append("\n".join((*_MEMORY_HEAD, *(each.cells() for each in memory))))
    return "\n\n".join(parts)


def between_markers(document: str, text: str) -> str:
    """*document* with *text* between its markers. Raises ValueError where it has none."""
    before, rest = document.split(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}"


def machine(load_before: str, *, modules: Path) -> str:
    """Processor, memory, system, versions and how busy the machine was. *modules* is kubeconform's go.mod."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    peers = f"kubeconform {_required(modules, 'github.com/yannh/kubeconform')}, yamllint {version('yamllint')}"
    system = f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}"
    busy = f"load average {load_before} before, {load_average()} after"
    return f"Machine: {_processor()}, {os.cpu_count()} cores, {gigabytes:.0f} GB; {system}; {peers}; {busy}."


def load_average() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _required(modules: Path, module: str) -> str:
    """The version that a go.mod pins."""
    lines = (line.split() for line in modules.read_text().splitlines())
    return next((words[1] for words in lines if words[:1] == [module]), "of unknown version")


def _verdict(reached: bool | None) -> str:
    return {None: "–", True: "yes", False: "**no**"}[reached]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
