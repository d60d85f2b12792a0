"""Measure gitops-guard against its peers on the same files, in turns, and write the table of `bench/README.md`.

python -m bench.run                       # all rows; writes bench/README.md
python -m bench.run --only schema,start   # some rows; only prints
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bench import corpus, policies, rule_times, table
from bench.measure import BenchError, Command, compare, peak_memory
from bench.table import Memory, Row

ROOT: Final = Path(__file__).resolve().parent.parent
README: Final = ROOT / "bench" / "README.md"
_BIN: Final = Path(sys.executable).parent
_GUARD: Final = str(_BIN / "gitops-guard")
_KUBECONFORM: Final = ROOT / "tools" / "bin" / "kubeconform"
_MODULES: Final = ROOT / "tools" / "kubeconform" / "go.mod"
_REAL: Final = ("gitops-catalog", "home-ops-flux")
# What the program asked when its first target was set.
FIRST_RULES: Final = (
    "yaml-syntax,duplicate-key,file-too-large,schema-invalid,schema-missing,deprecated-api,plaintext-secret,"
    "unpinned-image-tag,environment-layout,duplicate-resource,selector-mismatch"
)
KIND: Final = "\nkind: "
_NAMED: Final = re.compile(
    rb"^(?:- )?apiVersion: *[\"']?([\w./-]+)[\"']? *(?:#.*)?\r?\n(?:- |  )?kind: *[\"']?(\w+)", re.M
)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the repositories and caches of one run are, and how often each pair is measured."""

    scratch: Path
    rounds: int

    def repository(self, files: int) -> Path:
        folder = self.scratch / f"files-{files}"
        if not folder.exists():
            corpus.write(folder, files, git=True)
        return folder

    def real(self, name: str) -> Path | None:
        """A clone of a real repository; None where the bundles do not lie beside this checkout."""
        bundle = ROOT.parent / "shared" / "corpora" / f"{name}.bundle"
        folder = self.scratch / name
        if bundle.is_file() and not folder.exists():
            subprocess.run(["git", "clone", "-q", str(bundle), str(folder)], check=True)
        return folder if bundle.is_file() else None

    def guard(self, cwd: Path, *flags: str, fresh: bool = False, cache: str = "cache") -> Command:
        """gitops-guard with its own cache folder, and without the yamllint configuration of whoever measures."""
        folder = self.scratch / cache
        env = {"GITOPS_GUARD_CACHE_DIR": str(folder), "XDG_CONFIG_HOME": str(self.scratch / "no-configuration")}
        before = partial(shutil.rmtree, folder, ignore_errors=True) if fresh else lambda: None
        return Command((_GUARD, *flags), cwd, env, before=before)

    def kubeconform(self, folder: Path) -> Command:
        """The real one with our schemas as files. Kinds without a schema, kustomizations for one, are skipped."""
        location = export_schemas(folder, self.scratch / f"schemas-{folder.name}")
        flags = ("-strict", "-summary", "-ignore-missing-schemas", "-schema-location", location)
        return Command((str(_KUBECONFORM), *flags, "."), folder)

    def yamllint(self, folder: Path) -> Command:
        configuration = ROOT / "gitops_guard" / "_lint.yaml"
        return Command((sys.executable, "-m", "yamllint", "-c", str(configuration), "-f", "parsable", "."), folder)


def export_schemas(folder: Path, target: Path) -> str:
    """Our schemas of all kinds that *folder* names, as files; the answer is the location for kubeconform."""
    from gitops_guard.schema.embedded import EmbeddedSchemas
    from gitops_guard.schema.export import export

    wanted = {
        (match[1].decode(), match[2].decode())
        for path in folder.rglob("*")
        if path.suffix in (".yaml", ".yml", ".json") and path.is_file()
        for match in _NAMED.finditer(path.read_bytes())
    }
    return export(EmbeddedSchemas("", crds=lambda _group, _kind: ()), wanted, target)


def size(files: int) -> str:
    """How large a generated repository of so many files is."""
    texts = (text for path, text in corpus.generate(files) if not path.endswith("/kustomization.yaml"))
    return f"{files:,} files, {sum(text.count(KIND) for text in texts):,} resources"


def schema_rows(bench: Bench) -> Iterator[Row]:
    """Schemas and rules, no lint, no cache: against kubeconform."""
    flags = ("check", "--no-lint", "--no-cache")
    folder = bench.repository(1000)
    first = compare(bench.guard(folder, *flags, "--select", FIRST_RULES), bench.kubeconform(folder), bench.rounds)
    yield Row(f"schemas and the first rules: {size(1000)}", "kubeconform -strict", first, limit_ratio=1.0)
    folders: list[tuple[Path, str, float | None]] = [(folder, size(1000), 1.5)]
    folders += [(real, name, None) for name in _REAL if (real := bench.real(name))]
    for folder, label, limit in folders:
        pairs = compare(bench.guard(folder, *flags), bench.kubeconform(folder), bench.rounds)
        yield Row(f"schemas and all rules: {label}", "kubeconform -strict", pairs, limit_ratio=limit)


def warm_rows(bench: Bench) -> Iterator[Row]:
    """The same with the cache that a run before left."""
    folder = bench.repository(1000)
    pairs = compare(bench.guard(folder, "check", "--no-lint"), bench.kubeconform(folder), bench.rounds)
    yield Row("schemas and all rules, warm: 1,000 files", "kubeconform -strict", pairs, limit_ratio=1.0)


def lint_rows(bench: Bench) -> Iterator[Row]:
    """The whole check with yamllint: against yamllint alone."""
    folder = bench.repository(1000)
    peer = bench.yamllint(folder)
    rounds = max(5, bench.rounds // 2)
    cold = compare(bench.guard(folder, "check", fresh=True), peer, rounds)
    yield Row("all with lint, cold: 1,000 files", "yamllint alone", cold, limit_ratio=0.6)
    warm = compare(bench.guard(folder, "check"), peer, rounds)
    yield Row("all with lint, warm: 1,000 files", "yamllint alone", warm, limit_ratio=0.05)


def growth_rows(bench: Bench) -> Iterator[Row]:
    """Ten times the resources."""
    flags = ("check", "--no-lint", "--no-cache")
    pairs = compare(
        bench.guard(bench.repository(10_000), *flags), bench.guard(bench.repository(1000), *flags), bench.rounds
    )
    yield Row(f"growth: {size(10_000)}", size(1000), pairs, limit_ratio=10.0)


def policy_rows(bench: Bench) -> Iterator[Row]:
    """Policies beside schemas and rules: against conftest and gator alone. Both have said the same before."""
    folder = bench.repository(1000)
    flags = ("check", "--no-lint", "--no-cache", "--policy")
    peer = policies.conftest(folder)
    count = policies.same_as_conftest(bench.guard(folder, *flags, str(policies.REGO), "--format", "json"), peer)
    pairs = compare(bench.guard(folder, *flags, str(policies.REGO)), peer, bench.rounds)
    label = f"schemas, all rules, 5 rules in Rego: {size(1000)}, {count} results"
    yield Row(label, "conftest test", pairs, limit_ratio=0.3)
    folder = bench.scratch / "gatekeeper"
    if not policies.write_gatekeeper(folder):
        return
    peer = policies.gator(folder)
    of_repo = ("check", "repo", *flags[1:], "policies")
    count = policies.same_as_gator(bench.guard(folder, *of_repo, "--format", "json"), peer)
    pairs = compare(bench.guard(folder, *of_repo), peer, bench.rounds)
    label = f"schemas, all rules, 30 constraints: 1,000 resources, 600 of them with Pods, {count} results"
    yield Row(label, "gator test", pairs, limit_ratio=0.5)


def staged_rows(bench: Bench) -> Iterator[Row]:
    """One staged file in a large repository: against the same in a small one."""
    large, small = bench.repository(9000), bench.repository(10)
    for folder in (large, small):
        with (folder / "apps/basket-000/base/web.yaml").open("a") as file:
            file.write("# staged\n")
        subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    flags = ("check", "--staged")
    first, second = (bench.guard(folder, *flags, fresh=True, cache="empty") for folder in (large, small))
    pairs = compare(first, second, bench.rounds)
    yield Row("one staged file of 9,000, no index", "one of 10, no index", pairs, limit_s=0.3)
    for folder in (large, small):
        subprocess.run(
            (_GUARD, "check"),
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", **bench.guard(folder).env},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    pairs = compare(bench.guard(large, *flags), bench.guard(small, *flags), bench.rounds)
    yield Row("one staged file of 9,000, with index", "one of 10, with index", pairs, limit_ratio=1.2, limit_s=0.3)


def start_rows(bench: Bench) -> Iterator[Row]:
    """What it costs to begin."""
    peer = Command((sys.executable, "-c", "import click"), bench.scratch)
    pairs = compare(bench.guard(bench.scratch, "--help"), peer, bench.rounds * 3)
    yield Row("`gitops-guard --help`", "`python -c 'import click'`", pairs, limit_ratio=2.5, limit_s=0.12)


def memory_rows(bench: Bench) -> Iterator[Memory]:
    """Peak memory over all our processes, and over the peer's."""
    for files, limit in ((1000, 250), (10_000, None)):
        folder = bench.repository(files)
        ours = bench.guard(folder, "check", "--no-lint", "--no-cache")
        yield Memory(f"schemas and rules: {files:,} files", *peak_memory(ours), limit_mb=limit)
        yield Memory(f"kubeconform: {files:,} files", *peak_memory(bench.kubeconform(folder)))
    folder = bench.repository(1000)
    yield Memory(
        "all with lint, cold: 1,000 files", *peak_memory(bench.guard(folder, "check", fresh=True)), limit_mb=250
    )


GROUPS: Final[dict[str, Callable[[Bench], Iterator[Row]]]] = {
    "schema": schema_rows,
    "warm": warm_rows,
    "lint": lint_rows,
    "growth": growth_rows,
    "policies": policy_rows,
    "staged": staged_rows,
    "start": start_rows,
}


def main() -> int:
    options = _options()
    chosen = options.only.split(",") if options.only else [*GROUPS, "memory", "rules"]
    before = table.load_average()
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        bench = Bench(Path(scratch), options.rounds)
        rows = [row for name in chosen if name in GROUPS for row in _shown(GROUPS[name](bench))]
        memory = list(memory_rows(bench)) if "memory" in chosen else []
        rules = rule_times.render(*rule_times.measure(bench.repository(1000))) if "rules" in chosen else ""
    text = table.render(rows, memory, machine=table.machine(before, modules=_MODULES), rounds=options.rounds)
    text = "\n\n".join(part for part in (text, rules) if part)
    print(text)
    if not options.only:
        README.write_text(table.between_markers(README.read_text(encoding="utf-8"), text), encoding="utf-8")
    return 0


def _shown(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        print(row.cells(), file=sys.stderr)
        yield row


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="pairs of each row; at least 5")
    parser.add_argument(
        "--only", default="", help=f"some of {','.join(GROUPS)},memory,rules; prints and writes nothing"
    )
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        sys.exit(f"Error: {error}")
