package library.host_ipc_test

import data.library.host_ipc

paths contains result.path if some result in host_ipc.deny

test_a_pod_that_asks_for_it_is_denied if {
	paths == {["spec", "hostIPC"]} with input as {"apiVersion": "v1", "kind": "Pod", "spec": {"hostIPC": true}}
}

test_the_pods_of_a_workload_are_judged if {
	template := {"spec": {"hostIPC": true, "containers": []}}
	daemon_set := {"apiVersion": "apps/v1", "kind": "DaemonSet", "spec": {"template": template}}

	paths == {["spec", "template", "spec", "hostIPC"]} with input as daemon_set
}

test_a_pod_that_says_no_passes if {
	paths == set() with input as {"apiVersion": "v1", "kind": "Pod", "spec": {"hostIPC": false}}
}

test_a_pod_that_says_nothing_passes if {
	paths == set() with input as {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []}}
}
