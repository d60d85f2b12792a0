"""Texts that somebody wrote to make the search for credentials slow: each is read in time that grows with its size."""

from __future__ import annotations

import time

import pytest

from gitops_guard.load import tree
from gitops_guard.model import leaves
from gitops_guard.rules.secret_in_config import secret_in_config
from tests.rules.test_secret_in_config import SECRET, config_map

HOSTILE = [
    pytest.param("a" * 300_000, id="one long word"),
    pytest.param("password=" * 50_000, id="names"),
    pytest.param("password: " * 50_000, id="names with a colon"),
    pytest.param("--password " * 50_000, id="options"),
    pytest.param("a.b-" * 100_000 + "=x@", id="names of many parts"),
    pytest.param("a=b&" * 100_000, id="assignments"),
    pytest.param('password="' * 50_000, id="open quotes"),
    pytest.param("password='" + "\\'" * 100_000, id="escaped quotes"),
    pytest.param('password="' + '\\"' * 100_000, id="escaped double quotes"),
    pytest.param("password = " * 50_000, id="names with blanks"),
    pytest.param("define('" * 50_000, id="definitions"),
    pytest.param("password={" * 50_000, id="open braces"),
    pytest.param("<password>" * 50_000 + "</", id="open tags"),
    pytest.param('name="a" ' * 50_000 + "value=", id="attributes"),
    pytest.param("authorization " * 30_000, id="headers"),
    pytest.param("authorization" + " " * 200_000, id="blanks behind a header"),
    pytest.param("password '" * 50_000, id="SQL"),
    pytest.param("requirepass " * 50_000, id="directives"),
    pytest.param("mysql " * 50_000 + " -p", id="mysql"),
    pytest.param("mariadb-x " * 10_000 + " -p", id="mariadb"),
    pytest.param("curl -u " * 20_000, id="curl"),
    pytest.param("login mongo redis-cli sshpass " * 20_000, id="programs"),
    pytest.param("http://a:" * 50_000 + "@", id="open logins"),
    pytest.param("a:b@" * 80_000 + "tcp(", id="addresses of Go"),
    pytest.param("-----BEGIN PRIVATE KEY" * 20_000 + "\n\n", id="open keys"),
    pytest.param("-" * 300_000 + "BEGIN PRIVATE KEY\n", id="dashes"),
    pytest.param("password: |\n" + " x\n" * 100_000, id="a block"),
    pytest.param("password: |\n" * 20_000, id="blocks"),
    pytest.param("- " * 200_000 + "password: x", id="items"),
    pytest.param(" " * 300_000 + "password: x", id="blanks"),
    pytest.param("password: x" + " " * 300_000 + "#", id="blanks behind a value"),
    pytest.param("password: " + "a(" * 100_000, id="calls"),
    pytest.param("password: " + "a." * 100_000, id="members"),
    pytest.param("password: " + "a-" * 100_000, id="parts"),
    pytest.param("token: " + "aB" * 100_000, id="capitals"),
    pytest.param("token: " + "a/" * 100_000, id="folders"),
    pytest.param("password: " + "change" * 50_000, id="the beginning of a dummy"),
    pytest.param("\n".join(f"name_{n}_password: x" for n in range(10_000)), id="names that are all different"),
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("key", ["config", "password"])
def test_hostile_texts_are_judged_in_linear_time(value: str, key: str) -> None:
    reader = leaves.Reader((), (), ())
    started = time.process_time()

    reader.leaks({key: value, "args": [value], "api-token": value})

    assert time.process_time() - started < 4.0


def test_a_config_map_of_40_mb_takes_seconds_and_no_more() -> None:
    text = "level=info\nhost: db.shop.svc\n# a comment with a password\n" * 800_000
    started = time.process_time()

    assert leaves.Reader((), (), ()).leaks({"app.properties": text + f"db.password={SECRET}\n"})[0].line == 2_400_000
    assert time.process_time() - started < 20.0


def test_10_000_resources_in_one_file_take_no_time() -> None:
    text = b"---\n".join(config_map("password", f"{SECRET}{n}").encode() + b"\n" for n in range(10_000))
    resources = tree.from_files({"a.yaml": text}).resources
    started = time.process_time()

    assert sum(len(list(secret_in_config.run(resource, {}))) for resource in resources) == 10_000
    assert time.process_time() - started < 5.0
