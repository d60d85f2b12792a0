"""Builds `schemas/token-formats.json`: what the tokens of cloud providers, Git forges and chats look like.

    python tools/build_token_formats.py [--gitleaks config/gitleaks.toml] [--out schemas]

The formats are those of gitleaks (https://github.com/gitleaks/gitleaks, MIT): kept, widely used, and readable as data.
Without `--gitleaks`, `go mod download` fetches the module below and Go checks its sum. Taken are the formats that
begin with letters of their own, or have such letters at a fixed place: those need neither a name beside them nor a
measure of randomness to be told from other text. Left out are all that gitleaks finds by the name of a product near
32 letters, since here the place of a value says what it is (`plaintext-secret`, `secret-in-config`).

Changes: Go's syntax is written as Python's; where gitleaks asks for a quote, a blank or the end of the text behind a
token, any end of a word will do, so that a token in a URL or before a comma is found; a word also begins behind `\\n`
in JSON. Alternatives that would fit ordinary text are dropped (`_ONLY`). What gitleaks has not stands in `_MORE`, each
with its source.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

MODULE, VERSION = "github.com/zricethezav/gitleaks/v8", "v8.30.1"
FILE = "config/gitleaks.toml"

# The letters without which there is no match, in this case; then how far from the beginning they stand, if not at 0.
_TAKEN: dict[str, tuple[str | int, ...]] = {
    "1password-secret-key": ("A3-",),
    "1password-service-account-token": ("ops_eyJ",),
    "adobe-client-secret": ("p8e-",),
    "alibaba-access-key-id": ("LTAI",),
    "anthropic-admin-api-key": ("sk-ant-admin01-",),
    "anthropic-api-key": ("sk-ant-api03-",),
    "artifactory-api-key": ("AKCp",),
    "artifactory-reference-token": ("cmVmd",),
    "atlassian-api-token": ("ATATT3",),
    "aws-access-token": ("A3T", "AKIA", "ASIA", "ABIA", "ACCA"),
    "aws-amazon-bedrock-api-key-long-lived": ("ABSK",),
    "azure-ad-client-secret": ("Q~", 4),
    "clojars-api-token": ("CLOJARS_",),
    "cloudflare-origin-ca-key": ("v1.0-",),
    "databricks-api-token": ("dapi",),
    "defined-networking-api-token": ("dnkey-",),
    "digitalocean-access-token": ("doo_v1_",),
    "digitalocean-pat": ("dop_v1_",),
    "digitalocean-refresh-token": ("dor_v1_",),
    "doppler-api-token": ("dp.pt.",),
    "dropbox-short-lived-api-token": ("sl.",),
    "duffel-api-token": ("duffel_",),
    "dynatrace-api-token": ("dt0c01.",),
    "easypost-api-token": ("EZAK",),
    "easypost-test-api-token": ("EZTK",),
    "facebook-page-access-token": ("EAAM", "EAAC"),
    "flutterwave-secret-key": ("FLWSECK_TEST-",),
    "flyio-access-token": ("fo1_", "fm1a_", "fm1r_", "fm2_"),
    "frameio-api-token": ("fio-u-",),
    "gcp-api-key": ("AIza",),
    "github-app-token": ("ghu_", "ghs_"),
    "github-fine-grained-pat": ("github_pat_",),
    "github-oauth": ("gho_",),
    "github-pat": ("ghp_",),
    "github-refresh-token": ("ghr_",),
    "gitlab-cicd-job-token": ("glcbt-",),
    "gitlab-deploy-token": ("gldt-",),
    "gitlab-feature-flag-client-token": ("glffct-",),
    "gitlab-feed-token": ("glft-",),
    "gitlab-incoming-mail-token": ("glimt-",),
    "gitlab-kubernetes-agent-token": ("glagent-",),
    "gitlab-oauth-app-secret": ("gloas-",),
    "gitlab-pat": ("glpat-",),
    "gitlab-pat-routable": ("glpat-",),
    "gitlab-ptt": ("glptt-",),
    "gitlab-rrt": ("GR1348941",),
    "gitlab-runner-authentication-token": ("glrt-",),
    "gitlab-runner-authentication-token-routable": ("glrt-",),
    "gitlab-scim-token": ("glsoat-",),
    "gitlab-session-cookie": ("_gitlab_session=",),
    "grafana-api-key": ("eyJrIjoi",),
    "grafana-cloud-api-token": ("glc_",),
    "grafana-service-account-token": ("glsa_",),
    "harness-api-key": ("pat.", "sat."),
    "hashicorp-tf-api-token": (".atlasv1.", 14),
    "heroku-api-key-v2": ("HRKU-AA",),
    "huggingface-access-token": ("hf_",),
    "huggingface-organization-api-token": ("api_org_",),
    "infracost-api-token": ("ico-",),
    "intra42-client-secret": ("s-s4t2ud-", "s-s4t2af-"),
    "jwt": ("eyJ",),
    "linear-api-key": ("lin_api_",),
    "maxmind-license-key": ("_mmk", 36),
    "microsoft-teams-webhook": (".webhook.office.com/webhookb2/", *range(9, 73)),
    "new-relic-insert-key": ("NRII-",),
    "new-relic-user-api-key": ("NRAK-",),
    "notion-api-token": ("ntn_",),
    "npm-access-token": ("npm_",),
    "octopus-deploy-api-key": ("API-",),
    "openai-api-key": ("T3BlbkFJ", 23, 66, 67, 69, 82, 83, 85),
    "openshift-user-token": ("sha256~",),
    "perplexity-api-key": ("pplx-",),
    "plaid-api-token": ("access-sandbox-", "access-development-", "access-production-"),
    "planetscale-api-token": ("pscale_tkn_",),
    "planetscale-oauth-token": ("pscale_oauth_",),
    "planetscale-password": ("pscale_pw_",),
    "postman-api-token": ("PMAK-",),
    "prefect-api-token": ("pnu_",),
    "pulumi-api-token": ("pul-",),
    "pypi-upload-token": ("pypi-AgEIcHlwaS5vcmc",),
    "readme-api-token": ("rdme_",),
    "rubygems-api-token": ("rubygems_",),
    "scalingo-api-token": ("tk-us-",),
    "sendgrid-api-token": ("SG.",),
    "sendinblue-api-token": ("xkeysib-",),
    "sentry-org-token": ("sntrys_eyJpYXQiO",),
    "sentry-user-token": ("sntryu_",),
    "settlemint-application-access-token": ("sm_aat_",),
    "settlemint-personal-access-token": ("sm_pat_",),
    "settlemint-service-access-token": ("sm_sat_",),
    "shippo-api-token": ("shippo_",),
    "shopify-access-token": ("shpat_",),
    "shopify-custom-access-token": ("shpca_",),
    "shopify-private-app-access-token": ("shppa_",),
    "shopify-shared-secret": ("shpss_",),
    "slack-app-token": ("xapp-",),
    "slack-bot-token": ("xoxb-",),
    "slack-config-access-token": ("xoxe.xox",),
    "slack-config-refresh-token": ("xoxe-",),
    "slack-legacy-bot-token": ("xoxb-",),
    "slack-legacy-token": ("xoxo-", "xoxs-"),
    "slack-legacy-workspace-token": ("xoxa-", "xoxr-"),
    "slack-user-token": ("xoxp-", "xoxe-"),
    "slack-webhook-url": ("hooks.slack.com/", 0, 7, 8),
    "sourcegraph-access-token": ("sgp_",),
    "square-access-token": ("sq0atp-",),
    "stripe-access-token": ("sk_test_", "sk_live_", "sk_prod_", "rk_test_", "rk_live_", "rk_prod_"),
    "twilio-api-key": tuple(f"SK{digit}" for digit in "0123456789abcdef"),
    "typeform-api-token": ("tfp_",),
    "vault-batch-token": ("hvb.",),
    "vault-service-token": ("hvs.",),
}
# Of several alternatives, those that stand for themselves; a JWT is one with a signature.
_ONLY = {
    "atlassian-api-token": r"\b(ATATT3[A-Za-z0-9_\-=]{186})",
    # `-` belongs to it, so none begins behind one: else a text of `eyJ0-` would be read once for each of them.
    "jwt": r"(?:(?<![\w-])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"
    r"(eyJ[a-zA-Z0-9_-]{14,}\.ey[a-zA-Z0-9_-]{17,}\.[a-zA-Z0-9_-]{20,}={0,2})",
    "sourcegraph-access-token": r"\b(sgp_(?:(?:[a-fA-F0-9]{16}|local)_)?[a-fA-F0-9]{40})",
    "square-access-token": r"\b(sq0atp-[\w-]{22,60})",
    "twilio-api-key": r"\b(SK[0-9a-f]{32})",
    "vault-service-token": r"\b(hvs\.[\w-]{90,120})",
}
_DETECT_SECRETS = "https://github.com/Yelp/detect-secrets (1.5.0, Apache-2.0)"
_MORE: tuple[tuple[str, str, tuple[str | int, ...], float, str], ...] = (
    ("azure-storage-key", r"(AccountKey=[a-zA-Z0-9+/]{86}==)", ("AccountKey=",), 3, _DETECT_SECRETS),
    ("square-oauth-secret", r"\b(sq0csp-[0-9A-Za-z_-]{43})", ("sq0csp-",), 3, _DETECT_SECRETS),
    ("telegram-bot-token", r"\b(\d{8,10}:AA[0-9A-Za-z_-]{33})", (":AA", 8, 9, 10), 4, _DETECT_SECRETS),
    ("discord-webhook-url", r"(discord(?:app)?\.com/api/webhooks/\d{17,20}/[\w-]{60,80})", ("discord.com/api/",
     "discordapp.com/api/"), 3, "https://discord.com/developers/docs/resources/webhook"),
    ("docker-token", r"\b(dckr_[po]at_[\w-]{27,40})", ("dckr_",), 3,
     "https://docs.docker.com/security/access-tokens/"),
    ("google-oauth-client-secret", r"\b(GOCSPX-[\w-]{28})", ("GOCSPX-",), 3,
     "https://developers.google.com/identity/protocols/oauth2"),
    ("tailscale-key", r"\b(tskey-(?:auth|api|client|webhook|scim)-[0-9A-Za-z]{8,30}-[0-9A-Za-z]{20,60})", ("tskey-",),
     3, "https://tailscale.com/kb/1085/auth-keys"),
)  # fmt: skip

_WORD_BEGINS = r"(?:(?<!\w)|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"
_ENDS = {
    r"(?:[\x60'\"\s;]|\\[nr]|$)": r"(?!\w)",
    r"(?:[\x60'\"\s;]|\\[nr]|$|\b)": r"(?!\w)",
    r"(?:[^\w-]|\z)": r"(?![\w-])",
    r"(?:[^a-zA-Z0-9+/]|\z)": r"(?![a-zA-Z0-9+/])",
    r"(?:$|[\\'\"\x60\s<),])": r"(?![\w~.-])",
}
_NEAR_A_NAME = "(?:=|>|:{1,3}=|\\|\\||:|=>|\\?=|,)[\\x60'\"\\s=]{0,5}"
_POSIX = {"[:alnum:]": "A-Za-z0-9"}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--gitleaks", type=Path, help=f"{FILE} of {MODULE} {VERSION}")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "schemas")
    arguments = parser.parse_args()
    config, module_sum = (arguments.gitleaks, "") if arguments.gitleaks else _fetched()
    written = build(config.read_bytes(), module_sum)
    lines = ",\n".join(json.dumps(entry) for entry in written.pop("formats"))
    head = json.dumps(written, indent=1)[:-2]
    (arguments.out / "token-formats.json").write_text(f'{head},\n "formats": [\n{lines}\n]}}\n')
    print(f"{lines.count(chr(10)) + 1} formats")
    return 0


def _fetched() -> tuple[Path, str]:
    answer = subprocess.run(["go", "mod", "download", "-json", f"{MODULE}@{VERSION}"], capture_output=True, check=True)
    module = json.loads(answer.stdout)
    return Path(module["Dir"]) / FILE, module["Sum"]


def build(config: bytes, module_sum: str) -> dict[str, Any]:
    """The contents of `token-formats.json`. Raises ValueError where gitleaks has become another than we know."""
    rules = {rule["id"]: rule for rule in tomllib.loads(config.decode())["rules"]}
    formats = [
        _format(name, _ONLY.get(name, rules[name]["regex"]), needs, rules[name].get("entropy", 3))
        for name, needs in _TAKEN.items()
    ]
    formats += [
        _format(name, regex, needs, entropy) | {"source": source} for name, regex, needs, entropy, source in _MORE
    ]
    return {
        "source": {
            "module": MODULE,
            "version": VERSION,
            "sum": module_sum,
            "file": FILE,
            "sha256": hashlib.sha256(config).hexdigest(),
            "licence": "MIT, see LICENSES.md",
        },
        "published": _published(rules),
        "formats": formats,
    }


def _published(rules: dict[str, Any]) -> list[str]:
    """Hashes of tokens that stand in the documentation of their owners; gitleaks lists them in clear."""
    listed = [text for entry in rules["gcp-api-key"]["allowlists"] for text in entry["regexes"]]
    return sorted(hashlib.sha256(text.encode()).hexdigest()[:16] for text in listed)


def _format(name: str, regex: str, needs: tuple[str | int, ...], entropy: float) -> dict[str, Any]:
    literals = [need for need in needs if isinstance(need, str)]
    distances = [need for need in needs if isinstance(need, int)] or [0]
    return {
        "id": name,
        "needs": literals,
        "at": distances,
        "entropy": entropy,
        "regex": python_regex(name, regex),
    }


def python_regex(name: str, regex: str) -> str:
    """Go's regular expression as one of Python for bytes: a match is the token. Raises ValueError."""
    if _NEAR_A_NAME in regex:
        regex = r"\b" + regex.split(_NEAR_A_NAME, 1)[1]
    tail = ""
    for end, replacement in _ENDS.items():
        if regex.endswith(end.replace(r"\"", '"')):
            regex, tail = regex.removesuffix(end.replace(r"\"", '"')), replacement
    if regex.startswith("(?:^|["):  # what may stand before a client secret of Azure
        regex, tail = r"(?<![\w~.-])" + regex[regex.index("])") + 2 :], tail or r"(?![\w~.-])"
    fold = "(?i)" in regex and regex.startswith("(?i)")
    regex = regex.removeprefix("(?i)")
    for posix, letters in _POSIX.items():
        regex = regex.replace(posix, letters)
    regex = re.sub(r"\\b(?=$)", r"(?!\\w)", regex)
    if regex.startswith(r"\b"):
        regex = _WORD_BEGINS + regex[2:]
    regex = _scoped(regex) + tail
    regex = f"(?i:{regex})" if fold else regex
    if r"\z" in regex or "(?i)" in regex:
        raise ValueError(f"{name}: Go's syntax is left over")
    re.compile(regex.encode())
    return regex


def _scoped(regex: str) -> str:
    """`(?i)` holds to the end of the group that it stands in; Python wants a group for it."""
    at = regex.find("(?i)")
    if at < 0:
        return regex
    depth, end = 0, at + 4
    while end < len(regex):
        if regex[end] == "\\":
            end += 2
            continue
        if regex[end] == "[":
            end = regex.index("]", end + 2)
        depth += {"(": 1, ")": -1}.get(regex[end], 0)
        if depth < 0:
            break
        end += 1
    return f"{regex[:at]}(?i:{_scoped(regex[at + 4 : end])}){regex[end:]}"


if __name__ == "__main__":
    raise SystemExit(main())
