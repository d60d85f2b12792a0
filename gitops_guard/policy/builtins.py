"""Which builtins of Rego a policy may call: a list of what is allowed, never of what is not.

A builtin outside of it is found in the parsed module, before anything is evaluated: called, named as `http["send"]`, or
set in place of another one by `with`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NoReturn

from gitops_guard.policy import builtins_python
from gitops_guard.policy.program import Failure
from gitops_guard.policy.rego import Outline

# Pure functions that the embedded engine has itself, or gets rewritten (`rego_text.py`).
EMBEDDED: Final = frozenset({
    "abs", "array.concat", "array.reverse", "array.slice", "base64.decode", "base64.encode", "base64.is_valid",
    "base64url.decode", "base64url.encode", "base64url.encode_no_pad", "bits.and", "bits.lsh", "bits.negate",
    "bits.or", "bits.rsh", "bits.xor", "ceil", "concat", "contains", "count", "endswith", "floor", "format_int",
    "glob.match", "glob.quote_meta", "graph.reachable", "graph.reachable_paths", "hex.decode", "hex.encode",
    "indexof", "indexof_n", "intersection", "is_array", "is_boolean", "is_null", "is_number", "is_object", "is_set",
    "is_string", "json.filter", "json.is_valid", "json.marshal", "json.marshal_with_options",
    "json.patch", "json.remove", "json.unmarshal", "json.verify_schema", "lower", "max", "min", "net.cidr_contains",
    "net.cidr_expand", "net.cidr_is_valid", "numbers.range", "numbers.range_step", "object.filter", "object.get",
    "object.keys", "object.remove", "object.subset", "object.union", "object.union_n", "print", "product",
    "re_match", "regex.find_all_string_submatch_n", "regex.find_n", "regex.is_valid", "regex.match",
    "regex.replace", "regex.split", "rego.metadata.rule", "replace", "round",
    "semver.compare", "semver.is_valid", "sort", "split", "sprintf", "startswith", "strings.any_prefix_match",
    "strings.any_suffix_match", "strings.count", "strings.replace_n", "strings.reverse", "substring", "sum",
    "time.clock", "time.date", "time.diff", "time.format", "time.parse_duration_ns",
    "time.parse_ns", "time.parse_rfc3339_ns", "time.weekday", "to_number", "trace", "trim", "trim_left",
    "trim_prefix", "trim_right", "trim_space", "trim_suffix", "type_name", "union", "units.parse",
    "units.parse_bytes", "upper", "urlquery.decode", "urlquery.decode_object", "urlquery.encode",
    "urlquery.encode_object", "uuid.parse", "walk", "yaml.is_valid", "yaml.marshal", "yaml.unmarshal",
})  # fmt: skip
# What a policy must not do unless the configuration allows it, with what it would reach.
REFUSED: Final = {
    "http.send": "reaches the network",
    "net.lookup_ip_addr": "reaches the network",
    "opa.runtime": "reads the environment",
    "rand.intn": "gives another answer each time",
    "time.now_ns": "reads the clock",
    "uuid.rfc4122": "gives another answer each time",
}
_ARITIES: Final = {"opa.runtime": 0, "rand.intn": 2, "time.now_ns": 0}  # of those that are not 1
# What the embedded engine can do although it is refused by default.
_CAN_BE_ALLOWED: Final = frozenset({"rand.intn", "time.now_ns", "uuid.rfc4122"})
_BODIES_UNDER_NOT: Final = "future.keywords.not"  # of OPA 1.22: the engine takes `not { … }` for a set
# What OPA has and the embedded engine has not, or has with other results: `opa capabilities --current`, v1.22.
MISSING: Final = frozenset({
    "cast_array", "cast_boolean", "cast_null", "cast_object", "cast_set", "cast_string",
    "crypto.parse_private_keys", "crypto.x509.parse_and_verify_certificates",
    "crypto.x509.parse_and_verify_certificates_with_options", "crypto.x509.parse_certificate_request",
    "crypto.x509.parse_certificates", "crypto.x509.parse_keypair", "crypto.x509.parse_rsa_private_key",
    "graphql.is_valid", "graphql.parse", "graphql.parse_and_verify", "graphql.parse_query", "graphql.parse_schema",
    "graphql.schema_is_valid", "io.jwt.decode_verify", "io.jwt.encode_sign", "io.jwt.encode_sign_raw",
    "io.jwt.verify_eddsa", "io.jwt.verify_es256", "io.jwt.verify_es384", "io.jwt.verify_es512",
    "io.jwt.verify_ps256", "io.jwt.verify_ps384", "io.jwt.verify_ps512", "io.jwt.verify_rs256",
    "io.jwt.verify_rs384", "io.jwt.verify_rs512", "json.match_schema", "net.cidr_contains_matches",
    "net.cidr_intersects", "net.cidr_merge", "net.cidr_overlap", "providers.aws.sign_req", "regex.globs_match",
    "regex.template_match", "rego.metadata.chain", "rego.parse_module", "set_diff",
    "strings.render_template", "strings.split_n", "uri.is_valid", "uri.parse",
})  # fmt: skip


def faults(
    outline: Outline, allowed: Collection[str], functions: Collection[str], *, embedded: bool = True
) -> Iterator[Failure]:
    """What a module calls and may not, or what the *embedded* engine has not.

    *allowed* are further names, *functions* those of the package of the module, as far as they are in other modules.
    """
    if embedded and _BODIES_UNDER_NOT in outline.imports:
        said = f"the embedded engine does not know `import {_BODIES_UNDER_NOT}`; `--policy-engine opa` does"
        yield Failure(outline.module.path, said, outline.module.at(1))
    for call in outline.calls:
        said = _fault(call.name, allowed, embedded=embedded)
        if not said and call.called and embedded and not (_is_known(call.name) or call.name in functions):
            said = f"there is no builtin and no function `{call.name}`"
        if said:
            yield Failure(outline.module.path, said, outline.module.at(call.line, call.column))


def _fault(name: str, allowed: Collection[str], *, embedded: bool) -> str:
    elsewhere = "`--policy-engine opa` has it"
    if name in REFUSED and name not in allowed:
        return f"the policy calls `{name}`, which {REFUSED[name]}; `policy.builtins` in the configuration can allow it"
    if embedded and name in REFUSED and name not in _CAN_BE_ALLOWED:
        return f"the embedded engine does not do `{name}`; {elsewhere}"
    if embedded and name in MISSING:
        return f"the embedded engine has no builtin `{name}`; {elsewhere}"
    return ""


def barred(allowed: Collection[str]) -> dict[str, builtins_python.Builtin]:
    """In place of what is refused: functions that fail, for a call that was not found in what was parsed."""
    names = [name for name in REFUSED if _fault(name, allowed, embedded=True)]
    return {name: (_ARITIES.get(name, 1), partial(_bar, _fault(name, allowed, embedded=True))) for name in names}


class BarredError(ValueError):
    """Its message never carries the input."""


def _bar(said: str, *_: Any) -> NoReturn:
    raise BarredError(said)


def _is_known(name: str) -> bool:
    return name in EMBEDDED or name in builtins_python.NAMES or name in _CAN_BE_ALLOWED


def functions_by_package(outlines: Iterable[Outline]) -> dict[str, set[str]]:
    """The names of all rules, which functions are as well, by the package that they are in."""
    found: dict[str, set[str]] = {}
    for outline in outlines:
        found.setdefault(outline.package, set()).update(rule.path for rule in outline.rules)
    return found


def sifted(
    outlines: Sequence[Outline], allowed: Collection[str], *, embedded: bool
) -> tuple[list[Outline], list[Failure]]:
    """The modules that may be evaluated, and why the others may not."""
    kept: list[Outline] = []
    failures: list[Failure] = []
    functions = functions_by_package(outlines)
    for outline in outlines:
        said = list(faults(outline, allowed, functions[outline.package], embedded=embedded))
        failures += said
        if not said:
            kept.append(outline)
    return kept, failures
