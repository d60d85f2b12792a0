package library.missing_label_test

import data.library.missing_label

job(labels) := {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "report", "labels": labels}}

messages contains result.msg if some result in missing_label.deny

paths contains result.path if some result in missing_label.deny

test_a_workload_without_the_label_is_denied if {
	messages == {"the Job has no label `app.kubernetes.io/name`"} with input as job({"app": "report"})
	paths == {["metadata", "labels", "app.kubernetes.io/name"]} with input as job(null)
}

test_a_workload_with_the_label_passes if {
	messages == set() with input as job({"app.kubernetes.io/name": "report"})
}

test_a_kind_that_is_not_listed_passes if {
	messages == set() with input as {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
}

test_every_label_that_is_listed_is_needed if {
	messages == {"the Job has no label `team`", "the Job has no label `tier`"} with input as job({})
		with data.parameters.missing_label.labels as ["team", "tier"]
}

test_with_no_kind_listed_every_resource_needs_them if {
	count(messages) == 1 with input as {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
		with data.parameters.missing_label.kinds as []
}

test_what_is_no_resource_passes if {
	every document in [[1], "text", null, {"replicas": 3}] {
		messages == set() with input as document with data.parameters.missing_label.kinds as []
	}
}
