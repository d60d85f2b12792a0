"""A GitOps repository of any size, from a seed: the same arguments give the same bytes.

An app has three Deployments and a store, a base and three overlays: 30 files with 91 resources, of which 0.8 % carry a
mistake. What files are left of the wanted number become releases of Helm charts.

    python -m bench.corpus FOLDER --files 1000 --git
"""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random
from string import Template
from typing import Final

from bench import delivery_templates as d
from bench import templates as t

ENVIRONMENTS: Final = ("development", "staging", "production")
PARTS: Final = ("web", "api", "worker")
APP_FILES: Final = 30
BASE_FILES: Final = 9
_TEAMS: Final = ("payments", "search", "identity", "shipping", "platform")
_WORDS: Final = ("basket", "invoice", "ledger", "catalog", "mailer", "profile", "stock", "voucher", "review", "route")

# One in so many apps has the mistake: (file, what stands there, what a tired person writes).
MISTAKES: Final = (
    (3, "base/web.yaml", "  minReadySeconds: ", "  minReadySecond: "),
    (4, "base/jobs.yaml", "apiVersion: batch/v1\n", "apiVersion: batch/v1beta1\n"),
    (5, "base/worker.yaml", "  maxUnavailable: 1\n", "  maxUnavailable: 1   \n"),
    (6, "base/store.yaml", "-alpine\n", "-alpine \n"),
    (7, "base/api.yaml", "            periodSeconds: 10", '            periodSeconds: "10"'),
    (8, "overlays/development/ingress.yaml", "            pathType: Prefix\n", "            pathType: prefix\n"),
    (9, "base/store.yaml", "  name: $app-backup", "  name: $app-backup\n  name: $app-backup"),
    (1, "base/config.yaml", '  CACHE_SECONDS: "', "  CACHE_SECONDS: 6  # "),
    (2, "base/jobs.yaml", "-api:", "-api:latest  # "),
    (8, "base/jobs.yaml", "-worker:", "-worker:latest  # "),
)


def generate(files: int = 1000, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Path and text of each file, in a fixed order; at least 10 files, so that there is one app."""
    random = Random(seed)
    left = files
    number = 0
    while left >= APP_FILES + 3 or (number == 0 and left > BASE_FILES):
        environments = ENVIRONMENTS if left >= APP_FILES else ()
        written = list(_app(number, environments, random))
        yield from written
        left -= len(written)
        number += 1
    for environment in ENVIRONMENTS if left > len(ENVIRONMENTS) else ():
        yield f"clusters/{environment}/apps.yaml", _documents(_flux(number, environment))
        left -= 1
    for release in range(left):
        yield f"infrastructure/controllers/release-{release:03}.yaml", _documents(_release(release, random))


def write(folder: Path, files: int = 1000, seed: int = 1, *, git: bool = False) -> None:
    """Write the repository into *folder*; with *git* as one commit with a fixed author and date."""
    made: set[Path] = set()
    for path, text in generate(files, seed):
        target = folder / path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        target.write_text(text, encoding="utf-8")
    if git:
        _commit(folder)


def _commit(folder: Path) -> None:
    who = {"NAME": "Bench", "EMAIL": "bench@example.com", "DATE": "2024-01-01T00:00:00Z"}
    names = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "Generate a repository"]):
        subprocess.run(
            ["git", "-c", "commit.gpgsign=false", *command], cwd=folder, check=True, env={**os.environ, **names}
        )


def _app(number: int, environments: tuple[str, ...], random: Random) -> Iterator[tuple[str, str]]:
    """The base of an app and an overlay for each of the *environments*."""
    app = f"{_WORDS[number % len(_WORDS)]}-{number:03}"
    team = _TEAMS[number % len(_TEAMS)]
    base = list(_base(app, team, random))
    overlays = [file for environment in environments for file in _overlay(app, team, environment, random)]
    for path, text in (*base, *overlays):
        yield f"apps/{app}/{path}", _with_mistake(number, path, text, app)


def _with_mistake(number: int, path: str, text: str, app: str) -> str:
    for nth, file, right, wrong in MISTAKES:
        if file == path and number % 10 == nth:
            text = text.replace(right.replace("$app", app), wrong.replace("$app", app), 1)
    return text


def _values(app: str, part: str, team: str, random: Random) -> dict[str, str]:
    version = f"{random.randint(1, 9)}.{random.randint(0, 30)}.{random.randint(0, 9)}"
    return {
        "app": app,
        "part": part,
        "team": team,
        "namespace": app,
        "image": f"registry.example.com/{team}/{app}-{part}:{version}",
        "tag": f"{version}",
        "replicas": str(random.randint(2, 6)),
        "port": str(random.randint(8000, 8999)),
        "metrics": str(random.randint(9000, 9999)),
        "cpu": str(random.randint(1, 20) * 10),
        "memory": str(random.randint(2, 16) * 64),
        "minute": str(random.randint(10, 59)),
        "level": random.choice(("debug", "info", "warn")),
    }


def _documents(*texts: str) -> str:
    return "---\n" + "---\n".join(texts)


def _listing(names: tuple[str, ...]) -> str:
    return "\n".join(f"  - {name}" for name in names)


def _each(random: Random, app: str, team: str, *kinds: Template, **more: str) -> list[str]:
    """The *kinds* for each part of the app."""
    texts: list[str] = []
    for part in PARTS:
        values = {**_values(app, part, team, random), **more}
        texts += [kind.substitute(values) for kind in kinds]
    return texts


def _base(app: str, team: str, random: Random) -> Iterator[tuple[str, str]]:
    names = ("rbac", "network", *PARTS, "store", "jobs", "config")
    files = tuple(f"{name}.yaml" for name in names)
    yield "base/kustomization.yaml", _documents(d.BASE_KUSTOMIZATION.substitute(resources=_listing(files)))
    yield "base/rbac.yaml", _documents(*_each(random, app, team, t.SERVICE_ACCOUNT, t.ROLE, t.ROLE_BINDING))
    yield "base/network.yaml", _documents(*_each(random, app, team, t.NETWORK_POLICY))
    for part in PARTS:
        values = _values(app, part, team, random)
        kinds = (t.DEPLOYMENT, t.SERVICE, t.DISRUPTION_BUDGET)
        yield f"base/{part}.yaml", _documents(*(kind.substitute(values) for kind in kinds))
    values = _values(app, "store", team, random)
    store = (t.STATEFUL_SET, t.STORE_SERVICE, t.VOLUME_CLAIM, t.DISRUPTION_BUDGET)
    yield "base/store.yaml", _documents(*(kind.substitute(values) for kind in store))
    yield "base/jobs.yaml", _documents(*_each(random, app, team, t.CRON_JOB))
    yield "base/config.yaml", _documents(*_each(random, app, team, t.CONFIG_MAP))


def _overlay(app: str, team: str, environment: str, random: Random) -> Iterator[tuple[str, str]]:
    folder = f"overlays/{environment}"
    namespace = f"{app}-{environment}"
    values = {**_values(app, "web", team, random), "namespace": namespace, "environment": environment}
    values["tag"] = f"{len(app)}.{len(ENVIRONMENTS) - ENVIRONMENTS.index(environment)}.0"  # development has the newest
    names = ("namespace", "config", "ingress", "autoscaling", "secrets", "monitoring")
    resources = _listing(tuple(f"{name}.yaml" for name in names))
    yield f"{folder}/kustomization.yaml", _documents(d.OVERLAY_KUSTOMIZATION.substitute(values, resources=resources))
    whole = (t.NAMESPACE, t.QUOTA, t.LIMIT_RANGE)
    yield f"{folder}/namespace.yaml", _documents(*(kind.substitute(values) for kind in whole))
    kinds = (t.ENVIRONMENT_CONFIG, t.INGRESS, t.AUTOSCALER, t.EXTERNAL_SECRET, t.SERVICE_MONITOR)
    for name, kind in zip(names[1:], kinds, strict=True):
        texts = _each(random, app, team, kind, namespace=namespace, environment=environment)
        yield f"{folder}/{name}.yaml", _documents(*texts)


def _flux(apps: int, environment: str) -> str:
    names = (f"{_WORDS[number % len(_WORDS)]}-{number:03}" for number in range(apps))
    return "---\n".join(d.FLUX_KUSTOMIZATION.substitute(app=name, environment=environment) for name in names)


def _release(number: int, random: Random) -> str:
    values = _values(f"controller-{number:03}", "web", "platform", random)
    return "---\n".join(kind.substitute(values) for kind in (t.NAMESPACE, d.HELM_SOURCE, d.HELM_RELEASE))


def main() -> None:
    parser = argparse.ArgumentParser(description="Generate a GitOps repository.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--git", action="store_true", help="make it a Git repository with one commit")
    options = parser.parse_args()
    write(options.folder, options.files, options.seed, git=options.git)


if __name__ == "__main__":
    main()
