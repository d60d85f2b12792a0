"""`gitops-guard render` as a user runs it."""

from __future__ import annotations

import os
import pty
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import pytest

from gitops_guard.load import manifests
from gitops_guard.render.inputs import Why
from tests.canaries import Canary, all_canaries
from tests.program import Run, environment, git, gitops_guard, repository
from tests.test_canaries import leaks

OVERLAY = {
    "base/kustomization.yaml": "resources: [web.yaml]\n",
    "base/web.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  colour: blue\n",
    "overlays/prod/kustomization.yaml": "resources: [../../base]\nnamePrefix: prod-\n",
}
SECRET = {
    "kustomization.yaml": "resources: [s.yaml]\n",
    "s.yaml": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: hunter2-hunter2\n",
}
BUILT = "# overlays/prod\n---\napiVersion: v1\ndata:\n  colour: blue\nkind: ConfigMap\nmetadata:\n  name: prod-web\n"


def test_all_that_no_other_one_builds_is_printed(tmp_path: Path) -> None:
    assert gitops_guard("render", cwd=repository(tmp_path, OVERLAY)) == Run(0, BUILT, "")


@pytest.mark.parametrize(("path", "below"), [("overlays/prod", "."), ("prod/", "overlays"), (".", "overlays/prod")])
def test_a_folder_is_named_from_where_one_stands(tmp_path: Path, path: str, below: str) -> None:
    root = repository(tmp_path, OVERLAY)
    assert gitops_guard("render", path, cwd=root / below) == Run(0, BUILT, "")


def test_a_base_can_be_named(tmp_path: Path) -> None:
    shown = gitops_guard("render", "base", cwd=repository(tmp_path, OVERLAY))
    assert (shown.code, "name: web\n" in shown.out) == (0, True)


def test_a_revision_is_rendered_from_its_objects(tmp_path: Path) -> None:
    root = repository(tmp_path, OVERLAY)
    git("add", ".", cwd=root)
    git("commit", "-qm", "a", "--allow-empty", cwd=root)
    (root / "base/web.yaml").write_text("changed, and no manifest")
    assert gitops_guard("render", "--rev", "HEAD", cwd=root) == Run(0, BUILT, "")


def test_the_value_of_a_secret_is_masked(tmp_path: Path) -> None:
    shown = gitops_guard("render", cwd=repository(tmp_path, SECRET))
    assert "  password: (masked)\n" in shown.out
    assert "hunter2" not in shown.out + shown.err


def test_secrets_are_only_shown_on_a_terminal(tmp_path: Path) -> None:
    root = repository(tmp_path, SECRET)
    refused = gitops_guard("render", "--show-secrets", cwd=root)
    assert refused.code == 2
    assert "only prints to a terminal" in refused.err
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gitops_guard", "render", "--show-secrets"]
    done = subprocess.run(command, cwd=root, stdout=theirs, env=environment(tmp_path), check=False, timeout=60)
    assert done.returncode == 0
    assert b"password: hunter2-hunter2" in os.read(ours, 10_000)
    os.close(ours)
    os.close(theirs)


def canary_app(number: int, canary: Canary) -> dict[str, str]:
    """Its manifests as a kustomization of their own; what kustomize does not take for resources is left out."""
    taken = {
        path: text for path, text in canary.files.items()
        if path.endswith(".yaml") and manifests_only(text)
    }  # fmt: skip
    folder = f"app{number}"
    listed = "".join(f"- {at}.yaml\n" for at in range(len(taken)))
    return (
        {f"{folder}/kustomization.yaml": f"resources:\n{listed}"}
        | {f"{folder}/{at}.yaml": text for at, text in enumerate(taken.values())}
        if taken
        else {}
    )


def manifests_only(text: str) -> bool:
    read = manifests.read("a.yaml", text.encode())
    return not read.problems and all(
        isinstance(one.body, dict) and {"apiVersion", "kind", "metadata"} <= one.body.keys() for one in read.documents
    )


def test_no_piece_of_a_planted_secret_is_printed(tmp_path: Path) -> None:
    files: dict[str, str] = {}
    for number, canary in enumerate(all_canaries()):
        files |= canary_app(number, canary) if canary.rules else {}
    shown = gitops_guard("render", cwd=repository(tmp_path, files))
    assert shown.out.count("\n# app") > 40
    assert leaks(shown.out + shown.err) == set()


def test_what_is_not_built_is_said_with_its_line_and_the_others_are_printed(tmp_path: Path) -> None:
    more = {"remote/kustomization.yaml": "resources:\n- https://example.invalid/a.yaml\n"}
    shown = gitops_guard("render", cwd=repository(tmp_path, OVERLAY | more))
    said = f"remote/kustomization.yaml:2:3: {Why.REMOTE}\n"
    assert shown == Run(1, BUILT, said)


@pytest.mark.parametrize("content", [b"resources: [a\n", b"\xff\xfe\x00\x01", b"", b"\x00\x01\x02"])
@pytest.mark.parametrize("args", [(), ("broken", "overlays/prod")])
def test_a_kustomization_that_does_not_parse_is_not_left_out_in_silence(
    tmp_path: Path, content: bytes, args: tuple[str, ...]
) -> None:
    root = repository(tmp_path, OVERLAY)
    (root / "broken").mkdir()
    (root / "broken/kustomization.yaml").write_bytes(content)
    shown = gitops_guard("render", *args, cwd=root)
    assert (shown.code, shown.out) == (1, BUILT)
    assert shown.err.startswith("broken/kustomization.yaml:")
    assert shown.err.endswith(f": {Why.BROKEN}\n")


def test_what_kustomize_refuses_is_said_without_the_content_of_a_file(tmp_path: Path) -> None:
    broken = {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": "kind: hunter2\nname: hunter2\n"}
    shown = gitops_guard("render", cwd=repository(tmp_path, broken))
    assert shown.code == 1
    assert shown.err.startswith("kustomization.yaml:1:1: kustomize cannot build the root")
    assert "hunter2" not in shown.out + shown.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("gone",), "there is no kustomization in gone"),
        (("..",), "lies outside of the repository"),
        (("--rev", "gone"), "gone"),
    ],
)
def test_a_wrong_call_is_a_sentence(tmp_path: Path, args: tuple[str, ...], said: str) -> None:
    shown = gitops_guard("render", *args, cwd=repository(tmp_path, OVERLAY))
    assert (shown.code, said in shown.err, shown.out) == (2, True, "")


def test_a_repository_without_kustomizations_is_nothing_to_render(tmp_path: Path) -> None:
    shown = gitops_guard("render", cwd=repository(tmp_path, {"a.yaml": OVERLAY["base/web.yaml"]}))
    assert (shown.code, "there is no kustomization" in shown.err) == (2, True)


def test_nothing_outside_of_the_repository_is_read(tmp_path: Path) -> None:
    canary = tmp_path / "canary.yaml"
    canary.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: seen-canary\n")
    generator = "configMapGenerator: [{name: x, files: [%s]}]\n"
    root = repository(
        tmp_path / "repository",
        {
            "a/kustomization.yaml": f"resources: [{canary}]\n",
            "b/kustomization.yaml": "resources: [../../canary.yaml]\n",
            "c/kustomization.yaml": "resources: [link.yaml]\n",
            "d/kustomization.yaml": generator % canary,
            "e/kustomization.yaml": f"Resources: [{canary}]\n",
            "f/kustomization.yaml": f"transformers:\n- |\n  apiVersion: builtin\n  kind: PatchTransformer\n"
            f"  metadata: {{name: x}}\n  path: {canary}\n",
        },
    )
    (root / "c/link.yaml").symlink_to(canary)
    shown = gitops_guard("render", cwd=root)
    assert shown.code == 1
    assert "seen-canary" not in shown.out + shown.err
    assert [line.partition("/")[0] for line in shown.err.splitlines()] == list("abcdef")


def test_a_generator_reads_files_of_any_kind_also_in_a_revision(tmp_path: Path) -> None:
    root = repository(tmp_path, {"kustomization.yaml": "configMapGenerator: [{name: x, files: [run.sh, all.bin]}]\n"})
    (root / "run.sh").write_text("echo hi\n")
    (root / "all.bin").write_bytes(bytes(range(256)))
    git("add", ".", cwd=root)
    git("commit", "-qm", "a", cwd=root)
    in_work_tree, in_revision = gitops_guard("render", cwd=root), gitops_guard("render", "--rev", "HEAD", cwd=root)
    assert in_work_tree.code == 0
    assert "  run.sh: |\n    echo hi\n" in in_work_tree.out
    assert in_revision == in_work_tree


def test_neither_a_login_nor_an_escape_of_an_entry_is_printed(tmp_path: Path) -> None:
    entries = '- https://bob:kR7-vbn2-Qx@example.invalid/a.yaml\n- "\\e[31m/../../kR7-vbn2-Qx"\n'
    shown = gitops_guard("render", cwd=repository(tmp_path, {"kustomization.yaml": f"resources:\n{entries}"}))
    assert shown.code == 1
    assert [line.split(": ")[0] for line in shown.err.splitlines()] == [
        "kustomization.yaml:2:3",
        "kustomization.yaml:3:3",
    ]
    assert "kR7" not in shown.err
    assert "\x1b" not in shown.err


def test_the_name_of_a_folder_cannot_pretend_to_be_output(tmp_path: Path) -> None:
    folder = "a\nkind: Secret\x1b[2J"
    files = {f"{folder}/{name.rpartition('/')[2]}": text for name, text in OVERLAY.items() if name.startswith("base/")}
    shown = gitops_guard("render", cwd=repository(tmp_path, files))
    assert shown.code == 0
    assert shown.out.splitlines()[0] == "# a\\nkind: Secret\\x1b[2J"


@pytest.fixture
def listening() -> Iterator[tuple[int, list[object]]]:
    """A port of this machine, and who connected to it."""
    seen: list[object] = []

    class Seen(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            seen.append(self.request.recv(1000))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Seen) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], seen
        server.shutdown()


def test_nobody_is_connected_to(tmp_path: Path, listening: tuple[int, list[object]]) -> None:
    port, seen = listening
    with socket.create_connection(("127.0.0.1", port)) as told:
        told.sendall(b"it would be seen")
    url = f"http://127.0.0.1:{port}/x"
    plugin = f"apiVersion: builtin\nkind: %s\nmetadata: {{name: x}}\n%s: {url}\n"
    asks = {
        "resource": f"resources: ['{url}']\n",
        "git": f"resources: ['{url}.git//a?ref=v1']\n",
        "component": f"components: ['{url}.git']\n",
        "patch": f"patches: [{{path: '{url}'}}]\n",
        "spelling": f"Patches: [{{path: '{url}'}}]\n",
        "generator": f"configMapGenerator: [{{name: x, files: ['k={url}'], envs: ['{url}']}}]\n",
        "openapi": f"openapi: {{path: '{url}'}}\n",
        "inline": "transformers:\n- |\n" + indent(plugin % ("PatchTransformer", "path"), "  "),
        "file": "transformers: [p.yaml]\n",
        "chart": f"helmCharts: [{{name: x, repo: '{url}'}}]\n",
    }
    files = {f"{name}/kustomization.yaml": text for name, text in asks.items()}
    shown = gitops_guard(
        "render", cwd=repository(tmp_path, files | {"file/p.yaml": plugin % ("PatchTransformer", "path")})
    )
    assert {line.partition("/")[0] for line in shown.err.splitlines()} == set(asks)
    assert (shown.code, shown.out, seen) == (1, "", [b"it would be seen"])
