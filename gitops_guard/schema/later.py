"""Fields that a later Kubernetes version has: the usual cause of an unknown field that is spelled right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gitops_guard.model.resource import FieldPath
from gitops_guard.schema.compiled import compiled
from gitops_guard.schema.store import KubernetesSchemas, versions

if TYPE_CHECKING:
    import jsonschema_rs


class LaterVersions:
    """Asked only for what is wrong, so it may cost: 5 ms for a kind and version, then nothing."""

    def __init__(self, version: str) -> None:
        known = versions()
        self._later = known[known.index(version) + 1 :]
        self._schemas: dict[str, KubernetesSchemas] = {}
        self._validators: dict[tuple[str, str], jsonschema_rs.Validator | None] = {}

    def first_with(self, key: str, body: Mapping[str, Any], path: FieldPath) -> str:
        """The first later version in which *path* of the kind *key* (`v1/Pod`) is known; "" if none."""
        from bisect import bisect_left

        if not self._later or not self._knows(self._later[-1], key, body, path):
            return ""
        first = bisect_left(self._later, True, key=lambda version: self._knows(version, key, body, path))
        return self._later[first]

    def _knows(self, version: str, key: str, body: Mapping[str, Any], path: FieldPath) -> bool:
        validator = self._validator(version, key)
        if validator is None:
            return False
        return not any(
            type(error.kind).__name__ == "AdditionalProperties"
            and tuple(error.instance_path) == path[:-1]
            and path[-1] in error.kind.unexpected  # type: ignore[attr-defined]  # a kind of error
            for error in validator.iter_errors(body)
        )

    def _validator(self, version: str, key: str) -> jsonschema_rs.Validator | None:
        if (version, key) not in self._validators:
            if version not in self._schemas:
                self._schemas[version] = KubernetesSchemas(version)
            text = self._schemas[version].text(key)
            self._validators[version, key] = compiled(text) if text else None
        return self._validators[version, key]
