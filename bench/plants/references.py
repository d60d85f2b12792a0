"""References of further kinds that lead nowhere: paths of agents, projects, targets of budgets and scalers, patches."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname

from bench.plants.ground import Ground, Plant, plants
from bench.plants.integrity import kustomizations
from gitops_guard.model import collected
from gitops_guard.model.resource import FileKind
from gitops_guard.model.workload import value_at


@plants("missing-file", "path of a Flux Kustomization")
def _(ground: Ground) -> Iterator[Plant | None]:
    folders = {dirname(path) for path in ground.files}
    for resource in ground.of_kind("Kustomization"):
        path = value_at(resource.body, ("spec", "path"))
        if isinstance(path, str) and path.strip("./") and path.removeprefix("./").strip("/") in folders:
            yield ground.rewritten(resource, ("spec", "path"), f"{path.rstrip('/')}-gone")


@plants("missing-file", "a patch in the list of old")
def _(ground: Ground) -> Iterator[Plant | None]:
    for file, body in kustomizations(ground):
        if body.get("resources") and "patchesStrategicMerge" not in body:
            yield ground.appended(file.path, "patchesStrategicMerge:\n- gone-patch.yaml «", document=False)


@plants("missing-file", "values of a chart of a kustomization")
def _(ground: Ground) -> Iterator[Plant | None]:
    text = (
        "helmCharts:\n- name: redis\n  repo: https://charts.example.com\n  version: 18.2.0\n  valuesFile: gone.yaml «"
    )
    for file, body in kustomizations(ground):
        if file.kind is FileKind.KUSTOMIZATION and body.get("resources") and "helmCharts" not in body:
            yield ground.appended(file.path, text, document=False)


@plants("ghost-patch", "operations in the list of old")
def _(ground: Ground) -> Iterator[Plant | None]:
    text = (
        "patchesJson6902: «\n- target: «\n    group: apps\n    version: v1\n    kind: Deployment «\n"
        "    name: planted «\n  patch: '[{op: remove, path: /spec/replicas}]' «"
    )
    yield from _patched(ground, text)


@plants("ghost-patch", "strategic, in the list of old")
def _(ground: Ground) -> Iterator[Plant | None]:
    text = (
        "patchesStrategicMerge: «\n- | «\n  apiVersion: apps/v1 «\n  kind: Deployment «\n  metadata: «\n"
        "    name: planted «\n  spec:\n    replicas: 3"
    )
    yield from _patched(ground, text)


def _patched(ground: Ground, text: str) -> Iterator[Plant | None]:
    """In kustomizations of which all resources are files beside them."""
    for file, body in kustomizations(ground):
        entries = body.get("resources")
        keys = {"patches", "patchesStrategicMerge", "patchesJson6902", "generators", "helmCharts", "components"}
        if file.kind is FileKind.KUSTOMIZATION and isinstance(entries, list) and keys.isdisjoint(body):
            folder = dirname(file.path)
            if all(f"{folder}/{entry}".lstrip("/") in ground.files for entry in entries):
                yield ground.appended(file.path, text, document=False)


_WORKLOAD = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: planted
spec:
  selector:
    matchLabels: {app: planted}
  template:
    metadata:
      labels: {app: planted}
    spec:
      containers:
      - name: planted
        image: ghcr.io/example/planted:1.4.2
"""
_REFERRING = {
    "ConfigMap of a new workload": _WORKLOAD
    + "        envFrom:\n        - configMapRef:\n            name: planted-gone «",
    "claim of a new workload": _WORKLOAD
    + "      volumes:\n      - name: it\n        persistentVolumeClaim:\n          claimName: planted-gone «",
    "port of a new Service": _WORKLOAD
    + "        ports: [{name: http, containerPort: 80}]\n---\napiVersion: v1\nkind: Service\nmetadata:\n"
    "  name: planted\nspec:\n  selector: {app: planted}\n  ports:\n  - port: 80\n    targetPort: web «",
    "target of an autoscaler": "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: planted\n"
    "spec:\n  scaleTargetRef: «\n    apiVersion: apps/v1\n    kind: Deployment\n    name: planted-gone «\n"
    "  minReplicas: 2\n  maxReplicas: 4",
    "backend of an Ingress": "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: planted\nspec:\n"
    "  rules:\n  - http:\n      paths:\n      - path: /\n        pathType: Prefix\n        backend:\n"
    "          service: «\n            name: planted-gone «\n            port: {number: 80}",
    "role of a binding": "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: planted\n"
    "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: planted-gone «\n"
    "subjects:\n- kind: User\n  name: somebody",
}


def _referring(form: str, text: str) -> None:
    @plants("dangling-reference", form)
    def _(ground: Ground) -> Iterator[Plant | None]:
        for path in _of_whole_apps(ground):
            yield ground.appended(path, text)


def _of_whole_apps(ground: Ground) -> Iterator[str]:
    """Manifests of kustomizations that list a workload and nothing but files beside them: no chart brings the name."""
    kinds = {resource.location.file: resource.id.kind for resource in ground.of_kind()}
    charts = {resource.location.file for resource in ground.of_kind("HelmRelease", "Subscription")}
    layers = collected.of(ground.tree)
    for file, body in kustomizations(ground):
        entries = body.get("resources")
        takes_more = not {"components", "helmCharts", "generators"}.isdisjoint(body)
        if file.kind is FileKind.KUSTOMIZATION and isinstance(entries, list) and not takes_more:
            paths = [f"{dirname(file.path)}/{entry}".lstrip("/") for entry in entries]
            found = {kinds.get(path, "") for path in paths}
            if not charts.isdisjoint(file for path in paths for file in layers.around(path).files):
                continue
            if all(path in ground.files for path in paths) and "Deployment" in found:
                yield from (path for path in paths if kinds.get(path) in ("Deployment", "Service", "ServiceAccount"))


for _form, _text in _REFERRING.items():
    _referring(_form, _text)


_BUDGET = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: {0}\nspec:\n  minAvailable: 1\n"


@plants("dangling-reference", "pods of a budget")
def _(ground: Ground) -> Iterator[Plant | None]:
    whole = set(_of_whole_apps(ground))
    for resource in ground.of_kind("Deployment"):
        labels = value_at(resource.body, ("spec", "template", "metadata", "labels"))
        if resource.location.file in whole and isinstance(labels, dict) and labels:
            key, value = next(iter(labels.items()))
            text = f"{_BUDGET.format(resource.id.name)}  selector: «\n    matchLabels: «\n      {key}: {value}-gone «"
            yield ground.appended(resource.location.file, text)
