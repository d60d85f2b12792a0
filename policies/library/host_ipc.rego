# METADATA
# title: Pods do not share memory with their node
# description: With `hostIPC` a Pod reads and writes what processes of its node share in memory.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
#     description: Pod Security Standards, "Host Namespaces"
# custom:
#   id: host-ipc
#   severity: error
package library.host_ipc

import data.library.pods

deny contains {"msg": msg, "path": array.concat(pods.path, ["hostIPC"])} if {
	pods.spec.hostIPC == true
	msg := "the Pod shares memory with its node (`hostIPC`)"
}
