package pod_security.pod_test

import data.pod_security.pod

test_a_version_is_compared_by_its_minor if {
	pod.since(9) with data.parameters.version as "1.34"
	pod.since(34) with data.parameters.version as "v1.34.2"
	not pod.since(35) with data.parameters.version as "1.34"
}

test_without_a_version_all_holds if pod.since(99)

test_every_list_of_containers_is_seen_and_a_name_is_not_needed if {
	spec := {"initContainers": [{}], "containers": [{"name": "a"}, {"name": "b"}], "ephemeralContainers": [{"name": "c"}]}
	found := {[container.path, container.who] | some container in pod.containers} with input as {"spec": spec}
	found == {
		[["spec", "initContainers", 0], "container `0`"],
		[["spec", "containers", 0], "container `a`"],
		[["spec", "containers", 1], "container `b`"],
		[["spec", "ephemeralContainers", 0], "container `c`"],
	}
}

test_a_field_that_is_null_is_unset_and_one_of_a_placeholder_is_not if {
	pod.is_unset({}, "privileged")
	pod.is_unset({"securityContext": null}, "privileged")
	pod.is_unset({"securityContext": {"privileged": null}}, "privileged")
	not pod.is_unset({"securityContext": {"privileged": false}}, "privileged")
	not pod.is_unset({"securityContext": "${CONTEXT}"}, "privileged")
}

test_a_value_of_another_type_is_no_list if {
	pod.list([1]) == [1]
	not pod.list("${LIST}")
	not pod.list({"a": 1})
}
