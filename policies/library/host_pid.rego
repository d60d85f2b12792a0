# METADATA
# title: Pods do not see the processes of their node
# description: With `hostPID` a Pod sees every process of its node, with arguments and environment, and may end them.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
#     description: Pod Security Standards, "Host Namespaces"
# custom:
#   id: host-pid
#   severity: error
package library.host_pid

import data.library.pods

deny contains {"msg": msg, "path": array.concat(pods.path, ["hostPID"])} if {
	pods.spec.hostPID == true
	msg := "the Pod sees the processes of its node (`hostPID`)"
}
