"""The benchmark's corpus is the same everywhere, and its harness reads what it measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bench import corpora, corpus, rule_times, table
from bench.labelled import LABELS, Label, Place, read_labels
from bench.measure import BenchError, Command, Pairs, Sample, compare, peak_memory, run
from gitops_guard.model.rule import Scope
from gitops_guard.rules import all_rules


def _files(count: int, seed: int = 1) -> dict[str, str]:
    return dict(corpus.generate(count, seed))


@pytest.mark.parametrize("count", [10, 33, 100, 1000])
def test_the_corpus_has_as_many_files_as_wanted(count: int) -> None:
    assert len(list(corpus.generate(count))) == len(_files(count)) == count


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert list(corpus.generate(100, 7)) == list(corpus.generate(100, 7))


def test_another_seed_gives_other_bytes() -> None:
    assert _files(100, 7) != _files(100, 8)


def test_a_thousand_files_hold_three_thousand_resources() -> None:
    texts = [text for path, text in corpus.generate(1000) if not path.endswith("kustomization.yaml")]

    assert 2_900 <= sum(text.count("\nkind: ") for text in texts) <= 3_100


def test_a_kustomization_names_only_files_that_are_there() -> None:
    files = _files(100)
    for path, text in files.items():
        if path.endswith("kustomization.yaml"):
            folder = Path(path).parent
            named = [entry for entry in yaml.safe_load(text)["resources"] if entry.endswith(".yaml")]
            assert named
            assert {str(folder / entry) for entry in named} <= files.keys()


def test_each_mistake_is_in_the_corpus() -> None:
    files = _files(400)
    clean = [
        entry for entry in corpus.MISTAKES if not any(entry[3].split("$app")[0] in text for text in files.values())
    ]

    assert clean == []


def test_writes_a_git_repository_with_one_commit(tmp_path: Path) -> None:
    corpus.write(tmp_path, 10, git=True)

    log = subprocess.run(["git", "log", "--format=%s"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert log.stdout == "Generate a repository\n"


def _python(code: str, folder: Path) -> Command:
    return Command((sys.executable, "-c", code), folder)


def _pairs(*walls: tuple[float, float]) -> Pairs:
    return Pairs(tuple(Sample(ours, ours) for ours, _ in walls), tuple(Sample(peer, peer) for _, peer in walls))


def test_counts_the_processor_time_of_a_child_that_outlives_its_parent(tmp_path: Path) -> None:
    orphan = "import os, time\nif os.fork() == 0:\n    while time.process_time() < 0.5: pass"

    sample = run(_python(orphan, tmp_path))

    assert sample.cpu_s >= 0.5


def test_sums_the_memory_of_all_processes(tmp_path: Path) -> None:
    forked = "import os, time\nos.fork()\nheld = bytearray(40_000_000)\nfor n in range(0, len(held), 4096): held[n] = 1"

    proportional, resident = peak_memory(_python(f"{forked}\ntime.sleep(0.3)", tmp_path))

    assert 80_000_000 < proportional < resident


def test_a_program_that_fails_has_no_time(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="ended with 3"):
        run(_python("raise SystemExit(3)", tmp_path))


def test_two_commands_take_turns(tmp_path: Path) -> None:
    ours, peer = (_python(f"open('log', 'a').write('{name}')", tmp_path) for name in "AB")

    compare(ours, peer, rounds=2)

    assert (tmp_path / "log").read_text() == "ABABAB"


def test_the_ratio_is_the_median_of_the_ratios_of_the_pairs() -> None:
    assert _pairs((1, 1), (2, 4), (30, 10)).wall_ratio == 1


@pytest.mark.parametrize(
    ("limit_ratio", "limit_s", "reached"),
    [
        pytest.param(None, None, None, id="no target"),
        pytest.param(2.0, None, True, id="at the ratio"),
        pytest.param(1.9, None, False, id="over the ratio"),
        pytest.param(2.0, 0.9, False, id="in the ratio, over the seconds"),
    ],
)
def test_says_whether_a_target_was_reached(limit_ratio: float, limit_s: float, reached: bool | None) -> None:
    assert table.Row("x", "y", _pairs((1, 0.5)), limit_ratio, limit_s).reached is reached


def test_replaces_what_stands_between_the_markers() -> None:
    document = f"head\n{table.BEGIN}\nold\n{table.END}\ntail\n"

    assert table.between_markers(document, "new") == f"head\n{table.BEGIN}\n\nnew\n\n{table.END}\ntail\n"


def test_the_time_of_each_rule_is_a_part_of_the_whole(tmp_path: Path) -> None:
    corpus.write(tmp_path / "repository", 30, git=True)

    spent, whole = rule_times.measure(tmp_path / "repository")

    asked = {name for name, rule in all_rules().items() if rule.scope is not Scope.ENGINE}
    assert spent.keys() <= asked
    assert {"unpinned-image-tag", "missing-file"} <= spent.keys()
    assert 0 < sum(spent.values()) < whole


def test_the_slowest_rule_stands_first_and_quick_ones_are_summed_up() -> None:
    lines = rule_times.render({"a": 0.01, "b": 0.2, "c": 0.000001}, 1.0).splitlines()

    assert [line.split(" | ")[0] for line in lines[2:]] == [
        "| `b`", "| `a`", "| 1 others", "| all rules", "| the whole check, in one process",
    ]  # fmt: skip


def test_names_the_machine(repository: Path) -> None:
    text = table.machine("1.0", modules=repository / "tools" / "kubeconform" / "go.mod")

    assert f"Python {sys.version.split()[0]}" in text
    assert "kubeconform v" in text


def test_the_readme_has_the_place_for_the_table(repository: Path) -> None:
    text = (repository / "bench" / "README.md").read_text(encoding="utf-8")

    assert table.BEGIN in text
    assert table.END in text


def _corpus(name: str, *findings: tuple[str, int]) -> corpora.Corpus:
    entries = [
        {
            "file": "a.yaml",
            "line": line,
            "rule": rule,
            "severity": "error",
            "message": "m",
        }
        for rule, line in findings
    ]
    coverage = {"resources": 3, "files": 2, "environments": 1, "partial": [], "other": [], "notes": []}
    coverage["skipped"] = [{"file": "b.yaml", "kind": "SOPS-encrypted file", "reason": "encrypted | by SOPS"}]
    summary = {"error": len(entries), "warning": 0, "info": 0}
    return corpora.Corpus(name, "c" * 40, {"findings": entries, "coverage": coverage, "summary": summary})


def _labels(*wrong: int) -> dict[Place, Label]:
    return {Place("one", "a.yaml", line, "r"): Label(line not in wrong, "read") for line in range(1, 50)}


def test_samples_each_rule_by_itself() -> None:
    one = _corpus("one", *(("r", line) for line in range(1, 50)), ("s", 3))

    assert {rule: len(findings) for rule, findings in corpora.sample([one], 30).items()} == {"r": 30, "s": 1}


def test_a_sample_keeps_its_findings_when_others_go() -> None:
    lines = range(1, 50)
    before = {found.place for found in corpora.sample([_corpus("one", *(("r", n) for n in lines))], 30)["r"]}
    gone = min(before)

    after = corpora.sample([_corpus("one", *(("r", n) for n in lines if n != gone.line))], 30)["r"]

    assert before - {found.place for found in after} == {gone}


def test_lists_the_sampled_findings_that_nobody_labelled() -> None:
    sampled = corpora.sample([_corpus("one", ("r", 7), ("s", 3))])

    assert [found.place for found in corpora.unlabelled(sampled, _labels())] == [Place("one", "a.yaml", 3, "s")]


def test_the_page_says_which_findings_are_false() -> None:
    one = _corpus("one", ("r", 7), ("r", 8))

    page = corpora.render([one], corpora.sample([one]), _labels(8))

    assert "| `r` | 2 | 1 | 1 |" in page
    assert "- `r` at one: `a.yaml:8`: read" in page
    assert "| not checked | SOPS-encrypted file | encrypted \\| by SOPS | 1 |" in page


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("- {corpus: a, file: b, line: 1, label: true}", "has the keys", id="a key is missing"),
        pytest.param(
            "- {corpus: a, commit: c, file: b, line: 1, label: maybe, why: x}", "true or false", id="no verdict"
        ),
        pytest.param("- {corpus: a, commit: c, file: b, line: 1, label: true, why: ' '}", "says why", id="no reason"),
        pytest.param(
            "- &one {corpus: a, commit: c, file: b, line: 1, label: true, why: x}\n- *one", "already", id="twice"
        ),
    ],
)
def test_refuses_labels_that_say_too_little(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.yaml").write_text(text)

    with pytest.raises(ValueError, match=message):
        read_labels(tmp_path)


def test_the_labels_can_be_read() -> None:
    assert all(reading.commit for reading in read_labels(LABELS))


@pytest.mark.shared
def test_the_page_of_the_corpora_is_what_the_program_says_today(shared: Path, repository: Path) -> None:
    checked = [sys.executable, "-m", "bench.corpora", "--check"]

    done = subprocess.run(checked, cwd=repository, check=False, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
