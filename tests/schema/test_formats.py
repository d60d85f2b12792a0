"""Formats as kubeconform asserts them; the answers were compared with its binary."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from gitops_guard.schema.compiled import compiled

CASES = [
    ("duration", "5m", True),
    ("duration", "1h30m0.5s", True),
    ("duration", "-1.5h", True),
    ("duration", "0", True),
    ("duration", "P1Y2M3DT4H5M6S", True),
    ("duration", "PT5M", True),
    ("duration", "P2W", True),
    ("duration", "5", False),
    ("duration", "5 m", True),
    ("duration", "2 days", True),
    ("duration", "1d", True),
    ("duration", "1.5 weeks and a bit", True),
    ("duration", "99999999999999999999 m", False),
    ("duration", "PT", False),
    ("duration", "1x", False),
    ("duration", "often", False),
    ("duration", "", False),
    ("date-time", "2024-01-01T00:00:00Z", True),
    ("date-time", "2024-01-01T00:00:00.123+02:00", True),
    ("date-time", "2024-01-01", False),
    ("date-time", "2024-13-01T00:00:00Z", False),
    ("uuid", "123e4567-e89b-12d3-a456-426614174000", True),
    ("uuid", "123e4567e89b12d3a456426614174000", False),
    ("uri", "https://example.com/a b", True),
    ("uri", "https://example.com:8080/a?b=c#d", True),
    ("uri", "urn:a:b", True),
    ("uri", "example.com/a", False),
    ("uri", "https://exa mple.com/", False),
    ("uri", "https://example.com/%zz", False),
    ("ipv4", "10.0.0.1", True),
    ("ipv4", "10.0.0.256", False),
    ("ipv4", "010.0.0.1", False),
    ("ipv6", "fe80::1", True),
    ("ipv6", "10.0.0.1", False),
    ("hostname", "a-b.example.com", True),
    ("hostname", "-a.example.com", False),
    ("email", "a@example.com", True),
    ("email", "a.example.com", False),
    ("date", "2024-02-30", False),
    ("date", "2024-02-28", True),
    ("time", "12:00:00Z", True),
    ("time", "12:00", False),
    ("int32", "no number", True),
    ("byte", "no base64 %", True),
    ("cidr", "no cidr", True),
    ("idn-hostname", "no host name", True),
    ("quantity", "lots", True),
]


@pytest.mark.parametrize(("name", "value", "valid"), CASES)
def test_a_format_accepts_what_kubeconform_accepts(name: str, value: str, valid: bool) -> None:
    assert compiled(json.dumps({"type": "string", "format": name})).is_valid(value) is valid


def test_kubeconform_gives_the_same_answers(kubeconform: Path, tmp_path: Path) -> None:
    properties = {f"f{number}": {"type": "string", "format": name} for number, (name, *_) in enumerate(CASES)}
    (tmp_path / "schema.json").write_text(json.dumps({"properties": properties}))
    body: dict[str, Any] = {f"f{number}": value for number, (_, value, _) in enumerate(CASES)}
    (tmp_path / "a.json").write_text(json.dumps({"apiVersion": "v1", "kind": "A", **body}))

    asked = [
        str(kubeconform),
        "-output",
        "json",
        "-schema-location",
        str(tmp_path / "schema.json"),
        str(tmp_path / "a.json"),
    ]
    answer = json.loads(run(asked, capture_output=True, text=True, check=False).stdout)

    refused = {error["path"].removeprefix("/") for error in answer["resources"][0]["validationErrors"]}
    assert refused == {f"f{number}" for number, (*_, valid) in enumerate(CASES) if not valid}
