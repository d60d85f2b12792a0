"""No piece of a secret leaves the process: not in any format, error, or cache."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.program import gitops_guard, repository

# Drawn by hand, so that no scanner of this repository is alarmed; every 6 characters of each are unlike any other text.
CANARIES = {
    "string": "wq7ZkX-29fLmVt",
    "data": "Tr5yUp_88xNbQe",
    "number": "830274619355",
    "broken": "Hj3kGd-71sRcWa",
    "type": "Lo9vBn-46yFhZi",
    "flow": "Ey2mKx-53pTdUg",
    "block": "Pa6cVr-17wSjNb",
    "env": "Xf8tQh-92kMzLe",
    "alias": "Ub4nYw-65gCvRd",
    "duplicate": "Ki1sOj-38xPaFm",
    "json": "Zv7eDl-24hBqTy",
    "comment": "Mn5rCg-81uWkXo",
}


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def files() -> dict[str, str]:
    c = CANARIES
    head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {}\n"
    return {
        "a/string.yaml": head.format("a") + f"stringData:\n  password: {c['string']}   \n",
        "a/data.yaml": head.format("b") + f"data:\n  password: {encoded(c['data'])}\n  pin: {c['number']}\n",
        "a/broken.yaml": head.format("c") + f'stringData:\n  entry: "{c["broken"]}\n more: x\n',
        "a/type.yaml": head.format("d") + f"stringData:\n  entry: [{c['type']}]\nunknown: {c['type']}\n",
        "a/flow.yaml": "{apiVersion: v1, kind: Secret, metadata: {name: e}, x: 1, "
        f"stringData: {{k: {c['flow']}}}}}\n",
        "a/block.yaml": head.format("f") + f"stringData:\n  config: |\n    password={c['block']}\n    user=x\n",
        "a/alias.yaml": head.format("g") + f"stringData:\n  one: &it {c['alias']}\n  two: *it\n",
        "a/duplicate.yaml": head.format("h") + f"stringData:\n  k: {c['duplicate']}\n  k: {c['duplicate']}\n",
        "a/list.json": '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Secret", '
        f'"metadata": {{"name": "i"}}, "stringData": {{"k": "{c["json"]}"}}}}]}}\n',
        "a/env.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n    - name: c\n"
        f"      image: nginx:latest\n      env:\n        - name: DB_PASSWORD\n          value: [{c['env']}]\n",
        "a/comment.yaml": head.format("j") + f"# gitops-guard: allow plaintext-secret {c['comment']}\ndata: []\n",
    }


def lines_below_a_name() -> dict[str, str]:
    """Lines that a linter finds fault with, and of which only another line says that they are secret."""
    c = CANARIES
    pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n    - name: c\n"
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n"
    return {
        "b/folded.yaml": config + f"  password: |\n    correct horse {c['string']} \n",
        "b/nested.yaml": config + f"  app.yaml: |\n    admin-password:\n\n    -\n      {c['data']} \n",
        "b/value.yaml": f"{pod}      env:\n        - name: PIN\n          value: >-\n            {c['env']} \n",
        "b/args.yaml": f"{pod}      args:\n        - --password\n        - {c['type']} \n",
    }


def pieces(text: str) -> set[str]:
    """Every 6 characters, as they are and as encodings show them."""
    shown = [text, quote(text), *(encoded("x" * shift + text)[4:-4] for shift in range(3))]
    return {whole[at : at + 6] for whole in shown for at in range(len(whole) - 5)}


FORBIDDEN = {piece for canary in CANARIES.values() for piece in pieces(canary)}


def test_the_pieces_would_be_seen() -> None:
    planted = "".join(files().values())

    assert all(any(piece in planted for piece in pieces(canary)) for canary in CANARIES.values())


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github", "markdown", "rdjson"])
def test_no_piece_of_a_secret_is_in_any_output_or_cache(tmp_path: Path, form: str) -> None:
    root = repository(tmp_path / "repository", files())
    home = tmp_path / "home"

    run = gitops_guard("check", "--format", form, "--coverage", cwd=root, env={"XDG_CACHE_HOME": str(home)})

    cached = "".join(path.read_bytes().decode("latin-1") for path in home.rglob("*") if path.is_file())
    leaked = {piece for piece in FORBIDDEN if piece in run.out + run.err + cached}
    assert run.code == 1
    assert leaked == set()


def test_a_line_is_not_shown_where_another_one_says_that_it_is_secret(tmp_path: Path) -> None:
    found = lines_below_a_name()
    root = repository(tmp_path, found)

    run = gitops_guard("check", "--no-cache", cwd=root)

    assert all(f"{name}:" in run.out and "trailing spaces" in run.out for name in found)
    assert {piece for piece in FORBIDDEN if piece in run.out} == set()


def test_the_findings_are_there_all_the_same(tmp_path: Path) -> None:
    root = repository(tmp_path, files())

    run = gitops_guard("check", "--format", "text", "--no-cache", cwd=root)

    found = {line.split(":", 1)[0] for line in run.out.splitlines() if "plaintext-secret" in line}
    names = ("string", "data", "flow", "block", "alias", "duplicate")
    assert found >= {f"a/{name}.yaml" for name in names} | {"a/list.json"}
