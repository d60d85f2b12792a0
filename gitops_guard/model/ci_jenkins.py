"""Jenkinsfiles: the shell texts and the steps of plugins that stand in the Groovy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gitops_guard.model.ci import Job, Script, Step, Workflow
from gitops_guard.model.resource import Location, SourceFile

# One after the other, so that a quote in a comment and a comment in a string are what they are.
_TOKEN: Final = re.compile(
    r"//[^\n]*|/\*|'''|\"\"\"|'(?:[^'\\\n]|\\.)*'?|\"(?:[^\"\\\n]|\\.)*\"?|\b(?:sh|bat|pwsh|powershell|stage|"
    r"withKubeConfig|withKubeCredentials|kubernetesDeploy|kubeconfig|openshift\.apply|openshift\.create|"
    r"openshift\.withCluster|kubeconfigFile|kubeconfigContent)\b(?=[ \t]*[(\[{'\"])",
    re.DOTALL,
)
_BETWEEN: Final = re.compile(
    r"[ \t(\[]*(?:(?:returnStdout|returnStatus|label|encoding)\s*:\s*[\w'\" .-]{0,100},\s*)*(?:script\s*:\s*)?"
)
_SHELLS: Final = ("sh", "bat", "pwsh", "powershell")


def read(file: SourceFile) -> Iterator[Workflow]:
    """The whole file as one job: stages mostly run in one place, or may do so."""
    text = file.data.decode("utf-8", "replace")
    job = Job("Jenkinsfile", file, 0, (), tuple(_steps(file, text)))
    yield Workflow(file, (job,))


def _steps(file: SourceFile, text: str) -> Iterator[Step]:
    stage, at = "", 0
    line, line_begin, counted = 1, 0, 0
    while match := _TOKEN.search(text, at):
        found, at = match.group(), match.end()
        if found == "/*":
            end = text.find("*/", at)
            at = len(text) if end < 0 else end + 2
        elif found in ("'''", '"""'):
            at = _end(text, at, found)
        elif found[0].isalpha():
            line += text.count("\n", counted, match.start())
            line_begin = max(line_begin, text.rfind("\n", counted, match.start()) + 1)
            counted = match.start()
            place = Location(file.path, line, counted - line_begin + 1)
            begin, at = _argument(text, at)
            content = text[begin:at].rstrip("'\"")
            if found == "stage":
                stage = content[:100]
            elif found in _SHELLS:
                yield Step(stage or found, file, 0, (), (Script(file, content, offset=begin),), at=place)
            else:
                yield Step(stage or found, file, 0, (), uses=found, at=place)


def _argument(text: str, at: int) -> tuple[int, int]:
    """From where to where the string goes that a step is given; an empty stretch where it is given none."""
    between = _BETWEEN.match(text, at)
    begin = between.end() if between else at
    for quotes in ("'''", '"""'):
        if text.startswith(quotes, begin):
            return begin + 3, _end(text, begin + 3, quotes)
    match = _TOKEN.match(text, begin)
    if match and match.group()[0] in "'\"":
        return begin + 1, match.end()
    return at, at


def _end(text: str, at: int, quotes: str) -> int:
    end = text.find(quotes, at)
    return len(text) if end < 0 else end + 3
