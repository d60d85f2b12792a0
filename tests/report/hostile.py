"""Reports as somebody would write them who wants to break a format."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from gitops_guard.model.finding import Coverage, Crash, Finding, Report, RuleInfo, Severity, Waived, Waiver
from gitops_guard.model.resource import Location, ResourceId, Skipped

# The properties are about bytes, not about time: a busy machine fails none of them.
relaxed = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

FRAGMENTS = [
    "a", "web", " ", "\n", "\r", "\t", "::error::", "##[error]", "%0A", "%25", ",", ":", "|", "\\", "\\|", "`", "```",
    "@team", "#1", "GH-12", "owner/repo#3", "https://example.com", "www.example.com", "a@example.com", "deadbeef1",
    "[text](https://example.com)", "](", "![i](x)", "<img src=x>", "</details>", "<!--", "-->", "]]>", "&amp;", "&#64;",
    "**b**", "_i_", "~~s~~", "$x$", ":tada:", "[^1]", "{0}", "{{", "'", '"', "<", ">", "\x00", "\x1b[31m", "\x85",
    "\u2028", "\u202e", "\u200b", "\ufeff", "\uffff", "\ud800", "\udcff", "日本", "e\u0301", "\U0001f600", "../", "/",
]  # fmt: skip  # one table, not seventy lines

texts = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join),
    st.text(st.characters(), max_size=30),
    st.text(st.characters(categories=["Cs", "Cc", "Cf"]), max_size=8),
)
places = st.builds(Location, texts, st.integers(1, 10**9), st.integers(1, 300))
severities = st.sampled_from(Severity)
findings = st.builds(
    Finding,
    location=places,
    rule=texts,
    severity=severities,
    message=texts,
    resource=st.none() | st.builds(ResourceId, texts, texts, texts, texts),
    path=st.lists(texts | st.integers(0, 9), max_size=3).map(tuple),
    fix=st.none() | texts,
    excerpt=st.none() | texts,
)
skipped = st.lists(st.builds(Skipped, texts, texts, texts), max_size=3).map(tuple)
reports = st.builds(
    Report,
    findings=st.lists(findings, max_size=4).map(tuple),
    waived=st.lists(
        st.builds(Waived, findings, st.builds(Waiver, texts, places, texts, st.just("2027-01-31"), texts)), max_size=2
    ).map(tuple),
    coverage=st.builds(
        Coverage,
        resources=st.integers(0, 5000),
        files=st.integers(0, 5000),
        environments=st.integers(0, 5),
        skipped=skipped,
        partial=skipped,
        other=skipped,
        notes=st.lists(texts, max_size=2).map(tuple),
    ),
    crashes=st.lists(st.builds(Crash, texts, texts, texts), max_size=2).map(tuple),
    rules=st.lists(st.builds(RuleInfo, texts, texts, texts, severities), max_size=2).map(tuple),
)
