package library.missing_limits_test

import data.library.missing_limits

pod(spec) := {"apiVersion": "v1", "kind": "Pod", "spec": spec}

messages contains result.msg if some result in missing_limits.deny

paths contains result.path if some result in missing_limits.deny

test_a_container_with_nothing_is_denied if {
	messages == {"the container `shop` has no limit for cpu and memory"} with input as pod({"containers": [{"name": "shop"}]})
}

test_what_is_missing_is_named_and_where if {
	container := {"name": "shop", "resources": {"limits": {"memory": "64Mi", "cpu": null}}}

	messages == {"the container `shop` has no limit for cpu"} with input as pod({"initContainers": [container]})
	paths == {["spec", "initContainers", 0, "resources", "limits"]} with input as pod({"initContainers": [container]})
}

test_a_container_with_both_passes if {
	container := {"name": "shop", "resources": {"limits": {"memory": "64Mi", "cpu": 1}}}

	messages == set() with input as pod({"containers": [container]})
}

test_what_the_pod_has_holds_for_its_containers if {
	resources := {"limits": {"memory": "64Mi", "cpu": 1}}

	messages == set() with input as pod({"resources": resources, "containers": [{"name": "shop"}]})
}

test_only_what_is_listed_is_needed if {
	container := {"name": "shop", "resources": {"limits": {"memory": "64Mi"}}}

	messages == set() with input as pod({"containers": [container]})
		with data.parameters.missing_limits.resources as ["memory"]
}

test_ephemeral_containers_pass if {
	messages == set() with input as pod({"ephemeralContainers": [{"name": "debug"}]})
}

test_a_request_is_no_limit if {
	container := {"name": "shop", "resources": {"requests": {"memory": "64Mi", "cpu": 1}}}

	count(messages) == 1 with input as pod({"containers": [container]})
}
