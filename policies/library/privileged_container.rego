# METADATA
# title: Containers are not privileged
# description: |
#   A privileged container has every capability and every device of its node: it is root there. What
#   `securityContext` of the Pod says does not count, as there is no such field.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
#     description: Pod Security Standards, "Privileged Containers"
# custom:
#   id: privileged-container
#   severity: error
package library.privileged_container

import data.library.containers

deny contains {"msg": msg, "path": array.concat(entry.path, ["securityContext", "privileged"])} if {
	some entry in containers.all
	entry.container.securityContext.privileged == true
	msg := sprintf("the container `%v` is privileged: it is root on its node", [entry.name])
}
