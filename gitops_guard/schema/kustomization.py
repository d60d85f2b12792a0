"""Kustomizations and Components against the published schema of kustomize's own file.

kustomize fills in apiVersion and kind, and reads both kinds into one struct (kustomize, api/types/kustomization.go), so
one schema serves for both. What the published one lacks of that struct, or refuses of what kustomize still takes, is
mended here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from gitops_guard.model.finding import Problem
from gitops_guard.schema.compiled import compiled

if TYPE_CHECKING:
    import jsonschema_rs

    from gitops_guard.schema.store import PublicCatalog

GROUP: Final = "kustomize.config.k8s.io"
_ANY: Final[Mapping[str, Any]] = {}
# Old names that it still reads (api/types/fix.go), and a field of old versions.
_OLD: Final = ("imageTags", "helmChartInflationGenerator")
_OF_CHARTS: Final = ("devel", "debug")


class KustomizationSchema:
    """Compiled when the first kustomization is met: 5 ms."""

    def __init__(self, catalog: PublicCatalog) -> None:
        self._catalog = catalog
        self._schema: Mapping[str, Any] | None = None
        self._validator: jsonschema_rs.Validator | None = None

    def problems(self, body: object) -> Iterator[Problem]:
        """What is wrong with a document of a kustomization file; nothing for what claims to be something else."""
        if not isinstance(body, Mapping) or not _is_ours(body.get("apiVersion")):
            return
        if self._validator is None:
            published = self._catalog.find(GROUP, "Kustomization", "v1beta1")
            if published is None or not published.text:
                return
            self._schema = _mended(json.loads(published.text))
            self._validator = compiled(json.dumps(self._schema))
        try:
            if self._validator.is_valid(body):
                return
            errors = list(self._validator.iter_errors(body))
        except ValueError:  # half a surrogate pair
            return
        from gitops_guard.schema.explain import Explanation

        assert self._schema is not None  # set beside the validator
        yield from Explanation(self._schema, body, secret=False).problems(errors)


def _is_ours(api_version: object) -> bool:
    return not api_version or (isinstance(api_version, str) and api_version.startswith(f"{GROUP}/"))


def _mended(schema: dict[str, Any]) -> dict[str, Any]:
    fields = schema["properties"]
    fields.update(apiVersion=_ANY, kind=_ANY, metadata={"type": ["object", "null"]})
    fields.update(dict.fromkeys(_OLD, _ANY))
    fields["helmCharts"]["items"]["properties"].update(dict.fromkeys(_OF_CHARTS, _ANY))
    patches = fields["patches"]  # a list of names was what patchesStrategicMerge is now
    patches["items"] = {
        "oneOf": [{"type": "string"}, *({"type": "object", **one} for one in patches["items"]["oneOf"])]
    }
    return schema
