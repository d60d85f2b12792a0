"""Each control leads to the line of the field at fault; `# finding` marks them, with the level."""

from __future__ import annotations

import re

import pytest

from tests.policy.pod_security.asking import asked, files, lines

_MARK = re.compile(r"# (baseline|restricted|both)$")
HARDENED = "securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}"
HEAD = """
apiVersion: v1
kind: Pod
metadata: {name: shop}
spec:
"""
QUIET = "  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}\n"
CONTAINER = f"  containers:\n    - name: shop\n      image: shop\n      {HARDENED}\n"


def in_container(context: str) -> str:
    """A field of the security context of a container that is hardened otherwise."""
    own = "".join(f"        {line}\n" for line in context.strip().splitlines())
    rest = "" if "capabilities" in context else "        capabilities: {drop: [ALL]}\n"
    rest += "" if "allowPriv" in context else "        allowPrivilegeEscalation: false\n"
    return f"{QUIET}  containers:\n    - name: shop\n      securityContext:\n{own}{rest}"


def beside(field: str) -> str:
    """A field of a hardened container."""
    return QUIET + CONTAINER + "".join(f"      {line}\n" for line in field.splitlines())


def at_pod(context: str) -> str:
    """A field of the security context of the Pod."""
    rest = "" if "seccompProfile" in context else "    seccompProfile: {type: RuntimeDefault}\n"
    rest += "" if "runAsNonRoot" in context else "    runAsNonRoot: true\n"
    return f"  securityContext:\n    {context}\n{rest}{CONTAINER}"


VOLUMES = f"{QUIET}{CONTAINER}  volumes:\n    - name: data\n"
CASES = {
    "host namespaces": f"  hostNetwork: true  # both\n  hostIPC: true  # both\n{QUIET}{CONTAINER}",
    "privileged": in_container("privileged: true  # both"),
    "an added capability": in_container(
        "capabilities:\n  drop: [ALL]\n  add:\n    - KILL  # restricted\n    - BPF  # both"
    ),
    "a host path": f"{VOLUMES}      hostPath:  # both\n        path: /var/log\n",
    "a host port": beside("ports:\n  - containerPort: 80\n    hostPort: 80  # both"),
    "a host of a probe": beside("startupProbe:\n  tcpSocket:\n    port: 1\n    host: '1.2.3.4'  # both"),
    "a host of a handler": beside("lifecycle:\n  postStart:\n    httpGet:\n      host: other  # both"),
    "a process of the Windows host": at_pod("windowsOptions:\n      hostProcess: true  # both"),
    "AppArmor": at_pod("appArmorProfile:\n      type: Unconfined  # both"),
    "SELinux": in_container("seLinuxOptions:\n  type: spc_t  # both\n  user: root  # both\n  role: sys  # both"),
    "procMount": in_container("procMount: Unmasked  # both"),
    "seccomp of the Pod": at_pod("seccompProfile:\n      type: Unconfined  # both"),
    "seccomp of a container": in_container("seccompProfile:\n  type: Unconfined  # both"),
    "a sysctl": at_pod("sysctls:\n      - name: kernel.shm_rmid_forced\n      - name: kernel.msgmax  # both"),
    "no sysctl is safe by its beginning": at_pod("sysctls:\n      - name: net.ipv4.tcp_rmem_max  # both"),
    "a volume that is not data": f"{VOLUMES}      nfs:  # restricted\n        path: /\n",
    "privilege escalation": in_container("allowPrivilegeEscalation: true  # restricted"),
    "privilege escalation by nothing": (
        f"{QUIET}  containers:\n    - name: shop\n      securityContext:\n"
        "        capabilities:  # restricted\n          drop: [ALL]\n"
    ),
    "root by the Pod": at_pod("runAsNonRoot: false  # restricted"),
    "root by a container": in_container("runAsNonRoot: false  # restricted"),
    "root by its number": in_container("runAsUser: 0  # restricted"),
    "capabilities that are kept": in_container("capabilities:\n  drop: [NET_RAW]  # restricted"),
    "an ephemeral container": (
        f"{QUIET}  ephemeralContainers:\n    - name: debug\n      {HARDENED[:-2]}, add: [BPF]}}}}  # both\n"
    ),
    "an init container": (
        f"{QUIET}  initContainers:\n    - name: init\n      {HARDENED[:-1]}, privileged: true}}  # both\n"
    ),
}


@pytest.mark.parametrize("spec", CASES.values(), ids=CASES)
def test_a_control_leads_to_its_field(spec: str) -> None:
    text = HEAD + spec
    marks = {number: _MARK.search(line) for number, line in enumerate(text.splitlines(), 1)}
    wanted = {
        (number, level)
        for number, mark in marks.items()
        if mark is not None
        for level in (("baseline", "restricted") if mark[1] == "both" else (mark[1],))
    }

    found = lines(asked(files({"pod.yaml": text}), "baseline", "restricted"))

    assert {(line, level) for _, line, level in found} == wanted
