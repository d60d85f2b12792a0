"""References without an answer, and all that may answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from gitops_guard.model.finding import Problem, Severity
from gitops_guard.model.resource import Location

Ask = Callable[..., list[tuple[Location, Problem]]]
ASK = "dangling-reference"
FLUX = "kustomize.toolkit.fluxcd.io/v1"
HELM = "helm.toolkit.fluxcd.io/v2"
SOURCE = "source.toolkit.fluxcd.io/v1"


def thing(api_version: str, kind: str, name: str = "it", namespace: str = "", **body: object) -> str:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return json.dumps({"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}) + "\n---\n"


def config(name: str) -> str:
    return thing("v1", "ConfigMap", name)


def deployment(name: str = "shop", labels: object = None, ports: object = (), **spec: Any) -> str:
    pod = {"containers": [{"name": "it", "ports": list(ports) if isinstance(ports, tuple) else ports}], **spec}
    template = {"metadata": {"labels": labels or {"app": "shop"}}, "spec": pod}
    return thing("apps/v1", "Deployment", name, spec={"template": template})


def uses(kind: str, name: str, **more: object) -> str:
    """A Deployment that takes its environment from a ConfigMap or a Secret."""
    key = "configMapRef" if kind == "ConfigMap" else "secretRef"
    return deployment(containers=[{"name": "it", "envFrom": [{key: {"name": name, **more}}]}])


def told(ask: Ask, files: Mapping[str, str] | str, **options: object) -> list[str]:
    return [problem.message for _, problem in ask(ASK, files, **options)]


def test_a_config_map_that_nothing_brings_is_a_warning_at_its_name(ask: Ask) -> None:
    text = """\
        apiVersion: v1
        kind: Pod
        metadata: {name: it}
        spec:
          containers:
            - name: it
              envFrom:
                - configMapRef:
                    name: gone
        """

    [(at, problem)] = ask(ASK, text)

    assert (at.line, at.column, problem.severity) == (9, 19, Severity.WARNING)
    assert problem.message == "there is no ConfigMap `gone` in the repository"


def test_a_slip_of_the_name_is_an_error_and_names_the_other(ask: Ask) -> None:
    [(_, problem)] = ask(ASK, {"a/x.yaml": uses("ConfigMap", "setings"), "a/y.yaml": config("settings")})

    assert (problem.severity, problem.fix) == (None, "did you mean `settings`?")
    assert "a/y.yaml:1" in problem.message


def test_what_lost_its_only_reference_was_meant(ask: Ask) -> None:
    [(_, problem)] = ask(ASK, uses("Secret", "shop-database") + thing("v1", "Secret", "shop-db"))

    assert problem.fix == "did you mean `shop-db`?"


POD_SPECS: dict[str, list[dict[str, Any]]] = {
    "ConfigMap": [
        {"volumes": [{"name": "a", "configMap": {"name": "gone"}}]},
        {"volumes": [{"name": "a", "projected": {"sources": [{"configMap": {"name": "gone"}}]}}]},
        {"initContainers": [{"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "gone", "key": "a"}}}]}]},
    ],
    "ServiceAccount": [{"serviceAccountName": "gone"}],
    "PersistentVolumeClaim": [{"volumes": [{"name": "a", "persistentVolumeClaim": {"claimName": "gone"}}]}],
}


@pytest.mark.parametrize(("kind", "spec"), [(kind, spec) for kind, specs in POD_SPECS.items() for spec in specs])
def test_all_that_a_pod_refers_to_is_asked(ask: Ask, kind: str, spec: Mapping[str, Any]) -> None:
    assert told(ask, deployment(**spec)) == [f"there is no {kind} `gone` in the repository"]


PRODUCERS = {
    "a Secret": thing("v1", "Secret", "wanted"),
    "an ExternalSecret": thing("external-secrets.io/v1", "ExternalSecret", spec={"target": {"name": "wanted"}}),
    "an ExternalSecret of that name": thing("external-secrets.io/v1", "ExternalSecret", "wanted", spec={}),
    "a SealedSecret": thing("bitnami.com/v1alpha1", "SealedSecret", "wanted"),
    "a SealedSecret with a template": thing(
        "bitnami.com/v1alpha1", "SealedSecret", spec={"template": {"metadata": {"name": "wanted"}}}
    ),
    "a SopsSecret": thing("isindir.github.com/v1alpha3", "SopsSecret", spec={"secretTemplates": [{"name": "wanted"}]}),
    "a Certificate": thing("cert-manager.io/v1", "Certificate", spec={"secretName": "wanted"}),
    "a serving certificate": thing("v1", "Service").replace(
        '"name": "it"', '"name": "it", "annotations": {"service.beta.openshift.io/serving-cert-secret-name": "wanted"}'
    ),
    "an annotated Ingress": thing("networking.k8s.io/v1", "Ingress", spec={"tls": [{"secretName": "wanted"}]}).replace(
        '"name": "it"', '"name": "it", "annotations": {"cert-manager.io/issuer": "a"}'
    ),
    "a CSI driver": thing(
        "secrets-store.csi.x-k8s.io/v1", "SecretProviderClass", spec={"secretObjects": [{"secretName": "wanted"}]}
    ),
    "1Password": thing("onepassword.com/v1", "OnePasswordItem", "wanted"),
}


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
def test_what_brings_a_secret_counts(ask: Ask, producer: str) -> None:
    files = {"a/a.yaml": uses("Secret", "wanted"), "a/b.yaml": producer}

    assert told(ask, files) == []


def test_the_producers_matter(ask: Ask) -> None:
    files = {"a/a.yaml": uses("Secret", "gone") + uses("Secret", "own"), "a/b.yaml": thing("v1", "Secret", "own")}

    assert told(ask, files) == ["there is no Secret `gone` in the repository"]


def test_secrets_that_a_repository_does_not_keep_are_not_missed(ask: Ask) -> None:
    assert told(ask, uses("Secret", "gone")) == []


def test_a_generator_answers_and_so_does_a_prefix(ask: Ask) -> None:
    files = {
        "base/kustomization.yaml": "resources: [d.yaml]\nconfigMapGenerator: [{name: settings}]\n",
        "base/d.yaml": uses("ConfigMap", "settings"),
        "prod/kustomization.yaml": "resources: [../base, e.yaml]\nnamePrefix: prod-\n",
        "prod/e.yaml": uses("ConfigMap", "prod-settings"),
    }

    assert told(ask, files) == []


def test_a_slip_of_what_a_generator_makes_is_an_error(ask: Ask) -> None:
    files = {
        "a/kustomization.yaml": "resources: [d.yaml]\nconfigMapGenerator: [{name: settings}]\n",
        "a/d.yaml": uses("ConfigMap", "setings"),
    }

    assert [(problem.severity, problem.fix) for _, problem in ask(ASK, files)] == [(None, "did you mean `settings`?")]


def test_a_base_and_its_overlay_answer_each_other(ask: Ask) -> None:
    files = {
        "base/kustomization.yaml": "resources: [d.yaml, c.yaml]\n",
        "base/d.yaml": uses("ConfigMap", "of-overlay"),
        "base/c.yaml": config("of-base"),
        "prod/kustomization.yaml": "resources: [../base, e.yaml, c.yaml]\n",
        "prod/e.yaml": uses("ConfigMap", "of-base"),
        "prod/c.yaml": config("of-overlay"),
    }

    assert told(ask, files) == []


def test_another_environment_does_not_answer(ask: Ask) -> None:
    files = {
        "apps/staging/shop/d.yaml": uses("ConfigMap", "settings"),
        "apps/staging/shop/c.yaml": config("settings"),
        "apps/production/shop/d.yaml": uses("ConfigMap", "settings"),
    }

    assert [at.file for at, _ in ask(ASK, files)] == ["apps/production/shop/d.yaml"]


def test_another_app_of_another_namespace_does_not_answer(ask: Ask) -> None:
    files = {
        "a/d.yaml": thing("v1", "Pod", namespace="one", spec={"serviceAccountName": "worker"}),
        "b/s.yaml": thing("v1", "ServiceAccount", "worker", namespace="two"),
    }

    assert told(ask, files) == ["there is no ServiceAccount `worker` in the repository"]
    assert told(ask, files | {"c/s.yaml": thing("v1", "ServiceAccount", "worker", namespace="one")}) == []


def test_a_copy_of_the_app_elsewhere_does_not_answer(ask: Ask) -> None:
    account = thing("v1", "ServiceAccount", "worker")
    files = {"a/d.yaml": deployment(serviceAccountName="worker"), "b/d.yaml": deployment(serviceAccountName="worker")}

    assert told(ask, files | {"b/s.yaml": account}) == [
        "no ServiceAccount `worker` is in this app; that of b/s.yaml is another's"
    ]
    assert told(ask, files | {"common/s.yaml": account}) == []


UNKNOWN = {
    "a chart": {"a/h.yaml": thing(HELM, "HelmRelease")},
    "an operator": {"a/p.yaml": thing("postgresql.cnpg.io/v1", "Cluster")},
    "a remote base": {"a/kustomization.yaml": "resources: [d.yaml, 'https://example.com/x.yaml']\n"},
    "a chart of kustomize": {"a/kustomization.yaml": "resources: [d.yaml]\nhelmCharts: [{name: x}]\n"},
    "a template": {"a/t.yaml": "{{ if .x }}\na: {{ .b }}\n{{ end }}\n"},
    "a patch of the field": {
        "a/kustomization.yaml": "resources: [d.yaml]\npatches: [{target: {kind: Deployment}, path: p.yaml}]\n",
        "a/p.yaml": "- op: replace\n  path: /spec/template/spec/containers/0/envFrom/0/configMapRef/name\n  value: x\n",
    },
    "a name that is filled in": {"b/c.yaml": config("${APP}")},
    "a Job that makes it": {"a/j.yaml": thing("batch/v1", "Job", spec={"args": ["kubectl create configmap gone"]})},
}


@pytest.mark.parametrize("others", UNKNOWN.values(), ids=UNKNOWN)
def test_nothing_is_claimed_where_others_bring_names(ask: Ask, others: Mapping[str, str]) -> None:
    assert told(ask, {"a/d.yaml": uses("ConfigMap", "gone"), **others}) == []


def test_a_slip_is_told_beside_a_chart_too_but_as_a_warning(ask: Ask) -> None:
    files = {
        "a/d.yaml": uses("ConfigMap", "setings"),
        "a/c.yaml": config("settings"),
        "a/h.yaml": thing(HELM, "HelmRelease"),
    }

    assert [problem.severity for _, problem in ask(ASK, files)] == [Severity.WARNING]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(uses("ConfigMap", "gone", optional=True), id="optional"),
        pytest.param(uses("ConfigMap", "${APP}-settings"), id="a placeholder"),
        pytest.param(uses("ConfigMap", "kube-root-ca.crt"), id="made by the cluster"),
        pytest.param(deployment(serviceAccountName="default"), id="an account of every namespace"),
        pytest.param(deployment(imagePullSecrets=[{"name": "registry"}]), id="handed over by hand"),
    ],
)
def test_what_need_not_be_in_git_is_not_missed(ask: Ask, text: str) -> None:
    assert told(ask, text) == []


def test_the_option_names_what_is_made_elsewhere(ask: Ask) -> None:
    text = uses("ConfigMap", "gone") + deployment(serviceAccountName="gone")

    assert told(ask, text, external=["gone"]) == []
    assert told(ask, text, external=["ServiceAccount/g*"]) == ["there is no ConfigMap `gone` in the repository"]


def binding(role: str, account: str, kind: str = "Role") -> str:
    return thing(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
        subjects=[{"kind": "ServiceAccount", "name": account}, {"kind": "User", "name": "somebody"}],
    )


def test_roles_and_accounts_of_a_binding_are_asked(ask: Ask) -> None:
    assert told(ask, binding("gone", "nobody")) == [
        "there is no Role `gone` in the repository",
        "there is no ServiceAccount `nobody` in the repository",
    ]


def test_cluster_roles_come_with_the_cluster(ask: Ask) -> None:
    account = thing("v1", "ServiceAccount", "me")

    assert told(ask, binding("edit", "me", "ClusterRole") + binding("system:node", "me", "ClusterRole") + account) == []
    assert told(ask, binding("of-an-operator", "me", "ClusterRole") + account) == []


@pytest.mark.parametrize(
    ("api_version", "kind", "spec"),
    [
        pytest.param("autoscaling/v2", "HorizontalPodAutoscaler", "scaleTargetRef", id="HPA"),
        pytest.param("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", "targetRef", id="VPA"),
        pytest.param("keda.sh/v1alpha1", "ScaledObject", "scaleTargetRef", id="KEDA"),
    ],
)
def test_targets_of_autoscalers_are_asked_where_there_are_workloads(
    ask: Ask, api_version: str, kind: str, spec: str
) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "gone"}
    scaler = thing(api_version, kind, spec={spec: target})

    assert told(ask, scaler) == []
    assert told(ask, scaler + deployment("cart")) == ["there is no Deployment `gone` in the repository"]


def flux(name: str, *needs: str, **spec: object) -> str:
    return thing(
        FLUX, "Kustomization", name, "flux-system", spec={"dependsOn": [{"name": need} for need in needs], **spec}
    )


def test_dependencies_and_sources_of_flux_are_asked(ask: Ask) -> None:
    repository = thing(SOURCE, "HelmRepository", "charts", "flux-system")
    release = thing(
        HELM,
        "HelmRelease",
        namespace="shop",
        spec={
            "chart": {"spec": {"sourceRef": {"kind": "HelmRepository", "name": "other", "namespace": "flux-system"}}}
        },
    )

    assert told(ask, {"a.yaml": flux("infra") + flux("apps", "infra", "gone")}) == [
        "there is no Kustomization `gone` in the repository"
    ]
    assert told(ask, {"a.yaml": repository, "b.yaml": release})[0].startswith("there is no HelmRepository `other`")


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"a.yaml": flux("apps", sourceRef={"kind": "GitRepository", "name": "x"})}, id="no other source"),
        pytest.param(
            {"a.yaml": flux("apps", sourceRef={"kind": "GitRepository", "name": "flux-system"})}, id="bootstrapped"
        ),
        pytest.param(
            {"a.yaml": flux("apps", decryption={"provider": "sops", "secretRef": {"name": "sops-age"}})}, id="its key"
        ),
        pytest.param(
            {
                "a.yaml": flux("apps", sourceRef={"kind": "ExternalArtifact", "name": "apps"})
                + thing(
                    "source.extensions.fluxcd.io/v1beta1", "ArtifactGenerator", spec={"artifacts": [{"name": "apps"}]}
                )
            },
            id="an artifact",
        ),
    ],
)
def test_what_bootstrap_and_generators_of_flux_make_is_there(ask: Ask, files: Mapping[str, str]) -> None:
    assert told(ask, files) == []


def test_values_and_substitutions_of_flux_are_asked(ask: Ask) -> None:
    files = {
        "a/k.yaml": flux("apps", postBuild={"substituteFrom": [{"kind": "ConfigMap", "name": "setings"}]}),
        "a/c.yaml": thing("v1", "ConfigMap", "settings", "flux-system"),
    }

    assert told(ask, files) == ["there is no ConfigMap `setings` in the repository; `settings` is in a/c.yaml:1"]


def test_projects_stores_and_issuers_are_asked_where_the_repository_brings_them(ask: Ask) -> None:
    application = thing("argoproj.io/v1alpha1", "Application", namespace="argocd", spec={"project": "shopp"})
    external = thing(
        "external-secrets.io/v1", "ExternalSecret", spec={"secretStoreRef": {"name": "v", "kind": "ClusterSecretStore"}}
    )
    certificate = thing("cert-manager.io/v1", "Certificate", spec={"issuerRef": {"name": "a", "kind": "ClusterIssuer"}})
    bring = {
        "p.yaml": thing("argoproj.io/v1alpha1", "AppProject", "cart", "argocd"),
        "s.yaml": thing("external-secrets.io/v1", "ClusterSecretStore", "vault"),
        "i.yaml": thing("cert-manager.io/v1", "ClusterIssuer", "letsencrypt"),
    }

    assert told(ask, {"x.yaml": application + external + certificate}) == []
    assert [text.partition(";")[0] for text in told(ask, {"x.yaml": application + external + certificate} | bring)] == [
        "there is no AppProject `shopp` in the repository",
        "there is no ClusterSecretStore `v` in the repository",
        "there is no ClusterIssuer `a` in the repository",
    ]


def test_a_source_that_values_of_argo_mean_has_to_be_one_of_the_application(ask: Ask) -> None:
    sources = [{"helm": {"valueFiles": ["$values/a.yaml", "$vals/b.yaml", "c.yaml"]}}, {"ref": "values"}]

    [(_, problem)] = ask(ASK, thing("argoproj.io/v1alpha1", "Application", spec={"sources": sources}))

    assert problem.path == ("spec", "sources", 0, "helm", "valueFiles", 1)


def test_a_gateway_and_a_service_of_a_route_are_asked(ask: Ask) -> None:
    route = thing(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        spec={"parentRefs": [{"name": "gone"}], "rules": [{"backendRefs": [{"name": "cart", "port": 80}]}]},
    )
    gateway = thing("gateway.networking.k8s.io/v1", "Gateway", "public")

    assert [text.partition(";")[0] for text in told(ask, route + gateway)] == [
        "there is no Gateway `gone` in the repository",
        "there is no Service `cart` in the repository",
    ]


WRONG: list[object] = [None, [], {}, 7, "text", [None], [[]], [{"name": 7}], {"name": None}, {"name": []}, True]
KINDS = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "Service": "v1",
    "Ingress": "networking.k8s.io/v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "Kustomization": FLUX,
    "HelmRelease": HELM,
    "Application": "argoproj.io/v1alpha1",
    "ExternalSecret": "external-secrets.io/v1",
    "SopsSecret": "isindir.github.com/v1alpha3",
    "FluxInstance": "fluxcd.controlplane.io/v1",
    "Route": "route.openshift.io/v1",
    "Gateway": "gateway.networking.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1",
}
FIELDS = (
    "template", "selector", "ports", "rules", "tls", "scaleTargetRef", "dependsOn", "sourceRef", "path", "components",
    "targetNamespace", "sources", "source", "secretStoreRef", "target", "sync", "to", "port", "parentRefs", "listeners",
    "defaultBackend", "volumeClaimTemplates", "serviceName", "valuesFrom", "secretTemplates", "project", "destination",
)  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_values_of_wrong_types_are_survived(ask: Ask, wrong: object) -> None:
    things = "".join(
        thing(version, kind, spec=spec)
        for kind, version in KINDS.items()
        for spec in (
            wrong,
            dict.fromkeys(FIELDS, wrong),
            {"template": {"spec": {"containers": wrong, "volumes": wrong}}},
        )
    )
    names = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": wrong, "namespace": wrong, "annotations": wrong},
    }
    roots = thing("rbac.authorization.k8s.io/v1", "RoleBinding", roleRef=wrong, subjects=wrong)
    kustomization = json.dumps(
        dict.fromkeys(
            ("namespace", "namePrefix", "resources", "patches", "configMapGenerator", "labels", "commonLabels"), wrong
        )
    )

    ask(ASK, {"a/x.yaml": things + roots + json.dumps(names), "a/kustomization.yaml": kustomization})


def test_kustomizations_in_a_circle_end(ask: Ask) -> None:
    files = {
        "a/kustomization.yaml": "resources: [../b, ../a, x.yaml]\n",
        "b/kustomization.yaml": "resources: [../a, ../b]\nconfigMapGenerator: [{name: settings}]\n",
        "a/x.yaml": uses("ConfigMap", "settings"),
    }

    assert told(ask, files) == []


def test_many_references_without_an_answer_end_in_time(ask: Ask) -> None:
    files = {
        f"a/{number}.yaml": uses("ConfigMap", f"gone-{number}") + config(f"other-{number}x") for number in range(300)
    }

    assert len(told(ask, files)) == 300
