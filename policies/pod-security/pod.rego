# METADATA
# title: The Pod that is judged
# description: >-
#   `input` is a Pod, or the template of one: `{"metadata": …, "spec": …}`. `data.parameters.version` is the version of
#   the Pod Security Standards, "1.34"; without one the newest.
package pod_security.pod

# The minor version: 34 of "1.34". Newer than all that is known here, where no version is given.
default minor := 1000

minor := to_number(split(data.parameters.version, ".")[1])

# What the standards ask since the minor version *first*.
since(first) if minor >= first

# The value itself where it is a list. A field of a wrong type is a matter of schemas, and of no policy.
list(value) := value if is_array(value)

# All containers, with the path to each.
containers contains {"path": ["spec", group, index], "who": who, "body": body} if {
	some group in ["initContainers", "containers", "ephemeralContainers"]
	some index, body in list(input.spec[group])
	is_object(body)
	who := sprintf("container `%v`", [object.get(body, "name", index)])
}

# All security contexts: of the Pod, and of each container.
contexts contains {"path": ["spec", "securityContext"], "who": "the Pod", "body": body} if {
	body := input.spec.securityContext
	is_object(body)
}

contexts contains {"path": path, "who": container.who, "body": body} if {
	some container in containers
	body := container.body.securityContext
	is_object(body)
	path := array.concat(container.path, ["securityContext"])
}

# Whether the security context of *owner* (the spec of a Pod, a container) says nothing of *field*.
is_unset(owner, _) if object.get(owner, "securityContext", null) == null

is_unset(owner, field) if {
	is_object(owner.securityContext)
	object.get(owner.securityContext, field, null) == null
}

# Profiles of seccomp that confine.
confines(profile) if profile in {"RuntimeDefault", "Localhost"}

# The API server refuses a Windows Pod with security fields of Linux, so nothing is asked of those.
is_windows if input.spec.os.name == "windows"

# root in a user namespace is nobody on the node.
has_user_namespace if input.spec.hostUsers == false
