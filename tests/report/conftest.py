"""Reports to render: a small one that has everything, and hostile ones."""

from __future__ import annotations

import pytest

from gitops_guard.model.finding import Coverage, Crash, Finding, Report, RuleInfo, Severity, Waived, Waiver
from gitops_guard.model.resource import Location, ResourceId, Skipped
from gitops_guard.report.context import Context

WEB = ResourceId("apps", "Deployment", "shop", "web")
TAG = Finding(
    location=Location("apps/web/deployment.yaml", 12, 18),
    rule="unpinned-image-tag",
    severity=Severity.WARNING,
    message='image "nginx" of container "web" has no tag',
    resource=WEB,
    path=("spec", "template", "spec", "containers", 0, "image"),
    fix="write a version: nginx:1.29.3",
    excerpt="          image: nginx",
)
SECRET = Finding(
    location=Location("apps/web/secret.yaml", 7, 13),
    rule="plaintext-secret",
    severity=Severity.ERROR,
    message="key password holds a literal value (sha256 starts with 5e88)",
    resource=ResourceId("", "Secret", "shop", "web"),
    path=("stringData", "password"),
)
OLD = Finding(
    location=Location("clusters/kind/ingress.yaml", 1, 13),
    rule="deprecated-api",
    severity=Severity.INFO,
    message="extensions/v1beta1 Ingress is gone since Kubernetes 1.22",
)


@pytest.fixture
def report() -> Report:
    waiver = Waiver(
        "schema-missing", Location("apps/db/db.yaml", 1, 1), "no schema is published", "2027-01-31", "team-db"
    )
    allowed = Finding(Location("apps/db/db.yaml", 2, 7), "schema-missing", Severity.WARNING, "no schema for Database")
    return Report(
        findings=(TAG, SECRET, OLD),
        waived=(Waived(allowed, waiver),),
        coverage=Coverage(
            resources=812,
            files=640,
            environments=14,
            apps=31,
            skipped=(
                Skipped("charts/web/templates/a.yaml", "Helm template", "needs values"),
                Skipped("charts/web/templates/b.yaml", "Helm template", "needs values"),
                Skipped("secrets/db.yaml", "SOPS-encrypted file", "values are encrypted"),
                Skipped("secrets/key.bin", "git-crypt file", "is encrypted"),
            ),
            partial=(Skipped("apps/web/patch.yaml", "strategic merge patch", "a part of a Deployment"),),
            other=(Skipped("README.md", "not YAML", ""),),
            notes=("yamllint was switched off",),
        ),
        crashes=(Crash("selector-mismatch", "apps/web/service.yaml:3:1", "Traceback …\nKeyError: 'spec'"),),
        rules=(
            RuleInfo(
                "plaintext-secret",
                "A Secret holds a literal value.",
                "A Secret holds a literal value.\n\nWhy …",
                Severity.ERROR,
            ),
            RuleInfo(
                "unpinned-image-tag",
                "An image is not pinned.",
                "An image is not pinned.\n\n## Fails\n…",
                Severity.WARNING,
            ),
        ),
    )


@pytest.fixture
def context() -> Context:
    return Context(
        version="1.2.3",
        docs_url="https://example.com/rules/",
        project_url="https://example.com/gitops-guard",
    )
