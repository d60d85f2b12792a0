"""SARIF 2.1.0 (errata 01), within what GitHub's code scanning takes: https://docs.github.com/code-security/code-scanning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from gitops_guard.model.finding import Finding, Report, RuleInfo, Severity, Waiver
from gitops_guard.model.resource import Location, ResourceId
from gitops_guard.report.context import Context
from gitops_guard.report.show.escape import encodable, sentence
from gitops_guard.report.show.layered import layered
from gitops_guard.report.show.summary import checked, crashed

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MAX_RESULTS = 25_000  # GitHub refuses a run with more
SHOWN_RESULTS = 5_000  # and of those it keeps the most severe
MAX_DESCRIPTION = 1024  # characters, for shortDescription and fullDescription

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
# GitHub sorts alerts with a number as security alerts; 7.0 to 8.9 is "high". Only rules about secrets are that sure.
_HIGH = "8.0"
_SECRET_WORDS = {"secret", "secrets"}


class _Result(NamedTuple):
    finding: Finding
    waiver: Waiver | None


def render(report: Report, context: Context) -> str:
    results = _results(report, context)
    kept = _kept(results)
    rules = _rules(report, (results[at].finding for at in kept))
    run = {
        "tool": {"driver": _driver(rules, context)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(report, left_out=len(results) - len(kept), results=len(kept))],
        "results": list(_described(results, kept, rules)),
    }
    return f"{layered({'$schema': SCHEMA, 'version': '2.1.0', 'runs': [run]}, 4)}\n"


def _results(report: Report, context: Context) -> list[_Result]:
    """Findings and waived ones in one order, so that to allow one of two equal findings renumbers neither."""
    waived = report.waived if context.waived_results else ()
    results = [_Result(finding, None) for finding in report.findings]
    results += [_Result(one.finding, one.waiver) for one in waived]
    return sorted(results, key=lambda one: (one.finding.location, one.finding.rule, one.finding.message))


def _kept(results: list[_Result]) -> set[int]:
    """The places in *results* of those that GitHub takes: findings before waived ones, the worst first."""
    order = sorted(
        range(len(results)), key=lambda at: (results[at].waiver is not None, -results[at].finding.severity, at)
    )
    return set(order[:MAX_RESULTS])


def _described(results: list[_Result], kept: set[int], rules: dict[str, RuleInfo]) -> Iterator[dict[str, Any]]:
    index = {rule: at for at, rule in enumerate(rules)}
    seen: dict[str, int] = {}
    for at, (finding, waiver) in enumerate(results):
        fingerprint = finding.fingerprint
        seen[fingerprint] = seen.get(fingerprint, 0) + 1
        if at not in kept:
            continue
        result = _result(finding, index[finding.rule], f"{fingerprint}:{seen[fingerprint]}")
        if waiver:
            result["suppressions"] = [_suppression(finding, waiver)]
        yield result


def _result(finding: Finding, index: int, fingerprint: str) -> dict[str, Any]:
    location: dict[str, Any] = {"physicalLocation": _physical(finding.location)}
    if finding.resource:
        location["logicalLocations"] = [_logical(finding.resource)]
    return {
        "ruleId": encodable(finding.rule),
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [location],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint, "gitopsGuard/v1": fingerprint},
    }


def _message(finding: Finding) -> str:
    text = sentence(finding.message) + (f" (help: {sentence(finding.fix)})" if finding.fix else "")
    return text.replace("](", "] (")  # SARIF 3.11.6: `[text](target)` in a message is a link


def _physical(location: Location) -> dict[str, Any]:
    return {
        "artifactLocation": _artifact(location.file),
        "region": {"startLine": max(1, location.line), "startColumn": max(1, location.column)},
    }


def _artifact(file: str) -> dict[str, str]:
    from urllib.parse import quote

    uri = quote(file, errors="surrogateescape") if _is_file_name(file) else quote(encodable(file))
    return {"uri": f"file://{uri}"} if uri.startswith("/") else {"uri": uri, "uriBaseId": "%SRCROOT%"}


def _is_file_name(file: str) -> bool:
    try:
        file.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _logical(resource: ResourceId) -> dict[str, str]:
    group = f".{resource.group}" if resource.group else ""
    return {
        "name": sentence(resource.name),
        "fullyQualifiedName": sentence(f"{resource.kind}{group}/{resource.namespace}/{resource.name}"),
        "kind": "resource",
    }


def _suppression(finding: Finding, waiver: Waiver) -> dict[str, Any]:
    more = [f"until {waiver.until}"] if waiver.until else []
    more += [f"owner {waiver.owner}"] if waiver.owner else []
    reason = f"{waiver.reason} ({', '.join(more)})" if more else waiver.reason
    return {
        "kind": "inSource" if waiver.where.file == finding.location.file else "external",
        "status": "accepted",
        "justification": sentence(reason),
        "location": {"physicalLocation": _physical(waiver.where)},
    }


def _rules(report: Report, findings: Iterable[Finding]) -> dict[str, RuleInfo]:
    """Those of *findings* by id, also those that only a finding names (a policy of the user without documentation)."""
    rules = {finding.rule: RuleInfo(finding.rule, finding.rule, "", finding.severity) for finding in findings}
    rules.update({rule.id: rule for rule in report.rules if rule.id in rules})
    return dict(sorted(rules.items()))


def _driver(rules: dict[str, RuleInfo], context: Context) -> dict[str, Any]:
    driver: dict[str, Any] = {"name": "gitops-guard"}
    if context.version:
        driver |= {"version": context.version, "semanticVersion": context.version}
    if context.project_url:
        driver["informationUri"] = context.project_url
    return driver | {"rules": [_rule(rule, context) for rule in rules.values()]}


def _rule(rule: RuleInfo, context: Context) -> dict[str, Any]:
    summary = encodable(rule.summary)[:MAX_DESCRIPTION]
    doc = encodable(rule.doc or rule.summary)
    secret = not _SECRET_WORDS.isdisjoint(rule.id.split("-"))
    described: dict[str, Any] = {
        "id": encodable(rule.id),
        "shortDescription": {"text": summary},
        "fullDescription": {"text": _reason(doc)[:MAX_DESCRIPTION] or summary},
        "help": {"text": doc, "markdown": doc},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"precision": "high", "tags": ["gitops", "kubernetes", *(["security"] if secret else [])]},
    }
    if secret:
        described["properties"]["security-severity"] = _HIGH
    if url := context.rule_url(rule.id):
        described["helpUri"] = url
    return described


def _reason(doc: str) -> str:
    """The prose of a rule's documentation: what stands before its first heading."""
    return doc.split("\n## ", 1)[0].strip()


def _invocation(report: Report, *, left_out: int, results: int) -> dict[str, Any]:
    notes = [_notification("note", checked(report.coverage))]
    notes += [_notification("error", sentence(crashed(crash))) for crash in report.crashes]
    if left_out:
        notes.append(_notification("warning", f"{left_out:,} results were left out: GitHub takes {MAX_RESULTS:,}"))
    if results > SHOWN_RESULTS:
        notes.append(_notification("note", f"GitHub shows the worst {SHOWN_RESULTS:,} of {results:,} results"))
    return {"executionSuccessful": not report.crashes, "toolExecutionNotifications": notes}


def _notification(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": text}}
