# Five rules as a team may have them, for the comparison with conftest.
package main

import rego.v1

workloads := {"Deployment", "StatefulSet", "DaemonSet"}

containers contains container if {
	input.kind in workloads
	some container in input.spec.template.spec.containers
}

deny_latest contains msg if {
	some container in containers
	endswith(container.image, ":latest")
	msg := sprintf("container %s of %s has the tag latest", [container.name, input.metadata.name])
}

deny_limits contains msg if {
	some container in containers
	not container.resources.limits.memory
	msg := sprintf("container %s of %s has no memory limit", [container.name, input.metadata.name])
}

deny_root contains msg if {
	input.kind in workloads
	not input.spec.template.spec.securityContext.runAsNonRoot
	msg := sprintf("%s %s may run as root", [input.kind, input.metadata.name])
}

warn_labels contains msg if {
	input.kind in workloads
	some label in {"app.kubernetes.io/name", "app.kubernetes.io/part-of"}
	not input.metadata.labels[label]
	msg := sprintf("%s %s has no label %s", [input.kind, input.metadata.name, label])
}

deny_host contains msg if {
	input.kind == "Ingress"
	some rule in input.spec.rules
	endswith(rule.host, ".internal")
	msg := sprintf("Ingress %s serves %s", [input.metadata.name, rule.host])
}
