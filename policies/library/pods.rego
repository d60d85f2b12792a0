# METADATA
# title: The Pods that a resource describes
# description: |
#   Where the other policies of this folder look: `spec` is the specification of the Pods, `path` says where in the
#   input it stands, `containers` holds all containers. All three are undefined or empty for other resources.
package library.pods

# Where a kind has its Pod template. Kinds of other API groups than those of Kubernetes have the group in front.
templates := {
	"CronJob": ["spec", "jobTemplate", "spec", "template"],
	"DaemonSet": ["spec", "template"],
	"Deployment": ["spec", "template"],
	"Job": ["spec", "template"],
	"Pod": [],
	"PodTemplate": ["template"],
	"ReplicaSet": ["spec", "template"],
	"ReplicationController": ["spec", "template"],
	"StatefulSet": ["spec", "template"],
	"apps.kruise.io/CloneSet": ["spec", "template"],
	"apps.kruise.io/DaemonSet": ["spec", "template"],
	"apps.kruise.io/StatefulSet": ["spec", "template"],
	"apps.openshift.io/DeploymentConfig": ["spec", "template"],
	"argoproj.io/Rollout": ["spec", "template"],
	"keda.sh/ScaledJob": ["spec", "jobTargetRef", "template"],
	"serving.knative.dev/Configuration": ["spec", "template"],
	"serving.knative.dev/Service": ["spec", "template"],
}

# METADATA
# description: What `templates` calls the kind of the input.
kind := concat("/", [group, input.kind]) if contains(group, ".")

kind := input.kind if not contains(group, ".")

# METADATA
# description: The API group of the input, or its version where it is of the core group.
group := split(input.apiVersion, "/")[0] if {
	is_string(input.apiVersion)
	is_string(input.kind)
}

# METADATA
# description: Where in the input the specification of the Pods stands.
path := array.concat(templates[kind], ["spec"])

# METADATA
# description: The specification of the Pods.
spec := found if {
	found := object.get(input, path, null)
	is_object(found)
}

# METADATA
# description: |
#   All containers, each with its `path`, the `list` that it stands in, and what to call it (`name`).
containers contains entry if {
	some list in ["initContainers", "containers", "ephemeralContainers"]
	is_array(spec[list])
	some number, container in spec[list]
	is_object(container)
	entry := {
		"container": container,
		"list": list,
		"name": object.get(container, "name", sprintf("%s[%v]", [list, number])),
		"path": array.concat(path, [list, number]),
	}
}
