# METADATA
# title: Pods do not use the network of their node
# description: With `hostNetwork` a Pod sees the traffic of its node, and NetworkPolicies do not hold for it.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
#     description: Pod Security Standards, "Host Namespaces"
# custom:
#   id: host-network
#   severity: error
package library.host_network

import data.library.pods

deny contains {"msg": msg, "path": array.concat(pods.path, ["hostNetwork"])} if {
	pods.spec.hostNetwork == true
	msg := "the Pod uses the network of its node (`hostNetwork`)"
}
