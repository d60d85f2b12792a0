"""Polaris and the library agree on the fixtures of Polaris, whose names are the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.policy.library.conftest import asked, files

# The check of Polaris, and the rule that asks the same with these options.
CHECKS: Final[Mapping[str, tuple[str, Mapping[str, list[str]]]]] = {
    "hostIPCSet": ("host-ipc", {}),
    "hostNetworkSet": ("host-network", {}),
    "hostPIDSet": ("host-pid", {}),
    "hostPathSet": ("host-path", {}),
    "runAsPrivileged": ("privileged-container", {}),
    "tlsSettingsMissing": ("ingress-without-tls", {}),
    "cpuLimitsMissing": ("missing-limits", {"resources": ["cpu"]}),
    "memoryLimitsMissing": ("missing-limits", {"resources": ["memory"]}),
    "cpuRequestsMissing": ("missing-requests", {"resources": ["cpu"]}),
    "memoryRequestsMissing": ("missing-requests", {"resources": ["memory"]}),
}


@pytest.mark.shared
@pytest.mark.parametrize("check", CHECKS)
def test_every_verdict_is_that_of_polaris(shared: Path, check: str) -> None:
    rule, options = CHECKS[check]
    fixtures = sorted((shared / "suites" / "polaris-checks" / check).glob("*.yaml"))

    verdicts = {path.name: bool(asked(files({path.name: path.read_text()}), {rule: options})) for path in fixtures}

    assert verdicts == {path.name: path.name.startswith("failure") for path in fixtures}
    assert set(verdicts.values()) == {True, False}
