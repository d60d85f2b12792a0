"""Shell text read as commands, with the place of each."""

from __future__ import annotations

import time

import pytest

from gitops_guard.model import shell


def ran(text: str, **variables: str) -> list[str]:
    return [" ".join(command.words) for command in shell.resolved(text, variables)]


def places(text: str, wanted: str) -> list[int]:
    """The lines on which commands stand that begin with the word *wanted*."""
    found = [command for command in shell.resolved(text, {}) if command.words[:1] == (wanted,)]
    return sorted(text.count("\n", 0, command.places[0]) + 1 for command in found)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("go", id="alone"),
        pytest.param("true && go", id="and"),
        pytest.param("false || go", id="or"),
        pytest.param("true; go", id="semicolon"),
        pytest.param("cat x | go", id="pipe"),
        pytest.param("cat x |& go", id="pipe of both outputs"),
        pytest.param("sleep 1 & go", id="background"),
        pytest.param("(cd x && go)", id="subshell"),
        pytest.param("{ go; }", id="group"),
        pytest.param("x=$(go)", id="substitution"),
        pytest.param('echo "it is $(go)"', id="substitution in quotes"),
        pytest.param('echo "$(echo "$(go)")"', id="substitution in a substitution"),
        pytest.param("echo `go`", id="backticks"),
        pytest.param("diff <(go) x", id="process substitution"),
        pytest.param("if go; then true; fi", id="condition"),
        pytest.param("if true; then go; fi", id="branch"),
        pytest.param("for x in a b; do go; done", id="loop"),
        pytest.param("while ! go; do true; done", id="negation"),
        pytest.param("case $x in\n a) go ;;\nesac", id="case"),
        pytest.param("f() { go; }", id="function"),
        pytest.param("A=b C=d go", id="assignments before it"),
        pytest.param("sudo -u ci env A=b go", id="sudo and env"),
        pytest.param("timeout -k 5 5m go", id="timeout"),
        pytest.param("ls | xargs -n 1 -I {} go", id="xargs"),
        pytest.param("time nice -n 5 nohup go", id="several prefixes"),
        pytest.param("retry 3 -- go", id="a runner"),
        pytest.param("bash -c 'true; go'", id="bash -c"),
        pytest.param("bash -euxc 'go'", id="bash with options"),
        pytest.param('eval "go"', id="eval"),
        pytest.param("ssh -i key me@host go", id="ssh"),
        pytest.param("ssh host 'cd x && go'", id="ssh with a text"),
        pytest.param("ssh host <<END\ngo\nEND", id="ssh with a here document"),
        pytest.param("K=go; $K", id="a variable"),
        pytest.param("export K=go\n${K}", id="an exported variable"),
        pytest.param("${K:-go}", id="the default of a variable"),
        pytest.param("$(which go)", id="which"),
        pytest.param("'go'", id="in quotes"),
        pytest.param("g\\o", id="an escape"),
        pytest.param("go>log 2>&1", id="redirections"),
        pytest.param("true &&\\\n  go", id="a line that goes on"),
        pytest.param("true &&\\\r\n  go", id="a line that goes on, from Windows"),
        pytest.param("true # it's\ngo", id="a quote in a comment"),
        pytest.param("cat <<END > x\nit's\nEND\ngo", id="a quote in a here document"),
        pytest.param("cat <<-'END'\n\tit's\n\tEND\ngo", id="an indented here document"),
        pytest.param("cat <<A <<B\nA\nit's\nB\ngo", id="two here documents"),
        pytest.param("cat <<< it\ngo", id="a here string"),
        pytest.param("echo ${{ a || 'b' }} && go", id="an expression of GitHub"),
        pytest.param("echo $((1 << 2)); go", id="arithmetic"),
        pytest.param("[[ a && -n b ]] && go", id="a condition of bash"),
    ],
)
def test_a_command_is_found_wherever_it_stands(text: str) -> None:
    assert "go" in ran(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("echo go", id="an argument"),
        pytest.param("echo 'true; go'", id="in single quotes"),
        pytest.param('echo "true; go"', id="in double quotes"),
        pytest.param('echo "say \\"; go"', id="behind an escaped quote"),
        pytest.param("# true; go", id="a comment"),
        pytest.param("cat <<END\ngo\nEND", id="a here document"),
        pytest.param("cat <<'END' > deploy.sh\ngo\nEND\n", id="a here document that makes a script"),
        pytest.param("echo a\\; go", id="an escaped semicolon"),
        pytest.param("echo it#go", id="no comment"),
        pytest.param("echo > go", id="a file"),
        pytest.param("go=1", id="an assignment"),
    ],
)
def test_what_is_no_command_is_not_taken_for_one(text: str) -> None:
    assert "go" not in ran(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("a\nb\ngo x", 3, id="a line"),
        pytest.param("a &&\\\n b &&\\\n go x", 3, id="a line that goes on"),
        pytest.param("sudo \\\n  go", 2, id="behind a prefix"),
        pytest.param("cat <<END |\nx\ny\nEND\n go x", 5, id="behind a here document"),
        pytest.param("bash <<END\nx\ngo\nEND", 3, id="in a here document"),
        pytest.param("x\nbash -c '\ngo'", 2, id="in a text: where its shell is called"),
        pytest.param('echo "\n\n$(go)"', 3, id="in a substitution"),
    ],
)
def test_a_command_has_its_line(text: str, line: int) -> None:
    assert places(text, "go") == [line]


def test_variables_of_the_surroundings_are_known_and_become_words() -> None:
    assert ran('$K apply "$DIR"', K="kubectl -n x", DIR="a b") == ["kubectl -n x apply a b"]


def test_a_variable_that_nobody_knows_stays() -> None:
    assert ran("kubectl $VERB x") == ["kubectl $VERB x"]


def test_output_that_goes_to_a_file_is_told() -> None:
    written = [command.writes for command in shell.resolved("echo $X | base64 -d > ~/.kube/config", {})]

    assert written == [(), ("~/.kube/config",)]


@pytest.mark.parametrize(
    "text",
    ["'", '"', "`", "$(", "(", ")", "${", "<<", "<<'", "\\", "echo 'go", 'echo "$(go', "a <<END\nb", "if", "| |", "\0"],
)
def test_what_nobody_closes_ends_with_the_text(text: str) -> None:
    assert isinstance(ran(text), list)


def test_a_here_document_without_an_end_hides_nothing() -> None:
    assert "go" in ran("cat <<END\ngo")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("$(" * 100_000, id="open substitutions"),
        pytest.param('"$(' * 70_000, id="open quotes and substitutions"),
        pytest.param("`" * 200_000, id="backticks"),
        pytest.param("(" * 200_000, id="open subshells"),
        pytest.param(")" * 200_000, id="closed subshells"),
        pytest.param("'" * 200_001, id="quotes"),
        pytest.param("${" * 100_000, id="open variables"),
        pytest.param("${{" * 70_000, id="open expressions"),
        pytest.param("$" * 200_000, id="dollars"),
        pytest.param("<" * 200_000, id="redirections"),
        pytest.param("x <<A\n" * 30_000, id="here documents without an end"),
        pytest.param("".join(f"<<A{number} " for number in range(30_000)) + "\n", id="here documents of many names"),
        pytest.param("\\\n" * 100_000, id="lines that go on"),
        pytest.param(" " * 200_000, id="blanks"),
        pytest.param("a" * 1_000_000, id="one word"),
        pytest.param("A=$A$A;" * 30_000, id="a variable that doubles"),
        pytest.param("K=a; " + "$K " * 60_000, id="variables"),
        pytest.param("eval " * 40_000, id="eval"),
        pytest.param("sudo " * 40_000, id="prefixes"),
        pytest.param("a=b " * 50_000, id="assignments"),
        pytest.param("bash -c '" + "eval " * 40_000 + "'", id="shells"),
        pytest.param("bash <<A\n" * 20_000 + "A\n", id="shells in here documents"),
        pytest.param("echo hello | cat\n" * 60_000, id="a megabyte of commands"),
    ],
)
def test_hostile_texts_are_read_in_linear_time(text: str) -> None:
    started = time.process_time()

    for _ in shell.resolved(text, {}):
        pass

    assert time.process_time() - started < 6
