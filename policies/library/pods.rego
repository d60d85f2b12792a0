# METADATA
# title: The Pods that a resource describes
# description: |
#   Where other policies of this folder look: `spec` is the specification of the Pods, and `path` says where in the input
#   it stands. Both are undefined for a resource that describes no Pods.
package library.pods

# Where a kind has the specification of its Pods. Kinds of other API groups than those of Kubernetes have the group in
# front.
paths := {
	"CronJob": ["spec", "jobTemplate", "spec", "template", "spec"],
	"DaemonSet": ["spec", "template", "spec"],
	"Deployment": ["spec", "template", "spec"],
	"Job": ["spec", "template", "spec"],
	"Pod": ["spec"],
	"PodTemplate": ["template", "spec"],
	"ReplicaSet": ["spec", "template", "spec"],
	"ReplicationController": ["spec", "template", "spec"],
	"StatefulSet": ["spec", "template", "spec"],
	"apps.kruise.io/CloneSet": ["spec", "template", "spec"],
	"apps.kruise.io/DaemonSet": ["spec", "template", "spec"],
	"apps.kruise.io/StatefulSet": ["spec", "template", "spec"],
	"apps.openshift.io/DeploymentConfig": ["spec", "template", "spec"],
	"argoproj.io/Rollout": ["spec", "template", "spec"],
	"keda.sh/ScaledJob": ["spec", "jobTargetRef", "template", "spec"],
	"serving.knative.dev/Configuration": ["spec", "template", "spec"],
	"serving.knative.dev/Service": ["spec", "template", "spec"],
}

path := paths[input.kind] if {
	is_string(input.apiVersion)
	not contains(input.apiVersion, ".")
}

path := paths[concat("/", [split(input.apiVersion, "/")[0], input.kind])] if {
	is_string(input.apiVersion)
	is_string(input.kind)
	contains(input.apiVersion, ".")
}

spec := found if {
	found := object.get(input, path, null)
	is_object(found)
}
