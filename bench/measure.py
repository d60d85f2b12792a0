"""Run programs and say what they cost: wall time, processor time and memory, of the whole tree of processes."""

from __future__ import annotations

import ctypes
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_PR_SET_CHILD_SUBREAPER: Final = 36  # linux/prctl.h
_ENDED: Final = (0, 1)  # 1: there were findings


class BenchError(Exception):
    """A program that is measured failed, so its time means nothing."""


@dataclass(frozen=True, slots=True)
class Command:
    """What is run. *before* prepares each run and is not measured (a fresh cache, for instance)."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], None] = field(default=lambda: None)


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds. *cpu_s* is user and system time of the process and all that came from it."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """Samples of two commands that took turns; the ratio of each pair sees the same load of the machine.

    *quiet* is how many pairs began while nothing else ran.
    """

    ours: tuple[Sample, ...]
    peer: tuple[Sample, ...]
    quiet: int = 0

    @property
    def wall_ratio(self) -> float:
        return statistics.median(a.wall_s / b.wall_s for a, b in zip(self.ours, self.peer, strict=True))

    @property
    def cpu_ratio(self) -> float:
        return statistics.median(a.cpu_s / b.cpu_s for a, b in zip(self.ours, self.peer, strict=True))


def await_quiet(busy: float = 0.1, probe_s: float = 0.25, patience_s: float = 3.0) -> bool:
    """Wait until all cores together are less than *busy* (1.0: one core) for *probe_s*; False when patience ends."""
    cores = os.cpu_count() or 1
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        before = _idle_s()
        time.sleep(probe_s)
        if cores - (_idle_s() - before) / probe_s < busy:
            return True
    return False


def _idle_s() -> float:
    """Seconds that the cores were idle since the start of the machine, from /proc/stat (idle and iowait)."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


def median(samples: Sequence[Sample]) -> Sample:
    return Sample(
        statistics.median(sample.wall_s for sample in samples), statistics.median(sample.cpu_s for sample in samples)
    )


def compare(ours: Command, peer: Command, rounds: int) -> Pairs:
    """A B A B …, after one unmeasured run of each that fills the page cache."""
    run(ours)
    run(peer)
    samples = []
    quiet = 0
    for _ in range(rounds):
        quiet += await_quiet()
        samples.append((run(ours), run(peer)))
    return Pairs(tuple(a for a, _ in samples), tuple(b for _, b in samples), quiet)


def run(command: Command) -> Sample:
    """One run. Also what outlives its parent is waited for and counted, but only as processor time."""
    command.before()
    others = set(_children(os.getpid()))
    _adopt_orphans(True)
    started = time.perf_counter()
    process = _start(command)
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu_s = usage.ru_utime + usage.ru_stime
    while orphans := set(_children(os.getpid())) - others:
        cpu_s += sum(_wait(pid) for pid in orphans)
    _adopt_orphans(False)
    _assert_ended(command, process.returncode)
    return Sample(wall_s, cpu_s)


def peak_memory(command: Command, every_s: float = 0.002) -> tuple[int, int]:
    """Bytes at the worst moment, summed over the tree of processes: (shared pages once, shared pages in each).

    Source: Pss and Rss of /proc/PID/smaps_rollup.
    """
    command.before()
    process = _start(command)
    proportional = resident = 0
    while process.poll() is None:
        sizes = [_memory(pid) for pid in _tree(process.pid)]
        proportional = max(proportional, sum(size[0] for size in sizes))
        resident = max(resident, sum(size[1] for size in sizes))
        time.sleep(every_s)
    _assert_ended(command, process.returncode)
    return proportional, resident


def _adopt_orphans(adopt: bool) -> None:
    """Have the kernel give us the children of children that end before them, so that their time is counted."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0)


def _start(command: Command) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command.argv,
        cwd=command.cwd,
        env={**_environment(), **command.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _environment() -> dict[str, str]:
    """Ours without what keeps Python from caching bytecode: an installed program has it compiled."""
    slow = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "YAMLLINT_CONFIG_FILE"}
    return {name: value for name, value in os.environ.items() if name not in slow}


def _wait(pid: int) -> float:
    _, _, usage = os.wait4(pid, 0)
    return usage.ru_utime + usage.ru_stime


def _assert_ended(command: Command, code: int) -> None:
    if code not in _ENDED:
        raise BenchError(f"`{' '.join(command.argv)}` in {command.cwd.name} ended with {code}")


def _tree(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        found += _children(each)
    return found


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:  # it ended meanwhile
        return []


def _memory(pid: int) -> tuple[int, int]:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # it ended meanwhile
        return 0, 0
    sizes = {line.split(":")[0]: line.split()[1] for line in text.splitlines()[1:]}
    return int(sizes.get("Pss", 0)) * 1024, int(sizes.get("Rss", 0)) * 1024
