package library.pods_test

import data.library.pods

spec := {"containers": [{"name": "shop"}]}

found := [pods.path, pods.spec]

test_each_kind_has_its_pods if {
	every case in [
		["v1", "Pod", [], {"spec": spec}],
		["v1", "PodTemplate", ["template"], {"template": {"spec": spec}}],
		["apps/v1", "Deployment", ["spec", "template"], {"spec": {"template": {"spec": spec}}}],
		["batch/v1", "CronJob", ["spec", "jobTemplate", "spec", "template"], {"spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}}],
		["argoproj.io/v1alpha1", "Rollout", ["spec", "template"], {"spec": {"template": {"spec": spec}}}],
	] {
		path := array.concat(case[2], ["spec"])
		resource := object.union(case[3], {"apiVersion": case[0], "kind": case[1]})

		found == [path, spec] with input as resource
	}
}

test_a_kind_of_another_group_has_none if {
	every version in ["example.com/v1", "metrics.k8s.io/v1beta1"] {
		not pods.path with input as {"apiVersion": version, "kind": "Pod", "spec": spec}
	}
}

test_what_is_no_resource_has_none if {
	every document in [[1], "text", null, {"kind": "Pod"}, {"apiVersion": 1, "kind": "Pod", "spec": spec}] {
		not pods.spec with input as document
	}
}
