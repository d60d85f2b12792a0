"""The embedded engine: resources against the schemas that come with the program, of the tree, and of the user."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitops_guard.load.deprecations import deprecation, is_removed
from gitops_guard.model.finding import Problem
from gitops_guard.model.placeholder import is_placeholder
from gitops_guard.model.resource import FieldPath, Resource
from gitops_guard.schema.compiled import RefusedError, compiled
from gitops_guard.schema.store import KubernetesSchemas, PublicCatalog, supported_version

if TYPE_CHECKING:
    import jsonschema_rs

    from gitops_guard.schema.kustomization import KustomizationSchema
    from gitops_guard.schema.later import LaterVersions
    from gitops_guard.schema.locations import Locations

INVALID, MISSING = "schema-invalid", "schema-missing"
MOST_ERRORS = 1000  # of one resource; a fifth of them is told
Definitions = Callable[[str, str], Iterable[Mapping[str, Any]]]


@dataclass(slots=True)
class Known:
    """What is known of one apiVersion and kind: a validator, or why there is none.

    *missing* is the sentence of `schema-missing`, *invalid* what is wrong with apiVersion or kind; none of both beside
    no validator means that another rule tells it.
    """

    text: str = ""
    validator: jsonschema_rs.Validator | None = None
    missing: str = ""
    invalid: Problem | None = None
    parsed: Mapping[str, Any] | None = None

    @property
    def schema(self) -> Mapping[str, Any]:
        if self.parsed is None:
            self.parsed = json.loads(self.text)
        return self.parsed


class EmbeddedSchemas:
    """Looks up in Kubernetes, then the definitions of the tree, then the public catalog, then *locations*.

    *version* as `1.31` ("" is the newest). *crds* gives the bodies of the tree's definitions of a group and kind.
    Schemas are compiled once; `placeholders` and `sops` count, for the ledger, values that were not judged and
    top-level `sops` fields that were left out. Raises UsageError for an unknown version or a wrong location.
    """

    def __init__(
        self,
        version: str,
        *,
        crds: Definitions,
        locations: Sequence[str] = (),
        online: bool = False,
        cache_dir: Path | None = None,
    ) -> None:
        self.version = supported_version(version)
        self.placeholders = 0
        self.sops = 0
        self._crds = crds
        self._known: dict[tuple[str, str], Known] = {}
        self._kubernetes: KubernetesSchemas | None = None
        self._catalog = PublicCatalog()
        self._locations: Locations | None = None
        self._kustomizations: KustomizationSchema | None = None
        self._later: LaterVersions | None = None
        if wanted := [location for location in locations if location != "default"]:
            from gitops_guard.schema.locations import Locations

            self._locations = Locations(wanted, version=self.version, online=online, cache_dir=cache_dir)

    def check(self, resource: Resource) -> Iterator[tuple[str, Problem]]:
        """Pairs of rule id (`schema-invalid`, `schema-missing`) and problem; nothing for a valid resource."""
        if resource.id.name and resource.api_version and resource.id.kind:
            return self.judge(resource)
        return self._unidentified(resource)

    def unnamed(self, resource: Resource) -> Problem | None:
        """That the resource has no name, which no schema demands; see `identity.unnamed`."""
        if resource.id.name:
            return None
        from gitops_guard.schema import identity

        return identity.unnamed(resource, is_known=bool(self.text(resource.api_version, resource.id.kind)))

    def judge(self, resource: Resource) -> Iterator[tuple[str, Problem]]:
        """What the schema alone says of a resource that has an apiVersion and a kind."""
        key = (resource.api_version, resource.id.kind)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._look_up(*key)
        if known.validator is None:
            if known.invalid is not None:
                return iter([(INVALID, known.invalid)])
            return self._without_schema(resource, known.missing) if known.missing else iter(())
        body = resource.body
        if "sops" in body:
            self.sops += 1
            body = {field: value for field, value in body.items() if field != "sops"}
        try:
            if known.validator.is_valid(body):
                return iter(())
            errors = list(islice(known.validator.iter_errors(body), MOST_ERRORS))
        except ValueError:  # half a surrogate pair, which JSON can write and UTF-8 cannot
            return iter([(MISSING, Problem((), "the resource is not plain JSON data, so it was not checked"))])
        return self._explain(known, resource, body, errors)

    def _without_schema(self, resource: Resource, message: str) -> Iterator[tuple[str, Problem]]:
        from gitops_guard.schema import modeline

        yield MISSING, Problem(("kind",), message, fix=modeline.use_of(resource) or None)

    def _unidentified(self, resource: Resource) -> Iterator[tuple[str, Problem]]:
        if problem := self.unnamed(resource):
            yield INVALID, problem
        if resource.api_version and resource.id.kind:
            yield from self.judge(resource)
            return
        from gitops_guard.schema import identity

        kinds = self._built_in().kinds
        homes = [key.rpartition("/")[0] for key in sorted(kinds) if key.endswith(f"/{resource.id.kind}")]
        for problem in identity.untyped(resource, homes):
            yield INVALID, problem

    def kustomization(self, body: object) -> Iterator[Problem]:
        """What is wrong with a document of a kustomization file; its apiVersion and kind may be left out."""
        if self._kustomizations is None:
            from gitops_guard.schema.kustomization import KustomizationSchema

            self._kustomizations = KustomizationSchema(self._catalog)
        return self._kustomizations.problems(body)

    def text(self, api_version: str, kind: str) -> str:
        """The schema that resources of this kind are checked against, as JSON; "" where there is none."""
        key = (api_version, kind)
        if key not in self._known:
            self._known[key] = self._look_up(*key)
        return self._known[key].text

    def _explain(
        self, known: Known, resource: Resource, body: Mapping[str, Any], errors: Iterable[jsonschema_rs.ValidationError]
    ) -> Iterator[tuple[str, Problem]]:
        from gitops_guard.schema.explain import Explanation

        def since(path: FieldPath) -> str:
            if self._later is None:
                from gitops_guard.schema.later import LaterVersions

                self._later = LaterVersions(self.version)
            return self._later.first_with(f"{resource.api_version}/{resource.id.kind}", body, path)

        explanation = Explanation(known.schema, body, secret=resource.id.kind == "Secret", since=since)
        for problem in explanation.problems(errors):
            yield INVALID, problem
        self.placeholders += len(explanation.placeholders)

    def _look_up(self, api_version: str, kind: str) -> Known:
        if is_placeholder(api_version) or is_placeholder(kind):
            return Known(missing="apiVersion or kind is a placeholder, so the fields were not checked")
        if text := self._built_in().text(f"{api_version}/{kind}"):
            return Known(text, compiled(text))
        removed = deprecation(api_version, kind)
        if removed and is_removed(removed, self.version):
            return Known()  # the rule deprecated-api says it, with the replacement
        group, _, version = api_version.rpartition("/")
        reasons: list[str] = []
        for text, reason in self._sources(group, kind, version):
            if reason:
                reasons.append(reason)
                continue
            try:
                return Known(text, compiled(text))
            except RefusedError as error:
                reasons.append(f"a schema was found, but {error}")
        if not reasons:
            from gitops_guard.schema import strangers

            if (wrong := strangers.not_of_kubernetes(api_version, kind, self._built_in())) is not None:
                return Known(invalid=wrong)
        return Known(missing=self._missing(api_version, kind, reasons))

    def _built_in(self) -> KubernetesSchemas:
        if self._kubernetes is None:
            self._kubernetes = KubernetesSchemas(self.version)
        return self._kubernetes

    def _sources(self, group: str, kind: str, version: str) -> Iterator[tuple[str, str]]:
        """(text, "") for each schema that is found, ("", reason) for one that cannot be used."""
        if "." in group:
            definitions = list(self._crds(group, kind))
            if definitions:
                from gitops_guard.schema.definitions import schema_of

                text, reason = schema_of(definitions, version)
                yield (self._with_object_meta(text) if text else ""), reason
            elif published := self._catalog.find(group, kind, version):
                text = published.text
                yield (self._with_object_meta(text) if text else ""), published.reason
        if self._locations is not None:
            yield from self._locations.find(group, kind, version)

    def _with_object_meta(self, text: str) -> str:
        from gitops_guard.schema.structural import OBJECT_META

        return f'{{"$defs":{{{self._built_in().definitions(OBJECT_META)}}},{text[1:]}'

    def _missing(self, api_version: str, kind: str, reasons: Sequence[str]) -> str:
        from gitops_guard.schema.explain import printable
        from gitops_guard.schema.strangers import elsewhere

        start = f"no schema for {printable(kind)} of {printable(api_version)}, so its fields were not checked"
        if reasons:
            return f"{start}: {'; '.join(reasons)}"
        return start + elsewhere(api_version, printable(kind), self._built_in(), self._catalog)
