"""What the name of a file promises. Apart from all that parses, so that listing can begin before it is imported."""

from __future__ import annotations

from typing import Final

KUSTOMIZATION_NAMES: Final = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
SOPS_CONFIG: Final = ".sops.yaml"
_READ: Final = (".yaml", ".yml", ".json")


def may_be_read(path: str) -> bool:
    """Whether the name promises YAML or JSON; of all other files, only those are opened that something names."""
    return path.endswith(_READ) or (path.endswith("Kustomization") and is_candidate(path.rpartition("/")[2]))


def is_candidate(name: str) -> bool:
    return name.endswith(_READ) or name in KUSTOMIZATION_NAMES


def may_hold_commands(path: str) -> bool:
    """Whether the name promises a script that CI runs: a shell script or a Jenkinsfile."""
    name = path.rpartition("/")[2]
    return name.endswith((".sh", ".bash", ".Jenkinsfile", ".jenkinsfile")) or name.startswith("Jenkinsfile")


def may_be_kubeconfig(path: str) -> bool:
    """Whether the name promises a kubeconfig, which mostly has no ending: `kubeconfig`, `prod.kubeconfig`."""
    folder, _, name = path.rpartition("/")
    lowered = name.lower()
    return lowered.endswith("kubeconfig") or name == "admin.conf" or (name == "config" and folder.endswith(".kube"))
