"""Private keys are found in every form, wherever they stand."""

from __future__ import annotations

from base64 import b64encode, encodebytes
from collections.abc import Callable
from textwrap import indent

import pytest

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location
from tests.tokens import age, pem

Ask = Callable[..., list[tuple[Location, Problem]]]


def found(ask: Ask, text: str, path: str = "a.yaml") -> list[tuple[int, int, str]]:
    answers = ask("private-key", {path: text})
    return [(place.line, place.column, problem.message.partition(" (")[0]) for place, problem in answers]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("", "a private key"),
        ("RSA", "an RSA private key"),
        ("EC", "an EC private key"),
        ("DSA", "a private key"),
        ("OPENSSH", "an OpenSSH private key"),
    ],
)
def test_keys_in_pem_are_found_at_their_first_line(ask: Ask, label: str, name: str) -> None:
    text = "a: 1\nkey: |\n" + indent(pem(label), "  ")

    assert found(ask, text) == [(3, 3, f"`key` holds {name} in plain text")]


def test_a_key_in_one_line_is_found(ask: Ask) -> None:
    text = 'key: "' + pem("RSA").replace("\n", "\\n") + '"\n'

    assert found(ask, text) == [(1, 7, "`key` holds an RSA private key in plain text")]


def test_a_block_of_pgp_is_found(ask: Ask) -> None:
    block = pem("PGP").replace("KEY-----", "KEY BLOCK-----").replace("BLOCK-----\n", "BLOCK-----\n\n", 1)

    assert found(ask, block, "run.sh") == [(1, 1, "this line holds a PGP private key in plain text")]


def test_an_age_key_is_found_in_a_script_and_in_a_comment(ask: Ask) -> None:
    assert found(ask, f"export KEY={age()}\n", "run.sh") == [(1, 12, "this line holds an age secret key in plain text")]
    assert found(ask, f"a: 1 # {age()}\n") == [(1, 8, "this line holds an age secret key in plain text")]


def test_the_key_of_a_service_account_is_found(ask: Ask) -> None:
    escaped = pem().replace("\n", "\\n")
    text = f'{{"apiVersion": "v1", "kind": "x", "type": "service_account",\n "private_key": "{escaped}"}}\n'

    assert found(ask, text, "a.json") == [(2, 18, "`private_key` holds a private key in plain text")]


@pytest.mark.parametrize("before", ["", "a", "ab", "# key\n"])
def test_keys_in_base64_are_found(ask: Ask, before: str) -> None:
    for key, name in ((pem("RSA"), "an RSA private key"), (age(), "an age secret key")):
        value = b64encode((before + key).encode()).decode()

        assert found(ask, f"a: 1\nkey: {value}\n") == [(2, 6, f"`key` holds {name} in base64 in plain text")]


def test_base64_in_several_lines_is_found_once(ask: Ask) -> None:
    text = "key: |\n" + indent(encodebytes(pem("EC").encode()).decode(), "  ")

    assert found(ask, text) == [(2, 3, "`key` holds an EC private key in base64 in plain text")]


@pytest.mark.parametrize("text", ["PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 14\n"])
def test_a_key_of_putty_is_found(ask: Ask, text: str) -> None:
    body = pem().splitlines()[1]

    assert found(ask, f"{text}{body}\n", "run.sh") == [(2, 1, "this line holds a PuTTY private key in plain text")]


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(pem("ENCRYPTED"), id="PKCS 8"),
        pytest.param(pem("RSA").replace("-\n", "-\nProc-Type: 4,ENCRYPTED\nDEK-Info: A,B\n\n", 1), id="PKCS 1"),
    ],
)
def test_a_passphrase_makes_it_a_warning(ask: Ask, key: str) -> None:
    [(_, problem)] = ask("private-key", {"a.yaml": "key: |\n" + indent(key, "  ")})

    assert problem.severity is Severity.WARNING


@pytest.mark.parametrize("body", ["...", "xxxx\nxxxx", "<your key>", "MIIEowIBAAKCAQEA..."])
def test_what_is_cut_short_is_a_dummy(ask: Ask, body: str) -> None:
    text = f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\n"
    [(place, problem)] = ask("private-key", {"a.yaml": "key: |\n" + indent(text, "  ")})

    assert (place.line, problem.severity) == (2, Severity.WARNING)
    assert "a dummy of an RSA private key" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("# -----BEGIN PRIVATE KEY-----\n# ...\n# -----END PRIVATE KEY-----\na: 1\n", id="a comment"),
        pytest.param('description: "-----BEGIN PRIVATE KEY-----\\n...\\n-----END PRIVATE KEY-----"\n', id="prose"),
        pytest.param(
            "a: |\n  -----BEGIN PRIVATE KEY-----\n  ${KEY}\n  -----END PRIVATE KEY-----\n", id="a placeholder"
        ),
        pytest.param("a: |\n  -----BEGIN PRIVATE KEY-----\n  {{ .k }}\n  -----END PRIVATE KEY-----\n", id="a template"),
        pytest.param("a: grep -q -- '-----BEGIN PRIVATE KEY-----' tls.key\n", id="a mention"),
        pytest.param("a: |\n" + indent(pem().replace("PRIVATE", "PUBLIC"), "  "), id="a public key"),
        pytest.param("a: |\n" + indent(pem().replace("PRIVATE KEY", "CERTIFICATE"), "  "), id="a certificate"),
        pytest.param("a: " + b64encode(pem().replace("PRIVATE", "PUBLIC").encode()).decode(), id="public, in base64"),
        pytest.param("a: AGE-SECRET-KEY-1" + "X" * 58, id="an example of age"),
        pytest.param("a: age1" + age()[16:].lower(), id="a public key of age"),
        pytest.param("a: ENC[AES256_GCM,data:LS0tLS1C,iv:a,tag:b,type:str]\n", id="encrypted"),
    ],
)
def test_what_is_no_key_is_not_reported(ask: Ask, text: str) -> None:
    assert found(ask, text) == []


def test_the_data_of_a_secret_is_left_to_the_rule_that_judges_it(ask: Ask) -> None:
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  tls.key: |\n" + indent(pem(), "    ")
    text += f"data:\n  b: {b64encode(pem().encode()).decode()}\n"

    assert found(ask, text) == []


def test_two_keys_in_one_text_are_two(ask: Ask) -> None:
    text = "a: |\n" + indent(pem("EC", 1, 1) + pem("RSA", 2, 1), "  ")

    assert [line for line, _, _ in found(ask, text)] == [2, 5]


def test_the_same_key_has_the_same_hash_however_it_is_written(ask: Ask) -> None:
    key = pem("RSA")
    forms = (
        f"a: |\n{indent(key, '  ')}",
        "a: '" + key.replace("\n", "\\n") + "'\n",
        f"a: {b64encode(key.encode()).decode()}\n",
    )

    assert len({ask("private-key", form)[0][1].message[-7:] for form in forms}) == 1
