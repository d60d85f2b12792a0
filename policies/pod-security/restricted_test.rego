package pod_security.restricted_test

import data.pod_security.restricted

found contains [problem.control, problem.path] if some problem in restricted.deny

controls contains problem.control if some problem in restricted.deny

hardened := {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}

spec := {
	"securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
	"containers": [{"name": "shop", "securityContext": hardened}],
}

test_a_hardened_pod_passes if found == set() with input.spec as spec

test_what_is_missing_has_a_path_of_its_own if {
	context := ["spec", "containers", 0, "securityContext"]
	found == {
		["allowPrivilegeEscalation", array.concat(context, ["allowPrivilegeEscalation"])],
		["capabilities_restricted", array.concat(context, ["capabilities", "drop"])],
		["runAsNonRoot", ["spec", "securityContext", "runAsNonRoot"]],
		["seccompProfile_restricted", ["spec", "securityContext", "seccompProfile"]],
	} with input.spec as {"containers": [{"name": "shop"}]}
}

test_a_container_may_say_what_the_pod_does_not if {
	own := object.union(hardened, {"runAsNonRoot": true, "seccompProfile": {"type": "Localhost"}})
	found == set() with input.spec as {"containers": [{"name": "shop", "securityContext": own}]}
}

test_what_baseline_denies_is_denied_once if {
	bad := object.union(spec, {"hostNetwork": true, "volumes": [{"name": "logs", "hostPath": {"path": "/"}}]})
	found == {
		["hostNamespaces", ["spec", "hostNetwork"]],
		["restrictedVolumes", ["spec", "volumes", 0, "hostPath"]],
	} with input.spec as bad
}

test_a_volume_without_a_type_becomes_an_empty_folder if {
	found == set() with input.spec as object.union(spec, {"volumes": [{"name": "scratch"}]})
}

test_a_windows_pod_needs_nothing_of_linux_since_1_25 if {
	pod := {"os": {"name": "windows"}, "securityContext": {"runAsNonRoot": true}, "containers": [{"name": "shop"}]}
	found == set() with input.spec as pod with data.parameters.version as "1.25"
	linux := {"allowPrivilegeEscalation", "capabilities_restricted", "seccompProfile_restricted"}
	controls == linux with input.spec as pod with data.parameters.version as "1.24"
}

test_root_in_a_user_namespace_since_1_35 if {
	pod := object.union(spec, {"hostUsers": false, "securityContext": {"runAsNonRoot": false, "runAsUser": 0}})
	controls == {"runAsNonRoot", "runAsUser"} with input.spec as pod with data.parameters.version as "1.34"
	controls == set() with input.spec as pod with data.parameters.version as "1.35"
}

test_proc_without_masks_is_denied_also_in_a_user_namespace if {
	container := {"name": "shop", "securityContext": object.union(hardened, {"procMount": "Unmasked"})}
	pod := object.union(spec, {"hostUsers": false, "containers": [container]})
	controls == {"procMount"} with input.spec as pod with data.parameters.version as "1.34"
	controls == {"procMount_restricted"} with input.spec as pod with data.parameters.version as "1.35"
}

test_privilege_escalation_that_is_asked_for if {
	container := {"name": "shop", "securityContext": object.union(hardened, {"allowPrivilegeEscalation": true})}
	controls == {"allowPrivilegeEscalation"} with input.spec as object.union(spec, {"containers": [container]})
}

test_capabilities_that_are_kept_or_added if {
	path := ["spec", "containers", 0, "securityContext", "capabilities"]
	capabilities := {"drop": ["NET_RAW"], "add": ["NET_BIND_SERVICE", "CHOWN"]}
	container := {"name": "shop", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": capabilities}}
	found == {
		["capabilities_restricted", array.concat(path, ["drop"])],
		["capabilities_restricted", array.concat(path, ["add", 1])],
	} with input.spec as object.union(spec, {"containers": [container]})
}

test_a_seccomp_profile_that_does_not_confine_is_said_once if {
	context := {"runAsNonRoot": true, "seccompProfile": {"type": "Unconfined"}}
	path := ["spec", "securityContext", "seccompProfile", "type"]
	found == {["seccompProfile_restricted", path]} with input.spec as object.union(spec, {"securityContext": context})
}

test_nothing_dropped_is_as_good_as_no_list if {
	every capabilities in [null, {}, {"drop": null}, {"drop": []}] {
		context := {"allowPrivilegeEscalation": false, "capabilities": capabilities}
		controls == {"capabilities_restricted"} with input.spec as object.union(spec, {"containers": [{"securityContext": context}]})
	}
}
