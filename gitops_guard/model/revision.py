"""Which revisions and versions move: branches, `HEAD`, ranges of versions. And what addresses of repositories say."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

# Hosts where anybody has a folder; on another host, all repositories are of one owner.
PUBLIC_FORGES: Final = frozenset(
    {"github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitea.com", "dev.azure.com", "ssh.dev.azure.com"}
)
PUBLIC_REGISTRIES: Final = frozenset(
    {"docker.io", "ghcr.io", "quay.io", "registry.gitlab.com", "public.ecr.aws", "gcr.io", "mirror.gcr.io"}
    | {"registry.k8s.io", "mcr.microsoft.com", "registry-1.docker.io"}
)
_NEWEST: Final = re.compile(r"(?:[*xX](?:\.[*xX])*|>=?\s*v?0(?:\.0)*)(?:-[\w.]+)?\Z", re.ASCII)
_PART: Final = re.compile(r"(?:^|[\s.])[*xX](?:$|[\s.\-])", re.ASCII)
_PARTIAL: Final = re.compile(r"[vV]?\d+(?:\.\d+)?\Z", re.ASCII)
_ADDRESS: Final = re.compile(r"(?:[A-Za-z][\w+.-]*://)?(?:[^/\s]+@)?", re.ASCII)
_PORT: Final = re.compile(r":\d+\Z", re.ASCII)


def is_newest(version: str) -> bool:
    """Whether a version of a chart means whatever is newest: none, `*`, `>=0.0.0`, `latest`."""
    version = version.strip()
    return version in ("", "latest") or _NEWEST.match(version) is not None


def is_range(version: str, *, partial: bool = False) -> bool:
    """Whether a version stands for several: `1.x`, `^1.2`, `>=1 <2`. With *partial*, `1` and `1.2` do as well."""
    version = version.strip()
    if any(sign in version for sign in "<>^~|,") or " - " in version or _PART.search(version):
        return True
    return partial and _PARTIAL.match(version) is not None


def is_bounded(version: str) -> bool:
    """Whether a range ends somewhere: `1.x` and `>=1 <2` do, `>=1.0.0` does not."""
    return all(">" not in part or "<" in part for part in version.split("||"))


def is_moving(revision: str) -> bool:
    """Whether a revision of Git is a branch, as far as its name tells: tags and commits have a digit."""
    if revision.startswith("refs/"):
        return revision.startswith("refs/heads/")
    return not any(character.isdigit() for character in revision)


def repository(url: str) -> str:
    """One text for all addresses of a repository: `github.com/example/shop`, in lower case; "" for none."""
    rest = url[_match_end(url) :].partition("?")[0].strip().strip("/")
    host, slash, path = rest.partition("/")
    if ":" in host and not _PORT.search(host):  # git@host:owner/name
        host, _, start = host.partition(":")
        path = f"{start}/{path}" if slash else start
    path = path.strip("/").removesuffix(".git")
    return f"{_PORT.sub('', host)}/{path}".lower() if host and path else ""


def _match_end(url: str) -> int:
    found = _ADDRESS.match(url)
    return found.end() if found else 0


def owner(url: str) -> str:
    """Who has the repository: host and first folder at a public forge or registry, the host alone elsewhere.

    GitHub's registry of packages counts as GitHub, GitLab's as GitLab.
    """
    host, _, path = repository(url).partition("/")
    host = {"ghcr.io": "github.com", "registry.gitlab.com": "gitlab.com"}.get(host, host)
    is_public = host in PUBLIC_FORGES or host in PUBLIC_REGISTRIES
    return f"{host}/{path.partition('/')[0]}" if is_public else host


def is_public(url: str) -> bool:
    host = repository(url).partition("/")[0]
    return host in PUBLIC_FORGES or host in PUBLIC_REGISTRIES


class Remote(NamedTuple):
    """What kustomize fetches. *revision* is "" where none is named."""

    name: str
    revision: str


def remote(entry: str) -> Remote | None:
    """What an entry of a kustomization fetches, and at which revision; None for local paths and for addresses of
    which nobody can tell. Source: https://github.com/kubernetes-sigs/kustomize/blob/master/examples/remoteBuild.md
    """
    if "/" not in entry or "\n" in entry:
        return None
    address, _, query = entry.removeprefix("git::").partition("?")
    for setting in query.split("&"):
        key, _, value = setting.partition("=")
        if key in ("ref", "version"):
            return Remote(_shown(address), value)
    parts = address[_match_end(address) :].split("/")
    if found := _of_file(parts):
        return found
    if address.startswith(("http://", "https://")) and address.endswith((".yaml", ".yml", ".json")):
        return Remote(_shown(address), "latest") if "latest" in parts[1:] else None
    if parts[0] in PUBLIC_FORGES or entry.startswith(("git@", "git::", "ssh://")) or ".git" in address:
        return Remote(_shown(address), "") if len(parts) > 2 or ":" in parts[0] else None
    return None


def _of_file(parts: list[str]) -> Remote | None:
    """One file out of a repository, by the address that a forge has for it."""
    host = parts[0]
    if host == "raw.githubusercontent.com" and len(parts) > 4:
        return Remote("/".join(["github.com", *parts[1:3]]), _revision(parts[3:]))
    if host == "github.com" and len(parts) > 5 and parts[3:5] == ["releases", "latest"]:
        return Remote("/".join(parts[:3]), "latest")
    if host == "github.com" and len(parts) > 5 and parts[3:5] == ["releases", "download"]:
        return Remote("/".join(parts[:3]), parts[5])
    for number, part in enumerate(parts[2:-2], 2):
        if part in ("raw", "blob", "tree") and (number == 3 or parts[number - 1] == "-"):
            end = number - 1 if parts[number - 1] == "-" else number
            return Remote("/".join(parts[:end]), _revision(parts[number + 1 :]))
    return None


def _revision(rest: list[str]) -> str:
    """`main/…`, `refs/heads/main/…`; Gitea has `branch/main/…`."""
    if rest[0] == "refs":
        return "/".join(rest[:3])
    if rest[0] in ("branch", "tag", "commit") and len(rest) > 2:
        return f"refs/{'heads' if rest[0] == 'branch' else 'tags'}/{rest[1]}"
    return rest[0]


def _shown(address: str) -> str:
    """Without scheme and credentials, and without the folder in the repository."""
    shown = address[_match_end(address) :].partition("//")[0].removesuffix(".git")
    return "/".join(shown.split("/")[:3]) if shown.startswith("github.com/") else shown
