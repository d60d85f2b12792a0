# METADATA
# title: Pod Security Standards, level restricted
# description: >-
#   Current hardening of Pods is asked for. Holds all of the level baseline; where a control here is the stricter one,
#   it takes the place of that of baseline, as in Pod Security admission.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
package pod_security.restricted

import data.pod_security.baseline
import data.pod_security.pod

deny contains problem if {
	some problem in baseline.deny
	not problem.control in replaced
}

replaced contains "hostPathVolumes"

replaced contains "capabilities_baseline" if pod.since(22)

replaced contains "seccompProfile_baseline" if pod.since(19)

replaced contains "procMount" if pod.since(35)

# Since 1.25 a Pod says for which system it is.
is_linux if not is_windows

is_windows if {
	pod.since(25)
	pod.is_windows
}

volume_types := {
	"configMap",
	"csi",
	"downwardAPI",
	"emptyDir",
	"ephemeral",
	"image",
	"persistentVolumeClaim",
	"projected",
	"secret",
}

# A volume without a type is an empty folder: the API server adds `emptyDir`.
deny contains {"control": "restrictedVolumes", "path": ["spec", "volumes", index, type], "msg": msg} if {
	some index, volume in pod.list(input.spec.volumes)
	is_object(volume)
	types := {type | some type, source in volume; type != "name"; source != null}
	count(types & volume_types) == 0
	some type in types
	msg := sprintf("volume `%v` has the type `%s`, which is not one of those that are allowed: %s", [
		object.get(volume, "name", index),
		type,
		concat(", ", sort(volume_types)),
	])
}

deny contains {"control": "allowPrivilegeEscalation", "path": path, "msg": msg} if {
	pod.since(8)
	is_linux
	some container in pod.containers
	may_escalate(container.body)
	path := array.concat(container.path, ["securityContext", "allowPrivilegeEscalation"])
	msg := sprintf("%s has to set `allowPrivilegeEscalation: false`", [container.who])
}

may_escalate(container) if pod.is_unset(container, "allowPrivilegeEscalation")

may_escalate(container) if container.securityContext.allowPrivilegeEscalation == true

# `runAsNonRoot` of the Pod holds for each container that does not say it itself.
deny contains {"control": "runAsNonRoot", "path": path, "msg": msg} if {
	not is_root_allowed
	some context in pod.contexts
	context.body.runAsNonRoot == false
	path := array.concat(context.path, ["runAsNonRoot"])
	msg := sprintf("%s may run as root (`runAsNonRoot: false`)", [context.who])
}

deny contains {"control": "runAsNonRoot", "path": ["spec", "securityContext", "runAsNonRoot"], "msg": msg} if {
	not is_root_allowed
	who := silent_about("runAsNonRoot")
	msg := sprintf("the Pod, or %s, has to set `runAsNonRoot: true`", [who])
}

# The containers that say nothing of *field*, where the Pod says nothing either; undefined where there are none.
silent_about(field) := concat(", ", names) if {
	pod.is_unset(input.spec, field)
	names := sort({container.who | some container in pod.containers; pod.is_unset(container.body, field)})
	count(names) > 0
}

is_root_allowed if {
	pod.since(35)
	pod.has_user_namespace
}

deny contains {"control": "runAsUser", "path": path, "msg": msg} if {
	pod.since(23)
	not is_root_allowed
	some context in pod.contexts
	context.body.runAsUser == 0
	path := array.concat(context.path, ["runAsUser"])
	msg := sprintf("%s runs as root (`runAsUser: 0`)", [context.who])
}

deny contains {"control": "seccompProfile_restricted", "path": problem.path, "msg": problem.msg} if {
	pod.since(19)
	is_linux
	some problem in baseline.unconfined
}

deny contains {"control": "seccompProfile_restricted", "path": path, "msg": msg} if {
	pod.since(19)
	is_linux
	who := silent_about("seccompProfile")
	path := ["spec", "securityContext", "seccompProfile"]
	msg := sprintf("the Pod, or %s, has to set `seccompProfile.type` to `RuntimeDefault` or `Localhost`", [who])
}

deny contains {"control": "capabilities_restricted", "path": path, "msg": msg} if {
	pod.since(22)
	is_linux
	some container in pod.containers
	keeps_capabilities(container.body)
	path := array.concat(container.path, ["securityContext", "capabilities", "drop"])
	msg := sprintf("%s has to drop all capabilities (`drop: [ALL]`)", [container.who])
}

keeps_capabilities(container) if pod.is_unset(container, "capabilities")

keeps_capabilities(container) if {
	is_object(container.securityContext.capabilities)
	object.get(container.securityContext.capabilities, "drop", null) == null
}

keeps_capabilities(container) if {
	dropped := pod.list(container.securityContext.capabilities.drop)
	not "ALL" in dropped
}

deny contains {"control": "capabilities_restricted", "path": path, "msg": msg} if {
	pod.since(22)
	is_linux
	some container in pod.containers
	some index, capability in pod.list(container.body.securityContext.capabilities.add)
	capability != "NET_BIND_SERVICE"
	path := array.concat(container.path, ["securityContext", "capabilities", "add", index])
	msg := sprintf("%s adds the capability `%v`; only `NET_BIND_SERVICE` is allowed", [container.who, capability])
}

deny contains {"control": "procMount_restricted", "path": problem.path, "msg": problem.msg} if {
	pod.since(35)
	some problem in baseline.unmasked_proc
}
