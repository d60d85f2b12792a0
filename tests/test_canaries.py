"""No piece of a secret leaves the process, in any form, by any command and format; and all of them are found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.canaries import Canary, all_canaries, encoded
from tests.program import Run, git, gitops_guard, repository

CANARIES = all_canaries()
FILES = {path: text for canary in CANARIES for path, text in canary.files.items()}
FORMATS = ("text", "json", "sarif", "junit", "github", "markdown", "rdjson")
PIECE = 6


def pieces(text: str) -> set[str]:
    """Every 6 characters, as they are and as encodings show them."""
    in_base64 = [encoded("x" * shift + text)[4:-4] for shift in range(3)]
    url_safe = [shown.replace("+", "-").replace("/", "_") for shown in in_base64]
    shown = [text, quote(text, safe=""), quote_plus(text), json.dumps(text)[1:-1], text.encode().hex(), *in_base64]
    return {whole[at : at + PIECE] for whole in (*shown, *url_safe) for at in range(len(whole) - PIECE + 1)}


FORBIDDEN = {piece: canary.path for canary in CANARIES for piece in pieces(canary.secret)}


def leaks(shown: str) -> set[tuple[str, str]]:
    """(file, piece) of each piece that is in *shown*."""
    seen = {shown[at : at + PIECE] for at in range(len(shown) - PIECE + 1)}
    return {(FORBIDDEN[piece], piece) for piece in seen & FORBIDDEN.keys()}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repository(tmp_path_factory.mktemp("planted") / "repository", FILES)


def everything_in(folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "".join(map(str, files)) + "".join(path.read_bytes().decode("latin-1") for path in files)


def test_sixty_and_more_secrets_are_planted_and_all_of_them_differ() -> None:
    assert len({canary.secret for canary in CANARIES if canary.rules}) >= 60
    assert len({canary.path for canary in CANARIES}) == len(CANARIES)


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.path)
def test_the_pieces_would_be_seen(canary: Canary) -> None:
    assert (canary.path in {path for path, _ in leaks(canary.files[canary.path])}) is True


def _commands() -> Iterator[tuple[str, ...]]:
    yield from (("check", "--format", form, "--coverage") for form in FORMATS)
    yield ("check", "--no-lint", "--rev", "HEAD", "--format", "json")
    yield ("check", "--no-lint", "--staged")
    yield ("check", "--no-lint", "-j", "1", "--fail-on", "info")
    yield ("check", "--no-lint", "s", "c", "v", "k", "--format", "sarif")
    yield ("check", "--no-lint", "--no-cache", "--select", "schema-invalid", "--format", "markdown")
    yield ("check", "--config", "s/string.yaml")
    yield ("check", "--config", "b/broken.yaml")
    yield ("check", "s/string.yaml", "no/such/file.yaml")
    yield ("hook", *sorted(FILES))
    yield ("apps",)
    yield ("rules",)
    yield ("explain", "plaintext-secret")
    yield ("config", "schema")


@pytest.mark.parametrize("command", list(_commands()), ids=lambda command: " ".join(command)[:60])
def test_no_piece_of_a_secret_is_in_any_output_log_cache_or_file(
    planted: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    scratch.mkdir()

    run = _run(command, planted, home, scratch)

    assert run.code in (0, 1, 2), run.err
    assert leaks(run.out + run.err) == set()
    assert leaks(everything_in(home) + everything_in(scratch)) == set()


def _run(command: tuple[str, ...], root: Path, home: Path, scratch: Path) -> Run:
    return gitops_guard(
        *command, cwd=root, env={"XDG_CACHE_HOME": str(home), "HOME": str(home), "TMPDIR": str(scratch)}
    )


def test_no_piece_is_in_files_that_reports_are_written_to_nor_in_a_second_run(planted: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    wanted = [word for form in FORMATS for word in ("--format", f"{form}={tmp_path / form}")]

    runs = [_run(("check", "--no-lint", *wanted), planted, home, tmp_path) for _ in range(2)]

    assert [run.code for run in runs] == [1, 1]
    assert all((tmp_path / form).stat().st_size for form in FORMATS)
    assert leaks(everything_in(tmp_path) + "".join(run.out + run.err for run in runs)) == set()


def test_no_piece_of_standard_input_is_shown(tmp_path: Path) -> None:
    stream = "\n---\n".join(text for path, text in FILES.items() if path.endswith(".yaml"))

    run = gitops_guard("check", "-", "--stdin-filename", "all.yaml", cwd=tmp_path, stdin=stream.encode())

    assert run.code == 1
    assert leaks(run.out + run.err) == set()


def test_no_piece_of_what_is_staged_is_shown(planted: Path, tmp_path: Path) -> None:
    root = repository(tmp_path / "repository", {"README.md": "a shop\n"})
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git("add", "-A", cwd=root)

    run = gitops_guard("check", "--staged", "--no-lint", cwd=root)

    assert run.code == 1
    assert leaks(run.out + run.err) == set()


@pytest.fixture(scope="module")
def found(planted: Path) -> set[tuple[str, str]]:
    """(file, rule) of all findings."""
    run = gitops_guard("check", "--no-lint", "--no-cache", "--format", "json", cwd=planted)
    return {(finding["file"], finding["rule"]) for finding in json.loads(run.out)["findings"]}


@pytest.mark.parametrize("canary", [canary for canary in CANARIES if canary.rules], ids=lambda canary: canary.path)
def test_every_secret_is_found_in_its_file(canary: Canary, found: set[tuple[str, str]]) -> None:
    assert {rule for file, rule in found if file == canary.path} >= canary.rules


def test_lines_of_which_only_another_one_says_that_they_are_secret_have_findings_too(planted: Path) -> None:
    names = ("b/folded.yaml", "b/nested.yaml", "b/below.yaml", "b/argument.yaml")

    run = gitops_guard("check", "--no-cache", *names, cwd=planted)

    assert all(f"{name}:" in run.out and "trailing spaces" in run.out for name in names)
