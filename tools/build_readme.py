"""Put what the program prints for examples/shop into the first screen of README.md.

    python tools/build_readme.py

`tests/test_examples.py` fails where it is not current.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHOWN = (
    (".github/workflows/hotfix.yaml", "ci-deploys-directly"),
    ("apps/orders/base/configmap.yaml", "schema-invalid"),
    ("apps/payments/base/deployment.yaml", "dangling-reference"),
    ("apps/payments/base/settings.yaml", "secret-in-config"),
    ("charts/catalog/values-production.yaml", "duplicate-key"),
    ("infrastructure/controllers/external-secrets.yaml", "unpinned-source"),
)  # one of each kind; all would fill three screens
_PROGRAM = (sys.executable, "-m", "gitops_guard")


def with_output(page: str, output: str) -> str:
    """*page* with its first console block made anew: the findings of SHOWN and the last lines of *output*."""
    *findings, summary = output.rstrip("\n").split("\n\n")
    shown = [block for block in findings if _is_shown(block)]
    text = "\n\n".join(["$ gitops-guard check\n" + shown[0], *shown[1:], "[…]", summary])
    return re.sub(
        r"(?<=^```console\n).*?(?=^```$)", lambda _: f"{text}\n", page, count=1, flags=re.MULTILINE | re.DOTALL
    )


def _is_shown(block: str) -> bool:
    return any(block.startswith(f"{file}:") and f"[{rule}]" in block for file, rule in SHOWN)


def output() -> str:
    """What `gitops-guard check` prints in a copy of the example that is a repository of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        shop = Path(scratch) / "shop"
        shutil.copytree(ROOT / "examples" / "shop", shop)
        subprocess.run(["git", "init", "-q", shop], check=True)
        environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "GITOPS_GUARD_CACHE_DIR": f"{scratch}/cache"}
        done = subprocess.run([*_PROGRAM, "check"], cwd=shop, env=environment, capture_output=True, text=True)
    if done.returncode != 1:
        raise SystemExit(f"the example is checked with exit code {done.returncode}, not 1:\n{done.stderr}")
    return done.stdout


def main() -> None:
    page = ROOT / "README.md"
    page.write_text(with_output(page.read_text(), output()))


if __name__ == "__main__":
    main()
