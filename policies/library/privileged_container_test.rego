package library.privileged_container_test

import data.library.privileged_container

privileged := {"name": "tune", "securityContext": {"privileged": true}}

paths contains result.path if some result in privileged_container.deny

test_every_list_of_containers_is_judged if {
	every list in ["containers", "initContainers", "ephemeralContainers"] {
		expected := ["spec", list, 0, "securityContext", "privileged"]

		paths == {expected} with input as {"apiVersion": "v1", "kind": "Pod", "spec": {list: [privileged]}}
	}
}

test_each_container_is_named if {
	messages := {result.msg | some result in privileged_container.deny} with input as {
		"apiVersion": "v1",
		"kind": "Pod",
		"spec": {"containers": [privileged, {"securityContext": {"privileged": true}}]},
	}

	messages == {
		"the container `tune` is privileged: it is root on its node",
		"the container `containers[1]` is privileged: it is root on its node",
	}
}

test_what_stands_at_the_pod_does_not_count if {
	paths == set() with input as {
		"apiVersion": "v1",
		"kind": "Pod",
		"spec": {"securityContext": {"privileged": true}, "containers": [{"securityContext": {"privileged": false}}]},
	}
}
