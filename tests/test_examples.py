"""The example repository and the documents that users read: what they say is what happens."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gitops_guard.load import config
from gitops_guard.model.rule import Topic
from gitops_guard.rules import all_rules

ROOT = Path(__file__).resolve().parent.parent
SHOP = ROOT / "examples" / "shop"
PAGES = sorted([ROOT / "README.md", SHOP / "README.md", *(ROOT / "docs").rglob("*.md")])
IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
GUARD = (sys.executable, "-m", "gitops_guard")


class Block(NamedTuple):
    language: str
    text: str
    note: str


def blocks(page: Path) -> Iterator[Block]:
    """Fenced blocks with the comment above them."""
    pattern = r"^(?:<!-- (.*?) -->\n)?```(\w+)\n(.*?)^```$"
    for match in re.finditer(pattern, page.read_text(), re.MULTILINE | re.DOTALL):
        yield Block(language=match[2], text=match[3], note=match[1] or "")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as what it stands for: a Git repository of its own."""
    folder = tmp_path_factory.mktemp("example") / "shop"
    shutil.copytree(SHOP, folder)
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "The shop"]):
        subprocess.run(["git", *IDENTITY, *arguments], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """With `gitops-guard` and kubectl of this interpreter first on the PATH, and no cache of the user."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {
        **os.environ,
        "PATH": path,
        "GITOPS_GUARD_CACHE_DIR": str(tmp_path_factory.mktemp("cache")),
        "COLUMNS": "100",
    }


@pytest.fixture(scope="module")
def findings(shop: Path, environment: dict[str, str]) -> list[dict[str, object]]:
    done = subprocess.run([*GUARD, "check", "--format", "json"], cwd=shop, env=environment, capture_output=True)
    assert done.returncode == 1, done.stderr.decode()
    report = json.loads(done.stdout)
    assert report["crashes"] == []
    found: list[dict[str, object]] = report["findings"]
    return found


EXPECTED = """
.github/workflows/hotfix.yaml:19 cluster-credentials warning
.github/workflows/hotfix.yaml:21 ci-deploys-directly warning
apps/orders/base/configmap.yaml:8 schema-invalid error
apps/orders/base/deployment.yaml:17 unpinned-image-tag warning
apps/orders/base/worker.yaml:9 selector-mismatch error
apps/orders/overlays/production/backup.yaml:15 unpinned-image-tag error
apps/payments/base/deployment.yaml:23 dangling-reference error
apps/payments/base/deployment.yaml:30 schema-invalid error
apps/payments/base/settings.yaml:7 secret-in-config error
apps/payments/overlays/production/webhook.yaml:8 plaintext-secret error
apps/storefront/base/deployment.yaml:18 schema-invalid error
apps/storefront/base/pdb.yaml:1 deprecated-api error
apps/storefront/overlays/production/feature-flags.yaml:16 schema-invalid error
apps/storefront/overlays/production/resources.yaml:6 hpa-replicas warning
apps/storefront/overlays/staging/load-profile.yaml:2 schema-missing warning
charts/catalog/values-production.yaml:14 duplicate-key error
charts/catalog/values-staging.yaml:5 lint warning
clusters/production/alerts.yaml:16 yaml-syntax error
clusters/production/on-call.yaml:4 duplicate-resource error
infrastructure/controllers/external-secrets.yaml:25 unpinned-source warning
jobs/backfill-invoices/job.yaml:2 environment-layout warning
""".strip().splitlines()


def test_the_shop_has_the_mistakes_that_it_was_given_and_no_other(findings: list[dict[str, object]]) -> None:
    found = [f"{finding['file']}:{finding['line']} {finding['rule']} {finding['severity']}" for finding in findings]

    assert found == EXPECTED


def test_the_real_kubeconform_says_the_same_of_the_shop(
    shop: Path, environment: dict[str, str], findings: list[dict[str, object]], kubeconform: Path
) -> None:
    flags = ("--engine", "kubeconform", "--select", "schema-invalid,schema-missing", "--format", "json")
    path = os.pathsep.join([str(kubeconform.parent), environment["PATH"]])

    done = subprocess.run(
        [*GUARD, "check", *flags], cwd=shop, env={**environment, "PATH": path}, capture_output=True, text=True
    )

    ours = [finding for finding in findings if str(finding["rule"]).startswith("schema-")]
    assert json.loads(done.stdout)["findings"] == ours


def test_the_readme_of_the_shop_lists_the_mistakes_in_their_order() -> None:
    listed = re.findall(r"^\| `([^`]+)` \|", (SHOP / "README.md").read_text(), re.MULTILINE)

    assert listed == [line.partition(":")[0] for line in EXPECTED]


def test_no_secret_of_the_shop_is_shown_in_no_format(shop: Path, environment: dict[str, str]) -> None:
    formats = ["text", "json", "sarif", "junit", "github", "markdown", "rdjson"]

    for name in formats:
        done = subprocess.run(
            [*GUARD, "check", "--no-lint", "--coverage", "--format", name],
            cwd=shop,
            env=environment,
            capture_output=True,
        )
        assert done.returncode == 1, name
        assert b"b3JhbmplLWtpb3Nr" not in done.stdout + done.stderr, name
        assert b"vuurtoren" not in done.stdout + done.stderr, name
        assert b"tulpenbol" not in done.stdout + done.stderr, name


@pytest.mark.parametrize(
    "folder",
    sorted(SHOP.glob("apps/*/overlays/*")) + sorted(SHOP.glob("infrastructure/*")),
    ids=lambda folder: str(folder.relative_to(SHOP)),
)
def test_the_shop_is_rendered_by_kustomize(folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(["kubectl", "kustomize", folder], env=environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert "kind: " in done.stdout


def commands() -> Iterator[object]:
    for page in PAGES:
        for block in blocks(page):
            if block.language != "sh" or block.note.startswith("not run"):
                continue
            for line in block.text.splitlines():
                if line.strip():
                    yield pytest.param(line, id=f"{page.name}: {line.partition('#')[0].strip()}")


@pytest.mark.parametrize("command", list(commands()))
def test_a_command_of_the_documents_works(command: str, shop: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(["bash", "-c", command], cwd=shop, env=environment, capture_output=True, text=True)

    assert done.returncode in (0, 1), done.stderr
    assert done.stdout, "the command says nothing"
    assert "Error" not in done.stderr


def test_the_make_targets_of_the_readme_exist() -> None:
    named = re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text()

    assert named == ["demo", "test"]
    assert all(re.search(rf"^{name}:", makefile, re.MULTILINE) for name in named)


def test_the_first_screen_of_the_readme_is_what_the_program_prints() -> None:
    spec = importlib.util.spec_from_file_location("build_readme", ROOT / "tools" / "build_readme.py")
    assert spec is not None
    assert spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    page = (ROOT / "README.md").read_text()

    assert without_time(page) == without_time(builder.with_output(page, builder.output())), (
        "run: python tools/build_readme.py"
    )


def without_time(text: str) -> str:
    return re.sub(r" \(\d+\.\d+s\)$", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    links = re.findall(
        r"\]\(([^)#\s]+)(?:#[^)]*)?\)", re.sub(r"```.*?^```", "", page.read_text(), flags=re.DOTALL | re.M)
    )

    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", ["README.md", "docs/getting-started.md"])
def test_the_configuration_of_a_page_is_valid(page: str) -> None:
    written = [block.text for block in blocks(ROOT / page) if block.text.startswith("version: 1\n")]

    (text,) = written
    loaded = config.load((".gitops-guard.yaml", text.encode()), all_rules())

    assert loaded.kubernetes_version == "1.33"
    assert "production" in loaded.environments


@pytest.mark.parametrize("page", ["docs/secrets.md", "docs/configuration.md"])
def test_every_configuration_in_a_page_is_one(page: str) -> None:
    written = [block.text for block in blocks(ROOT / page) if re.search(r"^rules:", block.text, re.M)]

    assert written
    for text in written:
        config.load((".gitops-guard.yaml", text.encode()), all_rules())


def test_the_readme_counts_the_rules() -> None:
    assert f"{len(all_rules())} rules in all" in (ROOT / "README.md").read_text()


def test_the_page_on_secrets_names_every_rule_about_them() -> None:
    page = (ROOT / "docs" / "secrets.md").read_text()

    assert [name for name, rule in all_rules().items() if rule.topic is Topic.SECRETS and name not in page] == []


def test_the_architecture_names_the_modules_that_are_there_and_each_in_one_place() -> None:
    (house, *_) = re.findall(
        r"^```\n(gitops_guard/\n.*?)^```", (ROOT / "docs" / "architecture.md").read_text(), re.M | re.S
    )
    floors = dict(re.findall(r"^  (\w+)/(.*?)(?=^  \S)", house, re.M | re.S))

    for floor in ("model", "load"):
        present = {path.name for path in (ROOT / "gitops_guard" / floor).glob("*.py")} - {"__init__.py"}
        assert sorted(re.findall(r"\b(\w+\.py)\b", floors[floor])) == sorted(present), floor
    present = {path.name for path in (ROOT / "gitops_guard").glob("*.py")} - {"__init__.py", "__main__.py"}
    assert sorted(re.findall(r"^  (\w+\.py)", house, re.M)) == sorted(present)
