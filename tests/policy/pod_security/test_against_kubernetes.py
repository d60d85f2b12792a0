"""Kubernetes' own library judges the same Pods at each version at which the standards changed: equal verdicts."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest

from gitops_guard.load import tree
from gitops_guard.policy.embedded import Embedded
from gitops_guard.policy.pod_security import PodSecurity
from gitops_guard.policy.program import Question
from tests.conftest import _program

MINORS: Final = (0, 7, 8, 18, 19, 21, 22, 23, 24, 25, 26, 27, 29, 30, 31, 32, 33, 34, 35, 36, 37, 40)
LEVELS: Final = ("baseline", "restricted")
_CONTEXT: Final[Mapping[str, Sequence[Any]]] = {
    "privileged": [True, False, None],
    "allowPrivilegeEscalation": [True, False, None],
    "capabilities": [
        None, {}, {"drop": ["ALL"]}, {"drop": ["all"]}, {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        {"drop": ["NET_RAW", "ALL"], "add": ["CHOWN"]}, {"add": ["SYS_ADMIN"]},
    ],
    "procMount": [None, "Default", "Unmasked"],
}  # fmt: skip
_BOTH: Final[Mapping[str, Sequence[Any]]] = {
    "runAsNonRoot": [True, False, None],
    "runAsUser": [0, 1000, None],
    "seccompProfile": [None, {"type": "RuntimeDefault"}, {"type": "Localhost"}, {"type": "Unconfined"}, {}],
    "appArmorProfile": [None, {"type": "RuntimeDefault"}, {"type": "Unconfined"}, {}],
    "seLinuxOptions": [None, {}, {"type": "container_engine_t"}, {"type": "spc_t"}, {"user": "u"}, {"role": ""}],
    "windowsOptions": [None, {}, {"hostProcess": True}, {"hostProcess": False}],
}
_CONTAINER: Final[Mapping[str, Sequence[Any]]] = {
    "ports": [[{"containerPort": 80}], [{"containerPort": 80, "hostPort": 80}], [{"containerPort": 80, "hostPort": 0}]],
    "livenessProbe": [{"httpGet": {"port": 80}}, {"tcpSocket": {"port": 80, "host": "a"}}, {"grpc": {"port": 1}}],
    "lifecycle": [{"preStop": {"httpGet": {"port": 80, "host": ""}}}, {"postStart": {"tcpSocket": {"host": "::1"}}}],
}
_SPEC: Final[Mapping[str, Sequence[Any]]] = {
    "hostNetwork": [True, False],
    "hostPID": [True, False],
    "hostIPC": [True, None],
    "hostUsers": [True, False, False, None],
    "os": [{"name": "windows"}, {"name": "linux"}],
    "volumes": [
        [{"name": "a", "emptyDir": {}}, {"name": "b", "image": {"reference": "a"}}],
        [{"name": "a", "hostPath": {"path": "/"}}],
        [{"name": "a", "nfs": {"server": "a", "path": "/"}}],
        [{"name": "a", "hostPath": None, "csi": {"driver": "a"}}],
    ],
}
_SYSCTLS: Final = (
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_notsent_lowat", "kernel.msgmax",
)  # fmt: skip
_ANNOTATIONS: Final = {
    "container.apparmor.security.beta.kubernetes.io/a": ["runtime/default", "localhost/a", "unconfined", ""],
    "seccomp.security.alpha.kubernetes.io/pod": ["unconfined", "docker/default", "localhost/a"],
    "container.seccomp.security.alpha.kubernetes.io/a": ["unconfined", "runtime/default"],
    "container.seccomp.security.alpha.kubernetes.io/other": ["unconfined"],
}
_HARDENED: Final = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def judged(asked: Sequence[tuple[str, int, Mapping[str, Any]]]) -> list[bool]:
    """Whether Pod Security admission refuses each Pod."""
    lines = [json.dumps({"level": level, "version": f"v1.{minor}", "pod": pod}) for level, minor, pod in asked]
    command = [_program("podsecurity")]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=True)
    return [json.loads(line) != [] for line in done.stdout.splitlines()]


def ours(asked: Sequence[tuple[str, int, Mapping[str, Any]]]) -> list[bool]:
    program = PodSecurity((), lambda _, __: (False, {}), lambda _, __: False).program
    found: dict[int, bool] = {}
    for level, minor in dict.fromkeys((level, minor) for level, minor, _ in asked):
        numbers = [number for number, one in enumerate(asked) if one[:2] == (level, minor)]
        pods = [asked[number][2] for number in numbers]
        rule = f"data.pod_security.{level}.deny"
        replies = Embedded().ask([Question(program, (rule,), pods, {"parameters.version": f"1.{minor}"})])[0]
        assert not replies.failures
        found.update((number, answers[0].value != []) for number, answers in zip(numbers, replies.answers, strict=True))
    return [found[number] for number in range(len(asked))]


def differing(pods: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str, int]]:
    named = [(name, level, minor) for name in pods for level in LEVELS for minor in MINORS]
    asked = [(level, minor, pods[name]) for name, level, minor in named]
    return [one for one, mine, theirs in zip(named, ours(asked), judged(asked), strict=True) if mine != theirs]


def _some(chance: random.Random, fields: Mapping[str, Sequence[Any]], share: float) -> dict[str, Any]:
    return {name: deepcopy(chance.choice(values)) for name, values in fields.items() if chance.random() < share}


def made(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Pods that are hardened but for a few fields, so that each of those can be what decides."""
    chance = random.Random(seed)
    for _ in range(count):
        share = chance.choice((0.02, 0.1, 0.3))
        at_pod = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}, **_some(chance, _BOTH, share)}
        if chance.random() < share:
            at_pod["sysctls"] = [{"name": name, "value": "1"} for name in chance.sample(_SYSCTLS, 2)]
        spec: dict[str, Any] = {"securityContext": at_pod, **_some(chance, _SPEC, share)}
        for group in ("containers", "initContainers", "ephemeralContainers"):
            if group == "containers" or chance.random() < share:
                context = {**_HARDENED, **_some(chance, _CONTEXT, share), **_some(chance, _BOTH, share)}
                own = {"securityContext": context} if chance.random() > share / 4 else {"securityContext": None}
                spec[group] = [{"name": "a", **own, **_some(chance, _CONTAINER, share)}]
        yield {"metadata": {"name": "a", "annotations": _some(chance, _ANNOTATIONS, share / 2)}, "spec": spec}


@pytest.mark.parametrize("seed", range(3))
def test_made_pods_get_the_verdict_of_kubernetes(seed: int) -> None:
    pods = {str(number): pod for number, pod in enumerate(made(150, seed))}

    different = differing(pods)

    assert [(*one, json.dumps(pods[one[0]])) for one in different] == []


@pytest.mark.shared
@pytest.mark.parametrize("level", LEVELS)
def test_fixtures_get_the_verdict_of_kubernetes_at_every_version(level: str, shared: Path) -> None:
    folder = shared / "suites" / "pod-security" / level / "v1.37"
    content = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.yaml"))}
    pods = {one.location.file: _as_admitted(one.body) for one in tree.from_files(content).resources}

    assert differing(pods) == []


def _as_admitted(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """With the `emptyDir` that the API server gives to a volume without a type before it asks the library."""
    changed = deepcopy(dict(pod))
    for volume in changed["spec"].get("volumes", ()):
        if volume.keys() == {"name"}:
            volume["emptyDir"] = {}
    return changed
