# METADATA
# title: Pod Security Standards, level baseline
# description: >-
#   What known ways out of a container need is denied. Each control has the id of the check of Pod Security admission
#   that it stands for; `path` is the field at fault.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
package pod_security.baseline

import data.pod_security.pod

deny contains {"control": "hostNamespaces", "path": ["spec", field], "msg": msg} if {
	some field, what in {"hostNetwork": "network", "hostPID": "processes", "hostIPC": "IPC"}
	input.spec[field] == true
	msg := sprintf("the Pod shares the %s of the host (`%s`)", [what, field])
}

deny contains {"control": "privileged", "path": path, "msg": msg} if {
	some container in pod.containers
	container.body.securityContext.privileged == true
	path := array.concat(container.path, ["securityContext", "privileged"])
	msg := sprintf("%s is privileged", [container.who])
}

default_capabilities := {
	"AUDIT_WRITE",
	"CHOWN",
	"DAC_OVERRIDE",
	"FOWNER",
	"FSETID",
	"KILL",
	"MKNOD",
	"NET_BIND_SERVICE",
	"SETFCAP",
	"SETGID",
	"SETPCAP",
	"SETUID",
	"SYS_CHROOT",
}

deny contains {"control": "capabilities_baseline", "path": path, "msg": msg} if {
	some container in pod.containers
	some index, capability in pod.list(container.body.securityContext.capabilities.add)
	not capability in default_capabilities
	path := array.concat(container.path, ["securityContext", "capabilities", "add", index])
	msg := sprintf("%s adds the capability `%v`", [container.who, capability])
}

deny contains {"control": "hostPathVolumes", "path": ["spec", "volumes", index, "hostPath"], "msg": msg} if {
	some index, volume in pod.list(input.spec.volumes)
	volume.hostPath != null
	msg := sprintf("volume `%v` is a path of the host", [object.get(volume, "name", index)])
}

deny contains {"control": "hostPorts", "path": path, "msg": msg} if {
	some container in pod.containers
	some index, port in pod.list(container.body.ports)
	is_number(port.hostPort)
	port.hostPort != 0
	path := array.concat(container.path, ["ports", index, "hostPort"])
	msg := sprintf("%s takes port %v of the host", [container.who, port.hostPort])
}

deny contains {"control": "hostProbesAndHostLifecycle", "path": path, "msg": msg} if {
	pod.since(34)
	some container in pod.containers
	some steps in [
		["livenessProbe"], ["readinessProbe"], ["startupProbe"],
		["lifecycle", "postStart"], ["lifecycle", "preStop"],
	]
	some action in ["httpGet", "tcpSocket"]
	field := array.concat(steps, [action, "host"])
	not object.get(container.body, field, null) in {null, ""}
	path := array.concat(container.path, field)
	msg := sprintf("%s lets the kubelet call another host (`%s`)", [container.who, concat(".", field)])
}

deny contains {"control": "windowsHostProcess", "path": path, "msg": msg} if {
	some context in pod.contexts
	context.body.windowsOptions.hostProcess == true
	path := array.concat(context.path, ["windowsOptions", "hostProcess"])
	msg := sprintf("%s runs as a process of the Windows host", [context.who])
}

deny contains {"control": "appArmorProfile", "path": path, "msg": msg} if {
	some context in pod.contexts
	is_object(context.body.appArmorProfile)
	profile := object.get(context.body.appArmorProfile, "type", "")
	not profile in {"RuntimeDefault", "Localhost"}
	path := array.concat(context.path, ["appArmorProfile", "type"])
	msg := sprintf("%s has the AppArmor profile `%v`; `RuntimeDefault` or `Localhost` is allowed", [context.who, profile])
}

# The same before 1.30, by an annotation that still counts.
deny contains {"control": "appArmorProfile", "path": ["metadata", "annotations", name], "msg": msg} if {
	is_object(input.metadata.annotations)
	some name, profile in input.metadata.annotations
	is_string(profile)
	startswith(name, "container.apparmor.security.beta.kubernetes.io/")
	not profile in {"", "runtime/default"}
	not startswith(profile, "localhost/")
	msg := sprintf("an annotation gives the AppArmor profile `%v`; `runtime/default` or `localhost/…` is allowed", [profile])
}

selinux_types := {"", "container_t", "container_init_t", "container_kvm_t"} | {type |
	some type in ["container_engine_t"]
	pod.since(31)
}

deny contains {"control": "seLinuxOptions", "path": path, "msg": msg} if {
	some context in pod.contexts
	type := context.body.seLinuxOptions.type
	type != null
	not type in selinux_types
	path := array.concat(context.path, ["seLinuxOptions", "type"])
	msg := sprintf("%s has the SELinux type `%v`, which is not one of containers", [context.who, type])
}

deny contains {"control": "seLinuxOptions", "path": path, "msg": msg} if {
	some context in pod.contexts
	some field in ["user", "role"]
	value := context.body.seLinuxOptions[field]
	not value in {null, ""}
	path := array.concat(context.path, ["seLinuxOptions", field])
	msg := sprintf("%s sets the %s of SELinux", [context.who, field])
}

deny contains {"control": "procMount", "path": path, "msg": msg} if {
	not is_proc_hidden_by_user_namespace
	some problem in unmasked_proc
	path := problem.path
	msg := problem.msg
}

is_proc_hidden_by_user_namespace if {
	pod.since(35)
	pod.has_user_namespace
}

# Also asked by the level restricted, which makes no exception.
unmasked_proc contains {"path": path, "msg": msg} if {
	some container in pod.containers
	mount := container.body.securityContext.procMount
	not mount in {null, "Default"}
	path := array.concat(container.path, ["securityContext", "procMount"])
	msg := sprintf("%s mounts /proc as `%v`, without the masks of `Default`", [container.who, mount])
}

# Also asked by the level restricted.
unconfined contains {"path": path, "msg": msg} if {
	some context in pod.contexts
	is_object(context.body.seccompProfile)
	profile := object.get(context.body.seccompProfile, "type", "")
	not pod.confines(profile)
	path := array.concat(context.path, ["seccompProfile", "type"])
	msg := sprintf("%s has the seccomp profile `%v`; `RuntimeDefault` or `Localhost` is allowed", [context.who, profile])
}

deny contains {"control": "seccompProfile_baseline", "path": problem.path, "msg": problem.msg} if {
	pod.since(19)
	some problem in unconfined
}

# Annotations were what counted before 1.19.
deny contains {"control": "seccompProfile_baseline", "path": ["metadata", "annotations", name], "msg": msg} if {
	not pod.since(19)
	some name in seccomp_annotations
	profile := input.metadata.annotations[name]
	is_string(profile)
	not profile in {"runtime/default", "docker/default"}
	not startswith(profile, "localhost/")
	msg := sprintf("an annotation gives the seccomp profile `%v`", [profile])
}

seccomp_annotations := {"seccomp.security.alpha.kubernetes.io/pod"} | {name |
	some container in pod.containers
	name := sprintf("container.seccomp.security.alpha.kubernetes.io/%v", [container.body.name])
}

# Sysctls that are of one namespace and of no harm, by the minor version that added them to the list.
safe_sysctls := {
	"kernel.shm_rmid_forced": 0,
	"net.ipv4.ip_local_port_range": 0,
	"net.ipv4.ip_unprivileged_port_start": 0,
	"net.ipv4.ping_group_range": 0,
	"net.ipv4.tcp_syncookies": 0,
	"net.ipv4.ip_local_reserved_ports": 27,
	"net.ipv4.tcp_fin_timeout": 29,
	"net.ipv4.tcp_keepalive_intvl": 29,
	"net.ipv4.tcp_keepalive_probes": 29,
	"net.ipv4.tcp_keepalive_time": 29,
	"net.ipv4.tcp_rmem": 32,
	"net.ipv4.tcp_wmem": 32,
	"net.ipv4.tcp_notsent_lowat": 37,
	"net.ipv4.tcp_slow_start_after_idle": 37,
}

deny contains {"control": "sysctls", "path": path, "msg": msg} if {
	some index, sysctl in pod.list(input.spec.securityContext.sysctls)
	not is_safe(sysctl.name)
	path := ["spec", "securityContext", "sysctls", index, "name"]
	msg := sprintf("the Pod sets the sysctl `%v`, which is not on the list of safe ones", [sysctl.name])
}

is_safe(sysctl) if pod.since(safe_sysctls[sysctl])
