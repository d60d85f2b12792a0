"""Private keys, tokens whose form gives them away, and credentials of clusters."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from string import ascii_letters, ascii_uppercase, digits

from bench.plants.ground import Ground, Plant, plants, secret
from gitops_guard.model.resource import FileKind
from gitops_guard.model.workload import value_at


def _pem(*about: object, kind: str = "RSA PRIVATE KEY") -> list[str]:
    body = [secret("pem", number, *about, size=64) for number in range(6)]
    return [f"-----BEGIN {kind}-----", *body, f"-----END {kind}-----"]


def _block(key: str, lines: list[str]) -> str:
    """A text in several lines, of which key and first line may be reported."""
    return "\n".join((f"{key}: | «", f"  {lines[0]} «", *(f"  {line}" for line in lines[1:])))


@plants("private-key", "in a ConfigMap")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("ConfigMap"):
        yield ground.into(resource, ("data",), _block("server.pem", _pem("map", resource.location)))


@plants("private-key", "in a new ConfigMap beside others")
def _(ground: Ground) -> Iterator[Plant | None]:
    for path in dict.fromkeys(resource.location.file for resource in ground.of_kind("Deployment", "Service")):
        lines = "\n".join(f"  {line}" for line in _block("id_rsa", _pem("new", path)).split("\n"))
        head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: planted\ndata:\n"
        yield ground.appended(path, head + lines)


@plants("private-key", "in an annotation")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind():
        block = _block("example.com/signing", _pem("note", resource.location, kind="EC PRIVATE KEY"))
        lines = block.replace("\n", "\n  ")
        if not resource.annotations:
            yield ground.behind(resource, ("metadata", "name"), f"annotations:\n  {lines}")


@plants("private-key", "in the values of a HelmRelease")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("HelmRelease"):
        yield ground.into(resource, ("spec", "values"), _block("tls", _pem("values", resource.location)))


@plants("private-key", "in a values file")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file in ground.files_of_kind(FileKind.HELM_VALUES):
        yield ground.into(file, (), _block("tlsKey", _pem("file", file.path, kind="PRIVATE KEY")))


@plants("private-key", "of age, in a workflow")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file in ground.files_of_kind(FileKind.CI_WORKFLOW):
        key = "AGE-SECRET-KEY-" + "1" + secret("age", file.path, size=58, letters="QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L")
        if file.documents and "env" not in file.documents[0].body and "jobs" in file.documents[0].body:
            yield ground.into(file, (), f"env:\n  IDENTITY: {key} «")


def _tokens(*about: object) -> dict[str, str]:
    """Made up; each written in two pieces, so that no scanner is alarmed by this file."""

    def drawn(size: int, letters: str = ascii_letters + digits) -> str:
        return secret("token", *about, size=size, letters=letters)

    return {
        "GitHub": "gh" + "p_" + drawn(36),
        "GitLab": "glp" + "at-" + drawn(20),
        "AWS": "AK" + "IA" + drawn(16, ascii_uppercase + "234567"),
        "Slack webhook": "https://hooks.slack.com/"
        + f"services/T{_upper(8, *about)}/B{_upper(10, *about)}/{drawn(24)}",
        "Stripe": "sk_" + "live_" + drawn(24),
        "Google": "AI" + "za" + drawn(35),
        "npm": "np" + "m_" + drawn(36),
        "JWT": ".".join(_jwt(*about)),
    }


def _upper(size: int, *about: object) -> str:
    return secret("upper", *about, size=size, letters=ascii_uppercase + digits)


def _jwt(*about: object) -> Iterator[str]:
    for part in ('{"alg":"HS256","typ":"JWT"}', '{"sub":"deploy","iss":"ci.internal","iat":1700000000}'):
        yield b64encode(part.encode()).decode().rstrip("=")
    yield secret("signature", *about, size=43)


def _pick(*about: object) -> str:
    tokens = list(_tokens(*about).values())
    return tokens[sum(map(ord, " ".join(map(str, about)))) % len(tokens)]


@plants("known-token", "in an annotation")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind():
        if not resource.annotations and resource.id.kind != "Secret":
            token = _pick("annotation", resource.location)
            yield ground.behind(resource, ("metadata", "name"), f"annotations:\n  example.com/note: {token} «")


@plants("known-token", "in a ConfigMap")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("ConfigMap"):
        yield ground.into(resource, ("data",), f"upstream: {_pick('map', resource.location)} «")


@plants("known-token", "in the environment of a container")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource, path, container in ground.containers():
        if not container.get("env"):
            token = _pick("env", resource.location, *path)
            yield ground.behind(resource, (*path, "image"), f"env:\n- name: UPSTREAM\n  value: {token} «")


@plants("known-token", "in a comment")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("Deployment", "HelmRelease", "Kustomization", "Service"):
        token = _pick("comment", resource.location)
        yield ground.behind(resource, ("metadata", "name"), f"# works with {token} as well «")


@plants("known-token", "in the values of a HelmRelease")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("HelmRelease"):
        yield ground.into(resource, ("spec", "values"), f"upstream: {_pick('values', resource.location)} «")


@plants("known-token", "in a workflow")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file in ground.files_of_kind(FileKind.CI_WORKFLOW):
        if file.documents and "env" not in file.documents[0].body and "jobs" in file.documents[0].body:
            yield ground.into(file, (), f"env:\n  UPSTREAM: {_pick('workflow', file.path)} «")


def _kubeconfig(*about: object, indent: str = "") -> str:
    key = b64encode("\n".join(_pem(*about)).encode()).decode()
    lines = (
        "apiVersion: v1 «",
        "kind: Config «",
        "clusters:",
        "- name: production",
        "  cluster:",
        "    server: https://10.1.2.3:6443",
        "users:",
        "- name: admin",
        "  user:",
        f"    client-key-data: {key} «",
        "contexts:",
        "- name: production",
        "  context: {cluster: production, user: admin}",
        "current-context: production",
    )
    return "\n".join(indent + line for line in lines)


def _folders(ground: Ground) -> list[str]:
    """Folders with manifests, each with a slash at its end."""
    return [f"{folder}/" for folder in dict.fromkeys(r.location.file.rpartition("/")[0] for r in ground.of_kind())]


@plants("cluster-credentials", "kubeconfig")
def _(ground: Ground) -> Iterator[Plant | None]:
    for folder in _folders(ground):
        path = f"{folder.lstrip('/')}kubeconfig.yaml"
        plant = ground.added(path, f"{_kubeconfig('file', path)}\n")
        yield Plant(plant.files, plant.expected | {(path, 1)})


@plants("cluster-credentials", "kubeconfig in a ConfigMap")
def _(ground: Ground) -> Iterator[Plant | None]:
    for resource in ground.of_kind("ConfigMap"):
        text = _kubeconfig("map", resource.location, indent="  ")
        yield ground.into(resource, ("data",), f"kubeconfig: | «\n{text}")


@plants("cluster-credentials", "kubeconfig in a step of a workflow")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file in ground.files_of_kind(FileKind.CI_WORKFLOW):
        body = file.documents[0].body if file.documents else None
        makes_its_own = any(name in file.data for name in (b"kind", b"k3d", b"k3s", b"minikube"))
        jobs = value_at(body, ("jobs",)) if not makes_its_own else None
        for name, job in jobs.items() if isinstance(jobs, dict) else ():
            steps = job.get("steps") if isinstance(job, dict) and "test" not in name else None
            if isinstance(steps, list) and steps:
                at = file.locate(0, ("jobs", name, "steps", 0))
                text = ground.lines(file.path)[at.line - 1]
                indent = len(text) - len(text.lstrip())
                if text[indent:].startswith("- "):
                    snippet = (
                        "- uses: azure/k8s-set-context@v4 «\n  with:\n    method: kubeconfig\n"
                        "    kubeconfig: ${{ secrets.KUBECONFIG }} «"
                    )
                    yield ground.beside_agent(ground.before(file.path, at.line, indent, snippet))
