package library.host_path_test

import data.library.host_path

pod(volumes) := {"apiVersion": "v1", "kind": "Pod", "spec": {"volumes": volumes}}

logs := {"name": "logs", "hostPath": {"path": "/var/log"}}

paths contains result.path if some result in host_path.deny

test_a_folder_of_the_node_is_denied if {
	paths == {["spec", "volumes", 1, "hostPath"]} with input as pod([{"name": "own", "emptyDir": {}}, logs])
}

test_a_persistent_volume_on_a_folder_of_the_node_is_denied if {
	volume := {"apiVersion": "v1", "kind": "PersistentVolume", "spec": {"hostPath": {"path": "/data"}}}

	paths == {["spec", "hostPath"]} with input as volume
}

test_other_volumes_pass if {
	paths == set() with input as pod([{"name": "own", "emptyDir": {}}, {"name": "nothing"}])
}

test_a_folder_that_is_allowed_passes if {
	every folder in ["/var/log", "/var/", "/"] {
		paths == set() with input as pod([logs]) with data.parameters.host_path.allowed as [folder]
	}
}

test_a_folder_of_which_the_name_only_begins_alike_is_denied if {
	count(paths) == 1 with input as pod([logs]) with data.parameters.host_path.allowed as ["/var/lo"]
}

test_no_folder_leads_out_of_an_allowed_one if {
	volume := {"name": "escape", "hostPath": {"path": "/var/log/../../etc"}}

	count(paths) == 1 with input as pod([volume]) with data.parameters.host_path.allowed as ["/var/log"]
}
