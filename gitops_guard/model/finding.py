"""What was found: problems as rules tell them, findings as the engine completes them, the report of a run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from gitops_guard.model.resource import FieldPath, Location, ResourceId, Skipped


class Severity(IntEnum):
    """Ordered: `finding.severity >= fail_on`."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, name: str) -> Severity:
        """Raises KeyError for a name that is not a severity."""
        return cls[name.upper()]


@dataclass(frozen=True, slots=True)
class Problem:
    """What a rule says: a field, a sentence without the value of a secret, and perhaps what to write instead.

    The engine finds line and column. *on_key* points at the key instead of its value; *at* overrides both, for
    what has no field (a line of a linter, a comment); *severity* lowers that of the rule, never raises it.
    """

    path: FieldPath
    message: str
    fix: str | None = None
    on_key: bool = False
    at: Location | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A problem with its place. `sorted(findings)` reads top to bottom, file by file."""

    location: Location
    rule: str
    severity: Severity
    message: str
    resource: ResourceId | None = None
    path: FieldPath = ()
    fix: str | None = None
    excerpt: str | None = None

    @property
    def fingerprint(self) -> str:
        """16 hex digits that stay when lines move: rule, file, resource, field and message, never the line."""
        from hashlib import sha256  # 3 ms: OpenSSL comes with it

        field = "\x1f".join(map(str, self.path))
        parts = (self.rule, self.location.file, str(self.resource or ""), field, self.message)
        return sha256("\x1e".join(parts).encode(errors="surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Waiver:
    """A finding that somebody allowed. *where* is the place of the waiver itself; *until* is an ISO date or ""."""

    rule: str
    where: Location
    reason: str
    until: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Waived:
    finding: Finding
    waiver: Waiver


@dataclass(frozen=True, slots=True)
class Crash:
    """A rule that failed: its id, where it was, and the traceback, which names no value of a resource.

    *reason* is a sentence where a policy of the user's is at fault and not this program; *where* is then its place.
    """

    rule: str
    where: str
    traceback: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was checked, and all that was not, with the reason.

    *files* are those with resources. *skipped* should have been checked and was not, *partial* was in part, *other*
    are files that hold no manifests. All sorted by file.
    """

    resources: int = 0
    files: int = 0
    environments: int = 0
    apps: int = 0
    skipped: tuple[Skipped, ...] = ()
    partial: tuple[Skipped, ...] = ()
    other: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a renderer or an exit code needs. All tuples are sorted."""

    findings: tuple[Finding, ...] = ()
    waived: tuple[Waived, ...] = ()
    coverage: Coverage = Coverage()
    crashes: tuple[Crash, ...] = ()
    rules: tuple[RuleInfo, ...] = ()

    def worst(self) -> Severity | None:
        return max((finding.severity for finding in self.findings), default=None)


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What a report says of a rule: id, one sentence, the whole documentation (Markdown), default severity."""

    id: str
    summary: str
    doc: str
    severity: Severity
