package library.host_pid_test

import data.library.host_pid

paths contains result.path if some result in host_pid.deny

test_a_pod_that_asks_for_it_is_denied if {
	paths == {["spec", "hostPID"]} with input as {"apiVersion": "v1", "kind": "Pod", "spec": {"hostPID": true}}
}

test_the_pods_of_a_workload_are_judged if {
	template := {"spec": {"hostPID": true, "containers": []}}
	daemon_set := {"apiVersion": "apps/v1", "kind": "DaemonSet", "spec": {"template": template}}

	paths == {["spec", "template", "spec", "hostPID"]} with input as daemon_set
}

test_a_pod_that_says_no_passes if {
	paths == set() with input as {"apiVersion": "v1", "kind": "Pod", "spec": {"hostPID": false}}
}

test_a_pod_that_says_nothing_passes if {
	paths == set() with input as {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []}}
}
