"""`allow <rule>[, <rule>] -- reason [until YYYY-MM-DD]`: the words of a waiver, in a comment or an annotation."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

_DIRECTIVE: Final = re.compile(r"gitops-guard\s*:\s*(?P<body>.*)", re.IGNORECASE)
_NO_COLON: Final = re.compile(r"gitops-guard\s+(?:allow|ignore|disable|skip|waive|suppress)\b", re.IGNORECASE)
_OTHER_VERBS: Final = frozenset({"ignore", "disable", "skip", "waive", "suppress", "noqa", "exclude", "permit"})
_UNTIL: Final = re.compile(r"(?:^|\s)[\[(]?until\s+(?P<date>\d[\w/.-]*)[\])]?$", re.IGNORECASE)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_RULE_SEPARATOR: Final = re.compile(r"[\s,]+")
SHAPE: Final = "write `gitops-guard: allow <rule> -- reason [until YYYY-MM-DD]`"


class WaiverError(ValueError):
    """What is wrong with a waiver, as a sentence."""


@dataclass(frozen=True, slots=True)
class Grant:
    """*until* is an ISO date, the last day on which the waiver works, or ""."""

    rules: tuple[str, ...]
    reason: str
    until: str = ""


def directives(comment: str) -> Iterator[str]:
    """What stands behind `gitops-guard:` in a comment; several may follow each other, each after a `#`.

    A line that only looks like one is given whole, so that reading it fails: a typing error must not pass for prose.
    """
    for part in re.split(r"(?:^|\s)#+\s*", comment):
        match = _DIRECTIVE.match(part)
        if match is not None:
            yield match["body"].strip()
        elif _NO_COLON.match(part):
            yield part.strip()


def read(body: str, known: Collection[str]) -> Grant | None:
    """The words behind `gitops-guard:`, None for prose. Raises WaiverError, also for what was meant as a waiver."""
    from difflib import get_close_matches

    verb, _, rest = body.partition(" ")
    if verb == "allow":
        return grant(rest, known)
    word = verb.lower().strip(":,")
    names_rule = any(name in known for name in _RULE_SEPARATOR.split(rest))
    if names_rule or "--" in rest or word in _OTHER_VERBS or get_close_matches(word, ["allow"], cutoff=0.75):
        raise WaiverError(f"{verb[:20]!r} is not `allow`; {SHAPE}")
    return None


def grant(text: str, known: Collection[str]) -> Grant:
    """`<rule>[, <rule>] -- reason [until DATE]`. Raises WaiverError."""
    names, separator, reason = text.partition("--")
    rules = tuple(name for name in _RULE_SEPARATOR.split(names.strip()) if name)
    if not separator or not reason.strip():
        raise WaiverError(f"a waiver needs a reason; {SHAPE}")
    if not rules:
        raise WaiverError(f"a waiver needs a rule; {SHAPE}")
    for name in rules:
        check_rule(name, known)
    reason, until = _until(reason.strip())
    if not reason:
        raise WaiverError(f"a waiver needs a reason; {SHAPE}")
    return Grant(rules, reason, until)


def check_rule(name: str, known: Collection[str]) -> None:
    """Raises WaiverError for what is no rule, and for the rules about waivers, which nobody can allow."""
    from difflib import get_close_matches

    if name.startswith("waiver-"):
        raise WaiverError(f"{name!r} cannot be allowed")
    if name not in known:
        close = get_close_matches(name, sorted(known), n=1)
        raise WaiverError(f"there is no rule {name!r}" + (f"; did you mean {close[0]!r}?" if close else ""))


def _until(reason: str) -> tuple[str, str]:
    match = _UNTIL.search(reason)
    if match is None:
        return reason, ""
    return reason[: match.start()].strip(), check_date(match["date"])


def check_date(text: str) -> str:
    """The ISO date as it stands. Raises WaiverError for a day that is not in the calendar."""
    from datetime import date

    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise WaiverError(f"`until` needs a day of the calendar as YYYY-MM-DD, not {text[:20]!r}")
