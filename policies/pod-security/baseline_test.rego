package pod_security.baseline_test

import data.pod_security.baseline

# What is denied of a Pod with this spec: control and path.
found contains [problem.control, problem.path] if some problem in baseline.deny

one(container) := {"containers": [object.union({"name": "shop"}, container)]}

test_an_ordinary_pod_passes if {
	found == set() with input.spec as one({"image": "shop", "securityContext": {"privileged": false}, "ports": [{"containerPort": 80}]})
}

test_nothing_is_asked_of_what_is_null if {
	context := {
		"privileged": null, "capabilities": null, "procMount": null, "seccompProfile": null, "appArmorProfile": null,
		"seLinuxOptions": {"type": null, "user": null, "role": ""}, "windowsOptions": {"hostProcess": null},
	}
	volumes := [{"name": "a", "hostPath": null}]
	found == set() with input.spec as object.union(one({"securityContext": context}), {"volumes": volumes, "securityContext": context})
}

test_host_namespaces if {
	found == {["hostNamespaces", ["spec", "hostPID"]], ["hostNamespaces", ["spec", "hostIPC"]]} with input.spec as {
		"hostNetwork": false,
		"hostPID": true,
		"hostIPC": true,
	}
}

test_each_capability_is_named if {
	context := {"capabilities": {"add": ["CHOWN", "SYS_ADMIN", "NET_RAW"]}}
	add := ["spec", "containers", 0, "securityContext", "capabilities", "add"]
	found == {
		["capabilities_baseline", array.concat(add, [1])],
		["capabilities_baseline", array.concat(add, [2])],
	} with input.spec as one({"securityContext": context})
}

test_host_ports if {
	found == {["hostPorts", ["spec", "containers", 0, "ports", 1, "hostPort"]]} with input.spec as one({"ports": [
		{"containerPort": 80, "hostPort": 0},
		{"containerPort": 80, "hostPort": 80},
	]})
}

probed := one({"livenessProbe": {"httpGet": {"port": 80, "host": "example.com"}}, "lifecycle": {"preStop": {"tcpSocket": {"host": "::1"}}}})

test_hosts_of_probes_and_handlers_since_1_34 if {
	found == {
		["hostProbesAndHostLifecycle", ["spec", "containers", 0, "livenessProbe", "httpGet", "host"]],
		["hostProbesAndHostLifecycle", ["spec", "containers", 0, "lifecycle", "preStop", "tcpSocket", "host"]],
	} with input.spec as probed with data.parameters.version as "1.34"

	found == set() with input.spec as probed with data.parameters.version as "1.33"
}

test_sysctls_that_became_safe if {
	spec := {"securityContext": {"sysctls": [{"name": "kernel.shm_rmid_forced"}, {"name": "net.ipv4.tcp_rmem"}]}}
	path := ["spec", "securityContext", "sysctls", 1, "name"]
	found == {["sysctls", path]} with input.spec as spec with data.parameters.version as "1.31"
	found == set() with input.spec as spec with data.parameters.version as "1.32"
}

test_the_selinux_type_of_engines_since_1_31 if {
	spec := {"securityContext": {"seLinuxOptions": {"type": "container_engine_t", "role": "r"}}}
	role := ["seLinuxOptions", ["spec", "securityContext", "seLinuxOptions", "role"]]
	type := ["seLinuxOptions", ["spec", "securityContext", "seLinuxOptions", "type"]]
	found == {role, type} with input.spec as spec with data.parameters.version as "1.30"
	found == {role} with input.spec as spec with data.parameters.version as "1.31"
}

test_proc_without_masks_in_a_user_namespace_since_1_35 if {
	spec := object.union(one({"securityContext": {"procMount": "Unmasked"}}), {"hostUsers": false})
	count(found) == 1 with input.spec as spec with data.parameters.version as "1.34"
	found == set() with input.spec as spec with data.parameters.version as "1.35"
	count(found) == 1 with input.spec as object.union(spec, {"hostUsers": true}) with data.parameters.version as "1.35"
}

test_apparmor_by_field_and_by_annotation if {
	name := "container.apparmor.security.beta.kubernetes.io/shop"
	found == {["appArmorProfile", ["metadata", "annotations", name]]} with input as {"metadata": {"annotations": {name: "unconfined"}}}
	found == set() with input as {"metadata": {"annotations": {name: "localhost/own"}}}
	found == {["appArmorProfile", ["spec", "securityContext", "appArmorProfile", "type"]]} with input.spec as {"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}
}

test_seccomp_by_annotation_before_1_19 if {
	pod := {
		"metadata": {"annotations": {"container.seccomp.security.alpha.kubernetes.io/shop": "unconfined"}},
		"spec": one({}),
	}
	count(found) == 1 with input as pod with data.parameters.version as "1.18"
	found == set() with input as pod with data.parameters.version as "1.19"
}

test_a_privileged_container if {
	path := ["spec", "containers", 0, "securityContext", "privileged"]
	found == {["privileged", path]} with input.spec as one({"securityContext": {"privileged": true}})
}

test_a_folder_of_the_host if {
	volumes := [{"name": "own", "emptyDir": {}}, {"name": "logs", "hostPath": {"path": "/var/log"}}]
	found == {["hostPathVolumes", ["spec", "volumes", 1, "hostPath"]]} with input.spec.volumes as volumes
}

test_a_process_of_the_windows_host if {
	path := ["spec", "securityContext", "windowsOptions", "hostProcess"]
	context := {"windowsOptions": {"hostProcess": true}}
	found == {["windowsHostProcess", path]} with input.spec.securityContext as context
}

test_a_seccomp_profile_that_does_not_confine if {
	path := ["spec", "securityContext", "seccompProfile", "type"]
	context := {"seccompProfile": {"type": "Unconfined"}}
	found == {["seccompProfile_baseline", path]} with input.spec.securityContext as context
	found == set() with input.spec.securityContext as {"seccompProfile": {"type": "Localhost"}}
}
