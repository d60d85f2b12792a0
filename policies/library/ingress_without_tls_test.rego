package library.ingress_without_tls_test

import data.library.ingress_without_tls

ingress(spec) := {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "shop"}, "spec": spec}

paths contains result.path if some result in ingress_without_tls.deny

test_without_tls_it_is_denied if {
	every spec in [{"rules": [{"host": "a.example.com"}]}, {"tls": []}, {"tls": null}, {"defaultBackend": {}}] {
		paths == {["spec", "tls"]} with input as ingress(spec)
	}
}

test_a_host_that_is_not_covered_is_denied if {
	rules := [{"host": "a.example.com"}, {"host": "b.example.com"}, {"http": {}}]
	tls := [{"hosts": ["a.example.com"], "secretName": "a"}]

	paths == {["spec", "rules", 1, "host"]} with input as ingress({"rules": rules, "tls": tls})
}

test_a_wildcard_covers_one_label if {
	hosts := [{"host": "a.example.com"}, {"host": "*.example.com"}, {"host": "a.b.example.com"}, {"host": "example.com"}]
	expected := {["spec", "rules", 2, "host"], ["spec", "rules", 3, "host"]}

	paths == expected with input as ingress({"rules": hosts, "tls": [{"hosts": ["*.example.com"]}]})
}

test_an_entry_without_hosts_covers_all if {
	every entry in [{"secretName": "a"}, {"hosts": []}, {"hosts": null}] {
		paths == set() with input as ingress({"rules": [{"host": "a.example.com"}], "tls": [entry]})
	}
}

test_a_certificate_of_the_controller_passes if {
	annotated := {"annotations": {"alb.ingress.kubernetes.io/certificate-arn": "arn:aws:acm"}}

	paths == set() with input as {
		"apiVersion": "networking.k8s.io/v1",
		"kind": "Ingress",
		"metadata": annotated,
		"spec": {},
	}
}

test_the_annotations_can_be_listed if {
	annotated := {
		"apiVersion": "networking.k8s.io/v1",
		"kind": "Ingress",
		"metadata": {"annotations": {"example.com/certificate": "shop"}},
	}

	paths == {["spec", "tls"]} with input as annotated
	paths == set() with input as annotated
		with data.parameters.ingress_without_tls.annotations as ["example.com/certificate"]
}

test_an_ingress_of_another_group_passes if {
	paths == set() with input as {"apiVersion": "config.openshift.io/v1", "kind": "Ingress", "spec": {}}
}
