# METADATA
# title: An Ingress has TLS for all of its hosts
# description: |
#   Without TLS everything between a visitor and the cluster can be read and changed. An entry of `tls` without hosts
#   holds for all. `annotations` lists those with which a controller gets its certificates in another way.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/services-networking/ingress/#tls
#     description: TLS of an Ingress
# custom:
#   id: ingress-without-tls
#   severity: error
package library.ingress_without_tls

default annotations := [
	"alb.ingress.kubernetes.io/certificate-arn",
	"ingress.gcp.kubernetes.io/pre-shared-cert",
	"networking.gke.io/managed-certificates",
	"route.openshift.io/termination",
]

annotations := data.parameters.ingress_without_tls.annotations

deny contains {"msg": "the Ingress has no `tls`", "path": ["spec", "tls"]} if {
	is_judged
	count(entries) == 0
}

deny contains {"msg": msg, "path": ["spec", "rules", number, "host"]} if {
	is_judged
	count(entries) > 0
	is_array(input.spec.rules)
	some number, rule in input.spec.rules
	is_string(rule.host)
	not is_covered(rule.host)
	msg := sprintf("no entry of `tls` is for the host `%s`", [rule.host])
}

is_judged if {
	input.kind == "Ingress"
	is_string(input.apiVersion)
	split(input.apiVersion, "/")[0] in ["extensions", "networking.k8s.io"]
	not has_certificate
}

has_certificate if {
	some annotation in annotations
	object.get(input, ["metadata", "annotations", annotation], null) != null
}

default entries := []

entries := input.spec.tls if is_array(input.spec.tls)

is_covered(_) if {
	some entry in entries
	not entry.hosts[0]
}

is_covered(host) if {
	some entry in entries
	some number
	entry.hosts[number] in [host, regex.replace(host, `^[^.]+`, "*")]
}
