"""What a renderer may know besides the report."""

from __future__ import annotations

from dataclasses import dataclass

from gitops_guard.model.finding import Severity
from gitops_guard.report.show.escape import encodable


@dataclass(frozen=True, slots=True)
class Context:
    """*seconds* is shown by `text` only: every other format is the same for the same report.

    *width* is the terminal's, in columns. *coverage* lists every file that was not checked and what waivers allow.
    *checked* False says that there was nothing to check, so no findings are no success. *docs_url* is the folder of
    the rules' pages, with its final `/`. *waived_results* False leaves what somebody allowed out of
    SARIF: GitHub opens an alert for it in spite of its `suppressions` (github/codeql-action#1230).
    """

    color: bool = False
    width: int = 100
    seconds: float | None = None
    coverage: bool = False
    version: str = ""
    fail_on: Severity = Severity.ERROR
    docs_url: str = ""
    project_url: str = ""
    waived_results: bool = True
    checked: bool = True

    def rule_url(self, rule: str) -> str:
        """The page of *rule*, or "" where no documentation is published."""
        if not self.docs_url:
            return ""
        from urllib.parse import quote

        return f"{self.docs_url}{quote(encodable(rule), safe='')}.md"
