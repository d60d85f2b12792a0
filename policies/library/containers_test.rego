package library.containers_test

import data.library.containers

test_all_lists_are_found_with_their_paths if {
	paths := {entry.path | some entry in containers.all} with input as {
		"apiVersion": "v1",
		"kind": "Pod",
		"spec": {"containers": [{}, {}], "initContainers": [{}], "ephemeralContainers": [{}], "volumes": [{}]},
	}

	paths == {
		["spec", "containers", 0],
		["spec", "containers", 1],
		["spec", "initContainers", 0],
		["spec", "ephemeralContainers", 0],
	}
}

test_a_container_without_a_name_is_called_by_its_place if {
	names := {entry.name | some entry in containers.all} with input as {
		"apiVersion": "v1",
		"kind": "Pod",
		"spec": {"initContainers": [{"name": "migrate"}, {}]},
	}

	names == {"migrate", "initContainers[1]"}
}

test_what_is_no_list_of_containers_has_none if {
	every spec in [null, "text", {"containers": null}, {"containers": {"a": {}}}, {"containers": [null, "text", []]}] {
		containers.all == set() with input as {"apiVersion": "v1", "kind": "Pod", "spec": spec}
	}
}
