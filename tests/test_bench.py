"""The benchmark's corpus is the same everywhere, and its harness reads what it measured."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from bench import corpus


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
