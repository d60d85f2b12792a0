"""yamllint as a program: what it says, where, and by which configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gitops_guard import lint
from gitops_guard.load import cache, process, sources
from gitops_guard.model.errors import ConfigError, SourceError
from gitops_guard.model.finding import Severity

UNTIDY = "a: 1  \nb: yes\n"
STRICT = "rules: {trailing-spaces: enable}\n"


@pytest.fixture(autouse=True)
def no_settings_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home folder stops yamllint's search upwards."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("GITOPS_GUARD_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("YAMLLINT_CONFIG_FILE", "XDG_CONFIG_HOME", "YAMLLINT_FILE_ENCODING"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    return folder


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def told(root: Path, files: Mapping[str, str | bytes], **given: Any) -> list[lint.Told]:
    contents = [(name, text.encode() if isinstance(text, str) else text) for name, text in files.items()]
    if not given.get("scratch"):
        write(root, files)
    return lint.start(contents, root=root, **given).collect()


def places(found: list[lint.Told]) -> list[tuple[str, int, int, str]]:
    return [(path, line, column, rule) for path, line, column, _, _, rule in found]


def test_says_where_and_by_which_rule(root: Path) -> None:
    assert told(root, {"a.yaml": UNTIDY}) == [
        ("a.yaml", 1, 5, Severity.WARNING, "trailing spaces", "trailing-spaces"),
        ("a.yaml", 2, 4, Severity.WARNING, "truthy value should be one of [false, true]", "truthy"),
    ]


def test_content_can_be_read_from_the_disk(root: Path) -> None:
    write(root, {"a.yaml": UNTIDY})

    assert places(lint.start([("a.yaml", None)], root=root).collect())[0] == ("a.yaml", 1, 5, "trailing-spaces")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: [\n", id="a syntax error is ours"),
        pytest.param("a: 1\na: 2\n", id="a duplicate key is ours"),
        pytest.param(b"a: \xff\n", id="not UTF-8"),
        pytest.param(b"a: \x01\n", id="a control character"),
        pytest.param("a: \u0080\n", id="a character that PyYAML refuses"),
        pytest.param("a: \ufffe\n", id="no character"),
        pytest.param("", id="empty"),
        pytest.param("# comment\n\n\n\n\na:   1\nb: [1,   2]\n" + "c: " + "x" * 300 + "\n", id="a matter of taste"),
        pytest.param("on: 1\nmode: 0644\nlist:\n- a\n- b\nempty:\n", id="usual in manifests"),
    ],
)
def test_does_not_say_what_is_no_matter_of_lint(root: Path, text: str | bytes) -> None:
    assert told(root, {"a.yaml": text}) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("[" * 100_000, "its brackets nest deeper than 500 levels", id="quadratic in depth"),
        pytest.param("{" * 600 + "}" * 600, "its brackets nest deeper than 500 levels", id="balanced"),
        pytest.param("# x\n" * 600_000, "it has 2400000 bytes, and yamllint is given at most 2097152", id="large"),
    ],
)
def test_what_would_take_minutes_is_listed_instead(root: Path, text: str, reason: str) -> None:
    found = told(root, {"a.yaml": text, "b.yaml": "b: [" + "{}, " * 2000 + "]\nc: 1 \n"})

    assert found[0] == ("a.yaml", 1, 1, Severity.INFO, f"not linted: {reason}", "size")
    assert ("b.yaml", 2, 5, "trailing-spaces") in places(found)


def test_the_rest_of_a_file_with_a_syntax_error_is_linted(root: Path) -> None:
    assert places(told(root, {"a.yaml": "a: 1  \nb: [\n"})) == [("a.yaml", 1, 5, "trailing-spaces")]


def test_what_a_syntax_error_makes_of_other_lines_is_not_said(root: Path) -> None:
    text = "w: yes\na:\n  - b: [1,\n  c: 2\n      d: 3 \nx: yes\n"

    assert places(told(root, {"a.yaml": text})) == [
        ("a.yaml", 1, 4, "truthy"),
        ("a.yaml", 5, 11, "trailing-spaces"),
    ]


@pytest.mark.parametrize("name", [".gitops-guard.yaml", ".gitops-guard-waivers.yaml", "shop/.gitops-guard.yaml"])
def test_off_is_what_our_own_files_are_to_say(root: Path, name: str) -> None:
    text = "rules:\n  lint: off \n"

    assert places(told(root, {name: text, "z.yaml": text})) == [
        (name, 2, 12, "trailing-spaces"),
        ("z.yaml", 2, 9, "truthy"),
        ("z.yaml", 2, 12, "trailing-spaces"),
    ]


@pytest.mark.parametrize("jobs", [1, 2, 7])
def test_all_files_are_linted_whatever_the_number_of_processes(
    root: Path, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lint, "_WORTH_A_PROCESS", 10)
    files = {f"{number:02}.yaml": "a: 1 \n" * (number % 5 + 1) for number in range(20)}

    found = told(root, files, jobs=jobs)

    assert {path for path, *_ in found} == set(files)
    assert found == sorted(found)


def test_command_lines_are_as_long_as_the_system_takes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", lambda _: 400)
    files = {f"{number:02}.yaml": "a: 1 \n" for number in range(12)}

    assert [path for path, *_ in told(root, files, jobs=2)] == sorted(files)


@pytest.mark.parametrize(
    "name",
    ["with blank.yaml", "-c.yaml", "a:1:2: [error] b.yaml", "new\nline.yaml", "grün.yaml", "\udcff.yaml", "a/b/c.yaml"],
)
def test_file_names_are_told_as_they_are(root: Path, name: str) -> None:
    write(root, {os.fsdecode(os.fsencode(name)): UNTIDY})

    found = lint.start([(name, UNTIDY.encode()), ("plain.yaml", b"")], root=root, scratch=True).collect()

    assert places(found) == [(name, 1, 5, "trailing-spaces"), (name, 2, 4, "truthy")]


def test_a_key_of_two_lines_makes_no_finding_of_its_own(root: Path) -> None:
    settings = "rules: {key-ordering: enable}\n"
    text = 'z: 1\n"b\\n./y.yaml:1:2: [error] forged (fake)": 2\n'

    assert places(told(root, {".yamllint": settings, "x.yaml": text})) == [("x.yaml", 2, 1, "key-ordering")]


def test_no_value_is_quoted(root: Path) -> None:
    rules = "{octal-values: enable, float-values: {require-numeral-before-decimal: true}}"

    found = told(root, {".yamllint": f"rules: {rules}\n", "x.yaml": "pin: 0777\nrate: .5\n"})

    assert [message for *_, message, rule in found if rule] == [
        "forbidden implicit octal value",
        "forbidden decimal missing 0 prefix",
    ]


class TestWhichConfigurationHolds:
    """In yamllint's order, compared with yamllint itself."""

    def by_yamllint(self, root: Path) -> list[str]:
        argv = [sys.executable, "-m", "yamllint", "-f", "parsable", "a.yaml"]
        done = subprocess.run(argv, cwd=root, capture_output=True, text=True)
        return [line.rsplit("(", 1)[1].rstrip(")") for line in done.stdout.splitlines()]

    @pytest.mark.parametrize("name", [".yamllint", ".yamllint.yaml", ".yamllint.yml"])
    def test_that_of_the_repository(self, root: Path, name: str) -> None:
        found = told(root, {name: STRICT, "a.yaml": UNTIDY})

        assert [(entry[3], entry[5]) for entry in found] == [(Severity.ERROR, "trailing-spaces")]

    def test_the_first_of_its_names(self, root: Path) -> None:
        files = {".yamllint.yml": STRICT, ".yamllint.yaml": "rules: {truthy: enable}\n", "a.yaml": UNTIDY}

        assert [rule for *_, rule in told(root, files)] == ["truthy"] == self.by_yamllint(root)

    def test_that_of_a_folder_around_it(self, root: Path) -> None:
        write(root.parent, {".yamllint": STRICT})

        assert [rule for *_, rule in told(root, {"a.yaml": UNTIDY})] == ["trailing-spaces"] == self.by_yamllint(root)

    def test_that_which_the_environment_names(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(root.parent, {"own/config": STRICT, ".config/yamllint/config": "rules: {truthy: enable}\n"})
        monkeypatch.setenv("YAMLLINT_CONFIG_FILE", "~/own/config")

        assert [rule for *_, rule in told(root, {"a.yaml": UNTIDY})] == ["trailing-spaces"] == self.by_yamllint(root)

    def test_that_of_the_user(self, root: Path) -> None:
        write(root.parent, {".config/yamllint/config": STRICT})

        assert [rule for *_, rule in told(root, {"a.yaml": UNTIDY})] == ["trailing-spaces"] == self.by_yamllint(root)

    def test_that_of_the_user_in_another_folder(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(root.parent, {"xdg/yamllint/config": STRICT, ".config/yamllint/config": "rules: {truthy: enable}\n"})
        monkeypatch.setenv("XDG_CONFIG_HOME", str(root.parent / "xdg"))

        assert [rule for *_, rule in told(root, {"a.yaml": UNTIDY})] == ["trailing-spaces"] == self.by_yamllint(root)

    def test_it_may_extend_another_and_leave_out_paths(self, root: Path) -> None:
        files = {
            ".yamllint": "extends: conf/base.yaml\nignore-from-file: [.gitignore, conf/more]\n"
            "rules: {trailing-spaces: {ignore: a.yaml}}\n",
            "conf/base.yaml": "rules: {trailing-spaces: enable, truthy: {level: warning}}\n",
            ".gitignore": "out/\n",
            "conf/more": "b.yaml\n",
            "a.yaml": UNTIDY,
            "b.yaml": UNTIDY,
            "c.yaml": UNTIDY,
            "out/d.yaml": UNTIDY,
        }
        expected = [("a.yaml", "truthy"), ("c.yaml", "trailing-spaces"), ("c.yaml", "truthy")]
        linted = [name for name in files if name.endswith(".yaml") and "conf" not in name]
        write(root, files)
        contents = [(name, files[name].encode()) for name in linted]

        on_disk = lint.start(contents, root=root).collect()
        in_scratch = lint.start(contents, root=root, scratch=True, find=sources.folder(root).find).collect()

        assert [(path, rule) for path, *_, rule in on_disk] == expected
        assert in_scratch == on_disk

    @pytest.mark.parametrize("given", ["default", "relaxed"])
    def test_it_may_extend_what_yamllint_ships(self, root: Path, given: str) -> None:
        files = {".yamllint": f"extends: {given}\n", "a.yaml": UNTIDY}

        assert [rule for *_, rule in told(root, files) if rule != "new-lines"][-1:] == self.by_yamllint(root)[-1:]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            pytest.param("rules: {no-such-rule: enable}\n", 'no such rule: "no-such-rule"', id="an unknown rule"),
            pytest.param("- a\n", "not a mapping", id="no mapping"),
            pytest.param("a: [\n", "while parsing a flow node", id="broken YAML"),
            pytest.param("extends: missing.yaml\n", "names 'missing.yaml', which is not there", id="a missing file"),
            pytest.param("extends: /etc/passwd\n", "names '/etc/passwd', outside of it", id="a file of the machine"),
            pytest.param("rules: {truthy: {ignore-from-file: ../../x}}\n", "outside of it", id="a way up"),
            pytest.param("extends: .yamllint\n", "extends itself", id="a circle"),
        ],
    )
    def test_a_wrong_one_is_the_users_mistake(self, root: Path, text: str, message: str) -> None:
        with pytest.raises(ConfigError) as caught:
            told(root, {".yamllint": text, "a.yaml": UNTIDY})

        assert message in str(caught.value)
        assert str(caught.value).startswith(".yamllint:1:1: ")

    def test_a_wrong_one_does_not_show_the_text_of_a_file(self, root: Path) -> None:
        with pytest.raises(ConfigError) as caught:
            told(root, {".yamllint": "extends: b.yaml\n", "b.yaml": "password: hunter2: x\n", "a.yaml": UNTIDY})

        assert "hunter2" not in str(caught.value)

    def test_one_that_is_a_link_out_of_the_repository_is_not_read(self, root: Path) -> None:
        write(root.parent, {"other/config": STRICT})
        (root / ".yamllint").symlink_to("../other/config")

        assert [rule for *_, rule in told(root, {"a.yaml": UNTIDY})] == ["trailing-spaces", "truthy"]


def test_scratch_content_is_linted_at_its_own_path_by_its_own_configuration(root: Path) -> None:
    write(root, {".yamllint": "rules: {}\n", "a.yaml": "a: 1\n"})
    settings = {".yamllint": b"rules: {trailing-spaces: {ignore: b/}}\n"}

    def find(names: object) -> dict[str, bytes]:
        assert isinstance(names, list | tuple)
        return {name: settings[name] for name in names if name in settings}

    files = {"a.yaml": UNTIDY, "b/a.yaml": UNTIDY}

    assert places(told(root, files, scratch=True, find=find)) == [("a.yaml", 1, 5, "trailing-spaces")]


def test_nothing_is_left_in_the_scratch_folder(root: Path, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())

    told(root, {"a/b/c.yaml": UNTIDY, "a/d.yaml": UNTIDY}, scratch=True)
    lint.start([("a.yaml", b"a: 1 \n")], root=root, scratch=True).cancel()

    assert set(tmp_path.iterdir()) == before


def test_an_exception_before_the_end_leaves_nothing(root: Path, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    code = (
        "from pathlib import Path; from gitops_guard import lint\n"
        f"lint.start([('a.yaml', b'a: 1 \\n')], root=Path({str(root)!r}), scratch=True)\n"
        "raise KeyboardInterrupt"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.stderr.endswith("KeyboardInterrupt\n")
    assert set(tmp_path.iterdir()) == before


class TestWithCache:
    def test_what_was_linted_before_starts_no_program(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        files = {"a.yaml": UNTIDY, "b.yaml": "a: 1\n"}
        first = told(root, files, cache=cache.open_cache(root))

        monkeypatch.setattr(process, "start", None)

        assert told(root, files, cache=cache.open_cache(root)) == first != []

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({"a.yaml": "a: 1\n"}, id="other content"),
            pytest.param({".yamllint": "rules: {}\n"}, id="another configuration"),
            pytest.param({"base.yaml": "rules: {}\n"}, id="another base of the configuration"),
        ],
    )
    def test_a_change_is_seen(self, root: Path, change: dict[str, str]) -> None:
        write(root, {".yamllint": "extends: base.yaml\n", "base.yaml": STRICT})
        assert told(root, {"a.yaml": "a: 1 \n"}, cache=cache.open_cache(root)) != []

        write(root, {"a.yaml": "a: 1 \n"} | change)
        text = (root / "a.yaml").read_bytes()

        assert lint.start([("a.yaml", text)], root=root, cache=cache.open_cache(root)).collect() == []

    def test_the_same_content_elsewhere_is_another_file(self, root: Path) -> None:
        settings = {".yamllint": "rules: {trailing-spaces: {ignore: a.yaml}}\n"}
        told(root, settings | {"a.yaml": UNTIDY}, cache=cache.open_cache(root))

        assert places(told(root, {"b.yaml": UNTIDY}, cache=cache.open_cache(root))) == [
            ("b.yaml", 1, 5, "trailing-spaces")
        ]


def test_modules_of_the_repository_are_not_imported(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", ".")
    trap = f"open({str(root.parent / 'sprung')!r}, 'w')\nraise SystemExit\n"

    found = told(root, {"yamllint.py": trap, "yaml.py": trap, "argparse.py": trap, "a.yaml": UNTIDY})

    assert not (root.parent / "sprung").exists()
    assert ("a.yaml", 1, 5, "trailing-spaces") in places(found)


def test_yamllint_sees_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "value")

    assert "GITHUB_TOKEN" not in lint._environment()


def fake(root: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = root.parent / "python"
    program.write_text(f"#!{sys.executable}\nimport sys, runpy\npaths = sys.argv[sys.argv.index('--') + 1:]\n{script}")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


def test_a_file_that_yamllint_cannot_bear_does_not_hide_the_others(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(
        root,
        monkeypatch,
        "for path in paths:\n"
        "    if 'bad' in path: raise RecursionError('text of the file')\n"
        "    print(f'{path}:1:2: [error] x (y)', flush=True)\n",
    )
    files = {f"{name}.yaml": "a: 1\n" for name in ("a", "b", "bad", "c", "d")}

    found = told(root, files, cache=cache.open_cache(root))

    assert [(path, rule) for path, *_, rule in found] == [
        ("a.yaml", "y"),
        ("b.yaml", "y"),
        ("bad.yaml", "crash"),
        ("c.yaml", "y"),
        ("d.yaml", "y"),
    ]
    assert found[2][4] == "yamllint crashed on this file by RecursionError; it is not linted"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param("sys.exit('No module named yamllint')", "yamllint failed with exit code 1", id="no module"),
        pytest.param("import no_such_module", "by|code 1: ModuleNotFoundError", id="a broken installation"),
        pytest.param("import os; os.kill(os.getpid(), 9)", "yamllint failed with exit code -9", id="killed"),
        pytest.param("raise ValueError('x')", "yamllint crashed on 17 files, the last time by ValueError", id="always"),
    ],
)
def test_a_failing_yamllint_is_no_pass(root: Path, monkeypatch: pytest.MonkeyPatch, script: str, message: str) -> None:
    fake(root, monkeypatch, script)

    with pytest.raises(SourceError, match=message):
        told(root, {f"{number}.yaml": UNTIDY for number in range(20)}, jobs=2)


def test_a_yamllint_that_hangs_is_ended(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint, "_SECONDS", 0.3)
    fake(root, monkeypatch, "import time; time.sleep(60)")

    with pytest.raises(SourceError, match="did not end within"):
        told(root, {"a.yaml": UNTIDY})


def test_a_missing_yamllint_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])

    with pytest.raises(SourceError, match="yamllint is not installed"):
        lint.start([("a.yaml", b"a: 1\n")], root=root)
