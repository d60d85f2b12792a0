"""Which APIs are gone, since when, and what takes their place."""

from __future__ import annotations

import pytest

from gitops_guard.load.deprecations import Deprecation, deprecation, is_deprecated, is_removed
from gitops_guard.schema.store import kinds_of_all_versions, versions


@pytest.mark.parametrize(
    ("api_version", "kind", "known"),
    [
        ("extensions/v1beta1", "Deployment", Deprecation("1.8", "1.16", "apps/v1 Deployment")),
        ("extensions/v1beta1", "Ingress", Deprecation("1.14", "1.22", "networking.k8s.io/v1 Ingress")),
        ("batch/v1beta1", "CronJob", Deprecation("1.21", "1.25", "batch/v1 CronJob")),
        ("policy/v1beta1", "PodSecurityPolicy", Deprecation("1.21", "1.25", "")),
        (
            "autoscaling/v2beta2",
            "HorizontalPodAutoscaler",
            Deprecation("1.23", "1.26", "autoscaling/v2 HorizontalPodAutoscaler"),
        ),
        ("networking.k8s.io/v1beta1", "IPAddress", Deprecation("1.34", "1.37", "networking.k8s.io/v1 IPAddress")),
        ("v1", "Endpoints", Deprecation("1.33", "", "discovery.k8s.io/v1 EndpointSlice")),
    ],
)
def test_an_old_api_is_known(api_version: str, kind: str, known: Deprecation) -> None:
    assert deprecation(api_version, kind) == known


@pytest.mark.parametrize(("api_version", "kind"), [("apps/v1", "Deployment"), ("v1", "Pod"), ("a.io/v1", "Thing")])
def test_a_current_api_is_not_deprecated(api_version: str, kind: str) -> None:
    assert deprecation(api_version, kind) is None


def test_the_target_version_decides() -> None:
    known = Deprecation("1.21", "1.25", "batch/v1 CronJob")

    assert (is_deprecated(known, "1.20"), is_removed(known, "1.20")) == (False, False)
    assert (is_deprecated(known, "1.24"), is_removed(known, "1.24")) == (True, False)
    assert (is_deprecated(known, "1.25"), is_removed(known, "1.25")) == (True, True)
    assert (is_deprecated(known, "1.100"), is_removed(known, "1.100")) == (True, True)


def test_every_kind_that_went_is_known_with_the_version_that_has_it_no_more() -> None:
    known = versions()
    went = {
        key: known[known.index(last) + 1]
        for key, (_, last) in kinds_of_all_versions().items()
        if last != known[-1] and not key.endswith("List")
    }

    said = {key: deprecation(*_split(key)) for key in went}

    assert {key: entry.removed_in for key, entry in said.items() if entry} == went


def test_what_takes_the_place_is_not_gone_itself() -> None:
    kinds = kinds_of_all_versions()
    for key in kinds:
        entry = deprecation(*_split(key))
        if entry and entry.replacement:
            assert kinds[entry.replacement.replace(" ", "/")][1] == versions()[-1], key


def _split(key: str) -> tuple[str, str]:
    api_version, _, kind = key.rpartition("/")
    return api_version, kind
